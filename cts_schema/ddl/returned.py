"""Replaces empty tables that an adoption has built by preserved tables with their dependents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alembic import op

from cts_schema.ddl import moved, moved_postgresql, moved_sqlite, sql
from cts_schema.ddl.silence import quiet
from cts_schema.ddl.text import create_table_of, literal, names, quote

_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
       CASE WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_CONSTRAINTS = """
SELECT quote_ident(conname), contype::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = {table}::regclass AND contype <> 'n' ORDER BY contype = 'f', conname"""
_DEFINITIONS = """
SELECT x.relname::text, pg_get_indexdef(x.oid) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
 WHERE i.indrelid = {table}::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = x.oid)
 UNION ALL
SELECT tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = {table}::regclass AND NOT tgisinternal"""
_KEYS_OF_OTHERS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
 WHERE contype = 'f' AND confrelid = ANY (ARRAY[{tables}]::regclass[])
   AND conrelid <> ALL (ARRAY[{tables}]::regclass[])"""


def put_in_place(tables: Mapping[str, str], held: str) -> dict[str, list[str]]:
    """Replace new tables of PostgreSQL, which have no rows, by preserved ones.

    Args:
        tables: the preserved table by the table that it replaces, parents first.
        held: the schema of the preserved tables, as SQL.

    Returns:
        The triggers that each got from the new table.
    """
    if not tables:
        return {}
    wanted = {table: _facts(quote(table)) for table in tables}
    keys = sql.rows(_KEYS_OF_OTHERS.format(tables=", ".join(literal(quote(table)) for table in tables)))
    for child, key, _ in keys:
        sql.execute(f"ALTER TABLE {child} DROP CONSTRAINT {key}")
    sql.execute(f"DROP TABLE {names(list(tables))}")
    schema = quote(sql.scalar("SELECT current_schema()"))
    for table, preserved in tables.items():
        sql.execute(f"ALTER TABLE {held}.{quote(preserved)} SET SCHEMA {schema}")
        moved_postgresql.rename_back(table, preserved)
    for table, preserved in tables.items():
        with quiet(table):
            moved.leave_behind(table, preserved, moved_postgresql.keys_of(table))
        moved_postgresql.put_keys_back(table)
    triggers = {table: _bring_to_shape(table, *facts) for table, facts in wanted.items()}
    for child, key, definition in keys:
        sql.execute(f"ALTER TABLE {child} ADD CONSTRAINT {key} {definition}")
    return triggers


def fits(preserved: str, table: str) -> bool:
    """Return whether ``preserved``, as SQL, can get the shape of the new ``table``, which has no rows."""
    if sql.scalar(f"SELECT EXISTS (SELECT 1 FROM {quote(table)})"):
        return False
    columns, constraints, _ = _facts(preserved)
    there = {name: kind for name, kind, _ in columns}
    checks = {name: definition for name, kind, definition in constraints if kind != "f"}
    new_columns, new_constraints, _ = _facts(quote(table))
    return all(there.get(name, kind) == kind for name, kind, _ in new_columns) and all(
        kind == "f" or checks.get(name, definition) == definition for name, kind, definition in new_constraints
    )


def put_in_place_on_sqlite(table: str, preserved: str, indexes: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Replace the new ``table`` by ``preserved`` if it has its shape.

    Args:
        table: a table without rows.
        preserved: the preserved table.
        indexes: name and SQL of its former indexes.

    Returns:
        If it has another shape: what to recreate on the new table after it has the rows.
    """
    wanted = moved_sqlite.facts(table)
    created = create_table_of(op.get_bind(), table)
    new = moved_sqlite.definitions(table)
    sql.execute(f"DROP TABLE {quote(table)}")
    for _, definition in indexes:
        sql.execute(definition)
    moved_sqlite.rename_back(table, preserved)
    same = wanted <= moved_sqlite.facts(table)
    own: Sequence[tuple[str, str]] = ()
    if not same:
        own = moved_sqlite.strip(table)
        moved_sqlite.move_away(table, preserved)
        sql.execute(created)
    there = {name for name, _ in moved_sqlite.definitions(table)}
    for name, definition in new:
        if name not in there:
            sql.execute(definition)
    if same:
        with quiet(table):
            moved.leave_behind(table, preserved, moved_sqlite.keys_of(table))
    return [(name, definition) for name, definition in own if name not in dict(new)]


def _facts(table: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return columns, constraints, and indexes and triggers of a table, given as SQL."""
    columns, constraints, definitions = (
        sql.rows(query.format(table=literal(table))) for query in (_COLUMNS, _CONSTRAINTS, _DEFINITIONS)
    )
    return columns, constraints, definitions


def _bring_to_shape(
    table: str,
    columns: Sequence[tuple[str, ...]],
    constraints: Sequence[tuple[str, ...]],
    definitions: Sequence[tuple[str, ...]],
) -> list[str]:
    """Add to ``table`` what it lacks of the new one; return the added triggers."""
    found_columns, found_constraints, found_definitions = (
        {name for name, *_ in found} for found in _facts(quote(table))
    )
    alter = f"ALTER TABLE {quote(table)} ADD"
    for name, kind, rest in columns:
        if name not in found_columns:
            sql.execute(f"{alter} COLUMN {quote(name)} {kind}{rest}")
    for name, _, definition in constraints:
        if name not in found_constraints:
            sql.execute(f"{alter} CONSTRAINT {name} {definition}")
    lacking = [(name, definition) for name, definition in definitions if name not in found_definitions]
    for _, definition in lacking:
        sql.execute(definition)
    return [name for name, definition in lacking if definition.startswith("CREATE TRIGGER")]
