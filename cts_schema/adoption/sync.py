"""Adoption from code: the plan, the adoption itself, and the ways on and back from it.

    plan = plan_adoption(url)          # None where there is nothing to adopt
    report = adopt(url, yes=True)      # an upgrade to head that agrees to the plan's decisions
    undo_adoption(url)                 # the old database again
    finalize_adoption(url)             # the old tables go

An ordinary upgrade adopts too, where the plan has no decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.adoption import aside
from cts_schema.adoption import undo as way_back
from cts_schema.adoption.plan import Plan
from cts_schema.database.options import VERSION_TABLE, Options, orphans_of
from cts_schema.database.urls import look_only, prepare_folder
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.lock import Deadline, alone, read_committed, search_path, setting, whole_view
from cts_schema.migration.owner import as_owner
from cts_schema.migration.patience import again_and_again
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Report
from cts_schema.migration.state import read_status, require_version_table
from cts_schema.migration.sync import Target, connected, run

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


def plan_adoption(
    target: Target = None,
    *,
    orphans: str = "quarantine",
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> Plan | None:
    """Say what an adoption would do; nothing is touched.

    Rows are counted and conflicts looked for by real queries, so it takes a while where there are many rows.

    Args:
        target: the database: a URL, an Engine, a Connection, or None for what the environment says.
        orphans: what is to become of rows whose parent is gone: ``quarantine`` or ``fail``.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to look at.
        wait: seconds to wait for what others have locked.

    Returns:
        The plan, or None where there is nothing to adopt: the database is empty, or has a revision already.

    Raises:
        SchemaError: the database cannot be read.
    """
    from cts_schema.adoption.adopt import Adoption

    options = Options(version_table, schema, wait, orphans=orphans_of(orphans))
    with connected(target, look_only, options) as connection:
        if not read_status(connection, options).unadopted:
            return None
        with _rolled_back(connection), _path(connection, options):
            return Adoption(connection, options, Progress()).plan()


def adopt(
    target: Target = None,
    *,
    yes: bool = False,
    orphans: str = "quarantine",
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
    terminal: Terminal | None = None,
) -> Report:
    """Bring an old database in, and on to head.

    Args:
        target: the database.
        yes: agree to the decisions that the plan names.
        orphans: what is to become of rows whose parent is gone: ``quarantine`` keeps them in ``adoption_leftovers``,
            ``fail`` stops before anything is touched.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for another migration and for locked tables.
        terminal: gets a line for each step.

    Raises:
        DecisionNeeded: the plan has decisions, and ``yes`` was not said; nothing was touched.
        SchemaError: another subclass says what is wrong; nothing is half done.
    """
    options = Options(version_table, schema, wait, yes=yes, orphans=orphans_of(orphans))
    return run(target, Command("upgrade", "head", options, terminal))


def undo_adoption(
    target: Target = None,
    *,
    discard_new: bool = False,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> str:
    """Bring the old database back as it was before its adoption, ledger included.

    Args:
        target: the database; of SQLite in no transaction, since the whole file is brought back.
        discard_new: whether what was written since the adoption may go.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for another migration.

    Returns:
        What was done, in a sentence.

    Raises:
        NoAdoption: there is nothing to undo.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said; nothing was touched.
        SchemaError: another subclass says what is wrong; nothing is half done.
    """
    options = Options(version_table, schema, wait)
    with connected(target, prepare_folder, options) as connection, process_lock(wait):
        require_version_table(connection, options)  # which goes with the new tables
        if connection.dialect.name == "sqlite":
            old, kept = way_back.undo_on_sqlite(connection, version_table, wait, discard_new=discard_new)
            return f"the old database is back, from {old}; what was there until now is in {kept}"
        undo = partial(way_back.undo_on_postgresql, connection, version_table, discard_new=discard_new)
        _run_locked(connection, options, undo, "cts-schema adopt --undo --wait 600")
        return "the old tables are back, with all that hung on them; the new ones are dropped"


def finalize_adoption(
    target: Target = None, *, version_table: str = VERSION_TABLE, schema: str | None = None, wait: float = 60.0
) -> tuple[str, ...]:
    """Drop the old tables that PostgreSQL has kept beside the new ones. There is no undo after it.

    Args:
        target: the database.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for another migration.

    Returns:
        What was dropped; nothing on SQLite, whose backup is a file like any other.

    Raises:
        StillInUse: something else depends on the old tables; nothing was dropped.
        SchemaError: another subclass says what is wrong.
    """
    options = Options(version_table, schema, wait)
    with connected(target, prepare_folder, options) as connection, process_lock(wait):
        if connection.dialect.name == "sqlite":
            return ()
        dropped: list[str] = []
        step = "cts-schema adopt --finalize --wait 600"
        _run_locked(connection, options, lambda: dropped.extend(aside.finalize(connection)), step)
        return tuple(dropped)


def _run_locked(connection: sa.Connection, options: Options, run: Callable[[], None], longer: str) -> None:
    """Run something under the lock; again, while others keep tables locked, until the wait of the options is over.

    In a transaction of the caller it runs once: what has failed there cannot be repeated.
    """

    def once() -> None:
        with _locked(connection, options):
            run()

    if connection.in_transaction():
        once()
    else:
        step = f"repeat when there is less traffic, or wait longer: {longer}"
        again_and_again(connection, Deadline(options.wait), once, next_step=step)


@contextmanager
def _locked(connection: sa.Connection, options: Options) -> Iterator[None]:
    """Hold the migration lock, and work in one transaction; the caller's own, where there is one.

    It sees what others have committed while it waited for their tables: an older snapshot would drop that unseen.
    """
    with (
        read_committed(connection),
        nullcontext() if connection.in_transaction() else connection.begin(),
        alone(connection, options, Deadline(options.wait)),
    ):
        yield


@contextmanager
def _path(connection: sa.Connection, options: Options) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        patience = f"{max(1, int(options.wait * 1000))}ms"  # 0 would mean for ever
        with (
            as_owner(connection, options, reading=True),
            search_path(connection, options.schema),
            setting(connection, "lock_timeout", patience),
            whole_view(connection),
        ):
            yield
    else:
        yield


@contextmanager
def _rolled_back(connection: sa.Connection) -> Iterator[None]:
    """Leave nothing behind, and a transaction of the caller as it was."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield
    finally:
        transaction.rollback()
