"""The revisions of this package, read from their file names without importing Alembic.

A file is named ``036_create_optimal_indication_tables.py``: the revision, which is also the ledger number, and
the name in the ledger.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from cts_schema.exceptions import SchemaError, SeveralHeads

#: Up to this revision PostgreSQL runs all revisions in one transaction, and an adoption builds the schema of it.
ADOPTION_REVISION = "060"

#: The table of a SQLite file in which an adoption records its backup. It is ours, but not in the models.
ADOPTION_RECORD = "cts_adoption_state"

_FILE = re.compile(r"^(\d{3})_([a-z0-9_]+)\.py$")


@cache
def script_location() -> Path:
    """Return the folder with env.py and versions/: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise SchemaError(cause="the migration scripts are missing", package=package, next_step="reinstall cts-schema")


@cache
def revisions() -> dict[str, str]:
    """Return the name of each revision by its id, in order.

    Raises:
        SeveralHeads: two files have the same number.
    """
    return numbered(script_location() / "versions")


def numbered(folder: Path) -> dict[str, str]:
    """Return the name of each revision in a folder by its number, in order.

    Args:
        folder: the folder of the files.

    Raises:
        SeveralHeads: two files have the same number; Alembic would use one of them and only warn.
    """
    matches = (_FILE.match(path.name) for path in folder.iterdir())
    found = sorted((match[1], match[2]) for match in matches if match)
    for (number, one), (following, other) in pairwise(found):
        if number == following:
            raise SeveralHeads(
                cause="two scripts have the same number",
                files=f"{number}_{one}.py, {number}_{other}.py",
                next_step="give the later one the number and the down_revision that follow",
            )
    return dict(found)


def dropped(file: Path) -> set[tuple[str, str]]:
    """Return what the upgrade of a revision drops, and preserves: ``drop_table`` or ``drop_columns``, and the table.

    Args:
        file: the file of the revision, which is only read.
    """
    found: set[tuple[str, str]] = set()
    for function in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name == "upgrade":
            for node in ast.walk(function):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr="drop_table" | "drop_columns" as operation),
                        args=[_, ast.Constant(value=str() as table), *_],
                    ):
                        found.add((operation, table))
    return found


def preserved_by_upgrade(table: str) -> bool:
    """Return whether a preserved table is of an upgrade that drops something, so that its downgrade restores it."""
    from cts_schema.ddl.naming import shorten  # the help and a status without preserved tables do not need SQLAlchemy

    number = table[9:12]
    name = revisions().get(number)
    if name is None:
        return False
    file = script_location() / "versions" / f"{number}_{name}.py"
    return any(table.startswith(shorten(f"cts_kept_{number}_{of}")) for _, of in dropped(file))


@cache
def head() -> str:
    """Return the newest revision."""
    return list(revisions())[-1]
