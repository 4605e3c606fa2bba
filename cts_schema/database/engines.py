"""Engines with the recommended settings.

``create_engine`` and ``create_async_engine`` make the engine of an application; ``migration_engine`` makes the engine
of a run. They raise errors of the drivers as errors of this package, and connect at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import sqlalchemy
from sqlalchemy import URL, Engine, NullPool

from cts_schema import dialects
from cts_schema.database.urls import async_url, normalize, prepare_folder, resolve_url, sync_url
from cts_schema.dialects.errors import translate_errors
from cts_schema.dialects.running import BUSY_TIMEOUT, WRITING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


def create_engine(
    url: str | URL | None = None, *, schema: str | None = None, write_ahead: bool = True, **kw: Any
) -> Engine:
    """Return the engine that an application should use.

    Args:
        url: the database; by default that of the environment, see `resolve_url`.
        schema: the PostgreSQL schema that holds the tables, instead of the search path of the user.
        write_ahead: whether to give a SQLite file the write-ahead log, so that readers and a writer work at the same
            time, and a commit does not wait for the disk. A file on a network file system must not have it.
        kw: arguments of `sqlalchemy.create_engine`; they override the settings made here.

    Raises:
        WrongUrl, UnknownScheme, WrongUsage: the URL is wrong, or SQLite was given a `schema`.
        MissingFolder, DatabaseUnusable: the folder of the SQLite file is missing, or the SQLite library is too old.
        DriverMissing: the driver is not installed.
    """
    target = sync_url(resolve_url(url))
    with translate_errors(target):
        engine = sqlalchemy.create_engine(target, **_settings(target, schema, kw))
    return dialects.of(target).engine.for_an_application(engine, kw, write_ahead=write_ahead)


def create_async_engine(
    url: str | URL | None = None, *, schema: str | None = None, write_ahead: bool = True, **kw: Any
) -> AsyncEngine:
    """Return the same for asyncio: aiosqlite for SQLite, psycopg or asyncpg for PostgreSQL."""
    target = async_url(resolve_url(url))
    with translate_errors(target):
        from sqlalchemy.ext import asyncio  # needs greenlet, which a synchronous installation lacks

        engine = asyncio.create_async_engine(target, **_settings(target, schema, kw))
    dialects.of(target).engine.for_an_application(engine.sync_engine, kw, write_ahead=write_ahead)
    return engine


@overload
def writing(engine: Engine) -> Engine: ...
@overload
def writing(engine: AsyncEngine) -> AsyncEngine: ...
def writing(engine: Engine | AsyncEngine) -> Engine | AsyncEngine:
    """Return the engine for transactions that read first and then write, on the same connections.

    On SQLite such a transaction fails at its first write if another one has written since it began, and no timeout
    helps. From this engine it waits at its beginning until it is the only writer. On PostgreSQL nothing changes.

    Args:
        engine: an engine of `create_engine` or `create_async_engine`.
    """
    return engine.execution_options(**{WRITING: True})


def migration_engine(url: URL, *, wait: float = BUSY_TIMEOUT) -> Engine:
    """Return the engine of a run: one connection, closed after use.

    The run itself sets foreign keys and transactions on SQLite. Raises the errors of `create_engine`.

    Args:
        url: the database.
        wait: seconds to wait for another program that has locked a SQLite file.
    """
    target = sync_url(normalize(url))
    ours = dialects.of(target).engine
    connect_args = _connect_args(target, None, {}) | ours.run_args(target, wait)
    with translate_errors(target):
        # A connection that is used once needs no pool.
        engine = sqlalchemy.create_engine(
            target, poolclass=NullPool, hide_parameters=True, connect_args=connect_args, **ours.spared(target)
        )
    return ours.for_a_run(engine)


def _settings(url: URL, schema: str | None, kw: dict[str, Any]) -> dict[str, Any]:
    # Bound values may be the keys of an exchange account, which must not appear in a log or an error.
    ours = {"hide_parameters": True} | dialects.of(url).engine.settings(
        url, pooled=not {"poolclass", "pool"} & kw.keys()
    )
    return ours | kw | {"connect_args": _connect_args(url, schema, dict(kw.get("connect_args") or {}))}


def _connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    ours = dialects.of(url).engine.connect_args(url, schema, given)
    prepare_folder(url)
    # Settings of the URL or the caller win; a parameter given here would override that of the URL.
    merged = {name: value for name, value in ours.items() if name not in url.query} | given
    return merged | dialects.of(url).engine.forced_args(url, schema, given)
