"""Rewrites the differences of autogenerate as operations of :mod:`cts_schema.ddl`.

Alembic's own operations would lose triggers and CHECKs in a rebuild on SQLite, and in a downgrade the
values of a dropped column).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, ops

from cts_schema.ddl import ImpliedCheck
from cts_schema.migration.compare import ReplaceChecksOp, UpdatedAtTriggerOp


class CreateTableOp(ops.CreateTableOp):
    """CREATE TABLE that restores a preserved table."""


class DropTableOp(ops.DropTableOp):
    """DROP TABLE that preserves the rows."""


class AddColumnsOp(MigrateOperation):
    """ADD COLUMN with the constraints of each column, which restores preserved values."""

    def __init__(
        self, table: str, columns: list[sa.Column[Any]], constraints: list[sa.Constraint], key: tuple[str, ...]
    ) -> None:
        self.table = table
        self.columns = columns
        self.constraints = constraints
        self.key = key

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return ("add_columns", self.table, [column.name for column in self.columns])


class DropColumnsOp(MigrateOperation):
    """DROP COLUMN that preserves the values."""

    def __init__(self, table: str, columns: list[str], key: tuple[str, ...]) -> None:
        self.table = table
        self.columns = columns
        self.key = key

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return ("remove_columns", self.table, self.columns)


class AlterTableOp(MigrateOperation):
    """All other changes of a table: ALTERs on PostgreSQL, one rebuild on SQLite."""

    def __init__(self, table: str, changes: list[MigrateOperation]) -> None:
        self.table = table
        self.changes = changes

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return ("alter_table", self.table, [change.to_diff_tuple() for change in self.changes])


class Rewriter:
    """Rewrites the operations of an upgrade.

    Args:
        metadata: the metadata of the models.
    """

    def __init__(self, metadata: sa.MetaData) -> None:
        self._metadata = metadata

    def upgrade(self, found: list[MigrateOperation]) -> Iterator[MigrateOperation]:
        """Rewrite the operations, and order them: drop a trigger before its column, and create it after."""
        triggers = [op for op in found if isinstance(op, UpdatedAtTriggerOp)]
        checks = {op.table: op for op in found if isinstance(op, ReplaceChecksOp)}
        yield from (op for op in triggers if not op.create)
        for op in found:
            if isinstance(op, ops.ModifyTableOps):
                changes = [change for change in op.ops if not _only_uncomments(change)]
                if not changes and op.table_name not in checks:
                    continue
                yield from self._of_table(op.table_name, changes, checks.pop(op.table_name, None))
            elif isinstance(op, ops.CreateTableOp):
                op.__class__ = CreateTableOp
                yield op
            elif isinstance(op, ops.DropTableOp):
                op.__class__ = DropTableOp
                yield op
            elif isinstance(op, ops.CreateIndexOp | ops.DropIndexOp) or not isinstance(
                op, UpdatedAtTriggerOp | ReplaceChecksOp
            ):
                yield op
        yield from checks.values()
        yield from (op for op in triggers if op.create)

    def _of_table(
        self, table: str, found: list[MigrateOperation], checks: ReplaceChecksOp | None
    ) -> Iterator[MigrateOperation]:
        """Order the changes of one table: add what mentions a column after it, and drop it before."""
        model = self._metadata.tables.get(table)
        key = ("id",) if model is None else tuple(column.name for column in model.primary_key.columns)
        added = [op.column for op in found if isinstance(op, ops.AddColumnOp)]
        # Alembic finds dropped objects in no order.
        dropped = sorted(op.column_name for op in found if isinstance(op, ops.DropColumnOp))
        constraints: list[sa.Constraint] = [
            item
            for column in added
            for item in sorted(column.constraints, key=lambda item: str(item.name))
            if isinstance(item, sa.CheckConstraint) and not isinstance(item, ImpliedCheck)
        ]
        changes: list[MigrateOperation] = []
        for op in found:
            if isinstance(op, ops.AddColumnOp | ops.DropColumnOp | ops.CreateIndexOp | ops.DropIndexOp):
                continue
            if isinstance(op, ops.CreateForeignKeyOp) and op.local_cols in [[column.name] for column in added]:
                constraints.append(op.to_constraint())
            elif not (isinstance(op, ops.DropConstraintOp) and _columns_of(op) and _columns_of(op) <= set(dropped)):
                changes.append(op)
        yield from (op for op in found if isinstance(op, ops.DropIndexOp))
        if added:
            yield AddColumnsOp(table, added, constraints, key)
        if changes:
            yield AlterTableOp(table, changes)
        if checks is not None:
            yield checks
        if dropped:
            yield DropColumnsOp(table, dropped, key)
        yield from (op for op in found if isinstance(op, ops.CreateIndexOp))


def _columns_of(op: ops.DropConstraintOp) -> set[str]:
    try:
        constraint = op.to_constraint()
    except ValueError:  # it was not made from a constraint, so its columns are unknown
        return set()
    return {column.name for column in getattr(constraint, "columns", ())}


def _only_uncomments(change: MigrateOperation) -> bool:
    """Return whether a change only removes a comment: the models have none, so it belongs to the user."""
    if isinstance(change, ops.DropTableCommentOp):
        return True
    if isinstance(change, ops.AlterColumnOp) and change.modify_comment is None:
        change.modify_comment = False
        return not change.has_changes()
    return False
