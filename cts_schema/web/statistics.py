"""How the application and its database are: logs, sizes, migrations, orphans and what else `check` finds."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa

from cts_schema.health.check import check
from cts_schema.health.report import Health
from cts_schema.migration.scripts import revisions
from cts_schema.web.answers import (
    Applied,
    Finding,
    Findings,
    Migrations,
    Orphans,
    Sizes,
    Statistics,
    TableSize,
    moment,
)
from cts_schema.web.logs import NEEDED, SiteLogs
from cts_schema.web.place import READ_WAIT, Place
from cts_schema.web.state import status

FRESH = 10.0
"""Seconds for which what `check` found is shown again, however many ask."""


class Checked:
    """What `check` has found a moment ago."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._found: tuple[float, datetime, Health] | None = None

    def get(self) -> tuple[datetime, Health]:
        """Return when it looked, and what it found.

        Raises:
            SchemaError: the database cannot be read.
        """
        with self._lock:  # who comes meanwhile gets what the first one finds
            if self._found is None or time.monotonic() - self._found[0] > FRESH:
                options = self._place.options
                found = check(
                    self._place.to_read,
                    version_table=options.version_table,
                    schema=options.schema,
                    wait=READ_WAIT,
                )
                self._found = time.monotonic(), datetime.now(UTC), found
            return self._found[1:]

    def forget(self) -> None:
        """Look again when next asked: something has changed."""
        with self._lock:
            self._found = None


def statistics(place: Place, checked: Checked) -> Statistics:
    """Say how everything is.

    Raises:
        SchemaError: the database cannot be read.
    """
    stands = status(place)
    at, health = checked.get()
    with place.read() as connection:
        missing = _missing(connection, stands.revision, place.options.schema)
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
                for one in stands.migrations
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
            list=[Finding.model_validate(finding, from_attributes=True) for finding in health.findings],
        ),
        notes=[f"site_logs was not read: {missing}"] if missing else [],
        checked_at=moment(at),
    )


def _missing(connection: sa.Connection, revision: str | None, schema: str | None) -> str | None:
    """Say why the logs cannot be read, None where they can."""
    if revision not in revisions():
        return "the database has no revision of this package"
    inspector = sa.inspect(connection)
    if not inspector.has_table("site_logs", schema=schema):
        return "there is no such table"
    lacking = NEEDED - {column["name"] for column in inspector.get_columns("site_logs", schema=schema)}
    return f"it has no column {', '.join(sorted(lacking))}" if lacking else None
