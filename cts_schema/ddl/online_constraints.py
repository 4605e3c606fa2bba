"""Constraints for tables with traffic: first, instantly, for new rows, then for the existing ones. See :mod:`.outside`.

A constraint takes the place of one of the same name: the new one is validated before the old one goes. If rows violate
it, it is removed again, and the revision fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import AddConstraint
from sqlalchemy.sql.naming import conv

from cts_schema.ddl.naming import shorten
from cts_schema.ddl.operations import replace_checks
from cts_schema.ddl.outside import alter, definition_of, of_catalog, outside_transaction, transaction_of_its_own
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.refused_rows import orphaned, refused, require_filled, require_met
from cts_schema.ddl.sql import empty, offline, on_postgresql
from cts_schema.ddl.tables import frozen_table
from cts_schema.ddl.text import clause, quote

_Named = Callable[[str], sa.Constraint]


def add_foreign_key_online(
    table: str,
    columns: Sequence[str],
    parent: str,
    parent_columns: Sequence[str] = ("id",),
    *,
    name: str | None = None,
    ondelete: str | None = None,
    onupdate: str | None = None,
    deferrable: bool | None = None,
    initially: str | None = None,
    match: str | None = None,
) -> None:
    """Add a foreign key while others read and write, or replace the one of that name.

    Args:
        table: the child table.
        columns: its columns.
        parent: the parent table.
        parent_columns: its columns.
        name: the name of the key; ``fk_<table>_<columns>`` by default.
        ondelete: the delete action.
        onupdate: the update action.
        deferrable: whether a transaction may check it at its end.
        initially: ``DEFERRED`` or ``IMMEDIATE``.
        match: ``FULL``, for a key of several columns.

    Raises:
        RowsRefused: rows refer to rows that do not exist (PostgreSQL; on SQLite the run checks all keys at its end).
    """
    name = name or shorten("_".join(["fk", table, *columns]))
    options: dict[str, Any] = {"ondelete": ondelete, "onupdate": onupdate, "deferrable": deferrable}
    options |= {"initially": initially, "match": match}
    if not on_postgresql():
        there = () if offline() else [key["name"] for key in sa.inspect(op.get_bind()).get_foreign_keys(table)]
        with alter_table(table) as batch:
            if name in there:
                batch.drop_constraint(name, type_="foreignkey")
            batch.create_foreign_key(name, parent, list(columns), list(parent_columns), **options)
        return

    def key(named: str) -> sa.Constraint:
        parents = [f"{parent}.{column}" for column in parent_columns]
        made = sa.ForeignKeyConstraint(list(columns), parents, name=conv(named), **options)
        frozen_table(table, *[sa.Column(column, sa.Text()) for column in columns], made)
        return made

    with outside_transaction() as outside:
        try:
            _add(table, name, key, outside)
        except IntegrityError as error:
            if not outside:
                raise
            raise orphaned(name, table, columns, parent, parent_columns) from error


def add_check_online(table: str, name: str, condition: str) -> None:
    """Add a CHECK while others read and write, or replace the one of that name.

    Args:
        table: the table's name.
        name: the CHECK's name.
        condition: the condition that every row must meet.

    Raises:
        RowsRefused: some do not; names them.
    """
    if not on_postgresql():
        require_met(table, name, condition, "backfill")
        replace_checks(table, drop=[name], add=[(name, condition)])
        return
    with outside_transaction() as outside:
        if not outside:
            require_met(table, name, condition, "backfill")
        try:
            _add(table, name, lambda named: _check(table, named, condition), outside)
        except IntegrityError as error:
            if not outside:
                raise
            raise refused(table, name, condition, "backfill") from error


def set_default_online(table: str, column: str, default: Any) -> None:
    """Give a column a default for new rows, before an online operation that counts on it.

    Args:
        table: the table's name.
        column: the column.
        default: the server default.
    """
    with outside_transaction() as outside, transaction_of_its_own(outside), alter_table(table) as batch:
        batch.alter_column(column, server_default=default)


def set_not_null_online(table: str, column: str) -> None:
    """Make a column NOT NULL. PostgreSQL reads the rows concurrently with traffic, for a temporary CHECK.

    Args:
        table: the table's name.
        column: the column, which has a value in every row.

    Raises:
        RowsRefused: rows have none; has their number.
    """
    name = shorten(f"ck_{table}_{column}_not_null")
    with outside_transaction() as outside:
        if not outside:
            set_not_null(table, column, by="backfill")
            return
        require_filled(table, column, "backfill")
        if offline() or not of_catalog(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attname = :name",
            table,
            column,
        ):
            _add(table, name, lambda named: _check(table, named, f"{quote(column)} IS NOT NULL"), outside)
            # A validated CHECK avoids the scan under ACCESS EXCLUSIVE (postgresql.org/docs/current/sql-altertable).
            alter(table, f"ALTER COLUMN {quote(column)} SET NOT NULL")
        alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")


def set_not_null(table: str, column: str, *, by: str = "fill") -> None:
    """Make a column NOT NULL after other changes, or in a downgrade.

    Args:
        table: the table's name.
        column: the column, which has a value in every row.
        by: the operation that fills rows at this place of a revision, for the error.

    Raises:
        RowsRefused: rows have none; has their number.
    """
    require_filled(table, column, by)
    with alter_table(table) as batch:
        batch.alter_column(column, nullable=False)


def _check(table: str, name: str, condition: str) -> sa.Constraint:
    made = sa.CheckConstraint(clause(condition), name=conv(name))
    frozen_table(table, made)
    return made


def _add(table: str, name: str, constraint: _Named, outside: bool) -> None:
    """Add a constraint to a table of PostgreSQL in two steps, and put it in the place of one of the same name."""
    if empty():
        op.execute(AddConstraint(constraint(name)))
        return
    if offline():
        alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")
    there = None if offline() else definition_of(table, name)
    added = name if there is None else shorten(f"{name}_new")
    if there is not None:
        alter(table, f"DROP CONSTRAINT IF EXISTS {quote(added)}")
    made = constraint(added)
    made.dialect_kwargs["postgresql_not_valid"] = True
    op.execute(AddConstraint(made))
    if there is not None and definition_of(table, added) == there:  # an interrupted run has added it
        alter(table, f"DROP CONSTRAINT {quote(added)}")
        added = name
    try:
        alter(table, f"VALIDATE CONSTRAINT {quote(added)}")
    except IntegrityError:
        if outside:
            alter(table, f"DROP CONSTRAINT {quote(added)}")
        raise
    if added != name:
        with transaction_of_its_own(outside):
            alter(table, f"DROP CONSTRAINT {quote(name)}")
            alter(table, f"RENAME CONSTRAINT {quote(added)} TO {quote(name)}")
