"""SQL expressions and statements of PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.ddl.text import names, quote

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert


def row_id(columns: Collection[str]) -> str:
    """Return the column that identifies a row; it stays the same until the row changes."""
    return "ctid"


def differs(one: str, other: str) -> str:
    """Return the condition that two values differ, treating NULL as a value."""
    return f"({one}) IS DISTINCT FROM ({other})"


def as_text(value: str) -> str:
    """Return a value of any type as text, a number with all its digits."""
    return f"CAST({value} AS TEXT)"


def as_json(value: str) -> str:
    """Return a value of any type as JSON, with all its digits."""
    return f"to_jsonb({value})"


def key_text(value: str) -> str:
    """Return a part of a key as printable text."""
    return f"CAST({value} AS TEXT)"


def json_object(members: str) -> str:
    """Return a JSON object of names and values."""
    return f"jsonb_build_object({members})"


def moment(seconds: str) -> str:
    """Return the time of a number of seconds since 1970."""
    return f"to_timestamp({seconds})"


def insert(table: sa.TableClause) -> Insert:
    """Return an INSERT that supports ON CONFLICT."""
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def untyped(value: str) -> str:
    """Return a value as a foreign key compares it: both have one type."""
    return value


def lock_tables(tables: Sequence[str]) -> Sequence[str]:
    """Return the statement that locks tables against writes."""
    return (f"LOCK TABLE {names(tables)} IN SHARE ROW EXCLUSIVE MODE",)


def temporary_rows(name: str) -> Sequence[str]:
    """Return statements that create a temporary table of row references."""
    return (
        f"CREATE TEMP TABLE {name} (table_name TEXT, row_key TEXT, source_row tid) ON COMMIT DROP",
        f"CREATE INDEX {name}_row ON {name} (table_name, source_row)",
    )


def create_index(table: str, columns: Sequence[str]) -> str:
    """Return the statement that creates an index, for display."""
    return f"CREATE INDEX ON {quote(table)} ({names(columns)})"


def drop_index(name: str) -> str:
    """Return the statement that drops an index concurrently with traffic, for display."""
    return f"DROP INDEX CONCURRENTLY {quote(name)}"


def drop_trigger(table: str, name: str) -> str:
    """Return the statement that drops a trigger of a table."""
    return f"DROP TRIGGER {quote(name)} ON {quote(table)}"
