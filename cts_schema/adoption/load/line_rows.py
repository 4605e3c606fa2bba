"""Rows that the line itself inserts, settings and ledger rows: the user's own go before them."""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.ddl.text import literal, quote, run

# What identifies a row of the line: not its number, which only counts.
_KEYS = {"schema_migrations": ("migration_id",)}


class LineRows:
    """What is in the new tables before anything is loaded."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._tables: list[str] = []

    def take_out(self) -> None:
        """Move all rows of the new tables into temporary ones."""
        for name in target.tables():
            if run(self._connection, f"SELECT EXISTS (SELECT 1 FROM {quote(name)})").scalar_one():
                run(self._connection, f"CREATE TEMP TABLE {_copy(name)} AS SELECT * FROM {quote(name)}")
                run(self._connection, f"DELETE FROM {quote(name)}")
                self._tables.append(name)

    def put_back(self) -> None:
        """Insert those whose key no loaded row has."""
        for name in self._tables:
            table = target.tables()[name]
            columns = [column for column in table.columns if not (table.counted and column in table.key)]
            names = ", ".join(map(quote, columns))
            absent = " AND ".join(
                f"NOT EXISTS (SELECT 1 FROM {quote(name)} t WHERE t.{quote(key)} = own.{quote(key)})"
                for key in _KEYS.get(name, table.key)
            )
            # An old ledger may have the names of ours under other numbers: who came first keeps them.
            values = {
                column: f"CASE WHEN NOT EXISTS (SELECT 1 FROM {quote(name)} t WHERE t.{quote(column)} = "
                f"own.{quote(column)}) THEN own.{quote(column)} END"
                if table.columns[column].nullable and (column,) in table.unique and column not in _KEYS.get(name, ())
                else f"own.{quote(column)}"
                for column in columns
            }
            run(
                self._connection,
                f"INSERT INTO {quote(name)} ({names}) SELECT {', '.join(values.values())} "
                f"FROM {_copy(name)} own WHERE {absent}",
            )
            run(self._connection, f"DROP TABLE {_copy(name)}")


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
