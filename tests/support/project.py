"""A throw-away copy of the project, in which a test may change models and make revisions."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.program import ROOT, Outcome, run

# Runs several Alembic commands in one process, as `python -m alembic` runs one: starting Python is most of the time.
_COMMANDS = """
import shlex, sys
import cts_schema
from alembic.config import main
if not cts_schema.__file__.startswith({root!r}):
    sys.exit("not the copy's package, but " + cts_schema.__file__)
for command in sys.argv[1:]:
    main(shlex.split(command), prog="alembic")
"""


class Project:
    """A copy of what a developer has in front of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.versions = root / "alembic" / "versions"
        self._models = root / "cts_schema" / "models"
        for folder in ("alembic", "cts_schema"):
            shutil.copytree(ROOT / folder, root / folder)
        for file in ("alembic.ini", "pyproject.toml"):
            shutil.copy(ROOT / file, root / file)

    def python(self, *arguments: str, url: str | None = None) -> Outcome:
        """Run Python in the project's folder."""
        return run(sys.executable, *arguments, url=url, cwd=self.root)

    def try_alembic(self, *commands: str, url: str) -> Outcome:
        """Run Alembic commands, one after the other, on the database ``url``."""
        return self.python("-c", _COMMANDS.format(root=str(self.root)), *commands, url=url)

    def alembic(self, *commands: str, url: str) -> str:
        """Run Alembic commands that must succeed; return what they print."""
        done = self.try_alembic(*commands, url=url)
        assert done.code == 0, done.out + done.err
        return done.out + done.err

    def alembic_at_a_terminal(self, command: str, answers: str) -> str:
        """Run an Alembic command at a terminal, where somebody types the answers; return what stands there."""
        ours, its = os.openpty()
        os.write(ours, answers.encode())
        program = [sys.executable, "-c", _COMMANDS.format(root=str(self.root)), command]
        try:
            done = subprocess.run(program, cwd=self.root, stdin=its, stdout=its, stderr=its, timeout=60, check=False)
            text = os.read(ours, 1 << 16).decode()
        finally:
            os.close(ours)
            os.close(its)
        assert done.returncode == 0, text
        return text

    def new_revisions(self) -> list[str]:
        """Return the names of the files that the copy has and the original has not."""
        return sorted(
            path.name for path in self.versions.glob("*.py") if not (ROOT / "alembic/versions" / path.name).exists()
        )

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands once in a file of the models."""
        path = self._models / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def append(self, file: str, text: str) -> None:
        """Add to the end of a file of the models."""
        path = self._models / file
        path.write_text(path.read_text() + text)

    def define(self, file: str, model: str, attribute: str, definition: str | None) -> None:
        """Give a model an attribute, such as ``Mapped[str | None]``, or another definition of it; None removes it."""
        path = self._models / file
        lines = path.read_text().splitlines()
        body = self._class(file, model).body
        found = [node for node in body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == attribute]
        start: int | None
        end: int | None
        if found:
            start, end = found[0].lineno - 1, found[0].end_lineno
        else:
            last = [
                node for node in body if isinstance(node, ast.AnnAssign) and "relationship(" not in ast.unparse(node)
            ]
            start = end = last[-1].end_lineno
        lines[start:end] = [] if definition is None else [f"    {attribute}: {definition}"]
        path.write_text("\n".join(lines) + "\n")

    def arguments(self, file: str, model: str, *added: str, without: str | None = None) -> None:
        """Add table arguments to a model, such as ``sa.Index(None, "symbol")``, or take away one."""
        path = self._models / file
        lines = path.read_text().splitlines()
        (found,) = (
            node
            for node in self._class(file, model).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__table_args__"
        )
        assert isinstance(found.value, ast.Tuple)
        present = [ast.unparse(item) for item in found.value.elts]
        kept = [item for item in present if item != without]
        assert without is None or len(kept) == len(present) - 1, present
        lines[found.lineno - 1 : found.end_lineno] = [f"    __table_args__ = ({', '.join([*kept, *added])},)"]
        path.write_text("\n".join(lines) + "\n")

    def remove(self, file: str, model: str) -> None:
        """Remove a model."""
        path = self._models / file
        lines = path.read_text().splitlines()
        found = self._class(file, model)
        del lines[found.lineno - 1 : found.end_lineno]
        path.write_text("\n".join(lines) + "\n")

    def _class(self, file: str, model: str) -> ast.ClassDef:
        tree = ast.parse((self._models / file).read_text())
        (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == model)
        return found
