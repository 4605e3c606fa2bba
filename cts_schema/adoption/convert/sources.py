"""Which old columns fill which of ours: the rules applied to what a database has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.adoption.convert.casts import Wish
from cts_schema.adoption.convert.rules import Absorbed, Fill
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.survey.tables import LegacyColumn, LegacyTable, Survey
from cts_schema.adoption.target import Column, Table


@dataclass(frozen=True)
class Candidate:
    """An old column that may fill one of ours.

    Attributes:
        old: the old column.
        wish: how its value is to be converted.
        guard: when its value means ours; None means always.
        shared: its value has a place of its own as well, or is not kept at all.
    """

    old: LegacyColumn
    wish: Wish
    guard: Fill | None = None
    shared: bool = False


@dataclass(frozen=True)
class Source:
    """A legacy table whose rows go into one of ours.

    Attributes:
        table: ours.
        old: the old one.
        absorbed: it stays where it is; else it is moved aside.
        candidates: our column -> the old columns that may fill it, the better one first.
        fills: our column -> what else may fill it.
        constants: our column -> the word that every row gets.
        unknown: old columns that have no counterpart.
        rows: old columns whose values become rows -> the keys of these.
    """

    table: Table
    old: LegacyTable
    absorbed: bool
    candidates: Mapping[str, tuple[Candidate, ...]]
    fills: Mapping[str, tuple[Fill, ...]]
    constants: Mapping[str, str]
    unknown: tuple[LegacyColumn, ...]
    rows: Mapping[str, str]

    @property
    def filled(self) -> list[str]:
        """Our columns that a row of it says something about."""
        return [
            name
            for name in self.table.columns
            if name in self.candidates or name in self.fills or name in self.constants
        ]


def find(survey: Survey, engine: Engine) -> list[Source]:
    """Return the sources, those of a table after those of the tables it refers to, absorbed ones last."""
    found = []
    for name, table in target.tables().items():
        if name in survey.tables:
            found.append(_source(survey, engine, table, survey.tables[name], None))
        for absorbed, meanings in rules.ABSORBED.items():
            old = survey.tables.get(absorbed)
            fitting = next((one for one in meanings if old and set(one.needs) <= old.columns.keys()), None)
            if old is not None and fitting is not None and fitting.into == name:
                found.append(_source(survey, engine, table, old, fitting))
    return found


def _source(survey: Survey, engine: Engine, table: Table, old: LegacyTable, absorbed: Absorbed | None) -> Source:
    candidates: dict[str, tuple[Candidate, ...]] = {}
    fills: dict[str, tuple[Fill, ...]] = {}
    constants = {} if absorbed is None else dict(absorbed.constants)
    # The number of a log line is that of its table, and no other's.
    numbered = table.key if absorbed is not None and table.counted else ()
    for column in table.columns.values():
        if column.name in constants or column.name in numbered:
            continue
        found = tuple(_candidates(survey, engine, table, column, old, absorbed))
        if found:
            candidates[column.name] = found
        possible = tuple(
            fill
            for fill in rules.FILLS.get((table.name, column.name), ())
            if set(fill.columns) <= old.columns.keys() and _is_there(survey, fill)
        )
        if possible:
            fills[column.name] = possible
    used = {candidate.old.name for each in candidates.values() for candidate in each}
    return Source(
        table=table,
        old=old,
        absorbed=absorbed is not None,
        candidates=candidates,
        fills=fills,
        constants=constants,
        unknown=tuple(column for key, column in old.columns.items() if column.name not in used and key not in numbered),
        rows={key: row for (owner, key), row in rules.ROWS.items() if owner == table.name and key in old.columns},
    )


def _candidates(
    survey: Survey, engine: Engine, table: Table, column: Column, old: LegacyTable, absorbed: Absorbed | None
) -> Iterator[Candidate]:
    """Yield the old columns that may fill one of ours, the better one first."""
    aliases = rules.ALIASES.get(table.name, {}).get(column.name, ())
    if absorbed is not None:
        aliases += absorbed.aliases.get(column.name, ())
    guard = rules.GUARDS.get((engine.loading.folded(old.name), column.name))
    if guard is not None and not set(guard.columns) <= old.columns.keys():
        guard = None
    for alias in (column.name, *aliases):
        key = engine.loading.folded(alias)
        if key not in old.columns:
            continue
        wish = Wish(
            table.name,
            column,
            renamed=rules.RENAMED_VALUES.get((table.name, column.name), {}),
            rewrite=rules.REWRITES.get((table.name, column.name)),
            units=rules.UNITS.get((table.name, alias), 1),
            whole=_was_number(survey, table, column, old.columns[key]),
            counts=table.counted and column.name in table.key,
        )
        # An absorbed id is offered to two columns: that it is no version is no loss.
        shared = alias != column.name and (alias in table.columns or column.name == "version")
        yield Candidate(old.columns[key], wish, guard, shared)


def _was_number(survey: Survey, table: Table, column: Column, old: LegacyColumn) -> bool:
    """Whether a column is a key, or refers to one, that the legacy database had as a number."""
    if column.parent is None:  # a log has references too, by their names
        return ((column.name,) == table.key or column.name.endswith("_id")) and old.is_number
    parent = survey.tables.get(column.parent)
    key = None if parent is None else parent.columns.get(target.tables()[column.parent].key[0])
    return old.is_number or (key is not None and key.is_number)


def _is_there(survey: Survey, fill: Fill) -> bool:
    """Whether the database has the other table that a fill needs."""
    if fill.table is None:
        return True
    return fill.table in survey.tables and set(fill.of_table) <= survey.tables[fill.table].columns.keys()
