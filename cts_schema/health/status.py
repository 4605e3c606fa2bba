"""Where the database stands: whether it is at head at all, so that it can be compared with the models."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.schema.scripts import revisions


def preserved(context: CheckContext) -> Iterator[Finding]:
    """Find what downgrades have preserved: what an upgrade will restore, and what it has left behind."""
    status = context.status
    ahead = tuple(one for one in status.preserved if one not in status.stranded)
    if ahead:
        message = "tables and columns that a downgrade preserved; an upgrade restores them"
        yield Finding(
            "preserved-rows", "info", context.version_table, message, count=len(ahead), examples=ahead[:EXAMPLES]
        )
    if status.stranded:
        yield Finding(
            "stranded-rows",
            "warning",
            context.version_table,
            "a downgrade preserved what no upgrade could restore, as rows whose parent is gone",
            count=len(status.stranded),
            examples=status.stranded[:EXAMPLES],
            repair="insert what is needed of these tables into their own, then drop them",
        )


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find the one reason why the database cannot be compared with the models; none at head."""
    status, where = context.status, context.version_table
    if status.unadopted:
        message = "the tables were made by the old application, and are not brought in yet"
        yield Finding(
            "old-database",
            "error",
            where,
            message,
            count=len(status.unadopted),
            repair="cts-schema adopt --plan, then: cts-schema upgrade",
        )
    elif status.revision is None:
        yield Finding("empty-database", "error", where, "there are no tables of CTS", repair="cts-schema upgrade")
    elif status.revision not in revisions():
        message = f"revision {status.revision} is not of this package, which has {min(revisions())} to {status.head}"
        step = "install the version that made it; for a table of another application: --version-table TABLE"
        yield Finding("unknown-revision", "error", where, message, repair=step)
    elif not context.tables:
        message = f"it says revision {status.revision}, and there are no tables of CTS"
        yield Finding("false-version", "error", where, message, repair="cts-schema restore BACKUP --force")
    elif status.pending:
        yield Finding(
            "not-at-head",
            "error",
            where,
            f"revision {status.revision}; the newest is {status.head}",
            count=len(status.pending),
            examples=status.pending[:EXAMPLES],
            repair="cts-schema upgrade",
        )
