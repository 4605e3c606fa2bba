"""Adoption from code: the plan, the adoption itself, and the ways on and back from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.adoption.legacy import move_aside
from cts_schema.adoption.legacy import undo as way_back
from cts_schema.adoption.plan.plan import Plan
from cts_schema.database.handle import Database
from cts_schema.database.options import Options, Orphans
from cts_schema.dialects.postgresql.lock import search_path, setting, undone, whole_view
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.exceptions import NextCommand
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.executor import Executor
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Report
from cts_schema.migration.run import run
from cts_schema.migration.state import read_status, require_version_table

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


def plan_adoption(database: Database, orphans: Orphans) -> Plan | None:
    """Say what an adoption would do, or None where there is nothing to adopt; nothing is touched."""
    from cts_schema.adoption.adopt import Adoption

    options = replace(database.options, orphans=orphans)
    with database.connected(reading=True) as connection:
        if not read_status(connection, options).unadopted:
            return None
        with undone(connection), _path(connection, options):
            return Adoption(connection, options, Progress()).plan()


def adopt(database: Database, *, yes: bool, orphans: Orphans, terminal: Terminal | None = None) -> Report:
    """Bring a legacy database in, and on to head; the terminal gets a line for each step."""
    return run(database, Command("upgrade", "head", replace(database.options, yes=yes, orphans=orphans), terminal))


def undo_adoption(database: Database, *, discard_new: bool) -> str:
    """Bring the legacy database back as it was, and say in a sentence what was done."""
    options = database.options
    with database.connected() as connection, process_lock(connection, options.wait):
        require_version_table(connection, options)  # which goes with the new tables
        if connection.dialect.name == "sqlite":
            old, kept = way_back.undo_on_sqlite(connection, options, discard_new=discard_new)
            return f"the old database is back, from {old}; what was there until now is in {kept}"
        undo = partial(way_back.undo_on_postgresql, connection, options.version_table, discard_new=discard_new)
        Executor(connection, options, NextCommand("adopt", undo=True, wait=600)).in_one_transaction(undo)
        return "the old tables are back, with all that hung on them; the new ones are dropped"


def finalize_adoption(database: Database) -> tuple[str, ...]:
    """Drop the legacy tables that PostgreSQL has kept beside the new ones, and return their names."""
    options = database.options
    with database.connected() as connection, process_lock(connection, options.wait):
        if connection.dialect.name == "sqlite":
            return ()
        dropped: list[str] = []
        executor = Executor(connection, options, NextCommand("adopt", finalize=True, wait=600))
        executor.in_one_transaction(lambda: dropped.extend(move_aside.finalize(connection)))
        return tuple(dropped)


@contextmanager
def _path(connection: sa.Connection, options: Options) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        with (
            as_owner(connection, options, reading=True),
            search_path(connection, options.schema),
            setting(connection, "lock_timeout", str(options.milliseconds)),
            whole_view(connection),
        ):
            yield
    else:
        yield
