"""Rebuilds tables of SQLite, which has no ALTER for most changes, as the models define them, with all their rows.

The rebuild keeps unmanaged columns and constraints, indexes, triggers, rowids and the counter of AUTOINCREMENT. It
first tries the new table in memory: if something cannot be kept, it reports that and leaves the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from cts_schema.ddl import shorten, sqlite_checks
from cts_schema.ddl.checks import parse_checks
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.text import create_table_of, definitions, literal, quote, run, unquote, without_comments
from cts_schema.dialects.facts import Definition, Part, TableSnapshot
from cts_schema.dialects.sqlite import shape
from cts_schema.dialects.sqlite.sql import row_id
from cts_schema.health.context import CheckContext
from cts_schema.health.repair.refused import duplicates, rows_where
from cts_schema.health.repair.report import Left, Proof, RepairStep
from cts_schema.health.report import Finding

_CONSTRAINT = re.compile(r"(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)\b", re.IGNORECASE)
_KEYS = ("primary-key", "unique")
_APART = ("index", "trigger")  # statements of their own
_NAME = re.compile(r"""\s*("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^\s(,]+)""")


def plan(context: CheckContext, table: sa.Table, repairs: Sequence[Finding]) -> Iterator[RepairStep | Left]:
    """Yield the step that rebuilds a table, or why it cannot be rebuilt."""
    target, reason = _target(context, table), _refused(context, table)
    if target is None:
        reason = "a rebuild would lose what somebody added to the table"
    if target is None or reason is not None:
        for finding in repairs:
            yield Left(finding, f"{reason}; the table stays as it is")
        return
    yield RepairStep(tuple(repairs), tuple(_statements(context, table, target)), (table.name,))


def _refused(context: CheckContext, table: sa.Table) -> str | None:
    """Return which rows the new table would refuse or change; None for none."""
    there, wanted = context.schema.tables[table.name], context.head.tables[table.name]
    if "WITHOUT ROWID" in re.sub(r"\s+", " ", " ".join(there.clauses)):
        return "the table is WITHOUT ROWID, and cannot be rebuilt"
    absent = {column.name for column in table.columns if not context.has(table.name, column.name)}
    reasons = [
        *_of_columns(context, table, there, wanted),
        *_of_checks(context, table, absent),
        *_of_keys(context, table, there, wanted, absent),
    ]
    return "; ".join(reasons) or None


def _of_columns(context: CheckContext, table: sa.Table, there: TableSnapshot, wanted: TableSnapshot) -> Iterator[str]:
    for column in table.columns:
        name, value = column.name, f"c.{quote(column.name)}"
        made = wanted.columns[name]
        if not context.has(table.name, name):
            if made.required and made.default is None and (found := rows_where(context, table, "1")):
                yield f"{found} would have no value in {name}, which is required and has no default"
            elif isinstance(column.type, sa.Text) and column.primary_key and (found := rows_where(context, table, "1")):
                yield f"{found} have lost {name}, and new ids would match no reference: restore a backup"
            continue
        if made.required and (found := rows_where(context, table, f"{value} IS NULL")):
            yield f"{found} have no value in {name}, which is required"
        changed = made.type != there.columns[name].type
        if changed and (found := rows_where(context, table, _changed_by(made.type, value))):
            yield f"{found} have a value in {name} that {made.type} would change"


def _of_checks(context: CheckContext, table: sa.Table, absent: set[str]) -> Iterator[str]:
    for check, condition in parse_checks(_model(context, table)):
        if not any(re.search(rf"\b{re.escape(one)}\b", condition) for one in absent) and (
            found := rows_where(context, table, f"NOT ({condition})")
        ):
            yield f"{found} violate {check}"


def _of_keys(
    context: CheckContext, table: sa.Table, there: TableSnapshot, wanted: TableSnapshot, absent: set[str]
) -> Iterator[str]:
    for part, definition in wanted.parts.items():
        names = part.name.split(", ")
        if part.kind in _KEYS and not absent & set(names) and there.parts.get(part) != definition:
            values = [f"c.{quote(name)}" for name in names]
            if found := duplicates(context, table, values):
                yield f"{found} have the same {', '.join(names)}"


def _changed_by(type_: str, value: str) -> str:
    """Return the condition that a column of that type would change a value (datatype3.html, 3.1)."""
    if "TEXT" in type_ or "CHAR" in type_:
        return f"typeof({value}) = 'real' AND CAST(CAST({value} AS TEXT) AS REAL) IS NOT {value}"
    number = f"CAST({value} AS NUMERIC)"
    return f"typeof({value}) = 'text' AND CAST({number} AS TEXT) IS NOT {value} OR typeof({value}) = 'blob'"


def _model(context: CheckContext, table: sa.Table) -> str:
    return str(CreateTable(table).compile(dialect=context.connection.dialect)).strip()


def _target(context: CheckContext, table: sa.Table) -> str | None:
    """Return the CREATE TABLE of the new table; None if it would lose an unmanaged column or constraint."""
    wanted, there = context.head.tables[table.name], context.schema.tables[table.name]
    own_columns = there.columns.keys() - wanted.columns.keys()
    own_parts = {part for part in there.parts.keys() - wanted.parts.keys() if part.kind not in _APART}
    sql = create_table_of(context.connection, table.name)
    ours = list(definitions(_model(context, table)))
    columns = [part for part in ours if not _CONSTRAINT.match(part)]
    constraints = [part for part in ours if _CONSTRAINT.match(part)]
    columns += [
        part
        for part in definitions(without_comments(sql))
        if not _CONSTRAINT.match(part) and (name := _NAME.match(part)) and unquote(name[1]) in own_columns
    ]
    brought = _tried(_created(table, [*columns, *constraints]))
    if brought is None:
        return None
    lost = sorted(own_parts - brought.parts.keys())
    constraints += [_constraint(context, table, part, there.parts[part]) for part in lost]
    target = _created(table, [*columns, *constraints])
    made = _tried(target)
    if made is None:
        return None
    columns_kept = wanted.columns | {name: there.columns[name] for name in own_columns}
    kept = {part: definition for part, definition in wanted.parts.items() if part.kind not in _APART}
    kept |= {part: there.parts[part] for part in own_parts}
    return target if columns_kept.items() <= made.columns.items() and kept.items() <= made.parts.items() else None


def _created(table: sa.Table, parts: Sequence[str]) -> str:
    return f"CREATE TABLE {quote(_new(table))} (\n  " + ",\n  ".join(parts) + "\n)"


def _new(table: sa.Table) -> str:
    return shorten(f"cts_repair_{table.name}")


def _tried(create_table: str) -> TableSnapshot | None:
    """Return a table, by creating it in memory; None if that fails."""
    try:
        with in_memory() as connection:
            connection.exec_driver_sql(create_table)
            (made,) = shape.snapshot(connection).tables.values()
            return made
    except DBAPIError:
        return None


def _constraint(context: CheckContext, table: sa.Table, part: Part, definition: Definition) -> str:
    """Return the definition of an unmanaged constraint, which was part of one of our columns or of the table."""
    if part.kind != "check":
        return definition.text
    condition = sqlite_checks(context.connection, table.name)[part.name]
    named = "" if part.name == condition else f"CONSTRAINT {quote(part.name)} "
    return f"{named}CHECK ({condition})"


def _statements(context: CheckContext, table: sa.Table, target: str) -> Iterator[str]:
    old, new = quote(table.name), quote(_new(table))
    there = context.schema.tables[table.name].columns
    copied = [name for name, column in there.items() if not column.generated]
    counted = next((column.name for column in table.columns if column.identity is not None), None)
    row = quote(counted) if counted in copied else row_id(copied)
    into = ", ".join([*([] if counted in copied else [row]), *map(quote, copied)])
    differs = " OR ".join([f"n.{row} IS NULL", *(f"n.{quote(name)} IS NOT o.{quote(name)}" for name in copied)])
    # Otherwise the rename would re-read every view and trigger of the file while the table is missing, and fail.
    yield "PRAGMA legacy_alter_table = ON"
    yield target
    yield f"INSERT INTO {new} ({into}) SELECT {into} FROM {old}"
    yield Proof(f"SELECT count(*) FROM {old} AS o LEFT JOIN {new} AS n ON n.{row} = o.{row} WHERE {differs}")
    if counted is not None:
        yield from _go_on_counting(table.name, _new(table), counted)
    yield f"DROP TABLE {old}"
    yield f"ALTER TABLE {new} RENAME TO {old}"
    yield from run(
        context.connection,
        f"SELECT sql FROM sqlite_master WHERE tbl_name = {literal(table.name)} COLLATE NOCASE "
        "AND type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY rowid",
    ).scalars()
    yield "PRAGMA legacy_alter_table = OFF"


def _go_on_counting(old: str, new: str, key: str) -> Iterator[str]:
    """Yield statements that keep the counter of ids, so that the id of a deleted row is not reused."""
    given = f"SELECT seq AS n FROM sqlite_sequence WHERE name = {literal(old)}"
    largest = f"SELECT max(n) AS n FROM ({given} UNION ALL SELECT max({quote(key)}) FROM {quote(new)})"
    yield f"DELETE FROM sqlite_sequence WHERE name = {literal(new)}"
    yield (f"INSERT INTO sqlite_sequence (name, seq) SELECT {literal(new)}, n FROM ({largest}) WHERE n IS NOT NULL")
