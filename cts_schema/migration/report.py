"""The report of a run and the status of a database: plain values, safe to log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cts_schema.schema.scripts import preserved_by_upgrade

Direction = Literal["upgrade", "downgrade", "stamp"]


@dataclass(frozen=True)
class AppliedRevision:
    """One step of a run: a revision that was applied, reverted or stamped, with its milliseconds and statements."""

    revision: str
    name: str
    direction: Direction
    duration_ms: float
    statements: int = 0


@dataclass(frozen=True)
class Adopted:
    """What a run adopted of a legacy database.

    Attributes:
        tables: the number of legacy tables that were loaded.
        rows: the number of their rows.
        refused: how many of those are in ``adoption_leftovers`` as whole rows.
        leftovers: the number of new rows of ``adoption_leftovers``.
        backup: the path of the copy of a SQLite file.
        duration_ms: milliseconds from the survey of the legacy tables to the end of the verification.
        exclusive_ms: by table, for how many milliseconds no one else could use it.
    """

    tables: int
    rows: int
    refused: int
    leftovers: int
    backup: str | None
    duration_ms: float
    exclusive_ms: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Report:
    """The outcome of ``upgrade``, ``downgrade`` or ``initialize``.

    Attributes:
        database: the URL, with credentials masked.
        before: the revision before the run, None for an empty database.
        after: the revision after it.
        applied: the steps in order; empty if there was nothing to do.
        healed: revisions whose missing ledger row was written again.
        duration_ms: milliseconds of the whole run, including waits for locks.
        adopted: what was adopted, if it was a legacy database.
        preserved: tables ``cts_kept_*`` that downgrades have preserved, after the run.
    """

    database: str
    before: str | None
    after: str | None
    applied: tuple[AppliedRevision, ...] = ()
    healed: tuple[str, ...] = ()
    duration_ms: float = 0.0
    adopted: Adopted | None = None
    preserved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """The status of a database.

    Attributes:
        database: the URL, with credentials masked.
        revision: the current revision, None if it has none.
        head: the newest revision of this package.
        pending: revisions that an upgrade would apply, in order.
        missing_in_ledger: applied revisions that have no row in ``schema_migrations``.
        unmanaged: tables that are not of this package.
        preserved: of those, the tables ``cts_kept_*`` that downgrades have preserved.
        unadopted: our tables in a database without a revision: those of the old application.
        executed_at: when each revision was applied, from the ledger: UTC, as ``2026-01-03 12:00:00``.
        journal: the journal of a SQLite file: ``wal``, the write-ahead log, or ``delete``; None on PostgreSQL.
    """

    database: str
    revision: str | None
    head: str
    pending: tuple[str, ...] = ()
    missing_in_ledger: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    preserved: tuple[str, ...] = ()
    unadopted: tuple[str, ...] = ()
    executed_at: Mapping[str, str] = field(default_factory=dict, hash=False)
    journal: str | None = None

    @property
    def at_head(self) -> bool:
        """Whether an upgrade would find nothing to do."""
        return self.revision == self.head and not self.missing_in_ledger

    @property
    def stranded(self) -> tuple[str, ...]:
        """The preserved tables that no run can restore, because their revision is already applied."""
        return tuple(by_purpose(self.preserved, self.revision)["not restored"])


def by_purpose(preserved: Sequence[str], revision: str | None) -> dict[str, list[str]]:
    """Return preserved tables by what they wait for.

    Args:
        preserved: the tables.
        revision: the current revision.
    """
    found: dict[str, list[str]] = {"preserved for an upgrade": [], "preserved for a downgrade": [], "not restored": []}
    for one in preserved:
        if revision is None or one[9:12] > revision:
            found["preserved for an upgrade"].append(one)
        else:
            found["preserved for a downgrade" if preserved_by_upgrade(one) else "not restored"].append(one)
    return found
