"""Tables and columns that online operations of the same revision need. See :mod:`.outside`.

Each is committed by itself, and a repeated run skips it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.ddl.base import AddColumn

from cts_schema.ddl import moved_postgresql, preserved, sql
from cts_schema.ddl.checks import ImpliedCheck
from cts_schema.ddl.comments import comment_as_made
from cts_schema.ddl.online_constraints import add_check_online, add_foreign_key_online
from cts_schema.ddl.online_indexes import add_unique_online, create_index_online
from cts_schema.ddl.operations import add_columns, create_table, is_volatile
from cts_schema.ddl.outside import of_catalog, outside_transaction, transaction_of_its_own
from cts_schema.ddl.tables import Item, columns_of, frozen_table, indexes_of


def create_table_online(
    revision: str, name: str, *items: Item, private: bool = False, comment: str | None = None
) -> None:
    """Do what ``ddl.create_table`` does, before an online operation.

    Args:
        revision: the id of the calling revision.
        name: the table's name.
        items: columns, constraints and indexes; names follow the naming convention.
        private: revoke default privileges of PostgreSQL on a new table; not in a script.
        comment: the comment of the table, which SQLite lacks.
    """
    with outside_transaction() as outside:
        if not outside:
            create_table(revision, name, *items, private=private, comment=comment)
            return
        table = frozen_table(name, *items)
        table.comment = comment
        if not sql.offline() and sql.scalar(f"SELECT {moved_postgresql.is_made(table)}"):
            return
        with transaction_of_its_own(outside):
            preserved.restore_table(revision, table, private=private, again=True)


def add_columns_online(revision: str, table: str, *items: Item, key: Sequence[str] = ("id",)) -> None:
    """Do what ``ddl.add_columns`` does while others read and write, and before an online operation.

    Args:
        revision: the id of the calling revision.
        table: the table's name.
        items: columns with their constraints and indexes; a revision adds all columns of a table in one call. On
            PostgreSQL a default that is not constant is for later rows: ``ddl.backfill`` fills the existing ones.
        key: the primary key of the table, which finds the rows of preserved values.
    """
    with outside_transaction() as outside:
        if not outside:
            add_columns(revision, table, *items, key=key)
            return
        new = frozen_table(table, *items)
        if sql.offline() or not all(_is_there(table, column.name) for column in columns_of(new)):
            with transaction_of_its_own(outside):
                for column in columns_of(new):
                    _add_column(table, column)
                comment_as_made(new)
                preserved.restore_columns(revision, new, key)
    checks = [check for column in columns_of(new) for check in column.constraints]
    for constraint in [*checks, *sorted(new.constraints, key=lambda one: str(one.name))]:
        _add_constraint(table, constraint)
    for index in indexes_of(new):
        _create_index(table, index)


def _add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column without its constraints; existing rows get only a constant default, which rewrites no table."""
    bare = column._copy()
    bare.constraints.clear()
    later = is_volatile(column)
    if later:
        bare.server_default = None
    op.execute(AddColumn(table, bare, if_not_exists=True))
    if later:
        op.alter_column(table, column.name, server_default=column.server_default)


def _is_there(table: str, column: str) -> bool:
    query = (
        "SELECT true FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attname = :name "
        "AND NOT attisdropped"
    )
    return of_catalog(query, table, column) is not None


def _add_constraint(table: str, constraint: sa.Constraint) -> None:
    name = str(constraint.name)
    match constraint:
        case ImpliedCheck() if constraint.dialect == "sqlite":
            pass
        case sa.CheckConstraint():
            add_check_online(table, name, str(constraint.sqltext))
        case sa.ForeignKeyConstraint():
            parents = [element.target_fullname.rpartition(".") for element in constraint.elements]
            add_foreign_key_online(
                table,
                list(constraint.column_keys),
                parents[0][0],
                [column for _, _, column in parents],
                name=name,
                ondelete=constraint.ondelete,
                onupdate=constraint.onupdate,
                deferrable=constraint.deferrable,
                initially=constraint.initially,
                match=constraint.match,
            )
        case sa.UniqueConstraint():
            add_unique_online(
                table,
                [column.name for column in constraint.columns],
                name=name,
                deferrable=constraint.deferrable,
                initially=constraint.initially,
                nulls_not_distinct=constraint.dialect_options["postgresql"]["nulls_not_distinct"],
            )


def _create_index(table: str, index: sa.Index) -> None:
    options = index.dialect_options["postgresql"]
    create_index_online(
        str(index.name),
        table,
        [part.name if isinstance(part, sa.Column) else sa.text(str(part)) for part in index.expressions],
        unique=bool(index.unique),
        where=None if options["where"] is None else str(options["where"]),
        include=options["include"] or (),
        nulls_not_distinct=options["nulls_not_distinct"],
        using=options["using"] or None,
    )
