"""Foreign keys between legacy tables and others on PostgreSQL, and the columns that become text with the keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.postgresql import key_as_text
from cts_schema.adoption.dependents.postgresql.attachments import in_list, in_pairs
from cts_schema.adoption.dependents.postgresql.facts import ForeignKey, Retyped
from cts_schema.ddl.text import run

#: A table and the number of a column of it.
Place = tuple[int, int]


@dataclass(frozen=True)
class Cause:
    """Why a column becomes text: the type of the old key that it refers to, and by which column, if not straight."""

    type: str
    parent: Place | None = None


def read(connection: sa.Connection, old: Collection[int]) -> tuple[Sequence[Any], dict[Place, Cause]]:
    """Return the foreign keys that must be made again, a row for each of their columns, and the columns to retype.

    These are the keys with a legacy table on one side, and those that refer to a column that becomes text.

    Args:
        connection: any.
        old: the legacy tables.
    """
    keys = run(connection, _KEYS.format(old=in_list(old))).all()
    columns = _to_text(keys)
    concerned = {
        key.oid
        for key in keys
        if key.inward or key.outward or {(key.conrelid, key.attnum), (key.confrelid, key.parent_number)} <= set(columns)
    }
    return [key for key in keys if key.oid in concerned], columns


_KEYS = """
SELECT k.oid, k.conrelid, k.confrelid, k.confrelid IN {old} AS inward, k.conrelid IN {old} AS outward, a.attnum,
       t.typcategory::text, p.relname AS parent, b.attname AS parent_name, b.attnum AS parent_number,
       format_type(CASE s.typtype WHEN 'd' THEN s.typbasetype ELSE s.oid END, NULL) AS parent_type
  FROM pg_constraint k
 CROSS JOIN unnest(k.conkey, k.confkey) AS u (own, parents)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_class p ON p.oid = k.confrelid
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.parents
  JOIN pg_type s ON s.oid = b.atttypid
 WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT (k.conrelid IN {old} AND k.confrelid IN {old})
 ORDER BY k.oid, a.attnum
"""


def _to_text(keys: Sequence[Any]) -> dict[Place, Cause]:
    """Return the columns of other tables that become text, since what they refer to does; each after that."""
    found = {(key.conrelid, key.attnum): Cause(key.parent_type) for key in keys if _is_of_text(key)}
    more = found
    while more:
        more = {
            place: Cause(more[parent].type, parent)
            for key in keys
            if (parent := (key.confrelid, key.parent_number)) in more
            and (place := (key.conrelid, key.attnum)) not in found
            and key.typcategory != "S"
        }
        found = {**found, **more}
    return found


def _is_of_text(key: Any) -> bool:
    """Whether a column must become text to refer to the new column; what is a string already may stay as it is."""
    table = target.tables().get(key.parent)
    if not key.inward or table is None or key.parent_name not in table.columns:
        return False
    return table.columns[key.parent_name].kind in ("text", "enum") and key.typcategory != "S"


def defined(connection: sa.Connection, keys: Sequence[Any], old: Collection[int]) -> tuple[ForeignKey, ...]:
    """Return the keys as SQL, under the search path of now."""
    rows = run(
        connection,
        f"""
        SELECT quote_ident(conname) AS name, conrelid::regclass::text AS table, convalidated AS validated,
               regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '') AS definition,
               conrelid IN {in_list(old)} AS outward
          FROM pg_constraint
         WHERE oid IN {in_list({key.oid for key in keys})}
         ORDER BY oid""",
    )
    return tuple(ForeignKey(**row._mapping) for row in rows)


def retyped(connection: sa.Connection, columns: Mapping[Place, Cause], keys: Sequence[Any]) -> tuple[Retyped, ...]:
    """Return the columns as SQL, under the search path of now; each after the one that it refers to."""
    # A copy of the table, as the trial makes it, would not show what hinders here.
    rows = run(
        connection,
        f"""
        SELECT a.attrelid, a.attnum, a.attrelid::regclass::text AS table, quote_ident(a.attname) AS column,
               format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS default,
               CASE WHEN EXISTS (
                      SELECT 1 FROM pg_constraint k
                       WHERE k.contype = 'f' AND k.oid NOT IN {in_list({key.oid for key in keys})}
                         AND (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)
                              OR k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey)))
                    THEN 'another foreign key needs its type'
                    WHEN EXISTS (SELECT 1 FROM pg_partitioned_table p
                                  WHERE p.partrelid = a.attrelid AND a.attnum = ANY (p.partattrs::smallint[]))
                    THEN 'it is in the partition key'
                    WHEN a.attinhcount > 0 THEN 'it is inherited'
                    WHEN EXISTS (
                      SELECT 1 FROM pg_depend v JOIN pg_rewrite r ON r.oid = v.objid
                        JOIN pg_class m ON m.oid = r.ev_class AND m.relkind = 'm'
                       WHERE v.classid = 'pg_rewrite'::regclass AND v.refclassid = 'pg_class'::regclass
                         AND v.refobjid = a.attrelid AND v.refobjsubid = a.attnum)
                    THEN 'a materialized view reads it'
               END AS hindrance
          FROM pg_attribute a
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE (a.attrelid, a.attnum) IN {in_pairs(columns)}""",
    )
    found = {(row.attrelid, row.attnum): row for row in rows}
    return tuple(_retyped(found[place], cause, found) for place, cause in columns.items())


def _retyped(row: Any, cause: Cause, found: Mapping[Place, Any]) -> Retyped:
    parent = None if cause.parent is None else found[cause.parent]
    follows = None if parent is None else (parent.table, parent.column)
    text = key_as_text(row.column, cause.type)
    return Retyped(row.table, row.column, row.type, row.default, row.hindrance, text, follows)
