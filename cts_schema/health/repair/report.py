"""What a repair does, and what it leaves: plain values, safe to log. The statements name columns, and no values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cts_schema.health.report import Finding

LEFTOVERS = "adoption_leftovers"
"""The table of what a repair takes out of others."""

OrphanPolicy = Literal["leave", "quarantine"]


class Proof(str):
    """A query among the statements of a step that must answer 0; else everything is undone.

    Attributes:
        refers: the table and columns of somebody else's that it looks at, None of a proof about our own.
    """

    refers: str | None

    def __new__(cls, query: str, *, refers: str | None = None) -> Proof:
        """Make one of its query."""
        proof = super().__new__(cls, query)
        proof.refers = refers
        return proof


@dataclass(frozen=True)
class RepairStep:
    """What mends one finding, or several at once.

    Attributes:
        mends: the findings.
        statements: what is executed, in this order.
        tables: the tables whose rows must be as many afterwards.
        moves: the tables of which rows come or go.
        apart: whether each statement is by itself, after the transaction of the others, beside the traffic.
        undo: what takes a half of it away again, where a statement that is by itself fails.
    """

    mends: tuple[Finding, ...]
    statements: tuple[str, ...]
    tables: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    apart: bool = False
    undo: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """What is not mended, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Repair:
    """A repair, or the plan of one.

    Attributes:
        database: the URL, with credentials masked.
        revision: its revision, None where it has none.
        done: whether the steps were executed; else this is a plan.
        steps: what mends it, in order.
        left: what stays, and why.
        backup: the copy that was made before, where one was.
        duration_ms: milliseconds that it took.
    """

    database: str
    revision: str | None
    done: bool
    steps: tuple[RepairStep, ...]
    left: tuple[Left, ...]
    backup: str | None
    duration_ms: float

    @property
    def complete(self) -> bool:
        """Whether nothing above info stays."""
        return all(one.finding.severity == "info" for one in self.left)
