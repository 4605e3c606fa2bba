"""The run log: what a run does, told to logging as it goes on, and to the table ``site_logs`` once it has ended.

Each record of the logger ``cts_schema.migration`` has ``event`` (``run_started``, ``waiting``, ``adopting``,
``revision_applied``, ``run_ended``), ``run``, ``database`` and what belongs to the event as attributes of its own, for
any handler to take.

A row of ``site_logs`` is written after the end, in a transaction of its own: so a failure is recorded although all that
was done is rolled back. Logging alone has to do where the connection is the caller's, where there is no ``site_logs``
of ours (in an old database, or below the baseline), where the run was refused, and where the row cannot be written.
"""

from __future__ import annotations

import logging
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cts_schema import __version__, dialects
from cts_schema.database.options import Options
from cts_schema.ddl import Json
from cts_schema.exceptions import EXIT_DECISION, EXIT_LOCK, SchemaError, first_line, in_a_line
from cts_schema.migration.report import AppliedRevision
from cts_schema.schema.scripts import revisions

Direction = Literal["upgrade", "downgrade", "stamp", "repair"]
Outcome = Literal["applied", "failed", "refused"]

TABLE = "site_logs"
CATEGORY = "migration"
ROWS = f"(category = '{CATEGORY}' AND coalesce(CAST(metadata AS text), '') LIKE '%%\"package_version\"%%')"
"""SQL, for a driver that wants percent signs doubled: the rows of ``site_logs`` that are of the run log."""
OTHER_ROWS = f"NOT {ROWS}"

_log = logging.getLogger("cts_schema.migration")
# Else Python prints warnings on stderr where an application has set up no logging at all.
logging.getLogger("cts_schema").addHandler(logging.NullHandler())

_LEVELS: dict[Outcome, int] = {"applied": logging.INFO, "refused": logging.WARNING, "failed": logging.ERROR}
_SITE_LOGS = sa.table(
    TABLE,
    sa.column("level", sa.Text),
    sa.column("category", sa.Text),
    sa.column("message", sa.Text),
    sa.column("error_message", sa.Text),
    sa.column("metadata", Json),
)


@dataclass(frozen=True)
class RunState:
    """How far a run has come.

    Attributes:
        before: the revision before it.
        after: the revision that the database is at now.
        done: the steps that were committed.
        failing: the revision that it is at work on.
        mended: what a repair has mended: code and place of each finding.
        changed: whether anything was changed.
    """

    before: str | None
    after: str | None
    done: Sequence[AppliedRevision] = ()
    failing: str | None = None
    repaired: Sequence[str] = ()
    changed: bool = True


class RunLog:
    """The log of one run. A run that finds nothing to do leaves none."""

    def __init__(self, direction: Direction, database: str) -> None:
        """Begin to count.

        Args:
            direction: what the run is to do.
            database: the URL, with credentials masked.
        """
        self.direction = direction
        self.statements = 0
        self._begun = False
        self._facts = {"run": uuid.uuid4().hex, "database": database}
        self._since = time.perf_counter()

    @contextmanager
    def recorded(
        self, connection: sa.Connection, options: Options, read_state: Callable[[], RunState], *, owned: bool
    ) -> Iterator[None]:
        """Log how the block, which is the run, has ended.

        Args:
            connection: that of the run.
            options: those of the run.
            read_state: returns how far the run has come.
            owned: whether the connection is ours, so that the row of ``site_logs`` may be written with it.
        """
        error: BaseException | None = None
        try:
            with self._counting(connection):
                yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            state = read_state()
            if error is not None or state.changed:
                row = self._ended(state, error)
                # A task that was cancelled shall end, and not ask the database for something more.
                cancelled = connection.dialect.is_async and not isinstance(error, Exception | None)
                if owned and not cancelled and row["metadata"]["outcome"] != "refused":
                    self._write(connection, options, row)

    @contextmanager
    def _counting(self, connection: sa.Connection) -> Iterator[None]:
        def count(*_: Any) -> None:
            self.statements += 1

        sa.event.listen(connection, "before_cursor_execute", count)
        try:
            yield
        finally:
            sa.event.remove(connection, "before_cursor_execute", count)

    def started(self, before: str | None, steps: int) -> None:
        """Tell that the lock is held, and that there is something to do. To tell it again changes nothing."""
        if not self._begun:
            self._begun = True
            what = "finding" if self.direction == "repair" else "revision"
            message = f"{self.direction} from {before or 'nothing'}: {steps} {what}{'' if steps == 1 else 's'}"
            self._log(logging.INFO, message, event="run_started", revision=before, steps=steps)

    def waiting(self, cause: str) -> None:
        """Tell why nothing goes on."""
        self._log(logging.INFO, f"waiting for {cause}", event="waiting", cause=cause)

    def adopting(self, what: str) -> None:
        """Tell which part of an adoption is being done: that of many rows takes long."""
        self._log(logging.INFO, f"adoption: {what}", event="adopting", part=what)

    def applied(self, done: AppliedRevision) -> None:
        """Tell of a step. It counts only once the run has ended well."""
        message = f"{done.direction} {done.revision} {done.name}: {done.duration_ms:.0f} ms"
        self._log(
            logging.INFO,
            message,
            event="revision_applied",
            revision=done.revision,
            direction=done.direction,
            duration_ms=round(done.duration_ms, 1),
            statements=done.statements,
        )

    def _ended(self, state: RunState, error: BaseException | None) -> dict[str, Any]:
        """Tell logging how the run has ended, and return the row for ``site_logs``."""
        outcome = self._outcome(error)
        took = round((time.perf_counter() - self._since) * 1000, 1)
        error_text = None if error is None else _error_text(error)
        failing = None if error is None else state.failing
        way = f"{self.direction} {state.before or 'nothing'} -> {state.after or 'nothing'}"
        if self.direction == "repair":
            way = f"repair of {', '.join(state.repaired)}"
        place = "" if failing is None else f" at {failing}"
        message = (
            f"{way} in {took:.0f} ms" if error_text is None else f"{self.direction} {outcome}{place}: {error_text}"
        )
        metadata = {
            **self._facts,
            "revision": state.after if failing is None else failing,
            "before": state.before,
            "after": state.after,
            "direction": self.direction,
            "duration_ms": took,
            "statements": self.statements,
            "outcome": outcome,
            "error": error_text,
            "host": socket.gethostname(),
            "package_version": __version__,
        }
        self._log(_LEVELS[outcome], message, event="run_ended", **metadata)
        steps = [
            {
                "revision": one.revision,
                "name": one.name,
                "duration_ms": round(one.duration_ms, 1),
                "statements": one.statements,
            }
            for one in state.done
        ]
        detail = {"mended": list(state.repaired)} if self.direction == "repair" else {"revisions": steps}
        return {
            "level": "info" if error is None else "error",
            "category": CATEGORY,
            "message": message,
            "error_message": error_text,
            "metadata": {**metadata, **detail},
        }

    def _write(self, connection: sa.Connection, options: Options, row: dict[str, Any]) -> None:
        """Write a row into ``site_logs``. Where that cannot be done, logging is told, and nothing is raised."""
        try:
            connection.rollback()  # after an error SQLAlchemy wants it; and a lost connection comes back so
            with dialects.of(connection).exclusive.beside(connection, options):
                if _is_ours(connection, options.version_table):
                    connection.execute(sa.insert(_SITE_LOGS).values(row))
        except Exception as error:
            # The run is what counts: it has succeeded, or its own error is what the caller must see.
            reason = in_a_line(error)
            message = f"the row of this run could not be written into site_logs: {reason}"
            self._log(logging.WARNING, message, event="row_lost", error=reason)

    def _outcome(self, error: BaseException | None) -> Outcome:
        if error is None:
            return "applied"
        if not isinstance(error, SchemaError):
            return "failed"
        untouched = error.exit_code == EXIT_DECISION or (not self._begun and error.exit_code != EXIT_LOCK)
        return "refused" if untouched else "failed"

    def _log(self, level: int, message: str, **facts: Any) -> None:
        _log.log(level, "%s", message, extra={**self._facts, **facts})


def _is_ours(connection: sa.Connection, version_table: str) -> bool:
    """Whether the database is at a revision of this package; ``site_logs`` is there since the first one."""
    inspector = sa.inspect(connection)
    if not (inspector.has_table(version_table) and inspector.has_table(_SITE_LOGS.name)):
        return False
    version = sa.table(version_table, sa.column("version_num"))
    return connection.execute(sa.select(version.c.version_num)).scalar() in revisions()


def _error_text(error: BaseException) -> str:
    """Return what went wrong in a line."""
    if isinstance(error, SchemaError):
        reported = error.place.get("reported")
        return error.cause if reported is None else f"{error.cause} ({first_line(reported)})"
    return in_a_line(error).removesuffix(": ")
