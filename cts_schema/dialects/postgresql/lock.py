"""One migration at a time: the advisory lock on PostgreSQL, and what the session of a run is set to.

The lock is held by the session that migrates. Both live and die together: a run whose connection breaks is rolled back
and leaves no lock, and no run goes on after its lock is lost. (On SQLite the run's transaction is the lock, see
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

#: DDL waits this long for a table before it gives up and tries again: while it waits, it blocks all later queries.
LOCK_TIMEOUT = "2s"

# A row that a policy hides must be an error, and not a loss. And a value as text must have all its digits, and be a
# time that anyone reads alike, whatever the user or the database is set to.
_WHOLE_VIEW = FORMS | {"row_security": "off", "DateStyle": "ISO, YMD"}
# Let statements give up a table lock; and let them end with this process: a server notices only so that a client was
# killed during a long statement.
_LOCK_SETTINGS = {"lock_timeout": LOCK_TIMEOUT, "client_connection_check_interval": "2s"}

# The key is made from the name of the schema, so that two schemas of one database can migrate side by side. A restore
# asks with the power of whoever runs it, so that nothing is looked for in the search path.
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
    """Whether a proxy stands between: it has told this client another process than the one that answers.

    A transaction-pooling one may give each transaction to another session of the server. What a session holds or is set
    to would stay with strangers then, so that everything must be of a transaction.
    """
    told = process_of(connection.connection.driver_connection)
    return bool(told != _ask(connection, "SELECT pg_catalog.pg_backend_pid()", commit=not connection.in_transaction()))


@contextmanager
def unprepared(connection: sa.Connection) -> Iterator[None]:
    """Let psycopg prepare no statement: another client of the proxy may have prepared one of that name."""
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
    """Whether each statement is committed by itself, whatever SQLAlchemy's begin and rollback pretend."""
    raw = connection.connection.dbapi_connection
    return connection.dialect.detect_autocommit_setting(raw)  # type: ignore[arg-type]  # an open connection has one


@contextmanager
def read_committed(connection: sa.Connection) -> Iterator[None]:
    """Work in transactions that see what others have committed, for the time of the block.

    A snapshot taken before the lock would show the heads of before; in autocommit nothing could be rolled back.

    Raises:
        TransactionRefused: the connection is in a transaction of its caller that is not so.
    """
    level: Any = "AUTOCOMMIT" if in_autocommit(connection) else connection.get_isolation_level()
    if connection.in_transaction():
        if level == "AUTOCOMMIT":
            raise TransactionRefused(reason="it is in autocommit, where a failure would leave half of the work behind")
        if level not in ("READ COMMITTED", "READ UNCOMMITTED"):  # which are the same here
            raise TransactionRefused(
                reason=f"its isolation is {level}: it would not see what another migration has just done"
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
    """Run the block in a transaction or a savepoint that is rolled back, which also undoes every SET LOCAL."""
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

    It is tried and tried again, never waited for: a waiting statement holds a snapshot, which a concurrent index build
    of the holder would wait for in turn.

    A connection in a transaction gets a lock that ends with it; any other one is left without a transaction.

    Args:
        connection: the connection that will migrate.
        deadline: until when to try.
        on_wait: is told once who holds the lock, where it has to be waited for.

    Raises:
        LockTimeout: another run kept it until ``deadline``; names its process, host and start.
    """
    within = connection.in_transaction()
    kind = "xact_lock" if within else "lock"
    step = 0.05
    told = False
    while not _ask(connection, f"SELECT pg_catalog.pg_try_advisory_{kind}({_KEY})", commit=not within):
        if deadline.passed:
            raise LockTimeout(
                database=mask_url(connection.engine.url),
                holder=_holder(connection, commit=not within),
                waited=f"{deadline.seconds:g} s",
            )
        if not told:
            on_wait(f"another migration: {_holder(connection, commit=not within) or 'it has just ended'}")
            told = True
        pause(connection, min(step, deadline.remaining))
        step = min(step * 1.5, 1.0)
    try:
        yield
    finally:
        # A broken connection has lost its session, and the lock with it.
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
    """Work in the schema of the options as its only migration, see every row, and hinder nobody else for long.

    See the contexts it is made of.

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
    """See every row of the schema that is worked in, and each value in one form, for the time of the block.

    Raises:
        DatabaseUnusable: the server cannot give its texts in UTF-8.
        RowsHidden: row security keeps rows of a table from the role.
    """
    within = connection.in_transaction()
    require_encoding(_ask(connection, "SHOW server_encoding", commit=not within), connection.engine.url)
    # psycopg2 goes on with the encoding of when it connected.
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
        cause="the search path has no schema that is there and that the role may use",
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
