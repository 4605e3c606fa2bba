"""The current schema of a PostgreSQL database as plain values that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import plain_names
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot
from cts_schema.dialects.postgresql.expected import expected
from cts_schema.dialects.postgresql.wording import worded

__all__ = ["condensed", "expected", "snapshot", "worded"]

_TABLES = """
SELECT c.relname, CASE WHEN c.relkind = 'p' THEN 'partitioned' WHEN c.relpersistence = 'u' THEN 'unlogged' END
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       a.attidentity::text, a.attgenerated::text, l.collname
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
   AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""
# Since PostgreSQL 18 NOT NULL is also a constraint ('n'), with an old name of the column: attnotnull covers it.
_PARTS = """
SELECT c.relname, CASE k.contype WHEN 'p' THEN 'primary-key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
       WHEN 'f' THEN 'foreign-key' ELSE 'constraint' END, k.conname, pg_get_constraintdef(k.oid), k.convalidated, ''
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE k.contype <> 'n' AND c.relnamespace = quote_ident(current_schema())::regnamespace
UNION ALL
SELECT c.relname, 'index', x.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, ''
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)
UNION ALL
SELECT c.relname, 'trigger', t.tgname, pg_get_triggerdef(t.oid), true, t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND c.relnamespace = quote_ident(current_schema())::regnamespace
UNION ALL
SELECT c.relname, 'identity', a.attname,
       format_type(s.seqtypid, NULL) || ', increment and start ' || s.seqincrement || ' ' || s.seqstart, true, ''
  FROM pg_sequence s
  JOIN pg_depend d ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
"""
_FUNCTIONS = (
    "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
    "WHERE prokind <> 'a' AND pronamespace = quote_ident(current_schema())::regnamespace"
)
_VIEWS = (
    "SELECT relname, pg_get_viewdef(oid) FROM pg_class "
    "WHERE relkind = 'v' AND relnamespace = quote_ident(current_schema())::regnamespace"
)
_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
_GENERATED = {"s": "STORED", "v": "VIRTUAL"}


def condensed(statements: Sequence[str]) -> None:
    """Return None: only a server could say what they make."""


def snapshot(connection: sa.Connection) -> Snapshot:
    """Return everything in the current schema, including unmanaged tables."""
    # If the search path has other schemas, PostgreSQL writes the schema before a name. It is not part of the shape.
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema()) || '.'").scalar_one()

    def plain(text: str) -> str:
        return plain_names(text.replace(schema, ""))

    kinds = connection.exec_driver_sql(_TABLES)
    tables = {table: TableSnapshot(clauses=(kind,) if kind else ()) for table, kind in kinds}
    for table, column, type_, required, default, identity, generated, collation in connection.exec_driver_sql(_COLUMNS):
        tables[table].columns[column] = ColumnSnapshot(
            type_,
            required,
            default,
            _IDENTITY.get(identity, ""),
            _GENERATED.get(generated, ""),
            collation=collation or "",
        )
    for table, kind, name, text, valid, fires in connection.exec_driver_sql(_PARTS):
        # An index may be that of a materialized view, a trigger that of a view.
        place = tables.setdefault(table, TableSnapshot())
        place.parts[Part(kind, name)] = Definition(plain(text), valid, fires)
    return Snapshot(tables, _whole(connection, _VIEWS, plain), _whole(connection, _FUNCTIONS, plain))


def _whole(connection: sa.Connection, query: str, plain: Callable[[str], str]) -> dict[str, str]:
    return {name: plain(definition) for name, definition in connection.exec_driver_sql(query)}
