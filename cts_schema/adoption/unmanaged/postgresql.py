"""Unmanaged tables of PostgreSQL: their foreign keys, read from its catalogue, and how references follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.postgresql import key_as_text
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.adoption.unmanaged import changes, preserved
from cts_schema.adoption.unmanaged.references import ONLY, Column, Reference, Table, Unique
from cts_schema.ddl.text import literal, quote, run
from cts_schema.exceptions import AdoptionBlocked

_MOST_COLUMNS = 1600  # that a table may have

_KEYS = """
SELECT k.conrelid, k.confrelid, quote_ident(cn.nspname) || '.' || quote_ident(c.relname) AS child,
       quote_ident(pn.nspname) || '.' || quote_ident(p.relname) AS parent,
       pn.nspname = current_schema() AND p.relname IN {ours} AS managed,
       cn.nspname = current_schema() AND c.relname IN {ours} AS own, p.relname::text AS name,
       k.confmatchtype = 'f' AS full,
       quote_ident(k.conname) || ' of ' || CASE WHEN cn.nspname <> current_schema() THEN quote_ident(cn.nspname) || '.'
         ELSE '' END || quote_ident(c.relname) AS title,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS parent_columns,
       array(SELECT format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL)
               FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
               JOIN pg_type t ON t.oid = a.atttypid ORDER BY u.i) AS parent_types
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
  JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
 ORDER BY 3, k.conname
"""
_COLUMNS = """
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory = 'S' AS text,
       a.attgenerated <> '' AS fixed,
       NOT (a.attnotnull OR t.typnotnull OR a.attgenerated <> '' OR EXISTS (
         SELECT 1 FROM pg_partitioned_table p
          WHERE p.partrelid = a.attrelid AND a.attnum = ANY (p.partattrs::smallint[])) OR EXISTS (
         SELECT 1 FROM pg_index i
          WHERE i.indrelid = a.attrelid AND i.indisunique
            AND (i.indnullsnotdistinct AND a.attnum = ANY (i.indkey::smallint[])
                 OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND a.attnum <> ALL (i.indkey::smallint[])
                 AND EXISTS (
                   SELECT 1 FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                      AND d.refobjsubid = a.attnum)))) AS loose
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_UNIQUE = """
SELECT i.indisprimary, array(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY u (n, p)
                               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n
                              WHERE u.p <= i.indnkeyatts ORDER BY u.p) AS columns,
       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') AS condition
  FROM pg_index i
 WHERE i.indrelid = {table}::regclass AND i.indisunique AND i.indexprs IS NULL
 ORDER BY i.indexrelid
"""


def keys(connection: sa.Connection, old: Mapping[str, LegacyTable]) -> list[Reference]:
    """Return the foreign keys of unmanaged tables."""
    ours = f"({', '.join(map(literal, target.tables()))})"
    return [
        Reference(
            row.title,
            row.child,
            tuple(row.columns),
            row.name if row.managed else row.parent,
            tuple(row.parent_columns),
            row.managed,
            row.full,
            tuple(row.parent_types),
        )
        for row in run(connection, _KEYS.format(ours=ours))
        if not row.own
    ]


def table(connection: sa.Connection, place: str) -> Table:
    """Return a table with what its rows must meet."""
    named = literal(place)
    columns = [
        Column(row.name, row.type, row.loose, row.fixed, row.text)
        for row in run(connection, _COLUMNS.format(table=named))
    ]
    unique = run(connection, _UNIQUE.format(table=named)).all()
    checks = run(
        connection,
        f"SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = {named}::regclass "
        "AND contype = 'c' AND convalidated ORDER BY conname",
    ).scalars()
    title, only = run(
        connection,
        "SELECT CASE WHEN n.nspname <> current_schema() THEN n.nspname || '.' ELSE '' END || c.relname, "
        f"CASE WHEN c.relkind = 'r' THEN {literal(ONLY)} ELSE '' END "
        f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {named}::regclass",
    ).one()
    return Table(
        f"{only}{place}",
        title,
        {column.name: column for column in columns},
        next((tuple(row.columns) for row in unique if row.indisprimary), ()),
        tuple(sorted({Unique(tuple(row.columns), row.condition) for row in unique})),
        tuple(checks.all()),
        "({0}.tableoid::text || {0}.ctid::text)",
        "postgresql",
    )


class Changes(changes.Changes):
    """What becomes of references; the rows that change are preserved for an undo."""

    def as_parent(self, key: Reference, place: int) -> str:
        """Return a referring column, which becomes text with its key."""
        column = self.tables[key.table].columns[key.columns[place]]
        value = f"c.{quote(column.name)}"
        kind = target.tables()[key.parent].columns[key.parent_columns[place]].kind
        return value if column.text or kind not in ("text", "enum") else key_as_text(value, key.parent_types[place])

    def require_possible(self, affected: Sequence[Table]) -> None:
        """Check that the copies of the rows for an undo have room for their columns.

        Raises:
            AdoptionBlocked: one has not.
        """
        for one in affected:
            columns, more = len(one.columns), len(self.referring(one)) + 1
            if columns + more > _MOST_COLUMNS:
                raise AdoptionBlocked(
                    blockers=f"table {one.title}: rows of it refer to rows that are not kept as they were, and the "
                    f"copy of them for an undo has {more} columns more than its {columns:,}; PostgreSQL takes "
                    f"{_MOST_COLUMNS:,}: fix what they refer to, or drop the foreign key"
                )

    def apply(self, statements: Sequence[tuple[Table, Sequence[str]]]) -> None:
        """Change tables by statements, once the rows are preserved."""
        affected = [one for one, _ in statements]
        self.require_possible(affected)
        preserved.preserve(self.connection, [(one, self._rows(one), self.referring(one)) for one in affected])
        preserved.change(
            self.connection,
            [one.name for one in affected],
            [change for _, of_table in statements for change in of_table],
        )

    def _rows(self, one: Table) -> str:
        """Return a query of the rows that change, as they were and with what their references become."""
        news = "".join(
            f", {self.edited(one, 'c', name)} AS {preserved.NEW}{number}"
            for number, name in enumerate(self.referring(one))
        )
        moved, edited = self.is_moved(one, "c"), self.is_edited(one, "c")
        return f"SELECT c.*, {moved} AS {preserved.MOVED}{news} FROM {one.place} c WHERE {moved} OR {edited}"
