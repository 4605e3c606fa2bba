"""The load: rows of a source into our table, as few statements, each about all rows.

Where the examination found nothing, a source is one INSERT ... SELECT. Where it did, what is special about single
rows is noted first (see :mod:`cts_schema.adoption.load.notes`), and the INSERT goes by these notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load import counters, leftovers
from cts_schema.adoption.load.leftovers import EXCEPTIONS
from cts_schema.adoption.load.notes import Notes
from cts_schema.adoption.load.values import Checksums, compare_rows
from cts_schema.adoption.plan.examine import Findings
from cts_schema.adoption.verify import Loaded
from cts_schema.ddl.text import literal, quote, run

#: Rows that one statement loads, so that progress can be seen.
CHUNK = 100_000
_HIGHEST_ROWID = 2**63 - 1


@dataclass
class Loader:
    """Loads source after source, parents first, and remembers which of them lost rows on the way.

    Attributes:
        connection: in the run's transaction.
        checksums: get those of every source.
        progress: is told the rows of every statement.
        watch: is shown the notes about each source, before they are forgotten.
        lost: our tables that some row did not reach.
        merged: our tables of which a row stands for others.
    """

    connection: sa.Connection
    checksums: Checksums
    progress: Callable[[int], None] = lambda rows: None
    watch: Callable[[Notes], None] = lambda notes: None
    lost: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def load(self, conversion: Conversion, found: Findings) -> Loaded:
        """Load a source whose rows were examined in this very transaction."""
        table = conversion.source.table.name
        notes = Notes(self.connection, conversion, found, self.lost, self.merged)
        notes.take(first=table not in self._seen)
        self.watch(notes)
        if conversion.source.table.counted and (number := notes.values.get(conversion.source.table.key[0])):
            counters.go_on(self.connection, conversion, number)  # before adoption_leftovers gets rows of its own
        loaded = Loaded(found.rows)
        loaded.leftovers = leftovers.write(
            self.connection, conversion, exceptions=notes.noted, unknown=found.unknown > 0
        )
        if notes.noted:
            loaded.refused = leftovers.refused(self.connection)
        self._insert(notes, loaded)
        if loaded.refused:
            self.lost.add(table)
        if notes.noted:
            run(self.connection, f"DELETE FROM {EXCEPTIONS}")
        self._seen.add(table)
        return loaded

    def _insert(self, notes: Notes, loaded: Loaded) -> None:
        """Insert what does not stay out, chunk by chunk, and compare it with the old rows."""
        conversion, table = notes.conversion, notes.table
        key = table.key[0]
        finals = {name: notes.final(name) for name in conversion.columns}
        inserted = {quote(name): value for name, value in finals.items()}
        shift = self._shift(conversion)
        if shift is not None:
            inserted = {"rowid": f"{notes.row} + {shift}", **inserted}
        if not inserted:  # an absorbed table that says nothing but its own numbers
            inserted = {quote(key): conversion.default(key)}
        for chunk in _chunks(self.connection, conversion, loaded.rows):
            where = " AND ".join(condition for condition in (notes.staying, chunk) if condition)
            done = run(
                self.connection,
                f"INSERT INTO {quote(table.name)} ({', '.join(inserted)}) "
                f"SELECT {', '.join(inserted.values())} FROM {conversion.place} o{where and f' WHERE {where}'}",
            ).rowcount
            self.progress(done)
            loaded.kept += done
        if conversion.dialect == "postgresql":
            self.checksums.add(conversion, notes.found, finals, notes.staying)
        elif shift is not None:
            pair = f"t.rowid = {notes.row} + {shift}"
            compare_rows(self.connection, conversion, notes.found, finals, notes.staying, pair, loaded.kept)
        elif key in finals:  # numbers that the database gave cannot be foreseen, and pair with nothing
            given = loaded.kept if key not in notes.found.dirty | notes.found.defaulted else None
            pair = f"t.{quote(key)} = ({finals[key]})"
            compare_rows(self.connection, conversion, notes.found, finals, notes.staying, pair, given)

    def _shift(self, conversion: Conversion) -> int | None:
        """Return what to add to the number of an old row on SQLite for that of ours, by which the two are compared."""
        if conversion.dialect != "sqlite" or conversion.source.table.counted:
            return None
        ours = quote(conversion.source.table.name)
        highest = run(self.connection, f"SELECT max(rowid) FROM {ours}").scalar()
        row = conversion.row_id
        first, last = run(self.connection, f"SELECT min({row}), max({row}) FROM {conversion.place}").one()
        shift = 0 if highest is None or first is None else max(0, highest - first + 1)
        return shift if last is None or last + shift <= _HIGHEST_ROWID else None


def _chunks(connection: sa.Connection, conversion: Conversion, rows: int) -> Iterator[str]:
    """Yield conditions that divide a large table."""
    if rows <= CHUNK:
        yield ""
        return
    if conversion.dialect == "sqlite":
        row = conversion.row_id
        first, last = run(connection, f"SELECT min({row}), max({row}) FROM {conversion.place}").one()
        step = max(CHUNK, (last - first) // 200)
        for start in range(first, last + 1, step):
            yield f"o.{row} BETWEEN {start} AND {start + step - 1}"
        return
    place = literal(conversion.place)
    pages = run(connection, f"SELECT pg_relation_size({place}) / current_setting('block_size')::int").scalar_one()
    step = max(1, pages * CHUNK // rows)
    for start in range(0, pages, step):
        yield f"o.ctid >= '({start},0)'::tid AND o.ctid < '({start + step},0)'::tid"
