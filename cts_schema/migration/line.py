"""The steps of one run: which are due, in which transaction, and what they did."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, RevisionStep, StampStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from cts_schema.exceptions import (
    DatabaseNewer,
    ForeignRevision,
    SeveralHeads,
    UnadoptedDatabase,
    UnknownRevision,
    mask_url,
)
from cts_schema.migration import ledger
from cts_schema.migration.options import Options
from cts_schema.migration.report import AppliedRevision, Direction
from cts_schema.migration.scripts import ADOPTION_REVISION
from cts_schema.migration.terminal import Terminal
from cts_schema.models import Base

_Step = RevisionStep | StampStep
_Function = Callable[[Any, MigrationContext], Any]


@dataclass
class Line:
    """What a run does, and its record.

    On PostgreSQL the revisions up to the adoption revision run in one transaction, later ones in one each: those may
    build indexes concurrently, which no transaction can hold. The line is therefore run in stretches, each a pass.
    """

    original: _Function | None = None
    before: str | None = None
    after: str | None = None
    healed: tuple[str, ...] = ()
    terminal: Terminal | None = None
    on_first_step: Callable[[], Any] | None = None
    before_first_step: Any = None
    _steps: list[_Step] | None = None
    _done: list[AppliedRevision] = field(default_factory=list)
    _committed: int = 0
    _one_each: bool = False
    _started: float = 0.0

    @property
    def applied(self) -> tuple[AppliedRevision, ...]:
        """The steps that were done, in order."""
        return tuple(self._done)

    @property
    def finished(self) -> bool:
        """Whether every step is done and committed."""
        return self._steps is not None and self._committed == len(self._steps)

    def configure(self, context: Any, connection: sa.Connection, settings: dict[str, Any]) -> None:
        """Configure ``context`` for the next stretch on ``connection``."""
        if self._steps and not self.finished:
            self._one_each = _runs_alone(self._steps[self._committed])
        context.configure(
            connection=connection,
            transactional_ddl=True,
            transaction_per_migration=self._one_each,
            on_version_apply=self._applied,
            fn=self._stretch,
            **settings,
        )

    def committed(self) -> None:
        """Note that the stretch is committed."""
        self._committed = len(self._done)

    def interrupted(self) -> None:
        """Forget what has just been rolled back, so that the next pass does it again."""
        del self._done[self._committed :]

    def heal(self, context: MigrationContext) -> None:
        """Write ledger rows that were deleted by hand."""
        self.healed += ledger.heal(context, self.after)

    def finish(self, connection: sa.Connection, options: Options) -> None:
        """Tell the terminal, if there is one, how the run ended."""
        if self.terminal is not None and self._steps is not None:
            self.terminal.summary(connection, options, self.after, self.applied, self.healed)

    def _stretch(self, heads: tuple[str, ...], context: MigrationContext) -> Iterator[_Step]:
        """Yield the steps of the next transaction, or of the next ones when each has its own."""
        if self._steps is None:
            require_known(context, heads)
            self.before = self.after = heads[0] if heads else None
            steps = _due(self.original, heads, context)
            if steps and not heads and not steps[0].info.is_stamp:
                _require_empty(context)
            self._steps = steps
        while len(self._done) < len(self._steps):
            step = self._steps[len(self._done)]
            if _runs_alone(step) != self._one_each:
                return
            if self.on_first_step is not None and self.before_first_step is None:
                self.before_first_step = self.on_first_step()
            self._started = time.perf_counter()
            yield step
            if self._one_each:
                self.committed()

    def _applied(self, ctx: MigrationContext, step: Any, heads: set[str], **_: Any) -> None:
        """Write the ledger, in the transaction that has just moved the version."""
        duration = (time.perf_counter() - self._started) * 1000
        direction: Direction = "stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade"
        ledger.record(ctx, step, None if step.is_stamp else duration)
        for script in step.up_revisions:
            done = AppliedRevision(script.revision, ledger.name_of(script), direction, duration)
            self._done.append(done)
            if self.terminal is not None:
                self.terminal.step(done)
        self.after = next(iter(heads), None)


def require_known(context: MigrationContext, heads: Sequence[str]) -> None:
    """Check that what the version table says is one revision of ours.

    Raises:
        SeveralHeads: it has more than one row.
        DatabaseNewer: it has a number above all of ours.
        ForeignRevision: it has anything else, as the table of another application would.
    """
    script = _script(context)
    table = context.version_table
    database = _url(context)
    if len(heads) > 1:
        raise SeveralHeads(database=database, table=table, rows=", ".join(sorted(heads)))
    ours = {found.revision for found in script.walk_revisions()}
    for revision in heads:
        if revision in ours:
            continue
        if re.fullmatch(r"\d{3}", revision) and revision > max(ours):
            raise DatabaseNewer(
                database=f"revision {revision}   {database}",
                package=f"cts_schema {version('cts-schema')} knows up to {max(ours)}",
                known=max(ours),
            )
        raise ForeignRevision(database=database, table=table, revision=revision)


def _due(original: _Function | None, heads: tuple[str, ...], context: MigrationContext) -> list[_Step]:
    if original is None:
        raise AssertionError("the line runs before it was configured")
    try:
        return list(original(heads, context))
    except CommandError as error:
        asked = context.opts.get("destination_rev")
        raise UnknownRevision(revision=asked, database=_url(context), reason=str(error)) from error


def _require_empty(context: MigrationContext) -> None:
    """A database without a version must have none of our tables: whoever made them knows more than we do."""
    if context.as_sql or context.connection is None:
        return
    there = sorted(set(sa.inspect(context.connection).get_table_names()) & set(Base.metadata.tables))
    if there:
        names = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise UnadoptedDatabase(database=_url(context), tables=f"{len(there)}: {names}")


def _runs_alone(step: _Step) -> bool:
    """Whether a step has a transaction of its own: the revision it applies or undoes is above the adoption revision."""
    revision = step.info.up_revision_id
    return not step.info.is_stamp and revision is not None and revision > ADOPTION_REVISION


def _script(context: MigrationContext) -> ScriptDirectory:
    if context.script is None:
        raise AssertionError("a migration context without scripts")
    return context.script


def _url(context: MigrationContext) -> str:
    return "" if context.connection is None else mask_url(context.connection.engine.url)
