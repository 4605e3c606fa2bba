"""Reads back what a run has recorded: an unmanaged trigger or rule may silently skip a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from cts_schema import dialects
from cts_schema.exceptions import LedgerNotWritten, mask_url


@contextmanager
def version_read_back(context: MigrationContext, reached: Callable[[], str | None]) -> Iterator[None]:
    """Check after the block that the version table has the revision of the run.

    Args:
        context: the running migration context, online.
        reached: returns the revision.

    Raises:
        LedgerNotWritten: it has another value.
    """
    if context.connection is None:
        raise AssertionError("an offline script reads nothing back")
    try:
        yield
    except CommandError as error:
        # Alembic checks how many rows it changes there, without an error class of its own.
        if str(error).startswith("Online migration expected to match one row"):
            raise not_written(context.connection, context.version_table, []) from error
        raise
    revision = reached()
    if context.get_current_heads() != (() if revision is None else (revision,)):
        raise not_written(context.connection, context.version_table, [revision or "base"])


def not_written(connection: sa.Connection, table: str, revisions: Sequence[str]) -> LedgerNotWritten:
    """Return the error that names what may have skipped rows.

    Args:
        connection: the database, in the transaction that will be rolled back.
        table: the table of the rows.
        revisions: the revisions whose rows are not as written.
    """
    found = dialects.of(connection).relations.in_the_way(connection, table)
    named = f"let it ignore these rows, or {', '.join(found)}; then repeat"
    return LedgerNotWritten(
        database=mask_url(connection.engine.url),
        table=table,
        revisions=", ".join(revisions) or None,
        next_step=named if found else None,
    )
