"""Moves values that the models cannot read to ``adoption_leftovers``.

Their column becomes NULL, or its default if it is required. If it can be neither, or refers to another row, the whole
row must move. That happens only on request, as with orphans, and the children of the row follow it. A key that is not
text stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run
from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health.context import CheckContext, key_of
from cts_schema.health.repair.report import LEFTOVERS, NO_LEFTOVERS, Left, OrphanPolicy, RepairStep
from cts_schema.health.repair.values import untouched
from cts_schema.health.report import Finding
from cts_schema.health.unreadable import conditions

_MOVE = NextCommand("repair", "unreadable-values", orphans="quarantine")


@dataclass(frozen=True)
class Unreadable:
    """What to do with the unreadable values of one table.

    Attributes:
        table: the table.
        emptied: the findings whose columns are emptied.
        leaving: the findings whose rows must move.
        shared: those of them that also occur in rows that need not move.
        staying: the findings that are left, with their rows.
        leaves: the condition that a row ``c`` must move.
        stays: the condition that a row ``c`` is left, whatever else it has.
    """

    table: sa.Table
    emptied: tuple[Finding, ...]
    leaving: tuple[Finding, ...]
    shared: tuple[Finding, ...]
    staying: tuple[Finding, ...]
    leaves: str
    stays: str


def sort(context: CheckContext, found: Sequence[Finding]) -> list[Unreadable]:
    """Find out for each table which columns can be emptied, and which rows must move."""
    return [_sorted(context, name, found) for name in sorted({finding.where.partition(".")[0] for finding in found})]


def _sorted(context: CheckContext, name: str, found: Sequence[Finding]) -> Unreadable:
    table, refused = context.tables[name], conditions(context, context.tables[name])
    mine = {finding.where.partition(".")[2]: finding for finding in found if finding.where.startswith(f"{name}.")}
    keys = [column for column in mine if table.columns[column].primary_key]
    stays = _any_of(refused, keys)
    staying = [
        *keys,
        *(column for column in mine if column not in keys and _both(context, name, stays, refused[column])),
    ]
    required = [column for column in mine if column not in staying and _replacement(context, table, column) is None]
    leaves = f"({_any_of(refused, required)}) AND NOT ({stays})"
    # Other unreadable values of a row that must move stay with that row.
    leaving = [
        column
        for column in mine
        if column not in staying and (column in required or _both(context, name, leaves, refused[column]))
    ]
    emptied = [column for column in mine if column not in staying and column not in leaving]
    shared = [
        column
        for column in leaving
        if column not in required and _both(context, name, f"NOT ({leaves})", refused[column])
    ]
    one, two, three, four = (tuple(mine[column] for column in some) for some in (emptied, leaving, shared, staying))
    return Unreadable(table, one, two, three, four, leaves, stays)


def plan(
    context: CheckContext, found: Sequence[Unreadable], policy: OrphanPolicy, *, made: Collection[str]
) -> Iterator[RepairStep | Left]:
    """Yield the steps that empty columns, and why rows that must move are left without a request.

    Args:
        context: the database.
        found: the unreadable values, by table.
        policy: what to do with rows that must move.
        made: missing tables that an earlier step creates.
    """
    for one in found:
        for finding in one.staying:
            yield Left(finding, "a key of these rows is not text: you must decide what it should be")
        if not context.has(LEFTOVERS, "payload") and LEFTOVERS not in made:
            for finding in (*one.emptied, *one.leaving):
                yield Left(finding, NO_LEFTOVERS)
            continue
        emptied = one.emptied if policy == "leave" else (*one.emptied, *one.shared)
        if emptied:
            yield RepairStep(emptied, tuple(_statements(context, one, emptied)), (one.table.name,))
        if policy == "leave":
            for finding in one.leaving:
                yield Left(finding, NextStep(f"the value is required; to move these rows to {LEFTOVERS}: {{}}", _MOVE))


def whole_row(context: CheckContext, table: sa.Table, *, readable: bool) -> str:
    """Return an expression for a row ``c`` as one readable JSON object, with all its columns.

    Args:
        context: the database.
        table: the table.
        readable: whether all of its values are readable.
    """
    refused = {} if readable else conditions(context, table)
    return context.dialect.values.whole_row(table, context.columns(table.name), refused)


def _statements(context: CheckContext, one: Unreadable, emptied: Sequence[Finding]) -> Iterator[str]:
    name, refused = one.table.name, conditions(context, one.table)
    columns = [finding.where.partition(".")[2] for finding in emptied]
    others = f"NOT ({one.leaves}) AND NOT ({one.stays})"
    dialect = context.dialect
    yield from dialect.sql.lock_tables([name])
    for column in columns:
        kept = dialect.sql.json_object(f"{literal(column)}, {dialect.values.readable(f'c.{quote(column)}')}")
        yield (
            f"INSERT INTO {LEFTOVERS} (table_name, row_key, reason, payload) SELECT {literal(name)}, "
            f"{key_of(context, one.table)}, 'type', {kept} "
            f"FROM {quote(name)} AS c WHERE ({refused[column]}) AND {others}"
        )
    # In one statement, because the CHECK of one column refuses a row while another column still violates its own.
    values = ", ".join(
        f"{quote(column)} = CASE WHEN {refused[column]} THEN {_replacement(context, one.table, column)} "
        f"ELSE c.{quote(column)} END"
        for column in columns
    )
    where = " OR ".join(f"({refused[column]})" for column in columns)
    yield from untouched(context, name, [f"UPDATE {quote(name)} AS c SET {values} WHERE ({where}) AND {others}"])


def _replacement(context: CheckContext, table: sa.Table, column: str) -> str | None:
    """Return the new value of a column as SQL; None if there is none."""
    facts = context.schema.tables[table.name].columns[column]
    if table.columns[column].primary_key:
        return None
    if not facts.required:
        return "NULL"
    in_a_key = any(
        isinstance(constraint, sa.UniqueConstraint) and column in constraint.columns for constraint in table.constraints
    )
    return None if facts.default is None or in_a_key or table.columns[column].foreign_keys else f"({facts.default})"


def _any_of(refused: Mapping[str, str], columns: Sequence[str]) -> str:
    return " OR ".join(f"({refused[column]})" for column in columns) or "1 = 0"


def _both(context: CheckContext, table: str, one: str, other: str) -> bool:
    """Whether a row meets both conditions."""
    query = f"SELECT EXISTS (SELECT 1 FROM {quote(table)} AS c WHERE ({one}) AND ({other}))"
    return bool(run(context.connection, query).scalar_one())
