"""Drops columns that no unmanaged object needs. PostgreSQL checks that; SQLite would break views and triggers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import count

from alembic import op
from sqlalchemy.exc import OperationalError

from cts_schema.ddl import readers, sql
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import StillNeeded

_Other = tuple[str, str, str, str]
_OTHERS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY type, rowid"
_TRIALS = count()
_CREATE_TRIGGER = re.compile(r"^\s*CREATE\s+TRIGGER\s", re.IGNORECASE)
_UPDATE_OF = re.compile(r"\bUPDATE\s+OF\b(.*?)\bON\b", re.DOTALL | re.IGNORECASE)


def drop_columns(table: str, columns: Collection[str]) -> None:
    """Drop columns, unless that would break an unmanaged object.

    Args:
        table: the table's name.
        columns: the columns.

    Raises:
        StillNeeded: an object needs them; names it.
    """
    looked = not (sql.offline() or sql.on_postgresql())
    others: list[_Other] = []
    if looked:
        _require_unused(table, columns)
        # As they are now: SQLite rewrites a dropped column in double quotes as a string.
        others = _that_lead_to(table, [tuple(row) for row in sql.rows(_OTHERS)])
    before = _broken(others, columns)
    for column in columns:
        _drop(table, column)
    after = _broken(others, columns)
    needed = dict.fromkeys(what for statement, what in after.items() if statement not in before)
    if needed:
        raise StillNeeded(table=table, needed_by="\n".join(needed))


def _that_lead_to(table: str, others: Sequence[_Other]) -> list[_Other]:
    """Return the views and triggers that use a table, also by way of a view: no other one could break with it."""
    names = {table.lower()}
    found: list[_Other] = []
    while more := [one for one in others if one not in found and _uses(one, names)]:
        found += more
        names |= {name.lower() for kind, name, _, _ in more if kind == "view"}
    return [one for one in others if one in found]


def _uses(other: _Other, names: Collection[str]) -> bool:
    _, _, of, definition = other
    return of.lower() in names or readers.mentions(definition, names)


def _drop(table: str, column: str) -> None:
    try:
        op.drop_column(table, column)
    except OperationalError as error:
        # SQLite refuses if a constraint of the table, not of the column, mentions it: an earlier rebuild moved
        # it there. It also refuses if a view is broken. The refused statement has changed nothing. A disk
        # failure is not a refusal.
        if sql.on_postgresql() or getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
            raise
        with alter_table(table, without=[column]) as batch:
            batch.drop_column(column)


def _require_unused(table: str, columns: Collection[str]) -> None:
    """Check that a rebuild would neither fail nor silently disable an object without these columns."""
    generated = readers.generated(op.get_bind(), table, columns)
    needed = [f"generated column {name} of table {table}" for name in generated]
    needed += [f"a foreign key of table {child}" for child in _children(table, columns)]
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
    """Return the tables with a foreign key to one of ``columns``."""
    query = (
        "SELECT DISTINCT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' "
        f'AND k."table" = {literal(table)} COLLATE NOCASE '
        f'AND lower(k."to") IN ({", ".join(literal(column.lower()) for column in columns)})'
    )
    return [child for (child,) in sql.rows(query)]


def _broken(others: Sequence[_Other], columns: Collection[str]) -> dict[str, str]:
    """Return the statements that do not compile, each with the view or triggers of ``others`` that it tests.

    SQLite treats a name in double quotes as a string if there is no such column. So it tries those of ``columns`` in
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
    once = next(_TRIALS)  # SQLite would reuse the compiled form of a statement with the same text
    broken = {statement: what for statement, what in tried.items() if not _runs(f"EXPLAIN {statement}\n-- {once}")}
    for name in twins:
        sql.execute(f"DROP TRIGGER temp.{quote(name)}")
    return broken


def _writes(table: str) -> Iterator[str]:
    """Yield a statement for each event that may fire a trigger of a table or view."""
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
