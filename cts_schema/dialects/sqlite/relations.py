"""What a name stands for in a SQLite file, and what others have built on a table."""

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
    """Say what else than a table has a name, or how its table is written; None where nothing is wrong."""
    found = connection.execute(_NAMED, {"name": name}).first()
    if found is None or tuple(found) == ("table", name):
        return None
    if found.type == "table":
        return f"that table is called {found.name}"
    return "that is a view" if found.type == "view" else "that is an index"


def by_name(connection: sa.Connection) -> Sequence[str]:
    """Return views and triggers: they may mention a table that is not there yet."""
    return (
        connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')")).scalars().all()
    )


def in_the_way(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return what drops each trigger of a table: it may act in the place of a statement."""
    return connection.execute(_IN_THE_WAY, {"table": table}).scalars().all()


def on_table(connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
    """Yield what of others names a table, each with what becomes of it while the table is away."""
    for what in _naming(connection, table, managed):
        yield f"{what} names it, and fails while it is away"


def with_columns(
    connection: sa.Connection, table: str, columns: Sequence[str], indexes: Sequence[str], constraints: Sequence[str]
) -> Sequence[str]:
    """Return what of others goes with columns of a table; indexes and constraints are ours."""
    going = readers.going(connection, table, columns)
    return [f"{kind} {name}" for kind, name in going if name not in {*indexes, *constraints}]


def _naming(connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
    """Yield the views, triggers of other tables and unmanaged tables of SQLite whose text names ``table``."""
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
