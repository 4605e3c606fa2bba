"""What is wrong with the rows of a source, counted by the database. Nothing is written.

First one quick query over all rows, which is enough where all is well; then a close one over the columns where it is
not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.convert.converted import Problem
from cts_schema.ddl.text import balanced, holds, quote, run


@dataclass
class Examination:
    """What is wrong with the rows of one source.

    Attributes:
        rows: how many it has.
        unknown: rows with a value in a column that has no counterpart.
        dirty: our columns that have some row that is not plain.
        problems: how many rows have each problem, those that none has left out.
        orphans: our column -> rows whose parent is not there.
        defaulted: our columns that some row leaves to their default.
        nulls: our column -> rows that say nothing about it, though it is required.
        checks: rows that break a condition of the table.
        duplicates: key -> rows whose key an earlier one has already.
    """

    rows: int = 0
    unknown: int = 0
    dirty: frozenset[str] = frozenset()
    problems: dict[Problem, int] = field(default_factory=dict)
    orphans: dict[str, int] = field(default_factory=dict)
    defaulted: frozenset[str] = frozenset()
    nulls: dict[str, int] = field(default_factory=dict)
    checks: int = 0
    duplicates: dict[tuple[str, ...], int] = field(default_factory=dict)


def examine(connection: sa.Connection, conversion: Conversion, parents: Mapping[str, Collection[str]]) -> Examination:
    """Count what is wrong with the rows of a source.

    Args:
        connection: the database.
        conversion: the source.
        parents: for each table examined before, queries that give its keys.
    """
    found = _examine_columns(connection, conversion)
    if found.rows == 0:
        return found
    if found.dirty:
        _count_problems(connection, conversion, found)
    _count_orphans(connection, conversion, found, parents)
    for key in conversion.unique_keys():
        sure = conversion.known_unique(key) and not found.dirty & set(key)
        if not sure and (repeated := _repeated(connection, conversion, found, key)):
            found.duplicates[key] = repeated
    columns = conversion.source.table.columns
    for check in conversion.source.table.checks:
        values = {name: conversion.final(name, settled=False) for name in columns if name in check}
        broken = f"NOT {holds(check, values)}"
        found.checks += _count(connection, f"SELECT count(*) FROM {conversion.place} o WHERE {broken}")
    return found


def keys(conversion: Conversion, found: Examination) -> str | None:
    """Return a query that gives the keys of the rows, as those that refer to them would write them."""
    key = conversion.source.table.key[0]
    if key not in conversion.columns:
        return None
    value = conversion.columns[key].value(settled=key not in found.dirty)
    return f"SELECT {value} AS key FROM {conversion.place} o"


def _examine_columns(connection: sa.Connection, conversion: Conversion) -> Examination:
    """Ask of all columns at once whether they are plain; only if not, of each."""
    asked = {name: column.plain for name, column in conversion.columns.items() if column.plain is not None}
    defaulted = {
        name: f"o.{quote(old.name)} IS NOT NULL"
        for name, column in conversion.columns.items()
        if column.defaulted and (old := column.raw_column())
    }
    unknown = balanced([f"o.{quote(column.name)} IS NOT NULL" for column in conversion.source.unknown], "OR")
    all_plain = " AND ".join(f"({condition})" for condition in [*asked.values(), *defaulted.values()]) or "true"
    rows, of_unknown, not_plain = run(
        connection,
        f"SELECT count(*), {_sum(unknown) if unknown else 0}, {_sum(f'NOT coalesce({all_plain}, false)')} "
        f"FROM {conversion.place} o",
    ).one()
    found = Examination(rows=rows, unknown=of_unknown or 0)
    if not rows:
        return found
    if not_plain:
        sums = [_sum(f"NOT coalesce({condition}, false)") for condition in [*asked.values(), *defaulted.values()]]
        counts = run(connection, f"SELECT {', '.join(sums)} FROM {conversion.place} o").one()
        found.dirty = frozenset(name for name, count in zip(asked, counts, strict=False) if count)
        found.defaulted = frozenset(name for name, count in zip(defaulted, counts[len(asked) :], strict=True) if count)
    found.nulls = {
        name: rows
        for name, column in conversion.source.table.columns.items()
        if column.required and name not in conversion.columns
    }
    return found


def _sum(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _count_problems(connection: sa.Connection, conversion: Conversion, found: Examination) -> None:
    problems = [problem for name in sorted(found.dirty) for problem in conversion.columns[name].problems]
    required = [name for name in sorted(found.dirty) if conversion.columns[name].column.required]
    sums = [_sum(problem.condition) for problem in problems]
    sums += [_sum(f"({conversion.columns[name].value(settled=False)}) IS NULL") for name in required]
    if not sums:
        return
    counts = run(connection, f"SELECT {', '.join(sums)} FROM {conversion.place} o").one()
    found.problems = {problem: count for problem, count in zip(problems, counts[: len(problems)], strict=True) if count}
    found.nulls.update({name: count for name, count in zip(required, counts[len(problems) :], strict=True) if count})


def _count_orphans(
    connection: sa.Connection, conversion: Conversion, found: Examination, parents: Mapping[str, Collection[str]]
) -> None:
    for name, column in conversion.columns.items():
        parent = column.column.parent
        if parent is None or parent == conversion.source.table.name:
            continue
        there = " UNION ALL ".join(parents.get(parent, ())) or "SELECT NULL AS key"
        lacking = conversion.engine.loading.lacking(column.value(settled=name not in found.dirty), there)
        orphans = _count(connection, f"SELECT count(*) FROM {conversion.place} o WHERE {lacking}")
        if orphans:
            found.orphans[name] = orphans
            if column.column.required:
                found.nulls[name] = found.nulls.get(name, 0) + orphans


def _repeated(connection: sa.Connection, conversion: Conversion, found: Examination, key: tuple[str, ...]) -> int:
    values = [conversion.final(name, settled=name not in found.dirty) for name in key]
    columns = ", ".join(f"{value} AS k{place}" for place, value in enumerate(values))
    names = [f"k{place}" for place in range(len(values))]
    filled = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return _count(
        connection,
        f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM (SELECT {columns} FROM "
        f"{conversion.place} o) k "
        f"WHERE {filled} GROUP BY {', '.join(names)}) repeated WHERE n > 1",
    )


def _count(connection: sa.Connection, query: str) -> int:
    return int(run(connection, query).scalar_one() or 0)
