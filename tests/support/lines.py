"""A copy of the revisions to which a test adds its own, or which it breaks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent

import pytest

from cts_schema.migration import command
from cts_schema.schema import scripts
from cts_schema.schema.scripts import script_location

_REVISION = '''"""{name}."""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = {number!r}
down_revision = {previous!r}


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
'''


class Scripts:
    """The folder of the copy, and its newest revision."""

    def __init__(self, folder: Path, *, short: bool = False) -> None:
        self.folder = folder / "alembic"
        self.head = "060"
        ignored = shutil.ignore_patterns("0[0-5]*.py", "060*.py", "__pycache__") if short else None
        shutil.copytree(script_location(), self.folder, ignore=ignored)
        if short:
            text = _REVISION.format(name="nothing", number=self.head, previous=None, up="    pass", down="    pass")
            (self.folder / "versions" / "060_nothing.py").write_text(text)

    @property
    def next(self) -> str:
        """The number of the revision after the newest one."""
        return f"{int(self.head) + 1:03d}"

    def add(self, name: str, up: str, down: str = "pass", *, number: str | None = None) -> str:
        """Add a revision after the newest one; return its number."""
        number = number or self.next
        bodies = {
            "up": indent(dedent(up).strip(), " " * 4),
            "down": indent(dedent(down).strip(), " " * 4),
        }
        self.write(name, _REVISION.format(name=name, number=number, previous=self.head, **bodies), number=number)
        return number

    def write(self, name: str, text: str, *, number: str | None = None) -> Path:
        """Add the file of a revision after the newest one; return its path."""
        self.head = number or self.next
        path = self.folder / "versions" / f"{self.head}_{name}.py"
        path.write_text(text)
        _forget()
        return path

    def ini(self) -> Path:
        """Write an alembic.ini for the copy."""
        path = self.folder.parent / "alembic.ini"
        path.write_text(f"[alembic]\nscript_location = {self.folder}\npath_separator = os\n")
        return path


@contextmanager
def scripts_in_use(folder: Path, *, short: bool = False) -> Iterator[Scripts]:
    """Have the functions of the package use a copy of the revisions, for the time of the block.

    Args:
        folder: the folder of the copy.
        short: whether a revision that does nothing takes the place of all.
    """
    copy = Scripts(folder, short=short)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for module in (scripts, command):
                patch.setattr(module, "script_location", lambda: copy.folder)
            _forget()
            yield copy
    finally:
        _forget()


def _forget() -> None:
    scripts.revisions.cache_clear()
    scripts.head.cache_clear()
