"""What Alembic does not compare of a SQLite file: triggers, CHECKs, and the statements of indexes."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex

from cts_schema.ddl.checks import sqlite_checks

_TRIGGERS = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
_INDEXES = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :table")


def triggers(connection: sa.Connection) -> Mapping[tuple[str, str], str]:
    """Return the statement of each trigger by table and name."""
    return {(table, name): statement for table, name, statement in connection.exec_driver_sql(_TRIGGERS)}


def checks(connection: sa.Connection, table: str) -> Mapping[str, str]:
    """Return the condition of each CHECK by its name."""
    return sqlite_checks(connection, table)


def indexes(connection: sa.Connection, table: str) -> Mapping[str, str]:
    """Return the statement of each index by its name."""
    return {row[0]: row[1] for row in connection.execute(_INDEXES, {"table": table})}


def wanted_index(index: sa.Index, dialect: sa.Dialect) -> str:
    """Return the statement of an index of the models."""
    return str(CreateIndex(index).compile(dialect=dialect))
