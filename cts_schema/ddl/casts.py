"""What becomes of the values of a column that gets another type, and which of them would not come through.

PostgreSQL casts values, and its casts round, cut off and drop without a word. SQLite keeps what is stored, and converts
the text of a number. So each way has a condition for the values that mean the same afterwards.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from cts_schema.ddl import casts_postgresql, casts_sqlite, sql
from cts_schema.ddl.cast import Cast
from cts_schema.ddl.text import quote

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
