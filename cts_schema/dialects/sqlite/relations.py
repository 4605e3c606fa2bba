"""What a name refers to in a SQLite file, and what unmanaged objects use a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from cts_schema.ddl import readers

_NAMED = sa.text("SELECT type, name FROM sqlite_master WHERE type <> 'trigger' AND lower(name) = lower(:name)")
_IN_THE_WAY = sa.text(
    "SELECT 'DROP TRIGGER \"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_master "
    "WHERE type = 'trigger' AND lower(tbl_name) = lower(:table) ORDER BY name"
)


def no_table(connection: sa.Connection, name: str, quoted: str) -> str | None:
    """Return what else than a table has the name, or how the table spells it; None if it is correct."""
    found = connection.execute(_NAMED, {"name": name}).first()
    if found is None or tuple(found) == ("table", name):
        return None
    if found.type == "table":
        return f"the table is spelled {found.name}"
    return "it is a view" if found.type == "view" else "it is an index"


def by_name(connection: sa.Connection) -> Sequence[str]:
    """Return views and triggers: they may mention a table that does not exist yet."""
    return (
        connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')")).scalars().all()
    )


def in_the_way(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return statements that drop each trigger of a table, which may replace a statement."""
    return connection.execute(_IN_THE_WAY, {"table": table}).scalars().all()


def on_table(connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
    """Yield the unmanaged objects that use a table, each with its behaviour while the table is preserved."""
    for what in _naming(connection, table, managed):
        yield f"{what} uses it, and fails while it is preserved"


def with_columns(
    connection: sa.Connection, table: str, columns: Sequence[str], indexes: Sequence[str], constraints: Sequence[str]
) -> Sequence[str]:
    """Return the unmanaged objects that would be lost with columns; ``indexes`` and ``constraints`` are ours."""
    going = readers.going(connection, table, columns)
    return [f"{kind} {name}" for kind, name in going if name not in {*indexes, *constraints}]


def _naming(connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
    """Yield the views, triggers of other tables and unmanaged tables whose definition mentions ``table``."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'index' ORDER BY rowid"
    ).all()
    word = re.compile(rf"\b{re.escape(table)}\b", re.IGNORECASE)
    reference = re.compile(rf"""\breferences\s+["'`\[]?{re.escape(table)}\b""", re.IGNORECASE)
    for kind, name, of, sql in rows:
        text = re.sub(r"'(?:[^']|'')*'", "''", sql)
        if kind == "table":
            if name in managed or name.startswith("cts_kept_") or not reference.search(sql):
                continue
            yield f"a foreign key of table {name}"
        elif of.lower() != table.lower() and word.search(text):
            yield f"{kind} {name}"
