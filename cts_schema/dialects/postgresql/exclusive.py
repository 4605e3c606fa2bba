"""Exclusive access of a run to a schema of PostgreSQL: an advisory lock, as the owner of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.postgresql.lock import (
    LOCK_TIMEOUT,
    alone,
    behind_proxy,
    read_committed,
    search_path,
    unprepared,
)
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.dialects.running import Place


def takes_one_transaction(connection: sa.Connection) -> bool:
    """Return whether the run must be one transaction: in that of the caller, or behind a pooling proxy."""
    return connection.in_transaction() or behind_proxy(connection)


@contextmanager
def transactions(connection: sa.Connection) -> Iterator[None]:
    """Prepare for transactions of :func:`transaction`."""
    with read_committed(connection), unprepared(connection):
        yield


@contextmanager
def transaction(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None], *, rebuilds: bool
) -> Iterator[None]:
    """Run exclusively, in a new transaction or in that of the caller."""
    # The lock and the settings end with the transaction, also behind a proxy.
    with (
        nullcontext() if connection.in_transaction() else connection.begin(),
        alone(connection, place, deadline, on_wait),
    ):
        yield


@contextmanager
def between_transactions(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
) -> Iterator[None]:
    """Run exclusively for the time of the block, across transactions."""
    with read_committed(connection), alone(connection, place, deadline, on_wait):
        yield


@contextmanager
def beside(connection: sa.Connection, place: Place) -> Iterator[None]:
    """Write a row after a run, in a transaction with a short lock timeout."""
    with (
        read_committed(connection),
        connection.begin(),
        as_owner(connection, place),
        search_path(connection, place.schema),
    ):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{LOCK_TIMEOUT}'")
        yield
