"""Checks of the ledger against alembic_version, of slow revisions, and of failed runs."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding, MigrationTime
from cts_schema.migration import run_log
from cts_schema.schema.scripts import revisions

LEDGER = "schema_migrations"
LONG_MS = 60_000
"""Milliseconds from which a revision counts as slow."""
RUNS = 100
"""How many of the newest runs are searched for failures."""
_TOOK = "CAST(execution_time_ms AS INTEGER)"  # SQLite holds anything there


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find missing and surplus rows of the ledger, slow revisions, and failed runs."""
    yield from _rows(context)
    yield from _failures(context)


def migrations(context: CheckContext) -> tuple[MigrationTime, ...]:
    """Return when revisions were applied, and how long they took."""
    when = context.status.executed_at
    took = {}
    if when and context.has(LEDGER, "execution_time_ms"):
        took = dict(map(tuple, context.rows(f"SELECT migration_id, {_TOOK} FROM {LEDGER}")))
    return tuple(MigrationTime(revision, moment, took.get(int(revision))) for revision, moment in when.items())


def _rows(context: CheckContext) -> Iterator[Finding]:
    if not all(context.has(LEDGER, column) for column in ("migration_id", "execution_time_ms", "source")):
        return  # reported as a missing table or column
    status = context.status
    by_upgrade = NextStep("{}", NextCommand("upgrade")) if status.pending else None  # which corrects the ledger, too
    if missing := status.missing_in_ledger:
        yield Finding(
            "ledger-row-missing",
            "error",
            LEDGER,
            "applied revisions have no row",
            count=len(missing),
            examples=missing[:EXAMPLES],
            repair=by_upgrade,
        )
    query = f"SELECT migration_id, {_TOOK} FROM {LEDGER} WHERE source = 'alembic' ORDER BY migration_id"
    known: dict[int | None, str] = {int(revision): revision for revision in revisions()}
    for number, milliseconds in context.rows(query):
        revision = known.get(number)
        if revision in status.pending:
            message = f"revision {revision} has a row but is not applied"
            yield Finding("ledger-row-surplus", "error", LEDGER, message, repair=by_upgrade)
        elif revision is not None and (milliseconds or 0) >= LONG_MS:
            message = f"revision {revision} took {milliseconds / 1000:,.0f} s"
            yield Finding("slow-migration", "info", LEDGER, message, count=milliseconds)


def _failures(context: CheckContext) -> Iterator[Finding]:
    """Find failed runs among the newest in the run log."""
    columns = ("id", "category", "level", "message", "timestamp", "metadata")
    if not all(context.has(run_log.TABLE, column) for column in columns):
        return
    query = (
        f"SELECT level, CAST(message AS TEXT), CAST(timestamp AS TEXT), {run_log.ROWS} AS ours FROM {run_log.TABLE} "
        f"WHERE category = :category ORDER BY timestamp DESC, id DESC LIMIT {RUNS}"
    )
    runs = [row for row in context.rows(query, category=run_log.CATEGORY) if row.ours]
    failed = [row for row in runs if row[0] == "error"]
    if not failed:
        return
    last_failed = runs[0] is failed[0]
    yield Finding(
        "failed-migration",
        "warning" if last_failed and not context.status.at_head else "info",
        run_log.TABLE,
        ("the last run failed: " if last_failed else "a run failed, and a later one succeeded: ") + failed[0][1],
        count=len(failed),
        examples=tuple(str(row[2])[:19] for row in failed[:EXAMPLES]),
    )
