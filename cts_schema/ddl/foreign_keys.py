"""The actual foreign keys of a SQLite database.

SQLAlchemy reflects ON DELETE from the text of CREATE TABLE, and misses it if ADD COLUMN wrote the
key. The PRAGMA of SQLite knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import quote


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key: its columns, the table and columns they refer to, and the delete action (None: no action)."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str | None


def sqlite_foreign_keys(connection: sa.Connection, table: str) -> list[ForeignKey]:
    """Return the foreign keys of ``table``."""
    quoted = quote(table)
    parts: dict[int, list[Any]] = {}
    for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
        parts.setdefault(row.id, []).append(row)
    return [
        ForeignKey(
            columns=tuple(str(row[3]) for row in rows),
            parent=str(rows[0][2]),
            # Without columns of the parent the key means its primary key.
            parent_columns=tuple(str(row[4]) for row in rows if row[4] is not None),
            on_delete=None if rows[0][6] == "NO ACTION" else str(rows[0][6]),
        )
        for rows in parts.values()
    ]
