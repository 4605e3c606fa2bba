"""The casts of values on PostgreSQL, which by themselves round, cut off and drop without a word."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy.types import TypeEngine

from cts_schema.ddl.cast import FALSE, TRUE, Cast, short_enough
from cts_schema.ddl.text import literal
from cts_schema.ddl.types import Timestamp

_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"
_NUMBER = r"^\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|-?Infinity)\s*$"
_LARGEST = {"SMALLINT": 2**15 - 1, "INTEGER": 2**31 - 1, "BIGINT": 2**63 - 1}


def cast_of(name: str, ways: tuple[str, str], was: TypeEngine[Any], becomes: TypeEngine[Any]) -> Cast:
    """Return the cast of a column.

    Args:
        name: the quoted column.
        ways: the kinds of both types.
        was: the type so far.
        becomes: the new type.
    """
    if {"moment", "date"} & set(ways) or ways == ("text", "time"):
        return _time(name, ways, was, becomes)
    return _cast_of(name, ways, becomes)


def _cast_of(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> Cast:
    match ways:
        case _, "integer" | "number" | "float":
            return _to_number(name, ways, becomes)
        case "integer" | "number" | "float", "flag":
            return Cast(f"{name} <> 0", f"{name} IN (0, 1)")
        case "text", "flag":
            return Cast(kept=f"lower(trim({name})) IN {TRUE} OR lower(trim({name})) IN {FALSE}")
        case "text", "json":
            # jsonb keeps one of several keys, and writes numbers in its own way.
            length = "length(regexp_replace({}, '\\s', '', 'g'))"
            return Cast(kept=f"{length.format(name)} = {length.format(f'{name}::jsonb::text')}")
        case "json", "flag":
            return Cast(kept="1 = 0")
        case _, "text":
            return Cast(kept=short_enough(f"{name}::text", becomes))
    return Cast()


def _to_number(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> Cast:
    cast = _written(becomes)
    match ways:
        case "json", _:
            return Cast(kept="1 = 0")
        case "flag", _:
            return Cast(f"CASE WHEN {name} THEN 1 WHEN NOT {name} THEN 0 END")
        case "text", _:
            fits = _fits(f"{name}::numeric", ways[1], becomes)
            kept = f"CASE WHEN {name} ~ {literal(_NUMBER)} THEN {fits} ELSE false END"
            return Cast(f"{name}::numeric::{cast}", kept)
        case "integer", "float":
            return Cast(kept=f"{name} = {name}::{cast}::bigint")
        case "float", "integer" | "number":
            return Cast(kept=f"{_fits(f'{name}::numeric', ways[1], becomes)} AND {name}::numeric::float8 = {name}")
    return Cast(kept=_fits(f"{name}::numeric", ways[1], becomes))


def _fits(number: str, kind: str, becomes: TypeEngine[Any]) -> str:
    """Return the condition that a type of PostgreSQL has a number as it is, without the cast that would fail."""
    cast = _written(becomes)
    if kind == "float":
        # Not compared as a float, which would round both sides.
        return f"{number} = {number}::{cast}::numeric"
    if kind == "integer":
        return f"{number} = trunc({number}) AND abs({number}) <= {_LARGEST[cast]}"
    precision, scale = getattr(becomes, "precision", None), getattr(becomes, "scale", None) or 0
    if precision is None:
        return "1 = 1"
    return f"{number} = round({number}, {scale}) AND abs({number}) < 1e{precision - scale}"


def _written(type_: TypeEngine[Any]) -> str:
    written: str = op.get_context().dialect.type_compiler_instance.process(type_)
    return written


def _time(name: str, ways: tuple[str, str], was: TypeEngine[Any], becomes: TypeEngine[Any]) -> Cast:
    """Return the cast of or to a time; one without a zone is in UTC, and not in the zone of the session."""
    zone = " AT TIME ZONE 'UTC'"
    before, after = (zone if _has_zone(one) else "" for one in (was, becomes))
    match ways:
        case "text", "moment":
            return Cast(f"{name}::timestamp{after}", f"{name} ~ '^{_DATE} {_TIME}$'")
        case "text", "date":
            return Cast(kept=f"{name} ~ '^{_DATE}$'")
        case "text", "time":
            return Cast(kept=f"{name} ~ '^{_TIME}$'")
        case "moment", "moment" if before != after:
            return Cast(f"{name}{zone}")
        case "moment", "date":
            return Cast(f"({name}{before})::date", f"({name}{before})::date = {name}{before}")
        case "date", "moment":
            return Cast(f"{name}::timestamp{after}")
        case "moment", "time":
            return Cast(kept="1 = 0")
        case "moment" | "date", "text":
            form = "YYYY-MM-DD HH24:MI:SS.US" if ways[0] == "moment" else "YYYY-MM-DD"
            value = f"to_char({name}{before}, '{form}')"
            return Cast(value, short_enough(value, becomes))
    return Cast()


def _has_zone(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, Timestamp) or bool(getattr(type_, "timezone", False))
