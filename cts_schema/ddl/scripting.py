"""Writes a function of a revision as SQL, without executing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op
from alembic.ddl.impl import DefaultImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext


class _Statements(list[str]):
    """Collects statements that Alembic writes to a file."""

    def write(self, statement: str) -> None:
        """Add a statement."""
        self.append(statement.strip())

    def flush(self) -> None:
        """Do nothing."""


def script(dialect: str, function: Callable[[], None], *, empty: bool = False) -> list[str]:
    """Return the statements of an upgrade() or downgrade(), each with its semicolon.

    Args:
        dialect: the target database.
        function: the function of a revision.
        empty: whether that database is new and empty; see :func:`cts_schema.ddl.sql.empty`.

    Raises:
        Exception: an error of the function; it may query the database, which no script can.
    """
    found = _Statements()
    with _scripting(dialect, {"output_buffer": found, "literal_binds": True, "empty": empty}):
        function()
    return found


def record(function: Callable[[], None], recorder: DefaultImpl) -> None:
    """Pass to a recorder what an upgrade() would execute on a new PostgreSQL database.

    Args:
        function: the function of a revision.
        recorder: gets each construct of SQLAlchemy and Alembic instead of a connection.
    """
    with _scripting("postgresql", {"empty": True, "replayed": True}, recorder):
        function()


@contextmanager
def _scripting(dialect: str, options: dict[str, Any], recorder: DefaultImpl | None = None) -> Iterator[None]:
    running = getattr(op, "_proxy", None)  # Alembic has one at a time, and resets it
    opts = {"as_sql": True, **options}
    try:
        context = MigrationContext.configure(dialect_name=dialect, dialect_opts={"paramstyle": "named"}, opts=opts)
        context.impl = recorder or context.impl
        with Operations.context(context):
            yield
    finally:
        if running is not None:
            running._install_proxy()
