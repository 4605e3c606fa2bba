"""Trying again, on PostgreSQL, what could not get a table lock in time: nobody queues behind it meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.exceptions import DatabaseLocked, mask_url
from cts_schema.migration.deadline import Deadline, pause

RETRIED = ("55P03", "40P01")  # lock_not_available, deadlock_detected (postgresql.org/docs/current/errcodes-appendix)


def again_and_again(
    connection: sa.Connection,
    deadline: Deadline,
    run: Callable[[], None],
    *,
    next_step: str,
    on_wait: Callable[[str], None] = lambda cause: None,
) -> None:
    """Run something in its transaction until it gets its locks.

    Args:
        connection: what it runs on.
        deadline: until when to try.
        run: begins a transaction, and commits it.
        next_step: what to do when it is over.
        on_wait: is told each time why nothing goes on.

    Raises:
        DatabaseLocked: others kept a table locked until ``deadline``.
    """
    while not _tried(connection, deadline, run, next_step, on_wait):
        pause(connection, min(0.5, deadline.remaining))


def _tried(
    connection: sa.Connection,
    deadline: Deadline,
    run: Callable[[], None],
    next_step: str,
    on_wait: Callable[[str], None],
) -> bool:
    """Return False when it could not get a table lock in time, and is undone."""
    try:
        run()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in RETRIED:
            raise
        connection.rollback()
        if deadline.passed:
            raise DatabaseLocked(
                cause="other sessions kept a table locked that the migration needs; what was not committed is undone",
                database=mask_url(connection.engine.url),
                waited=f"{deadline.seconds:g} s",
                next_step=next_step,
            ) from error
        on_wait("a table that another session has locked; what was not committed is done again")
        return False
    return True
