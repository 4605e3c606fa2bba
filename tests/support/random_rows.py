"""Rows of the schemas of :mod:`tests.support.random_changes`, by numbers that no rename changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import run
from tests.support.changing import Changing, metadata
from tests.support.random_changes import NUMBERS, TEXTS, Column, Schema, Table, quoted, spec_of

Cells = dict[int, dict[Any, dict[int, Any]]]
"""Values by table, key of the row, and column."""

Replaced = dict[int, list[Any]]
"""The values of existing rows that an author replaces, by column."""


def rows_of(changed: Changing, schema: Schema) -> Cells:
    """Return the rows of a schema, without what is computed."""
    found: Cells = {}
    with changed.database.engine.connect() as connection:
        for place, table in schema.items():
            names = {number: quoted(one.name) for number, one in table.columns.items() if one.doubled is None}
            rows = run(connection, f"SELECT id, {', '.join(names.values())} FROM {quoted(table.name)}")
            found[place] = {key: dict(zip(names, row, strict=True)) for key, *row in rows}
    return found


def lost(before: Cells, after: Cells, replaced: Replaced) -> list[str]:
    """Return the rows, and the values of columns that are in both, that are not what they were.

    Args:
        before: the values that there were.
        after: those that there are.
        replaced: the values that an author replaces, by column.
    """
    found = []
    for place in before.keys() & after.keys():
        for key, row in before[place].items():
            there = after[place].get(key)
            if there is None:
                found.append(f"row {key} of table {place}")
                continue
            found += [
                f"column {number} of row {key} of table {place}: {value!r}, now {there[number]!r}"
                for number, value in row.items()
                if number in there and not _same(value, there[number]) and value not in replaced.get(number, ())
            ]
    return found


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal; a number that became a text is."""
    return bool(one == other) or ({type(one), type(other)} == {int, str} and str(one) == str(other))


def completions(before: Schema, after: Schema) -> tuple[dict[str, str], Replaced]:
    """Return what an author writes for the rows that exist, and the values that it replaces, by column."""
    completed: dict[str, str] = {}
    replaced: Replaced = defaultdict(list)
    for place, table in after.items():
        for number, column in table.columns.items() if place in before else ():
            was = before[place].columns.get(number)
            if column.doubled is None and not column.nullable and (was is None or was.nullable):
                completed[column.name] = _value(after, column)
                replaced[number].append(None)
            if was is not None and set(was.words) - set(column.words) and column.words:
                completed[column.name] = repr(column.safe[0])
                replaced[number] += set(was.words) - set(column.words)
    return completed, replaced


def _value(schema: Schema, column: Column) -> str:
    if column.parent is not None:
        return f"sa.text({f'(SELECT min(id) FROM {quoted(schema[column.parent].name)})'!r})"
    if column.kind in TEXTS:
        return repr(column.safe[0]) if column.safe else 'sa.text("id")'
    if column.kind == "enumeration":
        return repr(column.safe[0])
    if column.kind in NUMBERS:
        return "5"
    return {
        "json": "sa.text(\"'{}'\")",
        "flag": "False",
        "date": "sa.text(\"'2026-01-03'\")",
        "time": 'sa.text("CURRENT_TIMESTAMP")',
    }[column.kind]


def insert(changed: Changing, schema: Schema, number: int) -> None:
    """Insert a row into each table that takes one, which fits all schemas so far."""
    made = metadata(spec_of(schema))
    with changed.database.engine.begin() as connection:
        for table in schema.values():
            if table.closed:
                continue
            values = {
                column.name: _new(connection, schema, table, one, number)
                for one, column in table.columns.items()
                if column.doubled is None
                and column.name != "updated_at"
                and not (column.is_key and column.kind != "text")
            }
            missing = [
                column.name
                for column in table.columns.values()
                if not column.nullable and column.name in values and values[column.name] is None
            ]
            if not missing:
                connection.execute(made.tables[table.name].insert().values(values))


def _new(connection: sa.Connection, schema: Schema, table: Table, one: int, number: int) -> Any:
    column = table.columns[one]
    if column.is_key:
        return f"r{number}"
    for part in table.parts.values():
        if part.parent is not None and one in part.columns and len(part.columns) > 1:
            return _of_parent(connection, schema, part.parent, part.parent_columns[part.columns.index(one)])
    if column.of_pair:
        return None
    if column.parent is not None:
        (key,) = (at for at, it in schema[column.parent].columns.items() if it.is_key)
        return _of_parent(connection, schema, column.parent, key)
    if column.safe:
        return column.safe[0]
    if column.kind in TEXTS:
        return str(number + 100)
    if column.kind in NUMBERS:
        return number + 100 if column.kind in ("integer", "big", "count", "double") else Decimal(number + 100)
    return {
        "json": {"n": number},
        "flag": True,
        "date": date(2026, 2, number),
        "time": datetime(2026, 2, number, tzinfo=UTC),
    }[column.kind]


def _of_parent(connection: sa.Connection, schema: Schema, place: int, column: int) -> Any:
    """Return a value of the first row of a table."""
    table = schema[place]
    name, key = quoted(table.columns[column].name), quoted("id")
    query = f"SELECT {name} FROM {quoted(table.name)} ORDER BY {key} LIMIT 1"
    return connection.execute(sa.text(query.replace(":", "\\:"))).scalar()
