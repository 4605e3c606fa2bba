"""The handle of a database: its URL, its options, and its connection."""

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
"""A database: its URL, an engine, a connection, or None for the one that the environment names."""

LENT = "cts_schema_lent"
"""The execution option of a connection that this package opened: the URL that it was opened for."""
LOCK_TIMEOUT_OPTION = "cts_schema_lock_timeout"
"""The execution option of an engine made for one run: milliseconds to wait for a locked table.

An engine of the caller lacks it: there the check for head is one query, and waits as its session is configured.
"""


class Settings(TypedDict, total=False):
    """The keyword arguments that every function of the package accepts.

    Attributes:
        version_table: the table that holds the revision; default ``alembic_version``.
        schema: the PostgreSQL schema to work in; None, the default, means the first of the search path.
        wait: seconds to wait for another migration and for locks; default 60.
    """

    version_table: str
    schema: str | None
    wait: float


@dataclass(frozen=True)
class Database:
    """A database and its options. Every operation takes one.

    Attributes:
        target: the database.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in; None means the first of the search path.
        wait: seconds to wait for another migration and for locks.
    """

    target: Target = None
    version_table: str = VERSION_TABLE
    schema: str | None = None
    wait: float = 60.0

    @cached_property
    def url(self) -> sa.URL:
        """The URL with its password, for a synchronous driver.

        Raises:
            WrongUsage: the target is not a database, or the options do not fit it.
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
        """The URL with credentials masked, for reports, messages and logs."""
        return mask_url(self.url)

    @property
    def is_ours(self) -> bool:
        """Whether this package opens the connection; otherwise transaction and settings belong to the caller."""
        return not isinstance(self.target, sa.Connection) or LENT in self.target.get_execution_options()

    @property
    def options(self) -> Options:
        """The options of a run."""
        return Options(self.version_table, self.schema, self.wait)

    @contextmanager
    def connected(self, *, reading: bool = False) -> Iterator[sa.Connection]:
        """Connect for the time of the block, and raise errors of the driver as ours.

        Args:
            reading: write nothing, so that a missing SQLite file is not created.
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
