"""What the routes answer, as it stands in OpenAPI. The names of the old routes are kept where they meant something."""

# ruff: noqa: N815 - those names

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel

from cts_schema.cli.output import in_our_words
from cts_schema.exceptions import SchemaError

DatabaseType = Literal["sqlite", "postgresql"]


def moment(time: datetime) -> str:
    """A time as the routes show it: UTC, ``2026-01-03T12:00:00Z``."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Problem(BaseModel):
    """What is wrong, where, and the next safe command."""

    error: str
    place: dict[str, str | int | float]
    next: str
    exit_code: int

    @classmethod
    def of(cls, error: SchemaError) -> Problem:
        """The same as ``cts-schema --json`` says."""
        return cls(error=error.cause, place=error.place, next=in_our_words(error.next_step), exit_code=error.exit_code)


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


class Status(BaseModel):
    """Where the database stands. It is initialized when it has a revision and every table of the models."""

    initialized: bool
    tables: list[Table]
    migrations: list[Migration]
    revision: str | None
    head: str
    at_head: bool
    pending: list[str]
    missing_in_ledger: list[str]
    unmanaged: list[str]
    unadopted: list[str]


class DatabaseStatus(BaseModel):
    """Which database is meant, and whether it answers. It is configured when something names it."""

    type: DatabaseType
    isConfigured: bool
    isConnected: bool
    url: str
    tableCount: int
    error: Problem | None


class Progress(BaseModel):
    """How many revisions are done of how many that were due, and which one is at work."""

    done: int = 0
    total: int | None = None
    current: str | None = None


class LogLine(BaseModel):
    """What a run has said."""

    at: str
    level: str
    message: str


class Run(BaseModel):
    """A migration that was asked for. Of one that goes on, duration_ms is the time so far."""

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
    progress: Progress = Progress()
    errors: list[str] = []
    error: Problem | None = None
    logs: list[LogLine] = []


class Holder(BaseModel):
    """The migration that goes on."""

    run_id: str
    started_at: str
    progress: Progress


class Busy(BaseModel):
    """There is one migration at a time."""

    success: Literal[False] = False
    errors: list[str]
    holder: Holder
