"""Foreign keys of unmanaged tables that lead to managed ones, straight or through other unmanaged tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cts_schema import dialects
from cts_schema.adoption import target
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.ddl.text import quote

#: Without the tables that inherit.
ONLY = "ONLY "


@dataclass(frozen=True)
class Column:
    """A column of an unmanaged table.

    Attributes:
        name: its name.
        type: as the database writes it.
        loose: whether it may become NULL.
        fixed: whether the database computes it.
        text: on PostgreSQL whether it holds strings.
    """

    name: str
    type: str
    loose: bool
    fixed: bool = False
    text: bool = False

    @property
    def affinity(self) -> str:
        """Return a type with which a column of SQLite stores values as this one does."""
        return quote(self.type) if self.type else ""


@dataclass(frozen=True, order=True)
class Unique:
    """Columns that no two rows agree in, and which rows that is about, as SQL."""

    columns: tuple[str, ...]
    condition: str = "true"


@dataclass(frozen=True)
class Table:
    """An unmanaged table that has such a key.

    Attributes:
        place: as SQL, with its schema, and without the tables that inherit from it: its keys do not bind them.
        title: how a person calls it.
        columns: its columns by name.
        key: its primary key.
        unique: what no two rows agree in.
        checks: conditions that its rows meet, as SQL.
        rows: what identifies its rows, as SQL over ``{0}``.
        dialect: sqlite or postgresql.
    """

    place: str
    title: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    unique: tuple[Unique, ...]
    checks: tuple[str, ...]
    rows: str
    dialect: str

    @property
    def name(self) -> str:
        """Its name as SQL, with its schema."""
        return self.place.removeprefix(ONLY)

    def row(self, alias: str) -> str:
        """Return what identifies a row, while nobody changes it."""
        return self.rows.replace("{0}", alias)

    def row_key(self, alias: str) -> str:
        """Return what the row is called in adoption_leftovers: its primary key as text, its parts joined by ':'."""
        return (
            " || ':' || ".join(
                f"coalesce({dialects.named(self.dialect).sql.as_text(f'{alias}.{quote(name)}')}, '')"
                for name in self.key
            )
            if self.key
            else "CAST(NULL AS TEXT)"
        )


@dataclass(frozen=True)
class Reference:
    """A foreign key of an unmanaged table.

    Attributes:
        name: what a refusal calls it; empty on SQLite, where a refusal is about keys that do not last.
        table: which has it, as SQL.
        columns: its columns.
        parent: our table by its name, or an unmanaged one as SQL.
        parent_columns: what they refer to.
        managed: whether the parent is ours.
        full: whether all of its columns must be NULL, or none.
        parent_types: on PostgreSQL the types of what they refer to, none of them a domain.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    managed: bool
    full: bool = False
    parent_types: tuple[str, ...] = ()

    @property
    def lasting(self) -> bool:
        """Whether it refers to something that will be there, and a key."""
        if not self.managed:
            return True
        table = target.tables()[self.parent]
        return {*self.parent_columns} in [{*key} for key in (table.key, *table.unique)]


@dataclass(frozen=True)
class References:
    """The keys that lead to managed tables, and the unmanaged tables that have them."""

    tables: Mapping[str, Table]
    keys: tuple[Reference, ...]


def read(engine: Engine, old: Mapping[str, LegacyTable], refused: Collection[str]) -> References:
    """Return the keys that lead to managed tables, and do so afterwards; nothing is changed.

    Args:
        engine: with the legacy tables in their places.
        old: the managed tables that are there, by our names.
        refused: names of foreign keys that cannot be carried over.
    """
    found = engine.unmanaged.keys(engine.connection, old)
    keys = _leading(key for key in found if key.lasting and key.name not in refused)
    return References({key.table: engine.unmanaged.table(engine.connection, key.table) for key in keys}, tuple(keys))


def _leading(keys: Iterable[Reference]) -> list[Reference]:
    """Return the keys that lead to managed tables in the end."""
    rest = list(keys)
    found: list[Reference] = []
    while True:
        reached = {key.table for key in found}
        more = [key for key in rest if key.managed or key.parent in reached]
        if not more:
            return found
        found += more
        rest = [key for key in rest if key not in more]
