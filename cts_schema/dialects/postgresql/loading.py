"""A set-based load on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run

ROW = "tid"
NO_ROW = "NULL::tid"
TEMPORARY_END = " ON COMMIT DROP"


def as_text(value: str) -> str:
    """Return a literal or NULL as text, because a column of a query must have a type."""
    return f"{value}::text"


def json_as_text(value: str) -> str:
    """Return a JSON value as text."""
    return f"{value}::text"


def text_as_json(text: str) -> str:
    """Return a text as JSON."""
    return f"({text})::jsonb"


def collected(names: str, values: str) -> str:
    """Return a JSON object of the names and values of a group."""
    return f"jsonb_object_agg({names}, {values})"


def lacking(value: str, parents: str) -> str:
    """Return the condition that a value is not among the values ``key`` of a query."""
    # An anti join works for any number of parents; NOT IN would run row by row if they do not fit into memory.
    return f"{value} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ({parents}) p WHERE p.key = {value})"


def next_number(table: str, column: str) -> str:
    """Return the next generated number of a column."""
    return f"nextval(pg_get_serial_sequence('{table}', '{column}'))"


def set_counter(connection: sa.Connection, table: str, column: str, last: int) -> None:
    """Continue the generated numbers of a column after a last one."""
    run(connection, f"SELECT setval(pg_get_serial_sequence({literal(quote(table))}, {literal(column)}), {last})")


def last_number(connection: sa.Connection, place: str, column: str | None) -> int | None:
    """Return the last number that a table, given as SQL, gave a row; None where it has not counted by itself."""
    if column is None:
        return None
    sequence = run(connection, f"SELECT pg_get_serial_sequence({literal(place)}, {literal(column)})").scalar()
    found = run(connection, f"SELECT last_value FROM {sequence} WHERE is_called").scalar() if sequence else None
    return found if isinstance(found, int) else None


_FOREIGN_KEYS = """
SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
 WHERE contype = 'f' AND conrelid = to_regclass({table}) ORDER BY conname
"""
_INDEXES = """
SELECT quote_ident(x.relname), pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
 WHERE i.indrelid = to_regclass({table})
   AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
 ORDER BY x.relname
"""


def indexes(connection: sa.Connection, table: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return what takes indexes and foreign keys off a table, and what puts them on again."""
    named, alter = literal(quote(table)), f"ALTER TABLE {quote(table)}"
    keys = run(connection, _FOREIGN_KEYS.format(table=named)).all()
    found = run(connection, _INDEXES.format(table=named)).all()
    added = ", ".join(f"ADD CONSTRAINT {name} {definition}" for name, definition in keys)
    return (
        [*(f"{alter} DROP CONSTRAINT {name}" for name, _ in keys), *(f"DROP INDEX {name}" for name, _ in found)],
        [
            *(definition for _, definition in found),
            *([f"{alter} {added}"] if keys else []),
            f"ANALYZE {quote(table)}",  # not before autovacuum comes by would a query be planned well
        ],
    )


def may_make_temporary_tables(connection: sa.Connection) -> bool:
    """Return whether the user may create temporary tables."""
    return bool(run(connection, "SELECT has_database_privilege(current_database(), 'TEMPORARY')").scalar_one())


def parents_missing(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return nothing: PostgreSQL checks foreign keys as they are restored."""
    return ()


def folded(name: str) -> str:
    """Return a name as the database compares it: unchanged."""
    return name


def readable(text: str) -> str:
    """Return a text as it is."""
    return text
