"""Reads what depends on the legacy tables out of the catalogue of PostgreSQL.

The server deparses every definition. Nothing is locked that would hinder anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption.dependents.postgresql import foreign_keys as keys_on_postgresql
from cts_schema.adoption.dependents.postgresql.attachments import Attachments, bound, in_list
from cts_schema.adoption.dependents.postgresql.facts import Facts, Grant, Relation
from cts_schema.adoption.legacy.schema import current_schema
from cts_schema.ddl.text import quote, run
from cts_schema.dialects.postgresql.lock import setting


def read_facts(connection: sa.Connection, tables: Sequence[str]) -> Facts:
    """Return all that depends on ``tables`` of the current schema; nothing is locked that would hinder anybody."""
    old = _oids(connection, tables)
    keys, columns = keys_on_postgresql.read(connection, old)
    view_reads = _view_reads(connection)
    views = _views(view_reads, old, columns)
    over_columns = [view for view, relation, column in view_reads if (relation, column) in columns]
    moved = [*old, *views]
    attachments = Attachments(connection, old, moved, columns)
    others = ({row.conrelid for row in keys} | {row.confrelid for row in keys} | attachments.tables) - set(moved)
    path = _path(connection, [*views, *others])
    with setting(connection, "search_path", path):
        relations = _relations(connection, [*moved, *others])
        hollow = _hollow(connection, over_columns)
        return Facts(
            path=path,
            tables=tuple(relations[oid] for oid in old),
            views=tuple(
                replace(
                    relations[view],
                    reads=tuple(relations[one].name for one in reads),
                    hollow=hollow.get(view, ""),
                )
                for view, reads in views.items()
            ),
            others=tuple(relations[oid] for oid in sorted(others)),
            foreign_keys=keys_on_postgresql.defined(connection, keys, old),
            retyped=keys_on_postgresql.retyped(connection, columns, keys),
            attachments=attachments.defined(),
            sequences=_sequences(connection, old),
            bound=bound(connection, old, moved, attachments),
        )


def _oids(connection: sa.Connection, tables: Sequence[str]) -> list[int]:
    query = sa.text(
        "SELECT oid FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace "
        "AND relname::text = ANY (CAST(:names AS text[])) ORDER BY relname"
    )
    return list(connection.execute(query, {"names": list(tables)}).scalars())


def _view_reads(connection: sa.Connection) -> Sequence[Any]:
    """Return which view reads which column of which relation; column 0 is none in particular."""
    return run(
        connection,
        """
        SELECT DISTINCT r.ev_class, d.refobjid, d.refobjsubid
          FROM pg_depend d
          JOIN pg_rewrite r ON r.oid = d.objid
          JOIN pg_class c ON c.oid = r.ev_class
         WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND r.ev_type = '1'
           AND d.refobjid <> r.ev_class
           AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)""",
    ).all()


def _views(
    view_reads: Sequence[Any], old: Collection[int], columns: Collection[tuple[int, int]]
) -> dict[int, list[int]]:
    """Return the views that read ``old``, one of ``columns``, or another such view.

    Each comes with those of them that it reads, and after them.
    """
    found: dict[int, set[int]] = {}
    size = -1
    while len(found) > size:
        size = len(found)
        for view, relation, column in view_reads:
            if relation in old or (relation, column) in columns:
                found.setdefault(view, set())
            elif relation in found:
                found.setdefault(view, set()).add(relation)
    return {view: sorted(found[view]) for view in TopologicalSorter(found).static_order()}


def _hollow(connection: sa.Connection, views: Collection[int]) -> dict[int, str]:
    """Return for each view a query of the same columns that reads nothing; not for those that are materialized."""
    rows = run(
        connection,
        f"""
        SELECT a.attrelid, 'SELECT ' || string_agg(
                 'NULL::' || format_type(a.atttypid, a.atttypmod)
                 || CASE WHEN a.attcollation <> t.typcollation
                         THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
                 || ' AS ' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
          FROM pg_attribute a
          JOIN pg_type t ON t.oid = a.atttypid
          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'v'
         WHERE a.attrelid IN {in_list(views)} AND a.attnum > 0
         GROUP BY a.attrelid""",
    )
    return {row[0]: row[1] for row in rows}


def _path(connection: sa.Connection, relations: Iterable[int]) -> str:
    schemas = run(
        connection,
        "SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE c.oid IN {in_list(relations)} AND n.nspname <> current_schema() ORDER BY 1",
    ).scalars()
    return ", ".join(map(quote, [current_schema(connection), *schemas]))


_RELATIONS = """
SELECT c.oid, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
       c.oid::regclass::text AS name,
       CASE WHEN n.nspname <> current_schema() THEN quote_ident(n.nspname) || '.' ELSE '' END
         || quote_ident(c.relname) AS title,
       quote_ident(n.nspname) AS schema, quote_ident(c.relname) AS own_name,
       quote_ident(pg_get_userbyid(c.relowner)) AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
       current_setting('is_superuser') = 'on'
         OR has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS creatable,
       array[c.relrowsecurity, c.relforcerowsecurity] AS guarded, c.relispopulated AS populated,
       array(SELECT split_part(o, '=', 1) || ' = ' || quote_literal(substr(o, strpos(o, '=') + 1))
               FROM unnest(c.reloptions) o) AS options,
       CASE WHEN c.relkind IN ('v', 'm') THEN rtrim(pg_get_viewdef(c.oid), ';') ELSE '' END AS definition
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid IN {oids}
"""
_PARTS = {
    "comments": """
SELECT d.objoid, quote_ident(a.attname), quote_literal(d.description)
  FROM pg_description d
  LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE d.classoid = 'pg_class'::regclass AND d.objoid IN {oids}
 ORDER BY d.objsubid""",
    "defaults": """
SELECT d.adrelid, quote_ident(a.attname), pg_get_expr(d.adbin, d.adrelid)
  FROM pg_attrdef d
  JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  JOIN pg_class c ON c.oid = d.adrelid AND c.relkind = 'v'
 WHERE d.adrelid IN {oids}
 ORDER BY d.adnum""",
    "indexes": """
SELECT i.indrelid, quote_ident(x.relname), pg_get_indexdef(i.indexrelid, 0, true)
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 'm'
  JOIN pg_class x ON x.oid = i.indexrelid
 WHERE i.indrelid IN {oids}
 ORDER BY i.indexrelid""",
}


def _relations(connection: sa.Connection, oids: Collection[int]) -> dict[int, Relation]:
    listed = in_list(oids)
    grants, parts = defaultdict[int, set[Grant]](set), defaultdict[tuple[int, str], list[Any]](list)
    for oid, grant in read_grants(connection, f"c.oid IN {listed}"):
        grants[oid].add(grant)
    for part, query in _PARTS.items():
        for oid, name, text in run(connection, query.format(oids=listed)):
            parts[oid, part].append((name, text))
    found = {}
    for row in run(connection, _RELATIONS.format(oids=listed)).mappings():
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
        }
        oid = facts.pop("oid")
        facts |= {part: tuple(parts[oid, part]) for part in _PARTS}
        found[oid] = Relation(grants=frozenset(grants[oid]), **facts)
    return found


def _sequences(connection: sa.Connection, old: Sequence[int]) -> tuple[tuple[str, str], ...]:
    """Return the sequences that belong to a column of a legacy table, and that another table draws from too."""
    rows = run(
        connection,
        f"""
        SELECT s.oid::regclass::text, o.refobjid::regclass::text || '.' || quote_ident(a.attname)
          FROM pg_class s
          JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = s.oid AND o.deptype = 'a'
               AND o.refclassid = 'pg_class'::regclass AND o.refobjid IN {in_list(old)}
          JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
         WHERE s.relkind = 'S' AND EXISTS (
                 SELECT 1 FROM pg_depend u
                   JOIN pg_attrdef d ON d.oid = u.objid
                  WHERE u.classid = 'pg_attrdef'::regclass AND u.refclassid = 'pg_class'::regclass
                    AND u.refobjid = s.oid AND d.adrelid NOT IN {in_list(old)})
         ORDER BY 1""",
    )
    return tuple((row[0], row[1]) for row in rows)


def read_grants(connection: sa.Connection, condition: str) -> list[tuple[int, Grant]]:
    """Return who may do what, by relation.

    Args:
        connection: any.
        condition: which relations, on pg_class AS c.
    """
    role = "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END"
    rows = run(
        connection,
        f"""
        SELECT c.oid, {role}, g.privilege_type, g.is_grantable, NULL
          FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
         WHERE {condition}
         UNION ALL
        SELECT c.oid, {role}, g.privilege_type, g.is_grantable, quote_ident(a.attname)
          FROM pg_class c, pg_attribute a, aclexplode(a.attacl) g
         WHERE {condition} AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped""",
    )
    return [(oid, Grant(*grant)) for oid, *grant in rows]
