"""The schema of a real database as plain values that can be compared.

Independent of the order of columns (ADD COLUMN appends them) and of whether a constraint was written inline or at the
end of its table; sensitive to everything else: types, defaults, NULL, keys, constraints and their names, indexes with
order and predicate, triggers, functions, views.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl import sqlite_checks
from cts_schema.ddl.text import quote

Fingerprint = dict[str, dict[str, Any]]
"""What there is, by kind and name: ``{"table users": {"column id": ..., "index ...": ...}}``."""


def fingerprint(connection: sa.Connection) -> Fingerprint:
    """Return the schema of the database: all that is in the current one, unmanaged tables too."""
    return _sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection)


def differences(one: Fingerprint, other: Fingerprint) -> dict[str, Any]:
    """Return what differs, as ``{"table users": {"column id": (one, other)}}``."""
    found: dict[str, Any] = {}
    for item in sorted(one.keys() | other.keys()):
        mine, theirs = one.get(item), other.get(item)
        if mine is None or theirs is None:
            found[item] = ("absent" if mine is None else "there", "absent" if theirs is None else "there")
        elif mine != theirs:
            details = sorted(mine.keys() | theirs.keys())
            found[item] = {key: (mine.get(key), theirs.get(key)) for key in details if mine.get(key) != theirs.get(key)}
    return found


def _sqlite(connection: sa.Connection) -> Fingerprint:
    found: Fingerprint = {}
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type = 'trigger'"
    ).all()
    # A trigger has the name of its table as whoever made it wrote it.
    tables = {name.lower(): name for kind, name, *_ in rows if kind in ("table", "view")}
    for kind, name, table, sql in rows:
        if kind == "table" and not name.startswith("sqlite_"):
            found[f"table {name}"] = _sqlite_table(connection, name, sql)
        elif kind == "view":
            found[f"view {name}"] = {"sql": _squeezed(sql)}
        elif kind == "trigger":
            found.setdefault(f"table {tables.get(table.lower(), table)}", {})[f"trigger {name}"] = _squeezed(sql)
    return found


def _sqlite_table(connection: sa.Connection, table: str, sql: str) -> dict[str, Any]:
    quoted = quote(table)
    found: dict[str, Any] = {}
    for column in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})"):
        _, name, type_, notnull, default, key, hidden = column
        found[f"column {name}"] = (type_, bool(notnull), _without_parentheses(default), key, hidden)
    keys = defaultdict(list)
    for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
        keys[row.id].append((row[3], row[4], row[2], row[5], row[6], row[7]))
    found["foreign keys"] = sorted(
        (tuple(sorted(parts)) for parts in keys.values()),
        # Of the parent it may name no column, and mean the primary key.
        key=lambda key: [[part or "" for part in parts] for parts in key],
    )
    for name, condition in sqlite_checks(connection, table).items():
        found[f"check {name}"] = _squeezed(condition)
    uniques = []
    for row in connection.exec_driver_sql(f"PRAGMA index_list({quoted})").all():
        _, name, unique, origin, partial = row
        columns = tuple(
            (part[2], bool(part[3]), part[4])
            for part in connection.execute(sa.text("SELECT * FROM pragma_index_xinfo(:name)"), {"name": name})
            if part[5]  # a column of the key, and not the rowid behind it
        )
        if origin == "c":
            text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar_one()
            found[f"index {name}"] = (bool(unique), columns, bool(partial), _squeezed(text))
        else:
            uniques.append((origin, columns))
    found["unique"] = sorted(uniques)
    code = re.sub(r"'(?:[^']|'')*'", "''", sql)
    found["names"] = sorted(name.replace('"', "") for name in re.findall(r'(?i)\bconstraint\s+("[^"]+"|\w+)', code))
    clauses = r"(?i)\b(autoincrement|without\s+rowid|strict$|collate\s+\w+|on\s+conflict\s+\w+|(?:not\s+)?deferrable)"
    found["clauses"] = sorted(clause.upper() for clause in re.findall(clauses, code))
    return found


_POSTGRESQL_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       a.attidentity::text, a.attgenerated::text, l.collname, c.relkind::text || c.relpersistence::text
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
   AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""
_POSTGRESQL_ITEMS = {
    # Since PostgreSQL 18 NOT NULL is a constraint too ('n'), named after the column of the time: attnotnull tells it.
    "constraint": """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         WHERE k.contype <> 'n' AND c.relnamespace = quote_ident(current_schema())::regnamespace""",
    "index": """
        SELECT c.relname, x.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
         WHERE c.relnamespace = quote_ident(current_schema())::regnamespace""",
    "trigger": """
        SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE NOT t.tgisinternal AND c.relnamespace = quote_ident(current_schema())::regnamespace""",
    "sequence": """
        SELECT c.relname, a.attname, format_type(s.seqtypid, NULL), s.seqincrement::text || ' ' || s.seqstart::text
          FROM pg_sequence s
          JOIN pg_depend d ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
          JOIN pg_class c ON c.oid = d.refobjid
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE c.relnamespace = quote_ident(current_schema())::regnamespace""",
}
_POSTGRESQL_WHOLE = {
    "function": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
    "WHERE prokind <> 'a' AND pronamespace = quote_ident(current_schema())::regnamespace",
    "view": "SELECT relname, pg_get_viewdef(oid) FROM pg_class "
    "WHERE relkind = 'v' AND relnamespace = quote_ident(current_schema())::regnamespace",
}


def _postgresql(connection: sa.Connection) -> Fingerprint:
    found: Fingerprint = defaultdict(dict)
    # Where it is not in the search path alone, PostgreSQL writes the schema before a name. It is not part of the shape.
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema()) || '.'").scalar_one()
    for table, column, *facts in connection.exec_driver_sql(_POSTGRESQL_COLUMNS):
        found[f"table {table}"][f"column {column}"] = tuple(facts)
    for kind, query in _POSTGRESQL_ITEMS.items():
        for table, name, *facts in connection.exec_driver_sql(query):
            found[f"table {table}"][f"{kind} {name}"] = tuple(_without(schema, fact) for fact in facts)
    for kind, query in _POSTGRESQL_WHOLE.items():
        for name, definition in connection.exec_driver_sql(query):
            found[f"{kind} {name}"] = {"sql": _without(schema, definition)}
    return dict(found)


def _without(schema: str, fact: Any) -> Any:
    return fact.replace(schema, "") if isinstance(fact, str) else fact


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip().replace('"', "")


def _without_parentheses(default: str | None) -> str | None:
    """A rebuild writes DEFAULT (CURRENT_TIMESTAMP), which means the same as without parentheses."""
    while default is not None and default.startswith("(") and default.endswith(")"):
        default = default[1:-1].strip()
    return default
