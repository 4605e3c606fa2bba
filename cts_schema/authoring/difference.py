"""Compares two metadatas: what has been added, removed or changed, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cts_schema.authoring import values

# SQLAlchemy has no types for it: tables, parents first, and with None the foreign keys that form a circle.
sort: Any = sa.schema.sort_tables_and_constraints

Kind = Literal["table", "column", "primary key", "check", "unique constraint", "foreign key", "index", "trigger"]
_CONSTRAINTS: Mapping[type[sa.Constraint], Kind] = {
    sa.PrimaryKeyConstraint: "primary key",
    sa.CheckConstraint: "check",
    sa.UniqueConstraint: "unique constraint",
    sa.ForeignKeyConstraint: "foreign key",
}


@dataclass(frozen=True)
class Difference:
    """A part of the schema that only one metadata has, or that differs.

    Attributes:
        kind: what it is.
        table: its table.
        name: its name; that of the table itself for a table.
        old: the part before, None if it is new.
        new: the part after, None if it is gone.
        aspects: what differs of a column or table.
    """

    kind: Kind
    table: str
    name: str
    old: Any
    new: Any
    aspects: frozenset[str] = frozenset()

    def __str__(self) -> str:
        verb = "added" if self.old is None else "removed" if self.new is None else "changed"
        where = self.name if self.kind == "table" else f"{self.table}.{self.name}"
        what = f" ({', '.join(sorted(self.aspects))})" if self.aspects else ""
        return f"{verb} {self.kind} {where}{what}"


def differences(old: sa.MetaData, new: sa.MetaData) -> list[Difference]:
    """Return how two metadatas differ, in a fixed order: tables first, parents before children."""
    found: list[Difference] = []
    gone = [table for table in reversed(_sorted(old)) if table.name not in new.tables]
    for table in _sorted(new):
        before = old.tables.get(table.name)
        if before is None:
            found.append(Difference("table", table.name, table.name, None, table))
        else:
            found += _of_table(before, table)
    return found + [Difference("table", table.name, table.name, table, None) for table in gone]


def _sorted(metadata: sa.MetaData) -> list[sa.Table]:
    """Return the tables, parents first, without the warning that some refer to each other."""
    by_name = sorted(metadata.tables.values(), key=lambda table: table.name)
    return [table for table, _ in sort(by_name) if table is not None]


def _of_table(old: sa.Table, new: sa.Table) -> Iterator[Difference]:
    name = new.name
    if old.comment != new.comment:
        yield Difference("table", name, name, old, new, frozenset({"comment"}))
    yield from _columns(old, new)
    before, after = _parts(old), _parts(new)
    for kind, part in sorted(before.keys() | after.keys()):
        was, is_ = before.get((kind, part)), after.get((kind, part))
        if was is None or is_ is None or was[0] != is_[0]:
            yield Difference(kind, name, part, was and was[1], is_ and is_[1])
    one, other = (table if table.info.get("updated_at_trigger") else None for table in (old, new))
    if (one is None) != (other is None):
        yield Difference("trigger", name, "updated_at", one, other)


def _columns(old: sa.Table, new: sa.Table) -> Iterator[Difference]:
    for column in new.columns:
        before = old.columns.get(column.name)
        if before is None:
            yield Difference("column", new.name, column.name, None, column)
        elif aspects := _aspects(before, column):
            yield Difference("column", new.name, column.name, before, column, aspects)
    for column in old.columns:
        if column.name not in new.columns:
            yield Difference("column", new.name, column.name, column, None)


def _aspects(old: sa.Column[Any], new: sa.Column[Any]) -> frozenset[str]:
    compared = {
        "type": values.type_of,
        "NULL": lambda column: column.nullable,
        "default": values.default_of,
        "comment": lambda column: column.comment,
        "computed": values.computed_of,
        "identity": values.identity_of,
    }
    return frozenset(aspect for aspect, value in compared.items() if value(old) != value(new))


def _parts(table: sa.Table) -> dict[tuple[Kind, str], tuple[values.Value, Any]]:
    """Return the constraints and indexes of a table, by kind and name, each with its value."""
    found: dict[tuple[Kind, str], tuple[values.Value, Any]] = {}
    for constraint in values.constraints_of(table):
        kind = next(kind for class_, kind in _CONSTRAINTS.items() if isinstance(constraint, class_))
        found[kind, values.name_of(constraint)] = (values.constraint_value(constraint), constraint)
    for index in table.indexes:
        found["index", values.name_of(index)] = (values.index_value(index), index)
    return found
