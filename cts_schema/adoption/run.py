"""Adoption from code: the plan, the adoption itself, and the ways on and back from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cts_schema import dialects
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.plan.plan import Plan
from cts_schema.database.handle import Database
from cts_schema.database.options import Orphans
from cts_schema.migration.command import Command, process_lock
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Report
from cts_schema.migration.run import run
from cts_schema.migration.state import read_status, require_version_table

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


def plan_adoption(database: Database, orphans: Orphans) -> Plan | None:
    """Say what an adoption would do, or None where there is nothing to adopt; nothing is touched."""
    from cts_schema.adoption.plan.planning import make_plan

    options = replace(database.options, orphans=orphans)
    with database.connected(reading=True) as connection:
        if not read_status(connection, options).unadopted:
            return None
        session = dialects.of(connection).session
        with session.undone(connection, options, milliseconds=options.milliseconds):
            return make_plan(Engine(connection), options, Progress()).plan


def adopt(database: Database, *, yes: bool, orphans: Orphans, terminal: Terminal | None = None) -> Report:
    """Adopt a legacy database, and go on to head; the terminal gets a line for each step."""
    return run(database, Command("upgrade", "head", replace(database.options, yes=yes, orphans=orphans), terminal))


def undo_adoption(database: Database, *, discard_new: bool) -> str:
    """Bring the legacy database back as it was, and say in a sentence what was done."""
    options = database.options
    with database.connected() as connection, process_lock(connection, options.wait):
        require_version_table(connection, options)  # which goes with the new tables
        return Engine(connection).legacy.undo(connection, options, discard_new=discard_new)


def finalize_adoption(database: Database) -> tuple[str, ...]:
    """Drop the legacy tables that PostgreSQL has kept beside the new ones, and return their names."""
    options = database.options
    with database.connected() as connection, process_lock(connection, options.wait):
        return tuple(Engine(connection).legacy.finalize(connection, options))
