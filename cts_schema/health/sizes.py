"""The sizes of tables, and on PostgreSQL the check for dead rows."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.ddl.text import quote
from cts_schema.exceptions import NextStep
from cts_schema.health.context import CheckContext
from cts_schema.health.report import Finding, TableSize

DEAD_ROWS = 10_000
DEAD_SHARE = 0.3
"""Dead rows are reported above both. Autovacuum starts at a fifth of the rows (autovacuum_vacuum_scale_factor)."""


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find tables with many dead rows, by the statistics of the server."""
    for table, live, dead in context.dialect.catalogue.dead_rows(context.connection):
        if table in context.tables and dead >= DEAD_ROWS and dead > DEAD_SHARE * (live + dead):
            yield Finding(
                "bloat",
                "warning",
                table,
                f"{dead / (live + dead):.0%} of the rows are dead, by the statistics of the server",
                count=dead,
                repair=NextStep.of(f"VACUUM (ANALYZE) {quote(table)}"),
            )


def tables(context: CheckContext) -> tuple[TableSize, ...]:
    """Return the size of each table. Rows are an estimate, unless ``deep``."""
    sizes = context.dialect.catalogue.sizes(context.connection, deep=context.deep)
    return tuple(TableSize(one.table, one.table in context.tables, one.rows, one.bytes) for one in sizes)
