"""What becomes of the values of a column that gets another type, and which of them would not come through.

PostgreSQL casts values, and its casts round, cut off and drop without a word. SQLite keeps what is stored, and converts
the text of a number. So each way has a condition for the values that mean the same afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from cts_schema.ddl import casts_postgresql, casts_sqlite, sql
from cts_schema.ddl.cast import Cast
from cts_schema.ddl.text import quote
from cts_schema.exceptions import RowsRefused
from cts_schema.exceptions.error import in_a_line

_ALIKE = ({"integer", "number", "float", "flag"}, {"moment", "date"})  # beside text, which may hold each of them
_KINDS = {
    sa.String: "text",
    sa.Integer: "integer",
    sa.Numeric: "number",
    sa.Float: "float",
    sa.Boolean: "flag",
    sa.DateTime: "moment",
    sa.Date: "date",
    sa.Time: "time",
    sa.JSON: "json",
}


def cast_of(column: str, was: TypeEngine[Any], becomes: TypeEngine[Any]) -> Cast:
    """Return the cast of a column on the database of the running revision.

    Args:
        column: the column's name.
        was: the type so far.
        becomes: the new type.
    """
    ways = (kind_of(was), kind_of(becomes))
    if sql.on_postgresql():
        return casts_postgresql.cast_of(quote(column), ways, was, becomes)
    return casts_sqlite.cast_of(quote(column), ways, becomes)


def require_kept(table: str, column: str, kept: str | None) -> None:
    """Check that all values of a column come through the change of its type.

    Args:
        table: the table's name.
        column: the column.
        kept: the condition that a value means the same afterwards.

    Raises:
        RowsRefused: some do not; has their number.
    """
    if kept is None or sql.offline():
        return
    if sql.on_postgresql():
        # The change takes this lock anyway, and so no value comes after the look.
        sql.execute(f"LOCK TABLE {quote(table)}")
    lost = f"FROM {quote(table)} WHERE {quote(column)} IS NOT NULL AND NOT ({kept})"
    with fitting(table, column):
        count = sql.scalar(f"SELECT count(*) {lost}")
    if count:
        raise RowsRefused(
            cause="values would not be the same in the new type; it was not changed",
            table=table,
            column=column,
            refused=f"{count} row{'s' * (count != 1)}",
            next_step="correct these rows, or say in the revision what becomes of them, by using= of ddl.change_type\n"
            f"to see them: SELECT * {lost}",
        )


@contextmanager
def fitting(table: str, column: str) -> Iterator[None]:
    """Raise what a cast of the database refuses within the block as an error about the rows.

    Args:
        table: the table's name.
        column: the column.

    Raises:
        RowsRefused: a value is none of the new type.
    """
    try:
        yield
    except sa.exc.DataError as error:
        raise RowsRefused(
            cause="a value is none of the new type; it was not changed",
            table=table,
            column=column,
            reported=in_a_line(error),
            next_step="correct it, or say in the revision what becomes of it, by using= of ddl.change_type",
        ) from error


def castable(was: TypeEngine[Any], becomes: TypeEngine[Any]) -> bool:
    """Return whether both databases make values of one type those of the other, and back.

    Args:
        was: the type so far.
        becomes: the new type.
    """
    ways = {kind_of(was), kind_of(becomes)}
    return len(ways) == 1 or ("text" in ways and "other" not in ways) or any(ways <= those for those in _ALIKE)


def kind_of(type_: TypeEngine[Any]) -> str:
    """Return the kind of values of a type."""
    affinity: Any = type_._type_affinity
    return _KINDS.get(affinity, "other")
