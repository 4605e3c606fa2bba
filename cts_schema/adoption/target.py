"""What an adoption loads into: the tables that the revisions up to the adoption revision make.

The models go on, those revisions do not. So the tables are replayed from them; see :mod:`cts_schema.schema.declared`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl import BigInt, ExactNumeric, Json, TextEnum, Timestamp
from cts_schema.ddl.text import run
from cts_schema.dialects.facts import Snapshot
from cts_schema.schema.declared import declared, statements
from cts_schema.schema.scripts import ADOPTION_REVISION

Kind = Literal["text", "enum", "number", "integer", "float", "boolean", "timestamp", "json"]


@dataclass(frozen=True)
class Column:
    """A column of the adoption revision.

    Attributes:
        name: its name.
        kind: what it holds.
        nullable: whether it may be NULL.
        default: whether the database fills it in where nothing is given.
        size: of a number (precision, scale); of an integer (its bits,).
        values: those that an enum may have.
        check: a condition that its value must meet, as SQL.
        parent: the table whose key it refers to.
    """

    name: str
    kind: Kind
    nullable: bool
    default: bool = False
    size: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    check: str | None = None
    parent: str | None = None

    @property
    def required(self) -> bool:
        """Whether a row without a value for it cannot be kept."""
        return not self.nullable and not self.default


@dataclass(frozen=True)
class Table:
    """A table of the adoption revision: its columns, and the keys and conditions that its rows must meet."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]

    @property
    def counted(self) -> bool:
        """Whether the database numbers the rows: a log or a time series."""
        return self.columns[self.key[0]].kind == "integer"


@cache
def tables() -> dict[str, Table]:
    """Return the tables by name, each after those that it refers to."""
    return {table.name: _table(table) for table in declared(ADOPTION_REVISION).sorted_tables}


@cache
def indexed_texts(table: str) -> dict[str, int]:
    """Return the text columns of a table that PostgreSQL has in an index, with the bytes that one may have there.

    A row of an index takes 2704 bytes at most (nbtree.h, BTMaxItemSize), of all its columns together.
    """
    columns, found = tables()[table].columns, dict[str, int]()
    made = declared(ADOPTION_REVISION).tables[table]
    keys = (one for one in made.constraints if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint))
    for indexed in (*keys, *made.indexes):
        texts = [column.name for column in indexed.columns if columns[column.name].kind == "text"]
        for column in texts:
            found[column] = min(found.get(column, 2600), 2600 // len(texts))
    return found


def expected(dialect: str) -> Snapshot:
    """Return the schema of the adoption revision, as an adopted database must have it."""
    return dialects.named(dialect).shape.expected(declared(ADOPTION_REVISION))


def create(connection: sa.Connection) -> None:
    """Create the tables as they are at the adoption revision, empty: to try on them what is to be put on the real ones.

    Args:
        connection: on PostgreSQL with the schema to create them in first in its search path.
    """
    for statement in _statements(connection.dialect.name):
        run(connection, statement)


def create_temporary(connection: sa.Connection, names: Collection[str]) -> None:
    """Create some of the tables as temporary ones, without indexes and triggers: to load into them on trial.

    Args:
        connection: on PostgreSQL with the temporary schema first in its search path.
        names: the tables, and all that they refer to.
    """
    for statement in _statements(connection.dialect.name):
        what, _, rest = statement.partition("CREATE TABLE ")
        if not what and rest.partition(" ")[0] in names:
            run(connection, f"CREATE TEMP TABLE {rest}")


@cache
def _statements(dialect: str) -> list[str]:
    return list(statements(declared(ADOPTION_REVISION), dialect))


def _table(table: sa.Table) -> Table:
    constraints = sorted(table.constraints, key=lambda constraint: str(constraint.name))
    uniques = (one for one in constraints if isinstance(one, sa.UniqueConstraint))
    checks = (str(one.sqltext) for one in constraints if isinstance(one, sa.CheckConstraint))
    return Table(
        table.name,
        columns={column.name: _column(column) for column in table.columns},
        key=tuple(column.name for column in table.primary_key),
        unique=tuple(sorted(tuple(column.name for column in one.columns) for one in uniques)),
        checks=tuple(sorted(checks)),
    )


def _column(column: sa.Column[Any]) -> Column:
    kind, size = _kind(column.type)
    filled = column.server_default is not None or column.identity is not None
    checks = [str(check.sqltext) for check in column.constraints if type(check) is sa.CheckConstraint]
    return Column(
        column.name,
        kind,
        nullable=bool(column.nullable),
        default=filled or (column.primary_key and kind == "integer"),
        size=size,
        values=column.type.values if isinstance(column.type, TextEnum) else (),
        check=checks[0] if checks else None,
        parent=next((key.column.table.name for key in column.foreign_keys), None),
    )


def _kind(type_: Any) -> tuple[Kind, tuple[int, ...]]:
    """Return what a column holds, and its size."""
    if isinstance(type_, ExactNumeric):
        return "number", (type_.precision, type_.scale)
    if isinstance(type_, BigInt):
        return "integer", (64,)
    kinds: dict[type[Any], Kind] = {
        Timestamp: "timestamp",
        Json: "json",
        TextEnum: "enum",
        sa.Boolean: "boolean",
        sa.Double: "float",
        sa.Integer: "integer",
        sa.Text: "text",
    }
    kind = next(kind for known, kind in kinds.items() if isinstance(type_, known))
    return kind, (32,) if kind == "integer" else ()
