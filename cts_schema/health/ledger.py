"""The ledger against alembic_version, and how long its revisions took."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.health.look import Look
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.migration.scripts import revisions

LEDGER = "schema_migrations"
LONG_MS = 60_000
"""From here on the time that a revision took is told."""


def findings(look: Look) -> Iterator[Finding]:
    """Find rows that the ledger lacks, rows of revisions that are not applied, and revisions that took long."""
    if not look.has(LEDGER, "migration_id") or not look.has(LEDGER, "execution_time_ms"):
        return  # told as a missing table or column
    status = look.status
    if missing := status.missing_in_ledger:
        yield Finding(
            "ledger-row-missing",
            "error",
            LEDGER,
            "revisions are applied, and have no row",
            count=len(missing),
            examples=missing[:EXAMPLES],
            repair="cts-schema upgrade",
        )
    query = f"SELECT migration_id, execution_time_ms FROM {LEDGER} WHERE source = 'alembic' ORDER BY migration_id"
    known: dict[int | None, str] = {int(revision): revision for revision in revisions()}
    for number, milliseconds in look.rows(query):
        revision = known.get(number)
        if revision in status.pending:
            message = f"revision {revision} has a row, and is not applied"
            yield Finding("ledger-row-surplus", "error", LEDGER, message, repair="cts-schema upgrade")
        elif revision is not None and (milliseconds or 0) >= LONG_MS:
            message = f"revision {revision} took {milliseconds / 1000:,.0f} s"
            yield Finding("slow-migration", "info", LEDGER, message, count=milliseconds)
