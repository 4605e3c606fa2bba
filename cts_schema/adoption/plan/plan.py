"""What an adoption would do, as a value that can be printed before anything is touched."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import backup, target
from cts_schema.adoption.convert import rules
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.convert.sources import Source
from cts_schema.adoption.plan.decisions import Decision
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.survey.tables import Survey
from cts_schema.exceptions import mask_url
from cts_schema.schema.scripts import ADOPTION_REVISION, head

# Measured on two cores, with indexes and the check afterwards; only to tell a second from an hour.
_SECONDS_PER_ROW = 25e-6
_SECONDS_AT_LEAST = 2.0
#: The new tables with their indexes beside the old ones, until these are dropped.
_GROWTH = 2.5


@dataclass(frozen=True)
class TablePlan:
    """What happens to one legacy table.

    Attributes:
        name: the legacy table.
        into: ours.
        rows: how many rows it has.
        absorbed: its rows are copied and it stays; else it is moved aside.
        kept: columns that stay as they are called.
        converted: of those, the ones that get another type, as ``id: integer -> text``.
        renamed: columns whose values go under another name, as ``testnet -> is_testnet``.
        merged: columns that several old ones fill, as ``quantity: quantity, volume``.
        added: columns of ours that it says nothing about.
        left_over: columns without a counterpart, whose values go to adoption_leftovers.
        conflicts: rows by what is wrong with them: orphan, duplicate, null, check, type, precision.
        refused: rows that cannot be kept and go to adoption_leftovers whole, about: one with two faults counts twice,
            and what refers to such a row is not counted.
    """

    name: str
    into: str
    rows: int
    absorbed: bool
    kept: tuple[str, ...]
    converted: tuple[str, ...]
    renamed: tuple[str, ...]
    merged: tuple[str, ...]
    added: tuple[str, ...]
    left_over: tuple[str, ...]
    conflicts: Mapping[str, int]
    refused: int

    def summary(self) -> str:
        """Return in one line what happens."""
        said = [f"into {self.into}, stays" if self.absorbed else "loaded"]
        said += self.converted[:1] + self.renamed[:2]
        if self.left_over:
            said.append(f"{len(self.left_over)} column{'s' * (len(self.left_over) > 1)} -> leftovers")
        if self.added:
            said.append(f"{len(self.added)} added")
        return "; ".join(said)


@dataclass(frozen=True)
class Plan:
    """What an adoption would do.

    Attributes:
        database: the URL, with credentials masked.
        ledgers: which of the old runners have left a ledger, and how far each came.
        into: the revision that the old rows are loaded into.
        head: the revision that the line goes on to.
        tables: what happens to each legacy table.
        created: our tables that the legacy database does not have.
        unmanaged: tables that stay as they are.
        orphans: what happens to rows whose parent is gone: ``quarantine`` or ``fail``.
        decisions: what a person must say yes to before anything is done.
        blockers: what must be fixed before anything can be done.
        backup: where a copy goes first; None where the legacy tables themselves stay, or there is no file.
        bytes_needed: on the disk of the database, the backup included.
        bytes_free: there; None where it cannot be known.
        seconds: how long it will take, roughly.
    """

    database: str
    ledgers: tuple[str, ...]
    into: str
    head: str
    tables: tuple[TablePlan, ...]
    created: tuple[str, ...]
    unmanaged: tuple[str, ...]
    orphans: str
    decisions: tuple[Decision, ...]
    blockers: tuple[str, ...]
    backup: str | None
    bytes_needed: int
    bytes_free: int | None
    seconds: float

    @property
    def rows(self) -> int:
        """How many rows are adopted."""
        return sum(table.rows for table in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        decisions = [decision.as_dict() for decision in self.decisions]
        return {**dataclasses.asdict(self), "rows": self.rows, "decisions": decisions}

    def __str__(self) -> str:
        counted = f"{len(self.tables)} tables, {self.rows:,} rows" if self.tables else "not counted"
        lines = [f"Database      {self.database}   {counted}"]
        lines.append(f"Ledger        {', '.join(self.ledgers) or 'none'}")
        then = "" if self.head == self.into else f", then {self.head} (head)"
        lines.append(f"Into          revision {self.into}{then}")
        if self.tables:
            width = max(5, *(len(table.name) for table in self.tables))
            lines += ["", f"  {'table':{width}}  {'rows':>12}  what happens"]
            lines += [f"  {table.name:{width}}  {table.rows:>12,}  {table.summary()}" for table in self.tables]
        lines.append("")
        if self.created:
            lines.append(f"Created       {len(self.created)}: {', '.join(self.created)}")
        if self.unmanaged:
            lines.append(f"Unmanaged     {len(self.unmanaged)}, stay as they are: {', '.join(self.unmanaged)}")
        for table in self.tables:
            if table.conflicts:
                found = ", ".join(f"{count:,} {reason}" for reason, count in sorted(table.conflicts.items()))
                lines.append(f"Conflicts     {table.name}: {found} (all kept in adoption_leftovers)")
        if self.backup is not None:
            lines.append(f"Backup        {self.backup}")
        free = "" if self.bytes_free is None else f", {_size(self.bytes_free)} free"
        lines.append(f"Disk          {_size(self.bytes_needed)} needed{free}")
        lines.append(f"Time          about {_time(self.seconds)}")
        for blocker in self.blockers:
            lines.append(f"Blocked       {blocker}")
        for decision in self.decisions:
            lines.append(f"Decision      {decision}")
        if not self.decisions and not self.blockers:
            lines.append("Decisions     none: an ordinary upgrade to head will do this")
        return "\n".join(lines)


def make(
    connection: sa.Connection,
    survey: Survey,
    examined: Sequence[tuple[Conversion, Examination]],
    orphans: str,
    decisions: Iterable[Decision],
    blockers: Sequence[str],
) -> Plan:
    """Put the plan together.

    Args:
        connection: the database.
        survey: what is there.
        examined: the sources, and what is wrong with their rows.
        orphans: ``quarantine`` or ``fail``.
        decisions: what a person must say yes to.
        blockers: what must be fixed first.
    """
    file = backup.file_of(connection)
    bytes_free = backup.free_bytes(file) if file else None
    tables = tuple(_table(conversion, found) for conversion, found in examined)
    for conversion, found in examined:
        name = conversion.source.old.name
        if orphans == "fail" and found.orphans:
            lost = ", ".join(f"{count:,} by {column}" for column, count in found.orphans.items())
            blockers = [*blockers, f"rows of {name} refer to rows that are not there: {lost}"]
    needed = int(survey.size * _GROWTH) + (survey.size if file else 0)
    if bytes_free is not None and bytes_free < needed:
        blockers = [*blockers, f"the disk has {_size(bytes_free)} free, and {_size(needed)} are needed"]
    rows = sum(table.rows for table in tables)
    return Plan(
        database=mask_url(connection.engine.url),
        ledgers=survey.ledgers,
        into=ADOPTION_REVISION,
        head=head(),
        tables=tables,
        created=tuple(sorted(target.tables().keys() - survey.tables.keys())),
        unmanaged=survey.unmanaged,
        orphans=orphans,
        decisions=tuple(decisions),
        blockers=tuple(blockers),
        backup=str(backup.next_name(file)) if file else None,
        bytes_needed=needed,
        bytes_free=bytes_free,
        seconds=_SECONDS_AT_LEAST + rows * _SECONDS_PER_ROW,
    )


def _table(conversion: Conversion, found: Examination) -> TablePlan:
    source = conversion.source
    conflicts: Counter[str] = Counter()
    for problem, count in found.problems.items():
        conflicts[problem.reason] += count
    conflicts["orphan"] += sum(found.orphans.values())
    conflicts["null"] += sum(found.nulls.values()) - sum(found.orphans.get(name, 0) for name in found.nulls)
    conflicts["check"] += found.checks
    conflicts["duplicate"] += sum(found.duplicates.values())
    return TablePlan(
        name=source.old.name,
        into=source.table.name,
        rows=found.rows,
        absorbed=source.absorbed,
        **_columns(source),
        conflicts={reason: count for reason, count in conflicts.items() if count > 0},
        refused=max(found.nulls.values(), default=0)
        + found.checks
        + sum(count for key, count in found.duplicates.items() if _moves_rows(source, key)),
    )


def _moves_rows(source: Source, key: tuple[str, ...]) -> bool:
    """Whether a row whose key is there already must leave: it may lose the key, or get a longer one."""
    optional = len(key) == 1 and source.table.columns[key[0]].nullable
    return not optional and (source.table.name, key[0]) not in rules.LONGER_KEYS


def _columns(source: Source) -> dict[str, tuple[str, ...]]:
    kept, converted, renamed, merged = [], [], [], []
    for name, candidates in source.candidates.items():
        olds = [candidate.old.name for candidate in candidates if not candidate.shared]
        if len(olds) > 1:
            merged.append(f"{name}: {', '.join(olds)}")
        for candidate in candidates:
            if candidate.old.name.lower() != name:
                if not candidate.shared and len(olds) == 1:
                    renamed.append(f"{candidate.old.name} -> {name}")
                continue
            kept.append(name)
            kind = candidate.wish.column.kind
            if kind not in _SAME.get(candidate.old.type.partition("(")[0], (kind,)):
                converted.append(f"{name}: {candidate.old.type} -> {kind}")
    said = {*source.filled}
    return {
        "kept": tuple(kept),
        "converted": tuple(converted),
        "renamed": tuple(renamed),
        "merged": tuple(merged),
        "added": tuple(name for name in source.table.columns if name not in said),
        "left_over": tuple(column.name for column in source.unknown),
    }


# Which kinds an old type is already; of any other type every kind is thought to be the same.
_SAME: Mapping[str, tuple[str, ...]] = {
    "integer": ("integer", "boolean"),
    "serial": ("integer",),
    "bigint": ("integer",),
    "timestamp without time zone": (),
}


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("a size without a unit")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
