"""The schemas of the responses, as in OpenAPI. They keep the names of the old routes where those had a meaning."""

# ruff: noqa: N815 - names of the old routes

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field

from cts_schema.exceptions import NextCommand, SchemaError, of_cts_schema
from cts_schema.health.report import Finding

DatabaseType = Literal["sqlite", "postgresql"]
STATUS = "/api/install/database/status"


def moment(time: datetime) -> str:
    """A time as the routes show it: UTC, ``2026-01-03T12:00:00Z``."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def of_http(command: NextCommand) -> str:
    """Word a command for clients of the routes; a command without a public route is one of ``cts-schema``."""
    return f"GET {STATUS}" if command.name == "status" else of_cts_schema(command)


class Problem(BaseModel):
    """An error: what is wrong, where, and the next safe command."""

    error: str
    place: dict[str, str | int | float]
    next: str
    exit_code: int

    @classmethod
    def of(cls, error: SchemaError) -> Problem:
        """Return an error with the keys of ``cts-schema --json`` and the commands of HTTP."""
        step = error.next_step.worded(of_http)
        return cls(error=error.cause, place=error.place, next=step, exit_code=error.exit_code)


class Table(BaseModel):
    """A table of the models."""

    name: str
    exists: bool


class Migration(BaseModel):
    """A revision, and whether the database has it."""

    id: int
    name: str
    executed: bool
    executed_at: str | None
    duration_ms: int | None


class StatusSchema(BaseModel):
    """The status of the database. It is initialized if it has a revision and every table of the models."""

    initialized: bool
    tables: list[Table]
    migrations: list[Migration]
    revision: str | None
    head: str
    at_head: bool
    pending: list[str]
    missing_in_ledger: list[str]
    unmanaged: list[str]
    preserved: list[str]
    stranded: list[str]
    unadopted: list[str]


class DatabaseStatus(BaseModel):
    """Which database is configured, and whether it responds. It is configured if it was named."""

    type: DatabaseType
    isConfigured: bool
    isConnected: bool
    url: str
    tableCount: int
    error: Problem | None


class Progress(BaseModel):
    """How many of the pending revisions are done, and which one is running."""

    done: int = 0
    total: int | None = None
    current: str | None = None


class LogLine(BaseModel):
    """A log line of a run."""

    at: str
    level: str
    message: str


class Run(BaseModel):
    """A requested migration. While it is running, duration_ms is the time so far."""

    run_id: str
    state: Literal["running", "succeeded", "failed"] = "running"
    success: bool | None = None
    started_at: str
    ended_at: str | None = None
    duration_ms: int = 0
    database_type: DatabaseType
    migrations_applied: int = 0
    total_tables: int | None = None
    revision: str | None = None
    progress: Progress = Field(default_factory=Progress)
    errors: list[str] = Field(default_factory=list)
    error: Problem | None = None
    logs: list[LogLine] = Field(default_factory=list)


class Holder(BaseModel):
    """The migration that is running."""

    run_id: str
    started_at: str
    progress: Progress


class Busy(BaseModel):
    """Another migration is running; only one runs at a time."""

    success: Literal[False] = False
    errors: list[str]
    holder: Holder


class Summary(BaseModel):
    """The site_logs of 24 hours, counted: errors are error, critical and fatal, warnings warn and warning.

    healthScore is 100 without logs; each percent of errors takes one off, each percent of warnings a quarter.
    """

    totalLogs: int
    errorCount: int
    warningCount: int
    infoCount: int
    errorPercentage: float
    healthScore: float


class LevelCount(BaseModel):
    """How many logs have a level."""

    level: str
    count: int


class Hour(BaseModel):
    """How many logs an hour has, and how many errors."""

    hour: str
    errors: int
    total: int


class TopError(BaseModel):
    """A frequent error."""

    message: str
    category: str
    count: int
    lastSeen: str


class Entry(BaseModel):
    """One log entry, without the context that the application added."""

    id: int
    timestamp: str
    level: str
    category: str
    message: str


class CategoryCount(BaseModel):
    """How many errors a category has."""

    category: str
    count: int


class Logs(BaseModel):
    """The site_logs of 24 hours, the current one and the 23 before it, in UTC."""

    summary: Summary
    byLevel: list[LevelCount]
    errorRate: list[Hour]
    topErrors: list[TopError]
    criticalErrors: list[Entry]
    errorsByCategory: list[CategoryCount]
    recentActivity: list[Entry]


class TableSize(BaseModel):
    """The size of a table: rows are an estimate; bytes are null if the database does not know them."""

    name: str
    managed: bool
    rows: int | None
    bytes: int | None


class Sizes(BaseModel):
    """The size of the database."""

    tables: list[TableSize]
    bytes: int
    deep: bool


class Applied(BaseModel):
    """An applied revision, from the ledger."""

    revision: str
    name: str
    executed_at: str | None
    duration_ms: int | None


class LoggedRun(BaseModel):
    """A migration of any program, from its row in site_logs."""

    timestamp: str
    revision: str | None
    direction: str | None
    outcome: str
    duration_ms: float | None
    statements: int | None
    error: str | None
    host: str | None
    package_version: str | None


class Migrations(BaseModel):
    """The revisions of the ledger, and the newest logged runs."""

    runs: int
    failed: int
    last: LoggedRun | None
    history: list[Applied]
    recent: list[LoggedRun]


class Orphans(BaseModel):
    """Rows that refer to a missing row."""

    where: str
    count: int | None
    message: str


class FindingSchema(BaseModel):
    """One finding; docs/health.md has all codes."""

    code: str
    severity: Literal["error", "warning", "info"]
    where: str
    message: str
    count: int | None
    repair: str | None

    @classmethod
    def of(cls, finding: Finding) -> FindingSchema:
        """Return a finding with the commands of HTTP."""
        repair = None if finding.repair is None else finding.repair.worded(of_http)
        return cls.model_validate({**vars(finding), "repair": repair})


class Findings(BaseModel):
    """The findings of ``cts-schema check``."""

    error: int
    warning: int
    info: int
    list: list[FindingSchema]


class Statistics(BaseModel):
    """Statistics of the application and its database. Notes say what could not be read, and is shown as 0."""

    stats: Logs
    database: Sizes
    migrations: Migrations
    orphans: list[Orphans]
    findings: Findings
    notes: list[str]
    checked_at: str
