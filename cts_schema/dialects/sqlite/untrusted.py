"""Opens SQLite files of others safely: their schema must not do more than describe rows.

A view, a trigger, a CHECK, a generated column or an index of such a file calls functions when a statement uses
it. With an untrusted schema SQLite allows only functions that are known to be harmless
(sqlite.org/security.html). Loading extensions is off, as is the default of Python.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from cts_schema.ddl.text import quote, unquote

_COLLATION = re.compile(r"""\bcollate\s+("(?:[^"]|"")+"|\[[^]]+]|`(?:[^`]|``)+`|'(?:[^']|'')+'|\w+)""", re.IGNORECASE)

_OURS = "cts_distrusts"


@cache
def _json_is_harmless() -> bool:
    """Return whether SQLite considers its JSON functions harmless, as it does since 3.41; our CHECKs call one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        try:
            connection.execute("CREATE TABLE t (a CHECK (json_valid(a)))")
            connection.execute("INSERT INTO t VALUES ('{}')")
        except sqlite3.OperationalError:
            return False
    return True


def distrust(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Prevent the schema of a connection from calling unsafe functions, and check its pages.

    Before SQLite 3.41 our own tables cannot be opened in this way; see :func:`distrusted`.

    Returns:
        The connection.
    """
    if _json_is_harmless():
        connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    return connection


def distrust_engine(engine: sa.Engine) -> sa.Engine:
    """Make every connection of a SQLite engine :func:`distrust` its file; return the engine."""

    def connected(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        distrust(connection)
        entry.info[_OURS] = True

    sa.event.listen(engine, "connect", connected)
    return engine


@contextmanager
def distrusted(connection: sa.Connection) -> Iterator[None]:
    """Distrust the schema for the time of the block, although SQLite is older than 3.41.

    None of our tables may be written meanwhile, and a file whose tables call JSON functions is trusted: SQLite would
    call its schema malformed. A connection of the caller stays as it is: only the caller knows its functions,
    without which tables may be unreadable.
    """
    off = False
    if connection.info.get(_OURS) and not _json_is_harmless():
        calling = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'index') AND sql LIKE '%json%'"
        off = connection.exec_driver_sql(calling).first() is None
    if off:
        connection.exec_driver_sql("PRAGMA trusted_schema = OFF")
    try:
        yield
    finally:
        if off and not connection.closed and not connection.invalidated:
            connection.exec_driver_sql("PRAGMA trusted_schema = ON")


def stand_in_for_collations(connection: sqlite3.Connection) -> list[str]:
    """Make tables with collations of an application readable: compare their texts byte by byte instead.

    Stored rows can be read in this way. An index with such a collation must not be searched or written.

    Returns:
        Their names.
    """
    written = connection.execute("SELECT sql FROM sqlite_master WHERE sql LIKE '%collate%'").fetchall()
    missing = [
        name
        for name in sorted({unquote(name) for (sql,) in written for name in _COLLATION.findall(sql)})
        if not _is_known(connection, name)
    ]
    for name in missing:
        connection.create_collation(name, lambda one, other: (one > other) - (one < other))
    return missing


@contextmanager
def readable_without_collations(connection: sa.Connection) -> Iterator[list[str]]:
    """Make tables with collations of an application readable for the time of the block.

    Yields:
        The names of these collations.
    """
    driver = connection.connection.dbapi_connection
    names: list[str] = stand_in_for_collations(driver) if isinstance(driver, sqlite3.Connection) else []
    try:
        yield names
    finally:
        if not connection.closed and not connection.invalidated and isinstance(driver, sqlite3.Connection):
            for name in names:
                driver.create_collation(name, None)


def _is_known(connection: sqlite3.Connection, collation: str) -> bool:
    try:  # PRAGMA collation_list also lists names that the schema only mentions
        connection.execute(f"SELECT 'a' = 'b' COLLATE {quote(collation)}").close()
    except sqlite3.OperationalError:
        return False
    return True
