"""What databases tell of themselves: plain values, the same for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Fingerprint = dict[str, dict[str, Any]]
"""What there is, by kind and name: ``{"table users": {"column id": ..., "index ...": ...}}``."""


class Item(NamedTuple):
    """A part of a table: what kind of thing it is, and what it is called."""

    kind: str
    name: str


class Size(NamedTuple):
    """How large a table is: None where the database does not know."""

    table: str
    rows: int | None
    bytes: int | None


class DeadRows(NamedTuple):
    """How many rows of a table there are, and how many that vacuum has left."""

    table: str
    live: int
    dead: int


@dataclass(frozen=True)
class Index:
    """An index that is there.

    Attributes:
        table: its table.
        name: its name; None where SQLite made it for a key.
        first: the column that it begins with, None for an expression.
        parts: what it orders by, with direction, collation and operators, in the words of the database.
        predicate: its WHERE; empty without.
        unique: whether it keeps values apart.
        valid: false where a concurrent build was cut short.
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
    """How much an index was used: entries are those that were read."""

    table: str
    name: str
    scans: int
    entries: int
    bytes: int
    may_go: bool


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key that is there.

    Attributes:
        name: what a person calls it.
        table: the table that it is in, None of one in another schema.
        title: the table as a person calls it.
        child: the table as SQL.
        columns: each of its columns with the one that it refers to.
        parent: the table that it refers to, None of one in another schema.
        validated: whether the database makes sure that all rows meet it.
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
        """The table with its columns, as a person calls them."""
        return f"{self.title}.{', '.join(own for own, _ in self.columns)}"


class Counter(NamedTuple):
    """A column that a sequence fills, and its next number."""

    table: str
    column: str
    following: int
