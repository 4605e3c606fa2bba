"""The run log: log records while a run is running, and a row of ``site_logs`` after its end.

Each record of the logger ``cts_schema.migration`` has ``event`` (``run_started``, ``waiting``, ``adopting``,
``revision_applied``, ``run_ended``), ``run``, ``database`` and the facts of the event as attributes, for
any handler.

The row of ``site_logs`` is written after the end, in a separate transaction, so that a failure is recorded although the
run was rolled back. There is no row if the connection is the caller's, if there is no ``site_logs`` of ours (in a
legacy database, or below the baseline), if the run was refused, or if the row cannot be written.
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
"""The SQL condition of rows of the run log, for a driver that needs doubled percent signs."""
OTHER_ROWS = f"NOT {ROWS}"

_log = logging.getLogger("cts_schema.migration")
# Otherwise Python prints warnings on stderr if an application has not configured logging.
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
    """The progress of a run.

    Attributes:
        before: the revision before the run.
        after: the current revision.
        done: the committed steps.
        failing: the revision that is running.
        repaired: what a repair has repaired: code and place of each finding.
        changed: whether anything has changed.
    """

    before: str | None
    after: str | None
    done: Sequence[AppliedRevision] = ()
    failing: str | None = None
    repaired: Sequence[str] = ()
    changed: bool = True


class RunLog:
    """The log of one run. A run that finds nothing to do logs nothing."""

    def __init__(self, direction: Direction, database: str) -> None:
        """Start the log.

        Args:
            direction: what the run does.
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
        """Log the end of the run, which is the block.

        Args:
            connection: the connection of the run.
            options: the options of the run.
            read_state: returns the progress of the run.
            owned: whether the connection is ours, so that it may write the row of ``site_logs``.
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
                # A cancelled task must end without another query.
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
        """Log that the run has the lock and something to do. A second call does nothing."""
        if not self._begun:
            self._begun = True
            what = "finding" if self.direction == "repair" else "revision"
            message = f"{self.direction} from {before or 'nothing'}: {steps} {what}{'' if steps == 1 else 's'}"
            self._log(logging.INFO, message, event="run_started", revision=before, steps=steps)

    def waiting(self, cause: str) -> None:
        """Report the reason of a wait."""
        self._log(logging.INFO, f"waiting for {cause}", event="waiting", cause=cause)

    def adopting(self, what: str) -> None:
        """Log the current part of an adoption, which may take long."""
        self._log(logging.INFO, f"adoption: {what}", event="adopting", part=what)

    def applied(self, done: AppliedRevision) -> None:
        """Log a step. It is valid only if the run succeeds."""
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
        """Log the end of the run, and return the row for ``site_logs``."""
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
        detail = {"repaired": list(state.repaired)} if self.direction == "repair" else {"revisions": steps}
        return {
            "level": "info" if error is None else "error",
            "category": CATEGORY,
            "message": message,
            "error_message": error_text,
            "metadata": {**metadata, **detail},
        }

    def _write(self, connection: sa.Connection, options: Options, row: dict[str, Any]) -> None:
        """Write a row to ``site_logs``. If that fails, log it, and raise nothing."""
        try:
            connection.rollback()  # SQLAlchemy requires it after an error, and it reconnects a lost connection
            with dialects.of(connection).exclusive.beside(connection, options):
                if _is_ours(connection, options.version_table):
                    connection.execute(sa.insert(_SITE_LOGS).values(row))
        except Exception as error:
            # The caller must see the result of the run, not this error.
            reason = in_a_line(error)
            message = f"the row of this run could not be written to site_logs: {reason}"
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
    """Return whether the database is at a revision of this package; each has ``site_logs``."""
    inspector = sa.inspect(connection)
    if not (inspector.has_table(version_table) and inspector.has_table(_SITE_LOGS.name)):
        return False
    version = sa.table(version_table, sa.column("version_num"))
    return connection.execute(sa.select(version.c.version_num)).scalar() in revisions()


def _error_text(error: BaseException) -> str:
    """Return an error in one line."""
    if isinstance(error, SchemaError):
        reported = error.place.get("reported")
        return error.cause if reported is None else f"{error.cause} ({first_line(reported)})"
    return in_a_line(error).removesuffix(": ")
