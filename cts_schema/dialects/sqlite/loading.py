"""A load by sets, as SQLite spells it."""

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
    """Return a value of JSON as text, which it is."""
    return value


def text_as_json(text: str) -> str:
    """Return a text of JSON, which it may stay."""
    return text


def collected(names: str, values: str) -> str:
    """Return the JSON object of the names and values of a group."""
    return f"json_group_object({names}, json({values}))"


def lacking(value: str, parents: str) -> str:
    """Return the condition that a value is none of those that a query gives as ``key``: a list that is made once."""
    return f"{value} IS NOT NULL AND {value} NOT IN (SELECT key FROM ({parents}) WHERE key IS NOT NULL)"


def next_number(table: str, column: str) -> str:
    """Return the number of a row, which only the database can give."""
    return "NULL"


def set_counter(connection: sa.Connection, table: str, column: str, last: int) -> None:
    """Let the numbers of a column go on after a last one."""
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
    """Return True: a file asks nobody."""
    return True


def parents_missing(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return for each row that lacks one it refers to the table of that: foreign keys are off during a load."""
    return [row[2] for row in run(connection, f"PRAGMA foreign_key_check({quote(table)})")]


def folded(name: str) -> str:
    """Return a name as it is compared: in any case of letters."""
    return name.lower()


def readable(text: str) -> str:
    """Return a text so that it can be read whatever is in it: as bytes."""
    return f"CAST({text} AS BLOB)"
