"""Facts about a database: plain values, the same for each dialect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Part(NamedTuple):
    """A part of a table.

    Attributes:
        kind: ``primary-key``, ``unique``, ``check``, ``foreign-key``, ``index``, ``trigger`` or ``identity``.
        name: its name; its columns where the database gives it none.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class ColumnSnapshot:
    """A column.

    Attributes:
        type: its type, as the database writes it.
        required: whether it refuses NULL.
        default: its default as SQL, None without one.
        identity: ``ALWAYS`` or ``BY DEFAULT`` if the database numbers the rows.
        generated: ``STORED``, ``VIRTUAL`` or ``HIDDEN`` if no statement may set it.
        key: its place in the primary key where only columns show it (SQLite), else 0.
        collation: its collation if that is not the default.
    """

    type: str
    required: bool
    default: str | None
    identity: str = ""
    generated: str = ""
    key: int = 0
    collation: str = ""

    def __str__(self) -> str:
        """Return the column for a reader."""
        words = [self.type, "NOT NULL" if self.required else "NULL"]
        words += [f"DEFAULT {self.default}"] if self.default is not None else []
        words += [f"GENERATED {self.identity} AS IDENTITY"] if self.identity else []
        words += [f"GENERATED {self.generated}"] if self.generated else []
        words += [f"COLLATE {self.collation}"] if self.collation else []
        return " ".join([*words, *(["PRIMARY KEY"] if self.key else [])])


@dataclass(frozen=True)
class Definition:
    """The definition of a part of a table.

    Attributes:
        text: its SQL, as the database writes it.
        valid: whether an index is complete, or a constraint holds for all rows.
        fires: when a trigger fires: the letter of ``pg_trigger.tgenabled``, empty on SQLite.
    """

    text: str
    valid: bool = True
    fires: str = ""

    def __str__(self) -> str:
        """Return the definition for a reader."""
        return f"{self.text}, switched off" if self.fires == "D" else self.text


@dataclass(frozen=True)
class TableSnapshot:
    """A table.

    Attributes:
        columns: its columns by name; their order does not count.
        parts: its constraints, indexes, triggers and sequences.
        clauses: what else makes it differ: names and clauses in its SQL (SQLite), its kind if that is not ordinary.
    """

    columns: dict[str, ColumnSnapshot] = field(default_factory=dict)
    parts: dict[Part, Definition] = field(default_factory=dict)
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """A schema as plain values that can be compared: all of it, unmanaged tables too.

    Attributes:
        tables: the tables by name.
        views: the definitions of the views by name.
        functions: the definitions of the functions by name.
    """

    tables: Mapping[str, TableSnapshot]
    views: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)

    def only(self, names: Collection[str]) -> Snapshot:
        """Return these of its tables, and nothing else."""
        return Snapshot({name: table for name, table in self.tables.items() if name in names})


class Size(NamedTuple):
    """The size of a table; None if the database does not know it."""

    table: str
    rows: int | None
    bytes: int | None


class DeadRows(NamedTuple):
    """The numbers of live and dead rows of a table."""

    table: str
    live: int
    dead: int


@dataclass(frozen=True)
class Index:
    """An index of the database.

    Attributes:
        table: its table.
        name: its name; None if SQLite created it for a key.
        first: its first column, None for an expression.
        parts: its columns and expressions, with direction, collation and operators, as the database writes them.
        predicate: its WHERE; empty if it has none.
        unique: whether it is unique.
        valid: false if a concurrent build was interrupted.
        key: whether it belongs to a constraint.
    """

    table: str
    name: str | None
    first: str | None
    parts: tuple[str, ...]
    predicate: str
    unique: bool
    valid: bool = True
    key: bool = False


class IndexUse(NamedTuple):
    """The use of an index; entries are those that were read."""

    table: str
    name: str
    scans: int
    entries: int
    bytes: int
    may_go: bool


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of the database.

    Attributes:
        name: its name for a reader.
        table: its table, None for one in another schema.
        title: its table for a reader.
        child: its table as SQL.
        columns: its columns, each with the column that it refers to.
        parent: the table that it refers to, None for one in another schema.
        validated: whether the database guarantees that all rows meet it.
    """

    name: str
    table: str | None
    title: str
    child: str
    columns: Sequence[tuple[str, str]]
    parent: str | None
    validated: bool = False

    @property
    def where(self) -> str:
        """The table with its columns, for a reader."""
        return f"{self.title}.{', '.join(own for own, _ in self.columns)}"


class Counter(NamedTuple):
    """A column that a sequence fills, and its next number."""

    table: str
    column: str
    following: int
