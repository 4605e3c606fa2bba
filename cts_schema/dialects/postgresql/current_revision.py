"""Whether a schema of PostgreSQL is at head, by one query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def query(version: str, ledger: str, numbers: tuple[int, ...]) -> str:
    """Return a query that gives the revision, with the numbers that are in the ledger.

    It runs nothing that somebody else may have written: only a table can be sampled, and no view; no function and no
    operator is looked for in the search path, and no value is cast.
    """
    sample = "TABLESAMPLE pg_catalog.system (100)"
    done = f"SELECT pg_catalog.array_agg(migration_id) FROM {ledger} {sample}"
    return f"SELECT version_num, ({done}) FROM {version} {sample}"


def is_at_head(found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
    """Tell by the rows of that query whether nothing is left to do."""
    return [row[0] for row in found] == [head] and set(numbers) <= set(found[0][1] or ())
