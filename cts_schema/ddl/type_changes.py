"""Changes the type of a column with its CHECK and its default, and the expression of a computed column."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import AddConstraint, CreateTable, ExecutableDDLElement
from sqlalchemy.types import TypeEngine

from cts_schema.ddl import sql
from cts_schema.ddl.casts import cast_of
from cts_schema.ddl.checks import ImpliedCheck
from cts_schema.ddl.preview import is_preview
from cts_schema.ddl.rebuild import alter_table, put_in_place
from cts_schema.ddl.refused_rows import fitting, require_kept
from cts_schema.ddl.silence import quiet
from cts_schema.ddl.tables import frozen_table
from cts_schema.ddl.text import clause, literal, quote

_RECOMPUTED = """DO $cts_recompute$ DECLARE kept text[]; one text; BEGIN
  SELECT array_agg(definition ORDER BY place) INTO kept FROM (
    SELECT 1 AS place, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
     WHERE i.indrelid = {literal}::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
       AND EXISTS (SELECT 1 FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                    WHERE d.objid = i.indexrelid AND d.refobjid = i.indrelid AND a.attname = {column_literal})
    UNION ALL
    SELECT 2, format('ALTER TABLE %s ADD CONSTRAINT %I %s', {literal}, conname, pg_get_constraintdef(k.oid))
      FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
     WHERE k.conrelid = {literal}::regclass AND k.contype <> 'n' AND a.attname = {column_literal}) found;
  ALTER TABLE {table} DROP COLUMN {column};
  ALTER TABLE {table} ADD COLUMN {definition};
  FOREACH one IN ARRAY coalesce(kept, '{{}}') LOOP
    EXECUTE one;
  END LOOP;
END $cts_recompute$"""


class ChangedColumn(ExecutableDDLElement):
    """A column with another definition, for a replay."""

    inherit_cache = False

    def __init__(self, table: str, column: sa.Column[Any]) -> None:
        self.table = table
        self.column = column


def change_type(
    table: str, column: sa.Column[Any], *, was: TypeEngine[Any] | type[TypeEngine[Any]], using: str | None = None
) -> None:
    """Change the type of a column, its default, and the CHECK that its type implies; NULL or NOT NULL stays.

    PostgreSQL keeps readers and writers out until it has read, and perhaps rewritten, the whole table. For a table with
    traffic add a new column, fill it, and drop the old one when nobody uses it.

    Args:
        table: the table's name.
        column: the column with its new type and default.
        was: the type so far.
        using: the new value as SQL of both databases; by default the old one, which must mean the same.

    Raises:
        RowsRefused: values would not mean the same in the new type, and ``using`` does not say what becomes of them.
    """
    if is_preview():
        return
    new = frozen_table(table, column)
    if sql.replayed():
        op.execute(ChangedColumn(table, column))
        return
    old = frozen_table(table, sa.Column(column.name, was))
    before, after = _implied(old), _implied(new)
    way = cast_of(column.name, old.columns[column.name].type, column.type)
    if using is None:
        require_kept(table, column.name, way.kept)
    value = using or way.value
    if sql.on_postgresql():
        _change_on_postgresql(table, column, before, after, value)
        return
    gone = [str(check.name) for check in before]
    if value is not None:
        # A column of no affinity has the values as they are, and takes the new ones as they are.
        with alter_table(table, without_checks=gone, types={column.name: sa.LargeBinary()}):
            pass
        with quiet(table):
            name = quote(column.name)
            sql.execute(f"UPDATE {quote(table)} SET {name} = {value} WHERE {name} IS NOT NULL")
    with alter_table(table, constraints=after, without_checks=gone, types={column.name: column.type}) as batch:
        batch.alter_column(column.name, server_default=_default(column))


def recompute_column(table: str, column: sa.Column[Any]) -> None:
    """Give a computed column another expression, or make a computed column a plain one, which keeps its values.

    Its indexes and constraints stay. A plain column that becomes computed loses its values: ``ddl.drop_columns``
    preserves those.

    Args:
        table: the table's name.
        column: the column as it becomes.
    """
    if is_preview():
        return
    new = frozen_table(table, column)
    if sql.replayed():
        op.execute(ChangedColumn(table, column))
    elif not sql.on_postgresql():
        names = [] if sql.offline() else [one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)]
        with alter_table(table, plain=[column.name]) as batch:
            if column.computed is not None and names:
                put_in_place(batch, names, column._copy())
    elif column.computed is None:
        sql.execute(f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(column.name)} DROP EXPRESSION IF EXISTS")
        if column.server_default is not None:
            op.alter_column(table, column.name, server_default=_default(column))
    else:
        dialect = op.get_context().dialect
        specification = dialect.ddl_compiler(dialect, CreateTable(new)).get_column_specification(column)
        sql.execute(
            _RECOMPUTED.format(
                table=quote(table),
                literal=literal(quote(table)),
                column=quote(column.name),
                column_literal=literal(column.name),
                definition=specification.replace("%%", "%"),
            )
        )


def _change_on_postgresql(
    table: str,
    column: sa.Column[Any],
    before: list[sa.CheckConstraint],
    after: list[sa.CheckConstraint],
    value: str | None,
) -> None:
    type_ = op.get_context().dialect.type_compiler_instance.process(column.type)
    for check in before:
        sql.execute(f"ALTER TABLE {quote(table)} DROP CONSTRAINT IF EXISTS {quote(str(check.name))}")
    op.alter_column(table, column.name, server_default=None)
    expression = value or f"{quote(column.name)}::{type_}"
    if not sql.offline():  # Alembic takes it as part of a statement of the driver
        expression = expression.replace("%", "%%")
    with fitting(table, column.name):
        op.alter_column(table, column.name, type_=column.type, postgresql_using=expression)
    if column.server_default is not None:
        op.alter_column(table, column.name, server_default=_default(column))
    for check in after:
        frozen_table(table, check)
        op.execute(AddConstraint(check))


def _implied(table: sa.Table) -> list[sa.CheckConstraint]:
    """Return the CHECKs that the types of a table imply on the database, as constraints of the table."""
    database = op.get_context().dialect.name
    return [
        sa.CheckConstraint(clause(str(check.sqltext)), name=check.name)
        for column in table.columns
        for check in column.constraints
        if isinstance(check, ImpliedCheck) and check.dialect in (None, database)
    ]


def _default(column: sa.Column[Any]) -> Any:
    default = column.server_default
    return default.arg if isinstance(default, sa.DefaultClause) else None
