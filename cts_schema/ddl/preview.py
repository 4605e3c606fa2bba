"""The preview of a revision: its operations run as for a discarded script, and record their drops and creates."""

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
    """A planned drop of a table or its columns, with the condition of rows that the package itself wrote."""

    revision: str
    table: str
    columns: tuple[str, ...] = ()
    own: str | None = None


@dataclass(frozen=True)
class Preview:
    """The drops of operations, and the tables that they create, by name."""

    drops: list[Drop] = field(default_factory=list)
    tables: dict[str, sa.Table] = field(default_factory=dict)


_PREVIEW: ContextVar[Preview | None] = ContextVar("preview", default=None)


def previewed(dialect: str, function: Callable[[], None]) -> Preview:
    """Return what an upgrade() or downgrade() would do on a database of that dialect.

    Raises:
        Exception: an error of the function; it may query the database, which no script can.
    """
    with _previewing() as preview:
        script(dialect, function)
    return preview


def created_by(revision: str) -> dict[str, sa.Table]:
    """Return the tables that a revision of the current run creates before its first query, if any."""
    scripts = op.get_context().script
    if scripts is None:
        return {}
    return _created_by(scripts.get_revision(revision).module.upgrade, op.get_context().dialect.name)


def is_preview() -> bool:
    """Return whether a preview is running."""
    return _PREVIEW.get() is not None


def note(revision: str, table: str, columns: Sequence[str] = (), own: str | None = None) -> bool:
    """Record a drop in a preview; return False outside of a preview."""
    preview = _PREVIEW.get()
    if preview is None:
        return False
    preview.drops.append(Drop(revision, table, tuple(columns), own))
    return True


def note_table(table: sa.Table) -> bool:
    """Record a created table in a preview; return False outside of a preview."""
    preview = _PREVIEW.get()
    if preview is None:
        return False
    preview.tables[table.name] = table
    return True


@lru_cache(maxsize=1)  # a downgrade drops many tables of one revision in a row
def _created_by(upgrade: Callable[[], None], dialect: str) -> dict[str, sa.Table]:
    with _previewing() as preview, suppress(Exception):  # it may query the database, which no script can
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
