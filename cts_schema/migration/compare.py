"""Comparators for autogenerate of what Alembic does not compare: triggers, conditions of CHECKs, predicates of indexes.

They compare only managed tables, and on those only objects with our own names, so that
they ignore unmanaged objects on a table. They only read, and work on a hot standby.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation
from alembic.operations.ops import CreateIndexOp, DropIndexOp, ModifyTableOps, UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.naming import conv

from cts_schema import dialects
from cts_schema.ddl import CreateUpdatedAtTrigger, ImpliedCheck, trigger_name
from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.tables import indexes_of
from cts_schema.migration.conditions import same_condition


class UpdatedAtTriggerOp(MigrateOperation):
    """Create or drop the updated_at trigger of a table."""

    def __init__(self, table: str, *, create: bool) -> None:
        self.table = table
        self.create = create

    def reverse(self) -> UpdatedAtTriggerOp:
        """Return the reverse operation."""
        return UpdatedAtTriggerOp(self.table, create=not self.create)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return ("add_trigger" if self.create else "remove_trigger", trigger_name(self.table))


class ReplaceChecksOp(MigrateOperation):
    """Drop and add CHECKs of a table.

    Args:
        table: the table's name.
        dropped: (name, condition) of each CHECK to drop.
        added: (name, condition) of each CHECK to add.
    """

    def __init__(self, table: str, dropped: list[tuple[str, str]], added: list[tuple[str, str]]) -> None:
        self.table = table
        self.dropped = dropped
        self.added = added

    def reverse(self) -> ReplaceChecksOp:
        """Return the reverse operation."""
        return ReplaceChecksOp(self.table, self.added, self.dropped)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return ("replace_checks", self.table, self.dropped, self.added)


def compare_triggers(context: AutogenContext, upgrade_ops: UpgradeOps, schemas: Any) -> PriorityDispatchResult:
    """Find updated_at triggers that are missing, changed, disabled or superfluous."""
    connection = _connection(context)
    live = dialects.of(connection).comparison.triggers(connection)
    for table in _managed(context):
        wanted = bool(table.info.get("updated_at_trigger"))
        found = live.get((table.name, trigger_name(table.name)))
        right = found is not None and _squeezed(found) == _squeezed(
            _compiled(CreateUpdatedAtTrigger(table.name), connection)
        )
        if found is not None and not (wanted and right):
            upgrade_ops.ops.append(UpdatedAtTriggerOp(table.name, create=False))
        if wanted and not right:
            upgrade_ops.ops.append(UpdatedAtTriggerOp(table.name, create=True))
    return PriorityDispatchResult.CONTINUE


def compare_checks(context: AutogenContext, upgrade_ops: UpgradeOps, schemas: Any) -> PriorityDispatchResult:
    """Find CHECKs of existing tables that are missing, changed or superfluous."""
    connection = _connection(context)
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in _managed(context):
        if table.name not in there:
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        live = {
            name: text
            for name, text in dialects.of(connection).comparison.checks(connection, table.name).items()
            if name.startswith("ck_")
        }
        wanted = dict(_wanted_checks(table, connection.dialect, columns))
        changed = {name for name in live.keys() & wanted.keys() if not same_condition(live[name], wanted[name])}
        dropped = [(name, live[name]) for name in sorted((live.keys() - wanted.keys()) | changed)]
        added = [(name, wanted[name]) for name in sorted((wanted.keys() - live.keys()) | changed)]
        # A dropped column takes its CHECK with it.
        dropped = [(name, text) for name, text in dropped if name in wanted or not _of_gone(table, columns, name)]
        if dropped or added:
            upgrade_ops.ops.append(ReplaceChecksOp(table.name, dropped, added))
    return PriorityDispatchResult.CONTINUE


def compare_indexes(
    context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    name: str,
    live_table: sa.Table | None,
    table: sa.Table | None,
) -> PriorityDispatchResult:
    """Find indexes whose WHERE, and on SQLite whose order, has changed: Alembic compares neither."""
    if live_table is None or table is None:
        return PriorityDispatchResult.CONTINUE
    connection = _connection(context)
    comparison = dialects.of(connection).comparison
    live = comparison.indexes(connection, table.name)
    replaced = {op.index_name for op in modify_ops.ops if isinstance(op, CreateIndexOp | DropIndexOp)}
    for index in indexes_of(table):
        if index.name in replaced or index.name not in live:
            continue
        if not same_condition(live[str(index.name)], comparison.wanted_index(index, connection.dialect)):
            modify_ops.ops.append(DropIndexOp.from_index(index))
            modify_ops.ops.append(CreateIndexOp.from_index(index))
    return PriorityDispatchResult.CONTINUE


def ignore_identity(context: AutogenContext, op: Any, *args: Any) -> PriorityDispatchResult:
    """Ignore identity columns, which SQLite does not have."""
    column = args[-1]
    identity = isinstance(column, sa.Column) and column.identity is not None
    return PriorityDispatchResult.STOP if identity else PriorityDispatchResult.CONTINUE


def _connection(context: AutogenContext) -> sa.Connection:
    if context.connection is None:
        raise AssertionError("autogenerate without a connection")
    return context.connection


def _managed(context: AutogenContext) -> list[sa.Table]:
    metadata = context.metadata
    tables = metadata.sorted_tables if isinstance(metadata, sa.MetaData) else []
    return list(tables)


def _wanted_checks(table: sa.Table, dialect: sa.Dialect, columns: set[str]) -> Iterator[tuple[str, str]]:
    # A new column includes its CHECKs.
    there = [column for column in table.columns if column.name in columns]
    for constraint in [*table.constraints, *(item for column in there for item in column.constraints)]:
        if not isinstance(constraint, sa.CheckConstraint):
            continue
        if isinstance(constraint, ImpliedCheck) and constraint.dialect not in (None, dialect.name):
            continue
        yield _name(table, constraint), str(constraint.sqltext)


def _name(table: sa.Table, constraint: sa.CheckConstraint) -> str:
    name = str(constraint.name)
    return name if isinstance(constraint.name, conv) else f"ck_{table.name}_{name}"


def _of_gone(table: sa.Table, columns: set[str], name: str) -> bool:
    return any(name in comes_with(table.name, gone) for gone in columns - set(table.columns.keys()))


def _compiled(statement: ExecutableDDLElement, connection: sa.Connection) -> str:
    return str(statement.compile(dialect=connection.dialect))


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip().replace('"', "")


def setup(plugin: Plugin) -> None:
    """Register the comparators; Alembic calls this once."""
    plugin.add_autogenerate_comparator(compare_triggers, "schema")
    plugin.add_autogenerate_comparator(compare_checks, "schema")
    plugin.add_autogenerate_comparator(compare_indexes, "table", priority=DispatchPriority.LAST)
    plugin.add_autogenerate_comparator(
        ignore_identity, "column", "server_default", qualifier="sqlite", priority=DispatchPriority.FIRST
    )


PLUGIN = "cts_schema.compare"
_plugin = Plugin(PLUGIN)
setup(_plugin)
