"""Engines for a SQLite file."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, event

from cts_schema.dialects.running import BUSY_TIMEOUT
from cts_schema.dialects.sqlite.untrusted import distrust_engine
from cts_schema.exceptions import DatabaseUnusable, WrongUsage, mask_url

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
    return distrust_engine(engine)


def for_an_application(engine: Engine, kw: dict[str, Any]) -> Engine:
    """Give every connection foreign keys and real transactions.

    It keeps the journal mode, because that is a property of the file that outlives the connection and that
    other programs share; processes that start together would race to change it.
    """

    def connect(connection: Any, _record: object) -> None:
        # The sqlite3 module begins a transaction before INSERT but not before DDL, SELECT or SAVEPOINT, so a failed
        # migration would leave tables behind. None switches that off, for the event below to do it properly.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")  # off by default, and for each connection anew
        cursor.close()

    def begin(connection: Connection) -> None:
        level = connection.get_execution_options().get("isolation_level") or kw.get("isolation_level")
        if level != "AUTOCOMMIT":  # asked for by VACUUM and the like, which refuse a transaction
            connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine
