"""Checks of a SQLite file: damaged pages, and rows that violate their table's constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from cts_schema.dialects.errors import classify
from cts_schema.dialects.sqlite.untrusted import readable_without_collations
from cts_schema.exceptions import NextCommand, NextStep, NotADatabase
from cts_schema.health.context import CheckContext
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.maintenance.sqlite import OF_ROWS, lines_of_check

LARGEST = 64 * 2**20
"""The size up to which a whole file is read without ``deep``; takes half a second on an average disk."""

_LINES = 1000


def findings(context: CheckContext) -> Iterator[Finding]:
    """Find damage, by ``quick_check``, or ``integrity_check``, which also compares each index with its table."""
    size = context.value("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    if size > LARGEST and not context.deep:
        message = f"pages not checked: a file of {size:,} bytes is read only with --deep"
        yield Finding("not-checked", "info", "the file", message)
        return
    refused: dict[str, int] = {}
    damage = []
    for text in _lines(context):
        if about := OF_ROWS.fullmatch(text):
            refused[about["where"]] = refused.get(about["where"], 0) + 1
        else:
            damage += [line for line in text.splitlines() if line != "ok" and not line.startswith("*** in database")]
    if damage:
        yield Finding(
            "corrupt",
            "error",
            "the file",
            "the file is damaged",
            count=len(damage),
            examples=tuple(damage[:EXAMPLES]),
            repair=NextStep("{}", NextCommand("restore", "BACKUP", force=True)),
        )
    for where, count in refused.items():
        yield Finding("refused-values", "error", where, "rows have values that the table does not allow", count=count)


def _lines(context: CheckContext) -> Iterator[str]:
    def rows(query: str) -> Sequence[Sequence[Any]]:
        return context.connection.exec_driver_sql(query).all()

    try:
        with readable_without_collations(context.connection) as missing:
            yield from lines_of_check(rows, quick=not context.deep, ordered=not missing, most=_LINES)
    except DBAPIError as error:  # some damage ends the pragma itself
        if not isinstance(classify(error), NotADatabase):
            raise
        yield str(error.orig)
