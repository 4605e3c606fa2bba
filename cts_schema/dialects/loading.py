"""What a load by sets needs of every database, spelled by each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa


class Loading(Protocol):
    """Expressions and statements of a load.

    Attributes:
        ROW: the type of what a row is found by.
        NO_ROW: none of them.
        TEMPORARY_END: what a temporary table ends with.
    """

    ROW: str
    NO_ROW: str
    TEMPORARY_END: str

    def as_text(self, value: str) -> str:
        """Return a literal or NULL as text."""

    def json_as_text(self, value: str) -> str:
        """Return a value of JSON as text."""

    def text_as_json(self, text: str) -> str:
        """Return a text as JSON."""

    def collected(self, names: str, values: str) -> str:
        """Return the JSON object of the names and values of a group."""

    def lacking(self, value: str, parents: str) -> str:
        """Return the condition that a value is none of those that a query gives as ``key``."""

    def next_number(self, table: str, column: str) -> str:
        """Return the number of a row, which only the database can give."""

    def set_counter(self, connection: sa.Connection, table: str, column: str, last: int) -> None:
        """Let the numbers of a column go on after a last one."""

    def last_number(self, connection: sa.Connection, place: str, column: str | None) -> int | None:
        """Return the last number that a table, given as SQL, gave a row; None where it has not counted by itself."""

    def indexes(self, connection: sa.Connection, table: str) -> tuple[Sequence[str], Sequence[str]]:
        """Return what takes off what a load is faster without, and what puts it on again: indexes, foreign keys."""

    def may_make_temporary_tables(self, connection: sa.Connection) -> bool:
        """Tell whether the user may make them."""

    def parents_missing(self, connection: sa.Connection, table: str) -> Sequence[str]:
        """Return for each row that lacks one it refers to the table of that, where nobody has checked it."""

    def folded(self, name: str) -> str:
        """Return a name as the database compares it."""

    def readable(self, text: str) -> str:
        """Return a text so that it can be read whatever is in it."""
