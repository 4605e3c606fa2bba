"""Restore what a downgrade preserved of a database whose tables were built anew, as an adoption does."""

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
    """Take preserved tables from where the line looks for them, and their indexes the names that it gives to new ones.

    On PostgreSQL the caller moves the table itself away, and the rows are copied unless it comes back itself. SQLite
    cannot rename an index: there they go.

    Args:
        connection: the database.
        tables: the name that the rows have meanwhile, by that of the preserved table.
        returning: of the preserved tables, those that come back themselves.

    Returns:
        Name and SQL of the indexes that went, by preserved table.
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
    """Return the preserved tables that come back themselves, by the table whose place they take, parents first.

    Args:
        preserved: the tables ``cts_kept_*`` that there are.
        tables: the tables of the schema, parents first.
        loaded: of those, the ones that get rows of the legacy database.
    """
    of: dict[str, str] = {}
    for name in sorted(preserved, reverse=True):  # the revision that made a table comes before others
        if (table := _table_of(name, tables)) is not None:
            of[table] = name
    return {table: of[table] for table in tables if table in of and table not in loaded}


def restore_beside(preserved: Collection[str], tables: Collection[str], loaded: Mapping[str, AbstractSet[str]]) -> None:
    """Restore preserved rows of tables that the legacy database lacked, and preserved columns that its tables lacked.

    What remains stays where it is: rows of a table that has others now, and those whose parent is gone.

    Args:
        preserved: the tables ``cts_kept_*`` that there are.
        tables: the tables of the schema.
        loaded: of those, the ones that have got rows of the legacy database, with the columns it had.
    """
    of = {name: table for name in preserved if (table := _table_of(name, tables)) is not None}
    remaining = {name for name in of if sql.exists(name)}
    while True:  # a row may need one that is restored after it
        for name in sorted(remaining):
            table = of[name]
            # The revision that made a table comes before those that added columns to it.
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
    """Restore whole rows, or the columns that a table of the legacy database with the columns ``had`` lacked."""
    built = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    key = {column.name for column in built.primary_key}
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(name)}
    if had is None and key <= there:
        restore_rows(built, name)
    elif had is not None and key < there <= set(built.columns.keys()) and had.isdisjoint(there - key):
        columns = [column._copy() for column in built.columns if column.name in there - key]
        restore_values(sa.Table(table, sa.MetaData(), *columns), sorted(key), name)
