"""What becomes of rows of unmanaged tables, and which of these rows their own table would not take like that."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from cts_schema.adoption.engine import Engine
from cts_schema.adoption.survey.sqlite import OF_APPLICATION
from cts_schema.adoption.unmanaged.references import Column, References, Table, Unique
from cts_schema.ddl.text import holds, literal, quote, run
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
            f"changed ({said}): fix what they refer to, or drop the index, CHECK or column that needs this, or "
            "adopt with a connection of the application that has this: upgrade(connection)"
        ) from error


class Edits:
    """The columns of unmanaged tables as they will be.

    Args:
        engine: in the transaction of the adoption, or of its trial.
        references: the keys.
    """

    def __init__(self, engine: Engine, references: References) -> None:
        self.engine, self.connection = engine, engine.connection
        self.tables = references.tables
        self.keys = references.keys

    def affected(self) -> list[Table]:
        """Return the tables that change."""
        return [one for one in self.tables.values() if self.is_in(MOVES, one) or self.is_in(EDITS, one)]

    def is_in(self, recorded: str, table: Table) -> bool:
        """Whether rows of a table are among the moves, or the edits."""
        query = f"SELECT EXISTS (SELECT 1 FROM {recorded} WHERE place = {literal(table.place)})"
        return bool(run(self.connection, query).scalar_one())

    def is_moved(self, table: Table, alias: str) -> str:
        """Return the condition that a row goes."""
        return f"{table.row(alias)} IN (SELECT m.row_id FROM {MOVES} m WHERE m.place = {literal(table.place)})"

    def is_edited(self, table: Table, alias: str, columns: Iterable[str] = ()) -> str:
        """Return the condition that a row changes, or that one of some columns of it does."""
        named = f" AND e.name IN ({', '.join(map(literal, columns))})" if columns else ""
        return f"{table.row(alias)} IN (SELECT e.row_id FROM {EDITS} e WHERE e.place = {literal(table.place)}{named})"

    def edited_columns(self, table: Table) -> list[str]:
        """Return the columns of a table that an UPDATE changes, where there is one."""
        columns = [name for name in self.referring(table) if not table.columns[name].fixed]
        return columns if columns and self.is_in(EDITS, table) else []

    def referring(self, table: Table) -> list[str]:
        """Return the columns of a table that refer."""
        return sorted({name for key in self.keys if key.table == table.name for name in key.columns})

    def edited(self, table: Table, alias: str, name: str) -> str:
        """Return a column of an unmanaged table as it will be."""
        value = f"{alias}.{quote(name)}"
        if name not in self.referring(table):
            return value
        recorded = f"FROM {EDITS} e WHERE e.place = {literal(table.place)} AND e.name = {literal(name)}"
        row = self.engine.sql.untyped(table.row(alias))  # with a type it would rule the index out
        # Of a column that refers to two tables, it is NULL that satisfies both.
        new = f"(SELECT CASE WHEN count(*) = count(e.value) THEN max(e.value) END {recorded} AND e.row_id = {row})"
        typed = self.typed(new, table.columns[name])
        return f"CASE WHEN {self.is_edited(table, alias, [name])} THEN {typed} ELSE {value} END"

    def typed(self, text: str, column: Column) -> str:
        """Return a new value, which is recorded as text, with the type of its column."""
        return f"CAST({text} AS {column.type})"

    def may_break(self, check: str, referring: Collection[str]) -> bool:
        """Whether a condition of a table may depend on its referring columns: it may be about the whole row."""
        return True

    def _holds(self, table: Table, condition: str) -> str:
        """Return a condition over a table's columns as it will be of a row ``c``."""
        return holds(condition, {name: self.edited(table, "c", name) for name in table.columns})

    def record_refused(self, table: Table) -> int:
        """Record the rows that the table would not take with their references changed."""
        with changing(table):
            return sum(self._record_repeated(table, unique) for unique in table.unique) + self._record_broken(table)

    def _record_broken(self, table: Table) -> int:
        """Record the rows that would break a condition of the table."""
        place, recorded = literal(table.place), 0
        referring = {name.lower() for name in self.referring(table)}
        for check in table.checks:
            if not self.may_break(check, referring):
                continue
            recorded += run(
                self.connection,
                f"INSERT INTO {MOVES} SELECT {place}, e.row_id, min(e.reason), min(e.key), min(e.cause) FROM {EDITS} e "
                f"JOIN {table.place} c ON {table.row('c')} = e.row_id WHERE e.place = {place} "
                f"AND NOT {self._holds(table, check)} AND e.row_id NOT IN "
                f"(SELECT m.row_id FROM {MOVES} m WHERE m.place = {place}) GROUP BY e.row_id",
            ).rowcount
        return recorded

    def _record_repeated(self, table: Table, index: Unique) -> int:
        """Record the rows that would have the key of another one by following their parent."""
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
            self.connection,
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
            recorded = run(
                self.connection,
                f"UPDATE {EDITS} SET value = NULL, reason = 'duplicate' WHERE {of} AND value IS NOT NULL "
                f"AND name IN ({', '.join(map(literal, loose))})",
            ).rowcount
        else:
            recorded = run(
                self.connection,
                f"INSERT INTO {MOVES} SELECT {place}, e.row_id, 'duplicate', min(e.key), min(e.cause) FROM {EDITS} e "
                f"WHERE {of} GROUP BY e.row_id",
            ).rowcount
        run(self.connection, f"DROP TABLE {_REPEATED}")
        return recorded
