"""The application: the routes, and a page that uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Unpack

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import cts_schema
from cts_schema.database.handle import Settings
from cts_schema.web.auth import RATE, WRONG_TOKENS
from cts_schema.web.place import Target
from cts_schema.web.routes import database_router

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")

_HEADERS = {
    # Nothing from other hosts, nothing inline, no framing; a script reads the form, so it submits nowhere.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def create_app(
    target: Target = None,
    *,
    token: str | None = None,
    rate: str = RATE,
    wrong_tokens: str = WRONG_TOKENS,
    allowed_hosts: Sequence[str] = LOOPBACK,
    **settings: Unpack[Settings],
) -> FastAPI:
    """Make the application: the page at /, the routes, and OpenAPI at /openapi.json.

    Args:
        target: the database: a URL, an Engine, or None for the one that the environment names.
        token: clients that send it may migrate; None means CTS_WEB_TOKEN, without which nobody may.
        rate: how many requests an address may send, such as ``300/minute``.
        wrong_tokens: how many wrong tokens an address may send.
        allowed_hosts: host names that requests may use. Others are refused: a page of another site could point its own
            name at this server and read the responses.
        settings: ``version_table``, ``schema`` and ``wait``, as for :func:`cts_schema.upgrade`.

    Raises:
        SchemaError: what names the database or the token cannot be read.
    """
    app = FastAPI(
        title="CTS database",
        summary=cts_schema.__doc__.splitlines()[0] if cts_schema.__doc__ else None,
        version=cts_schema.__version__,
        docs_url=None,  # those pages load from other hosts
        redoc_url=None,
    )
    router = database_router(target, token=token, rate=rate, wrong_tokens=wrong_tokens, **settings)
    app.include_router(router)
    for file in (resources.files("cts_schema.web") / "page").iterdir():
        path = "/" if file.name == "index.html" else f"/assets/{file.name}"
        app.add_api_route(path, _page(file), include_in_schema=False)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False)
    app.add_middleware(_Headers)  # the outermost, so that a refusal has the headers, too
    return app


class _Headers:
    """Adds headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def _page(file: Traversable) -> Callable[[], Response]:
    content, kind = file.read_bytes(), _KINDS[Path(file.name).suffix]

    def page() -> Response:
        return Response(content, media_type=kind)

    return page
