"""An adoption reduced to what moves and what depends on it: a small legacy database, and the steps around the load."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.engine import Dependents, Engine
from cts_schema.adoption.legacy import postgresql_undo
from cts_schema.adoption.refusal import Refusal
from cts_schema.database.engines import migration_engine
from tests.support.databases import Database

OLD = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, nickname TEXT)",
    "CREATE TABLE exchange_connections (id INTEGER PRIMARY KEY, name TEXT, exchange TEXT, testnet INTEGER, "
    "updated_at TIMESTAMP)",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, connection_id INTEGER, note TEXT)",
    "INSERT INTO users VALUES (1, 'ann', 'a'), (2, 'bob', NULL)",
    "INSERT INTO exchange_connections (id, name, exchange, testnet) VALUES (1, 'one', 'bybit', 0), "
    "(2, 'two', 'okx', 1)",
    "INSERT INTO notes VALUES (1, 1, 'of one'), (2, 2, 'of two'), (3, NULL, 'of none')",
)
#: Nobody takes connection 2 over.
LOAD = (
    "INSERT INTO users (id, username, password_hash) SELECT CAST(id AS TEXT), username, '' FROM {users}",
    "INSERT INTO exchange_connections (id, name, exchange) SELECT CAST(id AS TEXT), name, exchange "
    "FROM {exchange_connections} WHERE id = 1",
)


@dataclass(frozen=True)
class Outcome:
    """What the trial refused, what was refused in earnest, and where the old tables are."""

    refused: list[Refusal]
    failed: list[Refusal]
    moved: dict[str, str]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Kind and name of what the trial refused."""
        return [(one.kind, one.name) for one in self.refused]


def execute(connection: sa.Connection, *statements: str) -> None:
    """Execute statements as they are."""
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)


def prepare(database: Database, *statements: str) -> None:
    """Make the small legacy database, and what depends on it."""
    with database.engine.begin() as connection:
        execute(connection, *OLD, *statements)


@contextmanager
def run_of(database: Database, url: sa.URL | None = None, schema: str | None = None) -> Iterator[sa.Connection]:
    """Yield a connection in the transaction of a migration, which is committed."""
    with migration_engine(url or database.location).connect() as connection, connection.begin():
        if database.kind == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif schema is not None:
            execute(connection, f'SET LOCAL search_path TO "{schema}"')
        yield connection


def old_tables(connection: sa.Connection) -> list[str]:
    """Return the names of the managed tables that are there."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return sorted(set(connection.exec_driver_sql(query).scalars()) & set(target.tables()))


def tried(database: Database, *, schema: str | None = None, url: sa.URL | None = None) -> list[Refusal]:
    """Return what the trial refuses."""
    with run_of(database, url, schema) as connection:
        return Engine(connection).dependents.read(connection, old_tables(connection)).refused(connection)


def carry_over(
    database: Database,
    load: Sequence[str] = LOAD,
    *,
    schema: str | None = None,
    url: sa.URL | None = None,
    during: Callable[[sa.Connection, Dependents], None] = lambda connection, found: None,
) -> Outcome:
    """Take an old database over; whatever the trial refuses is accepted.

    Args:
        database: the old database.
        load: how the new tables get their rows, with the places of the old ones.
        schema: the PostgreSQL schema to work in.
        url: instead of the database's, for another user.
        during: is called after the load.
    """
    with run_of(database, url, schema) as connection:
        old, legacy = old_tables(connection), Engine(connection).legacy
        found = Engine(connection).dependents.read(connection, old)
        refused = found.refused(connection)
        with legacy.renaming(connection):
            found.detach(connection)
            moved = legacy.move(connection, old)
            target.create(connection)
            execute(connection, *(statement.format(**moved) for statement in load))
            during(connection, found)
            failed = found.attach(connection, refused)
            legacy.drop_moved(connection, moved)
        return Outcome(refused, failed, moved)


def undo(database: Database, schema: str | None = None) -> None:
    """Bring the old database back."""
    with run_of(database, schema=schema) as connection:
        postgresql_undo.bring_back(connection, old_tables(connection))


def names(refusals: Collection[Refusal]) -> set[tuple[str, str]]:
    """Return kind and name of refusals."""
    return {(one.kind, one.name) for one in refusals}
