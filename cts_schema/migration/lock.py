"""One migration at a time: the advisory lock on PostgreSQL, and the limits that keep a run from blocking others.

The lock is held by the session that migrates. Both live and die together: a run whose connection breaks is rolled back
and leaves no lock, and no run goes on after its lock is lost. (On SQLite the run's transaction is the lock, see
:mod:`cts_schema.migration.sqlite`.)
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import await_only

from cts_schema.exceptions import LockTimeout, SchemaMissing

#: DDL waits this long for a table before it gives up and tries again: while it waits, it blocks all later queries.
LOCK_TIMEOUT = "2s"

# The key is made from the name of the schema, so that two schemas of one database can migrate side by side.
_KEY = "hashtextextended('cts_schema:' || current_schema(), 0)"
_HOLDER = f"""
SELECT a.pid, coalesce(host(a.client_addr), 'local') AS host, a.application_name, a.backend_start
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND ((l.classid::bigint << 32) | l.objid::bigint) = {_KEY}
"""


class Deadline:
    """A number of seconds from now, shared by everything in a run that waits."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())


def pause(connection: sa.Connection, seconds: float) -> None:
    """Sleep with some jitter, so that many waiters do not ask in step. An event loop goes on meanwhile."""
    seconds *= random.uniform(0.5, 1.5)  # noqa: S311  no secret depends on it
    if connection.dialect.is_async:
        import asyncio

        await_only(asyncio.sleep(seconds))
    else:
        time.sleep(seconds)


@contextmanager
def advisory_lock(connection: sa.Connection, deadline: Deadline) -> Iterator[None]:
    """Hold the migration lock of the current schema.

    It is tried and tried again, never waited for: a waiting statement holds a snapshot, which a concurrent index build
    of the holder would wait for in turn.

    A connection in a transaction gets a lock that ends with it; any other one is left without a transaction.

    Raises:
        LockTimeout: another run kept it until ``deadline``; names its process, host and start.
    """
    kind = "xact_lock" if connection.in_transaction() else "lock"
    within = kind == "xact_lock"
    step = 0.05
    while not _ask(connection, f"SELECT pg_try_advisory_{kind}({_KEY})", commit=not within):
        if deadline.passed:
            raise LockTimeout(**_holder(connection, within), waited=f"{deadline.seconds:g} s")
        pause(connection, min(step, deadline.remaining))
        step = min(step * 1.5, 1.0)
    try:
        yield
    finally:
        # A broken connection has lost its session, and the lock with it.
        if not within and not connection.closed and not connection.invalidated:
            connection.rollback()
            _ask(connection, f"SELECT pg_advisory_unlock({_KEY})", commit=True)


@contextmanager
def setting(connection: sa.Connection, name: str, value: str) -> Iterator[None]:
    """Change a setting of the session, or of the caller's transaction, for the time of the block."""
    within = connection.in_transaction()
    before = _ask(connection, f"SELECT current_setting('{name}')", commit=not within)
    _set(connection, name, value, within)
    failed = True
    try:
        yield
        failed = False
    finally:
        # In a transaction of the caller that has failed nothing can be said any more, and the setting ends with it.
        if not (within and failed) and not connection.closed and not connection.invalidated:
            if not within:
                connection.rollback()
            _set(connection, name, before, within)


@contextmanager
def impatient(connection: sa.Connection) -> Iterator[None]:
    """Let statements give up a table lock after :data:`LOCK_TIMEOUT`, for the time of the block."""
    with setting(connection, "lock_timeout", LOCK_TIMEOUT):
        yield


@contextmanager
def search_path(connection: sa.Connection, schema: str | None) -> Iterator[None]:
    """Work in ``schema`` for the time of the block: revisions and models name no schema.

    Raises:
        SchemaMissing: there is no such schema, or none at all in the search path of the connection.
    """
    if schema is None:
        _require_schema(connection, schema)
        yield
        return
    with setting(connection, "search_path", connection.dialect.identifier_preparer.quote_identifier(schema)):
        _require_schema(connection, schema)
        yield


def _require_schema(connection: sa.Connection, schema: str | None) -> None:
    if _ask(connection, "SELECT current_schema()", commit=not connection.in_transaction()) is None:
        raise SchemaMissing(schema=schema or "public")


def _set(connection: sa.Connection, name: str, value: str, within: bool) -> None:
    connection.execute(
        sa.text("SELECT set_config(:name, :value, :local)"), {"name": name, "value": value, "local": within}
    )
    if not within:
        connection.commit()


def _holder(connection: sa.Connection, within: bool) -> dict[str, Any]:
    row = connection.execute(sa.text(_HOLDER.replace("::", r"\:\:"))).mappings().first()
    if not within:
        connection.commit()
    if row is None:
        return {}
    since = row["backend_start"].isoformat(sep=" ", timespec="seconds")
    return {
        "holder": f"process {row['pid']} ({row['application_name'] or 'no name'}) from {row['host']}, since {since}"
    }


def _ask(connection: sa.Connection, query: str, *, commit: bool) -> Any:
    answer = connection.exec_driver_sql(query).scalar()
    if commit:
        connection.commit()
    return answer
