"""What others have built on a table or column that a downgrade takes away, for the preview of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from cts_schema.ddl import readers
from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.text import quote
from cts_schema.models import Base

# Views, foreign keys of other tables, functions that return its rows: whatever would forbid to drop it.
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
# Indexes, constraints and statistics go with their column without a word; grants and comments too.
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


def on_table(connection: sa.Connection, table: str) -> Iterator[str]:
    """Yield what of others names ``table``, each with what becomes of it while the table is away."""
    if connection.dialect.name == "postgresql":
        values = {"table": quote(table), "managed": list(Base.metadata.tables)}
        for what in connection.execute(sa.text(_ON_TABLE), values).scalars():
            yield f"{what} goes on with the preserved table"
        return
    for what in _naming(connection, table):
        yield f"{what} names it, and fails while it is away"


def with_columns(connection: sa.Connection, table: str, columns: Sequence[str]) -> Iterator[str]:
    """Yield what of others goes with ``columns`` of ``table`` and does not come back."""
    tables = Base.metadata.tables.values()
    indexes = [str(index.name) for one in tables for index in one.indexes]
    constraints = [name for column in columns for name in comes_with(table, column)]
    constraints += [str(ours.name) for one in tables for ours in one.constraints]
    if connection.dialect.name == "postgresql":
        values = {"table": quote(table), "columns": list(columns)}
        values |= {"indexes": indexes, "constraints": constraints}
        found = list(connection.execute(sa.text(_ON_COLUMNS), values).scalars())
    else:
        going = readers.going(connection, table, columns)
        found = [f"{kind} {name}" for kind, name in going if name not in {*indexes, *constraints}]
    for what in dict.fromkeys(found):
        yield f"{what} goes with its column, and does not come back"


def _naming(connection: sa.Connection, table: str) -> Iterator[str]:
    """Yield the views, triggers of other tables and unmanaged tables of SQLite whose text names ``table``."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'index' ORDER BY rowid"
    ).all()
    word = re.compile(rf"\b{re.escape(table)}\b", re.IGNORECASE)
    reference = re.compile(rf"""\breferences\s+["'`\[]?{re.escape(table)}\b""", re.IGNORECASE)
    for kind, name, of, sql in rows:
        text = re.sub(r"'(?:[^']|'')*'", "''", sql)
        if kind == "table":
            if name in Base.metadata.tables or name.startswith("cts_kept_") or not reference.search(sql):
                continue
            yield f"a foreign key of table {name}"
        elif of.lower() != table.lower() and word.search(text):
            yield f"{kind} {name}"
