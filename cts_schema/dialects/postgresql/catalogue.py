"""What a PostgreSQL database knows about its current schema besides the schema itself."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.facts import Counter, DeadRows, ForeignKey, Index, IndexUse, Size

_TABLES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
       coalesce(nullif(c.reltuples, -1)::bigint, s.n_live_tup) AS rows, s.n_live_tup, s.n_dead_tup,
       has_table_privilege(c.oid, 'SELECT') AS readable
  FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
 ORDER BY c.relname
"""
_INDEXES = """
SELECT c.relname AS table, x.relname AS name, i.indisunique, i.indisvalid, m.amname,
       (SELECT a.attname FROM pg_attribute a
         WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND i.indkey[0] > 0) AS first,
       array(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, n, true), i.indoption[n - 1], i.indclass[n - 1],
                              i.indcollation[n - 1]) FROM generate_series(1, i.indnatts) n) AS parts,
       coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
       EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS key
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_am m ON m.oid = x.relam
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
 ORDER BY c.relname, x.relname
"""
_INDEX_USE = """
SELECT s.relname, s.indexrelname, s.idx_scan, s.idx_tup_read, pg_relation_size(s.indexrelid),
       NOT i.indisunique AND i.indisvalid
  FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
 WHERE s.schemaname = current_schema() ORDER BY 1, 2
"""
_FOREIGN_KEYS = """
SELECT n.nspname::text AS schema, c.relname::text AS name, k.conname::text AS key,
       CASE WHEN p.relnamespace = here.oid THEN p.relname::text END AS parent,
       CASE WHEN c.relnamespace = here.oid THEN c.relname::text END AS ours,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS parent_columns,
       k.convalidated AS validated
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = k.confrelid
  JOIN pg_namespace here ON here.oid = quote_ident(current_schema())::regnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 AND here.oid IN (c.relnamespace, p.relnamespace)
 ORDER BY 1, k.conname
"""
_SEQUENCES = """
SELECT c.relname AS table, a.attname AS column, s.seqrelid::regclass::text AS sequence, q.last_value,
       s.seqstart, s.seqincrement
  FROM pg_sequence s
  JOIN pg_depend d ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('i', 'a')
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  JOIN pg_class n ON n.oid = s.seqrelid
  JOIN pg_sequences q ON q.sequencename = n.relname AND q.schemaname = n.relnamespace::regnamespace::name
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
   AND has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') AND s.seqincrement > 0
 ORDER BY c.relname, a.attname
"""


def sizes(connection: sa.Connection, *, deep: bool) -> Sequence[Size]:
    """Return the size of each table; rows are the estimate of the server unless ``deep``."""
    found = []
    for table in run(connection, _TABLES).all():
        rows = table.rows
        if deep and table.readable:
            rows = run(connection, f"SELECT count(*) FROM {quote(table.name)}").scalar_one()
        found.append(Size(table.name, rows, table.bytes))
    return found


def database_bytes(connection: sa.Connection) -> int:
    """Return the size of the database in bytes."""
    return int(run(connection, "SELECT pg_database_size(current_database())").scalar_one())


def journal(connection: sa.Connection) -> str | None:
    """Return None: a server always has a write-ahead log."""
    return None


def dead_rows(connection: sa.Connection) -> Sequence[DeadRows]:
    """Return the dead rows of each table, by the statistics of the server."""
    return [DeadRows(one.name, one.n_live_tup or 0, one.n_dead_tup or 0) for one in run(connection, _TABLES)]


def indexes(connection: sa.Connection) -> Sequence[Index]:
    """Return the indexes of all tables."""
    found = []
    for one in run(connection, _INDEXES):
        first = one.first if one.amname == "btree" else None
        parts = (one.amname, *one.parts)
        known = one.table, one.name, first, parts, one.predicate, one.indisunique
        found.append(Index(*known, valid=one.indisvalid, key=one.key))
    return found


def index_use(connection: sa.Connection) -> Sequence[IndexUse]:
    """Return the use of each index."""
    return [IndexUse(*row) for row in run(connection, _INDEX_USE)]


def statistics_since(connection: sa.Connection) -> str | None:
    """Return since when the use of indexes is counted; a crash or a reset starts it again."""
    # Without a reset they are as old as the database, whose age the server does not know.
    query = "SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()"
    since = run(connection, query).scalar_one()
    return None if since is None else f"{since:%Y-%m-%d %H:%M:%S}"


def foreign_keys(connection: sa.Connection) -> Sequence[ForeignKey]:
    """Return the foreign keys in the current schema, and those of other schemas to tables in it."""
    found = []
    for row in run(connection, _FOREIGN_KEYS):
        title, child = row.ours or f"{row.schema}.{row.name}", f"{quote(row.schema)}.{quote(row.name)}"
        columns = list(zip(row.columns, row.parent_columns, strict=True))
        found.append(ForeignKey(row.key, row.ours, title, child, columns, row.parent, validated=row.validated))
    return found


def sequences(connection: sa.Connection) -> Sequence[Counter]:
    """Return the sequences of columns that count upwards."""
    return [
        Counter(one.table, one.column, one.seqstart if one.last_value is None else one.last_value + one.seqincrement)
        for one in run(connection, _SEQUENCES)
    ]


def triggers(connection: sa.Connection, table: str) -> Sequence[tuple[str, str]]:
    """Return, for each active trigger, the statements that disable and enable it."""
    words = {"O": "ENABLE", "A": "ENABLE ALWAYS"}
    alter = f"ALTER TABLE {quote(table)}"
    query = (
        "SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') "
        f"AND tgrelid = to_regclass({literal(quote(table))}) ORDER BY tgname"
    )
    return [
        (f"{alter} DISABLE TRIGGER {quote(name)}", f"{alter} {words[fires]} TRIGGER {quote(name)}")
        for name, fires in run(connection, query)
    ]
