"""Conditions on preserved rows ``k``: whether they can be restored, and whether they have arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl import sql
from cts_schema.ddl.text import quote


def arrived(table: sa.Table, columns: Sequence[str], key: Sequence[str]) -> str:
    """Return the condition that each value of a preserved row was restored unchanged; a lost reference is NULL."""
    same = [same_key(key, "t", "k")]
    for column in columns:
        found, value = f"t.{quote(column)}", value_or_null(table, column)
        if sql.on_postgresql():  # as text: some types cannot be compared, and 1.0 is not 1.00
            same.append(f"CAST({found} AS text) IS NOT DISTINCT FROM CAST({value} AS text)")
        else:
            same.append(f"{found} IS {value} AND typeof({found}) = typeof({value})")
    return f"EXISTS (SELECT 1 FROM {quote(table.name)} t WHERE {' AND '.join(same)})"


def nothing_else(present: Sequence[str], restored: Sequence[str]) -> str:
    """Return the condition that a preserved row has no other values than the restored ones."""
    return "".join(f" AND k.{quote(column)} IS NULL" for column in present if column not in restored)


def references(table: sa.Table) -> Iterator[tuple[sa.Column[Any], str, str, bool]]:
    """Yield (column, parent table, parent column, whether a lost parent sets it NULL) for each foreign key."""
    for column in table.columns:
        for foreign_key in column.foreign_keys:
            parent, _, parent_column = foreign_key.target_fullname.rpartition(".")
            yield column, parent, parent_column, foreign_key.ondelete == "SET NULL"


def refers_to_rows(table: sa.Table, alias: str, *, nulled: bool = False) -> str:
    """Return the condition that all parents of a row exist.

    Args:
        table: the table, with its foreign keys.
        alias: the alias of the row in the query.
        nulled: check the references that become NULL without their parent, instead of the required ones.
    """
    conditions = ["1 = 1"]
    for column, parent, parent_column, becomes_null in references(table):
        if becomes_null is nulled:
            value = f"{alias}.{quote(column.name)}"
            found = f"SELECT 1 FROM {quote(parent)} q WHERE q.{quote(parent_column)} = {value}"
            conditions.append(f"({value} IS NULL OR EXISTS ({found}))")
    return " AND ".join(conditions)


def value_or_null(table: sa.Table, name: str) -> str:
    """Return the preserved value, or NULL if ON DELETE SET NULL would have cleared it meanwhile."""
    value = f"k.{quote(name)}"
    for column, parent, parent_column, nulled in references(table):
        if column.name == name and nulled:
            found = f"SELECT 1 FROM {quote(parent)} p WHERE p.{quote(parent_column)} = {value}"
            return f"CASE WHEN EXISTS ({found}) THEN {value} END"
    return value


def same_key(key: Sequence[str], one: str, other: str) -> str:
    """Return the condition that two rows have the same key."""
    return " AND ".join(f"{one}.{quote(column)} = {other}.{quote(column)}" for column in key)
