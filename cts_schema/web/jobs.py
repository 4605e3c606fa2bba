"""Migrations requested over HTTP: one at a time, each in its own thread; the last ones are remembered."""

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
from cts_schema.web.auth import Refused
from cts_schema.web.place import Place
from cts_schema.web.records import collecting
from cts_schema.web.schemas import Busy, Holder, LogLine, Problem, Run, StatusSchema, moment

REMEMBERED = 20
"""How many runs are remembered."""

_log = logging.getLogger("cts_schema.web")


class Jobs:
    """The jobs of one application."""

    def __init__(self, place: Place, at_end: Callable[[], None]) -> None:
        """Make an empty list of jobs.

        Args:
            place: the database.
            at_end: called when a job has ended.
        """
        self._place = place
        self._at_end = at_end
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def start(self, seconds: float) -> tuple[Run, SchemaError | None]:
        """Start a migration to head, and wait briefly for its end.

        Args:
            seconds: how long.

        Returns:
            Its status by then, and its error if it failed.

        Raises:
            Refused: another one is running.
        """
        with self._lock:
            last = next(reversed(self._jobs.values()), None)
            if last is not None and not last.ended.is_set():
                raise Refused(409, _busy(last.snapshot()))
            job = _Job(self._place, self._at_end)
            self._jobs[job.run_id] = job
            for run_id in list(self._jobs)[:-REMEMBERED]:
                del self._jobs[run_id]
            # Not a daemon thread: the end of the process would interrupt it.
            threading.Thread(target=job.go, name="cts_schema migration").start()
        job.ended.wait(seconds)
        return job.snapshot(), job.error

    def get(self, run_id: str) -> Run | None:
        """Return the status of a run, None if it is unknown."""
        job = self._jobs.get(run_id)
        return None if job is None else job.snapshot()

    def finish(self) -> None:
        """Wait until no migration is running."""
        for job in list(self._jobs.values()):
            if not job.ended.is_set():
                _log.warning("a migration is running; waiting until it has ended")
                job.ended.wait()


class _Job:
    """One migration, written by its thread and read by others."""

    def __init__(self, place: Place, at_end: Callable[[], None]) -> None:
        self._place = place
        self._at_end = at_end
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._applied: list[str] = []
        self._end_logged = False
        self.run_id = uuid.uuid4().hex
        self.ended = threading.Event()
        self.error: SchemaError | None = None
        self._run = Run(run_id=self.run_id, started_at=moment(datetime.now(UTC)), database_type=place.kind)

    def snapshot(self) -> Run:
        """Return its status."""
        with self._lock:
            if self._run.ended_at is None:
                self._run.duration_ms = round((time.monotonic() - self._began) * 1000)
            return self._run.model_copy(deep=True)

    def go(self) -> None:
        """Run the migration."""
        report = None
        try:
            with collecting(self._record):
                report = upgrade(self._place.database)
        except SchemaError as error:
            self.error = error
        except Exception as error:
            _log_fault("a migration failed because of a bug in this program")
            self.error = SchemaError(reported=in_a_line(error))
        finally:
            self._end(report, self._status())
            self._at_end()
            self.ended.set()

    def _record(self, record: logging.LogRecord) -> None:
        """Store a log record of the run, and update the progress from it."""
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
                    self._end_logged = True

    def _status(self) -> StatusSchema | None:
        """Read the status of the database, None if that fails."""
        try:
            return state.status(self._place)
        except SchemaError:
            return None  # the error of the run explains it
        except Exception:
            _log_fault("the status of the database cannot be read because of a bug in this program")
            return None

    def _end(self, report: Report | None, status: StatusSchema | None) -> None:
        """Store how it ended, and the status of the database."""
        with self._lock:
            run = self._run
            if status is not None:
                run.revision = status.revision
                run.total_tables = sum(table.exists for table in status.tables)
            if report is not None:
                run.state, run.success = "succeeded", True
                run.migrations_applied = len(report.applied)
                run.logs += [self._line("info", line) for line in _report_lines(report)]
            else:
                error = self.error or SchemaError()
                run.state, run.success = "failed", False
                run.error, run.errors = Problem.of(error), [error.cause]
                # The revisions before the failed one may be committed.
                run.migrations_applied = sum(one <= (run.revision or "") for one in self._applied)
                if not self._end_logged:
                    run.logs.append(self._line("error", error.cause))
            run.progress.current = None
            run.ended_at = moment(datetime.now(UTC))
            run.duration_ms = round((time.monotonic() - self._began) * 1000)

    @staticmethod
    def _line(level: str, message: str) -> LogLine:
        return LogLine(at=moment(datetime.now(UTC)), level=level, message=message)


def _report_lines(report: Report) -> list[str]:
    """Return the facts of a report that no log record has."""
    lines = [] if report.adopted is None else list(adoption_lines(report.adopted))
    if report.healed:
        lines.append(f"rows written again in schema_migrations: {', '.join(report.healed)}")
    if not report.applied:
        lines.append(f"nothing to do: the database is at revision {report.after}")
    return lines


def _log_fault(what: str) -> None:
    """Log the current exception, with passwords masked."""
    _log.error("%s\n%s", what, mask_secrets(traceback.format_exc()))


def _busy(run: Run) -> Busy:
    message = f"a migration is running since {run.started_at}"
    return Busy(errors=[message], holder=Holder(run_id=run.run_id, started_at=run.started_at, progress=run.progress))


def _after(revision: str | None) -> str | None:
    """Return the revision that an upgrade applies next."""
    return next((one for one in revisions() if one > (revision or "")), None)
