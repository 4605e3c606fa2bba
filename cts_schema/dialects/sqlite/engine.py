"""Engines for a SQLite file."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, event

from cts_schema.dialects.running import BUSY_TIMEOUT, WRITING
from cts_schema.dialects.sqlite.errors import is_busy
from cts_schema.dialects.sqlite.untrusted import distrust_engine
from cts_schema.exceptions import DatabaseUnusable, WrongUsage, mask_url

_STEP = 200  # milliseconds that a wait for a file takes at once
_PAUSE = (0.0005, 0.002)  # seconds between two tries to be the writer
_OLDEST = (3, 35)  # the first with DROP COLUMN and RETURNING


def check_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Refuse a SQLite library without DROP COLUMN and RETURNING.

    Raises:
        DatabaseUnusable: the library is older than 3.35.
    """
    if version < _OLDEST:
        library, needed = (".".join(map(str, parts)) for parts in (version, _OLDEST))
        step = "use a newer Python or system: python -c 'import sqlite3; print(sqlite3.sqlite_version)'"
        raise DatabaseUnusable(cause="the SQLite library is too old", library=library, needed=needed, next_step=step)


def settings(url: URL, *, pooled: bool) -> dict[str, Any]:
    """Return nothing: SQLAlchemy's own pool fits a file."""
    return {}


def connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments for the driver that the caller or the URL may override.

    Raises:
        WrongUsage: there are no schemas.
        DatabaseUnusable: the library is too old.
    """
    if schema is not None:
        step = "leave the schema out, or use a PostgreSQL URL"
        raise WrongUsage(cause="SQLite has no schemas", database=mask_url(url), schema=schema, next_step=step)
    check_version()
    return {"timeout": BUSY_TIMEOUT}


def forced_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return nothing."""
    return {}


def run_args(url: URL, wait: float) -> dict[str, Any]:
    """Return arguments for the driver during a run."""
    return {"timeout": wait}


def spared(url: URL) -> dict[str, Any]:
    """Return nothing."""
    return {}


def for_a_run(engine: Engine) -> Engine:
    """Make every connection distrust its file; the run sets foreign keys and transactions."""
    event.listen(distrust_engine(engine), "connect", _wait_until_readable)
    return engine


def for_an_application(engine: Engine, kw: dict[str, Any], *, write_ahead: bool) -> Engine:
    """Give every connection foreign keys, real transactions and, if ``write_ahead``, the write-ahead log."""

    def connect(connection: Any, _record: object) -> None:
        # The sqlite3 module begins a transaction before INSERT but not before DDL, SELECT or SAVEPOINT, so a failed
        # migration would leave tables behind. None switches that off, for the event below to do it properly.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")  # off by default, and for each connection anew
        if write_ahead:
            _write_ahead(cursor)
        cursor.close()

    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        level = options.get("isolation_level") or kw.get("isolation_level")
        if level == "AUTOCOMMIT":  # asked for by VACUUM and the like, which refuse a transaction
            return
        writes = options.get(WRITING, False)
        # An event loop must not sleep. What failed fails again, as an error of SQLAlchemy.
        if not (writes and not engine.dialect.is_async and _begun(connection.connection)):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


@contextmanager
def _waiting(cursor: Any, milliseconds: int) -> Iterator[int]:
    """Within the block let SQLite wait no longer for a lock; yields how long it may wait otherwise."""
    cursor.execute("PRAGMA busy_timeout")
    timeout: int = cursor.fetchone()[0]
    cursor.execute(f"PRAGMA busy_timeout = {min(timeout, milliseconds)}")
    try:
        yield timeout
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {timeout}")


def _wait_until_readable(connection: Any, _record: object) -> None:
    """Wait for a file that is locked, within the timeout, in steps: Ctrl-C does not end a wait of SQLite itself."""
    cursor = connection.cursor()
    with _waiting(cursor, _STEP) as timeout:
        deadline = time.monotonic() + timeout / 1000
        while (locked := _is_locked(cursor)) and time.monotonic() < deadline:
            pass
    if locked:
        cursor.execute("PRAGMA busy_timeout = 0")  # the statement that follows is told at once
    cursor.close()


def _is_locked(cursor: Any) -> bool:
    """Return whether another program keeps readers off; what else is wrong fails again where it is explained."""
    try:
        cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:
        return is_busy(error)
    return False


def _write_ahead(cursor: Any) -> None:
    """Let readers and a writer of the file work at the same time, which is a property of the file.

    A file that somebody uses, or that is read-only, keeps its journal: the next connection tries again.
    """
    if _journal(cursor) not in ("wal", "memory"):
        # Whoever reads may do so for long.
        with _waiting(cursor, 0), suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
    if _journal(cursor) == "wal":
        # A commit need not wait for the disk: a checkpoint does. In the other modes a power failure could then damage
        # the file (sqlite.org/pragma.html#pragma_synchronous).
        cursor.execute("PRAGMA synchronous = NORMAL")


def _journal(cursor: Any) -> str:
    cursor.execute("PRAGMA journal_mode")
    return str(cursor.fetchone()[0])


def _begun(connection: Any) -> bool:
    """Begin as the only writer, within the timeout of the connection; return False if that failed.

    SQLite itself tries less and less often, so that whoever has waited for long waits for seconds more.
    """
    cursor = connection.cursor()
    with closing(cursor), _waiting(cursor, 0) as timeout:
        deadline = time.monotonic() + timeout / 1000
        while time.monotonic() < deadline:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    break
                time.sleep(random.uniform(*_PAUSE))  # noqa: S311  no secret
            else:
                return True
    return False
