"""Whether a SQLite file is at head, by one query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def query(version: str, ledger: str, numbers: tuple[int, ...]) -> str:
    """Return a query that returns the revision only if the ledger is complete."""
    listed = ", ".join(map(str, numbers))
    present = f"SELECT count(*) FROM {ledger} WHERE migration_id IN ({listed})"
    return f"SELECT version_num FROM {version} WHERE ({present}) = {len(numbers)}"


def is_at_head(found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
    """Return whether the rows of that query mean that nothing is left to do."""
    return [tuple(row) for row in found] == [(head,)]
