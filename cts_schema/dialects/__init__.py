"""What differs between the databases: one interface, one folder each, selected once."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from cts_schema.dialects.interface import Dialect


def of(place: sa.Connection | sa.Engine | sa.Dialect | sa.URL) -> Dialect:
    """Return the dialect of a connection, an engine, a SQLAlchemy dialect or a URL."""
    if isinstance(place, sa.URL):
        return named(place.get_backend_name())
    return named((place if isinstance(place, sa.Dialect) else place.dialect).name)


@cache
def named(name: str) -> Dialect:
    """Return a dialect by its SQLAlchemy name, without importing the other one."""
    if name == "sqlite":
        from cts_schema.dialects.sqlite.dialect import SQLITE

        return SQLITE
    from cts_schema.dialects.postgresql.dialect import POSTGRESQL

    return POSTGRESQL
