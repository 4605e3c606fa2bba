"""What a person must agree to before an adoption: about which rows, why, and what would make it unnecessary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.plan.trial import Outcome, Refused
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.unmanaged.changed_keys import CHANGED
from cts_schema.adoption.unmanaged.lost_references import LostReferences

#: Of a table that loses more than this part of its rows, and more than so many, a person decides.
LARGE_PART, LARGE = 10, 3

_WHY = {
    "null": "a value that must be there is missing",
    "check": "a value is not allowed",
    "type": "a value that must be there does not convert",
    "precision": "a value that must be there does not fit",
    "orphan": "the row that they refer to is not there, or is not kept",
    "duplicate": "another row has the same key",
}
_REMEDY = {
    "null": "give the rows a value",
    "check": "give the rows a value that is allowed",
    "type": "give the rows a value that converts",
    "precision": "give the rows a value that fits",
    "orphan": "let the rows refer to ones that are kept",
    "duplicate": "give the rows other keys",
}


@dataclass(frozen=True)
class Decision:
    """Something that a person must agree to.

    Attributes:
        kind: ``rows``, or what cannot be carried over: view, trigger, foreign key, ...
        name: the table of the rows, or how the database calls the other thing.
        rows: how many rows it is about; 0 where it is about none in particular.
        ids: the primary keys of the first of them.
        cause: why, and what will be done.
        remedy: what would make it unnecessary.
    """

    kind: str
    name: str
    cause: str
    remedy: str
    rows: int = 0
    ids: tuple[str, ...] = ()

    @property
    def table(self) -> str | None:
        """The table that it is about; None of a view and the like."""
        if self.kind == "rows":
            return self.name
        between = {"foreign key": "of ", "trigger": " on ", "rule": " on ", "policy": " on "}.get(self.kind)
        return self.name.rpartition(between)[2] if between is not None and between in self.name else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "table": self.table,
            "rows": self.rows,
            "ids": list(self.ids),
            "cause": self.cause,
            "remedy": self.remedy,
            "text": str(self),
        }

    def __str__(self) -> str:
        if self.kind != "rows":
            return f"cannot be carried over: {self.kind} {self.name}: {self.cause} (not needed once: {self.remedy})"
        more = ", ..." if len(self.ids) < self.rows else ""
        ids = f" ({', '.join(self.ids)}{more})" if self.ids else ""
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        return f"{rows} of {self.name}{ids}: {self.cause} (not needed once: {self.remedy})"


def find(
    examined: Sequence[tuple[Conversion, Examination]], outcome: Outcome, refusals: Sequence[Refusal]
) -> Iterator[Decision]:
    """Yield what a person must agree to.

    Args:
        examined: the sources, and what is wrong with their rows.
        outcome: what a load on trial has shown.
        refusals: what cannot be carried over of what depends on the legacy tables.
    """
    for refusal in refusals:
        yield Decision(
            refusal.kind, refusal.name, refusal.reason, f"the {refusal.kind} is dropped, or does without what is gone"
        )
    lacking = dict(_lacking(examined, {refused.table: refused.keys for refused in outcome.refused}))
    yield from lacking.values()
    columns = {conversion.source.old.name: _columns(conversion, findings) for conversion, findings in examined}
    lost: Counter[str] = Counter()
    for refused in outcome.refused:
        lost[refused.table] += refused.rows
    for refused in outcome.refused:
        large = refused.rows > LARGE and refused.rows * LARGE_PART > refused.of
        if (large or lost[refused.table] == refused.of) and not refused.absorbed and refused.table not in lacking:
            yield _large(refused, columns[refused.table])
    yield from map(_of_lost, outcome.lost_references)


def _lacking(
    examined: Sequence[tuple[Conversion, Examination]], keys: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, Decision]]:
    for conversion, found in examined:
        name = conversion.source.old.name
        absent = [key for key, count in found.nulls.items() if count == found.rows and key not in conversion.columns]
        if absent and not conversion.source.absorbed:
            cause = (
                f"{name} has no {', '.join(absent)}, so that all its rows go to adoption_leftovers. "
                "Is it a table of another application?"
            )
            yield (
                name,
                Decision(
                    "rows", name, cause, "the table is renamed, or has these columns", found.rows, keys.get(name, ())
                ),
            )


def _columns(conversion: Conversion, found: Examination) -> Mapping[str, str]:
    """Return by reason the columns that it may be about."""
    required = [name for name in found.nulls if found.nulls[name] > found.orphans.get(name, 0)]
    named = {
        "null": required,
        "check": [*required, *conversion.source.table.checks * (found.checks > 0)],
        "type": required,
        "precision": required,
        "orphan": list(found.orphans),
        "duplicate": [", ".join(key) for key in found.duplicates],
    }
    return {reason: "; ".join(columns) for reason, columns in named.items()}


def _large(refused: Refused, columns: Mapping[str, str]) -> Decision:
    share = "all" if refused.rows == refused.of else f"{refused.rows / refused.of:.0%}"
    about = f": {columns[refused.reason]}" if columns.get(refused.reason) else ""
    cause = (
        f"they are {share} of the table, and go to adoption_leftovers whole, because {_WHY[refused.reason]} "
        f"({refused.reason}{about})"
    )
    return Decision("rows", refused.table, cause, _REMEDY[refused.reason], refused.rows, refused.keys)


def _of_lost(found: LostReferences) -> Decision:
    columns = ", ".join(found.columns)
    if found.repeated:
        cause = f"{columns} would refer to a row of {found.parent} to which another row refers, and only one may; "
        remedy = "one of these rows refers to something else"
    else:
        why = "; ".join(f"{_WHY[reason]} ({reason})" for reason in found.reasons if reason != CHANGED)
        lost = [f"that cannot be kept, because {why}"] if why else []
        lost += ["whose key goes, or becomes one that it cannot hold"] * (CHANGED in found.reasons)
        cause = f"{columns} refers to rows of {found.parent} {', or '.join(lost)}; "
        remedy = f"the rows of {found.parent} are fixed, or these refer to others"
    done = (
        "the rows go to adoption_leftovers too"
        if found.moved
        else "it becomes NULL, its value is in adoption_leftovers"
    )
    return Decision("rows", found.table, cause + done, remedy, found.rows, found.keys)
