"""Adds the rows of a data set: a few by value, or many that the database generates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.text import names, quote
from cts_schema.migration.progress import Progress
from cts_schema.models import Base

BATCH = 100_000
"""The number of rows per statement, for the progress display."""

Row = Mapping[str, Any]


class RowSource(NamedTuple):
    """A source of rows: a chain of common table expressions, and the FROM clause."""

    chain: str
    rows: str

    def select(self, expressions: str) -> str:
        """Return a query of expressions."""
        return f"{self.chain} SELECT {expressions} FROM {self.rows}"

    def then(self, chain: str, rows: str) -> RowSource:
        """Return a longer chain."""
        return RowSource(f"{self.chain}, {chain}", rows)


class Writer:
    """Adds rows within the transaction of the data set, and counts them.

    Args:
        connection: the database, at head.
        size: the total number of rows of a set with adjustable size.
        progress: reports each table and batch.

    Attributes:
        rows: the number of added rows, by table.
    """

    def __init__(self, connection: sa.Connection, size: int, progress: Progress) -> None:
        self.size = size
        self.rows: Counter[str] = Counter()
        self._connection = connection
        self._progress = progress
        self._sql = dialects.of(connection).sql

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows by value; all have the same columns."""
        self._progress.report(table)
        self._connection.execute(Base.metadata.tables[table].insert(), rows)
        self._count(table, len(rows))

    def add_absent(self, table: str, rows: Iterable[Row], *, key: str) -> None:
        """Add the rows whose ``key`` no row has, ignoring case; existing rows stay as they are."""
        model = Base.metadata.tables[table]
        there = {value.lower() for value in self._connection.scalars(sa.select(model.columns[key]))}
        for row in rows:
            if row[key].lower() not in there:
                # Another session may add it concurrently.
                statement = self._sql.insert(model).values(**row).on_conflict_do_nothing().returning(model.columns[key])
                self._count(table, len(self._connection.execute(statement).all()))

    def derive(
        self, table: str, values: Mapping[str, str], source: RowSource, *, count: int, **parameters: Any
    ) -> None:
        """Let the database generate rows in batches, which do not pass through this process.

        Args:
            table: the table.
            values: an SQL expression for each column; see :meth:`moment` and :meth:`object`.
            source: their source, for the numbers from ``:first`` to before ``:last`` of ``:count``.
            count: the number of rows of the source.
            parameters: other parameters of the SQL.
        """
        self._progress.report(table)
        statement = sa.text(
            f"INSERT INTO {quote(table)} ({names(values)}) " + source.select(", ".join(values.values()))
        )
        for first in range(0, count, BATCH):
            numbers = {"first": first, "last": min(first + BATCH, count), "count": count}
            done = self._connection.execute(statement, {**parameters, **numbers})
            self._count(table, done.rowcount)

    def sums(
        self, source: RowSource, keys: str, sums: Mapping[str, str], *, count: int, **parameters: Any
    ) -> Sequence[sa.Row[Any]]:
        """Return sums over the source of :meth:`derive`, by keys, in their order."""
        named = ", ".join(f"{expression} AS {name}" for name, expression in sums.items())
        query = source.select(f"{keys}, {named}") + f" GROUP BY {keys} ORDER BY {keys}"
        return self.ask(query, first=0, last=count, count=count, **parameters)

    def ask(self, query: str, **parameters: Any) -> Sequence[sa.Row[Any]]:
        """Return the rows of a query."""
        return self._connection.execute(sa.text(query), parameters).all()

    def moment(self, seconds: str) -> str:
        """Return the SQL of a time, from an expression for seconds since 1970."""
        return self._sql.moment(seconds)

    def object(self, members: str) -> str:
        """Return the SQL of a JSON object, from alternating names and values."""
        return self._sql.json_object(members)

    def temporary(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Create a table for the time of the transaction, and fill it."""
        table.create(self._connection)
        self._connection.execute(table.insert(), rows)

    def drop(self, table: sa.Table) -> None:
        """Drop a table of :meth:`temporary`; a rollback drops it, too."""
        table.drop(self._connection)

    def _count(self, table: str, rows: int) -> None:
        self.rows[table] += rows
        self._progress.advance(rows)
