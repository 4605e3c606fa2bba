"""What ``check`` found: plain values, safe to log. Of rows there are keys in it, and no other values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
"""The codes of what ``cts-schema repair`` mends, as far as the rows allow it."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: a short word for what it is, which stays the same from release to release; docs/health.md has all.
        severity: error where data or the application are at risk, warning where something should be done, else info.
        where: the table, or what of it: ``orders``, ``orders.user_id``, ``orders.ix_orders_user_id``.
        message: what it is, in a sentence.
        count: how many, where there is something to count.
        examples: keys of some.
        found: what is there, of a thing that has changed.
        expected: what the models say of it.
        repair: a command or SQL that a person may run, where there is one; ``cts-schema repair --plan`` shows its SQL.
    """

    code: str
    severity: Severity
    where: str
    message: str
    count: int | None = None
    examples: tuple[str, ...] = ()
    found: str | None = None
    expected: str | None = None
    repair: str | None = None


@dataclass(frozen=True)
class TableSize:
    """How large a table is.

    Attributes:
        name: the table.
        managed: whether it is one of the models.
        rows: how many there are; None where the database does not know.
        bytes: with its indexes; None where SQLite was not asked to measure.
    """

    name: str
    managed: bool
    rows: int | None
    bytes: int | None


@dataclass(frozen=True)
class IndexUse:
    """How much an index is used, by the statistics of PostgreSQL.

    Attributes:
        table: its table.
        name: its name.
        scans: how often it was read, since ``Health.statistics_since``.
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
    """When a revision was applied, and how long it took, by the ledger.

    Attributes:
        revision: its number.
        executed_at: UTC, as ``2026-01-03 12:00:00``.
        duration_ms: milliseconds; None where it was stamped, or written again.
    """

    revision: str
    executed_at: str
    duration_ms: int | None


@dataclass(frozen=True)
class Health:
    """What is wrong with a database, how large it is, and how it came here.

    Attributes:
        database: the URL, with credentials masked.
        revision: its revision, None where it has none.
        head: the newest revision of this package.
        deep: whether every row was looked at; else numbers of rows are estimates, and what is large was only probed.
        findings: the worst first.
        tables: how large each is, by name.
        indexes: how much each is used, by table and name; empty on SQLite, which does not count.
        migrations: the revisions that are applied, in order.
        bytes: the size of the database.
        statistics_since: on PostgreSQL, since when it counts how often an index is used; None where it does not say.
        duration_ms: milliseconds that it took.
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
    duration_ms: float

    @property
    def healthy(self) -> bool:
        """Whether there is nothing above info."""
        return all(finding.severity == "info" for finding in self.findings)
