"""What a repair does, and what it leaves: plain values, safe to log. The statements contain no values of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health.report import Finding

LEFTOVERS = "adoption_leftovers"
"""The table that a repair moves rows and values to."""
NO_LEFTOVERS = NextStep(f"the table {LEFTOVERS} is missing; to create it: {{}}", NextCommand("repair", "missing-table"))

OrphanPolicy = Literal["leave", "quarantine"]


class Proof(str):
    """A query among the statements of a step that must return 0; otherwise everything is rolled back.

    Attributes:
        refers: the unmanaged table and columns that it checks; None for our own.
    """

    refers: str | None

    def __new__(cls, query: str, *, refers: str | None = None) -> Proof:
        """Make a proof from its query."""
        proof = super().__new__(cls, query)
        proof.refers = refers
        return proof


@dataclass(frozen=True)
class RepairStep:
    """Repairs one finding, or several at once.

    Attributes:
        repairs: the findings.
        statements: the statements, in order.
        tables: the tables whose number of rows must not change.
        moves: the tables that rows are added to or removed from.
        apart: whether each statement runs after the transaction, on its own, concurrently with traffic.
        undo: statements that undo the completed half, if a statement outside of the transaction fails.
    """

    repairs: tuple[Finding, ...]
    statements: tuple[str, ...]
    tables: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    apart: bool = False
    undo: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """A finding that is not repaired, and why."""

    finding: Finding
    reason: str | NextStep


@dataclass(frozen=True)
class Repair:
    """A repair, or the plan of one.

    Attributes:
        database: the URL, with credentials masked.
        revision: the current revision, None if it has none.
        done: whether the steps were executed; otherwise this is a plan.
        steps: the steps, in order.
        left: the findings that are left, and why.
        backup: the backup before the repair, if there is one.
        duration_ms: how long it took, in milliseconds.
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
        """Whether no error and no warning is left."""
        return all(one.finding.severity == "info" for one in self.left)
