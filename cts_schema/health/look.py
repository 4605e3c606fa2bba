"""What every check looks at: a connection that cannot write, and the schema that is there, read once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from cts_schema.database.options import Options
from cts_schema.ddl.text import clause, quote
from cts_schema.dialects.postgresql.lock import (
    LOCK_TIMEOUT,
    in_autocommit,
    read_committed,
    search_path,
    undone,
    whole_view,
)
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.fingerprint import Fingerprint, fingerprint
from cts_schema.migration.report import Status
from cts_schema.models import Base

PROBE = 10_000
"""Rows or keys that are looked at of each thing, where not all are."""

_STATEMENT_TIMEOUT = "10s"


@dataclass(frozen=True)
class Look:
    """One look at a database.

    Attributes:
        connection: on PostgreSQL in a read-only transaction whose search path begins with the schema.
        status: where the database stands.
        deep: whether to look at every row.
        version_table: the table that holds the revision.
    """

    connection: sa.Connection
    status: Status
    deep: bool
    version_table: str

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.connection.dialect.name

    @cached_property
    def schema(self) -> Fingerprint:
        """What is there."""
        return fingerprint(self.connection)

    @cached_property
    def tables(self) -> dict[str, sa.Table]:
        """The tables of the models that are there, by name."""
        return {name: table for name, table in Base.metadata.tables.items() if f"table {name}" in self.schema}

    def has(self, table: str, column: str) -> bool:
        """Tell whether a column is there."""
        return f"column {column}" in self.schema.get(f"table {table}", {})

    def comparable(self, *ends: tuple[str, str]) -> bool:
        """Tell whether columns are there, and of one type: others PostgreSQL refuses to compare."""
        types = {
            self.schema[f"table {table}"][f"column {column}"][0] for table, column in ends if self.has(table, column)
        }
        return all(self.has(*end) for end in ends) and (len(types) == 1 or self.dialect == "sqlite")

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the rows of a query. A colon begins a parameter only where there are values."""
        return list(self.connection.execute(sa.text(query) if values else clause(query), values))

    def value(self, query: str, **values: Any) -> Any:
        """Return the first value of the first row of a query."""
        return self.rows(query, **values)[0][0]


def key_of(look: Look, table: sa.Table, alias: str = "c") -> str:
    """Return the key of a row as one text, parts joined by ':', as SQL."""
    keys = [column.name for column in table.primary_key if look.has(table.name, column.name)]
    return " || ':' || ".join(_as_text(look.dialect, f"{alias}.{quote(key)}") for key in keys) or "NULL"


def _as_text(dialect: str, value: str) -> str:
    text = f"CAST({value} AS TEXT)"
    if dialect == "postgresql":
        return text
    return f"CASE typeof({value}) WHEN 'blob' THEN 'x' || quote(hex({value})) ELSE {text} END"  # bytes may be no text


@contextmanager
def reading_only(connection: sa.Connection, options: Options, *, deep: bool) -> Iterator[None]:
    """Let nothing be written within the block, and leave no trace of it. A transaction of the caller goes on after it.

    On PostgreSQL nothing waits for long either: neither for a lock, nor, unless ``deep``, for a statement.

    Raises:
        SchemaMissing: there is no such schema.
        RowsHidden: row security keeps rows from the role.
    """
    if connection.dialect.name == "sqlite":
        with _query_only(connection):
            yield
        return
    # In autocommit there is no transaction that could be read-only.
    with read_committed(connection) if in_autocommit(connection) else nullcontext(), undone(connection):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{'0' if deep else _STATEMENT_TIMEOUT}'")
        with (
            as_owner(connection, options, reading=True),
            nullcontext() if options.schema is None else search_path(connection, options.schema),
            whole_view(connection),
        ):
            yield


@contextmanager
def _query_only(connection: sa.Connection) -> Iterator[None]:
    began = connection.in_transaction()
    before = connection.exec_driver_sql("PRAGMA query_only").scalar_one()
    connection.exec_driver_sql("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA query_only = {before}")
        if not began:
            connection.rollback()
