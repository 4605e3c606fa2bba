"""How a run recognizes a legacy database, and the interface of its adoption.

The adoption itself is in :mod:`cts_schema.adoption`, which a run loads only if there is something to adopt.
"""

from __future__ import annotations

from collections.abc import Iterable
from pkgutil import resolve_name
from typing import Protocol, cast

import sqlalchemy as sa

from cts_schema.database.options import Options
from cts_schema.exceptions import SchemaError
from cts_schema.managed import managed_tables
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Adopted

_ADOPTION = "cts_schema.adoption.adopt:Adoption"


class Adoption(Protocol):
    """Adopts the database of a run, in the one transaction of the run."""

    def begin(self) -> None:
        """Move the legacy tables aside before the first revision; raise if a decision is needed."""

    def finish(self) -> Adopted:
        """Load their rows into the new tables after the adoption revision, and verify that nothing is missing."""

    def abandon(self) -> None:
        """Remove files outside of the database after a rollback."""

    def close(self) -> None:
        """Restore connection and terminal, in any case."""

    def failed(self, error: Exception) -> SchemaError:
        """Return the error to raise for an unexpected error."""


class Adopter(Protocol):
    """Makes an adoption for the connection of a run."""

    def __call__(self, connection: sa.Connection, options: Options, progress: Progress) -> Adoption:
        """Return the adoption, without changing anything."""


def alike(tables: Iterable[str]) -> set[str]:
    """Return the tables that have our names, in upper or lower case: without a version they are legacy tables."""
    return {name for name in tables if name.lower() in managed_tables()}


def adoption() -> Adopter:
    """Load the adoption."""
    return cast("Adopter", resolve_name(_ADOPTION))
