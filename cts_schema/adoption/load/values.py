"""Whether the values that were loaded are those of the old rows, as the database has stored them.

An old column is taken as it is where nothing but its type has changed, so that the conversion is checked as well;
else its
converted values are. PostgreSQL compares a checksum of each column on both sides. SQLite has no hash that would be
worth it, but finds rows by number at once: there each row is compared with the one that it came from, value by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.plan.examine import Findings
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.adoption.target import Kind
from cts_schema.ddl.text import quote, run
from cts_schema.exceptions import AdoptionFailed


class Checksums:
    """The checksums of PostgreSQL: sums, so that those of several sources of a table add up."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._before: dict[str, dict[str, Any]] = {}

    def add(self, conversion: Conversion, found: Findings, finals: Mapping[str, str], where: str) -> None:
        """Add those of a source.

        Args:
            conversion: the source, all of whose rows are loaded.
            found: what was wrong with them.
            finals: our column -> the value that was loaded, as SQL over the old row ``o``.
            where: which rows were loaded; empty for all.
        """
        columns = conversion.source.table.columns
        known = self._before.setdefault(conversion.source.table.name, dict.fromkeys(columns, 0))
        for name in columns:
            if name not in finals or _is_filled_in(conversion, found, name):
                known.pop(name, None)
        if not found.rows or not known:
            return
        sums = []
        for name in known:
            old = _unchanged(conversion, found, name, finals[name])
            raw = None if old is None else _raw_checksum(columns[name].kind, f"o.{quote(old.name)}", old)
            sums.append(raw or _checksum(columns[name].kind, finals[name]))
        query = f"SELECT {', '.join(sums)} FROM {conversion.place} o{where and ' WHERE '}{where}"
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


def compare_rows(
    connection: sa.Connection,
    conversion: Conversion,
    found: Findings,
    finals: Mapping[str, str],
    where: str,
    pair: str,
    pairs: int | None,
) -> None:
    """Compare the rows of a source with ours on SQLite, value by value.

    Args:
        connection: the database.
        conversion: the source, all of whose rows are loaded.
        found: what was wrong with them.
        finals: our column -> the value that was loaded, as SQL over the old row ``o``.
        where: which rows were loaded; empty for all.
        pair: the condition that our row ``t`` came from the old row ``o``.
        pairs: how many there must be; None where that is not known.

    Raises:
        AdoptionFailed: a value differs, or a row is missing.
    """
    compared = {}
    for name, final in finals.items():
        if not _is_filled_in(conversion, found, name):
            old = _unchanged(conversion, found, name, final)
            kind = conversion.source.table.columns[name].kind
            different = f"t.{quote(name)} IS NOT ({final})"
            if old is not None and kind in ("text", "word"):
                # A blob is told by its literal there, a real number by all its digits, and so by the conversion alone.
                # And bare, the 2 of a column without a type would not be '2'.
                value = f"o.{quote(old.name)}"
                different = (
                    f"t.{quote(name)} IS NOT CAST({value} AS TEXT) "
                    f"AND (typeof({value}) NOT IN ('blob', 'real') OR {different})"
                )
            elif old is not None:
                different = f"t.{quote(name)} IS NOT o.{quote(old.name)}"
            compared[name] = different
    if not found.rows:
        return
    sums = "".join(f", sum({different})" for different in compared.values())
    ours = quote(conversion.source.table.name)
    # CROSS JOIN: the old rows in their order, and for each the one of ours.
    query = f"SELECT count(*){sums} FROM {conversion.place} o CROSS JOIN {ours} t ON {pair}{where and ' WHERE '}{where}"
    there, *counts = run(connection, query).one()
    if pairs not in (None, there):
        raise AdoptionFailed(table=conversion.source.old.name, rows=f"{pairs:,} were loaded, and {there:,} are there")
    for name, count in zip(compared, counts, strict=True):
        if count:
            raise AdoptionFailed(
                table=conversion.source.old.name, column=name, rows=f"{count:,} have another value afterwards"
            )


def _unchanged(conversion: Conversion, found: Findings, name: str, final: str) -> LegacyColumn | None:
    """Return the old column, where all its values go as they are."""
    old = conversion.columns[name].raw_column()
    if old is None or name in found.dirty or name in found.defaulted:
        return None
    return old if final == conversion.columns[name].value(settled=True) else None


def _is_filled_in(conversion: Conversion, found: Findings, name: str) -> bool:
    """Whether some row gets a new id, or the current time, which is another one whenever it is asked for."""
    column = conversion.columns[name]
    known = column.raw_column() is not None and name not in found.dirty and name not in found.defaulted
    default = conversion.default(name)
    return column.defaulted and not known and (default == "NULL" or "(" in default or "CURRENT" in default)


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
    if kind in ("text", "word") or old.type in _AS_THEY_ARE[kind]:
        return _checksum(kind, value)
    if kind in ("number", "float") and old.type in ("double precision", "real"):
        return f"sum({value}::text::numeric)"
    return None
