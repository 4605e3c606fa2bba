"""The load on PostgreSQL, which compares a checksum of each column on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.adoption.target import Kind
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.postgresql.lock import setting
from cts_schema.exceptions import AdoptionFailed


class Comparison:
    """The checksums of the columns: sums, so that those of several sources of a table add up."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._before: dict[str, dict[str, Any]] = {}

    def numbers(self, conversion: Conversion) -> Mapping[str, str]:
        """Return nothing: no row needs to be found again."""
        return {}

    def add(self, rows: RowExceptions, finals: Mapping[str, str], loaded: int) -> None:
        """Add the checksums of a source, all of whose rows are loaded."""
        columns = rows.table.columns
        known = self._before.setdefault(rows.table.name, dict.fromkeys(columns, 0))
        for name in columns:
            if name not in finals or rows.is_made_up(name):
                known.pop(name, None)
        if not rows.findings.rows or not known:
            return
        sums = []
        for name in known:
            old = rows.unchanged(name, finals[name])
            raw = None if old is None else _raw_checksum(columns[name].kind, f"o.{quote(old.name)}", old)
            sums.append(raw or _checksum(columns[name].kind, finals[name]))
        query = f"SELECT {', '.join(sums)} FROM {rows.conversion.place} o{rows.where}"
        for name, value in zip(known, run(self._connection, query).one(), strict=True):
            known[name] += value or 0

    def require_equal(self) -> None:
        """Check that those of our tables are the same.

        Raises:
            AdoptionFailed: one is not.
        """
        for table, before in self._before.items():
            if not before or table == "adoption_leftovers":  # which gets more rows than it had
                continue
            columns = target.tables()[table].columns
            sums = ", ".join(_checksum(columns[name].kind, f"t.{quote(name)}") for name in before)
            after = run(self._connection, f"SELECT {sums} FROM {quote(table)} t").one()
            for name, expected, found in zip(before, before.values(), after, strict=True):
                if expected != (found or 0):
                    raise AdoptionFailed(table=table, column=name, checksum=f"{expected} before, {found} afterwards")


def _checksum(kind: Kind, value: str) -> str:
    """Return the checksum of values that are ours already, or have been converted."""
    if kind in ("number", "integer", "float"):
        return f"sum({value}::numeric)"
    if kind == "boolean":
        return f"sum({value}::int)"
    if kind == "timestamp":
        return f"sum(extract(epoch FROM {value}))"
    return f"sum(hashtextextended({value}::text, 0))"


_WHOLE = ("integer", "bigint", "smallint")
_AS_THEY_ARE: Mapping[str, tuple[str, ...]] = {
    "number": ("numeric", *_WHOLE),
    "float": ("numeric", *_WHOLE),
    "integer": _WHOLE,
    "boolean": ("boolean",),
    "timestamp": ("timestamp with time zone", "timestamp without time zone"),  # whose epoch counts it as UTC
    "json": ("jsonb",),
}


def _raw_checksum(kind: Kind, value: str, old: LegacyColumn) -> str | None:
    if kind in ("text", "enum") or old.type in _AS_THEY_ARE[kind]:
        return _checksum(kind, value)
    if kind in ("number", "float") and old.type in ("double precision", "real"):
        return f"sum({value}::text::numeric)"
    return None


def chunks(connection: sa.Connection, conversion: Conversion, rows: int, size: int) -> Iterator[str]:
    """Yield conditions that divide a large table by its pages."""
    place = literal(conversion.place)
    pages = run(connection, f"SELECT pg_relation_size({place}) / current_setting('block_size')::int").scalar_one()
    step = max(1, pages * size // rows)
    for start in range(0, pages, step):
        yield f"o.ctid >= '({start},0)'::tid AND o.ctid < '({start + step},0)'::tid"


@contextmanager
def trial(connection: sa.Connection) -> Iterator[None]:
    """Undo all that the block does, and let a temporary table stand before others."""
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    with setting(connection, "search_path", f"pg_temp, {path}"):
        savepoint = connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()


def make_readable(connection: sa.Connection, last: int) -> None:
    """Do nothing: every text can be read."""
