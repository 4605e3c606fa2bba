"""The database that the routes speak of."""

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
"""A database: its URL, an engine to it, or None for what the environment says."""

READ_WAIT = 2.0
"""Seconds that a look at a SQLite file waits for whoever has it locked."""


@dataclass(frozen=True)
class Place:
    """A database, resolved once.

    Attributes:
        database: its handle, for a migration.
        configured: whether somebody named it; else it is the default.
    """

    database: Database
    configured: bool

    @classmethod
    def of(cls, target: Target, settings: Settings) -> Self:
        """Find out which database is meant.

        Raises:
            SchemaError: what names it cannot be read, or does not fit the options.
        """
        if not isinstance(target, str | sa.URL | sa.Engine | None):
            raise WrongUsage(
                cause="the routes need a URL or an Engine",
                target=type(target).__name__,
                next_step="hand over the URL; for an AsyncEngine that is engine.url",
            )
        database = Database(target, **settings)
        if isinstance(target, sa.Engine):
            return cls(database, True)
        configured = target is not None or database.url != sa.make_url(DEFAULT_URL)
        return cls(replace(database, target=database.url), configured)  # the environment may change meanwhile

    @property
    def kind(self) -> DatabaseType:
        """The kind of database."""
        return dialects.of(self.database.url).name

    def is_there(self) -> bool:
        """Tell whether there is a file, or a server may be asked.

        Raises:
            MissingFolder: not even the folder of the file is there.
        """
        return reading_url(self.database.url) == self.database.url

    @property
    def to_read(self) -> Database:
        """What a look connects to: an empty database in memory instead of a file that is not there."""
        target = self.database.target if self.is_there() else reading_url(self.database.url)
        return replace(self.database, target=target, wait=READ_WAIT)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Look at the database; nothing can be written in the block.

        Raises:
            SchemaError: it cannot be read.
        """
        database = self.to_read
        with (
            database.connected(reading=True) as connection,
            dialects.of(connection).session.reading_only(connection, database.options, deep=False),
        ):
            yield connection
