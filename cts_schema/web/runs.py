"""Migrations that were asked for over HTTP: one at a time, each in a thread of its own, the last ones remembered."""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cts_schema.exceptions import SchemaError, in_a_line, mask_secrets
from cts_schema.migration.report import Report
from cts_schema.migration.run import upgrade
from cts_schema.migration.terminal import adoption_lines
from cts_schema.schema.scripts import revisions
from cts_schema.web import state
from cts_schema.web.answers import Busy, Holder, LogLine, Problem, Run, Status, moment
from cts_schema.web.guard import Refused
from cts_schema.web.place import Place
from cts_schema.web.records import collecting

KEPT = 20
"""How many runs are remembered."""

_log = logging.getLogger("cts_schema.web")


class Runs:
    """The runs of one application."""

    def __init__(self, place: Place, at_end: Callable[[], None]) -> None:
        """Make the runs.

        Args:
            place: the database.
            at_end: is called when a run has ended.
        """
        self._place = place
        self._at_end = at_end
        self._lock = threading.Lock()
        self._kept: dict[str, _Running] = {}

    def start(self, seconds: float) -> tuple[Run, SchemaError | None]:
        """Begin a migration to head, and wait a moment for its end.

        Args:
            seconds: how long.

        Returns:
            How it stands by then, and what made it fail if something has.

        Raises:
            Refused: another one goes on.
        """
        with self._lock:
            last = next(reversed(self._kept.values()), None)
            if last is not None and not last.ended.is_set():
                raise Refused(409, _busy(last.answer()))
            running = _Running(self._place, self._at_end)
            self._kept[running.run_id] = running
            for run_id in list(self._kept)[:-KEPT]:
                del self._kept[run_id]
            # Not a daemon: those die with the process, in the middle of what they do.
            threading.Thread(target=running.go, name="cts_schema migration").start()
        running.ended.wait(seconds)
        return running.answer(), running.error

    def get(self, run_id: str) -> Run | None:
        """Return how a run stands, None where it is not known."""
        running = self._kept.get(run_id)
        return None if running is None else running.answer()

    def finish(self) -> None:
        """Return once no migration goes on."""
        for running in list(self._kept.values()):
            if not running.ended.is_set():
                _log.warning("a migration goes on; this waits until it has ended")
                running.ended.wait()


class _Running:
    """One run, written by its thread and read by others."""

    def __init__(self, place: Place, at_end: Callable[[], None]) -> None:
        self._place = place
        self._at_end = at_end
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._applied: list[str] = []
        self._told = False
        self.run_id = uuid.uuid4().hex
        self.ended = threading.Event()
        self.error: SchemaError | None = None
        self._run = Run(run_id=self.run_id, started_at=moment(datetime.now(UTC)), database_type=place.kind)

    def answer(self) -> Run:
        """Return how it stands."""
        with self._lock:
            if self._run.ended_at is None:
                self._run.duration_ms = round((time.monotonic() - self._began) * 1000)
            return self._run.model_copy(deep=True)

    def go(self) -> None:
        """Migrate, by the same road as everybody."""
        report = None
        try:
            with collecting(self._take):
                report = upgrade(self._place.database)
        except SchemaError as error:
            self.error = error
        except Exception as error:
            _log_fault("a migration failed by a fault of this program")
            self.error = SchemaError(reported=in_a_line(error))
        finally:
            self._end(report, self._stands())
            self._at_end()
            self.ended.set()

    def _take(self, record: logging.LogRecord) -> None:
        """Note a record of the run, and from its facts how far it has come."""
        facts: dict[str, Any] = record.__dict__
        with self._lock:
            time_ = moment(datetime.fromtimestamp(record.created, UTC))
            self._run.logs.append(
                LogLine(at=time_, level=record.levelname.lower(), message=mask_secrets(record.getMessage()))
            )
            progress = self._run.progress
            match facts.get("event"):
                case "run_started":
                    progress.total, progress.current = facts.get("steps"), _after(facts.get("revision"))
                case "revision_applied":
                    self._applied.append(facts["revision"])
                    progress.done, progress.current = len(self._applied), _after(facts["revision"])
                case "run_ended":
                    self._told = True

    def _stands(self) -> Status | None:
        """Look where the database stands, None where that cannot be said any more."""
        try:
            return state.status(self._place)
        except SchemaError:
            return None  # the run's own error tells why
        except Exception:
            _log_fault("where the database stands cannot be told, by a fault of this program")
            return None

    def _end(self, report: Report | None, stands: Status | None) -> None:
        """Say how it ended, and where the database stands now."""
        with self._lock:
            run = self._run
            if stands is not None:
                run.revision = stands.revision
                run.total_tables = sum(table.exists for table in stands.tables)
            if report is not None:
                run.state, run.success = "succeeded", True
                run.migrations_applied = len(report.applied)
                run.logs += [self._said("info", line) for line in _told(report)]
            else:
                error = self.error or SchemaError()
                run.state, run.success = "failed", False
                run.error, run.errors = Problem.of(error), [error.cause]
                # Those before the one that failed may have been committed.
                run.migrations_applied = sum(one <= (run.revision or "") for one in self._applied)
                if not self._told:
                    run.logs.append(self._said("error", error.cause))
            run.progress.current = None
            run.ended_at = moment(datetime.now(UTC))
            run.duration_ms = round((time.monotonic() - self._began) * 1000)

    @staticmethod
    def _said(level: str, message: str) -> LogLine:
        return LogLine(at=moment(datetime.now(UTC)), level=level, message=message)


def _told(report: Report) -> list[str]:
    """Return what a report has that no record says."""
    told = [] if report.adopted is None else list(adoption_lines(report.adopted))
    if report.healed:
        told.append(f"rows written again in schema_migrations: {', '.join(report.healed)}")
    if not report.applied:
        told.append(f"nothing to do: the database is at revision {report.after}")
    return told


def _log_fault(what: str) -> None:
    """Log the exception that is being handled, without the passwords in it."""
    _log.error("%s\n%s", what, mask_secrets(traceback.format_exc()))


def _busy(run: Run) -> Busy:
    said = f"a migration goes on since {run.started_at}"
    return Busy(errors=[said], holder=Holder(run_id=run.run_id, started_at=run.started_at, progress=run.progress))


def _after(revision: str | None) -> str | None:
    """Return the revision that an upgrade applies next."""
    return next((one for one in revisions() if one > (revision or "")), None)
