"""What the lint of revisions finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Violation:
    """One hazard in a revision: what it is, safer steps, code to paste.

    Attributes:
        file: the revision's file.
        line: the line in it, or None where only its SQL is known.
        name: what the hazard is called in a comment that allows it.
        hazard: what blocks, fails or is lost.
        steps: what is safer.
        code: to paste into the revision; empty where nothing general can be said.
    """

    file: Path
    line: int | None
    name: str
    hazard: str
    steps: str
    code: str = ""

    def __str__(self) -> str:
        place = f"{self.file.name}:{self.line}" if self.line else self.file.name
        parts = [f"{place}: {self.name}: {self.hazard}", f"  safer: {self.steps}"]
        parts += [f"      {line}" for line in self.code.splitlines()]
        return "\n".join([*parts, f"  if it is safe here: # lint: allow {self.name} because ..."])
