"""Facts about a database: plain values, the same for each dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Fingerprint = dict[str, dict[str, Any]]
"""A schema, by kind and name: ``{"table users": {"column id": ..., "index ...": ...}}``."""


class Item(NamedTuple):
    """A part of a table: its kind and its name."""

    kind: str
    name: str


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
