"""Carries out what was noted about references of unmanaged tables: keeps what goes, changes rows, and looks again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from cts_schema.adoption.dependents.sqlite import schema_copy
from cts_schema.adoption.load.leftovers import make_readable, row_as_json, value_as_json
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.adoption.unmanaged import preserved
from cts_schema.adoption.unmanaged.changes import Changes
from cts_schema.adoption.unmanaged.edits import EDITS, MOVES, changing
from cts_schema.adoption.unmanaged.references import Table
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.sqlite.untrusted import readable_without_collations
from cts_schema.exceptions import AdoptionBlocked, AdoptionFailed

_MOST_COLUMNS = 1600  # that a table of PostgreSQL may have


class Applying:
    """Carries out what was noted.

    Args:
        connection: in the transaction of the adoption.
        changes: what is to be done.
        version: of the database.
    """

    def __init__(self, connection: sa.Connection, changes: Changes, version: tuple[int, ...]) -> None:
        self._connection = connection
        self._changes = changes
        self._sqlite = connection.dialect.name == "sqlite"
        self.dialect = connection.dialect.name
        self.version = version

    def carry_out(self) -> tuple[int, int]:
        """Do what was noted, and check that it is done; return how many rows went, and how many leftovers that makes.

        Raises:
            AdoptionBlocked: a table of SQLite needs something of its application to change, or one of PostgreSQL has
                no room for the columns of its copy.
            AdoptionFailed: a reference leads nowhere all the same.
        """
        last = run(self._connection, "SELECT max(id) FROM adoption_leftovers").scalar() or 0
        affected = [table for table in self._changes.tables.values() if self._is_affected(table)]
        moved = kept = 0
        for table in affected:
            with changing(table):
                rows = self._keep_rows(table)
                moved, kept = moved + rows, kept + rows + self._keep_values(table)
        if self._sqlite:
            make_readable(self._connection, last)
            for table in affected:
                with changing(table):
                    for statement in self._statements(table):
                        run(self._connection, statement)
        else:
            for table in affected:
                self._require_room(table)
            preserved.preserve(
                self._connection,
                [(table, self._preserved(table), self._changes.referring(table)) for table in affected],
            )
            with preserved.triggers_off(self._connection, [table.name for table in affected]):
                # One statement, so that no foreign key between these tables is looked at half way.
                changes = [change for table in affected for change in self._statements(table)]
                parts = ", ".join(f"c{number} AS ({change})" for number, change in enumerate(changes))
                run(self._connection, f"WITH {parts} SELECT 1")
        with readable_without_collations(self._connection):
            self._require_settled()
        return moved, kept

    def require_possible(self) -> None:
        """Check that the database has all that it needs to change the tables, whose triggers are off then.

        Raises:
            AdoptionBlocked: it has not.
        """
        for table in filter(self._is_affected, self._changes.tables.values()):
            if not self._sqlite:
                self._require_room(table)
            else:
                with changing(table), schema_copy.opened(self._definitions(table)) as copy:
                    self._try_statements(copy, table)

    def _require_room(self, table: Table) -> None:
        columns, more = len(table.columns), len(self._changes.referring(table)) + 1
        if columns + more > _MOST_COLUMNS:
            raise AdoptionBlocked(
                blockers=f"table {table.title}: rows of it refer to rows that are not kept as they were, and the copy "
                f"of them for an undo has {more} columns more than its {columns:,}; PostgreSQL takes "
                f"{_MOST_COLUMNS:,}: mend what they refer to, or drop the foreign key"
            )

    def _definitions(self, table: Table) -> Iterable[str]:
        return run(
            self._connection,
            f"SELECT sql FROM main.sqlite_master WHERE tbl_name = {literal(table.title)} AND sql IS NOT NULL "
            "AND type IN ('table', 'index') ORDER BY type DESC",
        ).scalars()

    def _try_statements(self, copy: sqlite3.Connection, table: Table) -> None:
        """Compile the statements that change a table, on a copy of it that has neither triggers nor rows."""
        if copy.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            return  # SQLite opens such a table, and would not create it
        copy.execute(f"EXPLAIN SELECT * FROM {table.place}")
        if self._is_in(MOVES, table):
            copy.execute(f"EXPLAIN DELETE FROM {table.place} WHERE true")
        if self._is_in(EDITS, table) and (columns := self._edited(table)):
            same = ", ".join(f"{quote(name)} = {quote(name)}" for name in columns)
            copy.execute(f"EXPLAIN UPDATE {table.place} SET {same}")

    def _is_affected(self, table: Table) -> bool:
        return self._is_in(MOVES, table) or self._is_in(EDITS, table)

    def _is_in(self, done: str, table: Table) -> bool:
        noted = f"SELECT EXISTS (SELECT 1 FROM {done} WHERE place = {literal(table.place)})"
        return bool(run(self._connection, noted).scalar_one())

    def _edited(self, table: Table) -> list[str]:
        return [name for name in self._changes.referring(table) if not table.columns[name].fixed]

    def _keep_rows(self, table: Table) -> int:
        columns = [LegacyColumn(column.name, column.type) for column in table.columns.values()]
        return run(
            self._connection,
            f"INSERT INTO adoption_leftovers (table_name, row_key, reason, payload) SELECT {literal(table.title)}, "
            f"{table.row_key('o')}, e.reason, {row_as_json(self, columns)} FROM (SELECT row_id, min(reason) AS reason "
            f"FROM {MOVES} WHERE place = {literal(table.place)} GROUP BY row_id) e "
            f"JOIN {table.place} o ON {table.row('o')} = e.row_id",
        ).rowcount

    def _keep_values(self, table: Table) -> int:
        values = " ".join(
            f"WHEN {literal(name)} THEN {value_as_json(self, LegacyColumn(name, table.columns[name].type))}"
            for name in self._changes.referring(table)
        )
        payload = "json_group_object(e.name, json(CASE e.name {} END))"
        if not self._sqlite:
            payload = "jsonb_object_agg(e.name, CASE e.name {} END)"
        return run(
            self._connection,
            f"INSERT INTO adoption_leftovers (table_name, row_key, reason, payload) SELECT {literal(table.title)}, "
            f"min({table.row_key('o')}), e.reason, {payload.format(values)} FROM (SELECT row_id, name, "
            f"min(reason) AS reason FROM {EDITS} WHERE place = {literal(table.place)} GROUP BY row_id, name) e "
            f"JOIN {table.place} o ON {table.row('o')} = e.row_id GROUP BY e.row_id, e.reason",
        ).rowcount

    def _statements(self, table: Table) -> Iterator[str]:
        """Yield the statements that change a table."""
        place, row = literal(table.place), table.row("c")
        if self._is_in(MOVES, table):
            of = f"{row} IN (SELECT m.row_id FROM {MOVES} m WHERE m.place = {place})"
            yield f"DELETE FROM {table.place} AS c WHERE {of}"
        if self._is_in(EDITS, table) and (columns := self._edited(table)):
            edited = ", ".join(f"{quote(name)} = {self._changes.edited(table, 'c', name)}" for name in columns)
            of = f"{row} IN (SELECT e.row_id FROM {EDITS} e WHERE e.place = {place})"
            yield f"UPDATE {table.place} AS c SET {edited} WHERE {of}"

    def _preserved(self, table: Table) -> str:
        """Return a query of the rows that change, as they were and with what their references become."""
        place, row = literal(table.place), table.row("c")
        news = "".join(
            f", {self._changes.edited(table, 'c', name)} AS {preserved.NEW}{number}"
            for number, name in enumerate(self._changes.referring(table))
        )
        moved = f"{row} IN (SELECT m.row_id FROM {MOVES} m WHERE m.place = {place})"
        edited = f"{row} IN (SELECT e.row_id FROM {EDITS} e WHERE e.place = {place})"
        return f"SELECT c.*, {moved} AS {preserved.MOVED}{news} FROM {table.place} c WHERE {moved} OR {edited}"

    def _require_settled(self) -> None:
        """Check that nothing is left to be done.

        Raises:
            AdoptionFailed: something is.
        """
        for table in (MOVES, EDITS):
            run(self._connection, f"DELETE FROM {table}")
        for number, key in enumerate(self._changes.keys):
            if key.managed and self._changes.note_managed(number, key):
                raise AdoptionFailed(
                    table=self._changes.tables[key.table].title, column=", ".join(key.columns), refers_to=key.parent
                )
