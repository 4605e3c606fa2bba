"""The database of the routes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.database.handle import Database, Settings
from cts_schema.database.urls import DEFAULT_URL, reading_url
from cts_schema.exceptions import WrongUsage
from cts_schema.web.schemas import DatabaseType

Target = str | sa.URL | sa.Engine | None
"""A database: its URL, an engine, or None for the one that the environment names."""

READ_WAIT = 2.0
"""Seconds that a read waits for the lock of a SQLite file."""


@dataclass(frozen=True)
class Place:
    """A database, resolved once.

    Attributes:
        database: its handle, for a migration.
        configured: whether it was named; otherwise it is the default.
    """

    database: Database
    configured: bool

    @classmethod
    def of(cls, target: Target, settings: Settings) -> Self:
        """Resolve the database.

        Raises:
            SchemaError: the URL cannot be read, or does not fit the options.
        """
        if not isinstance(target, str | sa.URL | sa.Engine | None):
            raise WrongUsage(
                cause="the routes need a URL or an Engine",
                target=type(target).__name__,
                next_step="pass the URL; for an AsyncEngine that is engine.url",
            )
        database = Database(target, **settings)
        if isinstance(target, sa.Engine):
            return cls(database, True)
        configured = target is not None or database.url != sa.make_url(DEFAULT_URL)
        return cls(replace(database, target=database.url), configured)  # the environment may change meanwhile

    @property
    def kind(self) -> DatabaseType:
        """The engine of the database."""
        return dialects.of(self.database.url).name

    def is_there(self) -> bool:
        """Return whether the SQLite file exists; always true for a server.

        Raises:
            MissingFolder: the folder of the file does not exist.
        """
        return reading_url(self.database.url) == self.database.url

    @property
    def to_read(self) -> Database:
        """The handle for reading: an empty database in memory instead of a missing file."""
        target = self.database.target if self.is_there() else reading_url(self.database.url)
        return replace(self.database, target=target, wait=READ_WAIT)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Connect to read the database; the block cannot write.

        Raises:
            SchemaError: it cannot be read.
        """
        database = self.to_read
        with (
            database.connected(reading=True) as connection,
            dialects.of(connection).session.reading_only(connection, database.options, deep=False),
        ):
            yield connection
