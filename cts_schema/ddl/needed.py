"""What still needs a column that goes. PostgreSQL refuses by itself; SQLite would leave views and triggers broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy.exc import OperationalError

from cts_schema.ddl import sql
from cts_schema.exceptions import StillNeeded


@contextmanager
def breaking_nothing(table: str) -> Iterator[None]:
    """Let columns of ``table`` go within the block, unless a view or trigger that worked does not work without them.

    Raises:
        StillNeeded: one does not; names it.
    """
    if sql.offline() or sql.on_postgresql():
        yield
        return
    before = set(_broken())
    yield
    needed = [one for one in _broken() if one not in before]
    if needed:
        raise StillNeeded(table=table, needed_by="\n".join(needed))


def _broken() -> Iterator[str]:
    views = sql.rows("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY rowid")
    for (view,) in views:
        if not _compiles(f"SELECT * FROM {_quote(view)}"):
            yield f"view {view}"
    tables = sql.rows("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'")
    for (table,) in tables:
        written = _quote(table)
        statements = (f"INSERT INTO {written} DEFAULT VALUES", f"DELETE FROM {written}")
        updates = [
            f"UPDATE {written} SET {_quote(column)} = {_quote(column)}"
            for (column,) in sql.rows(f"SELECT name FROM pragma_table_info({sql.literal(table)})")
        ]
        if not all(map(_compiles, (*statements, *updates))):
            of = f"type = 'trigger' AND tbl_name = {sql.literal(table)}"
            triggers = sql.rows(f"SELECT name FROM sqlite_master WHERE {of} ORDER BY rowid")
            yield f"a trigger of {table}: {', '.join(name for (name,) in triggers)}"


def _compiles(statement: str) -> bool:
    try:
        op.get_bind().exec_driver_sql(f"EXPLAIN {statement}").close()
    except OperationalError:
        return False
    return True


def _quote(name: str) -> str:
    return op.get_context().dialect.identifier_preparer.quote_identifier(name)
