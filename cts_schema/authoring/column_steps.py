"""The steps that change a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring.code import Code, comment_of
from cts_schema.authoring.difference import Difference
from cts_schema.authoring.steps import Stage, Step, call
from cts_schema.authoring.table_steps import REWRITES, TableSteps, required_again
from cts_schema.authoring.type_changes import expand_and_contract, rewrites
from cts_schema.authoring.values import mentioned, sql_of
from cts_schema.ddl.casts import castable
from cts_schema.exceptions import CannotCarry

_SLOW = "lint: allow changing-column-type because the table is small, or the application is stopped"
_QUICK = "lint: allow changing-column-type because PostgreSQL keeps each value as it is, and rewrites nothing"
_AGAIN = "lint: allow ban-drop-generated-expression because the same transaction computes it again"


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
        if "NULL" in aspects and new.nullable:
            head = f"with ddl.alter_table({table!r}) as batch:"
            lines = [head, f"    batch.alter_column({found.name!r}, nullable=True)"]
            yield Step(Stage.ALTER, table, lines, [required_again(old)], warning=_for_clients(found, "NULL"))
        elif "NULL" in aspects:
            yield self._tables.required(new, down=[f"batch.alter_column({found.name!r}, nullable=True)"])
            if "default" in aspects and "type" not in aspects and new.server_default is not None:
                aspects -= {"default"}
                yield self._default_first(found)
        if "type" in aspects:
            yield self._retyped(found)
            aspects -= {"default"}
        if "default" in aspects:
            up, down = (
                f"batch.alter_column({found.name!r}, server_default={self._default(one)})" for one in (new, old)
            )
            yield Step(Stage.ALTER, table, [up], [down], batch=True, warning=_for_clients(found, "default"))
        if "comment" in aspects:
            up, down = (f"ddl.comment_column({table!r}, {found.name!r}, {comment_of(one)})" for one in (new, old))
            yield Step(Stage.COMMENT, table, [up], [down])

    def _default_first(self, found: Difference) -> Step:
        """Return the step of a default that must be there before the rows without a value are filled."""
        name, old, new = repr(found.name), self._default(found.old), self._default(found.new)
        up = call("ddl.set_default_online", repr(found.table), name, new)
        down = call("batch.alter_column", name, f"server_default={old}")
        return Step(Stage.DEFAULT, found.table, [up], [down], batch_down=True)

    def _default(self, column: sa.Column[Any]) -> str:
        return self._code.default(column.server_default)  # type: ignore[arg-type]

    def _retyped(self, found: Difference) -> Step:
        """Return the step of another type, with the default; PostgreSQL takes it only where nothing is computed."""
        table, old, new = found.table, found.old, found.new
        if not castable(old.type, new.type):
            raise CannotCarry(
                cause="no database makes values of one of these types values of the other, or back",
                column=new,
                types=f"{self._code.type(old)} and {self._code.type(new)}",
                next_step="give the new column another name, and remove the old one: its values are preserved",
            )
        plain, up_again, down_again = [], [], []
        for column in _computed_from(old, new):
            is_, was = new.table.columns.get(column.name, column), old.table.columns.get(column.name, column)
            plain.append(call("ddl.recompute_column", repr(table), self._code.column(column, computed=None)))
            up_again.append(call("ddl.recompute_column", repr(table), self._code.column(is_)))
            down_again.append(call("ddl.recompute_column", repr(table), self._code.column(was)))
        up, down = (
            call("ddl.change_type", repr(table), self._code.column(one), f"was={self._code.type(other)}")
            for one, other in ((new, old), (old, new))
        )
        way = [line.removeprefix("# ") for line in expand_and_contract(table, str(new.name))]
        warning = [*way, _SLOW] if rewrites(old.type, new.type) else [_QUICK]
        warning += _for_clients(found, *(found.aspects - {"NULL"}))
        warning += [_AGAIN, *REWRITES[-1:]] if plain else []
        return Step(Stage.ALTER, table, [*plain, up, *up_again], [*plain, down, *down_again], warning=warning)

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


def _for_clients(found: Difference, *aspects: str) -> list[str]:
    """Return what the code that uses a column must be ready for."""
    told = []
    if "NULL" in aspects and found.new.nullable:
        told.append(f"lint: allow ban-drop-not-null because all code that reads {found.name} takes NULL")
    if "default" in aspects and found.new.server_default is None:
        told.append(f"lint: allow ban-drop-default because all code that inserts rows gives {found.name} a value")
    return told


def _computed_from(old: sa.Column[Any], new: sa.Column[Any]) -> list[sa.Column[Any]]:
    """Return the computed columns that read a column, before or after a change."""
    found: dict[str, sa.Column[Any]] = {}
    for column in [*new.table.columns, *old.table.columns]:
        if column.computed is not None and new.name in mentioned(sql_of(column.computed.sqltext)):
            found.setdefault(column.name, column)
    return list(found.values())
