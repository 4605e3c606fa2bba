"""Exclusive access of a run to a SQLite file: one BEGIN IMMEDIATE transaction, which is the lock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.running import Place
from cts_schema.dialects.sqlite import transaction as sqlite

_ROW_TIMEOUT = 2.0  # seconds that the row of a run waits for a lock


def takes_one_transaction(connection: sa.Connection) -> bool:
    """Return True: rebuilds turn foreign keys off, which is possible only before a transaction."""
    return True


def transactions(connection: sa.Connection) -> AbstractContextManager[object]:
    """Prepare nothing: the transaction prepares itself."""
    return nullcontext()


def transaction(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None], *, rebuilds: bool
) -> AbstractContextManager[None]:
    """Run exclusively, in a new transaction or in that of the caller."""
    return sqlite.transaction(connection, deadline.seconds, rebuilds=rebuilds)


def between_transactions(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Run exclusively, in one transaction as always on SQLite."""
    return sqlite.transaction(connection, deadline.seconds)


def beside(connection: sa.Connection, place: Place) -> AbstractContextManager[None]:
    """Write a row after a run, in a transaction with a short lock timeout."""
    return sqlite.transaction(connection, _ROW_TIMEOUT)
