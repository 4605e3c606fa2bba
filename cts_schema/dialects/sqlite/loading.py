"""A set-based load on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run, unquote

ROW = "INTEGER"
NO_ROW = "NULL"
TEMPORARY_END = ""


def as_text(value: str) -> str:
    """Return a literal or NULL, which needs no type."""
    return value


def json_as_text(value: str) -> str:
    """Return a JSON value as it is: it is text."""
    return value


def text_as_json(text: str) -> str:
    """Return a JSON text as it is."""
    return text


def collected(names: str, values: str) -> str:
    """Return a JSON object of the names and values of a group."""
    return f"json_group_object({names}, json({values}))"


def lacking(value: str, parents: str) -> str:
    """Return the condition that a value is not among the values ``key`` of a query, which runs once."""
    return f"{value} IS NOT NULL AND {value} NOT IN (SELECT key FROM ({parents}) WHERE key IS NOT NULL)"


def next_number(table: str, column: str) -> str:
    """Return the next generated number of a column."""
    return "NULL"


def set_counter(connection: sa.Connection, table: str, column: str, last: int) -> None:
    """Continue the generated numbers of a column after a last one."""
    run(connection, f"DELETE FROM sqlite_sequence WHERE name = {literal(table)}")
    run(connection, f"INSERT INTO sqlite_sequence (name, seq) VALUES ({literal(table)}, {last})")


def last_number(connection: sa.Connection, place: str, column: str | None) -> int | None:
    """Return the last number that a table, given as SQL, gave a row; None where it has not counted by itself."""
    if run(connection, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first() is None:
        return None
    found = run(connection, f"SELECT seq FROM sqlite_sequence WHERE name = {literal(unquote(place))}").scalar()
    return found if isinstance(found, int) else None


def indexes(connection: sa.Connection, table: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return what takes the indexes off a table, and what puts them on again."""
    query = (
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = {literal(table)} AND sql IS NOT NULL"
    )
    found = run(connection, query).all()
    return [f"DROP INDEX {quote(name)}" for name, _ in found], [definition for _, definition in found]


def may_make_temporary_tables(connection: sa.Connection) -> bool:
    """Return True: a file has no privileges."""
    return True


def parents_missing(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return the parent table of each orphan: foreign keys are off during a load."""
    return [row[2] for row in run(connection, f"PRAGMA foreign_key_check({quote(table)})")]


def folded(name: str) -> str:
    """Return a name as the database compares it: in lower case."""
    return name.lower()


def readable(text: str) -> str:
    """Return a text as bytes, so that any content can be read."""
    return f"CAST({text} AS BLOB)"
