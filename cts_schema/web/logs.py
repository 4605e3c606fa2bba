"""Reads site_logs: the last 24 hours, and migrations. Other columns of a row never leave the database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.masking import mask_secrets
from cts_schema.models.enums import LogLevel
from cts_schema.web.schemas import CategoryCount, Entry, Hour, LevelCount, LoggedRun, Logs, Summary, TopError, moment

SHOWN = 20
"""How many rows of each kind are shown."""

NEEDED = {"id", "timestamp", "level", "category", "message", "metadata"}
"""The columns that are read."""

_HOURS = 24
_ERRORS = ("error", "critical", "fatal")
_WARNINGS = ("warn", "warning")
_LONGEST = 500
"""How many characters of a message are shown."""

_READ = 2 * _LONGEST
"""How many characters are read, so that the masker recognizes a secret that the shown text cuts off."""

_ENTRY = f"SELECT id, {{at}} AS at, level, category, substr(message, 1, {_READ}) AS message"
_NUMBERS = 2**53
"""The largest integer that every JSON reader keeps exactly."""


@dataclass(frozen=True)
class _Words:
    r"""The expressions of an engine that the queries need. A colon that begins no parameter is written ``\:``."""

    within: str
    at: str
    newest: str
    outcome: str
    ranges: Callable[[datetime], list[tuple[str, str]]]


def _of_an_hour(start: datetime) -> list[tuple[str, str]]:
    """Return bounds of the texts of an hour: both forms of a time begin with it, and ';' comes after ':'."""
    return [(f"'{start:%Y-%m-%d}{form}{start:%H}:'", f"'{start:%Y-%m-%d}{form}{start:%H};'") for form in " T"]


def _between(start: datetime) -> list[tuple[str, str]]:
    """Return the bounds of an hour."""
    first, last = (f"timestamptz '{one:%Y-%m-%d %H:%M:%S}+00'" for one in (start, start + timedelta(hours=1)))
    return [(first, last)]


# On SQLite a time may have the form T...Z, which sorts after all others of its day: the index finds the day, the rest
# of the condition the time.
_AT = "replace(substr(timestamp, 1, 19), 'T', ' ')"
_WORDS = {
    "sqlite": _Words(
        within=f"timestamp >= :since AND {_AT} >= :since AND {_AT} < :until",
        at="replace(substr(timestamp, 1, 19), ' ', 'T') || 'Z'",
        newest=f"{_AT} DESC, id DESC",
        outcome="CASE WHEN json_valid(metadata) THEN json_extract(metadata, '$.outcome') END",
        ranges=_of_an_hour,
    ),
    "postgresql": _Words(
        within="timestamp >= :since AND timestamp < :until",
        at=r"""to_char(timestamp, 'YYYY-MM-DD"T"HH24\:MI\:SS"Z"')""",
        newest="timestamp DESC, id DESC",
        outcome="metadata ->> 'outcome'",
        ranges=_between,
    ),
}


def masked(message: Any) -> str:
    """Return a text of a log with recognizable secrets masked."""
    return mask_secrets(_text(message))[:_LONGEST]


class SiteLogs:
    """The logs of a database, or no logs if ``connection`` is None.

    Args:
        connection: a connection with time zone UTC.
        now: the time at which the 24 hours end.
    """

    def __init__(self, connection: sa.Connection | None, now: datetime) -> None:
        self._connection = connection
        self._first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)

    def of_a_day(self) -> Logs:
        """Return the logs of the last 24 hours, with counts."""
        levels, hours, bad_hours, categories = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for row in self._ask(self._counts()):
            levels[row.level] += row.number
            hours[row.hour] += row.number
            bad_hours[row.hour] += row.number if row.level in _ERRORS else 0
        for row in self._rows("SELECT category, count(*) AS number", f"AND level IN {_ERRORS} GROUP BY 1"):
            categories[masked(row.category)] += row.number
        return Logs(
            summary=_summary(levels),
            byLevel=[LevelCount(level=level, count=count) for level, count in levels.most_common() if count],
            errorRate=[
                Hour(hour=hour, errors=bad_hours[hour], total=hours[hour]) for hour in map(moment, self._starts())
            ],
            topErrors=self._top_errors(),
            criticalErrors=self._entries("AND level IN ('critical', 'fatal')"),
            errorsByCategory=[CategoryCount(category=name, count=count) for name, count in categories.most_common()],
            recentActivity=self._newest(),
        )

    def migrations(self) -> tuple[int, int, list[LoggedRun]]:
        """Return the number of logged migrations, how many of them failed, and the newest."""
        of_runs = "FROM site_logs WHERE category = 'migration' AND {outcome} IS NOT NULL"
        counted = self._ask(
            "SELECT count(*) AS runs, coalesce(sum(CASE WHEN {outcome} = 'failed' THEN 1 ELSE 0 END), 0) AS failed "
            + of_runs
        )
        newest = self._ask(f"SELECT {{at}} AS at, metadata {of_runs} ORDER BY {{newest}} LIMIT {SHOWN}")
        runs, failed = (counted[0].runs, counted[0].failed) if counted else (0, 0)
        return runs, failed, [_logged(row.at, row.metadata) for row in newest]

    def _top_errors(self) -> list[TopError]:
        rows = self._rows(
            f"SELECT substr(message, 1, {_READ}) AS message, category, count(*) AS number, max({{at}}) AS last",
            f"AND level IN {_ERRORS} GROUP BY 1, 2 ORDER BY 3 DESC, 4 DESC LIMIT {SHOWN}",
        )
        return [
            TopError(message=masked(row.message), category=masked(row.category), count=row.number, lastSeen=row.last)
            for row in rows
        ]

    def _entries(self, condition: str) -> list[Entry]:
        return _shown(self._rows(_ENTRY, f"{condition} ORDER BY {{newest}} LIMIT {SHOWN}"))

    def _newest(self) -> list[Entry]:
        """Return the newest rows, hour by hour: a sort of the whole day would read all of it."""
        found: list[Any] = []
        for start in reversed(self._starts()):
            if len(found) >= SHOWN:
                break
            of_form = (
                f"SELECT * FROM ({_ENTRY}, timestamp FROM site_logs WHERE timestamp >= {first} AND timestamp < {last} "  # noqa: S608  of names and times of ours
                f"ORDER BY timestamp DESC, id DESC LIMIT {SHOWN}) AS one"
                for first, last in self._ranges(start)
            )
            rows = f"SELECT * FROM ({' UNION ALL '.join(of_form)}) AS two ORDER BY {{newest}} LIMIT {SHOWN}"  # noqa: S608  of names and times of ours
            found += self._ask(rows)
        return _shown(found[:SHOWN])

    def _counts(self) -> str:
        """Return a query of the number of rows by hour and level, which an index has side by side."""
        hours = ", ".join(
            f"('{_escaped(moment(start))}', {first}, {last})"
            for start in self._starts()
            for first, last in self._ranges(start)
        )
        levels = ", ".join(f"('{level}')" for level in get_args(LogLevel))
        counted = (
            "SELECT count(*) FROM site_logs AS l "
            "WHERE l.level = levels.level AND l.timestamp >= hours.first AND l.timestamp < hours.last"
        )
        names = "hours (hour, first, last)", "levels (level)"
        return (
            f"WITH {names[0]} AS (VALUES {hours}), {names[1]} AS (VALUES {levels}) "  # noqa: S608  of names and times of ours
            f"SELECT hour, level, ({counted}) AS number FROM hours, levels"
        )

    def _starts(self) -> list[datetime]:
        """Return the beginnings of the hours."""
        return [self._first + timedelta(hours=hour) for hour in range(_HOURS)]

    def _ranges(self, start: datetime) -> list[tuple[str, str]]:
        if self._connection is None:
            return []
        ranges = _WORDS[self._connection.dialect.name].ranges(start)
        return [(_escaped(first), _escaped(last)) for first, last in ranges]

    def _rows(self, select: str, rest: str) -> Iterable[Any]:
        return self._ask(f"{select} FROM site_logs WHERE {{within}} {rest}")

    def _ask(self, query: str) -> list[Any]:
        """Run a query, with ``{at}`` and similar replaced by expressions of the engine."""
        if self._connection is None:
            return []
        dialect = dialects.of(self._connection)
        since, until = self._first, self._first + timedelta(hours=_HOURS)
        bounds: dict[str, Any] = {"since": since, "until": until}
        if not dialect.keeps_types:
            bounds = {name: f"{time:%Y-%m-%d %H:%M:%S}" for name, time in bounds.items()}
        statement = sa.text(query.format(**vars(_WORDS[dialect.name])))
        with dialect.values.tolerant(self._connection):
            return list(self._connection.execute(statement, bounds if ":since" in statement.text else {}))


def _escaped(sql: str) -> str:
    r"""Return SQL in which no colon begins a parameter."""
    return sql.replace(":", r"\:")


def _shown(rows: Iterable[Any]) -> list[Entry]:
    return [
        Entry(id=row.id, timestamp=row.at, level=row.level, category=masked(row.category), message=masked(row.message))
        for row in rows
    ]


def _text(value: Any) -> str:
    """Return a value as text that JSON can carry; SQLite also stores bytes in a text column."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.encode(errors="replace").decode()  # JSON allows lone surrogates, UTF-8 does not


def _summary(levels: Mapping[str, int]) -> Summary:
    total = sum(levels.values())
    errors = sum(levels.get(level, 0) for level in _ERRORS)
    warnings = sum(levels.get(level, 0) for level in _WARNINGS)
    percent = 100 / total if total else 0.0
    return Summary(
        totalLogs=total,
        errorCount=errors,
        warningCount=warnings,
        infoCount=total - errors - warnings,
        errorPercentage=round(errors * percent, 2),
        healthScore=round(100 - errors * percent - warnings * percent / 4, 2),
    )


def _logged(at: str, metadata: Any) -> LoggedRun:
    """Return a run from its row; ignore what an application may have written there."""
    facts = json.loads(metadata) if isinstance(metadata, str) else metadata

    def text(name: str) -> str | None:
        return None if facts.get(name) is None else masked(facts[name])

    def number(name: str) -> Any:
        value = facts.get(name)
        return value if isinstance(value, int | float) and abs(value) < _NUMBERS else None

    return LoggedRun(
        timestamp=at,
        revision=text("revision"),
        direction=text("direction"),
        outcome=masked(facts["outcome"]),
        duration_ms=number("duration_ms"),
        statements=None if number("statements") is None else int(number("statements")),
        error=text("error"),
        host=text("host"),
        package_version=text("package_version"),
    )
