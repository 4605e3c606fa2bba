"""The steps that change a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring.code import Code, comment_of
from cts_schema.authoring.difference import Difference
from cts_schema.authoring.steps import Stage, Step, call
from cts_schema.authoring.table_steps import REWRITES, TableSteps
from cts_schema.authoring.type_changes import expand_and_contract, rewrites
from cts_schema.authoring.values import quoted
from cts_schema.ddl import BigInt
from cts_schema.exceptions import CannotCarry

_SLOW = "lint: allow changing-column-type because the table is small, or the application is stopped"
_QUICK = "lint: allow changing-column-type because PostgreSQL keeps each value as it is, and rewrites nothing"


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
            yield self._recomputed(table, old, new)
            return
        if "NULL" in aspects and not new.nullable:
            yield self._tables.required(new, down=[f"batch.alter_column({found.name!r}, nullable=True)"])
        if "type" in aspects:
            yield self._retyped(found)
            aspects -= {"default"}
        changes = [self._alter(one, aspects) for one in (new, old)]
        if changes[0]:
            up, down = (f"batch.alter_column({found.name!r}, {change})" for change in changes)
            yield Step(Stage.ALTER, table, [up], [down], batch=True, warning=list(_for_clients(found, aspects)))
        if "comment" in aspects:
            up, down = (f"ddl.comment_column({table!r}, {found.name!r}, {comment_of(one)})" for one in (new, old))
            yield Step(Stage.COMMENT, table, [up], [down])

    def _alter(self, column: sa.Column[Any], aspects: frozenset[str]) -> str:
        changes = [f"nullable={column.nullable}"] if "NULL" in aspects else []
        if "default" in aspects:
            default = column.server_default
            changes.append(f"server_default={self._code.default(default)}")  # type: ignore[arg-type]
        return ", ".join(changes)

    def _retyped(self, found: Difference) -> Step:
        """Return the step of another type, with the default."""
        table, old, new = found.table, found.old, found.new
        up, down = (
            call(
                "ddl.change_type",
                repr(table),
                self._code.column(one),
                f"was={self._code.type(other)}",
                _using(other, one),
            )
            for one, other in ((new, old), (old, new))
        )
        way = [line.removeprefix("# ") for line in expand_and_contract(table, str(new.name))]
        warning = [*way, _SLOW] if rewrites(old.type, new.type) else [_QUICK]
        warning += _for_clients(found, found.aspects - {"NULL"})
        return Step(Stage.ALTER, table, [up], [down], warning=warning)

    def _recomputed(self, table: str, old: sa.Column[Any], new: sa.Column[Any]) -> Step:
        """Return the step of another expression.

        Raises:
            CannotCarry: one of the columns holds values of its own, which the other would not keep.
        """
        if old.computed is None or new.computed is None:
            raise CannotCarry(
                cause="a column with values of its own cannot become a computed one, or back",
                column=new,
                next_step="give the new column another name, and remove the old one: its values are preserved",
            )
        up, down = (call("ddl.recompute_column", repr(table), self._code.column(one)) for one in (new, old))
        return Step(Stage.ALTER, table, [up], [down], warning=list(REWRITES))


def _for_clients(found: Difference, aspects: frozenset[str]) -> Iterator[str]:
    """Yield what the code that uses a column must be ready for."""
    if "NULL" in aspects and found.new.nullable:
        yield f"lint: allow ban-drop-not-null because all code that reads {found.name} takes NULL"
    if "default" in aspects and found.new.server_default is None:
        yield f"lint: allow ban-drop-default because all code that inserts rows gives {found.name} a value"


def _using(old: sa.Column[Any], new: sa.Column[Any]) -> str:
    """Return the argument for a conversion that a cast of both databases would not do: to SQLite 2 is no boolean."""
    to_boolean = isinstance(new.type, sa.Boolean) and isinstance(old.type, sa.Integer | BigInt | sa.Numeric)
    return f"using={f'{quoted(str(new.name))} <> 0'!r}" if to_boolean else ""
