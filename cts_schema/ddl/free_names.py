"""Whether somebody has made something under the name of a table while that was away."""

from __future__ import annotations

from cts_schema.ddl import sql
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import NameTaken

_ON_POSTGRESQL = """
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
       WHEN 'i' THEN 'index' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END, relname::text
  FROM pg_class WHERE relnamespace IN (quote_ident(current_schema())::regnamespace, pg_my_temp_schema())
   AND relname IN ({names})
 UNION ALL
SELECT CASE typtype WHEN 'd' THEN 'domain' ELSE 'type' END, typname::text FROM pg_type
 WHERE typnamespace = quote_ident(current_schema())::regnamespace AND typtype <> 'c' AND typelem = 0
   AND typname IN ({names})"""
# A temporary table stands before that of the same name.
_ON_SQLITE = (
    "SELECT type, name FROM (SELECT type, name FROM sqlite_master UNION ALL SELECT type, name FROM sqlite_temp_master) "
    "WHERE type <> 'trigger' AND name COLLATE NOCASE IN ({names})"
)


def require_free(*names: str) -> None:
    """Check that nothing has the name of a table that is about to come.

    Raises:
        NameTaken: something has; says what, and how to rename it.
    """
    query = _ON_POSTGRESQL if sql.on_postgresql() else _ON_SQLITE
    for kind, found in sql.rows(query.format(names=", ".join(map(literal, names)))):
        other, what = quote(shorten(f"{found}_mine")), f"{kind.upper()} {quote(found)}"
        rename = f"ALTER {what} RENAME TO {other}"
        if not sql.on_postgresql() and kind != "table":  # SQLite renames tables alone
            rename = f"DROP {what}, and create it again as {other}"
        raise NameTaken(
            cause=f"{kind} {found} has the name of a table that an upgrade makes or restores; all was rolled back",
            rename=rename,
        )
