"""The declared state: the tables that the revisions create, replayed into metadata without a database.

Each revision runs as for an offline script for PostgreSQL, because there every change is a statement of its own. A
recorder takes the statements in place of a database, and applies them to the metadata: it creates, changes and drops
tables, columns, constraints, indexes and triggers. It ignores rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, singledispatchmethod
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from alembic.ddl import base as alter
from alembic.ddl.postgresql import PostgresqlColumnType, PostgresqlImpl
from alembic.script import ScriptDirectory
from sqlalchemy import schema
from sqlalchemy.dialects import registry
from sqlalchemy.util import OrderedSet

from cts_schema import dialects
from cts_schema.ddl import NAMING_CONVENTION, TextEnum, shorten
from cts_schema.ddl.added_column import AddColumnWithKey
from cts_schema.ddl.checks import ImpliedCheck, imply_checks
from cts_schema.ddl.deferrable import make_deferrable
from cts_schema.ddl.refused_rows import enumerated
from cts_schema.ddl.renames import RenamedColumn, RenamedTable
from cts_schema.ddl.scripting import record
from cts_schema.ddl.tables import indexes_of, uncompute
from cts_schema.ddl.text import clause
from cts_schema.ddl.triggers import (
    CreateUpdatedAtFunction,
    CreateUpdatedAtTrigger,
    DropUpdatedAtTrigger,
    keep_updated_at,
)
from cts_schema.ddl.type_changes import ChangedColumn
from cts_schema.exceptions import NotDeclared
from cts_schema.schema.raw_sql import changes_tables
from cts_schema.schema.remade import add_index, constraint_of, remade
from cts_schema.schema.scripts import script_location


@cache
def declared(revision: str) -> sa.MetaData:
    """Return the schema at a revision: the tables that the upgrade of a new database to it makes.

    Args:
        revision: the id of the last revision that is replayed.
    """
    line = reversed(list(ScriptDirectory(str(script_location())).walk_revisions()))
    return replay(script.module.upgrade for script in takewhile(lambda script: script.revision <= revision, line))


def replay(upgrades: Iterable[Callable[[], None]], *, onto: sa.MetaData | None = None) -> sa.MetaData:
    """Return the schema that functions of revisions make, one after the other.

    Args:
        upgrades: the functions.
        onto: the schema before, which stays as it is; None where nothing was.

    Raises:
        NotDeclared: one changes a table in a way that cannot be followed: by SQL as text, for example.
    """
    recorder, before = _Recorder(), sa.MetaData(naming_convention=NAMING_CONVENTION)
    for table in () if onto is None else onto.tables.values():
        recorder.tables[table.name] = remade(table, before)
    for upgrade in upgrades:
        record(upgrade, recorder)
    found = sa.MetaData(naming_convention=NAMING_CONVENTION)
    for table in recorder.tables.values():
        remade(table, found)
    return found


def statements(metadata: sa.MetaData, dialect: str) -> Iterator[str]:
    """Yield the statements that create the tables of metadata in an empty schema, parents first.

    Args:
        metadata: the tables.
        dialect: the database they are for.
    """
    compiled = {"dialect": registry.load(dialect)(paramstyle="named")}
    triggers = [table.name for table in metadata.sorted_tables if table.info.get("updated_at_trigger")]
    for table in metadata.sorted_tables:
        yield str(schema.CreateTable(table).compile(**compiled)).strip()
        for index in indexes_of(table):
            yield str(schema.CreateIndex(index).compile(**compiled))
    if triggers and dialects.named(dialect).has_functions:
        yield str(CreateUpdatedAtFunction().compile(**compiled))
    for name in triggers:
        yield str(CreateUpdatedAtTrigger(name).compile(**compiled))


def _drop_constraint(table: sa.Table, name: Any) -> None:
    table.constraints = {one for one in table.constraints if one.name != name}
    for column in table.columns:
        column.constraints = OrderedSet(one for one in column.constraints if one.name != name)


def _imply(table: sa.Table, check: sa.CheckConstraint) -> bool:
    """Give an enumeration the words of its new CHECK; return False for any other CHECK."""
    column, words = enumerated(str(check.sqltext)) or ("", [])
    found = table.columns.get(column)
    if found is None or not isinstance(found.type, TextEnum) or check.name != shorten(f"ck_{table.name}_{column}"):
        return False
    found.type = TextEnum(*words)
    imply_checks(found)
    return True


class _Recorder(PostgresqlImpl):
    """What an Alembic context executes with, of a database that is not there."""

    def __init__(self) -> None:
        super().__init__(registry.load("postgresql")(), None, True, None, None, {})
        self.tables: dict[str, sa.Table] = {}

    def emit_begin(self) -> None:
        """Write nothing: there is no transaction."""

    emit_commit = emit_begin

    def _exec(self, construct: Any, *_args: Any, **_options: Any) -> None:
        self.take(clause(construct) if isinstance(construct, str) else construct)

    def _remake(self, name: str, **changes: Any) -> None:
        into = sa.MetaData(naming_convention=NAMING_CONVENTION)
        self.tables[name] = remade(self.tables[name], into, name=name, **changes)

    def _those_with(self, parent: str, name: str) -> list[str]:
        """Return the table of a name, and those with foreign keys to ``parent``."""
        children = (
            one
            for one, table in self.tables.items()
            for key in table.foreign_keys
            if key.target_fullname.startswith(f"{parent}.")
        )
        return list(dict.fromkeys([name, *children]))

    @singledispatchmethod
    def take(self, construct: Any) -> None:
        """Follow what would be executed."""
        raise NotDeclared(operation=type(construct).__name__)

    @take.register(sa.Insert | sa.Update | sa.Delete | CreateUpdatedAtFunction)
    def _(self, construct: Any) -> None:
        """Leave out what is no part of a table."""

    @take.register
    def _(self, construct: sa.TextClause) -> None:
        if changes_tables(construct.text):
            raise NotDeclared(statement=" ".join(construct.text.split())[:80])

    @take.register
    def _(self, construct: schema.CreateTable) -> None:
        table = self.tables[construct.element.name] = construct.element
        table.info.pop("updated_at_trigger", None)  # created by a statement of its own

    @take.register
    def _(self, construct: schema.DropTable) -> None:
        del self.tables[construct.element.name]

    @take.register
    def _(self, construct: alter.RenameTable) -> None:
        raise NotDeclared(operation=f"op.rename_table of {construct.table_name}", next_step="use ddl.rename_table")

    @take.register
    def _(self, construct: RenamedTable) -> None:
        self.tables[construct.new] = self.tables.pop(construct.old)
        for name in self._those_with(construct.old, construct.new):
            self._remake(name, parents={construct.old: construct.new})

    @take.register
    def _(self, construct: RenamedColumn) -> None:
        table, new = construct.table, construct.new.name
        parents = {f"{table}.{construct.old}": f"{table}.{new}"}
        for name in self._those_with(table, table):
            self._remake(name, parents=parents, names={construct.old: new} if name == table else {})

    @take.register
    def _(self, construct: schema.CreateIndex) -> None:
        table: Any = construct.element.table
        if construct.element not in self.tables[table.name].indexes:  # those of a new table are
            add_index(self.tables[table.name], construct.element)

    @take.register
    def _(self, construct: schema.DropIndex) -> None:
        for table in self.tables.values():
            table.indexes = {one for one in table.indexes if one.name != construct.element.name}

    @take.register
    def _(self, construct: alter.AddColumn) -> None:
        self.tables[construct.table_name].append_column(construct.column._copy())

    @take.register
    def _(self, construct: AddColumnWithKey) -> None:
        self.tables[construct.table_name].append_column(construct.column._copy())
        if construct.key is not None:
            self.tables[construct.table_name].append_constraint(constraint_of(construct.key))

    @take.register
    def _(self, construct: alter.DropColumn) -> None:
        self._remake(construct.table_name, without=construct.column.name)

    @take.register
    def _(self, construct: schema.AddConstraint) -> None:
        table = self.tables[construct.element.table.name]
        _drop_constraint(table, construct.element.name)  # an online operation puts it in its place
        made = constraint_of(construct.element)
        if not (isinstance(made, sa.CheckConstraint) and _imply(table, made)):
            table.append_constraint(made)
            make_deferrable(table)

    @take.register
    def _(self, construct: schema.DropConstraint) -> None:
        _drop_constraint(self.tables[construct.element.table.name], construct.element.name)

    @take.register
    def _(self, construct: ChangedColumn) -> None:
        column, new = self.tables[construct.table].columns[construct.column.name], construct.column
        column.type = new.type
        uncompute(column)
        for default in (new.computed, new.server_default):
            if default is not None:
                default._copy()._set_parent_with_dispatch(column)
        column.constraints = OrderedSet(one for one in column.constraints if not isinstance(one, ImpliedCheck))
        imply_checks(column)

    @take.register
    def _(self, construct: alter.ColumnName) -> None:
        raise NotDeclared(operation=f"new_column_name of {construct.column_name}", next_step="use ddl.rename_column")

    @take.register
    def _(self, construct: alter.ColumnNullable) -> None:
        self.tables[construct.table_name].columns[construct.column_name].nullable = construct.nullable

    @take.register
    def _(self, construct: alter.ColumnType | PostgresqlColumnType) -> None:
        self.tables[construct.table_name].columns[construct.column_name].type = construct.type_

    @take.register
    def _(self, construct: alter.ColumnDefault) -> None:
        column = self.tables[construct.table_name].columns[construct.column_name]
        column.server_default = sa.Column("", server_default=construct.default).server_default

    @take.register
    def _(self, construct: alter.IdentityColumnDefault) -> None:
        column = self.tables[construct.table_name].columns[construct.column_name]
        column.identity = column.server_default = None
        if construct.default is not None:
            construct.default._copy()._set_parent_with_dispatch(column)

    @take.register
    def _(self, construct: schema.SetTableComment | schema.DropTableComment) -> None:
        self.tables[construct.element.name].comment = construct.element.comment

    @take.register
    def _(self, construct: schema.SetColumnComment | schema.DropColumnComment) -> None:
        dropped = isinstance(construct, schema.DropColumnComment)
        column = self.tables[construct.element.table.name].columns[construct.element.name]
        column.comment = None if dropped else construct.element.comment

    @take.register
    def _(self, construct: alter.ColumnComment) -> None:
        self.tables[construct.table_name].columns[construct.column_name].comment = construct.comment

    @take.register
    def _(self, construct: CreateUpdatedAtTrigger) -> None:
        keep_updated_at(self.tables[construct.table])

    @take.register
    def _(self, construct: DropUpdatedAtTrigger) -> None:
        del self.tables[construct.table].info["updated_at_trigger"]
