"""The casts of values on SQLite, which keeps what is stored, and converts the text of a number."""

from __future__ import annotations

from typing import Any

from sqlalchemy.types import TypeEngine

from cts_schema.ddl.cast import FALSE, TRUE, Cast, short_enough
from cts_schema.ddl.numbers import SQLITE_EXACT_DIGITS


def cast_of(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> Cast:
    """Return the cast of a column.

    Args:
        name: the quoted column.
        ways: the kinds of both types.
        becomes: the new type.
    """
    match ways:
        case "text", "flag":
            value = f"CASE WHEN lower(trim({name})) IN {TRUE} THEN 1 WHEN lower(trim({name})) IN {FALSE} THEN 0 END"
            return Cast(value, f"({value}) IS NOT NULL")
        case "flag", "text":
            return Cast(f"CASE WHEN {name} THEN 'true' ELSE 'false' END")
        case "flag", "integer" | "number" | "float":
            return Cast()
        case "integer" | "number" | "float", "flag":
            return Cast(kept=f"{name} IN (0, 1)")
        case "text" | "integer" | "number" | "float", "integer" | "number" | "float":
            return Cast(kept=_same_number(name, ways, becomes))
        case "integer" | "number" | "float", "text":
            # By itself SQLite writes 15 digits.
            short = f"CAST({name} AS TEXT)"
            value = f"CASE WHEN CAST({short} AS NUMERIC) = {name} THEN {short} ELSE printf('%!.17g', {name}) END"
            return Cast(value, short_enough(value, becomes))
        case "text", "json":
            return Cast(kept=f"json_valid({name})")
        case _, "text":
            length = short_enough(name, becomes)
            return Cast(kept=f"typeof({name}) = 'text'" + (f" AND {length}" if length else ""))
    return _time(name, ways)


def _time(name: str, ways: tuple[str, str]) -> Cast:
    # With a modifier SQLite makes 1 March of 30 February, and the next day of 24:00:00.
    match ways:
        case "text", "moment":
            begins = f"datetime({name}, '+0 days') IS substr({name}, 1, 19)"
            return Cast(kept=f"{begins} AND length({name}) <= 26 AND {_fraction(name, 20)}")
        case "text", "date":
            return Cast(kept=f"date({name}, '+0 days') IS {name}")
        case "text", "time":
            begins = f"time({name}, '+0 days') IS substr({name}, 1, 8)"
            return Cast(kept=f"{begins} AND length({name}) <= 15 AND {_fraction(name, 9)}")
        case "moment", "date":
            return Cast(f"date({name})", f"substr({name}, 12) IN ('00:00:00', '00:00:00.000000')")
        case "date", "moment":
            return Cast(f"{name} || ' 00:00:00'")
    return Cast(kept=None if ways[0] == ways[1] else "1 = 0")


def _fraction(name: str, place: int) -> str:
    return f"rtrim(substr({name}, {place}), '0123456789') IN ('', '.')"


def _same_number(name: str, ways: tuple[str, str], becomes: TypeEngine[Any]) -> str:
    """Return whether a text or number of SQLite is the same as a number of another type.

    A text that is no number is unequal to its CAST. But a text of many digits is rounded before it is compared
    (sqlite.org/datatype3), so it may have as many as a double keeps.
    """
    if ways[1] == "integer":
        return f"CAST({name} AS INTEGER) = {name}"
    scale = getattr(becomes, "scale", None)
    new = f"CAST({name} AS {'REAL' if ways[1] == 'float' else 'NUMERIC'})"
    same = f"{new} = {name}" if scale is None else f"round({new}, {scale}) = {name}"
    if scale is not None and getattr(becomes, "precision", None) is not None:
        same += f" AND abs({new}) < 1e{becomes.precision - scale}"  # type: ignore[attr-defined]
    if ways[0] != "text":
        return same
    digits = f"ltrim(replace(replace(replace(trim({name}), '-', ''), '+', ''), '.', ''), '0')"
    return f"{same} AND length({digits}) <= {SQLITE_EXACT_DIGITS} AND {name} NOT GLOB '*[^0-9.+ -]*'"
