"""A large table without indexes and foreign keys while it is loaded: adding them afterwards costs far less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run

#: Below this many rows it is not worth the statements.
WORTH = 5_000

_FOREIGN_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE contype = 'f' AND conrelid = to_regclass({table}) ORDER BY conname
"""
_INDEXES = """
SELECT x.relname, pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
 WHERE i.indrelid = to_regclass({table})
   AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
 ORDER BY 1
"""


@contextmanager
def bare(connection: sa.Connection, table: str, rows: int) -> Iterator[None]:
    """Take secondary indexes, and on PostgreSQL foreign keys, off one of our tables, and put them on again.

    Args:
        connection: in the run's transaction.
        table: the table.
        rows: how many are to come.
    """
    if rows < WORTH:
        yield
        return
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT name, sql FROM sqlite_master "
            f"WHERE type = 'index' AND tbl_name = {literal(table)} AND sql IS NOT NULL"
        )
        keys: Sequence[Any] = []
    else:
        query = _INDEXES.format(table=literal(quote(table)))
        keys = run(connection, _FOREIGN_KEYS.format(table=literal(quote(table)))).all()
    indexes: Sequence[Any] = run(connection, query).all()
    for name, _ in keys:
        run(connection, f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}")
    for name, _ in indexes:
        run(connection, f"DROP INDEX {quote(name)}")
    yield
    for _, definition in indexes:
        run(connection, definition)
    if keys:
        added = ", ".join(f"ADD CONSTRAINT {quote(name)} {definition}" for name, definition in keys)
        run(connection, f"ALTER TABLE {quote(table)} {added}")
    if connection.dialect.name == "postgresql":
        run(connection, f"ANALYZE {quote(table)}")  # not before autovacuum comes by would a query be planned well
