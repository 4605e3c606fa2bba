"""Rows that the line itself inserts, settings and ledger rows: the user's own go before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.target import Table
from cts_schema.ddl.text import literal, names, quote, run

# What identifies a row of the line: not its number, which only counts.
_KEYS = {"schema_migrations": ("migration_id",)}


@contextmanager
def taken_out(connection: sa.Connection) -> Iterator[None]:
    """Have the new tables empty for the time of the block; afterwards insert those rows whose key no loaded row has."""
    filled = [
        name for name in target.tables() if run(connection, f"SELECT EXISTS (SELECT 1 FROM {quote(name)})").scalar_one()
    ]
    for name in filled:
        run(connection, f"CREATE TEMP TABLE {_copy(name)} AS SELECT * FROM {quote(name)}")
        run(connection, f"DELETE FROM {quote(name)}")
    yield
    for name in filled:
        _put_back(connection, target.tables()[name])
        run(connection, f"DROP TABLE {_copy(name)}")


def _put_back(connection: sa.Connection, table: Table) -> None:
    there, keys = f"SELECT 1 FROM {quote(table.name)} t WHERE", _KEYS.get(table.name, table.key)
    columns = [column for column in table.columns if not (table.counted and column in table.key)]
    absent = " AND ".join(f"NOT EXISTS ({there} t.{quote(key)} = own.{quote(key)})" for key in keys)
    # An old ledger may have the names of ours under other numbers: who came first keeps them.
    values = [
        f"CASE WHEN NOT EXISTS ({there} t.{quote(column)} = own.{quote(column)}) THEN own.{quote(column)} END"
        if table.columns[column].nullable and (column,) in table.unique and column not in keys
        else f"own.{quote(column)}"
        for column in columns
    ]
    run(
        connection,
        f"INSERT INTO {quote(table.name)} ({names(columns)}) SELECT {', '.join(values)} "
        f"FROM {_copy(table.name)} own WHERE {absent}",
    )


def insert_rows_of_columns(connection: sa.Connection, conversion: Conversion) -> None:
    """Insert the rows that were columns of a legacy table, unless the legacy table has such rows as well."""
    old, table = conversion.source.old, conversion.source.table
    for column, key in conversion.source.rows.items():
        value = f"o.{quote(old.columns[column].name)}"
        newest = f"o.{quote(old.columns['updated_at'].name)} DESC, " if "updated_at" in old.columns else ""
        run(
            connection,
            f"INSERT INTO {quote(table.name)} ({quote(table.key[0])}, value) SELECT {literal(key)}, v.value "
            f"FROM (SELECT CAST({value} AS TEXT) AS value FROM {conversion.place} o WHERE {value} IS NOT NULL "
            f"ORDER BY {newest}o.{conversion.row_id} LIMIT 1) v "
            f"WHERE NOT EXISTS (SELECT 1 FROM {quote(table.name)} t WHERE t.{quote(table.key[0])} = {literal(key)})",
        )


def _copy(name: str) -> str:
    return quote(f"cts_adoption_own_{name}")
