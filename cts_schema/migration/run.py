"""Runs from code: upgrade, downgrade and status."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cts_schema.database.handle import Database
from cts_schema.dialects.deadline import Deadline
from cts_schema.exceptions import DatabaseUnreachable
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.report import Report, Status
from cts_schema.migration.state import read_status

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


def initialize(database: Database, deadline: float) -> Report:
    """Upgrade a database to head, with retries for ``deadline`` seconds while its server cannot be reached."""
    pauses = Deadline(deadline).pauses()
    while True:
        try:
            return upgrade(database)
        except DatabaseUnreachable:
            if (pause := next(pauses, None)) is None:
                raise
        time.sleep(pause)


def upgrade(
    database: Database, revision: str = "head", *, checkpoint: bool = True, terminal: Terminal | None = None
) -> Report:
    """Upgrade a database to a revision; print a line for each step at a terminal."""
    return run(database, Command("upgrade", revision, replace(database.options, checkpoint=checkpoint), terminal))


def downgrade(database: Database, revision: str, *, yes: bool = True, terminal: Terminal | None = None) -> Report:
    """Downgrade a database to a revision; print a line for each step at a terminal."""
    return run(database, Command("downgrade", revision, replace(database.options, may_drop=yes), terminal))


def status(database: Database) -> Status:
    """Return the status of a database."""
    with database.connected(reading=True) as connection:
        found = read_status(connection, database.options)
    # For a missing file this was an empty database in memory.
    return replace(found, database=database.name)


def run(database: Database, command: Command) -> Report:
    """Run a command on a database, unless it would find nothing to do."""
    with database.connected() as connection:
        if not command.has_nothing_to_do(connection):
            with process_lock(connection, command.options.wait):
                command.run(connection, owned=database.is_ours)
    return command.report()
