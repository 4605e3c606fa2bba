"""SQL of the revision that runs: asked and executed, online and in an offline script."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl.text import clause


def offline() -> bool:
    """Tell whether a script is written, and nobody can look what is there."""
    return op.get_context().as_sql


def empty() -> bool:
    """Tell whether a script is for a new database: nothing is preserved in it, and nobody uses it yet."""
    return bool(op.get_context().opts.get("empty"))


def on_postgresql() -> bool:
    """Tell whether the revision runs, or is scripted, for PostgreSQL."""
    return op.get_context().dialect.name == "postgresql"


def exists(table: str) -> bool:
    """Tell whether there is a table of that name; a view is none."""
    return table in sa.inspect(op.get_bind()).get_table_names()


def execute(statement: str) -> None:
    """Execute a statement, or write it into the script."""
    op.execute(clause(statement))


def rows(query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return [tuple(row) for row in op.get_bind().execute(clause(query))]


def scalar(query: str) -> Any:
    """Return the first value of the first row of a query."""
    return op.get_bind().execute(clause(query)).scalar()


def any_row(table: str, condition: str) -> bool:
    """Tell whether a row ``t`` of ``table``, as SQL takes it, satisfies a condition."""
    return bool(scalar(f"SELECT EXISTS (SELECT 1 FROM {table} AS t WHERE {condition})"))
