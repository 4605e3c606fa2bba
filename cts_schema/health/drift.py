"""The schema against the models, down to what Alembic does not compare: CHECKs, predicates, triggers, actions.

It compares two snapshots: of what is there, and of what the models would make.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.triggers import FUNCTION
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding, Severity
from cts_schema.models import Base
from cts_schema.schema.snapshot import PartDifference, table_differences

# An index that is missing makes things slow. Whatever else is missing lets in what the models exclude, or fails.
_MISSING: dict[str, Severity] = {"index": "warning"}
# A trigger more is somebody's own affair; anything else may refuse rows that the application writes.
_EXTRA: dict[str, Severity] = {"trigger": "info"}


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find what is missing, has changed, or is there without need, in the tables of the models and beside them."""
    for table in Base.metadata.sorted_tables:
        there = context.schema.tables.get(table.name)
        if there is None:
            yield Finding("missing-table", "error", table.name, "the table is missing")
        else:
            yield from _compared(table, context.head.tables[table.name], there)
    if context.dialect.has_functions:
        yield from _function(context.head, context.schema)
    if unmanaged := tuple(one for one in context.status.unmanaged if one not in context.status.preserved):
        message = "tables that are not of this package, and are left alone"
        names = unmanaged[:EXAMPLES]
        yield Finding("unmanaged-tables", "info", "the schema", message, count=len(unmanaged), examples=names)


def _compared(table: sa.Table, wanted: TableSnapshot, there: TableSnapshot) -> Iterator[Finding]:
    differences = list(table_differences(wanted, there))
    columns = [one for one in differences if one.part.kind == "column"]
    gone = {one.part.name for one in columns if one.there is None}
    changed = {one.part.name for one in columns if one.wanted is not None}
    found = [
        _finding(table, one)
        for one in differences
        if not _is_reported_elsewhere(one) and not comes_with_a_column(table, one.part, gone, changed)
    ]
    yield from found
    if wanted.clauses != there.clauses and not found:
        yield Finding(
            "changed-table",
            "warning",
            table.name,
            "constraints have other names or clauses, or the table is of another kind, than in the models",
            found=", ".join(there.clauses),
            expected=", ".join(wanted.clauses),
        )


def _is_reported_elsewhere(difference: PartDifference) -> bool:
    """Return whether health/indexes.py reports it: an index that is extra, or correct but for an interrupted build."""
    wanted, there = difference.wanted, difference.there
    if difference.part.kind != "index" or not isinstance(there, Definition):
        return False
    return not isinstance(wanted, Definition) or (wanted.text == there.text and not there.valid)


def _finding(table: sa.Table, difference: PartDifference) -> Finding:
    part, wanted, there = difference
    change = "missing" if there is None else "extra" if wanted is None else "changed"
    severity = {"missing": _MISSING, "extra": _EXTRA, "changed": _MISSING}[change].get(
        part.kind, "warning" if change == "extra" else "error"
    )
    words = part.kind.replace("-", " ")
    message = {
        "missing": f"the {words} is missing",
        "extra": f"the models have no such {words}",
        "changed": f"the {words} differs from the models",
    }[change]
    code = f"{change}-{part.kind}"
    match wanted, there:
        case ColumnSnapshot(), ColumnSnapshot() if wanted.type != there.type and _is_id(table, part.name):
            code, message = "wrong-id-type", f"the id is {there.type} and not {wanted.type}"
        case Definition(), Definition() if there.text == f"{wanted.text} NOT VALID":
            code, severity = "not-validated", "warning"
            message = "rows that were there before it have not been checked against it"
    return Finding(
        code,
        severity,
        f"{table.name}.{part.name}",
        message,
        found=None if there is None else str(there),
        expected=None if wanted is None else str(wanted),
    )


def comes_with_a_column(table: sa.Table, part: Part, gone: set[str], changed: set[str]) -> bool:
    """Whether it is of a column that is told of anyway."""
    if part.kind == "identity":
        return part.name in changed
    names = (name for one in gone for name in (one, f"fk_{table.name}_{one}", *comes_with(table.name, one)))
    return part.kind in ("check", "foreign-key") and part.name in names


def _is_id(table: sa.Table, name: str) -> bool:
    column = table.columns[name]
    return column.primary_key or bool(column.foreign_keys) or name.endswith("_id")


def _function(wanted: Snapshot, there: Snapshot) -> Iterator[Finding]:
    expected, found = wanted.functions[FUNCTION], there.functions.get(FUNCTION)
    if found != expected:
        code = "missing-function" if found is None else "changed-function"
        message = "the function that keeps updated_at is " + ("missing" if found is None else "not ours")
        yield Finding(code, "error", FUNCTION, message, found=found, expected=expected)
