"""``repair``: a run that repairs the findings of ``check``: lock, backup, one transaction, verification.

On SQLite everything is one transaction. On PostgreSQL statements that read many rows concurrently with traffic run
after the transaction, each on its own; if the run stops there, the next one completes it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption import backup as copies
from cts_schema.database.handle import Database
from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.postgresql.lock import search_path, setting, whole_view
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.exceptions import NextCommand, mask_url
from cts_schema.health.context import CheckContext
from cts_schema.health.repair import execution
from cts_schema.health.repair import plan as planning
from cts_schema.health.repair.plan import Asked, Planned
from cts_schema.health.repair.report import Left, OrphanPolicy, Repair, RepairStep
from cts_schema.maintenance import backup as maintenance
from cts_schema.maintenance import files, manifest
from cts_schema.maintenance import sqlite as sqlite_files
from cts_schema.migration.command import process_lock
from cts_schema.migration.executor import Executor
from cts_schema.migration.run_log import RunLog, RunState
from cts_schema.migration.state import read_status

BackupPlace = str | os.PathLike[str] | bool | None


def repair(
    database: Database,
    codes: Sequence[str] = (),
    *,
    plan: bool = False,
    orphans: OrphanPolicy = "leave",
    deep: bool = False,
    backup: BackupPlace = None,
) -> Repair:
    """Repair the findings of a database that need no decision, without losing anything."""
    began = time.perf_counter()
    planning.require_known(codes)
    options = database.options
    with database.connected(reading=True) as connection:
        asked = Asked(tuple(codes), orphans, concurrently=dialects.of(connection).alters_tables)
        run = _RepairRun(database, connection, asked, deep, backup)
        dialects.of(connection).session.require_one_schema(connection, options)
        if plan:
            with (
                dialects.of(connection).session.reading_only(connection, options, deep=True),
                dialects.of(connection).values.tolerant(connection),
            ):  # a plan counts rows without a time limit
                run.plan()
        else:
            owned = database.is_ours and not connection.in_transaction()
            with (
                process_lock(connection, options.wait),
                run.log.recorded(connection, options, run.state, owned=owned),
            ):
                run.repair()
    return run.report(database.name, done=not plan, began=began)


class _RepairRun:
    """One repair on a connection."""

    def __init__(
        self, database: Database, connection: sa.Connection, asked: Asked, deep: bool, backup: BackupPlace
    ) -> None:
        self._database = database
        self._connection = connection
        self._options = database.options
        self._asked = asked
        self._deep = deep
        self._wanted_backup = backup
        self._backup: Path | None = None
        self._planned = Planned(None, (), (), ())
        self._became_visible: tuple[Left, ...] = ()
        self._repaired: list[str] = []
        self.log = RunLog("repair", mask_url(connection.engine.url))

    def plan(self) -> None:
        """Make the plan."""
        self._planned = planning.make(self._context(), self._asked)

    def repair(self) -> None:
        """Execute the plan."""
        executor = Executor(self._connection, self._options, NextCommand("repair", wait=600))
        if executor.takes_one_transaction:
            self._asked = replace(self._asked, concurrently=False)
            executor.in_one_transaction(self._together)
            self._note(self._planned.together)
            return
        self._copy_postgresql()
        with executor.between_transactions():
            executor.again(self._in_own_transaction)
            self._note(self._planned.together)
            self._execute_apart(executor.deadline)

    def state(self) -> RunState:
        """Return what was done so far, for the run log."""
        revision = self._planned.revision
        return RunState(before=revision, after=revision, repaired=self._repaired, changed=bool(self._repaired))

    def _begin(self) -> None:
        self.plan()
        if steps := self._planned.steps:
            self.log.started(self._planned.revision, sum(len(step.repairs) for step in steps))

    def _note(self, steps: Sequence[RepairStep]) -> None:
        self._repaired += [f"{finding.code} {finding.where}" for step in steps for finding in step.repairs]

    def report(self, database: str, *, done: bool, began: float) -> Repair:
        """Return what was done, or would be."""
        return Repair(
            database=database,
            revision=self._planned.revision,
            done=done,
            steps=self._planned.steps,
            left=(*self._planned.left, *self._became_visible),
            backup=None if self._backup is None else str(self._backup),
            duration_ms=(time.perf_counter() - began) * 1000,
        )

    def _together(self) -> None:
        """Make the plan, and execute its steps within the transaction."""
        dialect = dialects.of(self._connection)
        with dialect.values.tolerant(self._connection):
            self._begin()
            if not self._planned.steps:
                return
            self._copy_file()
            try:
                with dialect.session.remaking(self._connection):
                    self._became_visible = execution.execute_all(self._planned, self._context)
            except BaseException:  # nothing is committed, so the copy is not needed
                if self._backup is not None:
                    manifest.remove(self._backup)
                raise

    def _in_own_transaction(self) -> None:
        with self._connection.begin():
            self._together()

    def _copy_file(self) -> None:
        file = copies.file_of(self._connection)
        if file is None or self._wanted_backup is False:
            return
        place = files.place_for(self._place, files.folder_beside(file), file.stem, ".db")
        sqlite_files.back_up(file, place, self._options)
        self._backup = place

    @property
    def _place(self) -> str | os.PathLike[str] | None:
        """The requested place of the copy; None for the default."""
        return None if isinstance(self._wanted_backup, bool) else self._wanted_backup

    def _copy_postgresql(self) -> None:
        if self._wanted_backup is None or self._wanted_backup is False:
            return
        with (
            self._connection.begin(),
            as_owner(self._connection, self._options),
            search_path(self._connection, self._options.schema),
            whole_view(self._connection),
        ):
            self.plan()
        if self._planned.steps:
            self._backup = Path(maintenance.backup(self._database, self._place).path)

    def _context(self) -> CheckContext:
        status = read_status(self._connection, self._options)
        return CheckContext(self._connection, status, self._deep, self._options.version_table)

    def _execute_apart(self, deadline: Deadline) -> None:
        """Execute the steps outside of the transaction, which block no reader or writer."""
        steps = [step for step in self._planned.steps if step.apart]
        if not steps:
            return
        connection = self._connection
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # A timeout would discard the whole build.
        milliseconds = int(min(max(deadline.remaining * 1000, 2000), 2**31 - 1))
        with setting(connection, "lock_timeout", str(milliseconds)):
            for step in steps:
                try:
                    execution.execute(connection, step)
                except BaseException:
                    if not connection.invalidated:
                        execution.undo(connection, step)
                    raise
                self._note([step])
