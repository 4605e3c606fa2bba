"""What a table of the schema has beyond its columns: the CHECKs its types imply, and the trigger of updated_at."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from cts_schema.ddl.checks import imply_checks, in_order
from cts_schema.ddl.naming import NAMING_CONVENTION
from cts_schema.ddl.triggers import keep_updated_at

Item = sa.schema.SchemaItem | tuple[sa.schema.SchemaItem, ...]
"""A column, constraint or index of a table, or several of them."""

Tables = dict[str, Callable[[], tuple[Item, ...]]]
"""Tables by name. What a table has is made anew for each use, because a column belongs to one table."""


def complete_table(table: sa.Table) -> sa.Table:
    """Add to ``table`` what its columns imply; return it.

    CHECKs of its types; AUTOINCREMENT on SQLite where an identity column is the key, so that no id is given twice; the
    trigger where there is an ``updated_at``.
    """
    for column in table.columns:
        imply_checks(column)
        if len(column.constraints) > 1:
            column.constraints = in_order(column.constraints)
        if column.identity is not None:
            table.dialect_options["sqlite"]["autoincrement"] = True
    if "updated_at" in table.columns:
        keep_updated_at(table)
    return table


def indexes_of(table: sa.Table) -> list[sa.Index]:
    """Return the indexes of a table in the order of their names: SQLAlchemy keeps them in none."""
    return sorted(table.indexes, key=lambda index: str(index.name))


def frozen_table(name: str, *items: Item) -> sa.Table:
    """Return a complete table of its own, as a revision defines it.

    Tables that its foreign keys point to appear as stubs, so that nothing of the live models is needed.

    Args:
        name: the table's name.
        items: columns, constraints and indexes; what has no name gets one by :data:`NAMING_CONVENTION`.
    """
    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
    flat = [one for item in items for one in (item if isinstance(item, tuple) else (item,))]
    table = sa.Table(name, metadata, *flat)
    for key in list(table.foreign_keys):
        parent, _, column = key.target_fullname.rpartition(".")
        if parent not in metadata.tables:
            sa.Table(parent, metadata, sa.Column(column, sa.Text(), primary_key=True))
    return complete_table(table)
