"""Queries and statements of the running revision, online and in an offline script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl.text import clause


def offline() -> bool:
    """Return whether an offline script is written, which cannot inspect the database."""
    return op.get_context().as_sql


def empty() -> bool:
    """Return whether a script is for a new database, without preserved tables or users."""
    return bool(op.get_context().opts.get("empty"))


def replayed() -> bool:
    """Return whether a replay follows the revision, and nothing is executed."""
    return bool(op.get_context().opts.get("replayed"))


def on_postgresql() -> bool:
    """Return whether the revision runs, or is scripted, for PostgreSQL."""
    return op.get_context().dialect.name == "postgresql"


def exists(table: str) -> bool:
    """Return whether a table with that name exists; a view does not count."""
    return table in sa.inspect(op.get_bind()).get_table_names()


def execute(statement: str) -> None:
    """Execute a statement, or write it to the script."""
    op.execute(clause(statement))


def execute_declared(statement: str, *, declares: Callable[[], None]) -> None:
    """Execute SQL that changes the schema, and say what it changes, so that the declared state follows.

    Args:
        statement: SQL of the running database.
        declares: calls the operations that have the same effect on a schema; they are replayed, and not executed.
    """
    if replayed():
        declares()
    else:
        execute(statement)


def rows(query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return [tuple(row) for row in op.get_bind().execute(clause(query))]


def scalar(query: str) -> Any:
    """Return the first value of the first row of a query."""
    return op.get_bind().execute(clause(query)).scalar()


def any_row(table: str, condition: str) -> bool:
    """Return whether a row ``t`` of ``table``, given as SQL, meets a condition."""
    return bool(scalar(f"SELECT EXISTS (SELECT 1 FROM {table} AS t WHERE {condition})"))
