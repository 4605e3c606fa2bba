"""Moves a table of PostgreSQL away and back by a rename, with all its dependents except its foreign keys.

Foreign keys would delete preserved rows with their parents, or prevent the delete. A CHECK (true) of the same name
replaces each, with the definition in its comment, so that a backup taken meanwhile has it, too. The blocks inspect the
database themselves, so that an offline script does the same as a run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.ddl.base import AddColumn
from sqlalchemy.schema import CreateIndex, CreateTable

from cts_schema.ddl import sql
from cts_schema.ddl.checks import ImpliedCheck
from cts_schema.ddl.foreign_keys import ForeignKey
from cts_schema.ddl.tables import indexes_of
from cts_schema.ddl.text import literal, quote

_NOTE = "cts_kept: "
_ON_DELETE = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}

_ASIDE = """  IF to_regclass({kept_literal}) IS NOT NULL THEN
    SELECT name INTO STRICT free FROM unnest(ARRAY[{others}]) WITH ORDINALITY n (name, place)
     WHERE to_regclass(quote_ident(name)) IS NULL ORDER BY place LIMIT 1;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', {kept_literal}, free);
  END IF;
"""

_AWAY = """DO $cts_kept_$ DECLARE one record; free text; BEGIN
  LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
{aside}  FOR one IN
    SELECT k.conname, json_build_object('definition', pg_get_constraintdef(k.oid), 'comment', obj_description(k.oid),
             'columns', ARRAY(SELECT attname FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
                                JOIN pg_attribute ON attrelid = k.conrelid AND attnum = number ORDER BY place),
             'parent', k.confrelid::regclass::text,
             'parent_columns', ARRAY(SELECT attname FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
                                       JOIN pg_attribute ON attrelid = k.confrelid AND attnum = number ORDER BY place),
             'on_delete', k.confdeltype::text) AS note
      FROM pg_constraint k WHERE k.conrelid = {literal}::regclass AND k.contype = 'f'
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', {literal}, one.conname);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (true) NOT VALID', {literal}, one.conname);
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', one.conname, {literal}, '{note}' || one.note);
  END LOOP;
  ALTER TABLE {table} RENAME TO {preserved};
END $cts_kept_$"""

_NOTES = """
    SELECT k.conname, substr(obj_description(k.oid, 'pg_constraint'), {length})::json AS note FROM pg_constraint k
     WHERE k.conrelid = to_regclass({literal}) AND starts_with(obj_description(k.oid, 'pg_constraint'), '{note}')
     ORDER BY k.conname"""

_KEYS = """DO $cts_kept_$ DECLARE one record; BEGIN
  FOR one IN {notes}
  LOOP
    CONTINUE WHEN to_regclass(one.note ->> 'parent') IS NULL;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', {literal}, one.conname);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', {literal}, one.conname, one.note ->> 'definition');
    IF one.note ->> 'comment' IS NOT NULL THEN
      EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', one.conname, {literal}, one.note ->> 'comment');
    END IF;
  END LOOP;
END $cts_kept_$"""

_BACK = """DO $cts_kept_$ BEGIN
  IF {made} THEN
    RETURN;
  ELSIF to_regclass(quote_ident(current_schema()) || '.' || {literal}) IS NOT NULL THEN
    RAISE duplicate_table USING MESSAGE = 'there is a table ' || {literal} || ' already';
  ELSIF to_regclass({kept_literal}) IS NOT NULL THEN
    ALTER TABLE {preserved} RENAME TO {table};
  END IF;
END $cts_kept_$"""

_CLOSED = """DO $cts_kept_$ DECLARE one record; BEGIN
  FOR one IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
              WHERE c.oid = {literal}::regclass AND a.grantee <> c.relowner
  LOOP
    EXECUTE 'REVOKE ALL ON ' || {literal} || ' FROM ' ||
      CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END || ' CASCADE';
  END LOOP;
END $cts_kept_$"""

_KEYS_TO = """
SELECT k.conrelid::regclass::text,
       ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
               JOIN pg_attribute ON attrelid = k.conrelid AND attnum = number ORDER BY place),
       ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
               JOIN pg_attribute ON attrelid = k.confrelid AND attnum = number ORDER BY place)
  FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = {literal}::regclass AND k.conrelid <> k.confrelid"""


def lock(table: str) -> None:
    """Lock against writes between the check and the change, which would lose them."""
    sql.execute(f"LOCK TABLE {quote(table)} IN ACCESS EXCLUSIVE MODE")


def away(table: str, preserved: str, others: Sequence[str]) -> str:
    """Return the statement that renames ``table`` to ``preserved``; an existing one gets a free name of ``others``."""
    aside = _ASIDE.format(kept_literal=_literal(preserved), others=", ".join(map(literal, others)))
    return _filled(_AWAY, table, preserved=quote(preserved), kept_literal=_literal(preserved), aside=aside)


def rename_existing(preserved: str, others: Sequence[str]) -> None:
    """Rename ``preserved``, if it exists, to the first free one of ``others``, also in a script."""
    listed = ", ".join(map(literal, others))
    sql.execute(
        f"DO $cts_kept_$ DECLARE free text; BEGIN\n{_ASIDE.format(kept_literal=_literal(preserved), others=listed)}"
        "END $cts_kept_$"
    )


def rename_back(table: str, preserved: str, *, unless: str = "false") -> None:
    """Rename ``preserved`` to ``table``, if it exists, unless a condition holds."""
    sql.execute(_filled(_BACK, table, preserved=quote(preserved), kept_literal=_literal(preserved), made=unless))


def is_made(table: sa.Table) -> str:
    """Return the condition that there is a table with this name and exactly these columns."""
    columns = ", ".join(literal(column) for column in sorted(table.columns.keys()))
    there = (
        'SELECT array_agg(attname::text ORDER BY attname::text COLLATE "C") FROM pg_attribute '
        f"WHERE attrelid = to_regclass({_literal(table.name)}) AND attnum > 0 AND NOT attisdropped"
    )
    return f"coalesce(({there}) = ARRAY[{columns}]::text[], false)"


def only(table: str) -> str:
    """Return ``table`` as SQL: with its partitions, if any, and without tables that inherit from it."""
    parted = sql.scalar(f"SELECT relkind = 'p' FROM pg_class WHERE oid = {_literal(table)}::regclass")
    return quote(table) if parted else f"ONLY {quote(table)}"


def keys_of(table: str) -> list[ForeignKey]:
    """Return the suspended foreign keys of ``table`` that can be restored and apply to existing rows."""
    notes = [note if isinstance(note, dict) else json.loads(note) for _, note in sql.rows(_notes(table))]
    return [
        ForeignKey(tuple(note["columns"]), note["parent"], tuple(note["parent_columns"]), _on_delete(note))
        for note in notes
        if not note["definition"].endswith(("NOT VALID", "NOT ENFORCED"))
        and sql.scalar(f"SELECT to_regclass({literal(note['parent'])})") is not None
    ]


def keys_to(table: str) -> list[tuple[str, ForeignKey]]:
    """Return the foreign keys of other tables to ``table``, each with its table as SQL."""
    found = sql.rows(_filled(_KEYS_TO, table))
    return [(child, ForeignKey(tuple(columns), table, tuple(parents), None)) for child, columns, parents in found]


def put_keys_back(table: str) -> None:
    """Restore the foreign keys of ``table``, which its rows must satisfy."""
    sql.execute(_filled(_KEYS, table, notes=_notes(table)))


def close(table: str) -> None:
    """Revoke all privileges on a copy except those of the owner, including default privileges."""
    sql.execute(_filled(_CLOSED, table))


def last_id(table: str, key: str) -> int | None:
    """Return the last generated id, or None if there is none or no counter."""
    sequence = f"pg_get_serial_sequence({_literal(table)}, {literal(key)})"
    last: int | None = sql.scalar(f"SELECT pg_sequence_last_value(CAST({sequence} AS regclass))")
    return last


def count_on(table: str, key: str, newest: str) -> None:
    """Continue the ids after ``n`` of the relation ``newest``."""
    sequence = f"pg_get_serial_sequence({_literal(table)}, {literal(key)})"
    sql.execute(f"SELECT setval({sequence}, n) FROM {newest} WHERE n > 0")


def bring_to_shape(table: sa.Table) -> None:
    """Add to a restored table what its revision defines and it lacks.

    It keeps everything else, and every value: it only widens a type, and does not apply a constraint that rows may
    violate to existing rows. ``check`` reports what still differs.
    """
    name, quoted = _literal(table.name), quote(table.name)
    there = {
        column: (kind, required)
        for column, kind, required in sql.rows(
            f"SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
            f"WHERE attrelid = {name}::regclass AND attnum > 0 AND NOT attisdropped"
        )
    }
    dialect = op.get_context().dialect
    compiler = dialect.ddl_compiler(dialect, CreateTable(table))
    for column in table.columns:
        if column.name not in there:
            op.execute(AddColumn(table.name, column))
            continue
        found, required = there[column.name]
        alter = f"ALTER TABLE {quoted} ALTER COLUMN {quote(column.name)}"
        if dialect.type_compiler_instance.process(column.type) == "TEXT" and found != "text":
            sql.execute(f"{alter} TYPE TEXT")
        if not (required or column.nullable or sql.any_row(quoted, f"{quote(column.name)} IS NULL")):
            sql.execute(f"{alter} SET NOT NULL")
    present = {one for (one,) in sql.rows(f"SELECT conname FROM pg_constraint WHERE conrelid = {name}::regclass")}
    for constraint in [*table.constraints, *(check for column in table.columns for check in column.constraints)]:
        if isinstance(constraint, ImpliedCheck) and constraint.dialect not in (None, "postgresql"):
            continue
        if constraint.name is not None and str(constraint.name) not in present:
            later = isinstance(constraint, sa.CheckConstraint | sa.ForeignKeyConstraint)
            sql.execute(f"ALTER TABLE {quoted} ADD {compiler.process(constraint)}{' NOT VALID' if later else ''}")
    indexes = {
        one
        for (one,) in sql.rows(
            f"SELECT relname FROM pg_class JOIN pg_index ON oid = indexrelid WHERE indrelid = {name}::regclass"
        )
    }
    for index in indexes_of(table):
        if index.name not in indexes:
            op.execute(CreateIndex(index))


def _on_delete(note: dict[str, Any]) -> str | None:
    """Return the delete action of a key; None if only some of its columns become NULL."""
    return None if "ON DELETE SET NULL (" in note["definition"] else _ON_DELETE.get(note["on_delete"])


def _notes(table: str) -> str:
    return _NOTES.format(literal=_literal(table), note=_NOTE, length=len(_NOTE) + 1)


def _literal(table: str) -> str:
    return literal(quote(table))


def _filled(statement: str, table: str, **words: str) -> str:
    named = {"table": quote(table), "literal": _literal(table), "note": _NOTE, **words}
    return statement.format(**named)
