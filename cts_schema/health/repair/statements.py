"""The CREATE and ALTER statements of a repair."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from cts_schema import dialects
from cts_schema.ddl import CreateUpdatedAtFunction, CreateUpdatedAtTrigger, trigger_name
from cts_schema.ddl.tables import indexes_of
from cts_schema.ddl.text import literal, quote
from cts_schema.dialects.facts import ColumnSnapshot


def create_table(table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    """Yield the statements that create a table of the models, with indexes and trigger."""
    yield compiled(CreateTable(table), dialect)
    for index in indexes_of(table):
        yield compiled(CreateIndex(index), dialect)
    if table.info.get("updated_at_trigger"):
        if dialects.of(dialect).has_functions:
            yield create_function(dialect)
        yield compiled(CreateUpdatedAtTrigger(table.name), dialect)


def create_function(dialect: sa.Dialect) -> str:
    """Return the statement that creates or replaces the function that maintains updated_at."""
    return compiled(CreateUpdatedAtFunction(), dialect)


def trigger(table: sa.Table, dialect: sa.Dialect, *, there: bool) -> Iterator[str]:
    """Yield the statements that create the updated_at trigger of a table, or replace it if it is ``there``."""
    if there:
        yield dialects.of(dialect).sql.drop_trigger(table.name, trigger_name(table.name))
    yield compiled(CreateUpdatedAtTrigger(table.name), dialect)


def index(table: sa.Table, name: str, dialect: sa.Dialect, *, there: bool, concurrently: bool) -> Iterator[str]:
    """Yield the statements that create an index, or replace it if it is ``there``."""
    if there:
        yield f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}{quote(name)}"
    (model,) = (index for index in table.indexes if index.name == name)
    made = compiled(CreateIndex(model), dialect)
    yield made.replace(" INDEX ", " INDEX CONCURRENTLY ", 1) if concurrently else made


def add_column(table: str, name: str, wanted: ColumnSnapshot) -> str:
    """Return the statement that adds a column of head on PostgreSQL."""
    filled = f" DEFAULT {wanted.default}" if wanted.default else ""
    filled = f" GENERATED {wanted.identity} AS IDENTITY" if wanted.identity else filled
    needed = " NOT NULL" if wanted.required else ""
    return f"ALTER TABLE {quote(table)} ADD COLUMN {quote(name)} {wanted.type}{filled}{needed}"


def change_column(table: str, name: str, wanted: ColumnSnapshot, there: ColumnSnapshot) -> Iterator[str]:
    """Yield the statements that change a column of PostgreSQL to that of head; a cast must convert its values."""
    alter = f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(name)} "
    converted = wanted.type != there.type
    other_default = converted or wanted.default != there.default
    if there.identity and there.identity != wanted.identity:
        yield f"{alter}DROP IDENTITY"
    if there.default is not None and other_default:
        yield f"{alter}DROP DEFAULT"
    if converted:
        yield f"{alter}TYPE {wanted.type} USING {quote(name)}::{wanted.type}"
    if wanted.default is not None and other_default:
        yield f"{alter}SET DEFAULT {wanted.default}"
    if wanted.required != there.required:
        yield f"{alter}{'SET' if wanted.required else 'DROP'} NOT NULL"
    if wanted.identity and wanted.identity != there.identity:
        yield f"{alter}ADD GENERATED {wanted.identity} AS IDENTITY"
        yield set_sequence(table, name, f"pg_get_serial_sequence({literal(quote(table))}, {literal(name)})")


def set_sequence(table: str, column: str, sequence: str) -> str:
    """Return the statement that advances a sequence past the largest key. The sequence is an expression."""
    largest = f"SELECT max({quote(column)}) FROM {quote(table)}"
    return f"SELECT setval({sequence}, largest) FROM ({largest}) AS rows (largest) WHERE largest IS NOT NULL"


def compiled(statement: ExecutableDDLElement, dialect: sa.Dialect) -> str:
    """Return the SQL of a statement."""
    text = str(statement.compile(dialect=dialect)).strip()
    # A driver with percent signs for parameters doubles the literal ones.
    return text.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else text
