"""Adoption from code: the plan, the adoption itself, and the ways on and back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.adoption import aside
from cts_schema.adoption import undo as way_back
from cts_schema.adoption.plan import Plan
from cts_schema.database.handle import Database
from cts_schema.database.options import Options, Orphans
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.deadline import Deadline
from cts_schema.migration.lock import alone, read_committed, search_path, setting, whole_view
from cts_schema.migration.owner import as_owner
from cts_schema.migration.patience import again_and_again
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Report
from cts_schema.migration.run import run
from cts_schema.migration.state import read_status, require_version_table

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


def plan_adoption(database: Database, orphans: Orphans) -> Plan | None:
    """Say what an adoption would do, or None where there is nothing to adopt; nothing is touched."""
    from cts_schema.adoption.adopt import Adoption

    options = database.options(orphans=orphans)
    with database.connected(looking=True) as connection:
        if not read_status(connection, options).unadopted:
            return None
        with _rolled_back(connection), _path(connection, options):
            return Adoption(connection, options, Progress()).plan()


def adopt(database: Database, *, yes: bool, orphans: Orphans, terminal: Terminal | None = None) -> Report:
    """Bring a legacy database in, and on to head; the terminal gets a line for each step."""
    return run(database, Command("upgrade", "head", database.options(yes=yes, orphans=orphans), terminal))


def undo_adoption(database: Database, *, discard_new: bool) -> str:
    """Bring the legacy database back as it was, and say in a sentence what was done."""
    options = database.options()
    with database.connected() as connection, process_lock(connection, options.wait):
        require_version_table(connection, options)  # which goes with the new tables
        if connection.dialect.name == "sqlite":
            old, kept = way_back.undo_on_sqlite(connection, options, discard_new=discard_new)
            return f"the old database is back, from {old}; what was there until now is in {kept}"
        undo = partial(way_back.undo_on_postgresql, connection, options.version_table, discard_new=discard_new)
        _run_locked(connection, options, undo, "cts-schema adopt --undo --wait 600")
        return "the old tables are back, with all that hung on them; the new ones are dropped"


def finalize_adoption(database: Database) -> tuple[str, ...]:
    """Drop the legacy tables that PostgreSQL has kept beside the new ones, and return their names."""
    options = database.options()
    with database.connected() as connection, process_lock(connection, options.wait):
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
