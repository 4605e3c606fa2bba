"""The handle of a database: which one is meant, how it is worked with, and how it is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

import sqlalchemy as sa

from cts_schema.database.engines import migration_engine
from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.database.urls import prepare_folder, reading_url, resolve_url, sync_url
from cts_schema.dialects.errors import translate_errors
from cts_schema.exceptions import WrongUsage, mask_url

Target = str | sa.URL | sa.Engine | sa.Connection | None
"""A database: its URL, an engine or connection to it, or None for what the environment says."""

LENT = "cts_schema_lent"
"""The execution option of a connection that is no caller's: the URL that it was made for."""
LOCK_TIMEOUT_OPTION = "cts_schema_lock_timeout"
"""The execution option of an engine made for one run: milliseconds to wait for a table that somebody has locked.

An engine of the caller has none: there the question "at head?" is one query, and waits as its session is set to.
"""


class Settings(TypedDict, total=False):
    """What every function of the package may be told about its database.

    Attributes:
        version_table: the table that holds the revision, ``alembic_version`` unless the database has another Alembic.
        schema: the PostgreSQL schema to work in; None, the default, means the first of the search path.
        wait: seconds to wait for another migration and for what others have locked; 60 by default.
    """

    version_table: str
    schema: str | None
    wait: float


@dataclass(frozen=True)
class Database:
    """A database and how it is worked with. Every operation takes one.

    Attributes:
        target: the database.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in; None means the first of the search path.
        wait: seconds to wait for another migration and for what others have locked.
    """

    target: Target = None
    version_table: str = VERSION_TABLE
    schema: str | None = None
    wait: float = 60.0

    @cached_property
    def url(self) -> sa.URL:
        """Its URL, with the password, for a driver that is not asynchronous.

        Raises:
            WrongUsage: the target is no database, or the settings do not fit it.
            WrongUrl, UnknownScheme: the URL cannot be read.
        """
        if isinstance(self.target, sa.Engine | sa.Connection):
            lent = self.target.get_execution_options().get(LENT)
            url = sync_url(lent or self.target.engine.url)
        elif self.target is None or isinstance(self.target, str | sa.URL):
            url = sync_url(resolve_url(self.target))
        else:
            raise WrongUsage(
                target=type(self.target).__name__,
                expected="a URL, an Engine or a Connection",
                next_step="for an AsyncEngine or AsyncConnection: await upgrade_async(...)",
            )
        self.options.require_fit(url)
        return url

    @property
    def name(self) -> str:
        """Its URL, with credentials masked: for reports, messages and logs."""
        return mask_url(self.url)

    @property
    def is_ours(self) -> bool:
        """Whether the connection is none of the caller's, whose transaction and settings would be his."""
        return not isinstance(self.target, sa.Connection) or LENT in self.target.get_execution_options()

    @property
    def options(self) -> Options:
        """The options of a run on it."""
        return Options(self.version_table, self.schema, self.wait)

    @contextmanager
    def connected(self, *, reading: bool = False) -> Iterator[sa.Connection]:
        """Connect to it for the time of the block; errors of its driver are raised as ours.

        Args:
            reading: nothing is written, so that a SQLite file that is not there is not made either.
        """
        url, target = self.url, self.target
        if isinstance(target, sa.Connection):
            with translate_errors(target.engine.url):
                yield target
            return
        if not isinstance(target, sa.Engine):
            engine = migration_engine((reading_url if reading else prepare_folder)(url), wait=self.wait)
            target = engine.execution_options(**{LOCK_TIMEOUT_OPTION: self.options.milliseconds})
        with translate_errors(target.url), target.connect() as connection:
            yield connection
