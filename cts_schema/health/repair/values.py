"""Rewrites values of SQLite in the wrong form: times with a T, and keys that are blobs.

The rows keep their meaning, so no trigger fires and ``updated_at`` stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from cts_schema.adoption.convert.sqlite import timestamp
from cts_schema.ddl.text import quote, run
from cts_schema.health import references, times
from cts_schema.health.context import CheckContext
from cts_schema.health.repair.refused import duplicates, rows_where
from cts_schema.health.repair.report import Left, RepairStep
from cts_schema.health.report import Finding


def untouched(context: CheckContext, table: str, changes: Sequence[str]) -> Iterator[str]:
    """Yield changes to rows of a table, between statements that disable and enable all of its triggers."""
    triggers = context.dialect.catalogue.triggers(context.connection, table)
    yield from (quiet for quiet, _ in triggers)
    yield from changes
    yield from (awake for _, awake in triggers)


def plan_times(context: CheckContext, table: sa.Table, finding: Finding) -> Iterator[RepairStep | Left]:
    """Yield the step that rewrites times in the form of the package, or why it does not."""
    name = finding.where.partition(".")[2]
    value = f"c.{quote(name)}"
    cast = timestamp(value)
    form = f"{value} GLOB '{times.FORM}'"
    readable = f"coalesce(({cast.valid}) AND ({cast.exact}), 0)"
    if rows := rows_where(context, table, f"{form} AND NOT {readable}"):
        yield Left(finding, f"{rows} have a time that is unreadable or would lose digits; all rows stay as they are")
        return
    same = f"CASE WHEN {form} THEN {cast.value} ELSE {value} END"
    for constraint in table.constraints:
        if not isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            continue
        columns = [column.name for column in constraint.columns]
        if name not in columns or not all(context.has(table.name, column) for column in columns):
            continue
        values = [same if column == name else f"c.{quote(column)}" for column in columns]
        if rows := duplicates(context, table, values):
            yield Left(finding, f"{rows} mean the same time, and would violate {constraint.name}")
            return
    update = f"UPDATE {quote(table.name)} AS c SET {quote(name)} = {cast.value} WHERE {form}"
    yield RepairStep((finding,), tuple(untouched(context, table.name, [update])), (table.name,))


def plan_blobs(context: CheckContext, table: sa.Table, finding: Finding) -> Iterator[RepairStep | Left]:
    """Yield the step that converts blob keys, and references to them, to text, or why it does not."""
    name = finding.where.partition(".")[2]
    key = f"c.{quote(name)}"
    blobs = run(
        context.connection, f"SELECT {key} FROM {quote(table.name)} AS c WHERE typeof({key}) = 'blob'"
    ).scalars()
    if not all(_is_text(bytes(blob)) for blob in blobs):
        yield Left(finding, "some of them are not readable text; all rows stay as they are")
        return
    text = f"CAST({key} AS TEXT)"
    others = [f"c.{quote(one.name)}" if one.name != name else text for one in table.primary_key]
    if rows := duplicates(context, table, others):
        yield Left(finding, f"{rows} would have the same key")
        return
    changes: list[str] = []
    referring = [
        (str(one.table), column)
        for one in references.referring(context, table.name)
        for column, parent_key in one.columns
        if parent_key == name
    ]
    for child, column in referring:
        value = f"c.{quote(column)}"
        those = f"typeof({value}) = 'blob' AND {value} IN (SELECT {quote(name)} FROM {quote(table.name)})"
        change = f"UPDATE {quote(child)} AS c SET {quote(column)} = CAST({value} AS TEXT) WHERE {those}"
        changes += untouched(context, child, [change])
    update = f"UPDATE {quote(table.name)} AS c SET {quote(name)} = {text} WHERE typeof({key}) = 'blob'"
    yield RepairStep((finding,), (*changes, *untouched(context, table.name, [update])), (table.name,))


def _is_text(blob: bytes) -> bool:
    try:
        return "\0" not in blob.decode()
    except UnicodeDecodeError:
        return False
