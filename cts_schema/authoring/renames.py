"""Renames: a table or column that has another name in the models, and is otherwise what it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.authoring.code import Code
from cts_schema.authoring.difference import Difference
from cts_schema.authoring.replaying import function
from cts_schema.authoring.steps import Stage, Step, call
from cts_schema.authoring.values import default_of, type_of
from cts_schema.exceptions import CannotCarry, WrongUsage
from cts_schema.schema.declared import replay

FROM = "renamed_from"
"""The key of ``info`` with the name before, of a column or table of the models."""


@dataclass(frozen=True)
class Rename:
    """A new name.

    Attributes:
        old: the name before.
        new: the name after.
        table: the table of a column, by its new name; None for a table.
    """

    old: str
    new: str
    table: str | None = None

    def __str__(self) -> str:
        return f"{self.old}:{self.new}" if self.table is None else f"{self.table}.{self.old}:{self.new}"

    @classmethod
    def of(cls, text: str) -> Rename:
        """Return what ``-x rename=`` says: ``portfolios.name:title``, or ``portfolios:wallets`` for a table.

        Raises:
            WrongUsage: it is no rename.
        """
        before, _, new = text.partition(":")
        table, dot, old = before.rpartition(".")
        if not (old and new and bool(table) == bool(dot)):
            raise WrongUsage(option=f"-x rename={text}", expected="TABLE.COLUMN:NEW, or TABLE:NEW for a table")
        return cls(old, new, table or None)


def requested(old: sa.MetaData, new: sa.MetaData, given: Iterable[str]) -> list[Rename]:
    """Return the renames that the models and ``-x rename=`` ask for, tables first, in an order that finds names free.

    Args:
        old: the declared state.
        new: the metadata of the models. A rename that an earlier revision has made may stay in them.
        given: the values of the option.

    Raises:
        WrongUsage: a rename fits no table or column.
        CannotCarry: two names are swapped.
    """
    by_option = [Rename.of(text) for text in given]
    wanted = [*_of_tables(new), *(one for one in by_option if one.table is None)]
    found = _to_make(wanted, set(old.tables), set(new.tables))
    state = renamed(old, found)
    for table in new.tables.values():
        if table.name in state.tables:
            wanted = [*_of_columns(table), *(one for one in by_option if one.table == table.name)]
            found += _to_make(wanted, set(state.tables[table.name].columns.keys()), set(table.columns.keys()))
    for one in by_option:
        if one not in found:
            reason = "the name before must be in the revisions, the name after only in the models"
            raise WrongUsage(option=f"-x rename={one}", reason=reason)
    return found


def _to_make(wanted: Iterable[Rename], before: set[str], after: set[str]) -> list[Rename]:
    """Return the renames that no revision has made, those that free a name before those that take it."""
    waiting = list(dict.fromkeys(wanted))
    _require_no_swap(waiting, after)
    state, found = set(before), []
    kept = after - {one.new for one in waiting}
    while ready := [one for one in waiting if one.old in state - kept and one.new in after - state]:
        state = state - {ready[0].old} | {ready[0].new}
        found.append(ready[0])
    for one in waiting:
        if one not in found and one.new not in before and before:
            raise WrongUsage(
                cause="a rename needs a name before that is in the revisions, and no longer in the models",
                rename=one,
                next_step=f"correct {{'{FROM}': ...}} in the model, or -x rename",
            )
    return found


def _require_no_swap(wanted: Iterable[Rename], after: set[str]) -> None:
    came_from = {one.new: one.old for one in wanted if one.new in after}
    for start in came_from:
        name, seen = start, [start]
        while (name := came_from.get(name, "")) and name not in seen:
            seen.append(name)
        if name == start:
            raise CannotCarry(
                cause="names are swapped, which takes a third name in between; no file was written",
                names=", ".join(seen),
                next_step="rename one of them to a name that is free, in a revision of its own; then go on",
            )


def _of_tables(metadata: sa.MetaData) -> Iterator[Rename]:
    for table in metadata.tables.values():
        if FROM in table.info:
            yield Rename(table.info[FROM], table.name)


def _of_columns(table: sa.Table) -> Iterator[Rename]:
    for column in table.columns:
        if FROM in column.info:
            yield Rename(column.info[FROM], column.name, table.name)


def renamed(old: sa.MetaData, renames: Collection[Rename]) -> sa.MetaData:
    """Return the metadata after renames, with all that is named after them."""
    return replay([function(_calls(old, renames, Code(), ""))], onto=old) if renames else old


def steps(old: sa.MetaData, renames: Collection[Rename], code: Code, *, online: bool) -> Iterator[Step]:
    """Yield the step of each rename.

    Args:
        old: the declared state before them.
        renames: the renames, tables first.
        code: writes the parts.
        online: whether an online operation follows.
    """
    up = _calls(old, renames, code, "_online" if online else "")
    for one, line in zip(renames, up, strict=True):
        if one.table is None:
            down = call("ddl.rename_table", repr(one.new), repr(one.old))
        else:
            column = code.column(_column(old, renames, one), keys=True)
            down = call("ddl.rename_column", repr(one.table), repr(one.new), column)
        yield Step(Stage.RENAME, one.table or one.new, [line], [down])


def _calls(old: sa.MetaData, renames: Collection[Rename], code: Code, twin: str) -> list[str]:
    lines = []
    for one in renames:
        if one.table is None:
            lines.append(call(f"ddl.rename_table{twin}", repr(one.old), repr(one.new)))
        else:
            column = code.column(_column(old, renames, one), keys=True, name=one.new)
            lines.append(call(f"ddl.rename_column{twin}", repr(one.table), repr(one.old), column))
    return lines


def _column(old: sa.MetaData, renames: Collection[Rename], one: Rename) -> sa.Column[object]:
    """Return the column before its rename, of a table that may have another name, too."""
    names = {two.new: two.old for two in renames if two.table is None}
    table = str(one.table)
    return old.tables[names.get(table, table)].columns[one.old]


def alike(found: Collection[Difference], accepts: Callable[[Rename], bool] = lambda _: True) -> list[Rename]:
    """Return the pairs of a removed and an added table or column that may be one under two names, tables first.

    Args:
        found: the differences.
        accepts: returns whether a pair is one; nothing is part of two pairs.
    """
    pairs: list[Rename] = []
    for kind, same in (("table", _same_columns), ("column", _same)):
        gone = [one for one in found if one.kind == kind and one.new is None]
        for one in found:
            if one.kind != kind or one.old is not None:
                continue
            for two in gone:
                pair = Rename(two.name, one.name, None if kind == "table" else one.table)
                if (kind == "table" or two.table == one.table) and same(two.old, one.new) and accepts(pair):
                    pairs.append(pair)
                    gone.remove(two)
                    break
    return pairs


def _same_columns(old: sa.Table, new: sa.Table) -> bool:
    return {one.name: type_of(one) for one in old.columns} == {one.name: type_of(one) for one in new.columns}


def _same(old: sa.Column[object], new: sa.Column[object]) -> bool:
    return all((type_of(old) == type_of(new), old.nullable == new.nullable, default_of(old) == default_of(new)))
