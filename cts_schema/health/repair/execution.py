"""Executes a plan: each statement, and then the proof of its effect, before the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.ddl.text import quote, run
from cts_schema.dialects.errors import classify
from cts_schema.exceptions import RepairFailed, first_line, mask_url
from cts_schema.health import check
from cts_schema.health.context import CheckContext
from cts_schema.health.repair.plan import Planned
from cts_schema.health.repair.report import LEFTOVERS, Left, Proof, RepairStep
from cts_schema.migration.executor import RETRIED

# Findings that become visible only now: values of a table or a column that could not be read before.
_BECOMES_VISIBLE = (
    "orphans",
    "time-form",
    "wrong-id-type",
    "sequence-behind",
    "refused-values",
    "unreadable-values",
    "not-checked",
)


def execute_all(planned: Planned, context: Callable[[], CheckContext]) -> tuple[Left, ...]:
    """Execute the steps of a transaction and verify them; return the findings that became visible only now.

    Args:
        planned: the plan.
        context: reads the status of the database.

    Raises:
        RepairFailed: a verification failed; the caller rolls back.
    """
    steps = planned.together
    if not steps:
        return ()
    connection = context().connection
    moved = {table for step in steps for table in step.moves}
    tables = sorted({table for step in steps for table in step.tables} - moved)
    before = _rows(connection, tables)
    for step in steps:
        execute(connection, step)
    after = _rows(connection, tables)
    others = set(tables) - {LEFTOVERS}  # the steps add rows there
    if any(after[table] != before[table] for table in others) or after.get(LEFTOVERS, 0) < before.get(LEFTOVERS, 0):
        raise RepairFailed(rows_before=before, rows_after=after)
    return _verified(planned, context(), steps)


def execute(connection: sa.Connection, step: RepairStep) -> None:
    """Execute the statements of a step.

    Raises:
        RepairFailed: the database refused one, or a proof failed.
        DBAPIError: a table was locked for too long; the caller retries.
    """
    for statement in step.statements:
        try:
            found = run(connection, statement)
            wrong = found.scalar_one() if isinstance(statement, Proof) else 0
        except DBAPIError as error:
            if not step.apart and getattr(error.orig, "sqlstate", None) in RETRIED:
                raise
            url = connection.engine.url
            raise classify(error, url) or RepairFailed(
                cause="a step of the repair failed; the steps before it are done" if step.apart else None,
                repaired=_names(step),
                database=mask_url(url),
                statement=statement,
                reported=first_line(error.orig),
            ) from error
        if isinstance(statement, Proof) and wrong:
            change = "change or remove the rows that refer to the orphans, then repeat"
            raise RepairFailed(
                cause="the repair would have changed other rows; everything was rolled back",
                repaired=_names(step),
                refers=statement.refers,
                rows=wrong,
                found_by=statement,
                next_step=None if statement.refers is None else change,
            )


def undo(connection: sa.Connection, step: RepairStep) -> None:
    """Undo the completed half of a step that failed outside of a transaction."""
    for statement in step.undo:
        run(connection, statement)


def _rows(connection: sa.Connection, tables: Sequence[str]) -> dict[str, int]:
    return {table: int(run(connection, f"SELECT count(*) FROM {quote(table)}").scalar_one()) for table in tables}


def _verified(planned: Planned, context: CheckContext, steps: Sequence[RepairStep]) -> tuple[Left, ...]:
    known = {(finding.code, finding.where) for finding in planned.found}
    repaired = {(finding.code, finding.where) for step in steps for finding in step.repairs}
    unfinished = {finding.where for step in planned.steps if step.apart for finding in step.repairs}
    left = []
    for finding in check.findings(context):
        this = finding.code, finding.where
        if finding.severity == "info" or finding.where in unfinished or (this in known and this not in repaired):
            continue
        if finding.code == "not-validated" and this not in known:
            continue  # it was just added, and is validated after the transaction
        if this in repaired or finding.code not in _BECOMES_VISIBLE:
            raise RepairFailed(
                cause="the repaired database still had a finding; everything was rolled back",
                found=f"{finding.code} {finding.where}: {finding.message}",
                is_there=finding.found,
                expected=finding.expected,
            )
        left.append(Left(finding, "it became visible only during the repair; repeat to repair it"))
    return tuple(left)


def _names(step: RepairStep) -> str:
    return ", ".join(f"{finding.code} {finding.where}" for finding in step.repairs)
