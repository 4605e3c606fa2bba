"""``initialize``, ``upgrade``, ``downgrade`` and ``status`` for a URL, an Engine or a Connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.database.engines import migration_engine
from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.database.urls import look_only, prepare_folder, resolve_url, sync_url
from cts_schema.driver_errors import translate_errors
from cts_schema.exceptions import DatabaseUnreachable, WrongUsage, mask_url
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.report import Report, Status
from cts_schema.migration.state import IMPATIENT, read_status

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal

Target = str | sa.URL | sa.Engine | sa.Connection | None
"""A database: its URL, an engine or connection to it, or None for what the environment says."""


def initialize(
    target: Target = None,
    *,
    deadline: float = 30.0,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> Report:
    """Make a database ready for the application: connect, bring the schema to head, report. For every start-up.

    On a database at head it costs one query and does not import Alembic.

    Args:
        target: the database; None means what the environment says, or else ``data/cts.db``.
        deadline: seconds to go on trying to connect while the server cannot be reached.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in; None means the first of the search path.
        wait: seconds to wait for another migration and for locked tables.

    Returns:
        What was done; ``applied`` is empty when there was nothing to do.

    Raises:
        SchemaError: a subclass says what is wrong, where, and what to do next; nothing is half done.
    """
    end = time.monotonic() + deadline
    pause = 0.1
    while True:
        try:
            return upgrade(target, version_table=version_table, schema=schema, wait=wait)
        except DatabaseUnreachable:
            if time.monotonic() + pause > end:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 2.0)


def upgrade(
    target: Target = None,
    revision: str = "head",
    *,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
    terminal: Terminal | None = None,
) -> Report:
    """Bring a database up to ``revision``.

    A Connection in a transaction is used as it is: the caller commits or rolls back. On SQLite that is refused while
    foreign keys are on, for a rebuild of a table would then delete the rows that refer to it.

    Args:
        target: the database.
        revision: the revision to reach, ``head``, or ``+N``.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for another migration and for locked tables.
        terminal: prints each step and how it ended; None prints nothing.

    Raises:
        SchemaError: a subclass says what is wrong, where, and what to do next; nothing is half done.
    """
    return run(target, Command("upgrade", revision, Options(version_table, schema, wait), terminal))


def downgrade(
    target: Target,
    revision: str,
    *,
    yes: bool = True,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
    terminal: Terminal | None = None,
) -> Report:
    """Take a database down to ``revision``. Rows and values that would be dropped are kept, see docs/revisions.md.

    Args:
        target: the database.
        revision: the revision to reach, ``base``, or ``-N``.
        yes: agree to what is dropped; else any value that would be is an error, and nothing is done.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for another migration and for locked tables.
        terminal: prints each step and how it ended; None prints nothing.

    Raises:
        DataWouldBeDropped: tables or columns with values in them would be, and ``yes`` is false.
        SchemaError: another subclass says what is wrong, where, and what to do next; nothing is half done.
    """
    options = Options(version_table, schema, wait, may_drop=yes)
    return run(target, Command("downgrade", revision, options, terminal))


def status(
    target: Target = None, *, version_table: str = VERSION_TABLE, schema: str | None = None, wait: float = 60.0
) -> Status:
    """Tell where a database stands: its revision, what is pending, what the ledger lacks. Writes nothing.

    Args:
        target: the database.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to look at.
        wait: seconds to wait for another program that has a SQLite file locked.

    Raises:
        SchemaError: the database cannot be read.
    """
    options = Options(version_table, schema, wait)
    with connected(target, look_only, options) as connection:
        found = read_status(connection, options)
    # Instead of a file that is not there, an empty database in memory was looked at.
    return replace(found, database=mask_url(url_of(target)))


def run(target: Target, command: Command) -> Report:
    """Run a command on a database, unless it would find nothing to do."""
    with connected(target, prepare_folder, command.options) as connection:
        if not command.has_nothing_to_do(connection):
            with process_lock(command.options.wait):
                command.run(connection, owned=not isinstance(target, sa.Connection))
    return command.report()


def url_of(target: Target) -> sa.URL:
    """Return the URL of a database, for a driver that is not asynchronous.

    Raises:
        WrongUsage: the target is none.
    """
    if isinstance(target, sa.Engine | sa.Connection):
        return sync_url(target.engine.url)
    if target is None or isinstance(target, str | sa.URL):
        return sync_url(resolve_url(target))
    raise WrongUsage(target=type(target).__name__, expected="a URL, an Engine or a Connection")


@contextmanager
def connected(target: Target, place: Callable[[sa.URL], sa.URL], options: Options) -> Iterator[sa.Connection]:
    """Connect to a database for the time of the block; errors of its driver are raised as ours.

    Args:
        target: the database.
        place: what is to be done about the place of a SQLite file.
        options: those of the run.
    """
    if target is None or isinstance(target, str | sa.URL):
        url = sync_url(resolve_url(target))
        options.require_fit(url)
        target = migration_engine(place(url), wait=options.wait)
        target = target.execution_options(**{IMPATIENT: options.milliseconds})
    if not isinstance(target, sa.Engine | sa.Connection):
        raise WrongUsage(
            target=type(target).__name__,
            expected="a URL, an Engine or a Connection",
            next_step="for an AsyncEngine or AsyncConnection: await upgrade_async(...)",
        )
    url = target.engine.url
    options.require_fit(url)
    with translate_errors(url):
        if isinstance(target, sa.Connection):
            yield target
            return
        with target.connect() as connection:
            yield connection
