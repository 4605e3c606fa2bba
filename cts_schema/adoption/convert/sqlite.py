"""Conversions on SQLite, where any column may hold a value of any type.

JSON distinguishes a number in a text from a text that only begins like one, which CAST does not.
"""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.adoption.convert.casts import FALSE, TRUE, Cast, Wish, listed, renamed
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.dialects.sqlite import sql
from cts_schema.dialects.sqlite.reals import real_of, register, text_of

_LAST_NUMBER = 2**63 - 1  # after which AUTOINCREMENT gives none


def prepare(connection: sa.Connection, version: tuple[int, ...]) -> None:
    """Let statements call what the conversions call."""
    register(connection)


def as_json(column: LegacyColumn, o: str, version: tuple[int, ...]) -> str:
    """Return a value of an old column as JSON."""
    return sql.as_json(o)


def cast(wish: Wish, old: LegacyColumn, o: str, version: tuple[int, ...]) -> Cast:
    """Return the conversion of the old column ``o``."""
    kind = wish.column.kind
    if kind == "text":
        return _text(wish, old, o)
    if kind == "enum":
        word = renamed(f"CAST({o} AS TEXT)", wish)
        allowed = f"typeof({o}) <> 'blob' AND {word} IN {listed(wish.column.values)}"
        return Cast(word, valid=allowed, plain=f"coalesce({allowed}, 1)", plain_value=word, reason="check")
    if kind == "number":
        return _number(wish, old, o)
    if kind == "integer":
        return _integer(wish, o)
    if kind == "float":
        return _float(o)
    if kind == "boolean":
        return _boolean(old, o)
    return timestamp(o) if kind == "timestamp" else _json(o)


def _affinity(old: LegacyColumn) -> str:
    """Return what a column makes of values that can be so (sqlite.org/datatype3.html, section 3.1)."""
    if "int" in old.type:
        return "integer"
    if any(part in old.type for part in ("char", "clob", "text")):
        return "text"
    return "blob" if "blob" in old.type or not old.type else "numeric"


def _text(wish: Wish, old: LegacyColumn, o: str) -> Cast:
    value = renamed(f"CAST({o} AS TEXT)", wish)
    # A blob becomes its literal, as PostgreSQL writes one.
    whatever = (
        f"CASE typeof({o}) WHEN 'blob' THEN 'x''' || lower(hex({o})) || '''' "
        f"WHEN 'real' THEN {text_of(o)} ELSE {value} END"
    )
    if wish.whole and _affinity(old) != "integer":
        # The comparison makes a number of a text that is one, as that with the key did.
        whole = f"CAST(CAST({o} AS NUMERIC) AS INTEGER)"  # at once 70e-1 would be 70
        value = f"CASE WHEN {whole} = {o} THEN CAST({whole} AS TEXT) ELSE {whatever} END"
        exact = f"typeof({o}) <> 'text' OR ({value}) = {o}"  # ' 07' means 7, and was written otherwise
        plain = f"typeof({o}) IN ('text', 'integer', 'null') AND ({value}) IS CAST({o} AS TEXT)"
        return Cast(value, exact=exact, plain=plain, plain_value=f"CAST({o} AS TEXT)")
    if _affinity(old) == "text":  # it has made a text of every number
        return Cast(whatever, plain_value=whatever)
    return Cast(whatever, plain=f"typeof({o}) IN ('text', 'integer', 'null')", plain_value=value)


def _is_number(o: str, *types: str) -> str:
    return f"CASE WHEN json_valid({o}) THEN json_type({o}) IN {listed(types)} ELSE 0 END"


def _number(wish: Wish, old: LegacyColumn, o: str) -> Cast:
    precision, scale = wish.column.size
    limit = f"1e{precision - scale}"
    number = f"CASE typeof(CAST({o} AS NUMERIC)) WHEN 'integer' THEN CAST({o} AS NUMERIC) ELSE {real_of(o)} END"
    within = f"{o} > -{limit} AND {o} < {limit}"
    # A text is exact where it is written as its number is; the zeros behind its point say nothing.
    trimmed = f"CASE WHEN instr({o}, '.') > 0 THEN rtrim(rtrim({o}, '0'), '.') ELSE {o} END"
    return Cast(
        f"CASE typeof({o}) WHEN 'text' THEN {number} ELSE {o} END",
        valid=f"CASE typeof({o}) WHEN 'integer' THEN {within} WHEN 'real' THEN {within} WHEN 'text' THEN "
        # As a real number: SQLite refuses to look for the opposite of the lowest integer.
        f"{_is_number(o, 'integer', 'real')} AND abs(0.0 + {number}) < {limit} ELSE 0 END",
        exact=f"typeof({o}) <> 'text' OR CAST({number} AS TEXT) = {trimmed}",
        plain=f"({o} BETWEEN -{limit} + 1 AND {limit} - 1) IS NOT 0"
        if _affinity(old) in ("integer", "numeric")  # where any text is more than any number
        else f"CASE WHEN typeof({o}) IN ('integer', 'real') THEN {within} ELSE {o} IS NULL END",
        plain_value=o,
    )


def _integer(wish: Wish, o: str) -> Cast:
    whole = f"CAST({o} AS INTEGER)"
    value, exact = whole, None
    if wish.units > 1:
        value = f"{whole} / {wish.units} + ({whole} % {wish.units} > 0)"  # rounded up: an interval is never 0
        exact = f"{whole} % {wish.units} = 0"
    plain = f"typeof({o}) IN ('integer', 'null')"
    if wish.counts:
        plain += f" AND {o} IS NOT {_LAST_NUMBER}"
    return Cast(
        value,
        valid=f"CASE typeof({o}) WHEN 'integer' THEN {f'{o} <> {_LAST_NUMBER}' if wish.counts else 1} "
        f"WHEN 'real' THEN {o} = {whole} AND abs({o}) < 9e15 "
        f"WHEN 'text' THEN {_is_number(o, 'integer')} AND CAST({whole} AS TEXT) = {o} ELSE 0 END",
        exact=exact,
        plain=plain if exact is None else f"{plain} AND coalesce({exact}, 1)",
        plain_value=value,
    )


def _float(o: str) -> Cast:
    real = f"CASE typeof({o}) WHEN 'text' THEN {real_of(o)} ELSE CAST({o} AS REAL) END"
    return Cast(
        real,
        valid=f"CASE typeof({o}) WHEN 'integer' THEN 1 WHEN 'real' THEN abs({o}) < 1e308 "
        f"WHEN 'text' THEN {_is_number(o, 'integer', 'real')} AND abs({real}) < 1e308 ELSE 0 END",
        exact=f"CASE typeof({o}) WHEN 'text' THEN {text_of(real)} IN ({o}, {o} || '.0') ELSE ({real}) = {o} END",
        plain=f"CASE WHEN typeof({o}) = 'real' THEN abs({o}) < 1e308 ELSE {o} IS NULL END",
        plain_value=o,
    )


def _boolean(old: LegacyColumn, o: str) -> Cast:
    word = (
        f"CASE WHEN typeof({o}) = 'text' THEN lower({o}) WHEN {o} IN (0, 1) THEN CAST(CAST({o} AS INTEGER) AS TEXT) END"
    )
    value = f"CASE WHEN {word} IN {listed(TRUE)} THEN 1 WHEN {word} IN {listed(FALSE)} THEN 0 END"
    return Cast(
        value,
        valid=f"{word} IN {listed(TRUE + FALSE)}",
        plain=f"({o} IN (0, 1)) IS NOT 0"
        if _affinity(old) in ("integer", "numeric")
        else f"CASE WHEN typeof({o}) = 'integer' THEN {o} IN (0, 1) ELSE {o} IS NULL END",
        plain_value=o,
    )


# Before and after these there is no time to Python.
_FIRST, _LAST = "'0001-01-02'", "'9999-12-30'"


def timestamp(o: str) -> Cast:
    """Return the conversion of a time.

    YYYY-MM-DD, then maybe T or a blank and HH:MM, :SS, a fraction, and a zone: Z, +HH:MM, +HHMM or +HH.
    """
    zone = (
        f"CASE WHEN {o} GLOB '*Z' THEN 'Z' WHEN {o} GLOB '????-??-??[T ]*[+-][0-9][0-9]:[0-9][0-9]' THEN "
        f"substr({o}, -6) "
        f"WHEN {o} GLOB '????-??-??[T ]*[+-][0-9][0-9][0-9][0-9]' THEN substr({o}, -5) "
        f"WHEN {o} GLOB '????-??-??[T ]*[+-][0-9][0-9]' THEN substr({o}, -3) ELSE '' END"
    )
    shift = (
        f"CASE length({zone}) WHEN 6 THEN {zone} WHEN 5 THEN substr({zone}, 1, 3) || ':' || substr({zone}, 4) "
        f"WHEN 3 THEN {zone} || ':00' ELSE '' END"
    )
    local = f"substr({o}, 1, length({o}) - length({zone}))"
    # datetime() takes the 30th of February for the 2nd of March, once it has to count: what it returns must be what it
    # was given.
    clock = (
        f"CASE length({local}) WHEN 10 THEN {local} || ' 00:00:00' WHEN 16 THEN replace({local}, 'T', ' ') || ':00' "
        f"ELSE replace(substr({local}, 1, 19), 'T', ' ') END"
    )
    fraction = f"substr({local}, 20)"
    digits = f"CASE WHEN ltrim({fraction}, '.0') = '' THEN '' ELSE substr({fraction} || '000000', 1, 7) END"
    return Cast(
        f"datetime({clock} || {shift}) || {digits}",
        valid=f"typeof({o}) = 'text' AND coalesce(datetime({clock}, '+0 days') = {clock}, 0) AND datetime({clock} || "
        f"{shift}) IS NOT NULL "
        f"AND (length({local}) IN (10, 16, 19) OR ({fraction} GLOB '.[0-9]*' AND substr({fraction}, 2) NOT "
        "GLOB '*[^0-9]*')) "
        f"AND (length({local}) > 10 OR {zone} = '') AND datetime({clock} || {shift}) BETWEEN {_FIRST} AND {_LAST}",
        exact=f"length({fraction}) <= 7 AND instr({o}, char(0)) = 0",
        plain=f"datetime({o}, '+0 days') IS {o} AND ({o} BETWEEN {_FIRST} AND {_LAST}) IS NOT 0",
        plain_value=o,
    )


def _json(o: str) -> Cast:
    words = f"CASE typeof({o}) WHEN 'real' THEN {text_of(o)} ELSE CAST({o} AS TEXT) END"
    return Cast(
        f"CASE WHEN json_valid({words}) THEN {words} ELSE json_quote({words}) END",
        valid=f"typeof({o}) <> 'blob'",
        plain=f"CASE WHEN typeof({o}) = 'text' THEN json_valid({o}) ELSE {o} IS NULL END",
        plain_value=o,
    )
