"""Triggers, rules, policies and publications of the legacy tables on PostgreSQL, and what nobody can make again.

A trigger, a rule or a policy of another table counts too, where it depends on a legacy table, on a view over one, or
on a column that becomes text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import sqlalchemy as sa

from cts_schema.adoption.dependents.postgresql.facts import Attachment
from cts_schema.ddl.text import run
from cts_schema.ddl.triggers import FUNCTION, LEGACY_FUNCTION

_STATES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


# IN needs a value. No relation has this id; 0 would not do, many references to nothing are 0.
_NOTHING = 1


class Attachments:
    """What is attached to tables and columns, found at once and deparsed later, when the search path is set.

    Attributes:
        tables: the other tables that something of it is on.
    """

    def __init__(
        self, connection: sa.Connection, old: Sequence[int], moved: Sequence[int], columns: Collection[tuple[int, int]]
    ) -> None:
        self._connection = connection
        self._old = old
        self._moved = moved
        self._triggers = self._find("pg_trigger", "tgrelid", columns, "NOT o.tgisinternal AND o.tgparentid = 0")
        self._rules = self._find("pg_rewrite", "ev_class", columns, "o.ev_type <> '1'")
        self._policies = self._find("pg_policy", "polrelid", columns, "true")
        self.tables = {*self._triggers.values(), *self._rules.values(), *self._policies.values()} - set(moved)

    def __contains__(self, oid: int) -> bool:
        return oid in self._triggers or oid in self._rules or oid in self._policies

    def __iter__(self) -> Iterator[int]:
        yield from (*self._triggers, *self._rules, *self._policies)

    def defined(self) -> tuple[Attachment, ...]:
        """Return all of it, under the search path of now."""
        return (
            *self._defined("rule", _RULES, self._rules),
            *self._defined("trigger", _TRIGGERS, self._triggers),
            *self._defined("policy", _POLICIES, self._policies),
            *self._publications(),
        )

    def _find(
        self, catalogue: str, relation: str, columns: Collection[tuple[int, int]], condition: str
    ) -> dict[int, int]:
        rows = run(
            self._connection,
            f"""
            SELECT o.oid, o.{relation}
              FROM {catalogue} o
             WHERE {condition}
               AND (o.{relation} IN {in_list(self._moved)} OR EXISTS (
                     SELECT 1 FROM pg_depend d
                      WHERE d.classid = '{catalogue}'::regclass AND d.objid = o.oid
                        AND d.refclassid = 'pg_class'::regclass
                        AND (d.refobjid IN {in_list(self._moved)}
                             OR (d.refobjid, d.refobjsubid) IN {in_pairs(columns)})))""",
        )
        return {row[0]: row[1] for row in rows}

    def _defined(self, kind: str, query: str, found: Collection[int]) -> Iterator[Attachment]:
        for row in run(self._connection, query.format(oids=in_list(found), old=in_list(self._old))):
            make = [row.definition]
            if row.state in _STATES:
                make.append(f"ALTER TABLE {row.relation} {_STATES[row.state]} {kind} {row.name}")
            if row.comment:
                make.append(f"COMMENT ON {kind} {row.name} ON {row.relation} IS {row.comment}")
            drop = f"DROP {kind} IF EXISTS {row.name} ON {row.relation}"
            yield Attachment(kind, row.name, row.relation, row.oid not in self._moved, tuple(make), drop)

    def _publications(self) -> Iterator[Attachment]:
        rows = run(
            self._connection,
            f"""
            SELECT quote_ident(p.pubname) AS name, r.prrelid::regclass::text AS relation,
                   array(SELECT quote_ident(a.attname) FROM pg_attribute a
                          WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::smallint[])) AS columns,
                   pg_get_expr(r.prqual, r.prrelid) AS condition
              FROM pg_publication_rel r
              JOIN pg_publication p ON p.oid = r.prpubid
             WHERE r.prrelid IN {in_list(self._old)}
             ORDER BY r.oid""",
        )
        for row in rows:
            make = (
                f"ALTER PUBLICATION {row.name} ADD TABLE {row.relation}"
                + (f" ({', '.join(row.columns)})" if row.columns else "")
                + (f" WHERE ({row.condition})" if row.condition else "")
            )
            drop = f"ALTER PUBLICATION {row.name} DROP TABLE {row.relation}"
            yield Attachment("publication", row.name, row.relation, False, (make,), drop)


def bound(
    connection: sa.Connection, old: Sequence[int], moved: Sequence[int], attached: Iterable[int]
) -> tuple[tuple[str, str], ...]:
    """Return what else depends on the legacy tables, and cannot be made again: functions, row types, children, ...

    Whatever the catalogue says to depend on a table, its type, its indexes or its sequences is here, unless it belongs
    to a table that moves or is known to be carried over. So nothing is forgotten that PostgreSQL itself knows of.
    """
    query = _BOUND.format(moved=in_list(moved), old=in_list(old), attached=in_list(attached))
    return tuple((row.kind, row.name) for row in run(connection, query))


_RULES = """
SELECT r.ev_class AS oid, quote_ident(r.rulename) AS name, r.ev_class::regclass::text AS relation,
       rtrim(pg_get_ruledef(r.oid, true), ';') AS definition, r.ev_enabled::text AS state,
       quote_literal(obj_description(r.oid, 'pg_rewrite')) AS comment
  FROM pg_rewrite r
 WHERE r.oid IN {oids}
 ORDER BY r.oid
"""
_TRIGGERS = f"""
SELECT t.tgrelid AS oid, quote_ident(t.tgname) AS name, t.tgrelid::regclass::text AS relation,
       pg_get_triggerdef(t.oid, true) AS definition, t.tgenabled::text AS state,
       quote_literal(obj_description(t.oid, 'pg_trigger')) AS comment
  FROM pg_trigger t
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE t.oid IN {{oids}} AND NOT (p.proname IN ('{LEGACY_FUNCTION}', '{FUNCTION}') AND t.tgrelid IN {{old}})
 ORDER BY t.oid
"""
_POLICIES = """
SELECT p.polrelid AS oid, quote_ident(p.polname) AS name, p.polrelid::regclass::text AS relation, 'O' AS state,
       format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, p.polrelid::regclass,
         CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
         CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
           ELSE 'ALL' END,
         array_to_string(array(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END
                                 FROM unnest(p.polroles) r), ', '))
         || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
         || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') AS definition,
       quote_literal(obj_description(p.oid, 'pg_policy')) AS comment
  FROM pg_policy p
 WHERE p.oid IN {oids}
 ORDER BY p.oid
"""
_BOUND = """
WITH index AS (SELECT i.indexrelid AS oid FROM pg_index i
                JOIN pg_class c ON i.indrelid IN (c.oid, c.reltoastrelid) AND c.oid IN {moved}),
sequence AS (
  SELECT d.objid AS oid, d.deptype
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
     AND d.refobjid IN {old} AND d.deptype IN ('a', 'i')),
type AS (
  SELECT t.oid FROM pg_type t WHERE t.typrelid IN {moved}
  UNION ALL SELECT t.typarray FROM pg_type t WHERE t.typrelid IN {moved} AND t.typarray <> 0),
own AS (SELECT oid FROM pg_constraint WHERE conrelid IN {moved}),
part AS (
  SELECT oid FROM pg_class WHERE oid IN {moved}
  UNION ALL SELECT reltoastrelid FROM pg_class WHERE oid IN {moved} AND reltoastrelid <> 0
  UNION ALL SELECT oid FROM index UNION ALL SELECT oid FROM sequence)
SELECT DISTINCT 'object' AS kind, pg_describe_object(d.classid, d.objid, d.objsubid) AS name
  FROM pg_depend d
 WHERE d.deptype <> 'P' AND d.objid NOT IN {attached}
   AND (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM part)
        OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT oid FROM type)
        OR d.refclassid = 'pg_constraint'::regclass AND d.refobjid IN (SELECT oid FROM own))
   AND NOT CASE d.classid
     WHEN 'pg_class'::regclass THEN d.objid IN (SELECT oid FROM part)
     WHEN 'pg_type'::regclass THEN d.objid IN (SELECT oid FROM type)
     WHEN 'pg_constraint'::regclass THEN EXISTS (
       SELECT 1 FROM pg_constraint k WHERE k.oid = d.objid
          AND (k.conrelid IN {moved} OR k.contype = 'f' AND k.confrelid IN {moved}))
     WHEN 'pg_attrdef'::regclass THEN EXISTS (
       SELECT 1 FROM pg_attrdef a WHERE a.oid = d.objid
          AND (a.adrelid IN {moved}
               OR d.refobjid IN (SELECT s.oid FROM sequence s WHERE s.deptype = 'a')))
     WHEN 'pg_trigger'::regclass THEN EXISTS (
       SELECT 1 FROM pg_trigger t WHERE t.oid = d.objid AND (t.tgisinternal OR t.tgrelid IN {moved}))
     WHEN 'pg_rewrite'::regclass THEN EXISTS (
       SELECT 1 FROM pg_rewrite r WHERE r.oid = d.objid AND r.ev_class IN {moved})
     WHEN 'pg_policy'::regclass THEN EXISTS (
       SELECT 1 FROM pg_policy p WHERE p.oid = d.objid AND p.polrelid IN {moved})
     ELSE d.classid IN ('pg_statistic_ext'::regclass, 'pg_publication_rel'::regclass)
   END
 UNION ALL
SELECT 'table', i.inhrelid::regclass::text || ' inherits ' || i.inhparent::regclass::text
  FROM pg_inherits i
 WHERE i.inhrelid IN {old} AND i.inhparent NOT IN {old}
 ORDER BY 1, 2
"""


def in_list(oids: Iterable[int]) -> str:
    """Return object ids as the right side of IN; an empty list finds nothing."""
    return f"({', '.join(map(str, [_NOTHING, *sorted(oids)]))})"


def in_pairs(pairs: Iterable[tuple[int, int]]) -> str:
    """Return pairs of table and column number as the right side of IN."""
    return f"({', '.join(f'({one}, {other})' for one, other in [(_NOTHING, 0), *sorted(pairs)])})"
