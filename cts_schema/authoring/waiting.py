"""What waits for the change of a type: keys, CHECKs and indexes of a column whose values become of another kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring import code
from cts_schema.authoring.difference import Difference, Kind
from cts_schema.authoring.part_steps import PartSteps, columns_of
from cts_schema.authoring.steps import Stage, Step
from cts_schema.authoring.type_changes import other_kind
from cts_schema.authoring.values import mentioned, name_of, sql_of

_RULES = {
    "foreign key": "adding-foreign-key-constraint",
    "check": "constraint-missing-not-valid",
    "index": "require-concurrent-index-creation",
}


class WaitingParts:
    """Knows the columns that get a type of another kind, and orders what depends on them.

    Args:
        found: the differences of two metadatas.
        parts: makes the steps of constraints and indexes.
    """

    def __init__(self, found: Collection[Difference], parts: PartSteps) -> None:
        self._found = found
        self._parts = parts
        self._changes = [one for one in found if "type" in one.aspects and other_kind(one.old.type, one.new.type)]
        self._columns = {(one.table, one.name) for one in self._changes}

    def waits(self, one: Difference) -> bool:
        """Return whether a new constraint or index fits only the new type of a column."""
        return one.new is not None and one.kind in _RULES and bool(self._columns & set(_columns(one)))

    def unchanged(self) -> Iterator[Difference]:
        """Yield the foreign keys, CHECKs and indexes that stay, and that no type on the way would fit."""
        if not self._changes:
            return
        before, after = (column.table.metadata for column in (self._changes[0].old, self._changes[0].new))
        changed = {(one.kind, one.table, one.name) for one in self._found}
        for table in after.tables.values():
            old = {} if table.name not in before.tables else dict(_parts(before.tables[table.name]))
            for key, part in sorted(_parts(table), key=lambda pair: pair[0]):
                one = Difference(key[0], table.name, key[1], old.get(key), part)
                if key in old and (key[0], table.name, key[1]) not in changed and self.waits(one):
                    yield one

    def steps(self, one: Difference) -> Iterator[Step]:
        """Yield the steps of a part that waits: without the old one, the types change, and then comes the new one."""
        make = {"foreign key": self._parts.foreign_key, "check": self._parts.check, "index": self._parts.index}[
            one.kind
        ]
        if one.old is not None:
            yield from make(replace(one, new=None))
        for gone in make(replace(one, old=one.new, new=None)):
            yield Step(
                Stage.AFTER_TYPES,
                one.table,
                gone.down,
                self._parts.plain_drop(one) if one.kind == "index" else gone.up,
                batch=gone.batch,
                warning=[f"lint: allow {_RULES[one.kind]} because it waits for the type, which stops the table anyway"],
            )


def _parts(table: sa.Table) -> Iterator[tuple[tuple[Kind, str], Any]]:
    """Yield the foreign keys, the CHECKs that no type implies, and the indexes with expressions, by kind and name."""
    yield from ((("foreign key", name_of(one)), one) for one in table.foreign_key_constraints)
    yield from ((("check", name_of(one)), one) for one in code.explicit_checks(table))
    for index in table.indexes:
        conditions = [name for name in index.kwargs if name.endswith("_where")]
        if conditions or not all(isinstance(one, sa.Column) for one in index.expressions):
            yield ("index", name_of(index)), index


def _columns(one: Difference) -> Iterator[tuple[str, str]]:
    """Yield the columns of a constraint or index, each with its table."""
    part: Any = one.new
    match part:
        case sa.ForeignKeyConstraint():
            yield from ((one.table, column) for column in code.local_columns(part))
            yield from ((code.parent_of(part), column) for column in code.parent_columns(part))
        case sa.CheckConstraint():
            yield from ((one.table, word) for word in mentioned(sql_of(part.sqltext)))
        case sa.Index():
            yield from ((one.table, column) for column in columns_of(part))
