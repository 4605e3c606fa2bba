"""Moves a table away with its dependents in a downgrade, and back in the upgrade of its revision.

Meanwhile its name is ``cts_kept_<revision>_<table>``. Grants, policies, indexes, triggers, comments and the
counter of its ids stay with it; its foreign keys are suspended, so that rows of its parents may be deleted. Rows whose
parent was deleted meanwhile stay in a table with that name.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex

from cts_schema.ddl import moved_postgresql, moved_sqlite, own_postgresql, preview, sql
from cts_schema.ddl.foreign_keys import ForeignKey
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.silence import quiet
from cts_schema.ddl.tables import indexes_of
from cts_schema.ddl.text import quote, unquote
from cts_schema.exceptions import NextCommand, NextStep, StillNeeded


def move_away(table: str, preserved: str) -> None:
    """Move a table away; rename an existing preserved table to ``..._2``."""
    if sql.on_postgresql():
        sql.execute(away_on_postgresql(table, preserved))
        return
    rename_existing(preserved)
    moved_sqlite.move_away(table, preserved)


def away_on_postgresql(table: str, preserved: str) -> str:
    """Return the statement that moves ``table`` away on PostgreSQL."""
    return moved_postgresql.away(table, preserved, _numbered(preserved))


def rename_existing(preserved: str) -> None:
    """Rename an existing preserved table with the first free number."""
    if sql.on_postgresql():
        moved_postgresql.rename_existing(preserved, _numbered(preserved))
    elif sql.exists(preserved):
        moved_sqlite.rename(preserved, next(name for name in _numbered(preserved) if not sql.exists(name)))


def _numbered(preserved: str) -> list[str]:
    return [shorten(f"{preserved}_{number}") for number in range(2, 100)]


def is_needless(revision: str, table: str, key: Sequence[str], own: str | None) -> bool:
    """Return whether ``table`` can be dropped: it has only rows of the package, and is as its revision created it.

    Args:
        revision: the revision that created it; later ones are already reverted.
        table: the table's name.
        key: its primary key, if ids must not be reused.
        own: the condition of the rows that the package itself wrote, and will write again.
    """
    name = quote(table)
    if sql.scalar(f"SELECT EXISTS (SELECT 1 FROM {name} {somebodys(own)})"):
        return False
    if len(key) == 1:
        last = moved_postgresql.last_id(table, key[0]) if sql.on_postgresql() else moved_sqlite.last_id(table)
        if (last or 0) > sql.scalar(f"SELECT count(*) FROM {name}"):
            return False
    made = preview.created_by(revision).get(table)
    return made is not None and not (own_postgresql if sql.on_postgresql() else moved_sqlite).has_additions(made)


def somebodys(own: str | None) -> str:
    """Return the WHERE clause of rows that the package did not write."""
    return "" if own is None else f"WHERE ({own}) IS NOT TRUE"


def move_back(table: sa.Table, preserved: str, *, again: bool = False) -> Sequence[tuple[str, str]] | None:
    """Move ``preserved`` back to the name of ``table``.

    Args:
        table: the table of the revision.
        preserved: the name of the preserved one.
        again: whether an earlier run may have created the table (PostgreSQL only).

    Returns:
        None if it was moved. On SQLite a table that cannot get the shape of its revision stays preserved; then
        its own indexes and triggers, to be recreated on a new table.
    """
    name = table.name
    if sql.on_postgresql():
        moved_postgresql.rename_back(name, preserved, unless=moved_postgresql.is_made(table) if again else "false")
        if not sql.offline():
            keys = moved_postgresql.keys_of(name)
            with quiet(name):
                leave_behind(name, preserved, keys)
        moved_postgresql.put_keys_back(name)
        if not sql.offline():
            moved_postgresql.bring_to_shape(table)
        return None
    moved_sqlite.rename_back(name, preserved)
    made = moved_sqlite.definitions(name)
    required = " OR ".join(f"{quote(column)} IS NULL" for column in moved_sqlite.required(table)) or "1 = 0"
    # With a row that the revision would refuse it keeps its shape, and ``check`` reports the difference.
    if not (moved_sqlite.fits(table) or sql.any_row(quote(name), required)):
        moved_sqlite.strip(name)
        moved_sqlite.move_away(name, preserved)
        return made
    for index in indexes_of(table):
        if index.name not in {found for found, _ in made}:
            op.execute(CreateIndex(index))
    with quiet(name):
        leave_behind(name, preserved, moved_sqlite.keys_of(name))
    return None


def leave_behind(table: str, preserved: str, keys: Sequence[ForeignKey]) -> None:
    """Leave orphans in ``preserved``, and references that become NULL without their parent."""
    # A key does not apply to rows of tables that inherit from this one.
    name = moved_postgresql.only(table) if sql.on_postgresql() else quote(table)
    must = " OR ".join(_lacks(key) for key in keys if key.on_delete != "SET NULL") or "1 = 0"
    # Repeat, because a row may refer to another row of its own table.
    while sql.any_row(name, must):
        _require_unreferred(table, must)
        preserve(preserved, f"SELECT * FROM {name} AS t WHERE {must}")
        sql.execute(f"DELETE FROM {name} AS t WHERE {must}")
    lost = [key for key in keys if key.on_delete == "SET NULL" and sql.any_row(name, _lacks(key))]
    if lost:
        preserve(preserved, f"SELECT * FROM {name} AS t WHERE {' OR '.join(map(_lacks, lost))}")
    for key in lost:
        nothing = ", ".join(f"{quote(column)} = NULL" for column in key.columns)
        sql.execute(f"UPDATE {name} AS t SET {nothing} WHERE {_lacks(key)}")


def _require_unreferred(table: str, those: str) -> None:
    """Check that no unmanaged row refers to rows that stay preserved: it would be deleted, or dangle.

    Raises:
        StillNeeded: some do; names their table.
    """
    of = moved_postgresql if sql.on_postgresql() else moved_sqlite
    needed = [
        f"rows of {child if sql.on_postgresql() else unquote(child)}, which refer to rows of {table} "
        "whose own parent is gone"
        for child, key in of.keys_to(table)
        if sql.scalar(
            f"SELECT EXISTS (SELECT 1 FROM {child} c JOIN {quote(table)} t ON "
            + " AND ".join(
                f"c.{quote(column)} = t.{quote(parent)}"
                for column, parent in zip(key.columns, key.parent_columns, strict=True)
            )
            + f" WHERE {those})"
        )
    ]
    if needed:
        raise StillNeeded(
            cause="rows of unmanaged tables refer to rows that cannot be restored; nothing was done",
            needed_by="\n".join(needed),
            next_step=NextStep(
                "insert the parents again, or let these rows refer to others, then repeat: {}", NextCommand("upgrade")
            ),
        )


def preserve(preserved: str, rows: str) -> None:
    """Copy rows into a preserved table, which only the owner may read."""
    if sql.exists(preserved):
        sql.execute(f"INSERT INTO {quote(preserved)} {rows}")
        return
    sql.execute(f"CREATE TABLE {quote(preserved)} AS {rows}")
    if sql.on_postgresql():
        moved_postgresql.close(preserved)
        # Otherwise a publication of all tables would refuse to delete restored rows.
        sql.execute(f"ALTER TABLE {quote(preserved)} REPLICA IDENTITY FULL")


def _lacks(key: ForeignKey) -> str:
    """Return the condition that a row ``t`` refers to a missing row."""
    filled = " AND ".join(f"t.{quote(column)} IS NOT NULL" for column in key.columns)
    same = " AND ".join(
        f"p.{quote(parent)} = t.{quote(column)}" for column, parent in zip(key.columns, key.parent_columns, strict=True)
    )
    # On PostgreSQL the catalog has already quoted the parent.
    parent = key.parent if sql.on_postgresql() else quote(key.parent)
    return f"({filled} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {same}))"
