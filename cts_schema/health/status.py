"""The check of the status: only a database at head can be compared with the models."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.schema.scripts import revisions

_UPGRADE = NextCommand("upgrade")


def preserved(context: CheckContext) -> Iterator[Finding]:
    """Find what downgrades preserved: what an upgrade will restore, and what it could not restore."""
    status = context.status
    stranded = status.stranded
    ahead = tuple(one for one in status.preserved if one not in stranded)
    if ahead:
        message = "tables and columns that a run has dropped and preserved; the way back restores them"
        yield Finding(
            "preserved-rows", "info", context.version_table, message, count=len(ahead), examples=ahead[:EXAMPLES]
        )
    if stranded:
        yield Finding(
            "stranded-rows",
            "warning",
            context.version_table,
            "a downgrade preserved rows or columns that no upgrade could restore, such as orphans",
            count=len(stranded),
            examples=stranded[:EXAMPLES],
            repair=NextStep("copy the rows that you need to their own tables, then drop these tables"),
        )


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find the reason why the database cannot be compared with the models; none at head."""
    status, where = context.status, context.version_table
    if status.unadopted:
        message = "the tables are of the old application, and are not adopted yet"
        yield Finding(
            "old-database",
            "error",
            where,
            message,
            count=len(status.unadopted),
            repair=NextStep("{}, then: {}", NextCommand("adopt", plan=True), _UPGRADE),
        )
    elif status.revision is None:
        yield Finding("empty-database", "error", where, "there are no CTS tables", repair=NextStep("{}", _UPGRADE))
    elif status.revision not in revisions():
        message = (
            f"revision {status.revision} is unknown to this package, which has {min(revisions())} to {status.head}"
        )
        text = "install the version that made it; if another application owns the table: {}"
        step = NextStep(text, NextCommand("", version_table="TABLE"))
        yield Finding("unknown-revision", "error", where, message, repair=step)
    elif not context.tables:
        message = f"the table says revision {status.revision}, but there are no CTS tables"
        step = NextStep("{}", NextCommand("restore", "BACKUP", force=True))
        yield Finding("false-version", "error", where, message, repair=step)
    elif status.pending:
        yield Finding(
            "not-at-head",
            "error",
            where,
            f"revision {status.revision}; the newest is {status.head}",
            count=len(status.pending),
            examples=status.pending[:EXAMPLES],
            repair=NextStep("{}", _UPGRADE),
        )
