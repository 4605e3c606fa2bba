"""Whether a schema of PostgreSQL is at head, by one query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def query(version: str, ledger: str, numbers: tuple[int, ...]) -> str:
    """Return a query that returns the revision and the numbers in the ledger.

    It runs no code of others: only a table can be sampled, not a view; it looks up no function and no
    operator in the search path, and casts no value.
    """
    sample = "TABLESAMPLE pg_catalog.system (100)"
    done = f"SELECT pg_catalog.array_agg(migration_id) FROM {ledger} {sample}"
    return f"SELECT version_num, ({done}) FROM {version} {sample}"


def is_at_head(found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
    """Return whether the rows of that query mean that nothing is left to do."""
    return [row[0] for row in found] == [head] and set(numbers) <= set(found[0][1] or ())
