"""Restore what a downgrade preserved of a database whose tables were built anew, as an adoption does."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations

from cts_schema.ddl import kept, moved, sql
from cts_schema.ddl.moved_sqlite import definitions


def hide(connection: sa.Connection, tables: Mapping[str, str]) -> None:
    """Take preserved tables from where the line looks for them, and their indexes the names that it gives to new ones.

    On PostgreSQL the rows are copied, and the caller moves the table itself away. SQLite cannot rename an index: there
    they go, and a backup has them.

    Args:
        connection: the database.
        tables: the name that the rows have meanwhile, by that of the preserved table.
    """
    with Operations.context(MigrationContext.configure(connection)):
        for table, hidden in tables.items():
            if sql.on_postgresql():
                moved.preserve(hidden, f"SELECT * FROM {sql.quote(table)}")
                continue
            for name, made in definitions(table):
                if "INDEX" in made.upper().split()[1:3]:
                    sql.execute(f"DROP INDEX {sql.quote(name)}")
            sql.execute(f"ALTER TABLE {sql.quote(table)} RENAME TO {sql.quote(hidden)}")


def restore_beside(preserved: Collection[str], tables: Collection[str], loaded: Mapping[str, AbstractSet[str]]) -> None:
    """Restore preserved rows of tables that the legacy database lacked, and preserved columns that its tables lacked.

    What remains stays where it is: rows of a table that has others now, and those whose parent is gone.

    Args:
        preserved: the tables ``cts_kept_*`` that there are.
        tables: the tables of the schema.
        loaded: of those, the ones that have got rows of the legacy database, with the columns it had.
    """
    of = {name: table for name in preserved if (table := _table_of(name, tables)) is not None}
    remaining = set(of)
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


def _table_of(preserved: str, tables: Collection[str]) -> str | None:
    revision = re.match(r"cts_kept_(\d{3})_", preserved)
    return next((one for one in tables if revision and kept.kept_name(revision[1], one) == preserved), None)


def _restore(name: str, table: str, had: AbstractSet[str] | None) -> None:
    """Restore whole rows, or the columns that a table of the legacy database with the columns ``had`` lacked."""
    built = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    key = {column.name for column in built.primary_key}
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(name)}
    if had is None and key <= there:
        kept.pour_table(built, name)
    elif had is not None and key < there <= set(built.columns.keys()) and had.isdisjoint(there - key):
        columns = [column._copy() for column in built.columns if column.name in there - key]
        kept.pour_values(sa.Table(table, sa.MetaData(), *columns), sorted(key), name)
