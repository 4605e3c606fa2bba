"""What a schema of PostgreSQL has, read from its own catalogue."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.survey.tables import LegacyColumn, LegacyTable, Survey, is_ours, ledgers
from cts_schema.ddl.text import quote, run

_TABLES = """
SELECT c.oid, c.relname, c.relkind::text, pg_has_role(c.relowner, 'USAGE') AS owned
  FROM pg_class c
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT c.relispartition
 ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname, a.attnum, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE format_type(t.oid, NULL) END AS type
  FROM pg_attribute a
  JOIN pg_type d ON d.oid = a.atttypid
  JOIN pg_type t ON t.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
 WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_KEYS = """
SELECT i.indisprimary, array(SELECT a.attname::text FROM unnest(i.indkey) k JOIN pg_attribute a
                              ON a.attrelid = i.indrelid AND a.attnum = k) AS columns
  FROM pg_index i
 WHERE i.indrelid = {oid} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   AND i.indnatts = i.indnkeyatts
"""


def survey(connection: sa.Connection, version_table: str) -> Survey:
    """Read what the current schema has."""
    tables: dict[str, LegacyTable] = {}
    unmanaged, taken = [], []
    for oid, name, kind, owned in connection.exec_driver_sql(_TABLES).all():
        if kind != "r":
            if name in target.tables():
                taken.append(f"{ {'p': 'partitioned table', 'f': 'foreign table'}.get(kind, 'view') } {name}")
        elif is_ours(name):
            if run(connection, f"SELECT 1 FROM pg_inherits WHERE inhparent = {oid}").first():
                taken.append(f"table {name}, which has child tables,")
            found = run(connection, _COLUMNS.format(oid=oid)).all()
            keys = [(row[0], tuple(row[1])) for row in run(connection, _KEYS.format(oid=oid))]
            tables[name] = LegacyTable(
                name=name,
                columns={column.attname: LegacyColumn(column.attname, column.type) for column in found},
                key=next((columns for primary, columns in keys if primary), ()),
                unique=frozenset(tuple(sorted(columns)) for _, columns in keys),
                rows=run(connection, f"SELECT count(*) FROM {quote(name)}").scalar_one() if owned else 0,
                owned=owned,
            )
        elif name != version_table:
            unmanaged.append(name)
    size = connection.exec_driver_sql(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace"
    ).scalar_one()
    return Survey(
        schema=quote(connection.exec_driver_sql("SELECT current_schema()").scalar_one()),
        tables=tables,
        unmanaged=tuple(unmanaged),
        ledgers=ledgers(tables, partial(_newest, connection)),
        taken=tuple(taken),
        size=size,
    )


def _newest(connection: sa.Connection, table: LegacyTable, column: LegacyColumn) -> bytes | None:
    # Of another type there may be no maximum, and no such value in Python.
    if column.type not in ("integer", "bigint", "text", "character varying"):
        return None
    newest = f"SELECT convert_to(max({quote(column.name)})::text, 'UTF8') FROM {quote(table.name)}"
    found: bytes | None = run(connection, newest).scalar()
    return found
