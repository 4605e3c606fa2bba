"""An adoption within a run of the line: before its first revision, and after the adoption revision.

Everything is in the run's one transaction: a failure anywhere leaves the legacy database as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from cts_schema.adoption import backup, verify
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.legacy.preserved_tables import PreservedTables
from cts_schema.adoption.load import leftovers, line_rows
from cts_schema.adoption.load.loader import Loader, with_row_numbers, without_indexes
from cts_schema.adoption.plan.planning import Planned, make_plan
from cts_schema.adoption.unmanaged.apply import apply
from cts_schema.adoption.unmanaged.changed_keys import ChangedKeys
from cts_schema.adoption.verify import Loaded
from cts_schema.database.options import Options
from cts_schema.ddl.text import quote
from cts_schema.dialects.sqlite.untrusted import distrusted, readable_without_collations
from cts_schema.exceptions import AdoptionFailed, in_a_line, mask_url
from cts_schema.maintenance import manifest, sqlite
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Adopted


class Adoption:
    """Adopts the legacy database that a connection is open to.

    Args:
        connection: with the lock held; nothing of ours is there yet.
        options: of the run.
        progress: shows what is being done.
    """

    _planned: Planned
    _preserved: PreservedTables

    def __init__(self, connection: sa.Connection, options: Options, progress: Progress) -> None:
        self.connection, self.options, self.progress = connection, options, progress
        self._engine = Engine(connection)
        self._backup: Path | None = None
        self._began = self._locked_at = time.perf_counter()
        self._locked: Sequence[str] = ()
        self._moved: dict[str, str] = {}
        self._renaming, self._distrusted, self._reading = ExitStack(), ExitStack(), ExitStack()

    def begin(self) -> None:
        """Plan, and stop where a person must decide; else back up, and move the legacy tables aside.

        Raises:
            DecisionNeeded: the plan has decisions, and nobody has said yes to them.
            AdoptionBlocked: something must be fixed first.
            DiskFull: there is not enough room.
            NotPermitted: a table belongs to another user.
            BackupFailed: the copy could not be made.
        """
        connection, legacy = self.connection, self._engine.legacy
        self._distrusted.enter_context(distrusted(connection))
        self._reading.enter_context(readable_without_collations(connection))
        self._locked = legacy.lock(connection)
        self._locked_at = time.perf_counter()
        self.progress.report("surveying the legacy database")
        self._planned = made = make_plan(self._engine, self.options, self.progress)
        made.require_possible(yes=self.options.yes)
        self._back_up(made)
        self._renaming.enter_context(legacy.renaming(connection))
        made.dependents.detach(connection)
        self._moved = legacy.move(connection, [table.name for table in made.survey.managed.values()])
        loaded = {one.source.table.name: set(one.source.old.columns) for one, _ in made.examined}
        self._preserved = legacy.PreservedTables(connection, loaded)
        self._preserved.hide()
        self._distrusted.close()
        self.progress.end()  # now the terminal prints revisions

    def finish(self) -> Adopted:
        """Load the old rows into the new tables, which the line has just built, and verify that all are there.

        Raises:
            AdoptionFailed: something differs; the caller rolls back.
        """
        connection, legacy, made = self.connection, self._engine.legacy, self._planned
        changed_keys = ChangedKeys(connection, made.references)
        with line_rows.taken_out(connection):
            loaded = self._load(changed_keys)
        moved, kept = self._change_references(changed_keys)
        self.progress.report("verifying")
        verify.require_schema(connection)
        verify.require_references(connection)
        legacy.drop_moved(connection, self._moved)
        self._preserved.show()
        missing = made.dependents.attach(connection, made.refusals)
        if missing:
            raise AdoptionFailed(missing="\n".join(f"{one.kind} {one.name}: {one.reason}" for one in missing))
        for one in made.refusals:
            leftovers.write_definition(connection, one, made.dependents.definition_of(one))
        self._preserved.restore()
        legacy.remember(connection, self.options.version_table, self._backup)
        return Adopted(
            tables=len(loaded),
            rows=sum(one.rows for one in loaded),
            refused=sum(one.refused for one in loaded) + moved,
            leftovers=sum(one.leftovers for one in loaded) + kept,
            backup=None if self._backup is None else str(self._backup),
            duration_ms=(time.perf_counter() - self._began) * 1000,
            exclusive_ms=dict.fromkeys(self._locked, (time.perf_counter() - self._locked_at) * 1000),
        )

    def abandon(self) -> None:
        """Take the backup away where everything was rolled back: it is a copy of what is there then.

        What failed may have come after the commit, so the file is asked; where it does not answer, the copy stays.
        """
        if self._backup is not None and not backup.may_be_adopted(self.connection, self.options.version_table):
            manifest.remove(self._backup)

    def close(self) -> None:
        """Put connection and terminal in order, whatever has happened."""
        for opened in (self._distrusted, self._reading, self._renaming):
            opened.close()
        self.progress.end()

    def failed(self, error: Exception) -> AdoptionFailed:
        """Return what to raise for an error that nobody expected."""
        return AdoptionFailed(
            cause="the legacy database could not be adopted; everything was rolled back",
            database=mask_url(self.connection.engine.url),
            during=self.progress.what,
            reported=in_a_line(error),
        )

    def _back_up(self, made: Planned) -> None:
        file = backup.file_of(self.connection)
        if made.plan.backup is not None and file is not None:
            self.progress.report(f"copying it to {made.plan.backup}")
            # Every value of the tables is compared later on; their indexes are made anew.
            sqlite.back_up(file, Path(made.plan.backup), self.options, quick=True)
            self._backup = Path(made.plan.backup)

    def _load(self, changed_keys: ChangedKeys) -> list[Loaded]:
        connection, engine, made = self.connection, self._engine, self._planned
        places = {name: self._moved.get(table.name, quote(table.name)) for name, table in made.survey.tables.items()}
        comparison = engine.load.Comparison(connection)
        loader = Loader(connection, comparison, self.progress.advance, changed_keys.record)
        self.progress.start(sum(findings.rows for _, findings in made.examined))
        loaded, conversions = [], []
        with with_row_numbers(connection, made.survey.tables, places) as numbered:
            leftovers.prepare(connection)
            for examined, findings in made.examined:
                conversion = Conversion(examined.source, engine, numbered, built=True)
                self.progress.report(f"loading {conversion.source.old.name}")
                with without_indexes(connection, conversion.source.table.name, findings.rows):
                    one = loader.load(conversion, findings)
                    self.progress.report(f"indexing {conversion.source.table.name}")
                verify.require_rows(conversion, one)
                loaded.append(one)
                conversions.append(conversion)
            comparison.require_equal()
            for conversion in conversions:
                line_rows.insert_rows_of_columns(connection, conversion)
            leftovers.dispose(connection)
        return loaded

    def _change_references(self, changed_keys: ChangedKeys) -> tuple[int, int]:
        """Let what refers to rows that are not kept follow them; return rows that went, and leftovers of it."""
        self.progress.report("changing references of unmanaged tables")
        made = self._planned
        olds = {name: self._moved[table.name] for name, table in made.survey.managed.items()}
        changes = self._engine.unmanaged.Changes(self._engine, changed_keys, olds)
        needed = changes.record()
        self._reading.close()  # what is written from now on wants its real order
        done = apply(changes) if needed else (0, 0)
        changes.dispose()
        return done
