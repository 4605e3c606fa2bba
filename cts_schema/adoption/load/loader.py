"""The load: rows of a source into our table, as few statements, each about all rows.

Where the examination found nothing, a source is one INSERT ... SELECT. Where it did, what is special about single rows
is recorded first (see :mod:`cts_schema.adoption.load.row_exceptions`), and the INSERT goes by these records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.engine import Comparison
from cts_schema.adoption.load import leftovers
from cts_schema.adoption.load.leftovers import EXCEPTIONS
from cts_schema.adoption.load.repeated_keys import record_repeated
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.adoption.verify import Loaded
from cts_schema.ddl.text import quote, run

#: Rows that one statement loads, so that progress can be seen.
CHUNK = 100_000
#: Rows below which it is not worth the statements to load without indexes.
MANY = 5_000
_LAST_NUMBER = 2**63 - 1


@dataclass
class Loader:
    """Loads source after source, parents first, and remembers which of them lost rows on the way.

    Attributes:
        connection: in the run's transaction.
        comparison: gets the rows of every source.
        progress: gets the number of rows of every statement.
        watch: gets what is special about the rows of each source, before that is forgotten.
        lost: our tables that some row did not reach.
        merged: our tables of which a row stands for others.
    """

    connection: sa.Connection
    comparison: Comparison
    progress: Callable[[int], None] = lambda rows: None
    watch: Callable[[RowExceptions], None] = lambda rows: None
    lost: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def load(self, conversion: Conversion, findings: Examination) -> Loaded:
        """Load a source whose rows were examined in this very transaction."""
        table = conversion.source.table
        rows = RowExceptions(self.connection, conversion, findings, self.lost, self.merged)
        rows.record_values()
        record_repeated(rows, first=table.name not in self._seen)
        rows.record_own_orphans()
        self.watch(rows)
        if table.counted and (number := rows.values.get(table.key[0])):
            self._go_on_counting(conversion, number)  # before adoption_leftovers gets rows of its own
        loaded = Loaded(findings.rows)
        loaded.leftovers = leftovers.write(
            self.connection, conversion, exceptions=rows.any, unknown=findings.unknown > 0
        )
        if rows.any:
            loaded.refused = leftovers.refused(self.connection)
        self._insert(rows, loaded)
        if loaded.refused:
            self.lost.add(table.name)
        if rows.any:
            run(self.connection, f"DELETE FROM {EXCEPTIONS}")
        self._seen.add(table.name)
        return loaded

    def _go_on_counting(self, conversion: Conversion, number: str) -> None:
        """Let our table count on from where the old one stood: no number is given twice, though its row be gone.

        Args:
            conversion: a source whose rows bring their numbers along.
            number: what a row is numbered in our table, as SQL over the old row ``o``.
        """
        # After the last number that there is none would follow, not even for rows that bring no number.
        query = f"SELECT max({number}) FROM {conversion.place} o WHERE {number} < {_LAST_NUMBER}"
        highest = run(self.connection, query).scalar() or 0
        table, key = conversion.source.table.name, conversion.source.table.key[0]
        old, loading = conversion.source.old.columns.get(key), conversion.engine.loading
        given = loading.last_number(self.connection, conversion.place, None if old is None else old.name)
        if (last := max(highest, given or 0)) > 0:
            loading.set_counter(self.connection, table, key, last)

    def _insert(self, rows: RowExceptions, loaded: Loaded) -> None:
        """Insert what does not stay out, chunk by chunk, and compare it with the old rows."""
        conversion, table = rows.conversion, rows.table
        finals = {name: rows.final(name) for name in conversion.columns}
        inserted = {
            **self.comparison.numbers(conversion),
            **{quote(name): value for name, value in finals.items()},
        }
        if not inserted:  # an absorbed table that says nothing but its own numbers
            inserted = {quote(table.key[0]): conversion.default(table.key[0])}
        chunks: Iterable[str] = ("",)
        if loaded.rows > CHUNK:
            chunks = conversion.engine.load.chunks(self.connection, conversion, loaded.rows, CHUNK)
        for chunk in chunks:
            where = " AND ".join(condition for condition in (rows.staying, chunk) if condition)
            done = run(
                self.connection,
                f"INSERT INTO {quote(table.name)} ({', '.join(inserted)}) "
                f"SELECT {', '.join(inserted.values())} FROM {conversion.place} o{where and f' WHERE {where}'}",
            ).rowcount
            self.progress(done)
            loaded.kept += done
        self.comparison.add(rows, finals, loaded.kept)


@contextmanager
def without_indexes(connection: sa.Connection, table: str, rows: int) -> Iterator[None]:
    """Load one of our tables in the block without its indexes, where it is large: adding them later costs far less.

    Args:
        connection: in the run's transaction.
        table: the table.
        rows: how many are to come.
    """
    drops, creates = dialects.of(connection).loading.indexes(connection, table) if rows >= MANY else ((), ())
    for statement in drops:
        run(connection, statement)
    yield
    for statement in creates:
        run(connection, statement)


@contextmanager
def with_row_numbers(
    connection: sa.Connection, tables: Mapping[str, LegacyTable], places: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield where to find the rows of legacy tables: those without numbers have a copy with some, within the block."""
    copies = {name: quote(f"cts_adoption_{name}") for name, table in tables.items() if not table.has_rowid}
    for name, copy in copies.items():
        run(connection, f"CREATE TEMP TABLE {copy} AS SELECT * FROM {places[name]}")
    found = {**places, **copies}
    # By both names of a table: ours, and the one that the database has for it.
    yield {**found, **{table.name: found[name] for name, table in tables.items()}}
    for copy in copies.values():
        run(connection, f"DROP TABLE {copy}")
