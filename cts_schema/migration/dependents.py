"""The unmanaged objects on a table or column that a downgrade removes, for its preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.checks import comes_with
from cts_schema.managed import managed_tables


def on_table(connection: sa.Connection, table: str) -> Iterator[str]:
    """Yield the unmanaged objects that use ``table``, each with its behaviour while the table is preserved."""
    return dialects.of(connection).relations.on_table(connection, table, managed_tables())


def with_columns(connection: sa.Connection, table: str, columns: Sequence[str]) -> Iterator[str]:
    """Yield the unmanaged objects that are lost with ``columns`` of ``table``."""
    from cts_schema.models import Base  # a run that drops no column does not need it

    tables = Base.metadata.tables.values()
    indexes = [str(index.name) for one in tables for index in one.indexes]
    constraints = [name for column in columns for name in comes_with(table, column)]
    constraints += [str(ours.name) for one in tables for ours in one.constraints]
    found = dialects.of(connection).relations.with_columns(connection, table, columns, indexes, constraints)
    for what in dict.fromkeys(found):
        yield f"{what} is dropped with its column, and cannot be restored"
