"""How large the tables are, and on PostgreSQL how much of them is dead."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.ddl.text import quote
from cts_schema.health.context import CheckContext
from cts_schema.health.report import Finding, TableSize

DEAD_ROWS = 10_000
DEAD_SHARE = 0.3
"""Above both, dead rows are told. Autovacuum starts at a fifth of the rows (autovacuum_vacuum_scale_factor)."""


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find tables of which vacuum has left much: estimated by the statistics of the server."""
    for table, live, dead in context.dialect.catalogue.dead_rows(context.connection):
        if table in context.tables and dead >= DEAD_ROWS and dead > DEAD_SHARE * (live + dead):
            yield Finding(
                "bloat",
                "warning",
                table,
                f"{dead / (live + dead):.0%} of the rows are dead, by the statistics of the server",
                count=dead,
                repair=f"VACUUM (ANALYZE) {quote(table)}",
            )


def tables(context: CheckContext) -> tuple[TableSize, ...]:
    """Return the size of each table. Rows are an estimate, unless ``deep``."""
    sizes = context.dialect.catalogue.sizes(context.connection, deep=context.deep)
    return tuple(TableSize(one.table, one.table in context.tables, one.rows, one.bytes) for one in sizes)
