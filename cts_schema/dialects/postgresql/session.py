"""Settings of a PostgreSQL session for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType

import sqlalchemy as sa

from cts_schema.dialects.postgresql.lock import (
    LOCK_TIMEOUT,
    in_autocommit,
    read_committed,
    rolled_back,
    search_path,
    whole_view,
)
from cts_schema.dialects.postgresql.one_schema import require_one_schema as require_one_schema
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.dialects.postgresql.owner import has_power as has_power
from cts_schema.dialects.postgresql.pinned import FORMS
from cts_schema.dialects.postgresql.settings import settings
from cts_schema.dialects.running import Place

_STATEMENT_TIMEOUT = "10s"
# Make a row that a policy hides an error, and use the forms of times and type names that drivers read.
# A missing table must not end the session of a caller.
_READING = {"row_security": "off", "DateStyle": "ISO", "quote_all_identifiers": "off", "exit_on_error": "off"}

SCRIPT_COMMENT = "Run it with psql -v ON_ERROR_STOP=1, which stops at an error."
BEFORE_SCRIPT: Sequence[str] = ()
# A row that a policy hides must be an error, and not a loss.
IN_SCRIPT: Sequence[str] = ("DO $$ BEGIN PERFORM set_config('row_security', 'off', true); END $$",)


def attempt(connection: sa.Connection) -> AbstractContextManager[object]:
    """Allow a statement of the block to fail, by a savepoint: otherwise its error would end the transaction."""
    return connection.begin_nested()


@contextmanager
def without_a_trace(
    connection: sa.Connection, *, milliseconds: int | None, reading: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    """End a transaction that the block began; within one of the caller, an error does not end it.

    Args:
        connection: the database.
        milliseconds: how long to wait for a lock, unless the transaction is the caller's.
        reading: settings for the time of the block.
    """
    if connection.in_transaction():
        with (
            nullcontext() if in_autocommit(connection) else connection.begin_nested(),
            settings(connection, reading) if reading else nullcontext(),
        ):
            yield
        return
    try:
        if milliseconds is not None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
        for name, value in reading.items():
            connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            connection.rollback()


@contextmanager
def reading(connection: sa.Connection, place: Place, *, milliseconds: int | None) -> Iterator[None]:
    """Change nothing, see every row, and run no code of others with the rights of a superuser."""
    with (
        without_a_trace(connection, milliseconds=milliseconds, reading=_READING),
        as_owner(connection, place, reading=True),
    ):
        yield


def comparing_keys(connection: sa.Connection) -> AbstractContextManager[object]:
    """Compare nothing: PostgreSQL never turns foreign keys off."""
    return nullcontext()


def remaking(connection: sa.Connection) -> AbstractContextManager[object]:
    """Alter tables in the block, with foreign keys on."""
    return nullcontext()


@contextmanager
def comparing(connection: sa.Connection, place: Place) -> Iterator[None]:
    """Read the schema within the block as its owner, in the forms that the models are compared in."""
    with (
        nullcontext() if connection.in_transaction() else connection.begin(),
        as_owner(connection, place, reading=True),
        search_path(connection, place.schema),
        settings(connection, FORMS),
    ):
        yield


@contextmanager
def undone(connection: sa.Connection, place: Place, *, milliseconds: int) -> Iterator[None]:
    """See every row within the block, and roll back all that it does."""
    with (
        rolled_back(connection),
        as_owner(connection, place, reading=True),
        search_path(connection, place.schema),
        whole_view(connection),
    ):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
        yield


@contextmanager
def reading_only(connection: sa.Connection, place: Place, *, deep: bool) -> Iterator[None]:
    """Prevent writes within the block, and restore the settings afterwards; a transaction of the caller continues.

    It waits briefly for a lock and, unless ``deep``, for a statement.

    Raises:
        SchemaMissing: there is no such schema.
        RowsHidden: row security hides rows from the role.
    """
    # Autocommit has no transaction that could be read-only.
    with read_committed(connection) if in_autocommit(connection) else nullcontext(), rolled_back(connection):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{'0' if deep else _STATEMENT_TIMEOUT}'")
        with (
            as_owner(connection, place, reading=True),
            nullcontext() if place.schema is None else search_path(connection, place.schema),
            whole_view(connection),
        ):
            yield
