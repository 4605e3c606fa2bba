"""Engines that treat a database well.

``create_engine`` and ``create_async_engine`` make the engine that an application should use; ``migration_engine`` makes
the one a migration runs on. Errors of the drivers are raised as errors of this package. Nothing is connected to before
the first use.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, NullPool, event

from cts_schema.database.urls import async_url, normalize, prepare_folder, resolve_url, sync_url
from cts_schema.ddl.text import quote
from cts_schema.dialects.errors import translate_errors
from cts_schema.dialects.postgresql.pinned import START_UP, pinned
from cts_schema.dialects.postgresql.row_values import hide_row_values
from cts_schema.dialects.sqlite.untrusted import distrust_engine
from cts_schema.exceptions import DatabaseUnusable, UnknownScheme, WrongUsage, mask_url

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_OLDEST_SQLITE = (3, 35)  # the first with DROP COLUMN and RETURNING

_CONNECT_TIMEOUT = 10  # seconds; the drivers' own defaults wait for minutes on a host that does not answer
_BUSY_TIMEOUT = 30  # seconds to wait for another writer of the file, instead of failing at once
_LIBPQ = {"psycopg", "psycopg_async", "psycopg2"}


def check_sqlite_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Refuse a SQLite library without DROP COLUMN and RETURNING.

    Raises:
        DatabaseUnusable: the library is older than 3.35.
    """
    if version < _OLDEST_SQLITE:
        library, needed = (".".join(map(str, parts)) for parts in (version, _OLDEST_SQLITE))
        step = "use a newer Python or system: python -c 'import sqlite3; print(sqlite3.sqlite_version)'"
        raise DatabaseUnusable(cause="the SQLite library is too old", library=library, needed=needed, next_step=step)


def create_engine(url: str | URL | None = None, *, schema: str | None = None, **kw: Any) -> Engine:
    """The engine an application should use.

    Args:
        url: the database; by default that of the environment, see `resolve_url`.
        schema: the PostgreSQL schema that holds the tables, instead of the search path of the user.
        kw: arguments of `sqlalchemy.create_engine`; they come before the settings made here.

    Raises:
        WrongUrl, UnknownScheme, WrongUsage: the URL, or `schema` with SQLite.
        MissingFolder, DatabaseUnusable: the place of the SQLite file, the SQLite library.
        DriverMissing: the driver is not installed.
    """
    target = sync_url(resolve_url(url))
    with translate_errors(target):
        engine = sqlalchemy.create_engine(target, **_settings(target, schema, kw))
    return _with_sqlite_transactions(hide_row_values(pinned(engine)), kw)


def create_async_engine(url: str | URL | None = None, *, schema: str | None = None, **kw: Any) -> AsyncEngine:
    """The same as `create_engine` for asyncio: aiosqlite for SQLite, psycopg or asyncpg for PostgreSQL."""
    target = async_url(resolve_url(url))
    with translate_errors(target):
        from sqlalchemy.ext import asyncio  # needs greenlet, which a synchronous installation has not

        engine = asyncio.create_async_engine(target, **_settings(target, schema, kw))
    _with_sqlite_transactions(hide_row_values(pinned(engine.sync_engine)), kw)
    return engine


def migration_engine(url: URL, *, wait: float = _BUSY_TIMEOUT) -> Engine:
    """The engine for a migration run: one connection, closed after use, and no settings beyond the connection's.

    Foreign keys and transactions on SQLite are left to the migration, which needs them its own way. Raises the
    errors of `create_engine`.

    Args:
        url: the database.
        wait: seconds to wait for another program that has a SQLite file locked.
    """
    target = sync_url(normalize(url))
    connect_args = _connect_args(target, None, {})
    if target.get_backend_name() == "sqlite":
        connect_args["timeout"] = wait
    if target.get_driver_name() == "psycopg":
        connect_args["prepare_threshold"] = None  # behind a proxy another client may have prepared one of that name
    with translate_errors(target):
        # A connection that is used once needs no pool.
        engine = sqlalchemy.create_engine(
            target, poolclass=NullPool, hide_parameters=True, connect_args=connect_args, **_no_hstore(target)
        )
    return distrust_engine(hide_row_values(pinned(engine)))


def _no_hstore(url: URL) -> dict[str, Any]:
    """To look for hstore, SQLAlchemy would call what the search path finds, with the power of the role."""
    return {"use_native_hstore": False} if url.get_driver_name() in _LIBPQ else {}


def _settings(url: URL, schema: str | None, kw: dict[str, Any]) -> dict[str, Any]:
    # Bound values may be the keys of an exchange account: they belong in no log line and no error.
    settings: dict[str, Any] = {"hide_parameters": True} | _no_hstore(url)
    if url.get_backend_name() == "postgresql":
        settings |= {
            "pool_pre_ping": True,  # a restarted server or a proxy leaves dead connections in the pool
            "pool_recycle": 1800,  # seconds; firewalls and proxies forget idle connections, often after an hour
        }
        if not {"poolclass", "pool"} & kw.keys():  # not every pool takes these
            settings |= {
                "pool_size": 5,  # a server has about 100 connections for all its clients together
                "max_overflow": 10,  # for bursts; closed again afterwards
                "pool_timeout": 10,  # seconds; then an error, instead of requests that pile up
            }
    return settings | kw | {"connect_args": _connect_args(url, schema, dict(kw.get("connect_args") or {}))}


def _connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        if schema is not None:
            step = "leave the schema out, or use a PostgreSQL URL"
            raise WrongUsage(cause="SQLite has no schemas", database=mask_url(url), schema=schema, next_step=step)
        check_sqlite_version()
        prepare_folder(url)
        ours: dict[str, Any] = {"timeout": _BUSY_TIMEOUT}
    else:
        ours = _postgres_connect_args(url, schema, given)
    # What the URL or the caller says comes first; a parameter given here would override that of the URL.
    merged = {name: value for name, value in ours.items() if name not in url.query} | given
    if options := _libpq_options(url, schema, given):
        merged["options"] = options
    if url.get_driver_name() in _LIBPQ:
        merged["client_encoding"] = "utf8"  # before the first text, which says the version
    return merged


def _postgres_connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    driver = url.get_driver_name()
    if driver == "asyncpg":
        server = {"application_name": "cts"} | ({"search_path": quote(schema)} if schema else {})
        given["server_settings"] = server | given.get("server_settings", {}) | START_UP
        return {"timeout": _CONNECT_TIMEOUT}
    if driver not in _LIBPQ:
        step = "leave the driver out of the URL: postgresql://..."
        raise UnknownScheme(cause="this package does not know the driver", database=mask_url(url), next_step=step)
    return {
        "connect_timeout": _CONNECT_TIMEOUT,
        "application_name": "cts",  # who holds a lock is then readable in pg_stat_activity
        # A peer that vanished without a word is noticed after a minute, not after the system's two hours.
        "keepalives": 1,
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 10,  # seconds
        "keepalives_count": 3,
    }


def _libpq_options(url: URL, schema: str | None, given: dict[str, Any]) -> str | None:
    """The start-up options with the search path added to those of the URL and the caller."""
    if schema is None or url.get_driver_name() not in _LIBPQ:
        return None
    # This schema alone: with "public" behind it, a table of another application could be taken for ours.
    path = re.sub(r"([\\\s])", r"\\\1", quote(schema))
    in_url = url.query.get("options") or ()
    others = (in_url,) if isinstance(in_url, str) else in_url
    return " ".join(filter(None, [*others, given.get("options"), f"-csearch_path={path}"]))


def _with_sqlite_transactions(engine: Engine, kw: dict[str, Any]) -> Engine:
    """Give every connection of a SQLite engine foreign keys and transactions that deserve the name.

    The journal mode stays as the file has it: it is a property of the file that outlives the connection and that
    other programs share, and processes that start together would race to change it.
    """
    if engine.dialect.name != "sqlite":
        return engine

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
