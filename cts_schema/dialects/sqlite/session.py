"""Settings of a SQLite connection for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.running import Place
from cts_schema.dialects.sqlite.transaction import no_new_violations

SCRIPT_COMMENT = "Run it with sqlite3 -bail, which stops at an error and then changes nothing."
# Where they are on, dropping a table deletes the rows of other tables that refer to it.
BEFORE_SCRIPT: Sequence[str] = ("PRAGMA foreign_keys = OFF",)
IN_SCRIPT: Sequence[str] = ()


def attempt(connection: sa.Connection) -> AbstractContextManager[object]:
    """Allow a statement of the block to fail: on SQLite that ends no transaction."""
    return nullcontext()


def has_power(connection: sa.Connection) -> bool:
    """Return False: there are no roles."""
    return False


@contextmanager
def without_a_trace(connection: sa.Connection, *, milliseconds: int | None) -> Iterator[None]:
    """End a transaction that the block began."""
    within = connection.in_transaction()
    try:
        yield
    finally:
        if not within and not connection.closed and not connection.invalidated:
            connection.rollback()


def reading(connection: sa.Connection, place: Place, *, milliseconds: int | None) -> AbstractContextManager[None]:
    """End a transaction that the block began."""
    return without_a_trace(connection, milliseconds=milliseconds)


def require_one_schema(connection: sa.Connection, place: Place) -> None:
    """Check nothing: SQLite has no schemas."""


def comparing_keys(connection: sa.Connection) -> AbstractContextManager[object]:
    """Compare foreign key violations before and after the block: foreign keys may be off meanwhile."""
    return no_new_violations(connection)


@contextmanager
def remaking(connection: sa.Connection) -> Iterator[None]:
    """Rebuild tables in the block, and allow no new orphans."""
    legacy = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar_one()
    with no_new_violations(connection):
        try:
            yield
        finally:
            connection.exec_driver_sql(f"PRAGMA legacy_alter_table = {legacy}")


def comparing(connection: sa.Connection, place: Place) -> AbstractContextManager[object]:
    """Set nothing: there is one form."""
    return nullcontext()


@contextmanager
def undone(connection: sa.Connection, place: Place, *, milliseconds: int) -> Iterator[None]:
    """Undo all that the block does."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield
    finally:
        transaction.rollback()


@contextmanager
def reading_only(connection: sa.Connection, place: Place, *, deep: bool) -> Iterator[None]:
    """Prevent writes within the block, and restore the settings afterwards."""
    began = connection.in_transaction()
    before = connection.exec_driver_sql("PRAGMA query_only").scalar_one()
    connection.exec_driver_sql("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA query_only = {before}")
        if not began:
            connection.rollback()
