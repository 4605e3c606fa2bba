"""Runs a step of a revision outside of the transaction of the run: for operations beside traffic.

On PostgreSQL an online operation commits what precedes it in the revision, and runs in transactions of its own; the
next run completes an interrupted one. So a revision has its online operations first, and all others after the last of
them: those are one transaction with the new version. Any other order is refused.

On SQLite, on an empty database, and in a transaction of the caller, where nothing can be committed in between, the same
calls run the ordinary statements: on PostgreSQL the tables then stay locked until the caller commits. An offline script
cannot inspect the database: it removes what an earlier run may have left, and starts again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import PendingRollbackError

from cts_schema.ddl.sql import empty, execute, offline, on_postgresql, scalar
from cts_schema.ddl.text import quote
from cts_schema.ddl.to_complete import require_completed


@contextmanager
def outside_transaction() -> Iterator[bool]:
    """Run the block outside of the transaction of the run; yields False if that is impossible.

    Raises:
        ValueError: the revision has already changed something, which would stay if the block fails.
        RevisionIncomplete: the revision still has a placeholder.
    """
    if not empty():
        require_completed()
    context = op.get_context()
    if not on_postgresql() or empty() or (not context.as_sql and context._in_external_transaction):
        yield False
        return
    if not context.as_sql and scalar("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"):
        raise ValueError("an online operation must come first in its revision, because it commits what precedes it")
    failure: BaseException | None = None
    try:
        with context.autocommit_block():
            try:
                yield True
            except BaseException as error:
                failure = error
                raise
    except PendingRollbackError as error:  # a broken connection cannot end the block properly
        raise failure or error from error


@contextmanager
def transaction_of_its_own(outside: bool) -> Iterator[None]:
    """Run statements in one transaction, if they run outside of that of the run."""
    if not outside:
        yield
        return
    execute("BEGIN")
    try:
        yield
    except BaseException:
        if not (offline() or op.get_bind().invalidated):
            execute("ROLLBACK")
        raise
    execute("COMMIT")


@contextmanager
def run_lock_timeout(outside: bool) -> Iterator[None]:
    """Allow a concurrent build or drop to wait for other transactions as long as the run may.

    It blocks no reader or writer, and a timeout would discard the whole build.
    """
    if not outside or offline():
        yield
        return
    before = scalar("SELECT current_setting('lock_timeout')")
    remaining = op.get_context().opts["deadline"].remaining
    execute(f"SET lock_timeout = {int(min(max(remaining * 1000, 2000), 2**31 - 1))}")
    try:
        yield
    finally:
        if not op.get_bind().invalidated:
            execute(f"SET lock_timeout = '{before}'")


def of_catalog(query: str, table: str, name: str) -> Any:
    """Return the result of a catalog query about the object ``name`` of ``table``, or None if there is none."""
    return op.get_bind().execute(sa.text(query), {"table": quote(table), "name": name}).scalar()


def definition_of(table: str, name: str) -> str | None:
    """Return the definition of a constraint, whether or not it is validated; None if ``table`` has no such one."""
    found: str | None = of_catalog(
        "SELECT replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint "
        "WHERE conrelid = CAST(:table AS regclass) AND conname = :name",
        table,
        name,
    )
    return found


def alter(table: str, action: str) -> None:
    """Execute an ALTER TABLE of PostgreSQL."""
    execute(f"ALTER TABLE {quote(table)} {action}")
