"""Checks for indexes that are invalid, duplicate or unused, and for foreign keys without an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cts_schema.dialects.facts import Index
from cts_schema.exceptions import NextStep
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding, IndexUse, Severity
from cts_schema.models import Base

LARGE = 2**20
"""Bytes from which an unused index is reported."""


def there(context: CheckContext) -> list[Index]:
    """Return the indexes of all tables."""
    return list(context.dialect.catalogue.indexes(context.connection))


def _is_ours(index: Index) -> bool:
    """Whether the models have it."""
    table = Base.metadata.tables.get(index.table)
    return table is not None and (index.key or any(one.name == index.name for one in table.indexes))


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find invalid, superfluous or unused indexes, and foreign keys whose parents are slow to delete."""
    found = there(context)
    for index in found:
        if not index.valid:
            yield Finding(
                "invalid-index",
                "error",
                f"{index.table}.{index.name}",
                "the build of the index was interrupted, and the database does not use it",
            )
    duplicates = list(_duplicates(context, found))
    yield from duplicates
    yield from _extra(context, found, {finding.where for finding in duplicates})
    yield from _uncovered(context, found)
    yield from _unused(context, found)


def covered(found: list[Index]) -> set[tuple[str, str]]:
    """Return table and column of each index that covers all values of the column."""
    return {
        (index.table, index.first) for index in found if index.first is not None and index.valid and not index.predicate
    }


def use(context: CheckContext) -> tuple[IndexUse, ...]:
    """Return the use of each index; empty if the database keeps no statistics."""
    return tuple(IndexUse(*one[:5]) for one in context.index_use)


def _duplicates(context: CheckContext, found: list[Index]) -> Iterator[Finding]:
    alike = defaultdict(list)
    for index in found:
        if index.valid:
            alike[index.table, index.parts, index.predicate].append(index)
    for (table, *_), group in alike.items():
        first, *others = sorted(group, key=lambda one: (not one.key, not one.unique, not _is_ours(one), str(one.name)))
        for index in others:
            if _is_ours(index) or index.key:
                continue
            yield Finding(
                "duplicate-index",
                "warning",
                f"{table}.{index.name}",
                f"the same as {first.name or 'the index of a key'}; every write updates both",
                repair=NextStep.of(context.dialect.sql.drop_index(str(index.name))),
            )


def _extra(context: CheckContext, found: list[Index], reported: set[str]) -> Iterator[Finding]:
    for index in found:
        where = f"{index.table}.{index.name}"
        if (
            index.table in context.tables
            and index.valid
            and not index.key
            and not _is_ours(index)
            and where not in reported
        ):
            # A unique index may refuse rows that the application writes; any other is harmless.
            severity: Severity = "warning" if index.unique else "info"
            yield Finding("extra-index", severity, where, "the models have no such index")


def _uncovered(context: CheckContext, found: list[Index]) -> Iterator[Finding]:
    begun = covered(found)
    for key in context.foreign_keys:
        table, columns = key.table, [own for own, _ in key.columns]
        if table is None:
            continue
        model = Base.metadata.tables.get(table)
        if (table, columns[0]) in begun:
            continue
        if model is not None and any(next(iter(index.columns)).name == columns[0] for index in model.indexes):
            continue  # the check of the schema reports that index as missing, changed or invalid
        yield Finding(
            "foreign-key-without-index",
            "info" if model is None else "warning",  # an unmanaged table belongs to its owner
            f"{table}.{columns[0]}",
            f"no index begins with the columns of {key.name}: each delete of a parent reads the whole table",
            repair=NextStep.of(context.dialect.sql.create_index(table, columns)),
        )


def _unused(context: CheckContext, found: list[Index]) -> Iterator[Finding]:
    """Find large indexes that were never read. A unique index has a purpose even if it is never read."""
    since = context.dialect.catalogue.statistics_since(context.connection)
    ours = {(index.table, index.name): _is_ours(index) for index in found}
    begun = f"since {since}" if since else "since the statistics of this server began"
    names = []
    for one in context.index_use:
        if one.scans or not one.may_go or one.bytes < LARGE:
            continue
        if ours.get((one.table, one.name), False):
            names.append(str(one.name))
            continue
        message, repair = f"{one.bytes:,} bytes, not read {begun}", context.dialect.sql.drop_index(one.name)
        yield Finding("unused-index", "info", f"{one.table}.{one.name}", message, repair=NextStep.of(repair))
    if names:
        message = f"large indexes of the models, not read {begun}: no feature that needs them is in use"
        yield Finding("unused-index", "info", "the schema", message, count=len(names), examples=tuple(names[:EXAMPLES]))
