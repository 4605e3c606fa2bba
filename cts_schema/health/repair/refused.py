"""Rows that would refuse what is missing: counted before anything is tried, and told by their keys."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import quote, run
from cts_schema.health.look import Look, key_of
from cts_schema.health.report import EXAMPLES


def rows_where(look: Look, table: sa.Table, condition: str) -> str | None:
    """Return how many rows of ``table``, called ``c`` in the condition, meet it, with some keys; None for none."""
    rows = f"FROM {quote(table.name)} AS c WHERE {condition}"
    count = run(look.connection, f"SELECT count(*) {rows}").scalar_one()
    if not count:
        return None
    keys = run(look.connection, f"SELECT {key_of(look, table)} {rows} ORDER BY 1 LIMIT {EXAMPLES}").scalars()
    return _said(count, [str(key) for key in keys if key is not None])


def duplicates(look: Look, table: sa.Table, values: Sequence[str]) -> str | None:
    """Return how many groups of rows have the same values, with the key of one row of some; None for none.

    Args:
        look: the database.
        table: the table, called ``c`` in the values.
        values: expressions; where one is NULL the row is like no other.
    """
    known = " AND ".join(f"{value} IS NOT NULL" for value in values)
    groups = (
        f"SELECT min({key_of(look, table)}) AS k FROM {quote(table.name)} AS c WHERE {known} "
        f"GROUP BY {', '.join(values)} HAVING count(*) > 1"
    )
    count = run(look.connection, f"SELECT count(*) FROM ({groups}) AS g").scalar_one()
    if not count:
        return None
    keys = run(look.connection, f"{groups} ORDER BY 1 LIMIT {EXAMPLES}").scalars()
    return _said(count, [str(key) for key in keys], "group of rows", "groups of rows")


def _said(count: int, keys: Sequence[str], one: str = "row", many: str = "rows") -> str:
    said = f"{count:,} {one if count == 1 else many}"
    more = ", ..." if count > len(keys) else ""
    return f"{said} ({', '.join(keys)}{more})" if keys else said
