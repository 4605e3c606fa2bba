"""Restores preserved tables in a database whose tables were rebuilt, as by an adoption."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations

from cts_schema.ddl import moved, sql
from cts_schema.ddl.moved_sqlite import definitions
from cts_schema.ddl.preserved import preserved_name, restore_rows, restore_values
from cts_schema.ddl.text import quote


def hide(
    connection: sa.Connection, tables: Mapping[str, str], returning: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """Hide preserved tables, and the names of their indexes, from the revisions.

    On PostgreSQL the caller moves the table itself, and the rows are copied unless the table returns. SQLite
    cannot rename an index, so it drops them.

    Args:
        connection: the database.
        tables: the temporary name, by preserved table.
        returning: the preserved tables that return as a whole.

    Returns:
        Name and SQL of the dropped indexes, by preserved table.
    """
    gone: dict[str, list[tuple[str, str]]] = {}
    with Operations.context(MigrationContext.configure(connection)):
        for table, hidden in tables.items():
            if sql.on_postgresql():
                if table not in returning:
                    moved.preserve(hidden, f"SELECT * FROM {quote(table)}")
                continue
            gone[table] = [one for one in definitions(table) if "INDEX" in one[1].upper().split()[1:3]]
            for name, _ in gone[table]:
                sql.execute(f"DROP INDEX {quote(name)}")
            sql.execute(f"ALTER TABLE {quote(table)} RENAME TO {quote(hidden)}")
    return gone


def returning(preserved: Collection[str], tables: Collection[str], loaded: Collection[str]) -> dict[str, str]:
    """Return the preserved tables that return as a whole, by the table that they replace, parents first.

    Args:
        preserved: the existing tables ``cts_kept_*``.
        tables: the tables of the schema, parents first.
        loaded: the tables that get rows of the legacy database.
    """
    of: dict[str, str] = {}
    for name in sorted(preserved, reverse=True):  # the revision that created a table comes before others
        if (table := _table_of(name, tables)) is not None:
            of[table] = name
    return {table: of[table] for table in tables if table in of and table not in loaded}


def restore_beside(preserved: Collection[str], tables: Collection[str], loaded: Mapping[str, AbstractSet[str]]) -> None:
    """Restore preserved rows of tables, and preserved columns, that the legacy database lacked.

    Other rows stay preserved: rows of a table that has other rows now, and orphans.

    Args:
        preserved: the existing tables ``cts_kept_*``.
        tables: the tables of the schema.
        loaded: the tables that got rows of the legacy database, with the columns that it had.
    """
    of = {name: table for name in preserved if (table := _table_of(name, tables)) is not None}
    remaining = {name for name in of if sql.exists(name)}
    while True:  # a row may need one that is restored later
        for name in sorted(remaining):
            table = of[name]
            # The revision that created a table comes before those that added columns to it.
            whole = name == min(one for one, other in of.items() if other == table)
            _restore(name, table, None if table not in loaded and whole else loaded.get(table, set()))
        left = {name for name in remaining if sql.exists(name)}
        if left == remaining:
            return
        remaining = left


def _table_of(name: str, tables: Collection[str]) -> str | None:
    revision = re.match(r"cts_kept_(\d{3})_", name)
    return next((one for one in tables if revision and preserved_name(revision[1], one) == name), None)


def _restore(name: str, table: str, had: AbstractSet[str] | None) -> None:
    """Restore whole rows, or the columns that are not in ``had``, those of the legacy table."""
    built = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    key = {column.name for column in built.primary_key}
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(name)}
    if had is None and key <= there:
        restore_rows(built, name)
    elif had is not None and key < there <= set(built.columns.keys()) and had.isdisjoint(there - key):
        columns = [column._copy() for column in built.columns if column.name in there - key]
        restore_values(sa.Table(table, sa.MetaData(), *columns), sorted(key), name)
