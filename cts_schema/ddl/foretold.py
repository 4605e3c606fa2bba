"""What a downgrade would drop: its operations run, do nothing, and what they would keep is noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """What is about to be dropped: a table, or columns of one; the condition of rows that the package itself wrote."""

    revision: str
    table: str
    columns: tuple[str, ...] = ()
    own: str | None = None


_DROPS: ContextVar[list[Drop] | None] = ContextVar("drops", default=None)


@contextmanager
def foretelling() -> Iterator[list[Drop]]:
    """Note in the list what is about to be dropped, for the time of the block; an offline script must be running."""
    drops: list[Drop] = []
    token = _DROPS.set(drops)
    try:
        yield drops
    finally:
        _DROPS.reset(token)


def is_foretelling() -> bool:
    """Tell whether nothing is to be done."""
    return _DROPS.get() is not None


def note(revision: str, table: str, columns: Sequence[str] = (), own: str | None = None) -> bool:
    """Note a drop; return False where it is one in earnest."""
    drops = _DROPS.get()
    if drops is None:
        return False
    drops.append(Drop(revision, table, tuple(columns), own))
    return True
