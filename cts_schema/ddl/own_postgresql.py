"""Finds what a table of PostgreSQL has beyond its revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

from cts_schema.ddl import sql
from cts_schema.ddl.text import literal, quote

# Features that no revision adds, and unmanaged objects that use the table.
_HUNG_ON = """
SELECT pg_get_userbyid(c.relowner) <> current_user
    OR c.relrowsecurity OR c.relforcerowsecurity OR c.reloptions IS NOT NULL OR c.relreplident <> 'd'
    OR EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
    OR EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid)
    OR EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = c.oid)
    OR EXISTS (SELECT 1 FROM pg_description d WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass)
    OR EXISTS (SELECT 1 FROM pg_publication_rel WHERE prrelid = c.oid)
    OR EXISTS (SELECT 1 FROM pg_statistic_ext WHERE stxrelid = c.oid)
    OR EXISTS (SELECT 1 FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent))
    OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.deptype = 'n' AND NOT (d.classid = 'pg_constraint'::regclass
                  AND d.objid IN (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid))
                  AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
                    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = c.reltype)))
  FROM pg_class c WHERE c.oid = CAST({literal} AS regclass)"""
# Features that may differ from those of its revision.
_FACTS = """
WITH c AS (SELECT * FROM pg_class WHERE oid = CAST({literal} AS regclass))
SELECT 'table' AS kind, c.relname::text AS name, json_build_array(c.relpersistence, c.reltablespace, c.relam,
         (SELECT array_agg(one::text ORDER BY one::text) FROM unnest(c.relacl) one))::text AS fact FROM c
UNION ALL
SELECT 'column', attname, json_build_array(format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
         attcollation, attstorage, attcompression, attacl, attoptions, coalesce(attstattarget, -1),
         (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum),
         (SELECT json_build_array(seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle, s.relacl)
            FROM pg_sequence JOIN pg_class s ON s.oid = seqrelid
           WHERE seqrelid = pg_get_serial_sequence({literal}, attname)::regclass))::text
  FROM c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'constraint', conname,
       json_build_array(pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))::text
  FROM c JOIN pg_constraint k ON conrelid = c.oid AND contype <> 'n'
UNION ALL
SELECT 'index', x.relname, json_build_array(pg_get_indexdef(x.oid), obj_description(x.oid, 'pg_class'),
         x.reltablespace, indisclustered, indisreplident, indisvalid)::text
  FROM c JOIN pg_index ON indrelid = c.oid JOIN pg_class x ON x.oid = indexrelid"""


def has_additions(table: sa.Table) -> bool:
    """Return whether a table has features beyond its revision, or unmanaged objects use it."""
    name = literal(quote(table.name))
    if sql.scalar(_HUNG_ON.format(literal=name)):
        return True
    facts = _FACTS.format(literal=name)
    there = set(sql.rows(facts))
    # Only the server writes definitions in the form of its catalog, and knows default privileges.
    with op.get_bind().begin_nested() as nested:
        op.drop_table(table.name)
        op.execute(CreateTable(table))
        for index in table.indexes:
            op.execute(CreateIndex(index))
        made = set(sql.rows(facts))
        nested.rollback()
    return not there <= made
