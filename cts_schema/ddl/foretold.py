"""What a revision would drop or create: its operations run as for a script that goes nowhere, and note it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl.scripting import script


@dataclass(frozen=True)
class Drop:
    """What is about to be dropped: a table, or columns of one; the condition of rows that the package itself wrote."""

    revision: str
    table: str
    columns: tuple[str, ...] = ()
    own: str | None = None


@dataclass(frozen=True)
class Foretold:
    """What operations would do: what they drop, and the tables they create, by name."""

    drops: list[Drop] = field(default_factory=list)
    tables: dict[str, sa.Table] = field(default_factory=dict)


_FORETOLD: ContextVar[Foretold | None] = ContextVar("foretold", default=None)


def foretell(dialect: str, function: Callable[[], None]) -> Foretold:
    """Return what an upgrade() or downgrade() would do, for a database of that kind.

    Raises:
        Exception: what the function raises; it may ask the database, which no script can.
    """
    with _foretelling() as foretold:
        script(dialect, function)
    return foretold


def created_by(revision: str) -> dict[str, sa.Table]:
    """Return the tables that a revision of the present run creates, as far as it asks no database before."""
    scripts = op.get_context().script
    if scripts is None:
        return {}
    return _created_by(scripts.get_revision(revision).module.upgrade, op.get_context().dialect.name)


def is_foretelling() -> bool:
    """Tell whether nothing is to be done."""
    return _FORETOLD.get() is not None


def note(revision: str, table: str, columns: Sequence[str] = (), own: str | None = None) -> bool:
    """Note a drop; return False where it is one in earnest."""
    foretold = _FORETOLD.get()
    if foretold is None:
        return False
    foretold.drops.append(Drop(revision, table, tuple(columns), own))
    return True


def note_table(table: sa.Table) -> bool:
    """Note a table that is about to be created; return False where it is in earnest."""
    foretold = _FORETOLD.get()
    if foretold is None:
        return False
    foretold.tables[table.name] = table
    return True


@lru_cache(maxsize=1)  # a downgrade drops many tables of one revision in a row
def _created_by(upgrade: Callable[[], None], dialect: str) -> dict[str, sa.Table]:
    with _foretelling() as foretold, suppress(Exception):  # it may ask the database, which no script can
        script(dialect, upgrade)
    return foretold.tables


@contextmanager
def _foretelling() -> Iterator[Foretold]:
    foretold = Foretold()
    token = _FORETOLD.set(foretold)
    try:
        yield foretold
    finally:
        _FORETOLD.reset(token)
