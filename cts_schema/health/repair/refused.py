"""Counts the rows that violate a constraint before it is added, and names some of their keys."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.text import quote, run
from cts_schema.health.context import CheckContext, key_of
from cts_schema.health.report import EXAMPLES


def rows_where(context: CheckContext, table: sa.Table, condition: str) -> str | None:
    """Return the number of rows that meet a condition, with some keys; None for none. The table's alias is ``c``."""
    rows = f"FROM {quote(table.name)} AS c WHERE {condition}"
    count = run(context.connection, f"SELECT count(*) {rows}").scalar_one()
    if not count:
        return None
    keys = run(context.connection, f"SELECT {key_of(context, table)} {rows} ORDER BY 1 LIMIT {EXAMPLES}").scalars()
    return _counted(count, [str(key) for key in keys if key is not None])


def duplicates(context: CheckContext, table: sa.Table, values: Sequence[str]) -> str | None:
    """Return the number of groups of rows with equal values, with some keys; None for none.

    Args:
        context: the database.
        table: the table; its alias is ``c``.
        values: expressions; a row in which one is NULL equals no other row.
    """
    known = " AND ".join(f"{value} IS NOT NULL" for value in values)
    groups = (
        f"SELECT min({key_of(context, table)}) AS k FROM {quote(table.name)} AS c WHERE {known} "
        f"GROUP BY {', '.join(values)} HAVING count(*) > 1"
    )
    count = run(context.connection, f"SELECT count(*) FROM ({groups}) AS g").scalar_one()
    if not count:
        return None
    keys = run(context.connection, f"{groups} ORDER BY 1 LIMIT {EXAMPLES}").scalars()
    return _counted(count, [str(key) for key in keys], "group of rows", "groups of rows")


def _counted(count: int, keys: Sequence[str], one: str = "row", many: str = "rows") -> str:
    text = f"{count:,} {one if count == 1 else many}"
    more = ", ..." if count > len(keys) else ""
    return f"{text} ({', '.join(keys)}{more})" if keys else text
