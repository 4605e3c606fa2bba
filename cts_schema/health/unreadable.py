"""Values that a database holds and the models cannot read: one of them makes every read of its table fail.

What SQLite may hold in any column only Python can tell, so that there the types of the models are asked themselves, by
a function that SQLite calls for what is not plainly readable. PostgreSQL holds less; what that is, is written as SQL.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption.sql import row_id
from cts_schema.ddl import ExactNumeric, Json, Timestamp
from cts_schema.ddl.checks import finite_name
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.sqlite import reals
from cts_schema.health import drift
from cts_schema.health.look import PROBE, Look, key_of
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.models import Base

_END = 1_000
"""Rows at each end of a table of SQLite that are looked at: every value of a row is, which costs more than a key."""

FUNCTION = "cts_refuses"
"""The function that tells SQLite whether a type of the models refuses a value."""


def findings(look: Look) -> Iterator[Finding]:
    """Find such values: of the first rows, on SQLite of the oldest and the newest, or of all."""
    for name, table in look.tables.items():
        refused = conditions(look, table)
        if not refused:
            continue
        place = f"{quote(name)} AS c" if look.deep else _probe(look, name)
        counts = ", ".join(f"count(CASE WHEN {one} THEN 1 END)" for one in refused.values())
        for (column, one), count in zip(
            refused.items(), run(look.connection, f"SELECT {counts} FROM {place}").one(), strict=True
        ):
            if count:
                keys = f"SELECT {key_of(look, table)} FROM {place} WHERE {one} LIMIT {EXAMPLES}"
                yield Finding(
                    "unreadable-values",
                    "error",
                    f"{name}.{column}",
                    "the models cannot read these values, and every read of their rows fails"
                    + ("" if look.deep else " (at least)"),
                    count=int(count),
                    examples=tuple(str(key) for key in run(look.connection, keys).scalars()),
                )


def conditions(look: Look, table: sa.Table) -> dict[str, str]:
    """Return the condition under which a row ``c`` has such a value, for each column that can have one."""
    there = [column for column in table.columns if look.has(table.name, column.name)]
    if look.dialect == "sqlite":
        _teach(look.connection)
        return {column.name: _on_sqlite(column.type, f"c.{quote(column.name)}") for column in there}
    found = ((column.name, _on_postgresql(look, column)) for column in there)
    return {name: one for name, one in found if one is not None}


@contextmanager
def tolerant(connection: sa.Connection) -> Iterator[None]:
    """Let any value of SQLite be read within the block: keys that are no UTF-8 too, and numbers to the last bit."""
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


def _probe(look: Look, table: str) -> str:
    if look.dialect == "postgresql":
        return f"(SELECT * FROM {quote(table)} LIMIT {PROBE}) AS c"
    row = row_id("sqlite", _columns(look, table))
    ends = " UNION ".join(
        f"SELECT * FROM (SELECT {row} FROM {quote(table)} ORDER BY {row} {order} LIMIT {_END})"
        for order in ("ASC", "DESC")
    )
    return f"(SELECT * FROM {quote(table)} WHERE {row} IN ({ends})) AS c"


def _columns(look: Look, table: str) -> list[str]:
    return [what.removeprefix("column ") for what in look.schema[f"table {table}"] if what.startswith("column ")]


# PostgreSQL.

_INFINITE = "('NaN', 'Infinity', '-Infinity')"
_FIRST, _LAST = "'0001-01-01 00:00:00+00'", "'10000-01-01 00:00:00+00'"


def _on_postgresql(look: Look, column: sa.Column[Any]) -> str | None:
    """Return the condition of a column; None where nothing unreadable can be in it."""
    table, value = column.table.name, f"c.{quote(column.name)}"
    facts = look.schema[f"table {table}"]
    type_ = facts[f"column {column.name}"][0]
    if isinstance(column.type, ExactNumeric) and type_.startswith(("numeric", "double precision", "real")):
        check = f"constraint {finite_name(table, column.name)}"
        wanted = drift.at_head("postgresql")[f"table {table}"].get(check)
        if type_.startswith("numeric(") and wanted is not None and list(facts.get(check, ())) == wanted:
            return None  # it is validated
        return f"{value} IN {_INFINITE}"
    if isinstance(column.type, Timestamp) and type_.startswith("timestamp"):
        zone = "timestamptz" if "with time zone" in type_ else "timestamp"
        return f"({value} < {zone} {_FIRST} OR {value} >= {zone} {_LAST})"
    if isinstance(column.type, Json) and type_ in ("json", "jsonb") and (digits := sys.get_int_max_str_digits()):
        # Python makes no integer of so many digits. Strings and numbers with a point are taken out first.
        string, point = r"""'"(\\.|[^"\\])*"'""", r"'[0-9]+\.[0-9]+'"
        bare = f"regexp_replace(regexp_replace({value}::text, {string}, '', 'g'), {point}, '', 'g')"
        run_of = f"position(repeat('0', {digits + 1}) in translate({bare}, '123456789', '000000000'))"
        return f"CASE WHEN length({value}::text) > {digits} THEN {run_of} > 0 ELSE false END"
    return None


# SQLite.

_SHORT = 500  # bytes; such a JSON text is nested less deeply than Python can follow


def _on_sqlite(type_: sa.types.TypeEngine[Any], value: str) -> str:
    """Return the condition of a column. What is plainly readable is passed over without asking Python."""
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
    # SQLite hands no text that is not UTF-8 over to Python, but its bytes.
    given = f"CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END"
    return f"CASE WHEN {plain} THEN 0 ELSE {FUNCTION}({literal(repr(type_))}, typeof({value}), {given}) END"


def no_text(value: str) -> str:
    """Return the condition that a value of SQLite is a text, and not UTF-8."""
    refuses = f"{FUNCTION}('Text()', 'text', CAST({value} AS BLOB))"
    return f"(typeof({value}) = 'text' AND {_is_odd(value)} AND {refuses})"


def _is_odd(value: str) -> str:
    """Return the condition that a text has anything but printable ASCII, also behind a zero, where GLOB ends."""
    return f"({value} GLOB '*[^ -~]*' OR length({value}) <> length(CAST({value} AS BLOB)))"


def _teach(connection: sa.Connection) -> None:
    """Let SQLite call :data:`FUNCTION` on this connection."""
    if FUNCTION in connection.info:
        return
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
        except (ArithmeticError, RecursionError, TypeError, ValueError):  # also of what is no JSON and no UTF-8
            return True
        return False

    driver: Any = connection.connection.dbapi_connection
    driver.create_function(FUNCTION, 3, refuses, deterministic=True)
    connection.info[FUNCTION] = True
