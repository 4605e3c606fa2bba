"""Ids that are no texts, where they have to be. That a column has the wrong type is found with the schema."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema.ddl.text import quote
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find keys of SQLite that are blobs: no text is equal to one. Blobs sort last, so that the index leads to them."""
    for name, table in context.tables.items():
        for column in table.primary_key:
            if not isinstance(column.type, sa.Text) or not context.has(name, column.name):
                continue
            key = quote(column.name)
            limit = "" if context.deep else f" LIMIT {EXAMPLES + 1}"
            rows = context.rows(f"SELECT hex({key}) FROM {quote(name)} WHERE {key} >= x''{limit}")
            if rows:
                yield Finding(
                    "wrong-id-type",
                    "error",
                    f"{name}.{column.name}",
                    "keys are stored as blobs, which are equal to no text" + ("" if context.deep else " (at least)"),
                    count=len(rows),
                    examples=tuple(f"x'{row[0]}'" for row in rows[:EXAMPLES]),
                )
