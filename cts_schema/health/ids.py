"""Checks for ids that are not text, as they must be. The check of the schema finds columns of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema.ddl.text import quote
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find keys of SQLite that are blobs, which never equal a text. Blobs sort last, so the index finds them."""
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
                    "keys are stored as blobs, which never equal a text" + ("" if context.deep else " (at least)"),
                    count=len(rows),
                    examples=tuple(f"x'{row[0]}'" for row in rows[:EXAMPLES]),
                )
