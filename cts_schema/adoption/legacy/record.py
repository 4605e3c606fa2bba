"""The record of an adoption: the state of the tables right after it, without which an undo could lose what came later.

On SQLite it names the backup, and is in the adopted database itself: so it goes wherever the file goes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.ddl.free_names import require_free
from cts_schema.ddl.text import literal, quote, run
from cts_schema.exceptions import ChangedSince, mask_url
from cts_schema.schema.scripts import ADOPTION_RECORD

_NAMED = 8  # tables, in a message
State = dict[str, dict[str, str]]
"""What shows of each table whether its rows have changed."""


@dataclass(frozen=True)
class Record:
    """The record of an adoption.

    Attributes:
        backup: the name of the file that holds the legacy database, in the folder of backups.
        sha256: its checksum.
        state: the tables right after the adoption.
    """

    backup: str
    sha256: str
    state: State


def write(connection: sa.Connection, record: Record) -> None:
    """Write the record within the adoption's transaction. Records of earlier adoptions stay; the last one counts.

    Raises:
        NameTaken: something else has the name of the table.
    """
    table = quote(ADOPTION_RECORD)
    if not _is_there(connection):
        require_free(ADOPTION_RECORD)
        columns = "id INTEGER PRIMARY KEY, backup TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL"
        run(connection, f"CREATE TABLE {table} ({columns})")
    values = ", ".join(map(literal, (record.backup, record.sha256, json.dumps(record.state))))
    run(connection, f"INSERT INTO {table} (backup, sha256, state) VALUES ({values})")


def read(connection: sa.Connection) -> Record | None:
    """Return the record of the last adoption, None where there is none."""
    if not _is_there(connection):
        return None
    query = f"SELECT backup, sha256, state FROM {quote(ADOPTION_RECORD)} ORDER BY id DESC LIMIT 1"
    found = run(connection, query).first()
    return None if found is None else Record(found.backup, found.sha256, json.loads(found.state))


def _is_there(connection: sa.Connection) -> bool:
    """Whether there is a table of that name and of that kind; something of others may have the name."""
    columns = run(
        connection,
        "SELECT c.name FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c "
        f"WHERE m.type = 'table' AND m.name = {literal(ADOPTION_RECORD)} ORDER BY c.cid",
    ).scalars()
    return columns.all() == ["id", "backup", "sha256", "state"]


def require_unchanged(connection: sa.Connection, before: State, state: Callable[[], State], discard_new: bool) -> None:
    """Check that nothing was written since the adoption, unless it may go.

    Raises:
        ChangedSince: something was.
    """
    if discard_new:
        return
    now = state()
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if changed:
        more = ", ..." if len(changed) > _NAMED else ""
        raise ChangedSince(database=mask_url(connection.engine.url), tables=", ".join(changed[:_NAMED]) + more)
