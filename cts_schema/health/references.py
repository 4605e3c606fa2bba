"""Checks for orphans: rows that refer to a missing row, by a foreign key or by a column that acts as one.

Without ``deep`` the cost is bounded. If an index begins with the column, the check looks up its distinct values, each
with one step in the index, however many rows have it. Otherwise it reads the first rows of the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cts_schema.ddl.text import quote
from cts_schema.dialects.facts import ForeignKey
from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health import indexes
from cts_schema.health.context import PROBE, CheckContext
from cts_schema.health.report import EXAMPLES, Finding


@dataclass(frozen=True)
class Reference:
    """A column whose values are keys of other tables.

    Attributes:
        table: the table of the column.
        column: the column.
        parents: the tables and columns of which one must have the value.
        on_delete: the action of the models when the parent is deleted; None for none.
        declared: whether the models have a foreign key.
    """

    table: str
    column: str
    parents: tuple[tuple[str, str], ...]
    on_delete: str | None = None
    declared: bool = True


# References without a foreign key in the models. Other columns named ..._id hold identifiers of an exchange or
# generated keys, or refer to unmanaged tables.
QUARANTINE = NextCommand("repair", "orphans", orphans="quarantine")
WITHOUT_CONSTRAINT = (
    Reference("exchange_connections", "user_id", (("users", "id"),), declared=False),
    Reference(
        "exchange_position_coordination_log",
        "exchange_position_id",
        (("active_exchange_positions", "id"),),
        declared=False,
    ),
    Reference("preset_trade_engine_state", "preset_id", (("presets", "id"), ("preset_types", "id")), declared=False),
    Reference("site_logs", "connection_id", (("exchange_connections", "id"),), declared=False),
    Reference("site_logs", "user_id", (("users", "id"),), declared=False),
)


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find orphans."""
    begun = indexes.covered(indexes.there(context))
    for reference in (*declared(context), *WITHOUT_CONSTRAINT):
        if not context.comparable((reference.table, reference.column), *reference.parents):
            continue  # the check of the schema reports it
        if context.deep:
            rows = context.rows(_all(reference))
        elif (reference.table, reference.column) in begun:
            rows = context.rows(_by_index(reference))
        else:
            rows = context.rows(_first_rows(reference))
        if rows:
            yield _finding(reference, rows, deep=context.deep)
    for one in foreign(context):
        managed = one.table in context.tables
        if one.validated or (managed and len(one.columns) == 1):  # PostgreSQL has checked a validated key
            continue
        rows = context.rows(_of_other(context, one))
        if rows:
            whose = "rows" if managed else "rows of an unmanaged table"
            yield Finding(
                "orphans",
                "error" if managed else "warning",
                one.where,
                f"{whose} refer to missing {one.parent}" + ("" if context.deep else " (at least)"),
                count=sum(number for _, number in rows),
                examples=tuple(str(key) for key, _ in rows[:EXAMPLES]),
            )


def declared(context: CheckContext) -> Iterator[Reference]:
    """Yield the foreign keys of one column that the models have and whose table exists."""
    for name, table in context.tables.items():
        for constraint in table.foreign_key_constraints:
            element, *others = constraint.elements
            if others:
                continue  # foreign() yields it
            parent, _, column = element.target_fullname.rpartition(".")
            yield Reference(name, element.parent.name, ((parent, column),), constraint.ondelete)


def referring(context: CheckContext, table: str) -> Iterator[ForeignKey]:
    """Yield each foreign key of the database to a table of the models, including keys that the models do not have."""
    for one in context.foreign_keys:
        if one.parent == table and one.table is not None:
            yield one


def foreign(context: CheckContext) -> Iterator[ForeignKey]:
    """Yield the foreign keys to tables of the models that :func:`declared` does not yield."""
    ours = {(one.table, one.column) for one in declared(context)}
    for one in context.foreign_keys:
        parent = one.parent
        if parent not in context.tables or not all(context.has(parent, key) for _, key in one.columns):
            continue
        if len(one.columns) > 1 or (one.table, one.columns[0][0]) not in ours:
            yield one


def _of_other(context: CheckContext, key: ForeignKey) -> str:
    child, columns, untyped = key.child, key.columns, context.dialect.sql.untyped
    filled = " AND ".join(f"child.{quote(own)} IS NOT NULL" for own, _ in columns)
    found = " AND ".join(f"parent.{quote(of)} = {untyped(f'child.{quote(own)}')}" for own, of in columns)
    rows = child if context.deep else f"(SELECT * FROM {child} LIMIT {PROBE})"
    return (
        f"SELECT child.{quote(columns[0][0])}, count(*) FROM {rows} AS child WHERE {filled} "
        f"AND NOT EXISTS (SELECT 1 FROM {quote(str(key.parent))} AS parent WHERE {found}) GROUP BY 1 ORDER BY 1"
    )


def _finding(reference: Reference, rows: list[tuple[Any, int]], *, deep: bool) -> Finding:
    parents = " or ".join(parent for parent, _ in reference.parents)
    count = sum(number for _, number in rows)
    message = f"rows refer to missing {parents}" + ("" if deep else " (at least)")
    return Finding(
        "orphans",
        "error" if reference.declared else "info",
        f"{reference.table}.{reference.column}",
        message if reference.declared else f"{message}; there is no foreign key, by design",
        count=count,
        examples=tuple(str(key) for key, _ in rows[:EXAMPLES]),
        repair=NextStep("{}", QUARANTINE) if reference.declared else None,
    )


def _gone(reference: Reference, key: str) -> str:
    return " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {quote(parent)} AS parent WHERE parent.{quote(column)} = {key})"
        for parent, column in reference.parents
    )


def _all(reference: Reference) -> str:
    column = quote(reference.column)
    return (
        f"SELECT child.{column}, count(*) FROM {quote(reference.table)} AS child "
        f"WHERE child.{column} IS NOT NULL AND {_gone(reference, f'child.{column}')} "
        "GROUP BY 1 ORDER BY 1"
    )


def _by_index(reference: Reference) -> str:
    """Return a query for the missing keys that steps from each value in the index to the next."""
    table, column = quote(reference.table), quote(reference.column)
    return (
        f"WITH RECURSIVE found(key, number) AS (SELECT min({column}), 1 FROM {table} UNION ALL "
        f"SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.key), number + 1 FROM found "
        f"WHERE found.key IS NOT NULL AND number < {PROBE}) "
        f"SELECT found.key, 1 FROM found WHERE found.key IS NOT NULL AND {_gone(reference, 'found.key')} ORDER BY 1"
    )


def _first_rows(reference: Reference) -> str:
    table, column = quote(reference.table), quote(reference.column)
    return (
        f"SELECT child.key, count(*) FROM (SELECT {column} AS key FROM {table} LIMIT {PROBE}) AS child "
        f"WHERE child.key IS NOT NULL AND {_gone(reference, 'child.key')} GROUP BY 1 ORDER BY 1"
    )
