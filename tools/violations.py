"""The violations of the lint of revisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Violation:
    """One hazard in a revision: what it is, safer steps, code to paste.

    Attributes:
        file: the file of the revision.
        line: the line, or None if only its SQL is known.
        name: the name of the hazard, for a comment that allows it.
        hazard: what blocks, fails or is lost.
        steps: the safer steps.
        code: code to paste into the revision; empty if there is no general code.
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
