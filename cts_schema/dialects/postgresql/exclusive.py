"""How a run works alone in a schema of PostgreSQL: under an advisory lock, as the owner of the tables."""

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
    """Whether all must be in one: in that of the caller, and behind a proxy that pools transactions."""
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
    """Work as the only run, in a new transaction or in that of the caller."""
    # The lock and the settings end with the transaction, behind a proxy too.
    with (
        nullcontext() if connection.in_transaction() else connection.begin(),
        alone(connection, place, deadline, on_wait),
    ):
        yield


@contextmanager
def between_transactions(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
) -> Iterator[None]:
    """Work as the only run for the time of the block, through many transactions."""
    with read_committed(connection), alone(connection, place, deadline, on_wait):
        yield


@contextmanager
def beside(connection: sa.Connection, place: Place) -> Iterator[None]:
    """Write a row beside a run in a transaction that waits for nobody long."""
    with (
        read_committed(connection),
        connection.begin(),
        as_owner(connection, place),
        search_path(connection, place.schema),
    ):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{LOCK_TIMEOUT}'")
        yield
