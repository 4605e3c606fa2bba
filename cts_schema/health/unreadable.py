"""The check for values that the models cannot read: one of them makes every read of its row fail."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema.ddl.text import quote, run
from cts_schema.health.context import CheckContext, key_of
from cts_schema.health.report import EXAMPLES, Finding


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find such values in the first rows (on SQLite in the oldest and newest), or in all."""
    for name, table in context.tables.items():
        refused = conditions(context, table)
        if not refused:
            continue
        rows = quote(name) if context.deep else context.dialect.values.some_rows(name, context.columns(name))
        place = f"{rows} AS c"
        counts = ", ".join(f"count(CASE WHEN {one} THEN 1 END)" for one in refused.values())
        for (column, one), count in zip(
            refused.items(), run(context.connection, f"SELECT {counts} FROM {place}").one(), strict=True
        ):
            if count:
                keys = f"SELECT {key_of(context, table)} FROM {place} WHERE {one} LIMIT {EXAMPLES}"
                yield Finding(
                    "unreadable-values",
                    "error",
                    f"{name}.{column}",
                    "the models cannot read these values; every read of their rows fails"
                    + ("" if context.deep else " (at least)"),
                    count=int(count),
                    examples=tuple(str(key) for key in run(context.connection, keys).scalars()),
                )


def conditions(context: CheckContext, table: sa.Table) -> dict[str, str]:
    """Return, for each column that can have such a value, the condition that a row ``c`` has one."""
    there, head = context.schema.tables[table.name], context.head.tables[table.name]
    columns = [column for column in table.columns if context.has(table.name, column.name)]
    unreadable = context.dialect.values.unreadable
    found = ((column.name, unreadable(context.connection, column, there, head)) for column in columns)
    return {name: one for name, one in found if one is not None}
