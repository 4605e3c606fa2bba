"""What a legacy database has, as plain values.

SQLAlchemy's reflection gives up on shapes that legacy databases have: unknown types, views over columns that are gone,
generated columns. Here a table is its name, its columns with the types they are declared with, its keys and how many
rows it has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules


@dataclass(frozen=True)
class LegacyColumn:
    """A column: its name and its type, in small letters; on PostgreSQL the type under a domain, and no length."""

    name: str
    type: str

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return bool(_NUMBERS.search(self.type))


_NUMBERS = re.compile("int(?!erval)|serial|num|dec|real|floa|doub")


@dataclass(frozen=True)
class LegacyTable:
    """A table that may hold rows of ours.

    Attributes:
        name: its name as the database writes it.
        columns: its columns by name; on SQLite by the name in small letters, as it finds them.
        key: its primary key.
        unique: the sets of columns that no two rows agree in, the key too.
        rows: how many rows it has.
        has_rowid: whether SQLite numbers its rows.
        collates: whether SQLite compares texts of it in some other way than byte by byte, which ours does.
        owned: whether the user of the connection may change it.
        unreadable: why its rows cannot be read, if they cannot.
    """

    name: str
    columns: dict[str, LegacyColumn]
    key: tuple[str, ...]
    unique: frozenset[tuple[str, ...]]
    rows: int
    has_rowid: bool = True
    collates: bool = False
    owned: bool = True
    unreadable: str | None = None


@dataclass(frozen=True)
class Survey:
    """What an adoption has to deal with.

    Attributes:
        schema: that the tables are in, as SQL.
        tables: tables by our name that are managed or absorbed.
        unmanaged: the names of all others.
        ledgers: which runners have left a ledger, and how far each came, to be shown.
        taken: managed names that something else has, which is no table: a view, say.
        size: bytes that the database takes on disk.
    """

    schema: str
    tables: dict[str, LegacyTable]
    unmanaged: tuple[str, ...]
    ledgers: tuple[str, ...]
    taken: tuple[str, ...]
    size: int

    @property
    def managed(self) -> dict[str, LegacyTable]:
        """The tables that are moved aside."""
        return {name: table for name, table in self.tables.items() if name in target.tables()}


def is_ours(name: str) -> bool:
    """Whether a table of that name may hold rows of ours."""
    return name in target.tables() or name in rules.ABSORBED


def ledgers(
    tables: Mapping[str, LegacyTable], newest: Callable[[LegacyTable, LegacyColumn], bytes | None]
) -> tuple[str, ...]:
    """Return which runners have left a ledger, and how far each came.

    Args:
        tables: those of the database.
        newest: reads the maximum of a column, None where there is none.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for name, runner, last in (
        ("schema_migrations", "array", "migration_id"),
        ("schema_migrations", "route", "version"),
        ("migrations", "names", "name"),
    ):
        table = tables.get(name)
        column = None if table is None else table.columns.get(last)
        if table is not None and table.owned and table.rows and column is not None:
            there = newest(table, column)
            if there is not None:
                found[name].append(f"{runner} up to {there.decode(errors='replace')}")
        elif table is not None and not table.rows:
            found[name] = ["empty"]
    return tuple(f"{name} ({', '.join(about)})" for name, about in found.items())
