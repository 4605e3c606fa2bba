"""What the steps of tables and foreign keys need, and what they make: it orders them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cts_schema.authoring import code
from cts_schema.authoring.steps import Token


def needs_of(constraint: sa.ForeignKeyConstraint) -> set[Token]:
    """Return what a foreign key needs: its parent, and the key there."""
    parent, columns = code.parent_of(constraint), code.parent_columns(constraint)
    own = {("column", constraint.table.name, column) for column in code.local_columns(constraint)}
    return {("table", parent), ("key", parent, *sorted(columns)), *own, *(("column", parent, one) for one in columns)}


def makes_of(table: sa.Table) -> set[Token]:
    """Return what a new table brings: itself, its columns and keys."""
    keys = [one for one in table.constraints if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint)]
    found: set[Token] = {("key", table.name, *sorted(column.name for column in one.columns)) for one in keys}
    found |= {("column", table.name, column.name) for column in table.columns}
    return found | {("table", table.name)}


def comes_with_columns(constraint: sa.ForeignKeyConstraint, names: Collection[str]) -> bool:
    """Return whether a foreign key is added and dropped with its columns; by itself if it needs more than a table."""
    primary = {str(column.name) for column in constraint.referred_table.primary_key.columns}
    return set(code.local_columns(constraint)) <= set(names) and set(code.parent_columns(constraint)) == primary
