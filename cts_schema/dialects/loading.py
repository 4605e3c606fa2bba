"""What a set-based load needs of every dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa


class Loading(Protocol):
    """Expressions and statements of a load.

    Attributes:
        ROW: the type that identifies a row.
        NO_ROW: the value that identifies no row.
        TEMPORARY_END: the end of the definition of a temporary table.
    """

    ROW: str
    NO_ROW: str
    TEMPORARY_END: str

    def as_text(self, value: str) -> str:
        """Return a literal or NULL as text."""

    def json_as_text(self, value: str) -> str:
        """Return a JSON value as text."""

    def text_as_json(self, text: str) -> str:
        """Return a text as JSON."""

    def collected(self, names: str, values: str) -> str:
        """Return a JSON object of the names and values of a group."""

    def lacking(self, value: str, parents: str) -> str:
        """Return the condition that a value is not among the values ``key`` of a query."""

    def next_number(self, table: str, column: str) -> str:
        """Return the next generated number of a column."""

    def set_counter(self, connection: sa.Connection, table: str, column: str, last: int) -> None:
        """Continue the generated numbers of a column after a last one."""

    def last_number(self, connection: sa.Connection, place: str, column: str | None) -> int | None:
        """Return the last number that a table, given as SQL, gave a row; None where it has not counted by itself."""

    def indexes(self, connection: sa.Connection, table: str) -> tuple[Sequence[str], Sequence[str]]:
        """Return what takes off what a load is faster without, and what puts it on again: indexes, foreign keys."""

    def may_make_temporary_tables(self, connection: sa.Connection) -> bool:
        """Return whether the user may create temporary tables."""

    def parents_missing(self, connection: sa.Connection, table: str) -> Sequence[str]:
        """Return the parent table of each orphan, if the database has not checked foreign keys."""

    def folded(self, name: str) -> str:
        """Return a name as the database compares it."""

    def readable(self, text: str) -> str:
        """Return a text so that any content can be read."""
