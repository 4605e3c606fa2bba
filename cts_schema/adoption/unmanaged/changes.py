"""Which references of unmanaged tables follow their parent, become NULL, or take their row along to the leftovers.

A reference follows where another row stands for its parent, or the parent has another key now. Where nothing stands for
it, a column that may be NULL becomes NULL; where none may, the row goes to adoption_leftovers, and what refers to that
row is handled in the same way. What a key declares ON DELETE is not done: nothing is deleted without being kept.

All of it is recorded in two temporary tables. So it can be counted for a plan before it is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from cts_schema.adoption.engine import Engine
from cts_schema.adoption.unmanaged.changed_keys import CHANGED, ChangedKeys
from cts_schema.adoption.unmanaged.edits import EDITS, MOVES, Edits, changing
from cts_schema.adoption.unmanaged.references import Reference, Table
from cts_schema.ddl.text import literal, quote, run

#: Rows whose reference would lead nowhere, what their parents are called now, and why one is not kept.
DANGLING = "cts_adoption_dangling"


class Changes(Edits, ABC):
    """The references of unmanaged tables, once the tables of ours have their rows.

    Args:
        engine: in the transaction of the adoption, or of its trial.
        changed_keys: what became of the keys of ours.
        olds: where the legacy tables of ours are, by our names, as SQL.

    Attributes:
        ROW_TYPE: the type of what a row is found by.
    """

    ROW_TYPE = "TEXT"

    def __init__(self, engine: Engine, changed_keys: ChangedKeys, olds: Mapping[str, str]) -> None:
        super().__init__(engine, changed_keys.references)
        self._changed_keys = changed_keys
        self.olds = olds

    def record(self) -> bool:
        """Record what is to be done; return whether that is anything."""
        end, row = self.engine.loading.TEMPORARY_END, f"row_id {self.ROW_TYPE}"
        for name, columns in ((MOVES, ""), (EDITS, "name TEXT, value TEXT, ")):
            columns = f"place TEXT, {row}, {columns}reason TEXT, key INTEGER, cause TEXT"
            run(self.connection, f"CREATE TEMP TABLE {name} ({columns}){end}")
            # Else each row would be looked for among all.
            run(self.connection, f"CREATE INDEX {name}_row ON {name} (place, row_id)")
        recorded = sum(self.record_managed(number, key) for number, key in enumerate(self.keys) if key.managed)
        more = recorded
        while more:
            more = sum(self.record_refused(table) for table in self.tables.values())
            more += sum(self._record_unmanaged(number, key) for number, key in enumerate(self.keys) if not key.managed)
        run(
            self.connection,
            f"DELETE FROM {EDITS} WHERE EXISTS (SELECT 1 FROM {MOVES} m WHERE m.place = {EDITS}.place "
            f"AND m.row_id = {EDITS}.row_id)",
        )
        return recorded > 0

    def dispose(self) -> None:
        """Drop the temporary tables."""
        for table in (MOVES, EDITS):
            run(self.connection, f"DROP TABLE {table}")
        self._changed_keys.dispose()

    def record_managed(self, number: int, key: Reference) -> int:
        """Record the references to rows of ours that are no longer found by them."""
        changed, table = self._changed_keys.place((key.parent, key.parent_columns)), self.tables[key.table]
        if changed is None or not self.may_dangle(changed):
            return 0
        own = self._own(key)
        filled = " AND ".join(f"c.{quote(name)} IS NOT NULL" for name in key.columns)
        found = " AND ".join(
            f"n.{quote(parent)} = {self.as_parent(key, place)}" for place, parent in enumerate(key.parent_columns)
        )
        lost = f"{filled} AND NOT EXISTS (SELECT 1 FROM {quote(key.parent)} n WHERE {found})"
        known = " AND ".join(f"f.r{place} = {value}" for place, value in enumerate(own))
        values = ", ".join(f"f.n{place} AS n{place}" for place in range(len(own)))
        select = (
            f"SELECT {table.row('c')} AS row_id, {values}, f.reason AS cause "
            f"FROM {table.place} c JOIN {changed} f ON {known} WHERE {lost}"
        )
        rest = f"{lost} AND NOT EXISTS (SELECT 1 FROM {changed} f WHERE {known})"
        there = " AND ".join(
            condition
            for place, parent in enumerate(key.parent_columns)
            for condition in (
                f"CAST(n.{quote(parent)} AS TEXT) = d.n{place}",
                *self.stored_as(f"n.{quote(parent)}", place),
            )
        )
        return self._record(
            number,
            key,
            select + self.also_dangling(key, rest),
            f"EXISTS (SELECT 1 FROM {quote(key.parent)} n WHERE {there})",
        )

    def _record_unmanaged(self, number: int, key: Reference) -> int:
        """Record the references to rows of unmanaged tables that go, or to columns of them that change."""
        table, parent = self.tables[key.table], self.tables[key.parent]
        known = self.refers(key)
        going, changing = self.is_moved(parent, "p"), self.is_edited(parent, "p", key.parent_columns)
        values = ", ".join(
            f"CASE WHEN NOT ({going}) THEN CAST({self.edited(parent, 'p', name)} AS TEXT) END AS n{place}"
            for place, name in enumerate(key.parent_columns)
        )
        self._forget_stale(number, key, known, f"NOT ({going})")
        settled = (
            f"NOT {self.is_moved(table, 'c')} AND {table.row('c')} NOT IN (SELECT e.row_id FROM {EDITS} e "
            f"WHERE e.place = {literal(table.place)} AND (e.key = {number} OR e.value IS NULL "
            f"AND e.name IN ({', '.join(map(literal, key.columns))})))"
        )
        select = (
            f"SELECT {table.row('c')} AS row_id, {values}, 'orphan' AS cause FROM {table.place} c "
            f"JOIN {parent.place} p ON {known} WHERE ({going} OR {changing}) AND {settled}"
        )
        there = [one for place in range(len(key.columns)) for one in self.stored_as(f"d.p{place}", place)]
        return self._record(number, key, select, " AND ".join(there) or "true")

    def _forget_stale(self, number: int, key: Reference, known: str, staying: str) -> None:
        """Forget where references have followed to, where no parent that stays has this value now."""
        table, parent = self.tables[key.table], self.tables[key.parent]
        same = " OR ".join(
            f"e.name = {literal(own)} AND e.value = CAST({self.edited(parent, 'p', name)} AS TEXT)"
            for own, name in zip(key.columns, key.parent_columns, strict=True)
        )
        followed = f"e.place = {literal(table.place)} AND e.key = {number} AND e.value IS NOT NULL"
        run(
            self.connection,
            f"DELETE FROM {EDITS} AS e WHERE {followed} AND NOT EXISTS (SELECT 1 FROM {table.place} c "
            f"JOIN {parent.place} p ON {known} WHERE {table.row('c')} = e.row_id AND {staying} AND ({same}))",
        )

    def _record(self, number: int, key: Reference, select: str, there: str) -> int:
        """Record what becomes of rows whose reference would dangle.

        Args:
            number: of the key.
            key: the key.
            select: rows, what their parents are called now, and why one is not kept.
            there: whether there is such a parent, over ``d``.
        """
        with changing(self.tables[key.table]):
            news = [f"n{place}" for place in range(len(key.columns))]
            found = f"{', '.join(f'max({new}) AS {new}' for new in news)}, min(cause) AS cause"
            self.find_dangling(key, select, news, found)
            return self._record_found(number, key, there)

    def _record_found(self, number: int, key: Reference, there: str) -> int:
        table = self.tables[key.table]
        news = [f"n{place}" for place in range(len(key.columns))]
        columns = [table.columns[name] for name in key.columns]
        follows = " AND ".join([*(f"d.{new} IS NOT NULL" for new in news), there])
        if any(column.fixed for column in columns):
            follows = "false"
        reason = f"CASE d.cause WHEN {literal(CHANGED)} THEN 'precision' ELSE 'duplicate' END"
        found = [
            (EDITS, f"{literal(column.name)}, d.{new}, {reason}", follows)
            for column, new in zip(columns, news, strict=True)
        ]
        loose = [column for column in columns if column.loose]
        if key.full and len(loose) < len(columns):
            loose = []
        found += [(EDITS, f"{literal(column.name)}, NULL, 'orphan'", f"NOT ({follows})") for column in loose]
        if not loose:
            found.append((MOVES, "'orphan'", f"NOT ({follows})"))
        recorded = 0
        for into, what, where in found:
            select = f"SELECT {literal(table.place)}, d.row_id, {what}, {number}, d.cause FROM {DANGLING} d"
            recorded += run(self.connection, f"INSERT INTO {into} {select} WHERE {where}").rowcount
        run(self.connection, f"DROP TABLE {DANGLING}")
        return recorded

    def _own(self, key: Reference) -> list[str]:
        """Return the referring columns, to be compared as a foreign key compares them."""
        return [self.engine.sql.untyped(f"c.{quote(name)}") for name in key.columns]

    def refers(self, key: Reference) -> str:
        """Return the condition that a row ``c`` refers to a row ``p``."""
        own = self._own(key)
        return " AND ".join(f"p.{quote(name)} = {value}" for name, value in zip(key.parent_columns, own, strict=True))

    def may_dangle(self, changed: str) -> bool:
        """Whether a reference may lead nowhere: where some key of its parents has changed."""
        return bool(run(self.connection, f"SELECT EXISTS (SELECT 1 FROM {changed})").scalar_one())

    def as_parent(self, key: Reference, place: int) -> str:
        """Return a referring column as it will be."""
        return self.engine.sql.untyped(f"c.{quote(key.columns[place])}")

    def also_dangling(self, key: Reference, rest: str) -> str:
        """Return what adds references to a query that dangle although no key of their parents has changed.

        Args:
            key: the key.
            rest: the condition that nothing is found by it, and its value is no changed key.
        """
        return ""

    def stored_as(self, value: str, place: int) -> Sequence[str]:
        """Return the conditions that a value is what a referring column of ``d`` would store."""
        return ()

    def find_dangling(self, key: Reference, select: str, news: Sequence[str], found: str) -> None:
        """Write the rows that a query finds to a temporary table :data:`DANGLING`, each once.

        Args:
            key: the key.
            select: the query.
            news: the names of what the parents are called now.
            found: these and the cause of each row, as SQL over the query.
        """
        select = f"SELECT row_id, {found} FROM ({select}) found GROUP BY row_id"
        run(self.connection, f"CREATE TEMP TABLE {DANGLING} AS {select}")

    @abstractmethod
    def require_possible(self, affected: Sequence[Table]) -> None:
        """Check that the database has all that it needs to change tables, whose triggers are off then.

        Raises:
            AdoptionBlocked: it has not.
        """

    @abstractmethod
    def apply(self, statements: Sequence[tuple[Table, Sequence[str]]]) -> None:
        """Change tables by statements."""
