"""The check for times in the form T...Z on SQLite: readable, but sorted after every other time of their day."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.ddl import Timestamp
from cts_schema.ddl.text import quote
from cts_schema.health.context import PROBE, CheckContext
from cts_schema.health.report import Finding

FORM = "????-??-??T*"


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find times with a T, in the oldest and newest rows or in all."""
    for name, table in context.tables.items():
        times = [one.name for one in table.columns if isinstance(one.type, Timestamp) and context.has(name, one.name)]
        if not times:
            continue
        counted = ", ".join(f"coalesce(sum({quote(time)} GLOB '{FORM}'), 0)" for time in times)
        counts = context.rows(f"SELECT {counted} FROM {quote(name) if context.deep else _probe(name, times)}")[0]
        for time, count in zip(times, counts, strict=True):
            if count:
                yield Finding(
                    "time-form",
                    "warning",
                    f"{name}.{time}",
                    "times in the form T...Z sort incorrectly" + ("" if context.deep else " (at least)"),
                    count=count,
                )


def _probe(table: str, columns: list[str]) -> str:
    """Return a subquery of the oldest and the newest rows, without duplicates."""
    names = ", ".join(["rowid", *map(quote, columns)])
    ends = (
        f"SELECT * FROM (SELECT {names} FROM {quote(table)} ORDER BY rowid {order} LIMIT {PROBE // 2})"
        for order in ("ASC", "DESC")
    )
    return f"({' UNION '.join(ends)})"
