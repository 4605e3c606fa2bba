"""Values that SQLite accepts and the models cannot read.

SQLite may hold any value in any column, so it calls the types of the models, by a
function for every value that is not obviously readable.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.numbers import ExactNumeric
from cts_schema.ddl.text import literal, quote
from cts_schema.ddl.types import Json, Timestamp
from cts_schema.dialects.facts import TableSnapshot
from cts_schema.dialects.sqlite import reals
from cts_schema.dialects.sqlite.sql import as_json, row_id

_END = 1_000
"""Rows to read at each end of a table; it reads every value of a row, which costs more than a key."""

FUNCTION = "cts_refuses"
"""The SQL function that returns whether a type of the models refuses a value."""

_SHORT = 500  # bytes; such a JSON text is nested less deeply than Python can follow


@contextmanager
def tolerant(connection: sa.Connection) -> Iterator[None]:
    """Within the block read any value: keys that are not UTF-8, too, and numbers to the last bit."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    reals.register(connection)
    before, driver.text_factory = driver.text_factory, lambda text: text.decode(errors="replace")
    try:
        yield
    finally:
        driver.text_factory = before


def some_rows(table: str, columns: Collection[str]) -> str:
    """Return the oldest and the newest rows of a table as a subquery."""
    row = row_id(columns)
    ends = " UNION ".join(
        f"SELECT * FROM (SELECT {row} FROM {quote(table)} ORDER BY {row} {order} LIMIT {_END})"
        for order in ("ASC", "DESC")
    )
    return f"(SELECT * FROM {quote(table)} WHERE {row} IN ({ends}))"


def readable(value: str) -> str:
    """Return any value as readable JSON."""
    return as_json(f"CASE WHEN {no_text(value)} THEN CAST({value} AS BLOB) ELSE {value} END")


def whole_row(table: sa.Table, columns: Sequence[str], refused: Mapping[str, str]) -> str:
    """Return a row ``c`` as one readable JSON object, built as text."""
    shown = readable if refused else as_json
    members = (
        f"{literal(json.dumps(name, ensure_ascii=False) + ':')} || " + shown(f"c.{quote(name)}") for name in columns
    )
    return "'{' || " + " || ',' || ".join(members) + " || '}'"


def unreadable(
    connection: sa.Connection, column: sa.Column[Any], there: TableSnapshot, head: TableSnapshot
) -> str | None:
    """Return the condition of a column, which calls Python only for values that are not obviously readable."""
    _teach(connection)
    type_, value = column.type, f"c.{quote(column.name)}"
    size = f"length(CAST({value} AS BLOB))"
    if isinstance(type_, ExactNumeric):
        plain = f"typeof({value}) IN ('integer', 'null') OR (typeof({value}) = 'real' AND abs({value}) < 9e999)"
    elif isinstance(type_, Timestamp):
        clock, rest = f"substr({value}, 1, 19)", f"substr({value}, 20)"
        written = f"datetime({clock}, '+0 days') IS {clock} AND {value} >= '0001'"
        fraction = f"({size} = 19 OR ({size} = 26 AND {rest} GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'))"
        plain = f"{value} IS NULL OR (typeof({value}) = 'text' AND {written} AND {fraction})"
    elif isinstance(type_, Json):
        plain = f"{value} IS NULL OR (json_valid({value}) AND {size} < {_SHORT} AND NOT {_is_odd(value)})"
    else:
        return no_text(value)
    # SQLite cannot pass text that is not UTF-8 to Python, so pass its bytes.
    given = f"CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END"
    return f"CASE WHEN {plain} THEN 0 ELSE {FUNCTION}({literal(repr(type_))}, typeof({value}), {given}) END"


def no_text(value: str) -> str:
    """Return the condition that a value of SQLite is text but not UTF-8."""
    refuses = f"{FUNCTION}('Text()', 'text', CAST({value} AS BLOB))"
    return f"(typeof({value}) = 'text' AND {_is_odd(value)} AND {refuses})"


def _is_odd(value: str) -> str:
    """Return the condition that a text is not all printable ASCII, also after a NUL, where GLOB stops."""
    return f"({value} GLOB '*[^ -~]*' OR length({value}) <> length(CAST({value} AS BLOB)))"


def _teach(connection: sa.Connection) -> None:
    """Register :data:`FUNCTION` on this connection."""
    if FUNCTION in connection.info:
        return
    from cts_schema.models import Base  # a start that finds nothing to do does not need it

    dialect = connection.dialect
    columns = (column.type for table in Base.metadata.tables.values() for column in table.columns)
    types = {repr(type_): type_ for type_ in columns if isinstance(type_, ExactNumeric | Timestamp | Json)}
    processors = {name: type_.dialect_impl(dialect).result_processor(dialect, None) for name, type_ in types.items()}

    def refuses(kind: str, how: str, value: Any) -> bool:
        try:
            read = value.decode() if how == "text" else value
            process = processors.get(kind)
            if process is not None:
                process(read)
        except (ArithmeticError, RecursionError, TypeError, ValueError):  # includes invalid JSON and invalid UTF-8
            return True
        return False

    driver: Any = connection.connection.dbapi_connection
    driver.create_function(FUNCTION, 3, refuses, deterministic=True)
    connection.info[FUNCTION] = True
