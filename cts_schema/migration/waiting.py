"""``wait``: for processes that need the schema and let another process migrate."""

from __future__ import annotations

import time
from dataclasses import replace

from cts_schema.database.handle import Database
from cts_schema.dialects.deadline import Deadline
from cts_schema.exceptions import DatabaseLocked, DatabaseMissing, DatabaseUnreachable, NotAtHead, SchemaError
from cts_schema.migration.state import at_head, not_ours, read_status
from cts_schema.schema.scripts import head, revisions

_PASSING = (DatabaseUnreachable, DatabaseMissing, DatabaseLocked)
_LONGEST_PAUSE = 2.0  # seconds


def wait_for_head(database: Database, timeout: float) -> float:
    """Wait until a database is at head, and return the seconds that it took. Holds no connection meanwhile.

    Raises:
        NotAtHead: ``timeout`` seconds are over; has the status of the database.
        DatabaseUnreachable, DatabaseMissing, DatabaseLocked: they are over, and the database did not respond.
        SchemaError: another subclass, at once, for a problem that waiting cannot solve.
    """
    database = replace(database, wait=min(timeout, _LONGEST_PAUSE))
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
