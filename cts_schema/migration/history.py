"""The schema that the revisions have created so far, with their own definitions.

A database does not return definitions as they were written: SQLite shows a timestamp as TEXT and loses the
order of an index, PostgreSQL rewrites a CHECK. So a downgrade is generated from the revisions:
they run again without a database, and this module records their statements.
"""

from __future__ import annotations

import io
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.ddl import base
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DropConstraint, DropIndex, DropTable

from cts_schema.ddl import ImpliedCheck, TextEnum, shorten
from cts_schema.migration.conditions import literals

Named = sa.Index | sa.Constraint


class History:
    """Columns, and named indexes and constraints, as the newest revision leaves them.

    Attributes:
        columns: each column by table and name.
        named: each index and constraint by table and name.
    """

    def __init__(self, script: ScriptDirectory) -> None:
        self.columns: dict[tuple[str, str], sa.Column[Any]] = {}
        self.named: dict[tuple[str, str], Named] = {}
        running = MigrationContext.configure(
            dialect_name="postgresql", opts={"as_sql": True, "output_buffer": io.StringIO()}
        )
        running.impl._exec = self._note  # type: ignore[assignment, method-assign]  # its only way to a database
        outer = op._proxy  # type: ignore[attr-defined]  # the command that asks has its own, which the end takes away
        try:
            with Operations.context(running):
                for revision in reversed(list(script.walk_revisions())):
                    revision.module.upgrade()
        finally:
            if outer is not None:
                outer._install_proxy()

    def _note(self, statement: Any, *args: Any, **kw: Any) -> None:
        match statement:
            case CreateTable(element=sa.Table() as table):
                self._add(table.name, *table.columns)
                self._name(table.name, *table.constraints)
            case base.AddColumn(table_name=table, column=column):
                self._add(table, column)
            case base.AlterColumn(table_name=table, column_name=name):
                self._alter(table, name, statement)
            case base.DropColumn(table_name=table, column=column):
                del self.columns[table, column.name]
            case base.RenameTable(table_name=table, new_table_name=new):
                self._move(table, str(new))
            case DropTable(element=sa.Table() as table):
                self._move(table.name, None)
            case CreateIndex(element=item) | AddConstraint(element=item):
                self._name(_table(item), item)
            case DropIndex(element=item) | DropConstraint(element=item):
                self.named.pop((_table(item), str(item.name)), None)

    def _add(self, table: str, *columns: sa.Column[Any]) -> None:
        for column in columns:
            self.columns[table, column.name] = column
            self._name(table, *column.constraints)

    def _alter(self, table: str, name: str, statement: base.AlterColumn) -> None:
        column = self.columns[table, name]
        match statement:
            case base.ColumnType(type_=type_):
                column.type = type_
            case base.ColumnNullable(nullable=nullable):
                column.nullable = nullable
            case base.ColumnDefault(default=default):
                column.server_default = _default(default)
            case base.ColumnName(newname=new):
                column.name = new
                self.columns[table, new] = self.columns.pop((table, name))

    def _move(self, table: str, new: str | None) -> None:
        both: tuple[dict[tuple[str, str], Any], ...] = (self.columns, self.named)
        for found in both:
            for key in [key for key in found if key[0] == table]:
                item = found.pop(key)
                if new is not None:
                    found[new, key[1]] = item

    def _name(self, table: str, *items: Named) -> None:
        for item in items:
            self.named[table, str(item.name)] = item
            if isinstance(item, sa.CheckConstraint) and not isinstance(item, ImpliedCheck):
                self._new_words(table, item)

    def _new_words(self, table: str, check: sa.CheckConstraint) -> None:
        """Change the type of a column if a CHECK has replaced the one that its type implied."""
        for (of, name), column in self.columns.items():
            if of == table and isinstance(column.type, TextEnum) and shorten(f"ck_{of}_{name}") == check.name:
                column.type = TextEnum(*literals(str(check.sqltext)))


def _default(given: Any) -> sa.FetchedValue | None:
    return given if given is None or isinstance(given, sa.FetchedValue) else sa.DefaultClause(given)


def _table(item: Named) -> str:
    return "" if item.table is None else item.table.name
