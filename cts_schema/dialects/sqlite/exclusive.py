"""How a run works alone on a SQLite file: in one BEGIN IMMEDIATE transaction, which is the lock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.running import Place
from cts_schema.dialects.sqlite import transaction as sqlite

_PATIENCE = 2.0  # seconds that a row may wait for others: it is not worth more of the caller's time


def takes_one_transaction(connection: sa.Connection) -> bool:
    """Return True: rebuilds switch foreign keys off, which only a beginning can."""
    return True


def transactions(connection: sa.Connection) -> AbstractContextManager[object]:
    """Prepare nothing: the transaction itself does."""
    return nullcontext()


def transaction(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None], *, rebuilds: bool
) -> AbstractContextManager[None]:
    """Work as the only run, in a new transaction or in that of the caller."""
    return sqlite.transaction(connection, deadline.seconds, rebuilds=rebuilds)


def between_transactions(
    connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Work as the only run: in one transaction, as always."""
    return sqlite.transaction(connection, deadline.seconds)


def beside(connection: sa.Connection, place: Place) -> AbstractContextManager[None]:
    """Write a row beside a run in a transaction that waits for nobody long."""
    return sqlite.transaction(connection, _PATIENCE)
