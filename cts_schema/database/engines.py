"""Engines that treat a database well.

``create_engine`` and ``create_async_engine`` make the engine that an application should use; ``migration_engine`` makes
the one a migration runs on. Errors of the drivers are raised as errors of this package. Nothing is connected to before
the first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import URL, Engine, NullPool

from cts_schema import dialects
from cts_schema.database.urls import async_url, normalize, prepare_folder, resolve_url, sync_url
from cts_schema.dialects.errors import translate_errors
from cts_schema.dialects.running import BUSY_TIMEOUT

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


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
    return dialects.of(target).engine.for_an_application(engine, kw)


def create_async_engine(url: str | URL | None = None, *, schema: str | None = None, **kw: Any) -> AsyncEngine:
    """The same as `create_engine` for asyncio: aiosqlite for SQLite, psycopg or asyncpg for PostgreSQL."""
    target = async_url(resolve_url(url))
    with translate_errors(target):
        from sqlalchemy.ext import asyncio  # needs greenlet, which a synchronous installation has not

        engine = asyncio.create_async_engine(target, **_settings(target, schema, kw))
    dialects.of(target).engine.for_an_application(engine.sync_engine, kw)
    return engine


def migration_engine(url: URL, *, wait: float = BUSY_TIMEOUT) -> Engine:
    """The engine for a migration run: one connection, closed after use, and no settings beyond the connection's.

    Foreign keys and transactions on SQLite are left to the migration, which needs them its own way. Raises the
    errors of `create_engine`.

    Args:
        url: the database.
        wait: seconds to wait for another program that has a SQLite file locked.
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
    # Bound values may be the keys of an exchange account: they belong in no log line and no error.
    ours = {"hide_parameters": True} | dialects.of(url).engine.settings(
        url, pooled=not {"poolclass", "pool"} & kw.keys()
    )
    return ours | kw | {"connect_args": _connect_args(url, schema, dict(kw.get("connect_args") or {}))}


def _connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    ours = dialects.of(url).engine.connect_args(url, schema, given)
    prepare_folder(url)
    # What the URL or the caller says comes first; a parameter given here would override that of the URL.
    merged = {name: value for name, value in ours.items() if name not in url.query} | given
    return merged | dialects.of(url).engine.forced_args(url, schema, given)
