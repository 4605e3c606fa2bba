"""A run on SQLite: one real transaction, with foreign keys off, and compared before and after.

By default Python's driver begins no transaction before DDL, so a failure would leave half of it behind. And with
foreign keys on, the rebuild of a parent table silently deletes its children by ON DELETE CASCADE.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cts_schema.ddl.foreign_keys import ForeignKey, sqlite_foreign_keys
from cts_schema.ddl.text import quote
from cts_schema.dialects.deadline import Deadline
from cts_schema.exceptions import ForeignKeyViolations, TransactionRefused

Violations = Counter[tuple[str, str]]
_CANNOT_BE_CHECKED = re.compile(r"foreign key mismatch|no such collation|(unknown|no such) function|unsafe use of")
NO_SUCH_KEY = "(no such key)"
_ROUND = 0.5  # seconds


@contextmanager
def transaction(connection: sa.Connection, wait: float, *, rebuilds: bool = True) -> Iterator[None]:
    """Run the block in one BEGIN IMMEDIATE transaction, which is also the lock against other writers.

    A connection in a transaction of its caller stays in it; the caller commits or rolls back.

    Args:
        connection: a connection of pysqlite or aiosqlite, with any setup for transactions.
        wait: seconds to wait for another writer.
        rebuilds: whether tables may be rebuilt; otherwise foreign keys stay as they are.

    Raises:
        TransactionRefused: tables may be rebuilt, and the caller's transaction has foreign keys on, which cannot be
            turned off inside of it.
    """
    if connection.in_transaction():
        _join(connection, rebuilds)
        yield
        return
    in_driver = _driver_in_transaction(connection)  # true for autocommit=False of Python 3.12, which is always in one
    if in_driver:
        _raw(connection, "ROLLBACK")
    timeout = _raw(connection, "PRAGMA busy_timeout")
    enforced = _raw(connection, "PRAGMA foreign_keys")
    _raw(connection, f"PRAGMA busy_timeout = {int(wait * 1000)}")  # an engine's own hook may take the lock
    if rebuilds:
        _raw(connection, "PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            if _driver_in_transaction(connection):
                # An engine's own hook began a deferred transaction, which would get the write lock too late, and fail.
                _raw(connection, "ROLLBACK")
            _begin(connection, Deadline(wait))
            yield
            if _commits_nothing(connection):
                connection.exec_driver_sql("COMMIT")
    finally:
        if not connection.closed and not connection.invalidated:
            if _driver_in_transaction(connection):
                _raw(connection, "ROLLBACK")
            _raw(connection, f"PRAGMA foreign_keys = {enforced}")
            _raw(connection, f"PRAGMA busy_timeout = {timeout}")
            if in_driver:
                _raw(connection, "BEGIN")


def _begin(connection: sa.Connection, deadline: Deadline) -> None:
    """Take the write lock. SQLite waits for it in short rounds, so that Python can handle signals in between."""
    while True:
        _raw(connection, f"PRAGMA busy_timeout = {int(min(deadline.remaining, _ROUND) * 1000)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if deadline.passed or not getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                raise
        else:
            _raw(connection, f"PRAGMA busy_timeout = {int(deadline.seconds * 1000)}")  # for the commit, behind readers
            return


def violations(connection: sa.Connection) -> Violations:
    """Return the number of orphans, by (table, parent).

    A foreign key that cannot be checked, because its parent has no such key, or uses a collation of an application,
    counts as one violation of its table. The keys of a preserved table are suspended; keys to it
    are compared with its preserved rows.
    """
    found: Violations = Counter()
    named = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = set(connection.exec_driver_sql(named).scalars())
    preserved = {table for table in tables if table.startswith("cts_kept_")}
    # Copied columns have a later revision than their table.
    away = {table[len("cts_kept_000_") :]: table for table in sorted(preserved, reverse=True)}
    away = {table: kept for table, kept in away.items() if table not in tables}
    for table in tables - preserved:
        quoted = quote(table)
        try:
            rows = connection.exec_driver_sql(f"PRAGMA foreign_key_check({quoted})").all()
            found.update((row[0], row[2]) for row in rows if row[2] not in away)
            for key in sqlite_foreign_keys(connection, table):
                if key.parent in away and (lost := _lost(connection, table, key, away[key.parent])):
                    found[table, key.parent] += lost
        except OperationalError as error:
            if not _CANNOT_BE_CHECKED.search(str(error.orig)):
                raise
            found[table, NO_SUCH_KEY] += 1
    return found


def _lost(connection: sa.Connection, table: str, key: ForeignKey, parent: str) -> int:
    """Return how many rows of ``table`` refer to no row of ``parent``."""
    columns = key.parent_columns or tuple(sa.inspect(connection).get_pk_constraint(parent)["constrained_columns"])
    pairs = list(zip(key.columns, columns, strict=False))
    filled = " AND ".join(f"c.{quote(column)} IS NOT NULL" for column, _ in pairs)
    same = " AND ".join(f"p.{quote(other)} = c.{quote(column)}" for column, other in pairs)
    return int(
        connection.exec_driver_sql(
            f"SELECT count(*) FROM {quote(table)} c WHERE {filled or '1'} "
            f"AND NOT EXISTS (SELECT 1 FROM {quote(parent)} p WHERE {same or '0'})"
        ).scalar_one()
    )


@contextmanager
def no_new_violations(connection: sa.Connection) -> Iterator[None]:
    """Compare foreign key violations before and after the block; old orphans may stay.

    A key whose parent had no such column could not be checked before, so it does not count.

    Raises:
        ForeignKeyViolations: there are new orphans.
    """
    before = violations(connection)
    yield
    after = violations(connection)
    unknown = {table for table, parent in before if parent == NO_SUCH_KEY}
    worse = {one: count for one, count in (after - before).items() if one[0] not in unknown}
    if worse:
        raise ForeignKeyViolations(
            rows="\n".join(f"{count} of {table}, without their {parent}" for (table, parent), count in worse.items())
        )


def _join(connection: sa.Connection, rebuilds: bool) -> None:
    if _commits_nothing(connection):
        raise TransactionRefused(
            database="SQLite, with autocommit=True in the driver",
            reason="neither commit() nor rollback() of this connection would do anything",
        )
    if rebuilds and connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise TransactionRefused(
            database="SQLite, with foreign keys on",
            reason="rebuilding a table would delete the rows that refer to it, and in a transaction\n"
            "foreign keys cannot be switched off",
        )
    if not _driver_in_transaction(connection):
        # The driver begins a transaction only before the first INSERT; earlier DDL would commit at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _driver_in_transaction(connection: sa.Connection) -> bool:
    return bool(connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]


def _commits_nothing(connection: sa.Connection) -> bool:
    """Return whether the driver's commit() does nothing, as with autocommit=True of Python 3.12."""
    return getattr(connection.connection.driver_connection, "autocommit", None) is True


def _raw(connection: sa.Connection, statement: str) -> Any:
    """Execute without SQLAlchemy, which would begin a transaction first."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    finally:
        cursor.close()
    return None if row is None else row[0]
