"""What others have built on a table or column that a downgrade takes away, for the preview of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.checks import comes_with
from cts_schema.models import Base


def on_table(connection: sa.Connection, table: str) -> Iterator[str]:
    """Yield what of others names ``table``, each with what becomes of it while the table is away."""
    return dialects.of(connection).relations.on_table(connection, table, Base.metadata.tables)


def with_columns(connection: sa.Connection, table: str, columns: Sequence[str]) -> Iterator[str]:
    """Yield what of others goes with ``columns`` of ``table`` and does not come back."""
    tables = Base.metadata.tables.values()
    indexes = [str(index.name) for one in tables for index in one.indexes]
    constraints = [name for column in columns for name in comes_with(table, column)]
    constraints += [str(ours.name) for one in tables for ours in one.constraints]
    found = dialects.of(connection).relations.with_columns(connection, table, columns, indexes, constraints)
    for what in dict.fromkeys(found):
        yield f"{what} goes with its column, and does not come back"
