"""Drop columns that nothing of others needs. PostgreSQL refuses by itself; SQLite would break views and triggers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from alembic import op
from sqlalchemy.exc import OperationalError

from cts_schema.ddl import readers, sql
from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import StillNeeded

_UPDATE_OF = re.compile(r"\bUPDATE\s+OF\b(.*?)\bON\b", re.DOTALL | re.IGNORECASE)


def drop_columns(table: str, columns: Collection[str], *, renamed: bool = False) -> None:
    """Drop columns, unless what worked does not work without them.

    Args:
        table: the table's name.
        columns: the columns.
        renamed: whether they have another name now: then indexes and CHECKs of others do not go with them.

    Raises:
        StillNeeded: something needs them; names it.
    """
    looked = not (sql.offline() or sql.on_postgresql())
    before: set[str] = set()
    if looked:
        _require_unread(table, columns, renamed=renamed)
        before = set(_broken())
    for column in columns:
        _drop(table, column)
    needed = [one for one in _broken() if one not in before] if looked else []
    if needed:
        raise StillNeeded(table=table, needed_by="\n".join(needed))


def _drop(table: str, column: str) -> None:
    try:
        op.drop_column(table, column)
    except OperationalError as error:
        # SQLite refuses where a constraint of the table, not of the column, mentions it: an earlier rebuild moved
        # it there. And where a view of the file is broken. The refused statement has changed nothing. A disk that
        # fails is no refusal.
        if sql.on_postgresql() or getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
            raise
        with alter_table(table, without=[column]) as batch:
            batch.drop_column(column)


def _require_unread(table: str, columns: Collection[str], *, renamed: bool) -> None:
    """Check what a rebuild cannot go on without, or would silently leave without effect."""
    generated = readers.generated(op.get_bind(), table, columns)
    needed = [f"column {name} of table {table}, which is calculated from what goes" for name in generated]
    if renamed:
        ours = set().union(*(comes_with(table, column) for column in columns))
        going = readers.going(op.get_bind(), table, columns)
        needed += [f"{kind} {name} of {table}" for kind, name in going if name not in ours]
    rest = []
    for kind, name, of, definition in sql.rows(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY type, rowid"
    ):
        named = _UPDATE_OF.search(definition)
        if kind == "trigger" and of.lower() == table.lower() and named and readers.mentions(named[1], columns):
            needed.append(f"trigger {name} of {table}")
        elif readers.mentions(definition, columns) and readers.mentions(definition, [table]):
            rest.append(f"{kind} {name}")
    if needed:
        raise StillNeeded(table=table, needed_by="\n".join(needed + rest))


def _broken() -> Iterator[str]:
    views = sql.rows("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY rowid")
    for (view,) in views:
        if not _compiles(f"SELECT * FROM {quote(view)}"):
            yield f"view {view}"
    tables = sql.rows("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'")
    for (table,) in tables:
        written = quote(table)
        statements = (f"INSERT INTO {written} DEFAULT VALUES", f"DELETE FROM {written}")
        updates = [
            f"UPDATE {written} SET {quote(column)} = {quote(column)}"
            for (column,) in sql.rows(f"SELECT name FROM pragma_table_info({literal(table)})")
        ]
        if not all(map(_compiles, (*statements, *updates))):
            of = f"type = 'trigger' AND tbl_name = {literal(table)}"
            triggers = sql.rows(f"SELECT name FROM sqlite_master WHERE {of} ORDER BY rowid")
            yield f"a trigger of {table}: {', '.join(name for (name,) in triggers)}"


def _compiles(statement: str) -> bool:
    try:
        op.get_bind().exec_driver_sql(f"EXPLAIN {statement}").close()
    except OperationalError:
        return False
    return True
