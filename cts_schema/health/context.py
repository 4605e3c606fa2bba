"""What every check reads: a read-only connection, and the schema of the database, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.text import clause, quote
from cts_schema.dialects.facts import ForeignKey, IndexUse, Snapshot
from cts_schema.dialects.interface import Dialect
from cts_schema.migration.report import Status
from cts_schema.models import Base

PROBE = 10_000
"""How many rows or keys a check samples without ``deep``."""

_STATEMENT_TIMEOUT = "10s"


@dataclass(frozen=True)
class CheckContext:
    """A database to check.

    Attributes:
        connection: on PostgreSQL in a read-only transaction whose search path begins with the schema.
        status: the status of the database.
        deep: whether to read every row.
        version_table: the table that holds the revision.
    """

    connection: sa.Connection
    status: Status
    deep: bool
    version_table: str

    @cached_property
    def dialect(self) -> Dialect:
        """The dialect of the database."""
        return dialects.of(self.connection)

    @cached_property
    def schema(self) -> Snapshot:
        """The schema of the database."""
        return self.dialect.shape.snapshot(self.connection)

    @cached_property
    def head(self) -> Snapshot:
        """The schema of the models, with expressions as the database words them."""
        shape = self.dialect.shape
        return shape.worded(self.connection, shape.expected(Base.metadata), self.schema)

    @cached_property
    def foreign_keys(self) -> Sequence[ForeignKey]:
        """The foreign keys of the database."""
        return self.dialect.catalogue.foreign_keys(self.connection)

    @cached_property
    def index_use(self) -> Sequence[IndexUse]:
        """The use of each index."""
        return self.dialect.catalogue.index_use(self.connection)

    @cached_property
    def tables(self) -> dict[str, sa.Table]:
        """The tables of the models that exist, by name."""
        return {name: table for name, table in Base.metadata.tables.items() if name in self.schema.tables}

    def has(self, table: str, column: str) -> bool:
        """Return whether a column exists."""
        there = self.schema.tables.get(table)
        return there is not None and column in there.columns

    def comparable(self, *ends: tuple[str, str]) -> bool:
        """Return whether columns exist and have one type; PostgreSQL refuses to compare different types."""
        types = {self.schema.tables[table].columns[column].type for table, column in ends if self.has(table, column)}
        return all(self.has(*end) for end in ends) and (len(types) == 1 or not self.dialect.keeps_types)

    def columns(self, table: str) -> list[str]:
        """Return the columns of an existing table."""
        return list(self.schema.tables[table].columns)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the rows of a query. A colon begins a parameter only if values are given."""
        return list(self.connection.execute(sa.text(query) if values else clause(query), values))

    def value(self, query: str, **values: Any) -> Any:
        """Return the first value of the first row of a query."""
        return self.rows(query, **values)[0][0]


def key_of(context: CheckContext, table: sa.Table, alias: str = "c") -> str:
    """Return an SQL expression for the key of a row as one text, its parts joined by ':'."""
    keys = [column.name for column in table.primary_key if context.has(table.name, column.name)]
    return " || ':' || ".join(context.dialect.sql.key_text(f"{alias}.{quote(key)}") for key in keys) or "NULL"
