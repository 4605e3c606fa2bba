"""Values that the models cannot read, set aside: each goes to ``adoption_leftovers`` before its column is emptied.

The column becomes NULL, or its default where it must have a value. Where it has neither, or refers to
another row, the whole row would have to leave: that is done only when asked for, as with orphans, and its children
follow it. A key that is no text stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run
from cts_schema.health.context import CheckContext, key_of
from cts_schema.health.repair.report import LEFTOVERS, Left, OrphanPolicy, RepairStep
from cts_schema.health.repair.values import untouched
from cts_schema.health.report import Finding
from cts_schema.health.unreadable import conditions

ASK = "cts-schema repair unreadable-values --orphans quarantine"


@dataclass(frozen=True)
class Unreadable:
    """What is to be done with the values of one table.

    Attributes:
        table: the table.
        emptied: the findings whose columns are emptied.
        leaving: the findings whose rows must leave.
        shared: those of them that rows have, too, which need not leave.
        staying: the findings that nothing is done about, with the rows that have them.
        leaves: when a row ``c`` must leave.
        stays: when a row ``c`` is left alone, whatever else it has.
    """

    table: sa.Table
    emptied: tuple[Finding, ...]
    leaving: tuple[Finding, ...]
    shared: tuple[Finding, ...]
    staying: tuple[Finding, ...]
    leaves: str
    stays: str


def sort(context: CheckContext, found: Sequence[Finding]) -> list[Unreadable]:
    """Find out of each table which columns can be emptied, and which rows must leave."""
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
    # What a row has that leaves, leaves with it; where nobody asks for that, it stays as it is.
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
    """Yield the steps that empty columns, and why the rows that must leave do not, where nobody asked for it.

    Args:
        context: the database.
        found: what there is, by table.
        policy: what is to be done with rows that must leave.
        made: missing tables that are made before.
    """
    for one in found:
        for finding in one.staying:
            yield Left(finding, "it is a key that is no text, or beside one: what it should be, only a person knows")
        if not context.has(LEFTOVERS, "payload") and LEFTOVERS not in made:
            for finding in (*one.emptied, *one.leaving):
                yield Left(finding, f"there is no {LEFTOVERS} to keep them in: cts-schema repair missing-table")
            continue
        emptied = one.emptied if policy == "leave" else (*one.emptied, *one.shared)
        if emptied:
            yield RepairStep(emptied, tuple(_statements(context, one, emptied)), (one.table.name,))
        if policy == "leave":
            for finding in one.leaving:
                yield Left(finding, f"a row cannot be without it; to move such rows to {LEFTOVERS}: {ASK}")


def whole_row(context: CheckContext, table: sa.Table, *, readable: bool) -> str:
    """Return a row ``c`` as one JSON object that can be read, with all its columns.

    Args:
        context: the database.
        table: the table.
        readable: whether all of its values can be read.
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
    # All at once: a CHECK of one column refuses a row while another one still has what it does not allow.
    values = ", ".join(
        f"{quote(column)} = CASE WHEN {refused[column]} THEN {_replacement(context, one.table, column)} "
        f"ELSE c.{quote(column)} END"
        for column in columns
    )
    where = " OR ".join(f"({refused[column]})" for column in columns)
    yield from untouched(context, name, [f"UPDATE {quote(name)} AS c SET {values} WHERE ({where}) AND {others}"])


def _replacement(context: CheckContext, table: sa.Table, column: str) -> str | None:
    """Return what a column becomes as SQL, None where nothing can take the place of its value."""
    facts = context.schema[f"table {table.name}"][f"column {column}"]
    if table.columns[column].primary_key:
        return None
    if not facts[1]:
        return "NULL"
    in_a_key = any(
        isinstance(constraint, sa.UniqueConstraint) and column in constraint.columns for constraint in table.constraints
    )
    return None if facts[2] is None or in_a_key or table.columns[column].foreign_keys else f"({facts[2]})"


def _any_of(refused: Mapping[str, str], columns: Sequence[str]) -> str:
    return " OR ".join(f"({refused[column]})" for column in columns) or "1 = 0"


def _both(context: CheckContext, table: str, one: str, other: str) -> bool:
    """Whether a row meets both conditions."""
    query = f"SELECT EXISTS (SELECT 1 FROM {quote(table)} AS c WHERE ({one}) AND ({other}))"
    return bool(run(context.connection, query).scalar_one())
