"""The database that the routes speak of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa

from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.database.urls import DEFAULT_URL, look_only, resolve_url, sync_url
from cts_schema.exceptions import WrongUsage, mask_url
from cts_schema.health.look import reading_only
from cts_schema.migration.sync import connected
from cts_schema.web.answers import DatabaseType

Target = str | sa.URL | sa.Engine | None
"""A database: its URL, an engine to it, or None for what the environment says."""

READ_WAIT = 2.0
"""Seconds that a look at a SQLite file waits for whoever has it locked."""


@dataclass(frozen=True)
class Place:
    """A database, resolved once.

    Attributes:
        target: its URL, or an engine to it.
        configured: whether somebody named it; else it is the default.
        options: those of a migration.
    """

    target: sa.URL | sa.Engine
    configured: bool
    options: Options

    @classmethod
    def of(
        cls,
        target: Target,
        *,
        version_table: str = VERSION_TABLE,
        schema: str | None = None,
        wait: float = 60.0,
    ) -> Self:
        """Find out which database is meant.

        Raises:
            SchemaError: what names it cannot be read, or does not fit the options.
        """
        options = Options(version_table, schema, wait)
        if target is None or isinstance(target, str | sa.URL):
            url = sync_url(resolve_url(target))
            made = cls(url, target is not None or url != sa.make_url(DEFAULT_URL), options)
        elif isinstance(target, sa.Engine):
            made = cls(target, True, options)
        else:
            raise WrongUsage(
                cause="the routes need a URL or an Engine",
                target=type(target).__name__,
                next_step="hand over the URL; for an AsyncEngine that is engine.url",
            )
        options.require_fit(made.url)
        return made

    @property
    def url(self) -> sa.URL:
        """The URL, with its password."""
        return self.target.url if isinstance(self.target, sa.Engine) else self.target

    @property
    def shown(self) -> str:
        """The URL, with credentials masked."""
        return mask_url(self.url)

    @property
    def kind(self) -> DatabaseType:
        """The kind of database."""
        return "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"

    def is_there(self) -> bool:
        """Tell whether there is a file, or a server may be asked.

        Raises:
            MissingFolder: not even the folder of the file is there.
        """
        return look_only(self.url) == self.url

    @property
    def to_read(self) -> sa.URL | sa.Engine:
        """What a look connects to: an empty database in memory instead of a file that is not there."""
        return self.target if self.is_there() else look_only(self.url)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Look at the database; nothing can be written in the block.

        Raises:
            SchemaError: it cannot be read.
        """
        options = Options(self.options.version_table, self.options.schema, READ_WAIT)
        with (
            connected(self.to_read, look_only, options) as connection,
            reading_only(connection, options, deep=False),
        ):
            yield connection
