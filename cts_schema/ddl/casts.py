"""What becomes of the values of a column that gets another type, and which of them would not come through.

PostgreSQL casts values, and its casts round, cut off and drop without a word. SQLite keeps what is stored, and converts
the text of a number. So each way has a condition for the values that mean the same afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from cts_schema.ddl import sql
from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import RowsRefused

_TRUE = "('t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1')"  # postgresql.org/docs/current/datatype-boolean
_FALSE = "('f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0')"
_DATE, _TIME = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]", "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_KINDS = {
    sa.String: "text",
    sa.Integer: "integer",
    sa.Numeric: "number",
    sa.Float: "number",
    sa.Boolean: "flag",
    sa.DateTime: "moment",
    sa.Date: "date",
    sa.Time: "time",
    sa.JSON: "json",
}


@dataclass(frozen=True)
class Cast:
    """How values become those of another type.

    Attributes:
        value: the new value as SQL; None where the database does it by itself.
        kept: the condition that a value means the same afterwards; None where each does.
    """

    value: str | None = None
    kept: str | None = None


def cast_of(column: str, was: TypeEngine[Any], becomes: TypeEngine[Any]) -> Cast:
    """Return the cast of a column on the database of the running revision.

    Args:
        column: the column's name.
        was: the type so far.
        becomes: the new type.
    """
    name, ways = quote(column), (_kind(was), _kind(becomes))
    return (_on_postgresql if sql.on_postgresql() else _on_sqlite)(name, ways, becomes)


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


def _kind(type_: TypeEngine[Any]) -> str:
    affinity: Any = type_._type_affinity
    return _KINDS.get(affinity, "other")


def _on_postgresql(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> Cast:
    cast = op.get_context().dialect.type_compiler_instance.process(becomes)
    match ways:
        case "flag", "integer" | "number":
            return Cast(f"CASE WHEN {name} THEN 1 WHEN NOT {name} THEN 0 END")
        case "integer" | "number", "flag":
            return Cast(f"{name} <> 0", f"{name} IN (0, 1)")
        case "text", "integer" | "number":
            number = f"{name}::numeric"
            same = f"{number} = trunc({number})" if ways[1] == "integer" else f"{number} = {name}::{cast}"
            return Cast(kept=f"CASE WHEN {name} ~ {literal(_NUMBER)} THEN {same} ELSE false END")
        case ("integer" | "number", "integer" | "number") | ("moment", "date"):
            return Cast(kept=f"{name} = {name}::{cast}")
        case _, "text":
            return Cast(kept=_short_enough(f"{name}::text", becomes))
    return Cast()


def _on_sqlite(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> Cast:
    match ways:
        case "text", "flag":
            value = f"CASE WHEN lower(trim({name})) IN {_TRUE} THEN 1 WHEN lower(trim({name})) IN {_FALSE} THEN 0 END"
            return Cast(value, f"({value}) IS NOT NULL")
        case "flag", "text":
            return Cast(f"CASE WHEN {name} THEN 'true' ELSE 'false' END")
        case "integer" | "number", "flag":
            return Cast(kept=f"{name} IN (0, 1)")
        case "text" | "integer" | "number", "integer" | "number":
            return Cast(kept=_same_number(name, ways[1], becomes))
        case "text", "json":
            return Cast(kept=f"json_valid({name})")
        case _, "text":
            return Cast(kept=_short_enough(name, becomes))
    return _time_on_sqlite(name, ways)


def _time_on_sqlite(name: str, ways: tuple[str, str]) -> Cast:
    match ways:
        case "text", "moment":
            return Cast(kept=f"{name} GLOB '{_DATE} {_TIME}*' AND datetime({name}) IS NOT NULL")
        case "text", "date":
            return Cast(kept=f"{name} GLOB '{_DATE}' AND date({name}) IS {name}")
        case "text", "time":
            return Cast(kept=f"{name} GLOB '{_TIME}*' AND time({name}) IS NOT NULL")
        case "moment", "date":
            return Cast(f"date({name})", f"time({name}) IS '00:00:00'")
        case "date", "moment":
            return Cast(f"{name} || ' 00:00:00'")
    return Cast()


def _same_number(name: str, kind: str, becomes: TypeEngine[Any]) -> str:
    # SQLite compares with a CAST as it compares numbers, so a text that is none is unequal (sqlite.org/datatype3).
    scale = getattr(becomes, "scale", None)
    if kind == "integer" or scale is None:
        return f"CAST({name} AS {'INTEGER' if kind == 'integer' else 'NUMERIC'}) = {name}"
    return f"CAST(round({name}, {scale}) AS NUMERIC) = {name}"


def _short_enough(text: str, becomes: TypeEngine[Any]) -> str | None:
    length = getattr(becomes, "length", None)
    return None if length is None else f"length({text}) <= {length}"
