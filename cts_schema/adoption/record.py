"""What an adoption on SQLite says of its backup, in the adopted database itself: so it goes wherever the file goes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run
from cts_schema.exceptions import NameTaken
from cts_schema.migration.scripts import ADOPTION_RECORD

State = dict[str, dict[str, str]]
"""What tells of each table whether its rows have changed."""


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
    found = run(connection, f"SELECT name FROM pragma_table_xinfo({literal(ADOPTION_RECORD)})").scalars().all()
    if found not in ([], ["id", "backup", "sha256", "state"]):
        raise NameTaken(
            cause=f"something of yours is called {ADOPTION_RECORD}, as the table with the record of an adoption",
            rename=f"ALTER TABLE {table} RENAME TO {quote(ADOPTION_RECORD + '_mine')}",
        )
    run(
        connection,
        f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, backup TEXT NOT NULL, "
        "sha256 TEXT NOT NULL, state TEXT NOT NULL)",
    )
    values = ", ".join(map(literal, (record.backup, record.sha256, json.dumps(record.state))))
    run(connection, f"INSERT INTO {table} (backup, sha256, state) VALUES ({values})")


def read(connection: sa.Connection) -> Record | None:
    """Return the record of the last adoption, None where there is none."""
    if not sa.inspect(connection).has_table(ADOPTION_RECORD):
        return None
    query = f"SELECT backup, sha256, state FROM {quote(ADOPTION_RECORD)} ORDER BY id DESC LIMIT 1"
    found = run(connection, query).first()
    return None if found is None else Record(found.backup, found.sha256, json.loads(found.state))
