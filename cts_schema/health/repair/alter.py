"""Repairs of columns and constraints on PostgreSQL, by ALTER. Long statements run apart, concurrently with traffic.

A CHECK or a foreign key is added NOT VALID, for new rows, and validated afterwards. The plan counts the rows that
violate it; if there are any, it leaves the finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import sqlalchemy as sa

from cts_schema.ddl.checks import finite_name
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.facts import Part, TableSnapshot
from cts_schema.exceptions import NextStep
from cts_schema.health import drift, references
from cts_schema.health.context import CheckContext
from cts_schema.health.repair import statements
from cts_schema.health.repair.refused import duplicates, rows_where
from cts_schema.health.repair.report import LEFTOVERS, Left, RepairStep
from cts_schema.health.report import Finding

# Types that convert to another one and back without change. Conversions that need a decision are not here.
_LOSSLESS = {
    "text": {"smallint", "integer", "bigint", "uuid", "character varying"},
    "bigint": {"smallint", "integer"},
    "integer": {"smallint"},
    "double precision": {"real"},
}
_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def plan(
    context: CheckContext, table: sa.Table, finding: Finding, settled: Collection[str]
) -> Iterator[RepairStep | Left]:
    """Yield the steps that repair one finding about a table, or why it is left.

    Args:
        context: the database.
        table: the table.
        finding: the finding, about a column or a constraint.
        settled: columns whose orphans and unreadable values an earlier step removes, such as ``orders.user_id``.
    """
    name = finding.where.partition(".")[2]
    wanted, there = context.head.tables[table.name], context.schema.tables[table.name]
    kind = finding.code.partition("-")[2]
    if finding.code == "not-validated":
        kind = next(part.kind for part in wanted.parts if part.name == name and part.kind in ("check", "foreign-key"))
    part = Part(kind, name)
    if kind == "column" or finding.code == "wrong-id-type":
        yield from _column(context, table, finding, wanted, there)
    elif kind in ("check", "foreign-key"):
        yield from _constraint(context, table, finding, wanted.parts[part].text, settled, there=part in there.parts)
    elif kind in ("unique", "primary-key"):
        yield from _key(context, table, finding, wanted.parts[part].text, there=part in there.parts)
    elif there.clauses == ("unlogged",):
        yield RepairStep((finding,), (f"ALTER TABLE {quote(table.name)} SET LOGGED",), (table.name,))
    elif kind == "table":
        yield Left(finding, "to change its kind, its owner must create another table and copy the rows")
    else:
        yield Left(finding, "if it is not intended: ALTER TABLE ... ALTER COLUMN ... SET INCREMENT BY ...")


def _column(
    context: CheckContext, table: sa.Table, finding: Finding, wanted: TableSnapshot, there: TableSnapshot
) -> Iterator[RepairStep | Left]:
    name = finding.where.partition(".")[2]
    facts, found = wanted.columns[name], there.columns.get(name)
    if found is None:
        yield from _missing_column(context, table, finding, wanted, there)
        return
    reason = None
    if facts.type != found.type:
        reason = _not_convertible(context, table, name, facts.type, found.type)
    elif (facts.generated, facts.collation) != (found.generated, found.collation):
        reason = "it is generated, or has another collation"
    if reason is None and facts.required and not found.required:
        rows = rows_where(context, table, f"c.{quote(name)} IS NULL")
        reason = None if rows is None else f"{rows} have no value in this required column"
    if reason is not None:
        yield Left(finding, reason)
        return
    yield RepairStep((finding,), tuple(statements.change_column(table.name, name, facts, found)), (table.name,))


def _missing_column(
    context: CheckContext, table: sa.Table, finding: Finding, wanted: TableSnapshot, there: TableSnapshot
) -> Iterator[RepairStep | Left]:
    name = finding.where.partition(".")[2]
    facts = wanted.columns[name]
    if facts.required and not (facts.default or facts.identity) and (rows := rows_where(context, table, "true")):
        yield Left(finding, f"{rows} would have no value in this required column, which has no default")
        return
    # The ids of a log can be invented, but other rows refer to the ids of entities.
    if table.columns[name].primary_key and not facts.identity and (rows := rows_where(context, table, "true")):
        yield Left(finding, f"{rows} have lost it, and new ids would match no reference: restore a backup")
        return
    yield RepairStep((finding,), (statements.add_column(table.name, name, facts),), (table.name,))
    for part in sorted(wanted.parts.keys() - there.parts.keys()):
        if part.kind in ("check", "foreign-key") and drift.comes_with_a_column(table, part, {name}, set()):
            yield from _added(table, finding, part.name, wanted.parts[part].text, drop=False)


def _not_convertible(context: CheckContext, table: sa.Table, name: str, wanted: str, found: str) -> str | None:
    """Return why a column cannot change its type; None if each value keeps its meaning."""
    used = run(
        context.connection,
        "SELECT k.conrelid::regclass::text || '.' || k.conname FROM pg_constraint k WHERE k.contype = 'f' AND EXISTS ("
        "SELECT 1 FROM pg_attribute a WHERE a.attname = " + literal(name) + " AND "
        f"a.attrelid = to_regclass({literal(quote(table.name))}) AND (k.conrelid = a.attrelid AND a.attnum = "
        "ANY (k.conkey) OR k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey))) ORDER BY 1",
    ).scalars()
    if keys := list(used):
        return f"foreign keys use it, and both sides must change together: {', '.join(map(str, keys))}"
    plain = re.sub(r"\(.*\)", "", found)
    if plain in _LOSSLESS.get(wanted, ()):
        return None
    size = re.fullmatch(r"numeric\((\d+),(\d+)\)", wanted)
    if size is None or plain not in _NUMBERS:
        return f"you must decide whether every value of {found} means the same as {wanted}"
    value, precision, scale = f"c.{quote(name)}", int(size[1]), int(size[2])
    refused = f"abs({value}::numeric) >= 1e{precision - scale} OR {value} <> round({value}, {scale})"
    rows = rows_where(context, table, refused)
    return None if rows is None else f"{rows} have more digits than {wanted} holds"


def _constraint(
    context: CheckContext, table: sa.Table, finding: Finding, wanted: str, settled: Collection[str], *, there: bool
) -> Iterator[RepairStep | Left]:
    name = finding.where.partition(".")[2]
    reason = (
        _refused_by_check(context, table, name, wanted, settled)
        if wanted.startswith("CHECK")
        else _orphans(context, table, name, settled)
    )
    if reason is not None:
        yield Left(finding, reason)
    elif finding.code == "not-validated":
        yield RepairStep((finding,), (_validate(table, name),), apart=True)
    else:
        yield from _added(table, finding, name, wanted, drop=there)


def _added(table: sa.Table, finding: Finding, name: str, definition: str, *, drop: bool) -> Iterator[RepairStep]:
    alter = f"ALTER TABLE {quote(table.name)}"
    gone = f"{alter} DROP CONSTRAINT {quote(name)}"
    added = f"{alter} ADD CONSTRAINT {quote(name)} {definition} NOT VALID"
    yield RepairStep((finding,), (gone, added) if drop else (added,), (table.name,))
    yield RepairStep((finding,), (_validate(table, name),), apart=True, undo=(gone,))


def _validate(table: sa.Table, name: str) -> str:
    return f"ALTER TABLE {quote(table.name)} VALIDATE CONSTRAINT {quote(name)}"


def _refused_by_check(
    context: CheckContext, table: sa.Table, name: str, definition: str, settled: Collection[str]
) -> str | None:
    if any(
        name == finite_name(table.name, one.name) and f"{table.name}.{one.name}" in settled for one in table.columns
    ):
        return None
    absent = [column.name for column in table.columns if not context.has(table.name, column.name)]
    if any(re.search(rf"\b{re.escape(name)}\b", definition) for name in absent):
        return None  # an earlier step adds the column; the validation checks its default
    rows = rows_where(context, table, f"NOT {definition.removeprefix('CHECK ').removesuffix(' NOT VALID')}")
    return None if rows is None else f"{rows} violate it"


def _orphans(context: CheckContext, table: sa.Table, name: str, settled: Collection[str]) -> NextStep | None:
    """Return how many rows refer to a missing row, and what to do; None if none will."""
    (constraint,) = (one for one in table.foreign_key_constraints if one.name == name)
    ends = [(one.parent.name, one.target_fullname.rpartition(".")) for one in constraint.elements]
    parent = ends[0][1][0]
    if any(f"{table.name}.{own}" in settled or not context.has(table.name, own) for own, _ in ends):
        return None
    filled, gone = " AND ".join(f"c.{quote(own)} IS NOT NULL" for own, _ in ends), ""
    if all(context.has(parent, key) for _, (_, _, key) in ends):
        same = " AND ".join(_equal(context, table.name, own, parent, key) for own, (_, _, key) in ends)
        gone = f" AND NOT EXISTS (SELECT 1 FROM {quote(parent)} AS p WHERE {same})"
    rows = rows_where(context, table, filled + gone)
    if rows is None:
        return None
    step = NextStep(f"{{rows}} refer to missing {parent}; to move them to {LEFTOVERS}: {{}}", references.QUARANTINE)
    return step.about({"rows": rows})


def _equal(context: CheckContext, table: str, column: str, parent: str, key: str) -> str:
    if context.comparable((table, column), (parent, key)):
        return f"p.{quote(key)} = c.{quote(column)}"
    # As texts, because an earlier step converts columns of different types.
    return f"CAST(p.{quote(key)} AS text) = CAST(c.{quote(column)} AS text)"


def _key(
    context: CheckContext, table: sa.Table, finding: Finding, wanted: str, *, there: bool
) -> Iterator[RepairStep | Left]:
    name = finding.where.partition(".")[2]
    (constraint,) = (
        one
        for one in table.constraints
        if isinstance(one, sa.UniqueConstraint | sa.PrimaryKeyConstraint) and one.name == name
    )
    columns = [column.name for column in constraint.columns if context.has(table.name, column.name)]
    values = [f"c.{quote(column)}" for column in columns]
    empty = " OR ".join(f"{value} IS NULL" for value in values)
    if empty and wanted.startswith("PRIMARY") and (rows := rows_where(context, table, empty)):
        yield Left(finding, f"{rows} have no value in {', '.join(columns)}")
    elif len(values) == len(constraint.columns) and (rows := duplicates(context, table, values)):
        yield Left(finding, f"{rows} have the same {', '.join(columns)}")
    else:
        alter = f"ALTER TABLE {quote(table.name)}"
        drop = (f"{alter} DROP CONSTRAINT {quote(name)}",) if there else ()
        yield RepairStep((finding,), (*drop, f"{alter} ADD CONSTRAINT {quote(name)} {wanted}"), (table.name,))
