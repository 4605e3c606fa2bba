"""SQL of the revision that runs: quoted, asked and executed, online and in an offline script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def offline() -> bool:
    """Tell whether a script is written, and nobody can look what is there."""
    return op.get_context().as_sql


def on_postgresql() -> bool:
    """Tell whether the revision runs, or is scripted, for PostgreSQL."""
    return op.get_context().dialect.name == "postgresql"


def exists(table: str) -> bool:
    """Tell whether there is a table of that name."""
    return sa.inspect(op.get_bind()).has_table(table)


def execute(statement: str) -> None:
    """Execute a statement, or write it into the script."""
    op.execute(text(statement))


def rows(query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return [tuple(row) for row in op.get_bind().execute(text(query))]


def scalar(query: str) -> Any:
    """Return the first value of the first row of a query."""
    return op.get_bind().execute(text(query)).scalar()


def any_row(table: str, condition: str) -> bool:
    """Tell whether a row ``t`` of ``table``, as SQL takes it, satisfies a condition."""
    return bool(scalar(f"SELECT EXISTS (SELECT 1 FROM {table} AS t WHERE {condition})"))


def text(statement: str) -> sa.TextClause:
    """Return SQL in which a colon is a colon."""
    return sa.text(statement.replace(":", r"\:"))


def names(columns: Sequence[str]) -> str:
    """Return names as SQL lists them."""
    return ", ".join(map(quote, columns))


def quote(name: str) -> str:
    """Return a name as SQL takes it."""
    if "%" in name:  # the preparer would double it, and text() once more
        return '"' + name.replace('"', '""') + '"'
    return op.get_context().dialect.identifier_preparer.quote(name)


def literal(value: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + value.replace("'", "''") + "'"
