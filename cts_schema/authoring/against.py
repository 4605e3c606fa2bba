"""The state that ``-x against=database`` compares the models with: the declared one, with what a database has instead.

What the database has as the revisions make it comes from them, because a database does not show all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.authoring.check import is_of_user
from cts_schema.ddl import NAMING_CONVENTION
from cts_schema.ddl.triggers import trigger_name
from cts_schema.dialects.facts import Part
from cts_schema.schema.remade import add_index, constraint_of, remade
from cts_schema.schema.snapshot import snapshot, table_differences

_KINDS: dict[str, type[sa.Constraint]] = {
    "primary-key": sa.PrimaryKeyConstraint,
    "check": sa.CheckConstraint,
    "unique": sa.UniqueConstraint,
    "foreign-key": sa.ForeignKeyConstraint,
}


def state_of_database(connection: sa.Connection, declared: sa.MetaData) -> sa.MetaData:
    """Return the tables of the declared state as a database has them; one that it lacks is left out.

    Args:
        connection: the database, which should be at head.
        declared: the declared state.
    """
    shape = dialects.of(connection).shape
    there = snapshot(connection).only(declared.tables)
    wanted = shape.worded(connection, shape.expected(declared), there)
    reflected = sa.MetaData(naming_convention=NAMING_CONVENTION)
    reflected.reflect(connection, only=sorted(there.tables), resolve_fks=False)
    found = sa.MetaData(naming_convention=NAMING_CONVENTION)
    for name, table in declared.tables.items():
        if name in there.tables:
            differing = table_differences(wanted.tables[name], there.tables[name])
            parts = [one.part for one in differing if not is_of_user(name, one)]
            _patched(table, reflected.tables[name], parts, found)
    return found


def _patched(table: sa.Table, live: sa.Table, parts: Iterable[Part], into: sa.MetaData) -> None:
    """Add a copy of a table whose differing parts are those of the database."""
    columns = {part.name for part in parts if part.kind == "column"}
    for name in columns - set(live.columns.keys()):
        table = remade(table, sa.MetaData(naming_convention=NAMING_CONVENTION), without=name)
    made = remade(table, into)
    for name in sorted(columns & set(live.columns.keys())):
        _patch_column(made, live.columns[name])
    for part in parts:
        if part.kind == "index":
            made.indexes = {one for one in made.indexes if one.name != part.name}
            for index in live.indexes:
                if index.name == part.name:
                    add_index(made, index)
        elif part.kind in _KINDS:
            _patch_constraint(made, live, part)
        elif part == Part("trigger", trigger_name(made.name)):
            made.info.pop("updated_at_trigger", None)  # missing or changed: to be created


def _patch_column(table: sa.Table, live: sa.Column[Any]) -> None:
    column = table.columns.get(live.name)
    if column is None:
        table.append_column(live._copy())
        return
    column.type, column.nullable = live.type, live.nullable
    column.server_default, column.identity = live.server_default, live.identity


def _patch_constraint(table: sa.Table, live: sa.Table, part: Part) -> None:
    for one in list(table.constraints):
        if _is(one, part):
            table.constraints.discard(one)
    for column in table.columns:
        for check in [one for one in column.constraints if _is(one, part)]:
            column.constraints.discard(check)
    for one in live.constraints:
        if _is(one, part):
            table.append_constraint(constraint_of(one))


def _is(constraint: sa.Constraint, part: Part) -> bool:
    """Return whether a constraint is the part of a snapshot, which has the columns where SQLite has no name."""
    columns = ", ".join(column.name for column in getattr(constraint, "columns", ()))
    return isinstance(constraint, _KINDS[part.kind]) and part.name in (constraint.name, columns)
