"""What a connection to SQLite is set to, for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.running import Place
from cts_schema.dialects.sqlite.transaction import no_new_violations

SCRIPT_COMMENT = "Run it with sqlite3 -bail, which stops at an error: nothing is done then."
# Where they are on, dropping a table deletes the rows of other tables that refer to it.
BEFORE_SCRIPT: Sequence[str] = ("PRAGMA foreign_keys = OFF",)
IN_SCRIPT: Sequence[str] = ()


def attempt(connection: sa.Connection) -> AbstractContextManager[object]:
    """Let a statement of the block fail: it ends no transaction."""
    return nullcontext()


def has_power(connection: sa.Connection) -> bool:
    """Return False: there are no roles."""
    return False


@contextmanager
def without_a_trace(connection: sa.Connection, *, milliseconds: int | None) -> Iterator[None]:
    """Leave no transaction behind where there was none."""
    within = connection.in_transaction()
    try:
        yield
    finally:
        if not within and not connection.closed and not connection.invalidated:
            connection.rollback()


def reading(connection: sa.Connection, place: Place, *, milliseconds: int | None) -> AbstractContextManager[None]:
    """Leave no transaction behind where there was none."""
    return without_a_trace(connection, milliseconds=milliseconds)


def require_one_schema(connection: sa.Connection, place: Place) -> None:
    """Check nothing: a file has no schemas."""


def comparing_keys(connection: sa.Connection) -> AbstractContextManager[object]:
    """Compare the foreign keys before and after the block: they may be off meanwhile."""
    return no_new_violations(connection)


@contextmanager
def remaking(connection: sa.Connection) -> Iterator[None]:
    """Remake tables in the block, where no more rows than before may lack the row they refer to."""
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
    """Let nothing be written within the block, and leave no trace of it."""
    began = connection.in_transaction()
    before = connection.exec_driver_sql("PRAGMA query_only").scalar_one()
    connection.exec_driver_sql("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA query_only = {before}")
        if not began:
            connection.rollback()
