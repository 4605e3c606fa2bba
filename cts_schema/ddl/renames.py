"""Renames tables and columns, and with them all that is named after them by the naming convention.

Constraints, indexes, the updated_at trigger, sequences and preserved tables get the names that they would have on a new
table. Names of one's own stay. Foreign keys of other tables, and views and triggers of the user, follow in both
databases.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import ExecutableDDLElement

from cts_schema.ddl import renames_postgresql, renames_sqlite
from cts_schema.ddl.checks import implied_name
from cts_schema.ddl.free_names import require_free
from cts_schema.ddl.operations import add_fill_and_drop
from cts_schema.ddl.outside import outside_transaction, transaction_of_its_own
from cts_schema.ddl.preview import is_preview
from cts_schema.ddl.sql import empty, execute, exists, offline, on_postgresql, replayed
from cts_schema.ddl.tables import frozen_table
from cts_schema.exceptions import NeedsTheTable


class RenamedTable(ExecutableDDLElement):
    """A renamed table, for a replay."""

    inherit_cache = False

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new


class RenamedColumn(ExecutableDDLElement):
    """A renamed column, for a replay."""

    inherit_cache = False

    def __init__(self, table: str, old: str, new: sa.Column[Any]) -> None:
        self.table = table
        self.old = old
        self.new = new


def rename_table(old: str, new: str) -> None:
    """Rename a table.

    Args:
        old: its name so far.
        new: its new name.

    Raises:
        NameTaken: something of the user has the new name.
        NeedsTheTable: in a script for SQLite, which cannot read the names that follow.
    """
    _rename_table(old, new)


def rename_table_online(old: str, new: str) -> None:
    """Do what ``ddl.rename_table`` does, before an online operation.

    Args:
        old: its name so far.
        new: its new name.
    """
    with outside_transaction() as outside:
        if outside and not offline() and not exists(old) and exists(new):
            return
        with transaction_of_its_own(outside):
            _rename_table(old, new, again=outside)


def rename_column(table: str, old: str, new: sa.Column[Any]) -> None:
    """Rename a column.

    In a script SQLite adds, fills and drops instead: a rename would keep the old name in a CHECK.

    Args:
        table: the table's name.
        old: the column's name so far.
        new: the column under its new name, with type and default.
    """
    _rename_column(table, old, new)


def rename_column_online(table: str, old: str, new: sa.Column[Any]) -> None:
    """Do what ``ddl.rename_column`` does, before an online operation.

    Args:
        table: the table's name.
        old: the column's name so far.
        new: the column under its new name.
    """
    with outside_transaction() as outside:
        if outside and not offline():
            there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
            if old not in there and new.name in there:
                return
        with transaction_of_its_own(outside):
            _rename_column(table, old, new, again=outside)


def _rename_table(old: str, new: str, *, again: bool = False) -> None:
    if is_preview():
        return
    if replayed():
        op.execute(RenamedTable(old, new))
        return
    if not offline() and (on_postgresql() or old.lower() != new.lower()):  # SQLite knows no case
        require_free(new)
    if on_postgresql():
        execute(renames_postgresql.table(old, new, again=again))
    elif offline():
        raise NeedsTheTable(rename=f"{old} to {new}")
    else:
        renames_sqlite.rename_table(old, new)


def _rename_column(table: str, old: str, new: sa.Column[Any], *, again: bool = False) -> None:
    if is_preview():
        return
    if replayed():
        op.execute(RenamedColumn(table, old, new))
        return
    target = frozen_table(table, new)
    check = implied_name(target.columns[new.name])
    if on_postgresql():
        execute(renames_postgresql.column(table, old, new.name, check, again=again))
    elif empty() or offline():
        add_fill_and_drop(target, old, new)
    else:
        renames_sqlite.rename_column(table, old, new.name, check)
