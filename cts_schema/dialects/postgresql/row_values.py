"""Keeps the values of rows out of errors.

PostgreSQL explains a violated constraint by the row: ``Key (api_key)=(...) already exists``, ``Failing row contains
(...)``. Those values may be credentials, and an error ends in logs. SQLAlchemy's ``hide_parameters`` does not reach
them, since they come from the server.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext


def hide_row_values(engine: Engine) -> Engine:
    """Take the values of rows out of every error that ``engine`` raises; return the engine.

    What is left names the constraint and the table. Only what would be printed is changed: the detail stays where a
    program may look for it, in ``diag`` of psycopg's errors.
    """
    event.listen(engine, "handle_error", _hide)
    return engine


def _hide(context: ExceptionContext) -> None:
    error = context.original_exception
    said = str(error)
    diagnosis: Any = getattr(error, "diag", None)  # psycopg, psycopg2
    if diagnosis is not None and diagnosis.message_detail:
        error.args = (diagnosis.message_primary,)
    cause: Any = error.__cause__  # asyncpg, whose error SQLAlchemy has wrapped
    if getattr(cause, "detail", None):
        cause.detail = None
    wrapped = context.sqlalchemy_exception
    if wrapped is not None and wrapped.args and str(error) != said:
        wrapped.args = (wrapped.args[0].replace(said, str(error)), *wrapped.args[1:])
