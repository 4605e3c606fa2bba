"""The status of a database over HTTP, and a button that migrates it (extra: web).

`database_router` is for a FastAPI application; `create_app` returns an application with a page, for any ASGI server.
"""

from __future__ import annotations

from cts_schema.exceptions import WrongUsage

try:
    from cts_schema.web.app import create_app
    from cts_schema.web.routes import database_router
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "pydantic", "anyio", "limits"):
        raise
    raise WrongUsage(
        cause="the web routes are not installed", missing=error.name, next_step="pip install 'cts-schema[web]'"
    ) from error

__all__ = ["create_app", "database_router"]
