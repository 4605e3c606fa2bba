"""The smallest row that a table of the models takes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl import ExactNumeric, Json, TextEnum, Timestamp
from cts_schema.models import Base

# At least one of several columns must have a value: the one we give.
_ALSO = {"market_data": {"connection_id"}, "schema_migrations": {"version"}}
_numbers = itertools.count(1)


def insert_minimal(connection: sa.Connection, table: sa.Table, **given: Any) -> tuple[Any, ...]:
    """Insert a row with what has neither a default nor NULL, parents included; return its primary key.

    Args:
        connection: the connection, in a transaction.
        table: the table.
        given: values of the row by column name, SQL expressions too; they come before those made up here.
    """
    values = dict(given)
    for column in table.columns:
        wanted = not column.nullable and column.server_default is None and column.identity is None
        if (wanted or column.name in _ALSO.get(table.name, ())) and column.name not in values:
            values[column.name] = _value(connection, column)
    inserted = connection.execute(table.insert().values(values))
    assert inserted.inserted_primary_key is not None
    return tuple(inserted.inserted_primary_key)


def _value(connection: sa.Connection, column: sa.Column[Any]) -> Any:
    for key in column.foreign_keys:
        return insert_minimal(connection, Base.metadata.tables[key.column.table.name])[0]
    match column.type:
        case TextEnum(values=values):
            return values[0]
        case Timestamp():
            return datetime(2026, 1, 3, tzinfo=UTC)
        case Json():
            return {}
        case ExactNumeric() | sa.Integer():
            return next(_numbers)
        case sa.Text():
            return f"text{next(_numbers)}"
    raise AssertionError(f"no value for {column!r}")
