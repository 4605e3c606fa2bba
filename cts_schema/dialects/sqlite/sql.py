"""SQL expressions and statements of SQLite."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.ddl.text import names, quote
from cts_schema.dialects.sqlite.reals import text_of

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert


def row_id(columns: Collection[str]) -> str:
    """Return one of the three names of the rowid that no column of the table has."""
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in columns), "rowid")


def differs(one: str, other: str) -> str:
    """Return the condition that two values differ, treating NULL as a value."""
    return f"({one}) IS NOT ({other})"


def as_text(value: str) -> str:
    """Return a value of any type as text, a number with all its digits."""
    return f"CASE typeof({value}) WHEN 'real' THEN {text_of(value)} ELSE CAST({value} AS TEXT) END"


def as_json(value: str) -> str:
    """Return a value of any type as JSON, with all its digits; binary values become hexadecimal literals."""
    return (
        f"json(CASE typeof({value}) WHEN 'blob' THEN json_quote('x''' || lower(hex({value})) || '''') "
        f"WHEN 'real' THEN CASE WHEN abs({value}) = 9e999 THEN json_quote({text_of(value)}) ELSE {text_of(value)} END "
        f"ELSE json_quote({value}) END)"
    )


def key_text(value: str) -> str:
    """Return a part of a key as printable text, bytes as a hexadecimal literal."""
    return f"CASE typeof({value}) WHEN 'blob' THEN 'x' || quote(hex({value})) ELSE CAST({value} AS TEXT) END"


def json_object(members: str) -> str:
    """Return a JSON object of names and values."""
    return f"json_object({members})"


def moment(seconds: str) -> str:
    """Return the time of a number of seconds since 1970."""
    return f"datetime({seconds}, 'unixepoch')"


def insert(table: sa.TableClause) -> Insert:
    """Return an INSERT that supports ON CONFLICT."""
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def untyped(value: str) -> str:
    """Return a value as a foreign key compares it: as if its column had no type."""
    return f"+{value}"


def lock_tables(tables: Sequence[str]) -> Sequence[str]:
    """Return nothing: the transaction of a run locks the file against writes."""
    return ()


def temporary_rows(name: str) -> Sequence[str]:
    """Return statements that create a temporary table of row references."""
    return (
        f"CREATE TEMP TABLE {name} (table_name TEXT, row_key TEXT, source_row INTEGER)",
        f"CREATE INDEX temp.{name}_row ON {name} (table_name, source_row)",
    )


def create_index(table: str, columns: Sequence[str]) -> str:
    """Return the statement that creates an index, for display."""
    return f"CREATE INDEX {quote(f'ix_{table}_{columns[0]}')} ON {quote(table)} ({names(columns)})"


def drop_index(name: str) -> str:
    """Return the statement that drops an index, for display."""
    return f"DROP INDEX {quote(name)}"


def drop_trigger(table: str, name: str) -> str:
    """Return the statement that drops a trigger, whose name is unique in the file."""
    return f"DROP TRIGGER {quote(name)}"
