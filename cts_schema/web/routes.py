"""The routes, for any FastAPI application."""

# ruff: noqa: N818 - as in cts_schema.exceptions, an error is named after what happened

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, Unpack

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from cts_schema.database.handle import Settings
from cts_schema.exceptions import EXIT_DATABASE, EXIT_DISK, EXIT_LOCK, EXIT_USAGE, NextCommand, NextStep, SchemaError
from cts_schema.web import state
from cts_schema.web.auth import RATE, WRONG_TOKENS, AccessControl, Refused
from cts_schema.web.jobs import Jobs
from cts_schema.web.place import Place, Target
from cts_schema.web.schemas import STATUS, Busy, DatabaseStatus, Problem, Run, Statistics, StatusSchema
from cts_schema.web.statistics import StatisticsCache

MIGRATE = "/api/install/database/migrate"
BODY_LIMIT = 4096
"""The largest request in bytes; no request needs a body."""

_SYNCHRONOUS = 1.0
"""Seconds that a request waits for the end of its migration."""
_STATUS_OF = {EXIT_DATABASE: 503, EXIT_LOCK: 503, EXIT_DISK: 507}


class UnknownRun(SchemaError):
    """there is no run with this id, or it is too old to be remembered"""

    exit_code = EXIT_USAGE
    next_step = NextStep("see the current revision: {}", NextCommand("status"))


class NothingToChoose(SchemaError):
    """the request has a body, but a migration takes no options"""

    exit_code = EXIT_USAGE
    next_step = NextStep("repeat without a body, or with {{}} as application/json")


class Nothing(BaseModel):
    """An empty object: a migration always goes to head."""

    model_config = ConfigDict(extra="forbid")


class _Route(APIRoute):
    """Returns all refusals in one form, in any application."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as refused:
                return JSONResponse(refused.answer.model_dump(), refused.status, refused.headers)
            except RequestValidationError:
                return _cannot_be_read()
            except HTTPException as error:
                if error.status_code != 400:
                    raise
                return _cannot_be_read()  # bytes that are not text
            except SchemaError as error:
                return JSONResponse(Problem.of(error).model_dump(), 503)

        return answer


def _cannot_be_read() -> Response:
    return JSONResponse(Problem.of(NothingToChoose()).model_dump(), 422)


def _responses(**described: str) -> dict[int | str, dict[str, Any]]:
    return {int(status[1:]): {"model": Problem, "description": text} for status, text in described.items()}


_LIMITED = _responses(_429="too many requests from this address; Retry-After says when to repeat")
_UNREADABLE = _responses(_503="the database cannot be read")
_TOKEN = _responses(
    _401="the token is missing or wrong",
    _403="no token is configured, or the request comes from a page of another site",
    _422="the request cannot be read, or has a body",
)


def database_router(
    target: Target = None,
    *,
    token: str | None = None,
    rate: str = RATE,
    wrong_tokens: str = WRONG_TOKENS,
    **settings: Unpack[Settings],
) -> APIRouter:
    """Make the routes of a database, for an application to include.

    An application that ends waits for the migration that was begun by them.

    Args:
        target: the database: a URL, an Engine, or None for the one that the environment names.
        token: clients that send it may migrate; None means CTS_WEB_TOKEN, without which nobody may.
        rate: how many requests an address may send, such as ``300/minute``.
        wrong_tokens: how many wrong tokens an address may send.
        settings: ``version_table``, ``schema`` and ``wait``, as for :func:`cts_schema.upgrade`.

    Raises:
        SchemaError: what names the database or the token cannot be read.
    """
    place = Place.of(target, settings)
    access = AccessControl(token, rate, wrong_tokens)
    statistics_cache = StatisticsCache(place)
    jobs = Jobs(place, at_end=statistics_cache.changed)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(jobs.finish)

    router = APIRouter(
        route_class=_Route,
        tags=["database"],
        lifespan=lifespan,
        max_body_size=BODY_LIMIT,
        dependencies=[Depends(access.limited)],
        responses=_LIMITED,
    )

    @router.get(STATUS, responses=_UNREADABLE)
    def database_state() -> StatusSchema:
        """Return the status of the database: its tables, its revisions, what is pending. Writes nothing."""
        return state.status(place)

    @router.get("/api/settings/database-status")
    def database_settings() -> DatabaseStatus:
        """Return which database is configured, and whether it responds."""
        return state.database_status(place)

    @router.get("/api/monitoring/stats", responses=_UNREADABLE)
    def monitoring() -> Statistics:
        """Return logs of 24 hours, sizes, migrations, orphans and findings."""
        return statistics_cache.get()

    @router.post(
        MIGRATE,
        dependencies=[Depends(access.same_site), Depends(access.authorized)],
        responses={
            **_TOKEN,
            202: {"model": Run, "description": "it is running; Location is the route of its status"},
            409: {"model": Busy, "description": "another migration is running"},
            413: {"description": "the request is too large", "content": {"text/plain": {}, "application/json": {}}},
            500: {"model": Run, "description": "it failed, and the run says why"},
            503: {"model": Run, "description": "it failed, because the database cannot be reached or is locked"},
            507: {"model": Run, "description": "it failed, because the disk is full"},
        },
    )
    def migrate(request: Request, response: Response, _: Annotated[Nothing | None, Body()] = None) -> Run:
        """Upgrade the database to head, as ``cts-schema upgrade`` does; adopts a legacy database on the way.

        Returns 200 if it succeeds within a second; otherwise it returns 202 and continues.
        """
        run, error = jobs.start(_SYNCHRONOUS)
        if run.state == "running":
            response.status_code = 202
        elif error is not None:
            response.status_code = _STATUS_OF.get(error.exit_code, 500)
        response.headers["Location"] = f"{request.url.path}/{run.run_id}"  # wherever the router is mounted
        return run

    @router.get(
        MIGRATE + "/{run_id}",
        dependencies=[Depends(access.authorized)],
        responses={**_TOKEN, **_responses(_404="there is no such run")},
    )
    def migration(run_id: str) -> Run:
        """Return the status of a migration that was started here: its progress and its log."""
        run = jobs.get(run_id)
        if run is None:
            raise Refused(404, UnknownRun(run=run_id))
        return run

    return router
