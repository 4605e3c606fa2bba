"""The operations of revisions on a real connection, as a migration runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from cts_schema import ddl
from cts_schema.database.engines import migration_engine
from tests.support.databases import Database


class Ddl:
    """cts_schema.ddl bound to a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.quote = connection.dialect.identifier_preparer.quote

    def __getattr__(self, name: str) -> Any:
        return getattr(ddl, name)


@contextmanager
def operations(database: Database) -> Iterator[Ddl]:
    """Run the block in one transaction that is committed, with foreign keys off on SQLite."""
    with migration_engine(database.location).connect() as connection, connection.begin():
        if database.kind == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
        context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        with Operations.context(context):
            yield Ddl(connection)
