"""The schema against the models, down to what Alembic does not compare: CHECKs, predicates, triggers, actions.

What is compared are two fingerprints: of what is there, and of what the models would make.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.checks import comes_with
from cts_schema.ddl.triggers import FUNCTION
from cts_schema.dialects.facts import Fingerprint, Item
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding, Severity
from cts_schema.models import Base

# An index that is missing makes things slow. Whatever else is missing lets in what the models exclude, or fails.
_MISSING: dict[str, Severity] = {"index": "warning"}
# A trigger more is somebody's own affair; anything else may refuse rows that the application writes.
_EXTRA: dict[str, Severity] = {"trigger": "info"}


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find what is missing, has changed, or is there without need, in the tables of the models and beside them."""
    expected, items = context.head, context.dialect.shape.items
    for table in Base.metadata.sorted_tables:
        wanted, there = expected[f"table {table.name}"], context.schema.get(f"table {table.name}")
        if there is None:
            yield Finding("missing-table", "error", table.name, "the table is missing")
        else:
            yield from _compared(context, table, items(wanted), items(there))
    if context.dialect.has_functions:
        yield from _function(expected, context.schema)
    if unmanaged := tuple(one for one in context.status.unmanaged if one not in context.status.preserved):
        message = "tables that are not of this package, and are left alone"
        names = unmanaged[:EXAMPLES]
        yield Finding("unmanaged-tables", "info", "the schema", message, count=len(unmanaged), examples=names)


def _compared(
    context: CheckContext, table: sa.Table, wanted: dict[Item, Any], there: dict[Item, Any]
) -> Iterator[Finding]:
    gone = {item.name for item in wanted.keys() - there.keys() if item.kind == "column"}
    changed = {item.name for item, one in wanted.items() if item.kind == "column" and one != there.get(item)}
    found = []
    for item in sorted(wanted.keys() | there.keys()):
        one, other = wanted.get(item), there.get(item)
        if one is None and item.kind == "index":
            continue  # health/indexes.py reports it
        if one == other or item.kind == "rest" or comes_with_a_column(table, item, gone, changed):
            continue
        there_too = item.kind == "index" and one is not None and other is not None
        if there_too and context.dialect.shape.differs_in_validity(one, other):
            continue  # health/indexes.py reports it
        found.append(_finding(context, table, item, one, other))
    yield from found
    rest = Item("rest", "")
    if wanted[rest] != there[rest] and not found:
        message = "constraints have other names or clauses than in the models"
        yield Finding(
            "changed-table",
            "warning",
            table.name,
            message,
            found=", ".join(there[rest]),
            expected=", ".join(wanted[rest]),
        )


def _finding(context: CheckContext, table: sa.Table, item: Item, wanted: Any, there: Any) -> Finding:
    change = "missing" if there is None else "extra" if wanted is None else "changed"
    severity = {"missing": _MISSING, "extra": _EXTRA, "changed": _MISSING}[change].get(
        item.kind, "warning" if change == "extra" else "error"
    )
    words = item.kind.replace("-", " ")
    message = {
        "missing": f"the {words} is missing",
        "extra": f"the models have no such {words}",
        "changed": f"the {words} differs from the models",
    }[change]
    code = f"{change}-{item.kind}"
    if change == "changed" and item.kind == "column" and wanted[0] != there[0] and _is_id(table, item.name):
        code, message = "wrong-id-type", f"the id is {there[0]} and not {wanted[0]}"
    elif change == "changed" and there[0] == f"{wanted[0]} NOT VALID":
        code, severity = "not-validated", "warning"
        message = "rows that were there before it have not been checked against it"
    return Finding(
        code,
        severity,
        f"{table.name}.{item.name}",
        message,
        found=None if there is None else _shown(item, there),
        expected=None if wanted is None else _shown(item, wanted),
    )


def comes_with_a_column(table: sa.Table, item: Item, gone: set[str], changed: set[str]) -> bool:
    """Whether it is of a column that is told of anyway."""
    if item.kind == "identity":
        return item.name in changed
    names = (name for one in gone for name in (one, f"fk_{table.name}_{one}", *comes_with(table.name, one)))
    return item.kind in ("check", "foreign-key") and item.name in names


def _is_id(table: sa.Table, name: str) -> bool:
    column = table.columns[name]
    return column.primary_key or bool(column.foreign_keys) or name.endswith("_id")


def _shown(item: Item, facts: Any) -> str:
    if isinstance(facts, str):
        return facts
    if item.kind == "column":
        type_, required, default, *others = facts
        words = [str(type_), "NOT NULL" if required else "NULL", "" if default is None else f"DEFAULT {default}"]
        return " ".join(filter(None, [*words, *(str(other) for other in others if other and other != "default")]))
    if item.kind == "identity":
        return f"{facts[0]}, increment and start {facts[1]}"
    if isinstance(facts, list):  # of PostgreSQL: the statement, and the state of a trigger
        return f"{facts[0]}, switched off" if item.kind == "trigger" and facts[1] == "D" else str(facts[0])
    if item.kind == "index":
        return str(facts[-1])
    if item.kind == "foreign-key":
        return ", ".join(
            f"{column} to {parent}.{key} ON UPDATE {update} ON DELETE {delete}"
            for column, key, parent, update, delete, _ in facts
        )
    return ", ".join(str(column[0]) for column in facts)


def _function(expected: Fingerprint, there: Fingerprint) -> Iterator[Finding]:
    wanted, found = expected[f"function {FUNCTION}"]["sql"], there.get(f"function {FUNCTION}", {}).get("sql")
    if found != wanted:
        code = "missing-function" if found is None else "changed-function"
        message = "the function that keeps updated_at is " + ("missing" if found is None else "not ours")
        yield Finding(code, "error", FUNCTION, message, found=found, expected=wanted)
