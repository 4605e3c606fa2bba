"""Values that PostgreSQL accepts and the models cannot read, as SQL conditions."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.checks import finite_name
from cts_schema.ddl.numbers import ExactNumeric
from cts_schema.ddl.text import literal, quote
from cts_schema.ddl.types import Json, Timestamp
from cts_schema.dialects.facts import Part, TableSnapshot

_FIRST_ROWS = 10_000
_INFINITE = "('NaN', 'Infinity', '-Infinity')"
_FIRST, _LAST = "'0001-01-01 00:00:00+00'", "'10000-01-01 00:00:00+00'"


def unreadable(
    connection: sa.Connection, column: sa.Column[Any], there: TableSnapshot, head: TableSnapshot
) -> str | None:
    """Return the condition that a row ``c`` has such a value in a column; None if it cannot."""
    table, value = column.table.name, f"c.{quote(column.name)}"
    type_ = there.columns[column.name].type
    if isinstance(column.type, ExactNumeric) and type_.startswith(("numeric", "double precision", "real")):
        check = Part("check", finite_name(table, column.name))
        wanted = head.parts.get(check)
        if type_.startswith("numeric(") and wanted is not None and there.parts.get(check) == wanted:
            return None  # a validated CHECK excludes them
        return f"{value} IN {_INFINITE}"
    if isinstance(column.type, Timestamp) and type_.startswith("timestamp"):
        zone = "timestamptz" if "with time zone" in type_ else "timestamp"
        return f"({value} < {zone} {_FIRST} OR {value} >= {zone} {_LAST})"
    if isinstance(column.type, Json) and type_ in ("json", "jsonb") and (digits := sys.get_int_max_str_digits()):
        # Python cannot parse an integer of so many digits. Strings and numbers with a point are removed first.
        string, point = r"""'"(\\.|[^"\\])*"'""", r"'[0-9]+\.[0-9]+'"
        bare = f"regexp_replace(regexp_replace({value}::text, {string}, '', 'g'), {point}, '', 'g')"
        run_of = f"position(repeat('0', {digits + 1}) in translate({bare}, '123456789', '000000000'))"
        return f"CASE WHEN length({value}::text) > {digits} THEN {run_of} > 0 ELSE false END"
    return None


@contextmanager
def tolerant(connection: sa.Connection) -> Iterator[None]:
    """Change nothing: the driver reads any value as text."""
    yield


def some_rows(table: str, columns: Collection[str]) -> str:
    """Return the first rows of a table as a subquery."""
    return f"(SELECT * FROM {quote(table)} LIMIT {_FIRST_ROWS})"


def readable(value: str) -> str:
    """Return any value as readable JSON."""
    return f"to_jsonb({value}::text)"


def whole_row(table: sa.Table, columns: Sequence[str], refused: Mapping[str, str]) -> str:
    """Return a row ``c`` as one readable JSON object."""
    numbers = (
        f" || CASE WHEN {one} THEN jsonb_build_object({literal(name)}, {readable(f'c.{quote(name)}')}) ELSE '{{}}' END"
        for name, one in refused.items()
        if isinstance(table.columns[name].type, Json)
    )
    return "to_jsonb(c)" + "".join(numbers)
