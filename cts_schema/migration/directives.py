"""Rewrites the differences of autogenerate as operations of :mod:`cts_schema.ddl`.

Alembic's own operations would lose triggers and CHECKs in a rebuild on SQLite, and in a downgrade the
values of a dropped column).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, ops

from cts_schema.ddl import ImpliedCheck
from cts_schema.migration.compare import ReplaceChecksOp, UpdatedAtTriggerOp
from cts_schema.migration.history import History


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
    """Rewrites the operations of one direction.

    Args:
        metadata: the metadata of the models, the target of an upgrade.
        history: the target of a downgrade, with the definitions of the revisions; None for those of the database.
    """

    def __init__(self, metadata: sa.MetaData, history: History | None) -> None:
        self._metadata = metadata
        self._history = history

    def upgrade(self, found: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
        """Yield the operations of an upgrade."""
        return self._rewritten(list(found), down=False)

    def downgrade(self, found: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
        """Yield the operations of a downgrade."""
        return self._rewritten(list(found), down=True)

    def _rewritten(self, found: list[MigrateOperation], *, down: bool) -> Iterator[MigrateOperation]:
        """Rewrite and order them: drop a trigger before its column, and create it after."""
        triggers = [op for op in found if isinstance(op, UpdatedAtTriggerOp)]
        checks = {op.table: op for op in found if isinstance(op, ReplaceChecksOp)}
        yield from (op for op in triggers if not op.create)
        for op in found:
            if isinstance(op, ops.ModifyTableOps):
                changes = [self._worded(change, down=down) for change in op.ops if not _only_uncomments(change)]
                if not changes and op.table_name not in checks:
                    continue
                yield from self._of_table(op.table_name, changes, checks.pop(op.table_name, None), down=down)
            elif isinstance(op, ops.CreateTableOp):
                op.__class__ = CreateTableOp
                yield op
            elif isinstance(op, ops.DropTableOp):
                op.__class__ = DropTableOp
                yield op
            elif isinstance(op, ops.CreateIndexOp | ops.DropIndexOp):
                yield self._worded(op, down=down)
            elif not isinstance(op, UpdatedAtTriggerOp | ReplaceChecksOp):
                yield op
        yield from (self._worded(op, down=down) for op in checks.values())
        yield from (op for op in triggers if op.create)

    def _of_table(
        self, table: str, found: list[MigrateOperation], checks: ReplaceChecksOp | None, *, down: bool
    ) -> Iterator[MigrateOperation]:
        """Order the changes of one table: add what mentions a column after it, and drop it before."""
        model = self._metadata.tables.get(table)
        key = ("id",) if model is None else tuple(column.name for column in model.primary_key.columns)
        added = [op.column for op in found if isinstance(op, ops.AddColumnOp)]
        if down:
            added.sort(key=lambda column: column.name)
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

    def _worded(self, op: MigrateOperation, *, down: bool) -> MigrateOperation:
        """Use the definitions of the revisions for what existed before, if a revision created it."""
        if self._history is None:
            return op
        if isinstance(op, ops.AlterColumnOp):
            self._word_column(op, down=down)
        elif isinstance(op, ops.AddColumnOp) and down:
            op.column = self._history.columns.get((op.table_name, op.column.name), op.column)
        elif isinstance(op, ReplaceChecksOp):
            said = op.added if down else op.dropped
            said[:] = [(name, self._condition(op.table, name, condition)) for name, condition in said]
        elif isinstance(op, ops.DropIndexOp) and not down and op.table_name is not None:
            made = self._history.named.get((op.table_name, str(op.index_name)))
            return ops.DropIndexOp.from_index(made) if isinstance(made, sa.Index) else op
        elif isinstance(op, ops.CreateIndexOp) and down:
            made = self._history.named.get((op.table_name, str(op.index_name)))
            return ops.CreateIndexOp.from_index(made) if isinstance(made, sa.Index) else op
        elif isinstance(op, ops.AddConstraintOp) and down:
            constraint = op.to_constraint()
            made = self._history.named.get((constraint.table.name, str(constraint.name)))
            return ops.AddConstraintOp.from_constraint(made) if isinstance(made, sa.Constraint) else op
        return op

    def _word_column(self, op: ops.AlterColumnOp, *, down: bool) -> None:
        column = None if self._history is None else self._history.columns.get((op.table_name, op.column_name))
        op.kw.pop("autoincrement", None)  # MySQL's only
        if column is None:
            return
        if down and op.modify_type is not None:
            op.modify_type = column.type
        else:
            op.existing_type = column.type
        if down and op.modify_server_default is not False:
            op.modify_server_default = column.server_default
        else:
            op.existing_server_default = column.server_default

    def _condition(self, table: str, name: str, live: str) -> str:
        made = None if self._history is None else self._history.named.get((table, name))
        return str(made.sqltext) if isinstance(made, sa.CheckConstraint) else live


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
