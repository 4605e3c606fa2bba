"""Drop columns that nothing of others needs. PostgreSQL refuses by itself; SQLite would break views and triggers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import count

from alembic import op
from sqlalchemy.exc import OperationalError

from cts_schema.ddl import readers, sql
from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import StillNeeded

_Other = tuple[str, str, str, str]
_OTHERS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY type, rowid"
_TRIALS = count()
_CREATE_TRIGGER = re.compile(r"^\s*CREATE\s+TRIGGER\s", re.IGNORECASE)
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
    others: list[_Other] = []
    if looked:
        _require_unread(table, columns, renamed=renamed)
        # As they are now: with a column that they name in double quotes gone, SQLite writes it anew as a text.
        others = [tuple(row) for row in sql.rows(_OTHERS)]
    before = _broken(others, columns)
    for column in columns:
        _drop(table, column)
    after = _broken(others, columns)
    needed = dict.fromkeys(what for statement, what in after.items() if statement not in before)
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
    needed += [f"a foreign key of table {child}" for child in _children(table, columns)]
    if renamed:
        ours = set().union(*(comes_with(table, column) for column in columns))
        going = readers.going(op.get_bind(), table, columns)
        needed += [f"{kind} {name} of {table}" for kind, name in going if name not in ours]
    rest = []
    for kind, name, of, definition in sql.rows(_OTHERS):
        named = _UPDATE_OF.search(definition)
        if kind == "trigger" and of.lower() == table.lower() and named and readers.mentions(named[1], columns):
            needed.append(f"trigger {name} of {table}")
        elif readers.mentions(definition, columns) and readers.mentions(definition, [table]):
            rest.append(f"{kind} {name}")
    if needed:
        raise StillNeeded(table=table, needed_by="\n".join(needed + rest))


def _children(table: str, columns: Collection[str]) -> list[str]:
    """Return the tables that refer to one of ``columns``."""
    query = (
        "SELECT DISTINCT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' "
        f'AND k."table" = {literal(table)} COLLATE NOCASE '
        f'AND lower(k."to") IN ({", ".join(literal(column.lower()) for column in columns)})'
    )
    return [child for (child,) in sql.rows(query)]


def _broken(others: Sequence[_Other], columns: Collection[str]) -> dict[str, str]:
    """Return the statements that do not compile, each with the view of ``others``, or the triggers, that it is for.

    SQLite takes a name in double quotes for a text where there is no such column. So those of ``columns`` are tried in
    brackets, too.
    """
    tried: dict[str, str] = {}
    of_table: dict[str, list[str]] = {}
    twins: list[str] = []
    for kind, name, of, definition in others:
        strict = readers.in_brackets(definition, columns)
        if kind == "view":
            tried[f"SELECT * FROM {quote(name)}"] = f"view {name}"
            if strict != definition:
                tried[readers.query_of(strict)] = f"view {name}"
            continue
        of_table.setdefault(of, []).append(name)
        if strict != definition and _runs(_CREATE_TRIGGER.sub("CREATE TEMP TRIGGER ", strict, count=1)):
            twins.append(name)
    for table, triggers in of_table.items():
        tried |= dict.fromkeys(_writes(table), f"a trigger of {table}: {', '.join(triggers)}")
    once = next(_TRIALS)  # a statement of the same text would be explained as it was compiled before
    broken = {statement: what for statement, what in tried.items() if not _runs(f"EXPLAIN {statement}\n-- {once}")}
    for name in twins:
        sql.execute(f"DROP TRIGGER temp.{quote(name)}")
    return broken


def _writes(table: str) -> Iterator[str]:
    """Yield a statement for each event that may set off a trigger of a table or view."""
    written = quote(table)
    yield f"INSERT INTO {written} DEFAULT VALUES"
    yield f"DELETE FROM {written}"
    for (column,) in sql.rows(f"SELECT name FROM pragma_table_info({literal(table)})"):
        yield f"UPDATE {written} SET {quote(column)} = {quote(column)}"


def _runs(statement: str) -> bool:
    try:
        op.get_bind().exec_driver_sql(statement).close()
    except OperationalError:
        return False
    return True
