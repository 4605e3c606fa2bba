"""``wait``: for processes that need the schema and leave it to another one to migrate."""

from __future__ import annotations

import time

from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.database.urls import look_only
from cts_schema.exceptions import DatabaseLocked, DatabaseMissing, DatabaseUnreachable, NotAtHead, SchemaError
from cts_schema.migration.scripts import head, revisions
from cts_schema.migration.state import at_head, not_ours, read_status
from cts_schema.migration.sync import Target, connected

_PASSING = (DatabaseUnreachable, DatabaseMissing, DatabaseLocked)
_LONGEST_PAUSE = 2.0


def wait_for_head(
    target: Target = None,
    *,
    timeout: float = 60.0,
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
) -> float:
    """Return once a database is at head. Alembic is not imported, nothing is written, and nothing waits in the server.

    Args:
        target: the database: a URL, an Engine, a Connection, or None for what the environment says.
        timeout: seconds to go on asking; 0 asks once.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to look at.

    Returns:
        The seconds that it took.

    Raises:
        NotAtHead: the time is over; says where the database stands.
        DatabaseUnreachable, DatabaseMissing, DatabaseLocked: the time is over, and it could not be asked.
        SchemaError: another subclass, at once: what is wrong does not pass by waiting.
    """
    options = Options(version_table, schema, wait=min(timeout, _LONGEST_PAUSE))
    began = time.monotonic()
    pause = 0.1
    while True:
        try:
            with connected(target, look_only, options) as connection:
                if at_head(connection, options):
                    return time.monotonic() - began
                found = read_status(connection, options)
            if found.revision is not None and found.revision not in revisions():
                raise not_ours(found.revision, newest=head(), table=version_table, database=found.database)
            error: SchemaError = NotAtHead(
                database=found.database,
                revision=found.revision or "none",
                head=head(),
                missing_in_ledger=", ".join(found.missing_in_ledger) or None,
                waited=f"{timeout:g} s",
            )
        except _PASSING as passing:
            error = passing
        if time.monotonic() - began + pause > timeout:
            raise error
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
