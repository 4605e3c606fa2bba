"""``alembic revision --autogenerate``: the next number, and a body in the operations of :mod:`cts_schema.ddl`.

Alembic's own operations would lose something on SQLite (triggers and CHECKs in a rebuild) or on the way down (the values
of a dropped column). The directives are therefore rewritten before they are rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _add_table, _render_column, _render_constraint, render_op
from alembic.operations import MigrateOperation, ops
from alembic.script import ScriptDirectory

from cts_schema.ddl import DEFAULTS, TYPES
from cts_schema.ddl.foreign_keys import foreign_keys_of, sqlite_foreign_keys
from cts_schema.exceptions import WrongUsage
from cts_schema.migration.compare import PLUGIN, ReplaceChecksOp, UpdatedAtTriggerOp


class CreateTableOp(ops.CreateTableOp):
    """CREATE TABLE that pours back what a downgrade has kept."""


class DropTableOp(ops.DropTableOp):
    """DROP TABLE that keeps the rows."""


class AddColumnsOp(MigrateOperation):
    """ADD COLUMN with the constraints of each column, pouring back what a downgrade has kept."""

    def __init__(self, table: str, columns: list[sa.Column[Any]], constraints: list[sa.Constraint], key: str) -> None:
        self.table = table
        self.columns = columns
        self.constraints = constraints
        self.key = key

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what ``alembic check`` shows."""
        return ("add_columns", self.table, [column.name for column in self.columns])


class DropColumnsOp(MigrateOperation):
    """DROP COLUMN that keeps the values."""

    def __init__(self, table: str, columns: list[str], key: str) -> None:
        self.table = table
        self.columns = columns
        self.key = key

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what ``alembic check`` shows."""
        return ("remove_columns", self.table, self.columns)


class AlterTableOp(MigrateOperation):
    """Everything else that changes a table: ALTERs on PostgreSQL, one rebuild on SQLite."""

    def __init__(self, table: str, changes: list[MigrateOperation]) -> None:
        self.table = table
        self.changes = changes

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what ``alembic check`` shows."""
        return ("alter_table", self.table, [change.to_diff_tuple() for change in self.changes])


def number(revision_context: Any, script: ScriptDirectory, *, named: bool) -> None:
    """Give a new revision the number after the newest one, unless ``--rev-id`` names another.

    Raises:
        WrongUsage: the revision has no message, and so would have no name in the ledger.
    """
    arguments = revision_context.command_args
    if not named:
        raise WrongUsage(option="-m", reason="the message is the name of the revision, in its file and in the ledger")
    if arguments["rev_id"] is None:
        newest = max(int(found.revision) for found in script.walk_revisions())
        for generated in revision_context.generated_revisions:
            generated.rev_id = f"{newest + 1:03d}"


def settings(metadata: sa.MetaData, connection: sa.Connection) -> dict[str, Any]:
    """Return the options of ``context.configure`` for comparing ``metadata`` with a database."""

    def include_name(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or name in metadata.tables

    def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ != "foreign_key_constraint" or connection.dialect.name != "sqlite":
            return True
        # Reflection does not show ON DELETE of a key that ADD COLUMN made: compare with what SQLite itself says.
        columns = tuple(item.column_keys)
        live = [key for key in sqlite_foreign_keys(connection, item.table.name) if key.columns == columns]
        return live != [key for key in foreign_keys_of(metadata.tables[item.table.name]) if key.columns == columns]

    return {
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": True,
        "compare_server_default": True,
        "render_item": render_item,
        "process_revision_directives": rewrite,
        "autogenerate_plugins": ["alembic.autogenerate.*", PLUGIN],
    }


def render_item(type_: str, item: Any, context: AutogenContext) -> str | bool:
    """Render types and defaults as the constructs of ``ddl``."""
    if type_ == "type" and isinstance(item, TYPES):
        return f"ddl.{item!r}"
    if type_ == "server_default" and isinstance(getattr(item, "arg", None), DEFAULTS):
        return f"ddl.{type(item.arg).__name__}()"
    return False


def rewrite(context: Any, revision: Any, directives: list[Any]) -> None:
    """Replace Alembic's operations by ours."""
    metadata = context.opts["target_metadata"]
    for script in directives:
        for body in (script.upgrade_ops, script.downgrade_ops):
            body.ops = list(_rewritten(body.ops, metadata))


def _rewritten(found: Iterable[MigrateOperation], metadata: sa.MetaData) -> Iterator[MigrateOperation]:
    for op in found:
        if isinstance(op, ops.ModifyTableOps):
            yield from _table_changes(op, metadata)
        elif isinstance(op, ops.CreateTableOp):
            op.__class__ = CreateTableOp
            yield op
        elif isinstance(op, ops.DropTableOp):
            op.__class__ = DropTableOp
            yield op
        else:
            yield op


def _table_changes(modify: ops.ModifyTableOps, metadata: sa.MetaData) -> Iterator[MigrateOperation]:
    """Order the changes of one table: indexes go first and come last, columns go after what mentions them."""
    table = modify.table_name
    model = metadata.tables.get(table)
    key = _key(model.primary_key if model is not None else None)
    added = [op.column for op in modify.ops if isinstance(op, ops.AddColumnOp)]
    dropped = [op.column_name for op in modify.ops if isinstance(op, ops.DropColumnOp)]
    folded: list[sa.Constraint] = []
    changes: list[MigrateOperation] = []
    for op in modify.ops:
        if isinstance(op, ops.AddColumnOp | ops.DropColumnOp | ops.CreateIndexOp | ops.DropIndexOp):
            continue
        if isinstance(op, ops.CreateForeignKeyOp) and len(op.local_cols) == 1 and _names(added) & set(op.local_cols):
            folded.append(op.to_constraint())
        elif isinstance(op, ops.DropConstraintOp) and _columns_of(op) and _columns_of(op) <= set(dropped):
            pass  # it goes with its column
        else:
            changes.append(op)
    if model is not None:
        folded += [
            check
            for check in model.constraints
            if isinstance(check, sa.CheckConstraint) and check.name in _names(added)
        ]
    yield from (op for op in modify.ops if isinstance(op, ops.DropIndexOp))
    if added:
        yield AddColumnsOp(table, added, folded, key)
    if changes:
        yield AlterTableOp(table, changes)
    if dropped:
        yield DropColumnsOp(table, dropped, key)
    yield from (op for op in modify.ops if isinstance(op, ops.CreateIndexOp))


def _names(columns: Sequence[sa.Column[Any]]) -> set[str]:
    return {column.name for column in columns}


def _columns_of(op: ops.DropConstraintOp) -> set[str]:
    try:
        constraint = op.to_constraint()
    except ValueError:  # it was not made from a constraint, so its columns are not known
        return set()
    return {column.name for column in getattr(constraint, "columns", ())}


def _key(primary_key: sa.PrimaryKeyConstraint | None) -> str:
    columns = ["id"] if primary_key is None else [column.name for column in primary_key.columns]
    return "" if columns == ["id"] else f", key={tuple(columns)!r}"


@renderers.dispatch_for(CreateTableOp)
def _create_table(context: AutogenContext, op: CreateTableOp) -> str:
    text = _add_table(context, op)
    arguments = text[text.index("create_table(") + len("create_table(") :]
    return f"ddl.create_table(revision, {_without_info(arguments)}"


def _without_info(arguments: str) -> str:
    """The table's info says that it has a trigger; the trigger is an operation of its own."""
    return arguments.replace(",\ninfo={'updated_at_trigger': True}", "").replace(",\nsqlite_autoincrement=True", "")


@renderers.dispatch_for(DropTableOp)
def _drop_table(context: AutogenContext, op: DropTableOp) -> str:
    return f"ddl.drop_table(revision, {op.table_name!r}{_key(op.to_table().primary_key)})"


@renderers.dispatch_for(AddColumnsOp)
def _add_columns(context: AutogenContext, op: AddColumnsOp) -> str:
    items = [_render_column(column, context) for column in op.columns]
    items += [text for text in (_render_constraint(item, context, None) for item in op.constraints) if text]
    return f"ddl.add_columns(revision, {op.table!r}, {', '.join(items)}{op.key})"


@renderers.dispatch_for(DropColumnsOp)
def _drop_columns(context: AutogenContext, op: DropColumnsOp) -> str:
    return f"ddl.drop_columns(revision, {op.table!r}, {', '.join(map(repr, op.columns))}{op.key})"


@renderers.dispatch_for(AlterTableOp)
def _alter_table(context: AutogenContext, op: AlterTableOp) -> list[str]:
    lines = [f"with ddl.alter_table({op.table!r}) as batch_op:"]
    with context._within_batch():
        for change in op.changes:
            lines += render_op(context, change)
    return [*lines, ""]


@renderers.dispatch_for(UpdatedAtTriggerOp)
def _trigger(context: AutogenContext, op: UpdatedAtTriggerOp) -> str:
    verb = "create" if op.create else "drop"
    return f"ddl.{verb}_updated_at_trigger({op.table!r})"


@renderers.dispatch_for(ReplaceChecksOp)
def _replace_checks(context: AutogenContext, op: ReplaceChecksOp) -> str:
    added = ", ".join(f"({name!r}, {condition!r})" for name, condition in op.added)
    return f"ddl.replace_checks({op.table!r}, drop={[name for name, _ in op.dropped]!r}, add=[{added}])"
