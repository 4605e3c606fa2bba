"""What a run has done, and where a database stands: plain values, safe to log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["upgrade", "downgrade", "stamp"]


@dataclass(frozen=True)
class AppliedRevision:
    """One step of a run: a revision that was applied, undone or stamped; the milliseconds and statements it took."""

    revision: str
    name: str
    direction: Direction
    duration_ms: float
    statements: int = 0


@dataclass(frozen=True)
class Adopted:
    """What a run brought in of an old database.

    Attributes:
        tables: old tables whose rows came in.
        rows: rows that they had.
        refused: of those, the ones that are in ``adoption_leftovers`` whole.
        leftovers: rows of ``adoption_leftovers`` that were written.
        backup: where the copy of a SQLite file is.
        duration_ms: milliseconds from looking at the old tables to having verified the new ones.
        exclusive_ms: by table, milliseconds that nobody else could use it.
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
        applied: the steps in the order they were done; empty when there was nothing to do.
        healed: revisions whose row was missing in the ledger and has been written again.
        duration_ms: milliseconds of the whole run, waiting for locks included.
        adopted: what came in, where it was an old database.
        preserved: tables ``cts_kept_*`` with what downgrades have preserved, as they are after the run.
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
    """Where a database stands.

    Attributes:
        database: the URL, with credentials masked.
        revision: the revision of the database, None where it has none.
        head: the newest revision of this package.
        pending: revisions that an upgrade would apply, in order.
        missing_in_ledger: applied revisions that have no row in ``schema_migrations``.
        unmanaged: tables that are not of this package.
        preserved: of those, the tables ``cts_kept_*`` with what downgrades have preserved.
        unadopted: tables that are, in a database without a revision: the old application made them.
        executed_at: when each applied revision was, by the ledger: UTC, as ``2026-01-03 12:00:00``.
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

    @property
    def at_head(self) -> bool:
        """Whether an upgrade would find nothing to do."""
        return self.revision == self.head and not self.missing_in_ledger

    @property
    def stranded(self) -> tuple[str, ...]:
        """Those preserved tables that no upgrade restores any more: their revision is behind."""
        return stranded(self.preserved, self.revision)


def stranded(preserved: Sequence[str], revision: str | None) -> tuple[str, ...]:
    """Return the preserved tables of revisions up to that of the database, which has left them behind."""
    return tuple(one for one in preserved if revision is not None and one[9:12] <= revision)
