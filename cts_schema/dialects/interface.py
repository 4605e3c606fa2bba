"""What every database must be able to do: one protocol for each concept, and the values that they exchange."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """Where the tables are: the options of a run, and the handle of a database."""

    @property
    def version_table(self) -> str:
        """The table that holds the revision."""

    @property
    def schema(self) -> str | None:
        """The PostgreSQL schema to work in; None means the first of the search path."""
