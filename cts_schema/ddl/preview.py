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
class Preview:
    """What operations would do: what they drop, and the tables they create, by name."""

    drops: list[Drop] = field(default_factory=list)
    tables: dict[str, sa.Table] = field(default_factory=dict)


_PREVIEW: ContextVar[Preview | None] = ContextVar("preview", default=None)


def previewed(dialect: str, function: Callable[[], None]) -> Preview:
    """Return what an upgrade() or downgrade() would do, for a database of that kind.

    Raises:
        Exception: what the function raises; it may ask the database, which no script can.
    """
    with _previewing() as preview:
        script(dialect, function)
    return preview


def created_by(revision: str) -> dict[str, sa.Table]:
    """Return the tables that a revision of the present run creates, as far as it asks no database before."""
    scripts = op.get_context().script
    if scripts is None:
        return {}
    return _created_by(scripts.get_revision(revision).module.upgrade, op.get_context().dialect.name)


def is_preview() -> bool:
    """Tell whether nothing is to be done."""
    return _PREVIEW.get() is not None


def note(revision: str, table: str, columns: Sequence[str] = (), own: str | None = None) -> bool:
    """Note a drop; return False where it is one in earnest."""
    preview = _PREVIEW.get()
    if preview is None:
        return False
    preview.drops.append(Drop(revision, table, tuple(columns), own))
    return True


def note_table(table: sa.Table) -> bool:
    """Note a table that is about to be created; return False where it is in earnest."""
    preview = _PREVIEW.get()
    if preview is None:
        return False
    preview.tables[table.name] = table
    return True


@lru_cache(maxsize=1)  # a downgrade drops many tables of one revision in a row
def _created_by(upgrade: Callable[[], None], dialect: str) -> dict[str, sa.Table]:
    with _previewing() as preview, suppress(Exception):  # it may ask the database, which no script can
        script(dialect, upgrade)
    return preview.tables


@contextmanager
def _previewing() -> Iterator[Preview]:
    preview = Preview()
    token = _PREVIEW.set(preview)
    try:
        yield preview
    finally:
        _PREVIEW.reset(token)
