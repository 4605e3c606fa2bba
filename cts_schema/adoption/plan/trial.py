"""A load on trial, into temporary tables: which rows would not be kept, and what refers to them.

What becomes of a row may depend on what became of others: of its parents, and of those with the same key. So where some
row may not be kept, the load itself is asked, with the tables concerned. Nothing of it remains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load import leftovers
from cts_schema.adoption.load.leftovers import EXCEPTIONS, REFUSED, SURVIVORS
from cts_schema.adoption.load.loader import Loader
from cts_schema.adoption.load.notes import Notes
from cts_schema.adoption.load.values import Checksums
from cts_schema.adoption.plan.examine import Findings
from cts_schema.adoption.survey.tables import Survey
from cts_schema.adoption.unmanaged.apply import Applying
from cts_schema.adoption.unmanaged.changed_keys import ChangedKeys
from cts_schema.adoption.unmanaged.changes import Changes
from cts_schema.adoption.unmanaged.lost_references import EXAMPLES, LostReferences, lost_references, read
from cts_schema.adoption.unmanaged.references import References
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.postgresql.lock import setting

Examined = Sequence[tuple[Conversion, Findings]]
_GONE = "cts_adoption_gone"


@dataclass(frozen=True)
class Refused:
    """Rows of an old table that would not be kept.

    Attributes:
        table: the old table.
        absorbed: it stays all the same.
        reason: why, as in adoption_leftovers.
        rows: how many.
        of: how many the table has.
        keys: the first of them, by primary key.
    """

    table: str
    absorbed: bool
    reason: str
    rows: int
    of: int
    keys: tuple[str, ...]


@dataclass
class Outcome:
    """What a trial has shown."""

    refused: list[Refused] = field(default_factory=list)
    lost_references: list[LostReferences] = field(default_factory=list)


def run_trial(connection: sa.Connection, found: Survey, examined: Examined, references: References) -> Outcome:
    """Load what may lose rows into temporary tables; say which it loses, and what refers to them.

    Args:
        connection: with the old tables in their places.
        found: what is there.
        examined: the sources, and what is wrong with their rows.
        references: the foreign keys of unmanaged tables.
    """
    names = _concerned(examined, references)
    if not names:
        return Outcome()
    schema = "main" if found.dialect == "sqlite" else connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    places = {name: f"{quote(schema)}.{quote(table.name)}" for name, table in found.tables.items()}
    with _apart(connection, {*names, "adoption_leftovers"}):
        copies = {}
        for conversion, _ in examined:
            name = conversion.source.old.name.lower()
            if conversion.source.table.name in names and not conversion.source.old.has_rowid:
                copies[name] = quote(f"cts_adoption_{name}")
                run(connection, f"CREATE TEMP TABLE {copies[name]} AS SELECT * FROM {places[name]}")
        try:
            return _tried(connection, found, examined, references, names, {**places, **copies}, places)
        finally:
            for copy in copies.values():
                run(connection, f"DROP TABLE {copy}")


def _concerned(examined: Examined, references: References) -> set[str]:
    """Return the tables of which some row may not be kept, with all that depends on it."""
    referred = {(key.parent, column) for key in references.keys if key.managed for column in key.parent_columns}
    found = {
        conversion.source.table.name
        for conversion, findings in examined
        if findings.nulls
        or findings.checks
        or findings.duplicates
        or (findings.orphans and conversion.source.table.checks)
        or {(conversion.source.table.name, column) for column in (*findings.dirty, *findings.orphans)} & referred
    }
    parents = {
        name: {column.parent for column in table.columns.values() if column.parent}
        for name, table in target.tables().items()
    }
    sources = {conversion.source.table.name for conversion, _ in examined}
    for name in target.tables():  # parents first
        if name in sources and parents[name] & found:
            found.add(name)
    for name in reversed(target.tables()):
        if name in found:
            found |= {parent for parent in parents[name] if parent is not None}
    return found


@contextmanager
def _apart(connection: sa.Connection, names: Collection[str]) -> Iterator[None]:
    """Have temporary tables in front of ours, for the time of the block."""
    if connection.dialect.name == "sqlite":
        run(connection, "SAVEPOINT cts_trial")
        try:
            target.create_temporary(connection, names)
            yield
        finally:
            run(connection, "ROLLBACK TO cts_trial")
            run(connection, "RELEASE cts_trial")
        return
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    with setting(connection, "search_path", f"pg_temp, {path}"):
        trial = connection.begin_nested()
        try:
            target.create_temporary(connection, names)
            yield
        finally:
            trial.rollback()


def _tried(
    connection: sa.Connection,
    found: Survey,
    examined: Examined,
    references: References,
    names: Collection[str],
    places: Mapping[str, str],
    olds: Mapping[str, str],
) -> Outcome:
    outcome = Outcome()
    watch = _Watch(connection, outcome, ChangedKeys(connection, references))
    leftovers.prepare(connection)
    run(connection, f"CREATE TEMP TABLE {_GONE} (table_name TEXT, old_id TEXT, reason TEXT)")
    loader = Loader(connection, Checksums(connection), watch=watch)
    by_name = {**places, **{table.name: places[name] for name, table in found.tables.items()}}
    for one, findings in examined:
        if one.source.table.name in names:
            loader.load(Conversion(one.source, found.dialect, found.version, by_name, built=True), findings)
    changes = Changes(connection, references, watch.changed_keys, olds)
    if changes.note():
        outcome.lost_references += lost_references(connection, changes)
        Applying(connection, changes, found.version).require_possible()
    return outcome


@dataclass
class _Watch:
    """Sees the notes about each source, and counts."""

    connection: sa.Connection
    outcome: Outcome
    changed_keys: ChangedKeys

    def __call__(self, notes: Notes) -> None:
        self.changed_keys.note(notes)
        if notes.noted:
            self._count_refused(notes)
            self._note_gone(notes)
        for name, column in notes.conversion.columns.items():
            if column.column.parent is not None:
                self._count_lost(notes, name, column.column.parent, moved=column.column.required)

    def _count_refused(self, notes: Notes) -> None:
        conversion = notes.conversion
        refused = (
            f"(SELECT source_row, min(reason) AS reason FROM {EXCEPTIONS} WHERE kind = 'row' GROUP BY source_row) e "
            f"JOIN {conversion.place} o ON {notes.row} = e.source_row"
        )
        counted = run(self.connection, f"SELECT e.reason, count(*) FROM {refused} GROUP BY 1 ORDER BY 1").all()
        for reason, rows in counted:
            self.outcome.refused.append(
                Refused(
                    conversion.source.old.name,
                    conversion.source.absorbed,
                    reason,
                    rows,
                    notes.found.rows,
                    self._keys(notes, f"{refused} WHERE e.reason = {literal(reason)}"),
                )
            )

    def _note_gone(self, notes: Notes) -> None:
        """Note the keys of rows that are not kept, that no other row stands for, and why in the end."""
        key = notes.table.key[0]
        if key not in notes.values:
            return
        value = f"CAST({notes.values[key]} AS TEXT)"
        causes = [
            f"(SELECT min(g.reason) FROM {_GONE} g WHERE g.table_name = {literal(column.column.parent)} "
            f"AND g.old_id = CAST({notes.values[name]} AS TEXT) AND g.reason <> 'orphan')"
            for name, column in notes.conversion.columns.items()
            if column.column.parent is not None and column.column.required
        ]
        cause = f"CASE WHEN e.reason = 'orphan' THEN coalesce({', '.join([*causes, 'e.reason'])}) ELSE e.reason END"
        cause = cause if causes else "e.reason"
        run(
            self.connection,
            f"INSERT INTO {_GONE} SELECT {literal(notes.table.name)}, {value}, {cause} "
            f"FROM (SELECT DISTINCT source_row, reason FROM {EXCEPTIONS} WHERE kind = 'row') e "
            f"JOIN {notes.conversion.place} o ON {notes.row} = e.source_row WHERE {value} NOT IN "
            f"(SELECT s.old_id FROM {SURVIVORS} s WHERE s.table_name = {literal(notes.table.name)} "
            f"UNION ALL SELECT {value} FROM {notes.conversion.place} o WHERE {notes.row} NOT IN ({REFUSED}) "
            f"AND {value} IS NOT NULL)",
        )

    def _count_lost(self, notes: Notes, name: str, parent: str, *, moved: bool) -> None:
        """Count the rows whose parent cannot be kept, unless that itself refers to nothing."""
        there = f"SELECT CAST(t.{quote(target.tables()[parent].key[0])} AS TEXT) FROM {quote(parent)} t"
        gone = (
            f"FROM {_GONE} g WHERE g.table_name = {literal(parent)} AND g.reason <> 'orphan' "
            f"AND g.old_id NOT IN ({there})"
        )
        if not run(self.connection, f"SELECT EXISTS (SELECT 1 {gone})").scalar_one():
            return
        value = f"CAST({notes.values[name]} AS TEXT)"
        of = f"{notes.conversion.place} o WHERE {value} IN (SELECT g.old_id {gone})"
        rows = run(self.connection, f"SELECT count(*) FROM {of}").scalar_one()
        if rows:
            reasons = run(
                self.connection,
                f"SELECT DISTINCT g.reason {gone} AND g.old_id IN (SELECT {value} FROM {notes.conversion.place} o)",
            ).scalars()
            self.outcome.lost_references.append(
                LostReferences(
                    notes.conversion.source.old.name,
                    (name,),
                    parent,
                    tuple(sorted(reasons)),
                    rows,
                    self._keys(notes, of),
                    moved,
                    repeated=False,
                )
            )

    def _keys(self, notes: Notes, of: str) -> tuple[str, ...]:
        key = dialects.of(self.connection).loading.readable(notes.conversion.row_key())
        keys = run(self.connection, f"SELECT {key} FROM {of} ORDER BY {notes.row} LIMIT {EXAMPLES}").scalars()
        return tuple(read(key) for key in keys if key is not None)
