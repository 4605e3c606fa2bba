"""A load by sets, as PostgreSQL spells it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run

ROW = "tid"
NO_ROW = "NULL::tid"
TEMPORARY_END = " ON COMMIT DROP"


def as_text(value: str) -> str:
    """Return a literal or NULL as text, since a column of a query must have a type."""
    return f"{value}::text"


def json_as_text(value: str) -> str:
    """Return a value of JSON as text."""
    return f"{value}::text"


def text_as_json(text: str) -> str:
    """Return a text as JSON."""
    return f"({text})::jsonb"


def collected(names: str, values: str) -> str:
    """Return the JSON object of the names and values of a group."""
    return f"jsonb_object_agg({names}, {values})"


def lacking(value: str, parents: str) -> str:
    """Return the condition that a value is none of those that a query gives as ``key``."""
    # An anti join, which takes any number of parents; NOT IN would be done row by row once they do not fit into memory.
    return f"{value} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ({parents}) p WHERE p.key = {value})"


def next_number(table: str, column: str) -> str:
    """Return the number of a row, which only the database can give."""
    return f"nextval(pg_get_serial_sequence('{table}', '{column}'))"


def set_counter(connection: sa.Connection, table: str, column: str, last: int) -> None:
    """Let the numbers of a column go on after a last one."""
    run(connection, f"SELECT setval(pg_get_serial_sequence({literal(quote(table))}, {literal(column)}), {last})")


def may_make_temporary_tables(connection: sa.Connection) -> bool:
    """Tell whether the user may make them."""
    return bool(run(connection, "SELECT has_database_privilege(current_database(), 'TEMPORARY')").scalar_one())


def parents_missing(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return nothing: foreign keys are checked as they are put back."""
    return ()


def folded(name: str) -> str:
    """Return a name as it is compared: as it is."""
    return name


def readable(text: str) -> str:
    """Return a text so that it can be read."""
    return text
