"""Renders generated revisions with the operations, types and defaults of :mod:`cts_schema.ddl`."""

from __future__ import annotations

import textwrap
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _add_table, _render_column, _render_constraint, render_op

from cts_schema.ddl import DEFAULTS, TYPES, ImpliedCheck
from cts_schema.migration.compare import ReplaceChecksOp, UpdatedAtTriggerOp
from cts_schema.migration.directives import AddColumnsOp, AlterTableOp, CreateTableOp, DropColumnsOp, DropTableOp


def render_item(type_: str, item: Any, context: AutogenContext) -> str | bool:
    """Render types and defaults in the same way for both databases."""
    if type_ == "type" and isinstance(item, TYPES):
        return f"ddl.{item!r}"
    if type_ == "server_default" and isinstance(item, sa.DefaultClause) and not item.reflected:
        if isinstance(item.arg, DEFAULTS):
            return f"ddl.{type(item.arg).__name__}()"
        if isinstance(item.arg, sa.TextClause):
            return f"sa.text({item.arg.text!r})"
    return False


@renderers.dispatch_for(CreateTableOp)
def _create_table(context: AutogenContext, op: CreateTableOp) -> str:
    # ddl.create_table and the operation of the trigger cover info and these options.
    op.info = {}
    op.kw.pop("sqlite_autoincrement", None)
    columns = [item for item in op.columns if isinstance(item, sa.Column)]
    op.columns = [*op.columns, *(check._copy() for column in columns for check in _explicit_checks(column))]
    text = _add_table(context, op)
    return f"ddl.create_table(revision, {text.partition('create_table(')[2]}"


@renderers.dispatch_for(DropTableOp)
def _drop_table(context: AutogenContext, op: DropTableOp) -> str:
    key = tuple(column.name for column in op.to_table().primary_key.columns)
    return f"ddl.drop_table(revision, {op.table_name!r}{_key(key)})"


@renderers.dispatch_for(AddColumnsOp)
def _add_columns(context: AutogenContext, op: AddColumnsOp) -> str:
    items = [_render_column(column, context) for column in op.columns]
    items += [text for text in (_render_constraint(item, context, None) for item in op.constraints) if text]
    return f"ddl.add_columns(revision, {op.table!r}, {', '.join(items)}{_key(op.key)})"


@renderers.dispatch_for(DropColumnsOp)
def _drop_columns(context: AutogenContext, op: DropColumnsOp) -> str:
    return f"ddl.drop_columns(revision, {op.table!r}, {', '.join(map(repr, op.columns))}{_key(op.key)})"


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
    dropped = [name for name, _ in op.dropped]
    arguments = [f"drop={dropped!r}"] if dropped else []
    added = [f"({name!r}, {_wrapped(condition)})" for name, condition in op.added]
    arguments += [f"add=[{', '.join(added)}]"] if added else []
    return f"ddl.replace_checks({op.table!r}, {', '.join(arguments)})"


def _wrapped(text: str) -> str:
    """Render a long text as several literals, so that a formatter can break the line."""
    pieces = textwrap.wrap(text, 90, drop_whitespace=False, break_long_words=False)
    return repr(text) if len(pieces) == 1 else f"({' '.join(map(repr, pieces))})"


def _key(columns: tuple[str, ...]) -> str:
    return "" if columns == ("id",) else f", key={columns!r}"


def _explicit_checks(column: sa.Column[Any]) -> list[sa.CheckConstraint]:
    return [
        item
        for item in column.constraints
        if isinstance(item, sa.CheckConstraint) and not isinstance(item, ImpliedCheck)
    ]
