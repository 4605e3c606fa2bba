"""Plans a revision: the steps that carry one metadata over into another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring.code import Code
from cts_schema.authoring.column_steps import ColumnSteps
from cts_schema.authoring.difference import Difference, sort
from cts_schema.authoring.part_steps import PartSteps
from cts_schema.authoring.steps import Step, ordered
from cts_schema.authoring.table_steps import TableSteps
from cts_schema.authoring.tokens import comes_with_columns
from cts_schema.authoring.values import mentioned, sql_of, table_of
from cts_schema.authoring.waiting import WaitingParts
from cts_schema.ddl.checks import comes_with
from cts_schema.exceptions import CannotCarry


def plan(
    found: Collection[Difference], code: Code, *, dropped: Collection[str] = (), dropped_by: Mapping[str, str] = {}
) -> list[Step]:
    """Return the steps for the differences of two metadatas, in order.

    Args:
        found: the differences.
        code: writes the parts.
        dropped: the tables that may be dropped, although no model has them.
        dropped_by: the revisions that have dropped tables, by the names of those.

    Raises:
        CannotCarry: a difference cannot be carried over.
    """
    return ordered(_Planner(found, code, dropped_by).steps(dropped))


class _Planner:
    def __init__(self, found: Collection[Difference], code: Code, dropped_by: Mapping[str, str]) -> None:
        self._found = found
        self._created = [one.new for one in found if one.kind == "table" and one.old is None]
        self._tables = TableSteps(code, _circles(self._created), dropped_by)
        self._columns = ColumnSteps(code, self._tables)
        self._parts = PartSteps(code)
        self._waiting = WaitingParts(found, self._parts)

    def steps(self, dropped: Collection[str]) -> Iterator[Step]:
        others = list(self._of_parts())
        for old, new in self._column_groups():
            if new:
                others += self._tables.columns_added(new[0].table, new)
            if old:
                others += self._tables.columns_dropped(old[0].table, old)
        needed = {token for step in others if step.online for token in step.needs}
        for table in self._created:
            yield from self._tables.created(table, needed_online=("table", table.name) in needed)
        yield from others
        for one in self._found:
            if one.kind == "table" and one.new is None and one.name in dropped:
                yield from self._tables.dropped(one.old)

    def _column_groups(self) -> Iterable[tuple[list[Any], list[Any]]]:
        """Return the columns to drop and those to add, of each table."""
        groups: dict[str, tuple[list[Any], list[Any]]] = {}
        for one in self._found:
            if one.kind == "column" and one.old is None:
                groups.setdefault(one.table, ([], []))[1].append(one.new)
            elif one.kind == "column" and one.new is None:
                groups.setdefault(one.table, ([], []))[0].append(one.old)
        return groups.values()

    def _of_parts(self) -> Iterator[Step]:
        makers = {
            "check": self._parts.check,
            "unique constraint": self._parts.unique,
            "foreign key": self._parts.foreign_key,
            "index": self._parts.index,
            "trigger": self._parts.trigger,
            "table": self._parts.comment,
            "column": self._columns.changed,
        }
        for one in [*self._found, *self._waiting.unchanged()]:
            if one.kind == "primary key":
                raise CannotCarry(cause="the primary key of a table cannot be changed", table=one.table)
            whole = one.kind in ("table", "column") and (one.old is None or one.new is None)
            if not whole and not self._comes_with_a_column(one):
                yield from (self._waiting.steps if self._waiting.waits(one) else makers[one.kind])(one)

    def _comes_with_a_column(self, one: Difference) -> bool:
        """Return whether a constraint is written, or goes, with columns that are added, removed or get a new type."""
        if one.kind not in ("check", "foreign key"):
            return False
        part = one.new if one.old is None else one.old
        moved = {two.name for two in self._found if _moves(two, one)}
        if one.kind == "foreign key":
            return (one.old is None or one.new is None) and comes_with_columns(part, moved)
        retyped = {two.name for two in self._found if two.table == one.table and "type" in two.aspects}
        if any(one.name in comes_with(one.table, column) for column in moved | retyped):
            return True
        words = mentioned(sql_of(part.sqltext)) & set(table_of(part).columns.keys())
        return (one.old is None or one.new is None) and bool(words) and words <= moved


def _moves(column: Difference, part: Difference) -> bool:
    """Return whether a column is added or removed together with a part of its table."""
    same = (column.old is None, column.new is None) == (part.old is None, part.new is None)
    return column.kind == "column" and column.table == part.table and same and not column.aspects


def _circles(tables: Iterable[sa.Table]) -> set[sa.ForeignKeyConstraint]:
    """Return the foreign keys of new tables that PostgreSQL can add only after the tables."""
    last = list(sort(tables))[-1:]
    return {key for table, keys in last if table is None for key in keys}
