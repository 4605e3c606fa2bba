"""Values that a database holds and the models cannot read: one of them makes every read of its table fail."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema.ddl.text import quote, run
from cts_schema.health import drift
from cts_schema.health.look import Look, key_of
from cts_schema.health.report import EXAMPLES, Finding


def findings(look: Look) -> Iterator[Finding]:
    """Find such values: of the first rows, on SQLite of the oldest and the newest, or of all."""
    for name, table in look.tables.items():
        refused = conditions(look, table)
        if not refused:
            continue
        rows = quote(name) if look.deep else look.dialect.values.some_rows(name, look.columns(name))
        place = f"{rows} AS c"
        counts = ", ".join(f"count(CASE WHEN {one} THEN 1 END)" for one in refused.values())
        for (column, one), count in zip(
            refused.items(), run(look.connection, f"SELECT {counts} FROM {place}").one(), strict=True
        ):
            if count:
                keys = f"SELECT {key_of(look, table)} FROM {place} WHERE {one} LIMIT {EXAMPLES}"
                yield Finding(
                    "unreadable-values",
                    "error",
                    f"{name}.{column}",
                    "the models cannot read these values, and every read of their rows fails"
                    + ("" if look.deep else " (at least)"),
                    count=int(count),
                    examples=tuple(str(key) for key in run(look.connection, keys).scalars()),
                )


def conditions(look: Look, table: sa.Table) -> dict[str, str]:
    """Return the condition under which a row ``c`` has such a value, for each column that can have one."""
    there, head = look.schema[f"table {table.name}"], drift.at_head(look.dialect)[f"table {table.name}"]
    columns = [column for column in table.columns if look.has(table.name, column.name)]
    unreadable = look.dialect.values.unreadable
    found = ((column.name, unreadable(look.connection, column, there, head)) for column in columns)
    return {name: one for name, one in found if one is not None}
