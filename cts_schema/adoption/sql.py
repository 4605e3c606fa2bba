"""The few expressions of SQL that the two databases spell differently."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import quote, run
from cts_schema.dialects.sqlite.reals import text_of


def row_id(dialect: str, columns: Collection[str]) -> str:
    """Return the column by which a database finds a row; it stays the same while nobody changes the row.

    SQLite has three names for it, and a table may call columns of its own so.
    """
    if dialect == "postgresql":
        return "ctid"
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in columns), "rowid")


def is_without_rowid(connection: sa.Connection, table: str) -> bool:
    """Tell whether a table of SQLite numbers no rows: such a table is the index of its key (SQLite lists it as one)."""
    return run(connection, f"PRAGMA main.index_info({quote(table)})").first() is not None


def differs(dialect: str, one: str, other: str) -> str:
    """Return the condition that two values differ, NULL being a value."""
    return f"({one}) IS NOT ({other})" if dialect == "sqlite" else f"({one}) IS DISTINCT FROM ({other})"


def as_text(dialect: str, value: str) -> str:
    """Return a value of any type as text, a number with all its digits."""
    if dialect == "postgresql":
        return f"CAST({value} AS TEXT)"
    return f"CASE typeof({value}) WHEN 'real' THEN {text_of(value)} ELSE CAST({value} AS TEXT) END"


def balanced(parts: Sequence[str], operator: str) -> str:
    """Join many expressions in pairs of pairs: SQLite nests at most 1,000 of them in each other."""
    if len(parts) < 3:
        return f" {operator} ".join(parts)
    half = len(parts) // 2
    return f"({balanced(parts[:half], operator)}) {operator} ({balanced(parts[half:], operator)})"


def as_json(dialect: str, value: str) -> str:
    """Return a value of any type as JSON, with all its digits; what is no text as SQLite's hexadecimal literal."""
    if dialect == "postgresql":
        return f"to_jsonb({value})"
    return (
        f"json(CASE typeof({value}) WHEN 'blob' THEN json_quote('x''' || lower(hex({value})) || '''') "
        f"WHEN 'real' THEN CASE WHEN abs({value}) = 9e999 THEN json_quote({text_of(value)}) ELSE {text_of(value)} END "
        f"ELSE json_quote({value}) END)"
    )
