"""The steps of one run: which are pending, in which transaction, and their results.

It adopts a legacy database, with CTS tables but no version, on the way: see :mod:`cts_schema.migration.legacy`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from cts_schema.database.options import Options
from cts_schema.dialects.errors import classify, name_taken
from cts_schema.dialects.postgresql.errors import dependents
from cts_schema.exceptions import (
    DatabaseUnusable,
    NameTaken,
    NextCommand,
    NextStep,
    RevisionFailed,
    SchemaError,
    StillNeeded,
    WrongUsage,
    in_a_line,
    mask_url,
)
from cts_schema.migration import ledger, legacy, written
from cts_schema.migration.checkpoint import Step, by_script
from cts_schema.migration.preconditions import (
    require_known,
    require_nothing_to_drop,
    require_ours,
    require_true,
)
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Adopted, AppliedRevision, Direction
from cts_schema.migration.run_log import RunLog, RunState
from cts_schema.migration.state import preserved
from cts_schema.migration.steps import due
from cts_schema.migration.terminal import Terminal
from cts_schema.schema.scripts import ADOPTION_REVISION

if TYPE_CHECKING:
    from cts_schema.migration.legacy import Adoption


@dataclass
class Line:
    """The steps of a run, and their record."""

    terminal: Terminal | None = None
    log: RunLog | None = None
    before: str | None = None
    after: str | None = None
    applied: list[AppliedRevision] = field(default_factory=list)
    healed: list[str] = field(default_factory=list)
    adopted: Adopted | None = None
    preserved: tuple[str, ...] = ()
    _running: Step | None = None
    _started: float = 0.0
    _counted: int = 0
    _adopt: Callable[[], Adoption] | None = None
    _adoption: Adoption | None = None
    _adopting: bool = False
    _by_script: bool = False
    _ledger_read: bool = False
    _stretch: Iterable[Step] = ()

    def plan(
        self, context: Any, connection: sa.Connection, settings: dict[str, Any], command: Any, options: Options
    ) -> list[Step]:
        """Configure Alembic for the run, and return the pending steps. The run has the lock, and wrote nothing yet.

        Args:
            context: the environment of Alembic.
            connection: the database, in the transaction of the run, or in none.
            settings: the configuration of Alembic.
            command: finds the steps of the running command.
            options: the options of the run.

        Raises:
            SchemaError: this package cannot take these steps on this database.
        """
        settings = {**settings, "fn": lambda heads, running: self._each(self._stretch)}
        context.configure(connection=connection, transactional_ddl=True, on_version_apply=self._applied, **settings)
        running = context.get_context()
        heads = () if running.purge else running.get_current_heads()
        require_known(running, heads)
        steps = due(running, heads, command)
        if not options.may_drop:
            require_nothing_to_drop(running, connection, steps)
        if not heads:
            if any(step.is_upgrade and not step.info.is_stamp for step in steps):
                self._plan_adoption(connection, options, steps)
            else:
                require_ours(running, stamped=running.purge or any(step.info.is_stamp for step in steps))
        elif not any(step.info.is_stamp for step in steps):
            require_true(running, connection, heads[0])
        self.before = self.after = heads[0] if heads else None
        self._by_script = options.checkpoint
        if steps and self.log is not None:
            self.log.started(self.before, len(steps))
        return steps

    def run(self, context: Any, connection: sa.Connection, steps: list[Step]) -> None:
        """Take ``steps`` in one transaction; a failure reverts the record, like the database."""
        done, after, adopted = len(self.applied), self.after, self.adopted
        self._stretch = by_script(connection, steps) if self._by_script else steps
        running = context.get_context()
        try:
            with context.begin_transaction():
                self._begin_adoption()
                if steps or running.purge:
                    with written.version_read_back(running, lambda: self.after):
                        context.run_migrations()
                among = [one.revision for one in self.applied[done:]] if self._ledger_read else None
                healed = ledger.heal(running, self.after, among)
        except BaseException:
            del self.applied[done:]
            self.after = after
            self.adopted = adopted
            raise
        finally:
            if self._adoption is not None:
                self._adoption.close()
        self.healed += healed
        self._ledger_read = True

    def undone(self) -> None:
        """Discard the record of the one transaction, which could not be committed."""
        self.applied.clear()
        self.after = self.before
        self.adopted = None
        if self._adoption is not None:
            self._adoption.abandon()

    def waiting(self, cause: str) -> None:
        """Report the reason of a wait."""
        if self.log is not None:
            self.log.waiting(cause)
        if self.terminal is not None:
            self.terminal.waiting(cause)

    def finish(self, connection: sa.Connection, options: Options) -> None:
        """Read what is preserved now, and print the result of the run at a terminal."""
        self.preserved = preserved(connection, options)
        if self.terminal is not None:
            if self.applied:
                self.terminal.preserved(self.preserved, self.after)
            self.terminal.summary(connection, options, self.after, self.applied, self.healed, self.adopted)

    def state(self) -> RunState:
        """Return how far the run has come."""
        return RunState(
            before=self.before,
            after=self.after,
            done=self.applied,
            failing=None if self._running is None else self._running.info.up_revision_id,
            changed=bool(self.applied or self.healed),
        )

    @contextmanager
    def explained(self, url: sa.URL) -> Iterator[None]:
        """Within the block raise an error in a revision as one that names the revision.

        Raises:
            SchemaError: an error of the environment, or RevisionFailed.
        """
        try:
            yield
        except SchemaError:
            raise
        except Exception as error:
            if self._adoption is not None and self._adopting:
                raise classify(error, url) or self._adoption.failed(error) from error
            if self._running is None:
                unknown = DatabaseUnusable(database=mask_url(url), reported=in_a_line(error))
                raise classify(error, url) or (unknown if isinstance(error, DBAPIError) else error) from error
            revision = self._running.info.up_revision_id
            if found := dependents(error):
                raise StillNeeded(revision=f"{revision}, downgrade", database=mask_url(url), needed_by=found) from error
            later = (revision or "") > ADOPTION_REVISION  # its online operations may have committed something
            cause, failed, step = "a revision failed", RevisionFailed, None
            if name_taken(error):
                cause, failed = "a name that the revision needs is already in use", NameTaken
                step = "give it another name, then repeat"
            raise classify(error, url) or failed(
                cause=f"{cause}; {'what it had not committed' if later else 'its whole transaction'} was rolled back",
                revision=f"{revision}, {'upgrade' if self._running.is_upgrade else 'downgrade'}",
                database=mask_url(url),
                reported=in_a_line(error),
                next_step=step,
            ) from error

    def _plan_adoption(self, connection: sa.Connection, options: Options, steps: list[Step]) -> None:
        if not legacy.alike(sa.inspect(connection).get_table_names()):
            return
        if not any(step.info.up_revision_id == ADOPTION_REVISION for step in steps):
            raise WrongUsage(
                cause=f"a legacy database is adopted at revision {ADOPTION_REVISION}, not before it",
                database=mask_url(connection.engine.url),
                next_step=NextStep("{}", NextCommand("upgrade")),
            )
        on_part = (lambda what: None) if self.log is None else self.log.adopting
        progress = Progress(on_part=on_part) if self.terminal is None else Progress.of_terminal(on_part)
        self._adopt = partial(legacy.adoption(), connection, options, progress)

    def _begin_adoption(self) -> None:
        """Begin before Alembic creates its version table: a refusal must not leave that in the caller's transaction."""
        if self._adopt is not None and self.adopted is None:
            self._adopting = True
            self._adoption = self._adopt()
            self._adoption.begin()

    def _each(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            self._running = step
            self._started = time.perf_counter()
            self._counted = 0 if self.log is None else self.log.statements
            yield step
            if self._adoption is not None and self._adopting and step.info.up_revision_id == ADOPTION_REVISION:
                self.adopted = self._adoption.finish()
                self._adopting = False
                self._adoption.close()
        self._running = None

    def _applied(self, ctx: MigrationContext, step: Any, heads: set[str], **_: Any) -> None:
        """Write the ledger, in the transaction that moves the version."""
        duration = (time.perf_counter() - self._started) * 1000
        direction: Direction = "stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade"
        ledger.record(ctx, step, None if step.is_stamp else duration)
        self.after = next(iter(heads), None)
        statements = 0 if self.log is None else self.log.statements - self._counted
        for script in step.destination_revisions if step.is_stamp else step.up_revisions:
            done = AppliedRevision(script.revision, ledger.name_of(script), direction, duration, statements)
            self.applied.append(done)
            if self.log is not None:
                self.log.applied(done)
            if self.terminal is not None:
                self.terminal.step(done)
