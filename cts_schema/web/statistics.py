"""Statistics of the application and its database: logs, sizes, migrations, and findings of `check`."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa

from cts_schema.exceptions import SchemaError
from cts_schema.health.check import check
from cts_schema.health.report import Health
from cts_schema.schema.scripts import revisions
from cts_schema.web.logs import NEEDED, SiteLogs
from cts_schema.web.place import Place
from cts_schema.web.schemas import (
    Applied,
    Findings,
    FindingSchema,
    Migrations,
    Orphans,
    Sizes,
    Statistics,
    TableSize,
    moment,
)
from cts_schema.web.state import status

FRESH = 10.0
"""Seconds for which the findings of `check` are reused."""


class StatisticsCache:
    """The statistics, read by one request at a time: requests that arrive meanwhile share the next read."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._last: tuple[float, Statistics | SchemaError] | None = None
        self._checked: tuple[float, datetime, Health] | None = None
        self._changed = time.monotonic()

    def get(self) -> Statistics:
        """Return statistics that were read after this call.

        Raises:
            SchemaError: the database cannot be read.
        """
        asked = time.monotonic()
        with self._lock:
            if self._last is None or self._last[0] < asked:
                began = time.monotonic()
                self._last = began, self._read()
            found = self._last[1]
        if isinstance(found, SchemaError):
            raise found
        return found

    def changed(self) -> None:
        """Run `check` again on the next call."""
        self._changed = time.monotonic()

    def _read(self) -> Statistics | SchemaError:
        try:
            return _statistics(self._place, *self._check())
        except SchemaError as error:
            return error

    def _check(self) -> tuple[datetime, Health]:
        """Return the time of the last `check`, and its findings."""
        began = time.monotonic()
        if self._checked is None or self._checked[0] < max(self._changed, began - FRESH):
            self._checked = began, datetime.now(UTC), check(self._place.to_read)
        return self._checked[1:]


def _statistics(place: Place, at: datetime, health: Health) -> Statistics:
    current = status(place)
    with place.read() as connection:
        missing = _missing(connection, current.revision, place.database.schema)
        logs = SiteLogs(None if missing else connection, datetime.now(UTC))
        day, (runs, failed, recent) = logs.of_a_day(), logs.migrations()
    counts = Counter(finding.severity for finding in health.findings)
    return Statistics(
        stats=day,
        database=Sizes(
            tables=[TableSize.model_validate(table, from_attributes=True) for table in health.tables],
            bytes=health.bytes,
            deep=health.deep,
        ),
        migrations=Migrations(
            runs=runs,
            failed=failed,
            last=next(iter(recent), None),
            history=[
                Applied(
                    revision=f"{one.id:03}", name=one.name, executed_at=one.executed_at, duration_ms=one.duration_ms
                )
                for one in current.migrations
                if one.executed
            ],
            recent=recent,
        ),
        orphans=[
            Orphans(where=finding.where, count=finding.count, message=finding.message)
            for finding in health.findings
            if finding.code == "orphans"
        ],
        findings=Findings(
            error=counts["error"],
            warning=counts["warning"],
            info=counts["info"],
            list=[FindingSchema.of(finding) for finding in health.findings],
        ),
        notes=[f"site_logs was not read: {missing}"] if missing else [],
        checked_at=moment(at),
    )


def _missing(connection: sa.Connection, revision: str | None, schema: str | None) -> str | None:
    """Return why the logs cannot be read, None if they can."""
    if revision not in revisions():
        return "the database has no revision of this package"
    inspector = sa.inspect(connection)
    if not inspector.has_table("site_logs", schema=schema):
        return "there is no such table"
    lacking = NEEDED - {column["name"] for column in inspector.get_columns("site_logs", schema=schema)}
    return f"it lacks the column {', '.join(sorted(lacking))}" if lacking else None
