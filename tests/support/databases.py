"""A database of a test: its URL, its engine, and short ways to ask it something."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from cts_schema.database.engines import create_engine
from cts_schema.dialects.facts import Snapshot
from cts_schema.schema.snapshot import snapshot


class Database:
    """A real database, SQLite or PostgreSQL; disposes its engines at the end."""

    def __init__(self, url: sa.URL) -> None:
        self.location = url
        self.kind = url.get_backend_name()
        self.engine = create_engine(url, write_ahead=False)  # the file stays as a test makes it

    @property
    def url(self) -> str:
        """The URL as a user writes it."""
        return self.location.render_as_string(hide_password=False)

    def async_url(self, driver: str) -> sa.URL:
        """The URL for an asynchronous driver: psycopg, asyncpg or aiosqlite."""
        return self.location.set(drivername=f"{self.kind}+{driver}")

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Execute and commit one statement."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values or {})

    def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values or {})]

    def value(self, query: str, values: Mapping[str, Any] | None = None) -> Any:
        """Return the first value of the first row of a query."""
        return self.rows(query, values)[0][0]

    def snapshot(self) -> Snapshot:
        """Return its schema, all of it."""
        with self.engine.connect() as connection:
            return snapshot(connection)

    def tables(self) -> set[str]:
        """Return the names of the tables."""
        return set(sa.inspect(self.engine).get_table_names())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.engine.dispose()
