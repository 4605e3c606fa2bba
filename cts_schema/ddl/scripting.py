"""A revision's function as SQL: what it would execute, while nothing is done."""

from __future__ import annotations

from collections.abc import Callable

from alembic import op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext


class _Statements(list[str]):
    """Statements, as Alembic writes them into a file."""

    def write(self, statement: str) -> None:
        """Take one."""
        self.append(statement.strip())

    def flush(self) -> None:
        """Do nothing."""


def script(dialect: str, function: Callable[[], None], *, empty: bool = False) -> list[str]:
    """Return the statements of an upgrade() or downgrade(), each with its semicolon.

    Args:
        dialect: the database they are for.
        function: the function of a revision.
        empty: whether that database has nobody's rows and nothing preserved; see :func:`cts_schema.ddl.sql.empty`.

    Raises:
        Exception: what the function raises; it may ask the database, which no script can.
    """
    found = _Statements()
    options = {"as_sql": True, "output_buffer": found, "literal_binds": True, "empty": empty}
    running = getattr(op, "_proxy", None)  # Alembic knows one at a time, and forgets it
    try:
        context = MigrationContext.configure(dialect_name=dialect, dialect_opts={"paramstyle": "named"}, opts=options)
        with Operations.context(context):
            function()
    finally:
        if running is not None:
            running._install_proxy()
    return found
