"""The routes, for any application of FastAPI."""

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
"""Bytes of a request; nothing that is asked needs any."""

_SYNCHRONOUS = 1.0
"""Seconds within which a migration that ends is answered at once."""
_STATUS_OF = {EXIT_DATABASE: 503, EXIT_LOCK: 503, EXIT_DISK: 507}


class UnknownRun(SchemaError):
    """there is no run of this id, or it was so long ago that it is forgotten"""

    exit_code = EXIT_USAGE
    next_step = NextStep("see the current revision: {}", NextCommand("status"))


class NothingToChoose(SchemaError):
    """the request asks for something, and a migration goes to head, whatever is asked"""

    exit_code = EXIT_USAGE
    next_step = NextStep("repeat without a body, or with {{}} as application/json")


class Nothing(BaseModel):
    """An empty object: a migration goes to head, and there is nothing to choose."""

    model_config = ConfigDict(extra="forbid")


class _Route(APIRoute):
    """Answers what is refused in one shape, whatever application the router is in."""

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
                return _cannot_be_read()  # bytes that are no text
            except SchemaError as error:
                return JSONResponse(Problem.of(error).model_dump(), 503)

        return answer


def _cannot_be_read() -> Response:
    return JSONResponse(Problem.of(NothingToChoose()).model_dump(), 422)


def _responses(**described: str) -> dict[int | str, dict[str, Any]]:
    return {int(status[1:]): {"model": Problem, "description": text} for status, text in described.items()}


_LIMITED = _responses(_429="too many requests from this address; Retry-After says when to come again")
_UNREADABLE = _responses(_503="the database cannot be read")
_TOKEN = _responses(
    _401="without the token, or with another one",
    _403="no token is configured, or the page of another site asks",
    _422="the request cannot be read, or asks for something that there is not",
)


def database_router(
    target: Target = None,
    *,
    token: str | None = None,
    rate: str = RATE,
    wrong_tokens: str = WRONG_TOKENS,
    **settings: Unpack[Settings],
) -> APIRouter:
    """Make the routes of a database, to be included in an application.

    An application that ends waits for the migration that was begun by them.

    Args:
        target: the database: a URL, an Engine, or None for what the environment says.
        token: who sends it may migrate; None means that of CTS_WEB_TOKEN, and without that nobody may.
        rate: how many requests an address may make, as ``300/minute``.
        wrong_tokens: how many wrong tokens it may send.
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
        """Tell where the database stands: its tables, its revisions, what is pending. Writes nothing."""
        return state.status(place)

    @router.get("/api/settings/database-status")
    def database_settings() -> DatabaseStatus:
        """Tell which database is meant, and whether it answers."""
        return state.database_status(place)

    @router.get("/api/monitoring/stats", responses=_UNREADABLE)
    def monitoring() -> Statistics:
        """Tell how the application and its database are: logs of 24 hours, sizes, migrations, orphans, findings."""
        return statistics_cache.get()

    @router.post(
        MIGRATE,
        dependencies=[Depends(access.same_site), Depends(access.authorized)],
        responses={
            **_TOKEN,
            202: {"model": Run, "description": "it goes on; Location says where to ask for it"},
            409: {"model": Busy, "description": "another one goes on, which is named"},
            413: {"description": "the request is too large", "content": {"text/plain": {}, "application/json": {}}},
            500: {"model": Run, "description": "it failed, and the run says why"},
            503: {"model": Run, "description": "the same, where the database cannot be reached or is locked"},
            507: {"model": Run, "description": "the same, where the disk is full"},
        },
    )
    def migrate(request: Request, response: Response, _: Annotated[Nothing | None, Body()] = None) -> Run:
        """Bring the database to head, by the same road as ``cts-schema upgrade``; adopts an old one on the way.

        What ends within a second is answered at once, with 200 where it succeeded; else with 202, and goes on.
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
        """Tell how a migration stands that was begun here: its progress, and what it has said so far."""
        run = jobs.get(run_id)
        if run is None:
            raise Refused(404, UnknownRun(run=run_id))
        return run

    return router
