"""What strikes: each fault is done to the call that is about to be made, by the process that makes it."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from cts_schema.exceptions import (
    BackupDamaged,
    BackupFailed,
    DatabaseLocked,
    DatabaseUnreachable,
    DatabaseUnusable,
    DiskFull,
    RestoreFailed,
    SchemaError,
)
from tests.faults.driver import Call, connect_postgresql, connect_sqlite
from tests.faults.places import Place, PostgresqlPlace, SqlitePlace

Ended = Callable[[], Any]
"""Ends a fault whose cause goes on until then: a lock that is held, a disk that is full."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: as in the table.
        strike: breaks the call, by raising or by changing what the call will find; returns how that ends.
        errors: those that may tell of it.
        says: one of these is in the message.
    """

    name: str
    strike: Callable[[Call, Any], Ended | None]
    errors: tuple[type[SchemaError], ...] = ()
    says: tuple[str, ...] = ()

    @property
    def kills(self) -> bool:
        """Whether the process does not live to tell."""
        return not self.errors


def _kill(call: Call, place: Place) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail_sqlite(call: Call, place: SqlitePlace) -> None:
    if call.connection is None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "cts.db")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname, error.sqlite_errorcode = "SQLITE_IOERR", sqlite3.SQLITE_IOERR
    raise error


def _fail_postgresql(call: Call, place: PostgresqlPlace) -> None:
    """Let the server itself raise it, in the transaction of the call."""
    _instead(call, "DO $$BEGIN RAISE 'could not read a block: Input/output error' USING ERRCODE = 'io_error'; END$$")


def _time_out(call: Call, place: PostgresqlPlace) -> None:
    _instead(call, "SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)")


def _instead(call: Call, statement: str) -> None:
    """Let a statement fail in the place of the call."""
    try:
        call.connection.cursor().execute(statement)
    finally:
        if call.what in ("COMMIT", "ROLLBACK"):  # one that fails ends the transaction all the same
            call.connection.rollback()


def _cut(call: Call, place: PostgresqlPlace) -> None:
    with connect_postgresql(place.dsn, autocommit=True) as other:
        # Returns when the session has ended.
        other.execute("SELECT pg_terminate_backend(%s, 60000)", (call.connection.info.backend_pid,))


def _stop(call: Call, place: PostgresqlPlace) -> None:
    place.server.stop_at_once()
    place.server.start()


def _lock_sqlite(call: Call, place: SqlitePlace) -> Ended:
    """Hold the strongest lock that there is to be had: against everyone, or of a reader, whom a commit waits for."""
    other = connect_sqlite(place.file, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        with suppress(sqlite3.OperationalError):  # it is writing: nobody else gets in
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return other.close


def _lock_postgresql(call: Call, place: PostgresqlPlace) -> Ended:
    """Hold every table that is not held already, but those two that are read before any limit of time is set."""
    other = connect_postgresql(place.dsn)
    tables = other.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
        "AND tablename NOT IN ('alembic_version', 'schema_migrations')"
    ).fetchall()
    for (table,) in tables:
        with suppress(psycopg.errors.LockNotAvailable), other.transaction():
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT".encode())
    return other.close


def _fill_sqlite(call: Call, place: SqlitePlace) -> None:
    """From now on SQLite finds the disk full: a file may keep the size that it has."""
    if call.connection is None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "cts.db")
    # A raw cursor, for this one is not counted.
    cursor = sqlite3.Cursor(call.connection)
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count = {max(pages, 1)}")


def _limit_files(call: Call, place: SqlitePlace) -> Ended:
    """From now on no file of this process grows beyond the size of the database: not it, nor journal, nor copy."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.file.stat().st_size, limits[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def _fill_postgresql(call: Call, place: PostgresqlPlace) -> Ended | None:
    """Fill the disk that the database is on; where there is none that may be filled, let the server say so."""
    if place.server.disk is None:
        _instead(call, "DO $$BEGIN RAISE 'could not extend a file: No space left' USING ERRCODE = 'disk_full'; END$$")
        return None
    return place.server.disk.fill()


_FULL = (DiskFull, BackupFailed)
_UNUSABLE = (DatabaseUnusable, BackupFailed, BackupDamaged, RestoreFailed)
_LOST = ("the server ended the connection", "server closed the connection")

FAULTS: dict[str, tuple[Fault, ...]] = {
    "sqlite": (
        Fault("kill", _kill),
        Fault("error", _fail_sqlite, _UNUSABLE, ("disk I/O error", "Input/output error")),
        Fault("full", _fill_sqlite, _FULL, ("disk of the database is full", "disk is full")),
        Fault("limit", _limit_files, _UNUSABLE, ("disk I/O error", "File too large")),
        Fault("lock", _lock_sqlite, (DatabaseLocked, BackupFailed), ("has locked the database", "is locked")),
    ),
    "postgresql": (
        Fault("kill", _kill),
        Fault("error", _fail_postgresql, (DatabaseUnusable,), ("Input/output error",)),
        Fault("cut", _cut, (DatabaseUnreachable,), _LOST),
        Fault("stop", _stop, (DatabaseUnreachable,), _LOST),
        Fault("full", _fill_postgresql, (DiskFull,), ("No space left",)),
        Fault("timeout", _time_out, (DatabaseUnusable,), ("statement timeout",)),
        Fault("lock", _lock_postgresql, (DatabaseLocked,), ("held locks", "holds a lock")),
    ),
}
"""The faults of each engine. Which errors may tell of one is a promise; docs/errors.md has their exit codes."""
