"""Completes tables: the CHECKs that types imply, and the trigger of updated_at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.checks import imply_checks, in_order
from cts_schema.ddl.deferrable import make_deferrable
from cts_schema.ddl.naming import NAMING_CONVENTION
from cts_schema.ddl.triggers import keep_updated_at

Item = sa.schema.SchemaItem | tuple[sa.schema.SchemaItem, ...]
"""A column, constraint or index of a table, or several of them."""

Tables = dict[str, Callable[[], tuple[Item, ...]]]
"""Tables by name. Their items are made for each use, because a column belongs to one table."""


def complete_table(table: sa.Table) -> sa.Table:
    """Add to ``table`` what its columns imply; return it.

    CHECKs of its types; AUTOINCREMENT on SQLite if an identity column is the key, so that no id is reused; the
    trigger if there is an ``updated_at``. A computed column is stored, unless it says otherwise: PostgreSQL 15 has no
    others.
    """
    make_deferrable(table)
    for column in table.columns:
        imply_checks(column)
        if column.computed is not None and column.computed.persisted is None:
            column.computed.persisted = True
        if len(column.constraints) > 1:
            column.constraints = in_order(column.constraints)
        if column.identity is not None:
            table.dialect_options["sqlite"]["autoincrement"] = True
    if "updated_at" in table.columns:
        keep_updated_at(table)
    return table


def indexes_of(table: sa.Table) -> list[sa.Index]:
    """Return the indexes of a table in the order of their names, because SQLAlchemy has no order."""
    return sorted(table.indexes, key=lambda index: str(index.name))


def columns_of(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of a frozen table, without the stub of one that a foreign key of its own refers to."""
    return [column for column in table.columns if not column.system]


def written_columns(table: sa.Table) -> list[str]:
    """Return the names of the columns of a frozen table that a statement can write, which computed ones are not."""
    return [column.name for column in columns_of(table) if column.computed is None]


def uncompute(column: sa.Column[Any]) -> None:
    """Make a column a plain one without a default."""
    column.computed = column.server_default = column.server_onupdate = None


def frozen_table(name: str, *items: Item) -> sa.Table:
    """Return a complete table, independent of the models, as a revision defines it.

    Its foreign keys point to stubs of their parents.

    Args:
        name: the table's name.
        items: columns, constraints and indexes; unnamed ones get a name by :data:`NAMING_CONVENTION`.
    """
    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
    flat = [one for item in items for one in (item if isinstance(item, tuple) else (item,))]
    table = sa.Table(name, metadata, *flat)
    for key in list(table.foreign_keys):
        parent, _, column = key.target_fullname.rpartition(".")
        if parent == name and column not in table.columns:  # of the table that the columns are added to
            table.append_column(sa.Column(column, sa.Text(), system=True))
        elif parent not in metadata.tables:
            sa.Table(parent, metadata, sa.Column(column, sa.Text(), primary_key=True))
        elif column not in metadata.tables[parent].columns:
            metadata.tables[parent].append_column(sa.Column(column, sa.Text()))
    return complete_table(table)
