"""Quarantines orphans: copies each whole row to ``adoption_leftovers``, then deletes it from its table.

If the models say ON DELETE SET NULL, it only sets the reference to NULL, and copies the old value. The children of a
deleted row follow it, or lose their reference. No trigger fires: ``updated_at`` stays as it is, and so does everything
that an unmanaged trigger would change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote
from cts_schema.dialects.facts import ForeignKey
from cts_schema.exceptions import NextStep
from cts_schema.health import references
from cts_schema.health.context import CheckContext, key_of
from cts_schema.health.references import Reference
from cts_schema.health.repair.report import LEFTOVERS, NO_LEFTOVERS, Left, OrphanPolicy, Proof, RepairStep
from cts_schema.health.repair.unreadable import Unreadable, whole_row
from cts_schema.health.repair.values import untouched
from cts_schema.health.report import Finding
from cts_schema.models import Base

_GONE = "cts_repair_orphans"


@dataclass(frozen=True)
class _Child:
    """A table that may have orphans: the references whose rows are moved, and those that become NULL.

    Unreadable rows are moved, too.
    """

    table: sa.Table
    leaving: tuple[Reference, ...]
    nulled: tuple[Reference, ...]
    unreadable: str | None = None

    def leaves(self, context: CheckContext) -> list[str]:
        """Return conditions; a row that meets one of them is moved."""
        found = [_is_orphan(context, one) for one in self.leaving]
        return found if self.unreadable is None else [*found, self.unreadable]


def plan(
    context: CheckContext,
    found: Sequence[Finding],
    policy: OrphanPolicy,
    *,
    made: Collection[str],
    unreadable: Sequence[Unreadable] = (),
) -> Iterator[RepairStep | Left]:
    """Yield the step that quarantines orphans, or why it does not.

    Args:
        context: the database.
        found: the findings about orphans.
        policy: what to do with them.
        made: missing tables that an earlier step creates.
        unreadable: rows that are moved because of an unreadable value.
    """
    meant = [finding for finding in found if finding.severity == "info"]
    for finding in meant:
        yield Left(finding, "there is no foreign key, by design, and such rows may stay")
    of_others = [finding for finding in found if finding.severity == "warning"]
    for finding in of_others:
        yield Left(finding, "the table is unmanaged: its owner may restore the parents or change the rows")
    of_several = [finding for finding in found if ", " in finding.where and finding.severity == "error"]
    for finding in of_several:
        yield Left(finding, "their key has several columns: restore the parents, or change the rows")
    strayed = [finding for finding in found if finding not in (*meant, *of_others, *of_several)]
    reason = None
    if policy == "leave":
        reason = NextStep(f"restore the parents, or move the rows to {LEFTOVERS}: {{}}", references.QUARANTINE)
    elif not context.has(LEFTOVERS, "payload") and LEFTOVERS not in made:
        reason = NO_LEFTOVERS
    if reason is not None:
        for finding in strayed:
            yield Left(finding, reason)
    elif strayed or unreadable:
        begun = {finding.where.partition(".")[0] for finding in strayed}
        children = list(_children(context, begun, {one.table.name: one.leaves for one in unreadable}))
        moves = tuple(child.table.name for child in children if child.leaves(context))
        repairs = (*strayed, *(finding for one in unreadable for finding in one.leaving))
        yield RepairStep(repairs, tuple(_statements(context, children)), moves=moves)


def _children(context: CheckContext, begun: set[str], unreadable: Mapping[str, str]) -> Iterator[_Child]:
    """Yield the tables that have orphans, and those that may get some by the repair, parents first."""
    known = list(references.declared(context))
    reached = {*begun, *unreadable}
    for table in Base.metadata.sorted_tables:  # a table refers to itself only by what becomes NULL
        mine = [one for one in known if one.table == table.name and _is_comparable(context, one)]
        strays = bool(mine) and (table.name in begun or any(one.parents[0][0] in reached for one in mine))
        if not strays and table.name not in unreadable:
            continue
        mine = mine if strays else []  # leave orphans that the caller did not ask about
        reached.add(table.name)
        nulled = tuple(one for one in mine if one.on_delete == "SET NULL" and not _required(context, one))
        leaving = tuple(one for one in mine if one not in nulled)
        yield _Child(table, leaving, nulled, unreadable.get(table.name))


def _is_comparable(context: CheckContext, reference: Reference) -> bool:
    return context.comparable((reference.table, reference.column), *reference.parents)


def _required(context: CheckContext, reference: Reference) -> bool:
    return context.schema.tables[reference.table].columns[reference.column].required


def _statements(context: CheckContext, children: Sequence[_Child]) -> Iterator[str]:
    sql = context.dialect.sql
    parents = {parent for child in children for one in (*child.leaving, *child.nulled) for parent, _ in one.parents}
    yield from sql.lock_tables(sorted(parents | {child.table.name for child in children}))
    yield from sql.temporary_rows(_GONE)
    for child in children:
        if conditions := child.leaves(context):
            name, where = child.table.name, " OR ".join(conditions)
            yield (
                f"INSERT INTO {_GONE} SELECT {literal(name)}, {key_of(context, child.table)}, c.{_row(context, name)} "
                f"FROM {quote(name)} AS c WHERE {where}"
            )
    for child in children:
        yield _kept(context, child)
        for one in child.nulled:
            yield from _nulled(context, child.table, one)
    yield Proof(
        f"SELECT count(*) FROM {_GONE} AS g WHERE NOT EXISTS (SELECT 1 FROM {LEFTOVERS} AS k WHERE "
        "k.table_name = g.table_name AND k.row_key = g.row_key AND k.reason IN ('orphan', 'type'))"
    )
    known = list(references.foreign(context))
    for child in children:
        yield from _others(context, child.table.name, known)
    for child in reversed(children):
        name = child.table.name
        those = f"SELECT source_row FROM {_GONE} WHERE table_name = {literal(name)}"
        gone = f"DELETE FROM {quote(name)} AS c WHERE c.{_row(context, name)} IN ({those})"
        yield from untouched(context, name, [gone])
    yield f"DROP TABLE {_GONE}"


def _row(context: CheckContext, table: str) -> str:
    return context.dialect.sql.row_id(context.columns(table))


def _is_orphan(context: CheckContext, reference: Reference) -> str:
    ((parent, key),) = reference.parents
    value = f"c.{quote(reference.column)}"
    goes = f"g.table_name = {literal(parent)} AND g.source_row = p.{_row(context, parent)}"
    stays = f"NOT EXISTS (SELECT 1 FROM {_GONE} AS g WHERE {goes})"
    there = f"SELECT 1 FROM {quote(parent)} AS p WHERE p.{quote(key)} = {value} AND {stays}"
    return f"({value} IS NOT NULL AND NOT EXISTS ({there}))"


def _kept(context: CheckContext, child: _Child) -> str:
    name, reason = child.table.name, "'orphan'"
    if child.unreadable is not None:
        reason = f"CASE WHEN {child.unreadable} THEN 'type' ELSE 'orphan' END"
    row = whole_row(context, child.table, readable=child.unreadable is None)
    return (
        f"INSERT INTO {LEFTOVERS} (table_name, row_key, reason, payload) "
        f"SELECT {literal(name)}, g.row_key, {reason}, {row} FROM {quote(name)} AS c "
        f"JOIN {_GONE} AS g ON g.table_name = {literal(name)} AND g.source_row = c.{_row(context, name)}"
    )


def _nulled(context: CheckContext, table: sa.Table, reference: Reference) -> Iterator[str]:
    name, column = table.name, reference.column
    goes = f"SELECT 1 FROM {_GONE} AS g WHERE g.table_name = {literal(name)} AND g.source_row = c.{_row(context, name)}"
    where = f"{_is_orphan(context, reference)} AND NOT EXISTS ({goes})"
    sql = context.dialect.sql
    kept = sql.json_object(f"{literal(column)}, {sql.as_json(f'c.{quote(column)}')}")
    yield (
        f"INSERT INTO {LEFTOVERS} (table_name, row_key, reason, payload) "
        f"SELECT {literal(name)}, {key_of(context, table)}, 'orphan', {kept} FROM {quote(name)} AS c WHERE {where}"
    )
    yield from untouched(context, name, [f"UPDATE {quote(name)} AS c SET {quote(column)} = NULL WHERE {where}"])


def _others(context: CheckContext, table: str, known: Sequence[ForeignKey]) -> Iterator[str]:
    """Yield proofs that no unmanaged row refers to a row to be deleted: the database might delete it, too."""
    untyped = context.dialect.sql.untyped
    for one in known:
        if one.parent == table:
            goes = f"g.table_name = {literal(table)} AND g.source_row = c.{_row(context, table)}"
            refers = " AND ".join(f"c.{quote(key)} = {untyped(f'o.{quote(column)}')}" for column, key in one.columns)
            yield Proof(
                f"SELECT count(*) FROM {one.child} AS o JOIN {quote(table)} AS c ON {refers} "
                f"JOIN {_GONE} AS g ON {goes}",
                refers=one.where,
            )
