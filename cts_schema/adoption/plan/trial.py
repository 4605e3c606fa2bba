"""A load on trial, into temporary tables: which rows would not be kept, and what refers to them.

What becomes of a row may depend on what became of others: of its parents, and of those with the same key. So where some
row may not be kept, the load itself is asked, with the tables concerned. Nothing of it remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cts_schema.adoption import target
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.load import leftovers
from cts_schema.adoption.load.leftovers import EXCEPTIONS, REFUSED, SURVIVORS
from cts_schema.adoption.load.loader import Loader, with_row_numbers
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.survey.tables import Survey
from cts_schema.adoption.unmanaged.changed_keys import ChangedKeys
from cts_schema.adoption.unmanaged.lost_references import EXAMPLES, LostReferences, lost_references, read
from cts_schema.adoption.unmanaged.references import References
from cts_schema.ddl.text import literal, quote, run

Examined = Sequence[tuple[Conversion, Examination]]
_GONE = "cts_adoption_gone"


@dataclass(frozen=True)
class Refused:
    """Rows of a legacy table that would not be kept.

    Attributes:
        table: the legacy table.
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


def run_trial(engine: Engine, found: Survey, examined: Examined, references: References) -> Outcome:
    """Load what may lose rows into temporary tables; say which it loses, and what refers to them.

    Args:
        engine: with the legacy tables in their places.
        found: what is there.
        examined: the sources, and what is wrong with their rows.
        references: the foreign keys of unmanaged tables.
    """
    names, connection = _concerned(examined, references), engine.connection
    outcome = Outcome()
    if not names:
        return outcome
    places = {name: f"{found.schema}.{quote(table.name)}" for name, table in found.tables.items()}
    loaded = [(one.source, findings) for one, findings in examined if one.source.table.name in names]
    olds = {source.old.name for source, _ in loaded}
    numbered = {name: table for name, table in found.tables.items() if table.name in olds}
    with engine.load.trial(connection):
        target.create_temporary(connection, {*names, "adoption_leftovers"})
        with with_row_numbers(connection, numbered, places) as numbered_places:
            watch = _Watch(engine, outcome, ChangedKeys(connection, references))
            leftovers.prepare(connection)
            run(connection, f"CREATE TEMP TABLE {_GONE} (table_name TEXT, old_id TEXT, reason TEXT)")
            loader = Loader(connection, engine.load.Comparison(connection), watch=watch)
            for source, findings in loaded:
                loader.load(Conversion(source, engine, numbered_places, built=True), findings)
            changes = engine.unmanaged.Changes(engine, watch.changed_keys, places)
            if changes.record():
                outcome.lost_references += lost_references(changes)
                changes.require_possible(changes.affected())
    return outcome


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


@dataclass
class _Watch:
    """Gets what is special about the rows of each source, and counts."""

    engine: Engine
    outcome: Outcome
    changed_keys: ChangedKeys

    def __call__(self, rows: RowExceptions) -> None:
        self.changed_keys.record(rows)
        if rows.any:
            self._count_refused(rows)
            self._record_gone(rows)
        for name, column in rows.conversion.columns.items():
            if column.column.parent is not None:
                self._count_lost(rows, name, column.column.parent, moved=column.column.required)

    def _count_refused(self, rows: RowExceptions) -> None:
        conversion = rows.conversion
        refused = (
            f"(SELECT source_row, min(reason) AS reason FROM {EXCEPTIONS} WHERE kind = 'row' GROUP BY source_row) e "
            f"JOIN {conversion.place} o ON {rows.row} = e.source_row"
        )
        counted = run(self.engine.connection, f"SELECT e.reason, count(*) FROM {refused} GROUP BY 1 ORDER BY 1").all()
        for reason, count in counted:
            self.outcome.refused.append(
                Refused(
                    conversion.source.old.name,
                    conversion.source.absorbed,
                    reason,
                    count,
                    rows.findings.rows,
                    self._keys(rows, f"{refused} WHERE e.reason = {literal(reason)}"),
                )
            )

    def _record_gone(self, rows: RowExceptions) -> None:
        """Record the keys of rows that are not kept, that no other row stands for, and why in the end."""
        key = rows.table.key[0]
        if key not in rows.values:
            return
        value = f"CAST({rows.values[key]} AS TEXT)"
        causes = [
            f"(SELECT min(g.reason) FROM {_GONE} g WHERE g.table_name = {literal(column.column.parent)} "
            f"AND g.old_id = CAST({rows.values[name]} AS TEXT) AND g.reason <> 'orphan')"
            for name, column in rows.conversion.columns.items()
            if column.column.parent is not None and column.column.required
        ]
        cause = f"CASE WHEN e.reason = 'orphan' THEN coalesce({', '.join([*causes, 'e.reason'])}) ELSE e.reason END"
        cause = cause if causes else "e.reason"
        run(
            self.engine.connection,
            f"INSERT INTO {_GONE} SELECT {literal(rows.table.name)}, {value}, {cause} "
            f"FROM (SELECT DISTINCT source_row, reason FROM {EXCEPTIONS} WHERE kind = 'row') e "
            f"JOIN {rows.conversion.place} o ON {rows.row} = e.source_row WHERE {value} NOT IN "
            f"(SELECT s.old_id FROM {SURVIVORS} s WHERE s.table_name = {literal(rows.table.name)} "
            f"UNION ALL SELECT {value} FROM {rows.conversion.place} o WHERE {rows.row} NOT IN ({REFUSED}) "
            f"AND {value} IS NOT NULL)",
        )

    def _count_lost(self, rows: RowExceptions, name: str, parent: str, *, moved: bool) -> None:
        """Count the rows whose parent cannot be kept, unless that itself refers to nothing."""
        there = f"SELECT CAST(t.{quote(target.tables()[parent].key[0])} AS TEXT) FROM {quote(parent)} t"
        gone = (
            f"FROM {_GONE} g WHERE g.table_name = {literal(parent)} AND g.reason <> 'orphan' "
            f"AND g.old_id NOT IN ({there})"
        )
        if not run(self.engine.connection, f"SELECT EXISTS (SELECT 1 {gone})").scalar_one():
            return
        value = f"CAST({rows.values[name]} AS TEXT)"
        of = f"{rows.conversion.place} o WHERE {value} IN (SELECT g.old_id {gone})"
        count = run(self.engine.connection, f"SELECT count(*) FROM {of}").scalar_one()
        if count:
            reasons = run(
                self.engine.connection,
                f"SELECT DISTINCT g.reason {gone} AND g.old_id IN (SELECT {value} FROM {rows.conversion.place} o)",
            ).scalars()
            self.outcome.lost_references.append(
                LostReferences(
                    rows.conversion.source.old.name,
                    (name,),
                    parent,
                    tuple(sorted(reasons)),
                    count,
                    self._keys(rows, of),
                    moved,
                    repeated=False,
                )
            )

    def _keys(self, rows: RowExceptions, of: str) -> tuple[str, ...]:
        key = self.engine.loading.readable(rows.conversion.row_key())
        keys = run(self.engine.connection, f"SELECT {key} FROM {of} ORDER BY {rows.row} LIMIT {EXAMPLES}").scalars()
        return tuple(read(key) for key in keys if key is not None)
