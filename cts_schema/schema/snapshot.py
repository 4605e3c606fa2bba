"""The schema of a database as plain values, and the comparison of two.

It does not depend on the order of columns (ADD COLUMN appends them), nor on whether a constraint is inline or at the
end of its table. It covers everything else: types, defaults, NULL, keys, constraints and their names, indexes with
order and predicate, triggers, functions, views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot


class PartDifference(NamedTuple):
    """A part of a table that differs; None on the side that lacks it."""

    part: Part
    wanted: ColumnSnapshot | Definition | None
    there: ColumnSnapshot | Definition | None


def snapshot(connection: sa.Connection) -> Snapshot:
    """Return the schema of the database: all that is in the current one, unmanaged tables too."""
    return dialects.of(connection).shape.snapshot(connection)


def table_differences(wanted: TableSnapshot, there: TableSnapshot) -> Iterator[PartDifference]:
    """Yield the columns and parts of a table that differ, by kind and name."""
    mine, theirs = _parts(wanted), _parts(there)
    for part in sorted(mine.keys() | theirs.keys()):
        if mine.get(part) != theirs.get(part):
            yield PartDifference(part, mine.get(part), theirs.get(part))


def differences(wanted: Snapshot, there: Snapshot) -> dict[str, str]:
    """Return what differs for a reader, as ``{"users.column id": "TEXT NULL, not INTEGER NULL"}``."""
    found = {}
    for name in sorted(wanted.tables.keys() | there.tables.keys()):
        mine, theirs = wanted.tables.get(name), there.tables.get(name)
        if mine is None or theirs is None:
            found[name] = "extra" if mine is None else "missing"
            continue
        if mine.clauses != theirs.clauses:
            found[name] = f"{', '.join(theirs.clauses)}, not {', '.join(mine.clauses)}"
        for part, one, other in table_differences(mine, theirs):
            found[f"{name}.{part.kind} {part.name}"] = f"{other!r}, not {one!r}"
    for ours, others in ((wanted.views, there.views), (wanted.functions, there.functions)):
        changed = (name for name in ours.keys() | others.keys() if ours.get(name) != others.get(name))
        found |= {name: f"{others.get(name)}, not {ours.get(name)}" for name in sorted(changed)}
    return found


def _parts(table: TableSnapshot) -> Mapping[Part, ColumnSnapshot | Definition]:
    return {Part("column", name): column for name, column in table.columns.items()} | table.parts
