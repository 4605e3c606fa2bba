"""Expressions and statements as PostgreSQL spells them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.ddl.text import names, quote

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert


def row_id(columns: Collection[str]) -> str:
    """Return the column by which a row is found; it stays while nobody changes the row."""
    return "ctid"


def differs(one: str, other: str) -> str:
    """Return the condition that two values differ, NULL being a value."""
    return f"({one}) IS DISTINCT FROM ({other})"


def as_text(value: str) -> str:
    """Return a value of any type as text, a number with all its digits."""
    return f"CAST({value} AS TEXT)"


def as_json(value: str) -> str:
    """Return a value of any type as JSON, with all its digits."""
    return f"to_jsonb({value})"


def key_text(value: str) -> str:
    """Return a part of a key as text that can be shown."""
    return f"CAST({value} AS TEXT)"


def json_object(members: str) -> str:
    """Return the JSON object of names and values."""
    return f"jsonb_build_object({members})"


def moment(seconds: str) -> str:
    """Return the time that is so many seconds after the beginning of 1970."""
    return f"to_timestamp({seconds})"


def insert(table: sa.Table) -> Insert:
    """Return an INSERT that can do something else where a row is there."""
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def untyped(value: str) -> str:
    """Return a value as a foreign key compares it: both have one type."""
    return value


def lock_tables(tables: Sequence[str]) -> Sequence[str]:
    """Return what keeps others from writing tables."""
    return (f"LOCK TABLE {names(tables)} IN SHARE ROW EXCLUSIVE MODE",)


def temporary_rows(name: str) -> Sequence[str]:
    """Return what makes a temporary table that names rows of others."""
    return (
        f"CREATE TEMP TABLE {name} (table_name TEXT, row_key TEXT, source_row tid) ON COMMIT DROP",
        f"CREATE INDEX {name}_row ON {name} (table_name, source_row)",
    )


def create_index(table: str, columns: Sequence[str]) -> str:
    """Return what makes an index, for a person to run."""
    return f"CREATE INDEX ON {quote(table)} ({names(columns)})"


def drop_index(name: str) -> str:
    """Return what drops an index beside the traffic, for a person to run."""
    return f"DROP INDEX CONCURRENTLY {quote(name)}"


def drop_trigger(table: str, name: str) -> str:
    """Return what drops a trigger of a table."""
    return f"DROP TRIGGER {quote(name)} ON {quote(table)}"
