"""What Alembic does not compare of a PostgreSQL schema: triggers, CHECKs, and the predicates of indexes."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

_TRIGGERS = (
    "SELECT c.relname, t.tgname, "
    "CASE t.tgenabled WHEN 'O' THEN '' ELSE 'off: ' END || pg_get_triggerdef(t.oid, true) FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"
)
_INDEXES = sa.text(
    "SELECT i.relname, coalesce(pg_get_expr(x.indpred, x.indrelid), '') FROM pg_index x "
    "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid "
    "WHERE c.relname = :table AND pg_table_is_visible(c.oid)"
)


def triggers(connection: sa.Connection) -> Mapping[tuple[str, str], str]:
    """Return the statement of each trigger by table and name, with a mark if it does not always fire."""
    return {(table, name): statement for table, name, statement in connection.exec_driver_sql(_TRIGGERS)}


def checks(connection: sa.Connection, table: str) -> Mapping[str, str]:
    """Return the condition of each CHECK by its name."""
    return {str(check["name"]): check["sqltext"] for check in sa.inspect(connection).get_check_constraints(table)}


def indexes(connection: sa.Connection, table: str) -> Mapping[str, str]:
    """Return the predicate of each index by name; empty without one."""
    return {row[0]: row[1] for row in connection.execute(_INDEXES, {"table": table})}


def wanted_index(index: sa.Index, dialect: sa.Dialect) -> str:
    """Return the predicate of an index of the models; empty without one."""
    where = index.dialect_options["postgresql"]["where"]
    return "" if where is None else str(where.compile(compile_kwargs={"literal_binds": True}))
