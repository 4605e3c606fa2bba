"""The check of sequences: whether their next number is free."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.ddl.text import quote
from cts_schema.health.context import CheckContext
from cts_schema.health.report import Finding


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find sequences whose next number is not larger than the largest key, which the index of the key knows."""
    for one in context.dialect.catalogue.sequences(context.connection):
        if one.table not in context.tables:
            continue
        largest = context.value(f"SELECT max({quote(one.column)}) FROM {quote(one.table)}")
        if largest is not None and largest >= one.following:
            yield Finding(
                "sequence-behind",
                "error",
                f"{one.table}.{one.column}",
                f"the next number is {one.following}, but {largest} exists already: the next insert may fail",
            )
