"""How large the tables are, and on PostgreSQL how much of them is dead."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.adoption.sql import is_without_rowid, row_id
from cts_schema.ddl.text import literal, quote
from cts_schema.health.look import Look
from cts_schema.health.report import Finding, TableSize

DEAD_ROWS = 10_000
DEAD_SHARE = 0.3
"""Above both, dead rows are told. Autovacuum starts at a fifth of the rows (autovacuum_vacuum_scale_factor)."""

_POSTGRESQL = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
       coalesce(nullif(c.reltuples, -1)::bigint, s.n_live_tup) AS rows, s.n_live_tup, s.n_dead_tup,
       has_table_privilege(c.oid, 'SELECT') AS readable
  FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
 ORDER BY c.relname
"""


def findings(look: Look) -> Iterator[Finding]:
    """Find tables of which vacuum has left much: estimated by the statistics of the server."""
    if look.dialect != "postgresql":
        return
    for table in look.rows(_POSTGRESQL):
        live, dead = table.n_live_tup or 0, table.n_dead_tup or 0
        if table.name in look.tables and dead >= DEAD_ROWS and dead > DEAD_SHARE * (live + dead):
            yield Finding(
                "bloat",
                "warning",
                table.name,
                f"{dead / (live + dead):.0%} of the rows are dead, by the statistics of the server",
                count=dead,
                repair=f"VACUUM (ANALYZE) {quote(table.name)}",
            )


def tables(look: Look) -> tuple[TableSize, ...]:
    """Return the size of each table. Rows are the server's estimate, or SQLite's largest rowid, unless ``deep``."""
    return _postgresql_tables(look) if look.dialect == "postgresql" else _sqlite_tables(look)


def database(look: Look) -> int:
    """Return the bytes of the database."""
    if look.dialect == "postgresql":
        return int(look.value("SELECT pg_database_size(current_database())"))
    return int(look.value("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))


def _postgresql_tables(look: Look) -> tuple[TableSize, ...]:
    found = []
    for table in look.rows(_POSTGRESQL):
        count = look.deep and table.readable
        rows = look.value(f"SELECT count(*) FROM {quote(table.name)}") if count else table.rows
        found.append(TableSize(table.name, table.name in look.tables, rows, table.bytes))
    return tuple(found)


def _sqlite_tables(look: Look) -> tuple[TableSize, ...]:
    # Neither a virtual table, which has no page, nor one WITHOUT ROWID says cheaply how many rows it has.
    named = look.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND substr(name, 1, 7) <> 'sqlite_' "
        "ORDER BY name"
    )
    bytes_: dict[str, int] = {}
    if look.deep and look.value("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')"):
        sizes = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1"
        bytes_ = dict(map(tuple, look.rows(sizes)))
    return tuple(
        TableSize(name, name in look.tables, _sqlite_rows(look, name), bytes_.get(name))
        for (name,) in named
        if not is_without_rowid(look.connection, name)
    )


def _sqlite_rows(look: Look, table: str) -> int:
    columns = [str(name).lower() for (name,) in look.rows(f"SELECT name FROM pragma_table_xinfo({literal(table)})")]
    rows = "count(*)" if look.deep else f"coalesce(max({row_id('sqlite', columns)}), 0)"
    return int(look.value(f"SELECT {rows} FROM {quote(table)}"))
