"""What a name stands for in a database, where it is to be that of a table."""

from __future__ import annotations

import sqlalchemy as sa

_ON_SQLITE = sa.text("SELECT type, name FROM sqlite_master WHERE type <> 'trigger' AND lower(name) = lower(:name)")
# Whoever owns the schema may have planted functions and operators in it.
_ON_POSTGRESQL = sa.text(
    "SELECT CAST(c.relkind AS pg_catalog.text) FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) "
    "CAST(pg_catalog.to_regclass(CAST(:name AS pg_catalog.text)) AS pg_catalog.oid)"
)
_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "i": "an index",
    "I": "an index",
    "S": "a sequence",
    "c": "a type",
    "f": "a foreign table",
}


def no_table(connection: sa.Connection, name: str, quoted: str) -> str | None:
    """Say what else than a table has a name, or how its table is written in SQLite; None where nothing is wrong.

    Args:
        connection: the database.
        name: the name.
        quoted: the name as SQL, with its schema.
    """
    if connection.dialect.name == "postgresql":
        kind = connection.execute(_ON_POSTGRESQL, {"name": quoted}).scalar()
        return None if kind is None or kind in ("r", "p") else f"that is {_KINDS.get(kind, 'no table')}"
    found = connection.execute(_ON_SQLITE, {"name": name}).first()
    if found is None or tuple(found) == ("table", name):
        return None
    if found.type == "table":
        return f"that table is called {found.name}"
    return "that is a view" if found.type == "view" else "that is an index"
