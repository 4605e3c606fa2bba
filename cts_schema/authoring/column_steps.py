"""The steps that change a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring.code import Code
from cts_schema.authoring.difference import Difference
from cts_schema.authoring.steps import Stage, Step, call
from cts_schema.authoring.table_steps import TableSteps
from cts_schema.authoring.values import DIALECTS, quoted
from cts_schema.exceptions import CannotCarry

_REWRITTEN = [
    "PostgreSQL rewrites the table, and nobody reads or writes it meanwhile. For a table with traffic: add a",
    "column of the new type, backfill it, let a release use it, and drop the old one in a later revision.",
    "lint: allow changing-column-type because the table is small, or the application is stopped",
]
_NUMBERS = (sa.Integer, sa.Numeric)


class ColumnSteps:
    """Makes the steps of a changed column.

    Args:
        code: writes the parts.
        tables: makes the steps of tables.
    """

    def __init__(self, code: Code, tables: TableSteps) -> None:
        self._code = code
        self._tables = tables

    def changed(self, found: Difference) -> Iterator[Step]:
        """Yield the steps of a changed column."""
        table, old, new, aspects = found.table, found.old, found.new, found.aspects
        if "identity" in aspects:
            raise CannotCarry(cause="the numbering of a column cannot be changed on both databases", column=new)
        if "computed" in aspects:
            raise CannotCarry(cause="a computed column cannot be changed, only dropped and added", column=new)
        if "NULL" in aspects and not new.nullable:
            yield self._tables.required(new, down=[f"batch.alter_column({found.name!r}, nullable=True)"])
        if "type" in aspects:
            yield self._retyped(table, old, new)
        changes = [self._alter(one, aspects) for one in (new, old)]
        if changes[0]:
            up, down = (f"batch.alter_column({found.name!r}, {change})" for change in changes)
            yield Step(Stage.ALTER, table, [up], [down], batch=True)
        if "comment" in aspects:
            up, down = (f"ddl.comment_column({table!r}, {found.name!r}, {one.comment!r})" for one in (new, old))
            yield Step(Stage.COMMENT, table, [up], [down])

    def _alter(self, column: sa.Column[Any], aspects: frozenset[str]) -> str:
        changes = [f"nullable={column.nullable}"] if "NULL" in aspects else []
        if "default" in aspects:
            default = column.server_default
            changes.append(f"server_default={self._code.default(default)}")  # type: ignore[arg-type]
        return ", ".join(changes)

    def _retyped(self, table: str, old: sa.Column[Any], new: sa.Column[Any]) -> Step:
        up, down = (
            call("batch.alter_column", repr(str(one.name)), f"type_={self._code.type(one)}", _using(other, one))
            for one, other in ((new, old), (old, new))
        )
        return Step(Stage.ALTER, table, [up], [down], batch=True, warning=_REWRITTEN)


def _using(old: sa.Column[Any], new: sa.Column[Any]) -> str:
    """Return the argument for the conversion where PostgreSQL has none that an assignment would use."""
    before, after = (column.type.dialect_impl(DIALECTS["postgresql"]) for column in (old, new))
    alike = any(isinstance(before, kind) and isinstance(after, kind) for kind in (_NUMBERS, sa.String, sa.DateTime))
    if alike or isinstance(after, sa.String):
        return ""
    cast = f"CAST({quoted(new.name)} AS {after.compile(DIALECTS['postgresql'])})"
    return f"postgresql_using={cast!r}"
