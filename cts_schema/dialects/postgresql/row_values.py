"""Removes the values of rows from errors.

PostgreSQL quotes the row that violates a constraint: ``Key (api_key)=(...) already exists``, ``Failing row contains
(...)``. Those values may be credentials, and errors are logged. SQLAlchemy's ``hide_parameters`` does not cover
them, because they come from the server.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext


def hide_row_values(engine: Engine) -> Engine:
    """Remove the values of rows from every error that ``engine`` raises; return the engine.

    The rest names the constraint and the table. It changes only the printed text: the detail stays where a
    program may read it, in ``diag`` of psycopg's errors.
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
