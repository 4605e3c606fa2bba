"""The revisions of this package, read from their file names without importing Alembic.

A file is named ``036_create_optimal_indication_tables.py``: the revision, which is also the ledger number, and
the name in the ledger.
"""

from __future__ import annotations

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
        SeveralHeads: two files have the same number; Alembic would use one of them and only warn.
    """
    matches = (_FILE.match(path.name) for path in (script_location() / "versions").iterdir())
    found = sorted((match[1], match[2]) for match in matches if match)
    for (number, one), (following, other) in pairwise(found):
        if number == following:
            raise SeveralHeads(
                cause="two scripts have the same number",
                files=f"{number}_{one}.py, {number}_{other}.py",
                next_step="give the later one the number and the down_revision that follow",
            )
    return dict(found)


@cache
def head() -> str:
    """Return the newest revision."""
    return list(revisions())[-1]
