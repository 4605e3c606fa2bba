"""What a session of PostgreSQL is set to, for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.interface import Place
from cts_schema.dialects.postgresql.lock import (
    LOCK_TIMEOUT,
    in_autocommit,
    read_committed,
    search_path,
    undone,
    whole_view,
)
from cts_schema.dialects.postgresql.one_schema import require_one_schema as require_one_schema
from cts_schema.dialects.postgresql.owner import as_owner

_STATEMENT_TIMEOUT = "10s"


def attempt(connection: sa.Connection) -> AbstractContextManager[object]:
    """Let a statement of the block fail: else its error would end the transaction."""
    return connection.begin_nested()


def comparing_keys(connection: sa.Connection) -> AbstractContextManager[object]:
    """Compare nothing: no foreign key is ever off."""
    return nullcontext()


def remaking(connection: sa.Connection) -> AbstractContextManager[object]:
    """Change tables in the block: no foreign key is off meanwhile."""
    return nullcontext()


@contextmanager
def reading_only(connection: sa.Connection, place: Place, *, deep: bool) -> Iterator[None]:
    """Let nothing be written within the block, and leave no trace of it. A transaction of the caller goes on after it.

    Nothing waits for long either: neither for a lock, nor, unless ``deep``, for a statement.

    Raises:
        SchemaMissing: there is no such schema.
        RowsHidden: row security keeps rows from the role.
    """
    # In autocommit there is no transaction that could be read-only.
    with read_committed(connection) if in_autocommit(connection) else nullcontext(), undone(connection):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{'0' if deep else _STATEMENT_TIMEOUT}'")
        with (
            as_owner(connection, place, reading=True),
            nullcontext() if place.schema is None else search_path(connection, place.schema),
            whole_view(connection),
        ):
            yield
