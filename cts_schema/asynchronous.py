"""The functions of the package for asyncio, made from those of :mod:`cts_schema.api`.

Each takes a URL, an AsyncEngine, an AsyncConnection, or None for the database that the environment names. Functions
that use one connection run on the asynchronous driver, so a cancelled task rolls back what was not committed. Functions
that use files run in a thread, which continues to its end if the task is cancelled.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, Unpack

import sqlalchemy as sa

from cts_schema import api, dialects
from cts_schema.database.engines import create_async_engine
from cts_schema.database.handle import LENT, LOCK_TIMEOUT_OPTION, Settings, Target
from cts_schema.database.options import Options
from cts_schema.database.urls import prepare_folder, reading_url, resolve_url
from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.errors import translate_errors
from cts_schema.exceptions import DatabaseUnreachable, WrongUsage

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from cts_schema.maintenance.restore import Restored
    from cts_schema.migration.report import Report

    AsyncTarget = str | sa.URL | AsyncEngine | AsyncConnection | None

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Asynchronous(Protocol[P, R_co]):
    """A function of the package, made asynchronous."""

    def __call__(self, target: AsyncTarget = None, *args: P.args, **settings: P.kwargs) -> Coroutine[Any, Any, R_co]:
        """Call the synchronous function on a database."""


def _over_connection(
    function: Callable[Concatenate[Target, P], R_co], *, reading: bool = False
) -> Asynchronous[P, R_co]:
    """Make an asynchronous version of a function that uses one connection."""

    @wraps(function)
    async def call(target: AsyncTarget = None, *args: Any, **kwargs: Any) -> R_co:
        async with _connected(target, kwargs, reading=reading) as connection:
            return await connection.run_sync(function, *args, **kwargs)

    call.__name__ += "_async"
    return call


def _in_thread(function: Callable[Concatenate[Target, P], R_co]) -> Asynchronous[P, R_co]:
    """Make an asynchronous version of a function that opens its own connection."""

    @wraps(function)
    async def call(target: AsyncTarget = None, *args: Any, **kwargs: Any) -> R_co:
        return await asyncio.to_thread(function, _url_of(target), *args, **kwargs)

    call.__name__ += "_async"
    return call


async def initialize_async(
    target: AsyncTarget = None, *, deadline: float = 30.0, **settings: Unpack[Settings]
) -> Report:
    """Connect to a database and upgrade it to head; see :func:`cts_schema.initialize`."""
    pauses = Deadline(deadline).pauses()
    while True:
        try:
            return await upgrade_async(target, **settings)
        except DatabaseUnreachable:
            if (pause := next(pauses, None)) is None:
                raise
        await asyncio.sleep(pause)


async def restore_async(
    path: str | os.PathLike[str], target: AsyncTarget = None, *, force: bool = False, **settings: Unpack[Settings]
) -> Restored:
    """Restore a database from a backup; see :func:`cts_schema.restore`."""
    return await asyncio.to_thread(api.restore, path, _url_of(target), force=force, **settings)


upgrade_async = _over_connection(api.upgrade)
downgrade_async = _over_connection(api.downgrade)
status_async = _over_connection(api.status, reading=True)
check_async = _over_connection(api.check, reading=True)
repair_async = _over_connection(api.repair, reading=True)
seed_async = _over_connection(api.seed, reading=True)
plan_adoption_async = _over_connection(api.plan_adoption, reading=True)
adopt_async = _over_connection(api.adopt)
undo_adoption_async = _over_connection(api.undo_adoption)
finalize_adoption_async = _over_connection(api.finalize_adoption)
wait_for_head_async = _in_thread(api.wait_for_head)
backup_async = _in_thread(api.backup)
rehearse_async = _in_thread(api.rehearse)


def _url_of(target: AsyncTarget) -> sa.URL | str | None:
    if target is None or isinstance(target, str | sa.URL):
        return target
    from sqlalchemy.ext.asyncio import AsyncConnection

    return target.engine.url if isinstance(target, AsyncConnection) else target.url


@asynccontextmanager
async def _connected(target: AsyncTarget, settings: Any, *, reading: bool) -> AsyncIterator[AsyncConnection]:
    """Connect to a database for the time of the block, and raise errors of the driver as ours."""
    with translate_errors():
        from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine  # needs greenlet

    if isinstance(target, AsyncConnection):
        with translate_errors(target.engine.url):
            yield target
        return
    made = None
    if target is None or isinstance(target, str | sa.URL):
        url = resolve_url(target)
        wait = settings.get("wait", Options.wait)
        arguments = {"timeout": wait} if dialects.of(url).in_a_file else {}
        made = create_async_engine((reading_url if reading else prepare_folder)(url), connect_args=arguments)
        target = made.execution_options(**{LOCK_TIMEOUT_OPTION: Options(wait=wait).milliseconds})
    elif isinstance(target, AsyncEngine):
        url = target.url
    else:
        raise WrongUsage(
            target=type(target).__name__,
            expected="a URL, an AsyncEngine or an AsyncConnection",
            next_step="for an Engine or Connection: upgrade(...), without await",
        )
    with translate_errors(target.url):
        try:
            async with target.connect() as connection:
                await connection.execution_options(**{LENT: url})
                yield connection
        finally:
            if made is not None:
                await made.dispose()
