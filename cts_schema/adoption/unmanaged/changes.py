"""Which references of unmanaged tables follow their parent, become NULL, or take their row along to the leftovers.

A reference follows where another row stands for its parent, or the parent has another key now. Where nothing stands for
it, a column that may be NULL becomes NULL; where none may, the row goes to adoption_leftovers, and what refers to that
row is settled in the same way. What a key declares ON DELETE is not done: nothing is deleted without being kept.

All of it is noted in two temporary tables. So it can be counted for a plan before it is done.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert.postgresql import key_as_text
from cts_schema.adoption.unmanaged.changed_keys import CHANGED, ChangedKeys
from cts_schema.adoption.unmanaged.edits import EDITS, MOVES, Edits, changing
from cts_schema.adoption.unmanaged.references import Column, Reference, References
from cts_schema.ddl.text import literal, quote, run

_DANGLING = "cts_adoption_dangling"


class Changes(Edits):
    """The references of unmanaged tables, once the tables of ours have their rows.

    Args:
        connection: in the transaction of the adoption, or of its trial.
        references: the keys.
        changed_keys: what became of the keys of ours.
        olds: where the old tables of ours are, by our names, as SQL.
    """

    def __init__(
        self,
        connection: sa.Connection,
        references: References,
        changed_keys: ChangedKeys,
        olds: Mapping[str, str],
    ) -> None:
        super().__init__(connection, references)
        self._changed_keys = changed_keys
        self._olds = olds

    def note(self) -> bool:
        """Note what is to be done; return whether that is anything."""
        end = "" if self._sqlite else " ON COMMIT DROP"
        row = "row_id" if self._sqlite else "row_id TEXT"
        run(
            self._connection,
            f"CREATE TEMP TABLE {MOVES} (place TEXT, {row}, reason TEXT, key INTEGER, cause TEXT){end}",
        )
        run(
            self._connection,
            f"CREATE TEMP TABLE {EDITS} (place TEXT, {row}, name TEXT, value TEXT, reason TEXT, key INTEGER, "
            f"cause TEXT){end}",
        )
        for table in (MOVES, EDITS):  # else each row would be looked for among all
            run(self._connection, f"CREATE INDEX {table}_row ON {table} (place, row_id)")
        noted = sum(self.note_managed(number, key) for number, key in enumerate(self.keys) if key.managed)
        more = noted
        while more:
            more = sum(self.note_refused(table) for table in self.tables.values())
            more += sum(self._note_unmanaged(number, key) for number, key in enumerate(self.keys) if not key.managed)
        run(
            self._connection,
            f"DELETE FROM {EDITS} WHERE EXISTS (SELECT 1 FROM {MOVES} m WHERE m.place = {EDITS}.place "
            f"AND m.row_id = {EDITS}.row_id)",
        )
        return noted > 0

    def forget(self) -> None:
        """Drop the temporary tables."""
        for table in (MOVES, EDITS):
            run(self._connection, f"DROP TABLE {table}")
        self._changed_keys.dispose()

    def note_managed(self, number: int, key: Reference) -> int:
        """Note the references to rows of ours that are no longer found by them."""
        changed_keys, table = self._changed_keys.place((key.parent, key.parent_columns)), self.tables[key.table]
        if changed_keys is None:
            return 0
        if not self._sqlite and not run(self._connection, f"SELECT EXISTS (SELECT 1 FROM {changed_keys})").scalar_one():
            return 0
        news = range(len(key.columns))
        own = [self._own(f"c.{quote(name)}") for name in key.columns]
        filled = " AND ".join(f"c.{quote(name)} IS NOT NULL" for name in key.columns)
        found = " AND ".join(
            f"n.{quote(parent)} = {self._as_parent(key, place)}" for place, parent in enumerate(key.parent_columns)
        )
        lost = f"{filled} AND NOT EXISTS (SELECT 1 FROM {quote(key.parent)} n WHERE {found})"
        known = " AND ".join(f"f.r{place} = {value}" for place, value in enumerate(own))
        olds = " AND ".join(
            f"p.{quote(parent)} = {value}" for parent, value in zip(key.parent_columns, own, strict=True)
        )
        values = ", ".join(f"f.n{place} AS n{place}" for place in news)
        select = (
            f"SELECT {table.row('c')} AS row_id, {values}, f.reason AS cause "
            f"FROM {table.place} c JOIN {changed_keys} f ON {known} WHERE {lost}"
        )
        if self._sqlite:  # which has found '007' where PostgreSQL would have had a 7
            plain = ", ".join(f"CAST(p.{quote(parent)} AS TEXT)" for parent in key.parent_columns)
            select += (
                f" UNION ALL SELECT {table.row('c')}, {plain}, {literal(CHANGED)} FROM {table.place} c "
                f"JOIN {self._olds[key.parent]} p ON {olds} WHERE {lost} "
                f"AND NOT EXISTS (SELECT 1 FROM {changed_keys} f WHERE {known})"
            )
        there = " AND ".join(
            f"CAST(n.{quote(parent)} AS TEXT) = d.n{place}{f' AND n.{quote(parent)} = +d.s{place}' * self._sqlite}"
            for place, parent in enumerate(key.parent_columns)
        )
        return self._note(number, key, select, f"EXISTS (SELECT 1 FROM {quote(key.parent)} n WHERE {there})")

    def _note_unmanaged(self, number: int, key: Reference) -> int:
        """Note the references to rows of unmanaged tables that go, or to columns of them that change."""
        table, parent = self.tables[key.table], self.tables[key.parent]
        own = [self._own(f"c.{quote(name)}") for name in key.columns]
        known = " AND ".join(f"p.{quote(name)} = {value}" for name, value in zip(key.parent_columns, own, strict=True))
        going = f"{parent.row('p')} IN (SELECT m.row_id FROM {MOVES} m WHERE m.place = {literal(parent.place)})"
        names = ", ".join(map(literal, key.parent_columns))
        changing = (
            f"{parent.row('p')} IN (SELECT e.row_id FROM {EDITS} e WHERE e.place = {literal(parent.place)} "
            f"AND e.name IN ({names}))"
        )
        values = ", ".join(
            f"CASE WHEN NOT ({going}) THEN CAST({self.edited(parent, 'p', name)} AS TEXT) END AS n{place}"
            for place, name in enumerate(key.parent_columns)
        )
        self._forget_stale(number, key, known, f"NOT ({going})")
        settled = (
            f"{table.row('c')} NOT IN (SELECT m.row_id FROM {MOVES} m WHERE m.place = {literal(table.place)}) "
            f"AND {table.row('c')} NOT IN (SELECT e.row_id FROM {EDITS} e WHERE e.place = {literal(table.place)} "
            f"AND (e.key = {number} OR e.value IS NULL AND e.name IN ({', '.join(map(literal, key.columns))})))"
        )
        select = (
            f"SELECT {table.row('c')} AS row_id, {values}, 'orphan' AS cause FROM {table.place} c "
            f"JOIN {parent.place} p ON {known} WHERE ({going} OR {changing}) AND {settled}"
        )
        there = " AND ".join(f"d.p{place} = +d.s{place}" for place in range(len(key.columns)))
        return self._note(number, key, select, there if self._sqlite else "true")

    def _forget_stale(self, number: int, key: Reference, known: str, staying: str) -> None:
        """Forget where references have followed to, where no parent that stays has this value now."""
        table, parent = self.tables[key.table], self.tables[key.parent]
        same = " OR ".join(
            f"e.name = {literal(own)} AND e.value = CAST({self.edited(parent, 'p', name)} AS TEXT)"
            for own, name in zip(key.columns, key.parent_columns, strict=True)
        )
        followed = f"e.place = {literal(table.place)} AND e.key = {number} AND e.value IS NOT NULL"
        run(
            self._connection,
            f"DELETE FROM {EDITS} AS e WHERE {followed} AND NOT EXISTS (SELECT 1 FROM {table.place} c "
            f"JOIN {parent.place} p ON {known} WHERE {table.row('c')} = e.row_id AND {staying} AND ({same}))",
        )

    def _note(self, number: int, key: Reference, select: str, there: str) -> int:
        """Note what becomes of rows whose reference would dangle.

        Args:
            number: of the key.
            key: the key.
            select: rows, what their parents are called now, and why one is not kept.
            there: whether there is such a parent, over ``d``.
        """
        with changing(self.tables[key.table]):
            self._find_dangling(key, select)
            return self._note_found(number, key, there)

    def _note_found(self, number: int, key: Reference, there: str) -> int:
        table = self.tables[key.table]
        news = [f"n{place}" for place in range(len(key.columns))]
        columns = [table.columns[name] for name in key.columns]
        follows = " AND ".join([*(f"d.{new} IS NOT NULL" for new in news), there])
        if any(column.fixed for column in columns):
            follows = "false"
        place, noted = literal(table.place), 0
        for column, new in zip(columns, news, strict=True):
            reason = f"CASE d.cause WHEN {literal(CHANGED)} THEN 'precision' ELSE 'duplicate' END"
            noted += run(
                self._connection,
                f"INSERT INTO {EDITS} SELECT {place}, d.row_id, {literal(column.name)}, d.{new}, {reason}, {number}, "
                f"d.cause FROM {_DANGLING} d WHERE {follows}",
            ).rowcount
        loose = [column for column in columns if column.loose]
        if key.full and len(loose) < len(columns):
            loose = []
        for column in loose:
            noted += run(
                self._connection,
                f"INSERT INTO {EDITS} SELECT {place}, d.row_id, {literal(column.name)}, NULL, 'orphan', {number}, "
                f"d.cause FROM {_DANGLING} d WHERE NOT ({follows})",
            ).rowcount
        if not loose:
            noted += run(
                self._connection,
                f"INSERT INTO {MOVES} SELECT {place}, d.row_id, 'orphan', {number}, d.cause "
                f"FROM {_DANGLING} d WHERE NOT ({follows})",
            ).rowcount
        run(self._connection, f"DROP TABLE {_DANGLING}")
        return noted

    def _find_dangling(self, key: Reference, select: str) -> None:
        """Write the rows that a query finds to a temporary table.

        There, on SQLite, ``s0``, ``s1``, ... are what the referring columns make of the new values, and ``p0``, ``p1``,
        ... what the columns of an unmanaged parent do: a text with 17 digits is a real number in a column of numbers,
        and that is equal to a text with 15 digits only.
        """
        news = [f"n{place}" for place in range(len(key.columns))]
        found = f"{', '.join(f'max({new}) AS {new}' for new in news)}, min(cause) AS cause"
        if not self._sqlite:
            select = f"SELECT row_id, {found} FROM ({select}) found GROUP BY row_id"
            run(self._connection, f"CREATE TEMP TABLE {_DANGLING} AS {select}")
            return
        stored = [f"s{place} {self.tables[key.table].columns[name].affinity}" for place, name in enumerate(key.columns)]
        if not key.managed:
            parent = self.tables[key.parent]
            stored += [f"p{place} {parent.columns[name].affinity}" for place, name in enumerate(key.parent_columns)]
        texts = ", ".join(f"{new} TEXT" for new in news)
        run(self._connection, f"CREATE TEMP TABLE {_DANGLING} (row_id, {texts}, cause TEXT, {', '.join(stored)})")
        again = "".join(f", max({new})" for new in news) * (1 if key.managed else 2)
        run(
            self._connection,
            f"INSERT INTO {_DANGLING} SELECT row_id, {found}{again} FROM ({select}) found GROUP BY row_id",
        )

    def _own(self, column: str) -> str:
        """Return a referring column, to be compared as SQLite compares it for its foreign keys."""
        return f"+{column}" if self._sqlite else column

    def _as_parent(self, key: Reference, place: int) -> str:
        """Return a referring column as it will be, where a number becomes text."""
        column: Column = self.tables[key.table].columns[key.columns[place]]
        value = self._own(f"c.{quote(column.name)}")
        kind = target.tables()[key.parent].columns[key.parent_columns[place]].kind
        if self._sqlite or column.text or kind not in ("text", "word"):
            return value
        return key_as_text(value, key.parent_types[place])
