"""Legacy databases, as a run knows them: how it tells one, and what it asks of whoever adopts it.

The adoption itself is in :mod:`cts_schema.adoption`, which a run loads only where there is something to adopt.
"""

from __future__ import annotations

from collections.abc import Iterable
from pkgutil import resolve_name
from typing import Protocol, cast

import sqlalchemy as sa

from cts_schema.database.options import Options
from cts_schema.exceptions import SchemaError
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Adopted
from cts_schema.models import Base

_ADOPTION = "cts_schema.adoption.adopt:Adoption"


class Adoption(Protocol):
    """What brings the database of a run in. All of it is in the one transaction of the run."""

    def begin(self) -> None:
        """Move the old tables out of the way, before the first revision; raise where a person must decide."""

    def finish(self) -> Adopted:
        """Load their rows into the new tables, after the adoption revision, and verify that nothing is missing."""

    def abandon(self) -> None:
        """Take away what is outside of the database, once the transaction is rolled back."""

    def close(self) -> None:
        """Put connection and terminal in order, whatever has happened."""

    def failed(self, error: Exception) -> SchemaError:
        """Return what to raise for an error that nobody expected."""


class Adopter(Protocol):
    """Makes an adoption for the connection of a run."""

    def __call__(self, connection: sa.Connection, options: Options, progress: Progress) -> Adoption:
        """Return it; nothing is touched yet."""


def alike(tables: Iterable[str]) -> set[str]:
    """Return those tables that are called like ours, in any case of letters: without a version they are legacy ones."""
    return {name for name in tables if name.lower() in Base.metadata.tables}


def adoption() -> Adopter:
    """Load what adopts."""
    return cast("Adopter", resolve_name(_ADOPTION))
