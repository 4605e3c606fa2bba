"""``initialize_async`` and its like, for an AsyncEngine or AsyncConnection of psycopg, asyncpg or aiosqlite."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cts_schema.database.engines import create_async_engine
from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.database.urls import look_only, prepare_folder, resolve_url
from cts_schema.driver_errors import translate_errors
from cts_schema.exceptions import DatabaseUnreachable, WrongUsage
from cts_schema.migration.command import Command, own_process_busy, try_process_lock
from cts_schema.migration.report import Report, Status
from cts_schema.migration.state import IMPATIENT, read_status

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    AsyncTarget = str | sa.URL | AsyncEngine | AsyncConnection | None


async def initialize_async(
    target: AsyncTarget = None,
    *,
    deadline: float = 30.0,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> Report:
    """Make a database ready for the application; see :func:`cts_schema.initialize`."""
    end = time.monotonic() + deadline
    pause = 0.1
    while True:
        try:
            return await upgrade_async(target, version_table=version_table, schema=schema, wait=wait)
        except DatabaseUnreachable:
            if time.monotonic() + pause > end:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2.0)


async def upgrade_async(
    target: AsyncTarget = None,
    revision: str = "head",
    *,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> Report:
    """Bring a database up to ``revision``; see :func:`cts_schema.upgrade`."""
    return await _run(target, Command("upgrade", revision, Options(version_table, schema, wait)))


async def downgrade_async(
    target: AsyncTarget,
    revision: str,
    *,
    yes: bool = True,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
) -> Report:
    """Take a database down to ``revision``; see :func:`cts_schema.downgrade`."""
    options = Options(version_table, schema, wait, may_drop=yes)
    return await _run(target, Command("downgrade", revision, options))


async def status_async(
    target: AsyncTarget = None, *, version_table: str = VERSION_TABLE, schema: str | None = None
) -> Status:
    """Tell where a database stands; see :func:`cts_schema.status`."""
    options = Options(version_table, schema)
    async with _connected(target, look_only, options) as connection:
        return await connection.run_sync(read_status, options)


async def _run(target: AsyncTarget, command: Command) -> Report:
    async with _connected(target, prepare_folder, command.options) as connection:
        if not await connection.run_sync(command.has_nothing_to_do):
            async with _process_lock(command.options.wait):
                await connection.run_sync(command.run, owned=connection is not target)
    return command.report()


@asynccontextmanager
async def _process_lock(wait: float) -> AsyncIterator[None]:
    """Hold the lock of the process. Waiting in it would stop the event loop, and with it the task that holds it."""
    end = time.monotonic() + wait
    while (lock := try_process_lock()) is None:
        if time.monotonic() > end:
            raise own_process_busy(wait)
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _connected(
    target: AsyncTarget, place: Callable[[sa.URL], sa.URL], options: Options
) -> AsyncIterator[AsyncConnection]:
    with translate_errors():
        from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine  # needs greenlet

    made = None
    if target is None or isinstance(target, str | sa.URL):
        url = resolve_url(target)
        options.require_fit(url)
        arguments = {"timeout": options.wait} if url.get_backend_name() == "sqlite" else {}
        made = create_async_engine(place(url), connect_args=arguments)
        target = made.execution_options(**{IMPATIENT: options.milliseconds})
    if not isinstance(target, AsyncEngine | AsyncConnection):
        raise WrongUsage(
            target=type(target).__name__,
            expected="a URL, an AsyncEngine or an AsyncConnection",
            next_step="for an Engine or Connection: upgrade(...), without await",
        )
    url = target.engine.url if isinstance(target, AsyncConnection) else target.url
    options.require_fit(url)
    with translate_errors(url):
        try:
            if isinstance(target, AsyncConnection):
                yield target
                return
            async with target.connect() as connection:
                yield connection
        finally:
            if made is not None:
                await made.dispose()
