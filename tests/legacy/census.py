"""Every value of every table of a database, counted: what an adoption may move and convert, but never lose.

A census sees values, not their types: the integer 1 and the text '1', true and 1, 1.50 and 1.5 are one each, since
ids become text and numbers decimals. Texts stay as they are to the last blank. :func:`meaning` goes further, for
comparing a value with what it was converted into.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

Values = Counter[tuple[str, str | None]]
"""How often a value occurs in a table, by (column, normalised text); None is NULL."""
Record = dict[str, str | None]
"""A row: normalised texts by column."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def census(connection: sa.Connection) -> dict[str, Values]:
    """Count the values of all tables, managed and unmanaged, whatever is in them.

    Args:
        connection: begins a transaction if it is in none; nothing is written.

    Returns:
        by table; those of another schema than the current one as ``schema.table``. Empty tables are there too.
    """
    return {
        table: Counter(pair for row in found for pair in row.items()) for table, found in records(connection).items()
    }


def records(connection: sa.Connection) -> dict[str, list[Record]]:
    """Return all rows of all tables, with values as a census has them; see :func:`census`."""
    read = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    return dict(read(connection))


def rows(found: dict[str, Values]) -> dict[str, int]:
    """Return how many rows each table of a census has."""
    counted = {}
    for table, values in found.items():
        per_column: Counter[str] = Counter()
        for (column, _), count in values.items():
            per_column[column] += count
        counted[table] = max(per_column.values(), default=0)
    return counted


def meaning(text: str | None) -> str | None:
    """Return what a value of a census says, however it is written.

    ``1.50`` and ``1.5``, ``true`` and ``1``, ``2026-01-03T01:00:00.000Z`` and ``2026-01-03 01:00:00``, ``{"a":1}`` and
    ``{"a": 1}`` become equal; a time without a zone is UTC. Any other text stays as it is.
    """
    if text is None:
        return None
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped):
        return _number(stripped)
    if _TIME.fullmatch(stripped):
        with suppress(ValueError, OverflowError):  # no such day, or none in UTC
            time = datetime.fromisoformat(stripped)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
            return time.replace(tzinfo=None).isoformat(" ")
    if stripped in ("true", "false"):
        return str(int(stripped == "true"))
    if stripped[:1] in ("{", "[", '"'):
        with suppress(ValueError):
            return _json(stripped)
    return text


def _sqlite(connection: sa.Connection) -> Iterator[tuple[str, list[Record]]]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    for table in tables.scalars().all():
        # Hidden columns of virtual tables (1) are none of the table's own; generated ones (2, 3) are.
        facts = connection.exec_driver_sql(f"PRAGMA table_xinfo({quote(table)})").all()
        columns = [fact.name for fact in facts if fact.hidden != 1]
        # As bytes, because a text of SQLite need not be UTF-8.
        asked = ", ".join(
            f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
            for name in map(quote, columns)
        )
        yield (
            table,
            [
                {column: _of_sqlite(row[2 * place], row[2 * place + 1]) for place, column in enumerate(columns)}
                for row in connection.exec_driver_sql(f"SELECT {asked} FROM {quote(table)}")
            ],
        )


def _of_sqlite(kind: str, value: Any) -> str | None:
    if kind == "null":
        return None
    if kind == "blob":
        return f"x'{value.hex()}'"
    if kind == "text":
        try:
            return str(value.decode())
        except UnicodeDecodeError:  # SQLite takes such texts; they are told as their bytes
            return f"x'{value.hex()}'"
    return _number(repr(value).replace("inf", "Inf"))


_TABLES = """
SELECT c.oid, n.nspname, c.relname, n.nspname = current_schema() AS here
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'
 ORDER BY 2, 3
"""
_COLUMNS = """
SELECT a.attname, format_type(t.oid, NULL) AS type, t.typcategory::text AS category
  FROM pg_attribute a
  JOIN pg_type d ON d.oid = a.atttypid
  JOIN pg_type t ON t.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
 WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""


def _postgresql(connection: sa.Connection) -> Iterator[tuple[str, list[Record]]]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    for oid, schema, table, here in connection.exec_driver_sql(_TABLES).all():
        columns = connection.exec_driver_sql(_COLUMNS, (oid,)).all()
        asked = ", ".join(_as_text(quote(column.attname), column.type, column.category) for column in columns)
        yield (
            table if here else f"{schema}.{table}",
            [
                {
                    column.attname: _of_postgresql(column.type, column.category, value)
                    for column, value in zip(columns, row, strict=True)
                }
                for row in connection.exec_driver_sql(f"SELECT {asked} FROM {quote(schema)}.{quote(table)}")
            ],
        )


def _as_text(column: str, type_: str, category: str) -> str:
    if category == "A":
        return f"to_jsonb({column})::text"
    if type_ == "bytea":
        return f"encode({column}, 'hex')"
    if type_ == "timestamp with time zone":
        return f"({column} AT TIME ZONE 'UTC')::text"
    return f"{column}::text"


def _of_postgresql(type_: str, category: str, value: str | None) -> str | None:
    if value is None:
        return None
    if category == "A" or type_ in ("json", "jsonb"):
        return _json(value)
    if type_ == "bytea":
        return f"x'{value}'"
    if type_ == "boolean":
        return str(int(value == "true"))
    return _number(value) if category == "N" else value


def _number(text: str) -> str:
    """Return a number without exponent and trailing zeros; what is none, as NaN and Infinity, as it is."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    written = format(number, "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return "0" if written in ("-0", "") else written


def _json(text: str) -> str:
    return _canonical(json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_Pairs))


class _Pairs(list[tuple[str, Any]]):
    """What is in an object, a key that is written twice included."""


def _canonical(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "{" + ",".join(sorted(f"{_canonical(key)}:{_canonical(one)}" for key, one in value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Decimal):
        return _number(str(value))
    return json.dumps(value, ensure_ascii=False)
