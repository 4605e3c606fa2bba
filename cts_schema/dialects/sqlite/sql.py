"""Expressions and statements as SQLite spells them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.ddl.text import names, quote
from cts_schema.dialects.sqlite.reals import text_of

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert


def row_id(columns: Collection[str]) -> str:
    """Return one of its three names for the number of a row; a table may call columns of its own so."""
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in columns), "rowid")


def differs(one: str, other: str) -> str:
    """Return the condition that two values differ, NULL being a value."""
    return f"({one}) IS NOT ({other})"


def as_text(value: str) -> str:
    """Return a value of any type as text, a number with all its digits."""
    return f"CASE typeof({value}) WHEN 'real' THEN {text_of(value)} ELSE CAST({value} AS TEXT) END"


def as_json(value: str) -> str:
    """Return a value of any type as JSON, with all its digits; what is no text as a hexadecimal literal."""
    return (
        f"json(CASE typeof({value}) WHEN 'blob' THEN json_quote('x''' || lower(hex({value})) || '''') "
        f"WHEN 'real' THEN CASE WHEN abs({value}) = 9e999 THEN json_quote({text_of(value)}) ELSE {text_of(value)} END "
        f"ELSE json_quote({value}) END)"
    )


def key_text(value: str) -> str:
    """Return a part of a key as text that can be shown: bytes may be none."""
    return f"CASE typeof({value}) WHEN 'blob' THEN 'x' || quote(hex({value})) ELSE CAST({value} AS TEXT) END"


def json_object(members: str) -> str:
    """Return the JSON object of names and values."""
    return f"json_object({members})"


def moment(seconds: str) -> str:
    """Return the time that is so many seconds after the beginning of 1970."""
    return f"datetime({seconds}, 'unixepoch')"


def insert(table: sa.Table) -> Insert:
    """Return an INSERT that can do something else where a row is there."""
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def untyped(value: str) -> str:
    """Return a value as a foreign key compares it: as if its column had no type."""
    return f"+{value}"


def lock_tables(tables: Sequence[str]) -> Sequence[str]:
    """Return nothing: the transaction of a run keeps others from writing."""
    return ()


def temporary_rows(name: str) -> Sequence[str]:
    """Return what makes a temporary table that names rows of others."""
    return (
        f"CREATE TEMP TABLE {name} (table_name TEXT, row_key TEXT, source_row INTEGER)",
        f"CREATE INDEX temp.{name}_row ON {name} (table_name, source_row)",
    )


def create_index(table: str, columns: Sequence[str]) -> str:
    """Return what makes an index, for a person to run."""
    return f"CREATE INDEX {quote(f'ix_{table}_{columns[0]}')} ON {quote(table)} ({names(columns)})"


def drop_index(name: str) -> str:
    """Return what drops an index, for a person to run."""
    return f"DROP INDEX {quote(name)}"


def drop_trigger(table: str, name: str) -> str:
    """Return what drops a trigger: its name is that of one in the whole file."""
    return f"DROP TRIGGER {quote(name)}"
