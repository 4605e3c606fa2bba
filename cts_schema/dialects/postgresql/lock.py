"""One migration at a time: the advisory lock on PostgreSQL, and the settings of the session of a run.

The session that migrates holds the lock, so both end together: a run whose connection breaks is rolled back
and leaves no lock, and no run continues without its lock. (On SQLite the transaction of the run is the lock, see
:mod:`cts_schema.dialects.sqlite.transaction`.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import quote
from cts_schema.dialects.deadline import Deadline, pause
from cts_schema.dialects.postgresql.one_schema import require_one_schema
from cts_schema.dialects.postgresql.owner import as_owner
from cts_schema.dialects.postgresql.pinned import FORMS, process_of, require_encoding
from cts_schema.dialects.postgresql.settings import setting as setting
from cts_schema.dialects.postgresql.settings import settings, usable
from cts_schema.dialects.postgresql.whole_view import require_whole_view
from cts_schema.dialects.running import Place
from cts_schema.exceptions import LockTimeout, NextCommand, NextStep, SchemaMissing, TransactionRefused, mask_url

#: DDL waits this long for a table lock before a retry: while it waits, it blocks all later queries.
LOCK_TIMEOUT = "2s"

# A row that a policy hides must be an error, not a loss. A value as text must have all its digits, and a time must be
# unambiguous, whatever the settings of the user or the database.
_WHOLE_VIEW = FORMS | {"row_security": "off", "DateStyle": "ISO, YMD"}
# Limit the wait for a table lock, and end statements with this process: otherwise a server does not notice a client
# that was killed during a long statement.
_LOCK_SETTINGS = {"lock_timeout": LOCK_TIMEOUT, "client_connection_check_interval": "2s"}

# The key contains the name of the schema, so that two schemas of one database can migrate concurrently. A restore
# runs with the rights of its caller, so the query looks up nothing in the search path.
_KEY = "pg_catalog.hashtextextended(pg_catalog.concat('cts_schema:', pg_catalog.current_schema()), 0)"
_HOLDER = f"""
SELECT a.pid, COALESCE(pg_catalog.host(a.client_addr), 'local') AS host, a.application_name, a.backend_start
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid
 WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted AND l.objsubid OPERATOR(pg_catalog.=) 1
   AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d
                                           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
   AND ((CAST(l.classid AS bigint) OPERATOR(pg_catalog.<<) 32) OPERATOR(pg_catalog.|) CAST(l.objid AS bigint))
       OPERATOR(pg_catalog.=) {_KEY}
"""


def behind_proxy(connection: sa.Connection) -> bool:
    """Return whether a proxy is in between: it announced another server process than the one that responds.

    A proxy that pools transactions may run each in another session of the server. Locks and settings of a session would
    leak to other clients, so everything must belong to a transaction.
    """
    announced = process_of(connection.connection.driver_connection)
    return bool(
        announced != _ask(connection, "SELECT pg_catalog.pg_backend_pid()", commit=not connection.in_transaction())
    )


@contextmanager
def unprepared(connection: sa.Connection) -> Iterator[None]:
    """Prevent psycopg from preparing statements: another client of the proxy may have used the same name."""
    driver: Any = connection.connection.driver_connection
    before = getattr(driver, "prepare_threshold", None)
    if before is None:
        yield
        return
    driver.prepare_threshold = None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def in_autocommit(connection: sa.Connection) -> bool:
    """Return whether each statement commits at once, regardless of begin and rollback of SQLAlchemy."""
    raw = connection.connection.dbapi_connection
    return connection.dialect.detect_autocommit_setting(raw)  # type: ignore[arg-type]  # an open connection has one


@contextmanager
def read_committed(connection: sa.Connection) -> Iterator[None]:
    """Use READ COMMITTED for the time of the block.

    A snapshot from before the lock would show old revisions; in autocommit nothing could be rolled back.

    Raises:
        TransactionRefused: the transaction of the caller has another isolation.
    """
    level: Any = "AUTOCOMMIT" if in_autocommit(connection) else connection.get_isolation_level()
    if connection.in_transaction():
        if level == "AUTOCOMMIT":
            raise TransactionRefused(reason="it is in autocommit, where a failure would leave half of the changes")
        if level not in ("READ COMMITTED", "READ UNCOMMITTED"):  # which are the same here
            raise TransactionRefused(
                reason=f"its isolation is {level}: it would not see the changes of another migration"
            )
        yield
        return
    connection.execution_options(isolation_level="READ COMMITTED")
    try:
        yield
    finally:
        if usable(connection):
            connection.rollback()
            connection.execution_options(isolation_level=level)


@contextmanager
def rolled_back(connection: sa.Connection) -> Iterator[None]:
    """Run the block in a transaction or a savepoint, and roll it back, which also reverts every SET LOCAL."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield
    finally:
        transaction.rollback()


@contextmanager
def advisory_lock(
    connection: sa.Connection, deadline: Deadline, on_wait: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Hold the migration lock of the current schema.

    It polls and never blocks: a blocked statement holds a snapshot, for which a concurrent index build
    of the holder would wait in turn.

    In a transaction the lock ends with it; any other connection is left without a transaction.

    Args:
        connection: the connection that will migrate.
        deadline: how long to retry.
        on_wait: called once with the holder of the lock, if it must wait.

    Raises:
        LockTimeout: another run held it until ``deadline``; names its process, host and start.
    """
    within = connection.in_transaction()
    kind = "xact_lock" if within else "lock"
    step = 0.05
    reported = False
    while not _ask(connection, f"SELECT pg_catalog.pg_try_advisory_{kind}({_KEY})", commit=not within):
        if deadline.passed:
            raise LockTimeout(
                database=mask_url(connection.engine.url),
                holder=_holder(connection, commit=not within),
                waited=f"{deadline.seconds:g} s",
            )
        if not reported:
            on_wait(f"another migration: {_holder(connection, commit=not within) or 'it has just ended'}")
            reported = True
        pause(connection, min(step, deadline.remaining))
        step = min(step * 1.5, 1.0)
    try:
        yield
    finally:
        # A broken connection has lost its session and the lock.
        if not within and usable(connection):
            connection.rollback()
            _ask(connection, f"SELECT pg_catalog.pg_advisory_unlock({_KEY})", commit=True)


@contextmanager
def alone(
    connection: sa.Connection,
    place: Place,
    deadline: Deadline,
    on_wait: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Run exclusively in the schema of the options, see every row, and block others only briefly.

    See the contexts that it combines.

    Raises:
        OtherSchema: some of our tables are in another schema of the search path.
    """
    require_one_schema(connection, place)
    with (
        as_owner(connection, place),
        search_path(connection, place.schema),
        advisory_lock(connection, deadline, on_wait),
        settings(connection, _LOCK_SETTINGS),
        whole_view(connection),
    ):
        yield


@contextmanager
def whole_view(connection: sa.Connection) -> Iterator[None]:
    """See every row of the schema, and each value in one form, for the time of the block.

    Raises:
        DatabaseUnusable: the server cannot convert its text to UTF-8.
        RowsHidden: row security hides rows of a table from the role.
    """
    within = connection.in_transaction()
    require_encoding(_ask(connection, "SHOW server_encoding", commit=not within), connection.engine.url)
    # psycopg2 keeps the encoding of its start.
    encoding = {} if connection.dialect.driver == "psycopg2" else {"client_encoding": "UTF8"}
    with settings(connection, _WHOLE_VIEW | encoding):
        require_whole_view(connection)
        if not within:
            connection.rollback()  # the transaction that SQLAlchemy began for reading
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
    with setting(connection, "search_path", quote(schema)):
        _require_schema(connection, schema)
        yield


def _require_schema(connection: sa.Connection, schema: str | None) -> None:
    commit = not connection.in_transaction()
    if _ask(connection, "SELECT pg_catalog.current_schema()", commit=commit) is not None:
        return
    if schema is not None:
        raise SchemaMissing(schema=schema)
    raise SchemaMissing(
        cause="no schema of the search path exists and may be used by the role",
        database=mask_url(connection.engine.url),
        search_path=repr(_ask(connection, "SHOW search_path", commit=commit)),
        next_step=NextStep(
            "name the schema: {}; or correct the path:\nALTER ROLE name RESET search_path, or ALTER DATABASE likewise",
            NextCommand("", schema="public"),
        ),
    )


def _holder(connection: sa.Connection, *, commit: bool) -> str | None:
    row = connection.exec_driver_sql(_HOLDER).first()
    if commit:
        connection.commit()
    if row is None:
        return None
    pid, host, name, since = row
    return f"process {pid} ({name or 'no name'}) from {host}, since {since.isoformat(sep=' ', timespec='seconds')}"


def _ask(connection: sa.Connection, query: str, *, commit: bool) -> Any:
    answer = connection.exec_driver_sql(query).scalar()
    if commit:
        connection.commit()
    return answer
