"""That nothing was lost, looked at before anything is committed. Any difference rolls everything back."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.exceptions import AdoptionFailed
from cts_schema.schema.snapshot import differences, snapshot


@dataclass
class Loaded:
    """What became of the rows of a source."""

    rows: int
    kept: int = 0
    refused: int = 0
    leftovers: int = 0


def require_rows(conversion: Conversion, loaded: Loaded) -> None:
    """Check that every row of a source is either in our table or in adoption_leftovers.

    Raises:
        AdoptionFailed: they are not as many.
    """
    if loaded.rows != loaded.kept + loaded.refused:
        raise AdoptionFailed(
            table=conversion.source.old.name,
            rows=f"{loaded.rows:,} before, {loaded.kept:,} kept, {loaded.refused:,} in adoption_leftovers",
        )


def require_schema(connection: sa.Connection) -> None:
    """Check that our tables are those of the adoption revision, with their indexes, keys and triggers.

    Raises:
        AdoptionFailed: they are not as the revisions make them.
    """
    expected, names = target.expected(connection.dialect.name), target.tables().keys()
    found = differences(expected.only(names), snapshot(connection).only(names))
    if found:
        raise AdoptionFailed(schema="\n".join(f"{name}: {what}" for name, what in found.items()))


def require_references(connection: sa.Connection) -> None:
    """Check on SQLite, where foreign keys are off meanwhile, that every row of ours has the rows it refers to.

    Raises:
        AdoptionFailed: one has not.
    """
    for name in target.tables():
        parents = dialects.of(connection).loading.parents_missing(connection, name)
        if parents:
            raise AdoptionFailed(table=name, rows=f"{len(parents):,} without their {parents[0]}")
