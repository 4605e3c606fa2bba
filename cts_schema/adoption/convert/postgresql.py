"""Conversions on PostgreSQL, where a column has one type, and a cast of it may raise for single values."""

from __future__ import annotations

import re

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.casts import FALSE, TRUE, Cast, Wish, listed, renamed
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.ddl.text import run
from cts_schema.dialects.postgresql import sql

#: From this version on the server itself can say whether a text is valid JSON.
_KNOWS_VALID_INPUT = 16

# What says it before that. It is temporary, and gone with the session.
_IS_JSONB = """
CREATE OR REPLACE FUNCTION pg_temp.cts_is_jsonb(value text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM value::jsonb;
  RETURN true;
EXCEPTION WHEN others THEN
  RETURN false;
END $$
"""

_NUMBER = r"'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'"
_AS_WE_WRITE = r"'^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.0*[1-9][0-9]*|-?[1-9][0-9]*\.0+|0\.0+)$'"
_DAY = r"'^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$'"

_CLASSES = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "numeric",
    "real": "float",
    "double precision": "float",
    "boolean": "boolean",
    "timestamp without time zone": "local",
    "timestamp with time zone": "moment",
    "date": "date",
    "json": "json",
    "jsonb": "jsonb",
}
_TEXTS = re.compile(r"text|character varying|character|citext|name|enum|uuid|\"char\"")


def prepare(connection: sa.Connection, version: tuple[int, ...]) -> None:
    """Create what the conversions call."""
    if version[:1] < (_KNOWS_VALID_INPUT,):
        run(connection, _IS_JSONB)


def as_json(column: LegacyColumn, o: str, version: tuple[int, ...]) -> str:
    """Return a value of an old column as JSON; as a string of its text where that would lose a part of it."""
    if column.type == "json":
        words = f"{o}::text"
        same = f"CASE WHEN {_is_jsonb(words, version)} THEN {_has_each_key_once(words)} ELSE false END"
        return f"CASE WHEN {same} THEN {words}::jsonb ELSE to_jsonb({words}) END"
    if column.type in ("double precision", "real"):  # jsonb has no -0
        return f"CASE {o}::text WHEN '-0' THEN to_jsonb({o}::text) ELSE to_jsonb({o}) END"
    return sql.as_json(o)


def cast(wish: Wish, old: LegacyColumn, o: str, version: tuple[int, ...]) -> Cast:
    """Return the conversion of the old column ``o``."""
    source = _CLASSES.get(old.type) or ("text" if _TEXTS.fullmatch(old.type) else "other")
    kind = wish.column.kind
    if kind == "text":
        return _text(wish, source, o)
    if kind == "enum":
        word = renamed(f"{o}::text", wish)
        allowed = f"{word} IN {listed(wish.column.values)}"
        return Cast(word, valid=allowed, plain=f"coalesce({allowed}, true)", plain_value=word, reason="check")
    if kind == "boolean":
        return _boolean(source, o)
    if kind == "timestamp":
        return _timestamp(source, o)
    if kind == "json":
        return _json(source, old, o, version)
    return _number(wish, source, o)


def _text(wish: Wish, source: str, o: str) -> Cast:
    value = renamed(f"{o}::text", wish)
    if wish.whole and source in ("numeric", "float"):
        value = _number_as_text(o, source)
    elif wish.whole and source == "text":
        value = rf"CASE WHEN {value} ~ '^-?[0-9]+\.0+$' THEN split_part({value}, '.', 1) ELSE {value} END"
    if wish.whole and source != "integer":
        exact = f"{value} = {o}::text" if source == "text" else None
        return Cast(value, exact=exact, plain=f"{value} IS NOT DISTINCT FROM {o}::text", plain_value=f"{o}::text")
    longest = target.indexed_texts(wish.table).get(wish.column.name)
    if longest is None or source != "text":
        return _always(value)
    short = f"pg_column_size({o}) <= {longest}"  # as it is stored, compressed, which is how an index stores it
    return Cast(value, valid=short, plain=f"coalesce({short}, true)", plain_value=value, reason="check")


def key_as_text(value: str, type_: str) -> str:
    """Return what a value becomes that refers to a key of a type which is text now: what the key has become."""
    return _number_as_text(f"({value})::{type_}", _CLASSES.get(type_, "other"))


def _number_as_text(o: str, source: str) -> str:
    if source == "numeric":
        return f"trim_scale({o})::text"
    if source == "float":  # by its text: the cast to numeric would keep 15 digits
        return f"CASE WHEN {o} = trunc({o}) THEN {o}::text::numeric::text ELSE {o}::text END"
    return f"{o}::text"


def _always(value: str) -> Cast:
    return Cast(value, plain_value=value)


def _never(type_: str) -> Cast:
    return Cast(f"NULL::{type_}", valid="false", plain="false", plain_value=f"NULL::{type_}")


def _numeric(source: str, o: str) -> tuple[str, str]:
    """Return the exact numeric of a value, and when there is one."""
    if source == "text":
        return f"{o}::numeric", f"(length({o}::text) < 60 AND {o}::text ~ {_NUMBER})"
    if source == "float":  # by its text, which has all its digits; the cast would keep 15 of them
        return f"{o}::text::numeric", f"(abs({o}) < 'Infinity'::float8)"
    if source == "numeric":
        return o, f"({o} > '-1e100'::numeric AND {o} < '1e100'::numeric)"  # NaN is more than any number
    return f"{o}::numeric", "true"


def _number(wish: Wish, source: str, o: str) -> Cast:
    column = wish.column
    type_ = {"float": "float8", "number": "numeric"}.get(column.kind) or ("int8" if column.size == (64,) else "int4")
    if source == "boolean" and column.kind == "integer":
        return _always(f"{o}::int4")
    if source not in ("integer", "numeric", "float", "text"):
        return _never(type_)
    number, is_number = _numeric(source, f"{o}::text" if source == "text" else o)
    if column.kind == "number":
        precision, scale = column.size
        value = f"round({number}, {scale})"
        within, exact = f"abs({value}) < 1e{precision - scale}", f"{value} = {number}"
    elif column.kind == "float":
        value = o if source == "float" else f"{number}::float8"
        within, exact = f"abs({number}) < 1e300", "true" if source == "float" else f"{value}::text::numeric = {number}"
    else:
        value, exact = f"trunc({number})::{type_}", "true"
        limit = "9223372036854775807" if type_ == "int8" else "2147483647"
        within = f"abs({number}) <= {limit} AND {number} = trunc({number})"
        if wish.units > 1:
            value, exact = f"ceil({number} / {wish.units})::{type_}", f"{number} % {wish.units} = 0"
    if source == "text":  # 007 and 1e3 say the same as 7 and 1000, and are written otherwise
        exact = f"{exact} AND {o}::text ~ {_AS_WE_WRITE}"
    valid = f"CASE WHEN {is_number} THEN {within} ELSE false END"
    return Cast(
        value,
        valid=valid,
        exact=exact,
        plain=f"CASE WHEN {o} IS NULL THEN true WHEN {is_number} THEN {within} AND {exact} ELSE false END",
        plain_value=value,
    )


def _boolean(source: str, o: str) -> Cast:
    if source == "boolean":
        return _always(o)
    word = f"lower({o}::text)"
    value = f"CASE WHEN {word} IN {listed(TRUE)} THEN true WHEN {word} IN {listed(FALSE)} THEN false END"
    valid = f"{word} IN {listed(TRUE + FALSE)}"
    return Cast(value, valid=valid, plain=f"coalesce({valid}, true)", plain_value=value)


def _timestamp(source: str, o: str) -> Cast:
    if source == "text":
        return _written_time(f"{o}::text")
    values = {
        "moment": (o, "timestamptz"),
        "local": (f"{o} AT TIME ZONE 'UTC'", "timestamp"),
        "date": (f"{o}::timestamp AT TIME ZONE 'UTC'", "date"),
    }
    if source not in values:
        return _never("timestamptz")
    value, type_ = values[source]
    # Neither infinity nor a year before Christ or after 9999 is a time to Python.
    within = f"{o} BETWEEN '0001-01-02'::{type_} AND '9999-12-30'::{type_}"
    return Cast(value, valid=within, plain=f"coalesce({within}, true)", plain_value=value)


def _written_time(o: str) -> Cast:
    """A time in a text, as on SQLite. Each part is compared as text, since a wrong one would make the cast raise."""
    year, month, day = f"substr({o}, 1, 4)", f"substr({o}, 6, 2)", f"substr({o}, 9, 2)"
    leap = f"({year}::int % 4 = 0 AND ({year}::int % 100 <> 0 OR {year}::int % 400 = 0))"
    last_day = (
        f"CASE {month} WHEN '02' THEN CASE WHEN {leap} THEN '29' ELSE '28' END WHEN '04' THEN '30' WHEN '06' THEN '30' "
        f"WHEN '09' THEN '30' WHEN '11' THEN '30' ELSE '31' END"
    )
    zone = f"coalesce(substring({o} from '[T ].*([+-][0-9]{{2}}:?[0-9]{{0,2}})$'), '')"
    valid = (
        f"CASE WHEN {o} ~ {_DAY} THEN {year} > '0001' AND {year} < '9999' AND {month} BETWEEN '01' AND '12' "
        f"AND {day} BETWEEN '01' AND {last_day} AND substr({o}, 12, 2) < '24' AND substr({o}, 15, 2) < '60' "
        f"AND CASE WHEN substr({o}, 17, 1) = ':' THEN substr({o}, 18, 2) < '60' ELSE true END "
        f"AND substr({zone}, 2, 2) < '15' AND right({zone}, 2) < '60' ELSE false END"
    )
    value = f"(CASE WHEN {o} ~ '[T ].*(Z|[+-][0-9:]*)$' THEN {o} ELSE {o} || '+00' END)::timestamptz"
    # A bare day takes no zone behind it.
    value = f"CASE WHEN length({o}) = 10 THEN ({o} || ' 00:00+00')::timestamptz ELSE {value} END"
    exact = f"{o} !~ '\\.[0-9]{{7}}'"
    return Cast(
        value,
        valid=valid,
        exact=exact,
        plain=f"CASE WHEN {o} IS NULL THEN true ELSE {valid} AND {exact} END",
        plain_value=value,
    )


def _json(source: str, old: LegacyColumn, o: str, version: tuple[int, ...]) -> Cast:
    if source == "jsonb":
        return _always(o)
    if source in ("text", "json"):
        words = f"{o}::text"
        is_json, once = _is_jsonb(words, version), _has_each_key_once(words)
        return Cast(
            f"CASE WHEN {is_json} THEN {words}::jsonb ELSE to_jsonb({words}) END",
            exact=f"CASE WHEN {is_json} THEN {once} ELSE true END",
            plain=f"CASE WHEN {o} IS NULL THEN true WHEN {is_json} THEN {once} ELSE false END",
            plain_value=f"{words}::jsonb",
        )
    if source in ("integer", "numeric", "boolean") or old.type.endswith("[]"):
        return _always(f"to_jsonb({o})")
    return _always(f"to_jsonb({o}::text)")


def _is_jsonb(words: str, version: tuple[int, ...]) -> str:
    return (
        f"pg_temp.cts_is_jsonb({words})"
        if version[:1] < (_KNOWS_VALID_INPUT,)
        else f"pg_input_is_valid({words}, 'jsonb')"
    )


def _has_each_key_once(words: str) -> str:
    """Of a key that is written twice jsonb keeps one value, and so has fewer colons outside of strings."""

    def colons(text: str) -> str:
        bare = f"""regexp_replace({text}, '"(\\\\.|[^"\\\\])*"', '', 'g')"""
        return f"(length({bare}) - length(replace({bare}, ':', '')))"

    return f"CASE WHEN {words} LIKE '%:%:%' THEN {colons(words)} = {colons(f'{words}::jsonb::text')} ELSE true END"
