"""Reads which unmanaged tables refer to managed ones, and what these tables are like."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.adoption.unmanaged import postgresql, sqlite
from cts_schema.adoption.unmanaged.references import Reference, References


def read(connection: sa.Connection, old: Mapping[str, LegacyTable], refused: Collection[str]) -> References:
    """Return the keys that lead to managed tables, and do so afterwards; nothing is changed.

    Args:
        connection: with the old tables in their places.
        old: the managed tables that are there, by our names.
        refused: names of foreign keys of PostgreSQL that cannot be carried over.
    """
    if connection.dialect.name == "sqlite":
        keys = _leading(key for key in sqlite.keys(connection, old) if key.lasting)
        tables = {key.table: sqlite.table(connection, key.table) for key in keys}
    else:
        keys = _leading(key for key in postgresql.keys(connection) if key.lasting and key.name not in refused)
        tables = {key.table: postgresql.table(connection, key.table) for key in keys}
    return References(tables, tuple(keys))


def _leading(keys: Iterable[Reference]) -> list[Reference]:
    """Return the keys that lead to managed tables in the end."""
    rest = list(keys)
    found: list[Reference] = []
    while True:
        reached = {key.table for key in found}
        more = [key for key in rest if key.managed or key.parent in reached]
        if not more:
            return found
        found += more
        rest = [key for key in rest if key not in more]
