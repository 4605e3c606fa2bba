"""The rows of a source as rows of ours: SQL over the legacy table, which is called ``o`` everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cts_schema.adoption.convert.converted import Converted
from cts_schema.adoption.convert.rules import Fill
from cts_schema.adoption.convert.sources import Source
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.survey.tables import LegacyColumn, LegacyTable
from cts_schema.adoption.target import expected
from cts_schema.ddl.text import balanced, quote


class Conversion:
    """A source and where its tables are.

    Args:
        source: the source.
        engine: of the database.
        places: legacy tables by name, as SQL.
        built: whether our own tables are there already.
    """

    def __init__(self, source: Source, engine: Engine, places: Mapping[str, str], *, built: bool) -> None:
        self.source = source
        self.engine = engine
        self.place = places[source.old.name]
        self.row_id = engine.sql.row_id(source.old.columns)
        self._places = places
        self._built = built
        self.columns = {name: Converted(self, source.table.columns[name]) for name in source.filled}

    def fill(self, fill: Fill) -> str | None:
        """Return what a fill says about a row, None where it asks for a table that is not there yet."""
        known = True

        def replaced(match: re.Match[str]) -> str:
            nonlocal known
            kind, _, name = match[1].rpartition(":")
            if kind == "new":
                known = known and self._built
                return quote(name)
            if kind == "table":
                return self._places[name]
            return f"CAST({self.value_of(self.source.old.columns[name])} AS TEXT)"

        sql = re.sub(r"\{([^}]+)\}", replaced, fill.sql)
        return sql if known else None

    def value_of(self, old: LegacyColumn) -> str:
        """Return an old column as SQL, to be compared as ours are."""
        value = f"o.{quote(old.name)}"
        return f"({value} COLLATE BINARY)" if self.source.old.collates else value

    def row_key(self) -> str:
        """Return what the row is called in adoption_leftovers: its primary key as text, its parts joined by ':'."""
        old = self.source.old
        names = old.key or tuple(name for name in ("id",) if name in old.columns)
        if not names:
            return "NULL"
        as_text = self.engine.sql.as_text
        parts = [as_text(f"o.{quote(old.columns[name].name)}") for name in names]
        return balanced([part for one in parts for part in ("':'", f"coalesce({one}, '')")][1:], "||")

    def final(self, name: str, *, settled: bool) -> str:
        """Return the value of our column with its default, as a unique key sees it."""
        if name not in self.columns:
            return "NULL"
        value = self.columns[name].value(settled=settled)
        return f"coalesce({value}, {self.default(name)})" if self.columns[name].defaulted else value

    def default(self, name: str) -> str:
        """Return the default of our column as SQL."""
        default = expected(self.engine.name).tables[self.source.table.name].columns[name].default
        if default is not None:
            return default
        return self.engine.loading.next_number(self.source.table.name, name)

    def unique_keys(self) -> list[tuple[str, ...]]:
        """Return the keys that rows of the source may meet in: what its rows say nothing about is the same in all."""
        table = self.source.table
        found = []
        for key in (table.key, *table.unique):
            said = tuple(name for name in key if name in self.columns)
            if said and all(name in said or (table.columns[name].default and name not in table.key) for name in key):
                found.append(said)
        return found

    def known_unique(self, key: tuple[str, ...]) -> bool:
        """Whether the legacy database has made sure of a key already, and converting keeps its values apart."""
        old = self.source.old
        olds = [self.columns[name].raw_column() for name in key]
        if any(column is None or not _APART.match(column.type) for column in olds):
            return False
        return tuple(sorted(key_of(old, column) for column in olds if column is not None)) in old.unique


# Types whose values stay apart as text. On SQLite these are affinities too, which leave no 1 beside '1'.
_APART = re.compile(r"(big|small)?int(eger)?$|text|(var)?char|uuid|character")


def key_of(old: LegacyTable, column: LegacyColumn) -> str:
    """Return the key under which a legacy table lists a column."""
    return next(key for key, one in old.columns.items() if one is column)
