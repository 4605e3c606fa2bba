"""What is noted about rows of unmanaged tables, and which of these rows their own table would not take like that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cts_schema.adoption.survey.tables import OF_APPLICATION
from cts_schema.adoption.unmanaged.references import References, Table, Unique
from cts_schema.ddl.text import literal, quote, run, token_texts, unquote
from cts_schema.exceptions import AdoptionBlocked

#: Rows that go, and columns that change: to NULL, or to what the parent is called now.
MOVES, EDITS = "cts_adoption_moves", "cts_adoption_edits"
_REPEATED = "cts_adoption_repeated"


@contextmanager
def changing(table: Table) -> Iterator[None]:
    """Say in words that a table of SQLite needs something of its application to change.

    Raises:
        AdoptionBlocked: an index, a CHECK or a computed column calls a function or a collation that is not there.
    """
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        said = error.orig if isinstance(error, OperationalError) else error
        if not OF_APPLICATION.search(str(said)):
            raise
        raise AdoptionBlocked(
            blockers=f"table {table.title}: rows of it refer to rows that are not kept as they were, and cannot be "
            f"changed ({said}): mend what they refer to, or drop the index, CHECK or column that needs this, or "
            "adopt with a connection of the application that has this: upgrade(connection)"
        ) from error


class Edits:
    """The columns of unmanaged tables as they will be.

    Args:
        connection: in the transaction of the adoption, or of its trial.
        references: the keys.
    """

    def __init__(self, connection: sa.Connection, references: References) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self.tables = references.tables
        self.keys = references.keys

    def referring(self, table: Table) -> list[str]:
        """Return the columns of a table that refer."""
        return sorted({name for key in self.keys if key.table == table.name for name in key.columns})

    def edited(self, table: Table, alias: str, name: str) -> str:
        """Return a column of an unmanaged table as it will be."""
        value = f"{alias}.{quote(name)}"
        if name not in self.referring(table):
            return value
        noted = f"FROM {EDITS} e WHERE e.place = {literal(table.place)} AND e.name = {literal(name)}"
        row = f"+{table.row(alias)}" if self._sqlite else table.row(alias)  # bare, its type would rule the index out
        # Of a column that refers to two tables, it is NULL that satisfies both.
        new = f"(SELECT CASE WHEN count(*) = count(e.value) THEN max(e.value) END {noted} AND e.row_id = {row})"
        cast = new if self._sqlite else f"{new}::{table.columns[name].type}"
        return f"CASE WHEN {table.row(alias)} IN (SELECT e.row_id {noted}) THEN {cast} ELSE {value} END"

    def _holds(self, table: Table, condition: str) -> str:
        """Return a condition over a table's columns as it will be of a row ``c``."""
        columns = ", ".join(f"{self.edited(table, 'c', name)} AS {quote(name)}" for name in table.columns)
        return f"(SELECT {condition} FROM (SELECT {columns}) checked)"

    def note_refused(self, table: Table) -> int:
        """Note the rows that the table would not take with their references changed."""
        with changing(table):
            return sum(self._note_repeated(table, unique) for unique in table.unique) + self._note_broken(table)

    def _note_broken(self, table: Table) -> int:
        """Note the rows that would break a condition of the table."""
        place, noted = literal(table.place), 0
        referring = {name.lower() for name in self.referring(table)}
        for check in table.checks:
            if self._sqlite and not referring & {unquote(word).lower() for word in token_texts(check)}:
                continue  # it may call a function that only an application has
            noted += run(
                self._connection,
                f"INSERT INTO {MOVES} SELECT {place}, e.row_id, min(e.reason), min(e.key), min(e.cause) FROM {EDITS} e "
                f"JOIN {table.place} c ON {table.row('c')} = e.row_id WHERE e.place = {place} "
                f"AND NOT {self._holds(table, check)} AND e.row_id NOT IN "
                f"(SELECT m.row_id FROM {MOVES} m WHERE m.place = {place}) GROUP BY e.row_id",
            ).rowcount
        return noted

    def _note_repeated(self, table: Table, index: Unique) -> int:
        """Note the rows that would have the key of another one by following their parent."""
        referring, unique = set(self.referring(table)), index.columns
        if not referring & set(unique):
            return 0
        place, row = literal(table.place), table.row("c")
        names = ", ".join(literal(name) for name in unique)
        followed = (
            f"SELECT e.row_id FROM {EDITS} e WHERE e.place = {place} AND e.name IN ({names}) AND e.value IS NOT NULL"
        )
        moved = f"SELECT m.row_id FROM {MOVES} m WHERE m.place = {place}"
        now = ", ".join(f"CAST(c.{quote(name)} AS TEXT) AS u{number}" for number, name in enumerate(unique))
        then = ", ".join(
            f"CAST({self.edited(table, 'c', name)} AS TEXT) AS u{number}" for number, name in enumerate(unique)
        )
        keys = ", ".join(f"u{number}" for number in range(len(unique)))
        filled = " AND ".join(f"u{number} IS NOT NULL" for number in range(len(unique)))
        run(
            self._connection,
            f"CREATE TEMP TABLE {_REPEATED} AS SELECT row_id FROM (SELECT row_id, changed, "
            f"row_number() OVER (PARTITION BY {keys} ORDER BY changed, row_id) AS place FROM ("
            f"SELECT {row} AS row_id, 0 AS changed, {now} FROM {table.place} c WHERE {index.condition} UNION ALL "
            f"SELECT {row}, 1, {then} FROM {table.place} c WHERE {row} IN ({followed}) AND {row} NOT IN ({moved}) "
            f"AND {self._holds(table, index.condition)}"
            f") k WHERE {filled}) ranked WHERE place > 1 AND changed = 1",
        )
        loose = [name for name in unique if name in referring and table.columns[name].loose]
        of = f"place = {place} AND row_id IN (SELECT d.row_id FROM {_REPEATED} d)"
        if loose:
            noted = run(
                self._connection,
                f"UPDATE {EDITS} SET value = NULL, reason = 'duplicate' WHERE {of} AND value IS NOT NULL "
                f"AND name IN ({', '.join(map(literal, loose))})",
            ).rowcount
        else:
            noted = run(
                self._connection,
                f"INSERT INTO {MOVES} SELECT {place}, e.row_id, 'duplicate', min(e.key), min(e.cause) FROM {EDITS} e "
                f"WHERE {of} GROUP BY e.row_id",
            ).rowcount
        run(self._connection, f"DROP TABLE {_REPEATED}")
        return noted
