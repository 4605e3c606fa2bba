"""The actual foreign keys of a SQLite database.

SQLAlchemy reads the options of a key from the text of CREATE TABLE, and misses those of a key that ADD COLUMN wrote, or
whose columns have odd names. The PRAGMA of SQLite, and our own reading of the text, know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import create_table_of, definitions, quote, token_texts, unquote


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key, with what SQLite does if the parent changes.

    Attributes:
        columns: its columns.
        parent: the table that they refer to.
        parent_columns: the columns there; none for the primary key.
        on_delete: what it does if a parent is deleted; None: no action.
        on_update: what it does if the key of a parent changes; None: no action.
        name: its name.
        deferrable: whether a transaction may check it at its end.
        initially: when it is checked.
    """

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str | None
    on_update: str | None = None
    name: str | None = None
    deferrable: bool | None = None
    initially: str | None = None


def sqlite_foreign_keys(connection: sa.Connection, table: str) -> list[ForeignKey]:
    """Return the foreign keys of ``table``, without their names and when they are checked."""
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
            on_update=None if rows[0][5] == "NO ACTION" else str(rows[0][5]),
        )
        for rows in parts.values()
    ]


def written_foreign_keys(connection: sa.Connection, table: str) -> list[ForeignKey]:
    """Return the foreign keys of ``table`` as its CREATE TABLE has them."""
    made = create_table_of(connection, table)
    written = {columns: options for part in definitions(made) for columns, options in _options(list(token_texts(part)))}
    return [replace(key, **written.get(key.columns, {})) for key in sqlite_foreign_keys(connection, table)]


def _options(words: list[str]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the columns of each foreign key in the definition of a column or constraint, and what no PRAGMA shows."""
    upper = [word.upper() for word in words]
    for place in (place for place, word in enumerate(upper) if word == "REFERENCES"):
        before, of = place, words[:1]
        if "FOREIGN" in upper[:place]:  # of the table, and not of a column
            before = upper.index("FOREIGN")
            of = [word for word in words[before + 3 : place - 1] if word != ","]
        named = before >= 2 and upper[before - 2] == "CONSTRAINT"
        after = upper[place + 1 : upper.index("REFERENCES", place + 1) if "REFERENCES" in upper[place + 1 :] else None]
        deferrable = next((one != "NOT" for one, two in pairwise(["", *after]) if two == "DEFERRABLE"), None)
        initially = next((two for one, two in pairwise(after) if one == "INITIALLY"), None)
        name = unquote(words[before - 1]) if named else None
        yield tuple(map(unquote, of)), {"name": name, "deferrable": deferrable, "initially": initially}
