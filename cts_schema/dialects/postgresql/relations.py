"""What a name refers to in a PostgreSQL schema, and what unmanaged objects use a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import quote

# The owner of the schema may have planted functions and operators in it.
_KIND = sa.text(
    "SELECT CAST(c.relkind AS pg_catalog.text) FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) "
    "CAST(pg_catalog.to_regclass(CAST(:name AS pg_catalog.text)) AS pg_catalog.oid)"
)
_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "i": "an index",
    "I": "an index",
    "S": "a sequence",
    "c": "a type",
    "f": "a foreign table",
}
# What may replace a statement: BEFORE triggers of rows, and rules.
_IN_THE_WAY = sa.text(
    "SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger "
    "WHERE tgrelid = to_regclass(quote_ident(:table)) AND NOT tgisinternal AND tgtype & 2 = 2 AND tgenabled <> 'D' "
    "UNION ALL SELECT format('DROP RULE %I ON %s', rulename, ev_class::regclass) FROM pg_rewrite "
    "WHERE ev_class = to_regclass(quote_ident(:table)) AND ev_enabled <> 'D' ORDER BY 1"
)
# Views, foreign keys of other tables, functions that return its rows: all that would prevent a DROP.
_ON_TABLE = """
SELECT DISTINCT replace(pg_describe_object(d.classid, d.objid, d.objsubid), 'rule _RETURN on ', '') AS what
  FROM pg_depend d JOIN pg_class c ON c.oid = CAST(CAST(:table AS text) AS regclass)
  LEFT JOIN pg_constraint k ON d.classid = CAST('pg_constraint' AS regclass) AND k.oid = d.objid
  LEFT JOIN pg_class child ON child.oid = k.conrelid
 WHERE d.deptype = 'n' AND coalesce(child.relname <> ALL (:managed), true)
   AND (child.relname IS NOT NULL OR k.oid IS NULL)
   AND ((d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid)
     OR (d.refclassid = CAST('pg_type' AS regclass) AND d.refobjid = c.reltype))
   AND d.classid <> CAST('pg_policy' AS regclass) ORDER BY what
"""
# A DROP COLUMN silently drops indexes, constraints, statistics, grants and comments.
_ON_COLUMNS = """
SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  LEFT JOIN pg_class x ON d.classid = CAST('pg_class' AS regclass) AND x.oid = d.objid
  LEFT JOIN pg_constraint k ON d.classid = CAST('pg_constraint' AS regclass) AND k.oid = d.objid
 WHERE d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = CAST(CAST(:table AS text) AS regclass)
   AND a.attname = ANY (:columns) AND d.deptype = 'a' AND d.classid <> CAST('pg_attrdef' AS regclass)
   AND coalesce(x.relname <> ALL (:indexes), true)
   AND coalesce(k.contype <> 'n' AND k.conname <> ALL (:constraints), true)
UNION SELECT 'grants on column ' || attname FROM pg_attribute
 WHERE attrelid = CAST(CAST(:table AS text) AS regclass) AND attname = ANY (:columns) AND attacl IS NOT NULL
UNION SELECT 'the comment of column ' || attname FROM pg_attribute
 WHERE attrelid = CAST(CAST(:table AS text) AS regclass) AND attname = ANY (:columns)
   AND col_description(attrelid, attnum) IS NOT NULL
ORDER BY 1
"""


def no_table(connection: sa.Connection, name: str, quoted: str) -> str | None:
    """Return what else than a table has the name; None if it is correct."""
    kind = connection.execute(_KIND, {"name": quoted}).scalar()
    return None if kind is None or kind in ("r", "p") else f"it is {_KINDS.get(kind, 'not a table')}"


def by_name(connection: sa.Connection) -> Sequence[str]:
    """Return nothing: an object that mentions a table is bound to it, so the table exists."""
    return ()


def in_the_way(connection: sa.Connection, table: str) -> Sequence[str]:
    """Return statements that drop each trigger and rule that may replace a statement about a table."""
    return connection.execute(_IN_THE_WAY, {"table": table}).scalars().all()


def on_table(connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
    """Yield the unmanaged objects that use a table, each with its behaviour while the table is preserved."""
    values = {"table": quote(table), "managed": list(managed)}
    for what in connection.execute(sa.text(_ON_TABLE), values).scalars():
        yield f"{what} continues with the preserved table"


def with_columns(
    connection: sa.Connection, table: str, columns: Sequence[str], indexes: Sequence[str], constraints: Sequence[str]
) -> Sequence[str]:
    """Return the unmanaged objects that would be lost with columns; ``indexes`` and ``constraints`` are ours."""
    values = {"table": quote(table), "columns": list(columns)}
    values |= {"indexes": list(indexes), "constraints": list(constraints)}
    return connection.execute(sa.text(_ON_COLUMNS), values).scalars().all()
