"""Indexes that are missing, changed or invalid: created or built anew, beside the traffic where that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cts_schema.ddl.text import quote
from cts_schema.health.context import CheckContext
from cts_schema.health.repair import statements
from cts_schema.health.repair.report import RepairStep
from cts_schema.health.report import Finding

_LEFT_BY_REINDEX = re.compile(r"_cc(new|old)\d*$")


def plan(context: CheckContext, findings: Sequence[Finding], *, concurrently: bool) -> Iterator[RepairStep]:
    """Yield the step that repairs each index."""
    dialect = context.connection.dialect
    for finding in findings:
        table, _, name = finding.where.partition(".")
        model = context.tables.get(table)
        word = "CONCURRENTLY " if concurrently else ""
        if model is None or all(index.name != name for index in model.indexes):
            # Drop what an interrupted REINDEX left; rebuild an unmanaged index for its owner.
            left = _LEFT_BY_REINDEX.search(name)
            made = [f"DROP INDEX {word}{quote(name)}" if left else f"REINDEX INDEX {word}{quote(name)}"]
            yield RepairStep((finding,), tuple(made), apart=concurrently)
            continue
        there = finding.code != "missing-index"
        made = list(statements.index(model, name, dialect, there=there, concurrently=concurrently))
        undo = (f"DROP INDEX CONCURRENTLY IF EXISTS {quote(name)}",) if concurrently else ()
        yield RepairStep((finding,), tuple(made), (table,), apart=concurrently, undo=undo)
