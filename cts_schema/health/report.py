"""What ``check`` found: plain values, safe to log. Of rows they contain keys only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cts_schema.exceptions import NextStep

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

EXAMPLES = 5
"""How many keys a finding shows at most."""


_PARTS = (
    *("table", "column", "identity", "primary-key", "unique", "check", "foreign-key"),
    *("index", "trigger", "function"),
)
REPAIRABLE = {f"{change}-{part}" for change in ("missing", "changed") for part in _PARTS} | {
    "not-validated",
    "wrong-id-type",
    "ledger-row-missing",
    "ledger-row-surplus",
    "orphans",
    "invalid-index",
    "sequence-behind",
    "time-form",
    "unreadable-values",
}
"""The codes of the findings that ``repair`` can fix, if the rows allow it."""


@dataclass(frozen=True)
class Finding:
    """One problem of a database.

    Attributes:
        code: what it is; stable between releases, and explained in docs/health.md.
        severity: error if data or the application is at risk, warning if somebody should act, else info.
        where: the table, or a part of it: ``orders``, ``orders.user_id``, ``orders.ix_orders_user_id``.
        message: the problem, in a sentence.
        count: how many, if it can be counted.
        examples: keys of some.
        found: the definition in the database, if it differs from the models.
        expected: the definition in the models.
        repair: a command or SQL that repairs it, if there is one; ``repair`` with ``plan=True`` shows the statements.
    """

    code: str
    severity: Severity
    where: str
    message: str
    count: int | None = None
    examples: tuple[str, ...] = ()
    found: str | None = None
    expected: str | None = None
    repair: NextStep | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TableSize:
    """The size of a table.

    Attributes:
        name: the table.
        managed: whether it is one of the models.
        rows: the number of rows; None if the database does not know it.
        bytes: with its indexes; None if SQLite did not measure it.
    """

    name: str
    managed: bool
    rows: int | None
    bytes: int | None


@dataclass(frozen=True)
class IndexUse:
    """The use of an index, from the statistics of PostgreSQL.

    Attributes:
        table: its table.
        name: its name.
        scans: how often it was read since ``Health.statistics_since``.
        rows: how many entries were read.
        bytes: its size.
    """

    table: str
    name: str
    scans: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class MigrationTime:
    """When a revision was applied, and how long it took, from the ledger.

    Attributes:
        revision: its number.
        executed_at: UTC, as ``2026-01-03 12:00:00``.
        duration_ms: milliseconds; None if the row was stamped or written later.
    """

    revision: str
    executed_at: str
    duration_ms: int | None


@dataclass(frozen=True)
class Health:
    """The findings, sizes and migrations of a database.

    Attributes:
        database: the URL, with credentials masked.
        revision: the current revision, None if it has none.
        head: the newest revision of this package.
        deep: whether every row was read; otherwise row counts are estimates, and large tables were sampled.
        findings: the worst first.
        tables: their sizes, by name.
        indexes: their use, by table and name; empty on SQLite, which keeps no statistics.
        migrations: the applied revisions, in order.
        bytes: the size of the database.
        statistics_since: since when PostgreSQL counts the use of indexes; None if it does not say.
        journal: the journal of a SQLite file: ``wal``, the write-ahead log, or ``delete``; None on PostgreSQL.
        duration_ms: how long the check took, in milliseconds.
    """

    database: str
    revision: str | None
    head: str
    deep: bool
    findings: tuple[Finding, ...]
    tables: tuple[TableSize, ...]
    indexes: tuple[IndexUse, ...]
    migrations: tuple[MigrationTime, ...]
    bytes: int
    statistics_since: str | None
    journal: str | None
    duration_ms: float

    @property
    def healthy(self) -> bool:
        """Whether there is nothing above info."""
        return all(finding.severity == "info" for finding in self.findings)
