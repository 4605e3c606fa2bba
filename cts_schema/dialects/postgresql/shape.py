"""The current schema of a PostgreSQL database as plain values that can be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import plain_names
from cts_schema.dialects.facts import Fingerprint, Item
from cts_schema.dialects.postgresql.expected import expected
from cts_schema.dialects.postgresql.wording import worded

__all__ = ["differs_in_validity", "expected", "fingerprint", "items", "worded"]

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       a.attidentity::text, a.attgenerated::text, l.collname, c.relkind::text || c.relpersistence::text
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
   AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""
_ITEMS = {
    # Since PostgreSQL 18 NOT NULL is also a constraint ('n'), with an old name of the column: attnotnull covers it.
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
_WHOLE = {
    "function": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
    "WHERE prokind <> 'a' AND pronamespace = quote_ident(current_schema())::regnamespace",
    "view": "SELECT relname, pg_get_viewdef(oid) FROM pg_class "
    "WHERE relkind = 'v' AND relnamespace = quote_ident(current_schema())::regnamespace",
}


def fingerprint(connection: sa.Connection) -> Fingerprint:
    """Return everything in the current schema, including unmanaged tables."""
    found: Fingerprint = defaultdict(dict)
    # If the search path has other schemas, PostgreSQL writes the schema before a name. It is not part of the shape.
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema()) || '.'").scalar_one()
    for table, column, *facts in connection.exec_driver_sql(_COLUMNS):
        found[f"table {table}"][f"column {column}"] = tuple(facts)
    for kind, query in _ITEMS.items():
        for table, name, *facts in connection.exec_driver_sql(query):
            found[f"table {table}"][f"{kind} {name}"] = tuple(_plain(schema, fact) for fact in facts)
    for kind, query in _WHOLE.items():
        for name, definition in connection.exec_driver_sql(query):
            found[f"{kind} {name}"] = {"sql": _plain(schema, definition)}
    return dict(found)


def _plain(schema: str, fact: Any) -> Any:
    return plain_names(fact.replace(schema, "")) if isinstance(fact, str) else fact


_CONSTRAINTS = {"CHECK": "check", "FOREIGN": "foreign-key", "PRIMARY": "primary-key", "UNIQUE": "unique"}


def items(facts: Mapping[str, Any]) -> dict[Item, Any]:
    """Return the parts of a table by kind and name, from its fingerprint."""
    found: dict[Item, Any] = {Item("rest", ""): []}
    for what, about in facts.items():
        kind, _, name = what.partition(" ")
        if kind == "constraint":
            kind = _CONSTRAINTS.get(re.split(r"\W", about[0])[0], "constraint")
        if kind == "index" and f"constraint {name}" in facts:
            continue  # the index of a key
        found[Item("identity" if kind == "sequence" else kind, name)] = list(about)  # as JSON has it
    return found


def differs_in_validity(wanted: Any, there: Any) -> bool:
    """Return whether an index is correct except for an interrupted build."""
    return bool(wanted[0] == there[0])
