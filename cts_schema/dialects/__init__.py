"""All that differs by database: one interface, a folder for each, chosen once."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from cts_schema.dialects.interface import Dialect


def of(place: sa.Connection | sa.Engine | sa.Dialect | sa.URL) -> Dialect:
    """Return what the database of a connection, an engine, its SQL or a URL is like."""
    if isinstance(place, sa.URL):
        return named(place.get_backend_name())
    return named((place if isinstance(place, sa.Dialect) else place.dialect).name)


@cache
def named(name: str) -> Dialect:
    """Return a database by its name, as SQLAlchemy has it; the other one is not imported."""
    if name == "sqlite":
        from cts_schema.dialects.sqlite.dialect import SQLITE

        return SQLITE
    from cts_schema.dialects.postgresql.dialect import POSTGRESQL

    return POSTGRESQL
