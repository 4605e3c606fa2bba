"""``wait``: for processes that need the schema and leave it to another one to migrate."""

from __future__ import annotations

import time
from dataclasses import replace

from cts_schema.database.handle import Database
from cts_schema.dialects.deadline import Deadline
from cts_schema.exceptions import DatabaseLocked, DatabaseMissing, DatabaseUnreachable, NotAtHead, SchemaError
from cts_schema.migration.state import at_head, not_ours, read_status
from cts_schema.schema.scripts import head, revisions

_PASSING = (DatabaseUnreachable, DatabaseMissing, DatabaseLocked)
_LONGEST_LOOK = 2.0  # seconds


def wait_for_head(database: Database, timeout: float) -> float:
    """Return once a database is at head, with the seconds that it took. Nothing waits in the server.

    Raises:
        NotAtHead: ``timeout`` seconds are over; says where the database stands.
        DatabaseUnreachable, DatabaseMissing, DatabaseLocked: they are over, and it could not be asked.
        SchemaError: another subclass, at once: what is wrong does not pass by waiting.
    """
    database = replace(database, wait=min(timeout, _LONGEST_LOOK))
    options = database.options
    began, pauses = time.monotonic(), Deadline(timeout).pauses()
    while True:
        try:
            with database.connected(reading=True) as connection:
                if at_head(connection, options):
                    return time.monotonic() - began
                found = read_status(connection, options)
            if found.revision is not None and found.revision not in revisions():
                raise not_ours(found.revision, newest=head(), table=database.version_table, database=found.database)
            error: SchemaError = NotAtHead(
                database=database.name,  # a file that is not there is looked at as one in memory
                revision=found.revision or "none",
                head=head(),
                missing_in_ledger=", ".join(found.missing_in_ledger) or None,
                waited=f"{timeout:g} s",
            )
        except _PASSING as passing:
            error = passing
        if (pause := next(pauses, None)) is None:
            raise error
        time.sleep(pause)
