"""An adoption within a run of the line: before its first revision, and after the adoption revision.

Everything is in the run's one transaction: a failure anywhere leaves the old database as it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption import backup, dependents, target, verify
from cts_schema.adoption.convert import postgresql as casts_postgresql
from cts_schema.adoption.convert import sources
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.legacy import lock, move_aside, undo
from cts_schema.adoption.legacy.schema import legacy_schema_name
from cts_schema.adoption.load import leftovers
from cts_schema.adoption.load.line_rows import OwnRows, insert_rows_of_columns
from cts_schema.adoption.load.loader import Loader
from cts_schema.adoption.load.values import Checksums
from cts_schema.adoption.load.without_indexes import bare
from cts_schema.adoption.plan import decisions, examine, plan, trial
from cts_schema.adoption.plan.examine import Findings
from cts_schema.adoption.plan.plan import Plan
from cts_schema.adoption.survey.tables import Survey, survey
from cts_schema.adoption.unmanaged import catalogue
from cts_schema.adoption.unmanaged.apply import Applying
from cts_schema.adoption.unmanaged.changed_keys import ChangedKeys
from cts_schema.adoption.unmanaged.changes import Changes
from cts_schema.adoption.unmanaged.references import References
from cts_schema.database.options import Options
from cts_schema.ddl import beside, moved, returned
from cts_schema.ddl.text import quote, run
from cts_schema.dialects.sqlite import reals
from cts_schema.dialects.sqlite.untrusted import distrusted, readable_without_collations
from cts_schema.exceptions import (
    AdoptionBlocked,
    AdoptionFailed,
    DecisionNeeded,
    DiskFull,
    NotPermitted,
    in_a_line,
    mask_url,
)
from cts_schema.maintenance import manifest, sqlite
from cts_schema.migration.progress import Progress
from cts_schema.migration.report import Adopted


class Adoption:
    """Brings in the old database that a connection is open to.

    Args:
        connection: with the lock held; nothing of ours is there yet.
        options: of the run.
        progress: is told how far it has come.
    """

    def __init__(self, connection: sa.Connection, options: Options, progress: Progress) -> None:
        self.connection = connection
        self.options = options
        self.progress = progress
        self._backup: Path | None = None
        self._began = self._locked_at = time.perf_counter()
        self._locked: list[str] = []
        self._survey: Survey | None = None
        self._examined: list[tuple[Conversion, Findings]] = []
        self._dependents: dependents.Dependents | None = None
        self._refusals: list[dependents.Refusal] = []
        self._references = References({}, ())
        self._moved: dict[str, str] = {}
        self._kept_tables: dict[str, str] = {}
        self._returning: dict[str, str] = {}
        self._gone: dict[str, list[tuple[str, str]]] = {}
        self._renaming = ExitStack()
        self._strange = ExitStack()
        self._reading = ExitStack()

    def plan(self) -> Plan:
        """Survey the database, examine its rows, and say what would happen. Nothing is written."""
        with distrusted(self.connection), readable_without_collations(self.connection):
            return self._plan()

    def _plan(self) -> Plan:
        if self.connection.dialect.name == "sqlite":
            reals.register(self.connection)
        self._survey = found = survey(self.connection, self.options.version_table)
        blockers = [f"{thing} has the name of one of our tables" for thing in found.taken]
        blockers += [
            f"table {table.name} belongs to another user" for table in found.tables.values() if not table.owned
        ]
        blockers += [
            f"table {table.name} has columns called rowid, _rowid_ and oid, by which its rows are found: rename one"
            for table in found.tables.values()
            if table.columns.keys() >= {"rowid", "_rowid_", "oid"} and found.dialect == "sqlite"
        ]
        blockers += [table.unreadable for table in found.tables.values() if table.unreadable is not None]
        if not dialects.of(self.connection).loading.may_make_temporary_tables(self.connection):
            blockers.append("the user may not make temporary tables: GRANT TEMPORARY ON DATABASE is missing")
        if not blockers:
            self._examine(found)
        old = [table.name for table in found.managed.values()]
        self._dependents = dependents.read(self.connection, old)
        refusals = dependents.refused(self.connection, self._dependents, found.managed.values()) if not blockers else []
        blockers += [str(one) for one in refusals if one.blocking]
        self._refusals = [one for one in refusals if not one.blocking]
        outcome = trial.Outcome()
        if not blockers:
            refused_keys = [one.name for one in self._refusals if one.kind == "foreign key"]
            self._references = catalogue.read(self.connection, found.managed, refused_keys)
            if not self.options.yes:  # who has agreed to everything needs no list of it
                self.progress.report("looking at what refers to rows that cannot be kept")
                try:
                    outcome = trial.run_trial(self.connection, found, self._examined, self._references)
                except AdoptionBlocked as error:
                    blockers.append(str(error.place["blockers"]))
        file = backup.file_of(self.connection)
        return plan.make(
            database=mask_url(self.connection.engine.url),
            survey=found,
            examined=self._examined,
            orphans=self.options.orphans,
            decisions=decisions.find(self._examined, outcome, self._refusals),
            blockers=blockers,
            backup=backup.next_name(file) if file else None,
            bytes_free=backup.free_bytes(file) if file else None,
        )

    def begin(self) -> None:
        """Plan, and stop where a person must decide; else back up, and move the old tables aside.

        Raises:
            DecisionNeeded: the plan has decisions, and nobody has said yes to them.
            AdoptionBlocked: something must be mended first.
            DiskFull: there is not enough room.
            NotPermitted: a table belongs to another user.
            BackupFailed: the copy could not be made.
        """
        self._strange.enter_context(distrusted(self.connection))
        self._reading.enter_context(readable_without_collations(self.connection))
        self._locked = lock.lock(self.connection)
        self._locked_at = time.perf_counter()
        self.progress.report("looking at the old database")
        made = self._plan()
        _require_possible(made)
        if made.decisions and not self.options.yes:
            raise DecisionNeeded(database=made.database, decisions="\n".join(map(str, made.decisions)))
        file = backup.file_of(self.connection)
        if made.backup is not None and file is not None:
            self.progress.report(f"copying it to {made.backup}")
            # Every value of the tables is compared later on; their indexes are made anew.
            sqlite.back_up(file, Path(made.backup), self.options, quick=True)
            self._backup = Path(made.backup)
        if self._survey is None or self._dependents is None:
            raise AssertionError("an adoption without a plan")
        if self.connection.dialect.name == "sqlite":
            self._renaming.enter_context(move_aside.renames_without_checks(self.connection))
        dependents.detach(self.connection, self._dependents)
        moved = move_aside.move(self.connection, [table.name for table in self._survey.managed.values()])
        self._moved = moved
        self._hide_kept_tables()
        self._strange.close()
        self.progress.end()  # now the terminal prints revisions

    def finish(self) -> Adopted:
        """Load the old rows into the new tables, which the line has just built, and verify that all are there.

        Raises:
            AdoptionFailed: something differs; the caller rolls back.
        """
        survey_, found = self._survey, self._dependents
        if survey_ is None or found is None:
            raise AssertionError("an adoption that has not begun")
        own = OwnRows(self.connection)
        own.take_out()
        changed_keys = ChangedKeys(self.connection, self._references)
        loaded = self._load(survey_, changed_keys)
        own.put_back()
        moved, kept = self._settle(survey_, changed_keys)
        self.progress.report("verifying")
        verify.require_schema(self.connection)
        verify.require_references(self.connection)
        move_aside.drop_moved(self.connection, self._moved)
        self._show_kept_tables()
        missing = dependents.attach(self.connection, found, self._refusals)
        if missing:
            raise AdoptionFailed(missing="\n".join(f"{one.kind} {one.name}: {one.reason}" for one in missing))
        for one in self._refusals:
            leftovers.write_definition(self.connection, one, dependents.definition_of(found, one))
        self._return_kept_tables()
        undo.remember(self.connection, self.options.version_table, self._backup)
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
        self._strange.close()
        self._reading.close()
        self._renaming.close()
        self.progress.end()

    def failed(self, error: Exception) -> AdoptionFailed:
        """Return what to raise for an error that nobody expected."""
        return AdoptionFailed(
            cause="the old database could not be brought in; everything was rolled back",
            database=mask_url(self.connection.engine.url),
            during=self.progress.what,
            reported=in_a_line(error),
        )

    def _examine(self, found: Survey) -> None:
        places = {name: quote(table.name) for name, table in found.tables.items()}
        if found.dialect == "postgresql" and casts_postgresql.needs_is_jsonb(found.version):
            run(self.connection, casts_postgresql.IS_JSONB)
        parents: dict[str, list[str]] = {}
        self._examined = []
        for source in sources.find(found):
            conversion = Conversion(source, found.dialect, found.version, _by_name(places, found), built=False)
            self.progress.report(f"examining {source.old.name}")
            findings = examine.examine(self.connection, conversion, parents)
            keys = examine.keys(conversion, findings)
            if keys is not None:
                parents.setdefault(source.table.name, []).append(keys)
            self._examined.append((conversion, findings))

    def _settle(self, found: Survey, changed_keys: ChangedKeys) -> tuple[int, int]:
        """Let what refers to rows that are not kept follow them; return rows that went, and leftovers of it."""
        self.progress.report("settling references of unmanaged tables")
        olds = {name: self._moved[table.name] for name, table in found.managed.items()}
        changes = Changes(self.connection, self._references, changed_keys, olds)
        needed = changes.note()
        self._reading.close()  # what is written from now on wants its real order
        done = Applying(self.connection, changes, found.version).carry_out() if needed else (0, 0)
        changes.forget()
        return done

    def _load(self, found: Survey, changed_keys: ChangedKeys) -> list[verify.Loaded]:
        places = {name: self._moved.get(table.name, quote(table.name)) for name, table in found.tables.items()}
        numbered = self._numbered(found, places)
        places |= numbered
        checksums = Checksums(self.connection)
        loader = Loader(self.connection, checksums, self.progress.advance, changed_keys.note)
        leftovers.prepare(self.connection)
        self.progress.start(sum(findings.rows for _, findings in self._examined))
        loaded, conversions = [], []
        for examined, findings in self._examined:
            source = examined.source
            conversion = Conversion(source, found.dialect, found.version, _by_name(places, found), built=True)
            self.progress.report(f"loading {source.old.name}")
            with bare(self.connection, source.table.name, findings.rows):
                one = loader.load(conversion, findings)
                self.progress.report(f"indexing {source.table.name}")
            verify.require_rows(conversion, one)
            loaded.append(one)
            conversions.append(conversion)
        checksums.require_equal()
        for conversion in conversions:
            insert_rows_of_columns(self.connection, conversion)
        leftovers.dispose(self.connection)
        for copy in numbered.values():
            run(self.connection, f"DROP TABLE {copy}")
        return loaded

    def _numbered(self, found: Survey, places: Mapping[str, str]) -> dict[str, str]:
        """Give tables without rowid a copy that has one, since rows are found by it."""
        copies = {}
        for name, table in found.tables.items():
            if not table.has_rowid:
                copies[name] = quote(f"cts_adoption_{name}")
                run(self.connection, f"CREATE TEMP TABLE {copies[name]} AS SELECT * FROM {places[name]}")
        return copies

    def _hide_kept_tables(self) -> None:
        """Let the line build new tables: rows that a downgrade preserved come when their parents are there."""
        inspector = sa.inspect(self.connection)
        for name in inspector.get_table_names():
            if name.startswith("cts_kept_"):
                self._kept_tables[name] = name.replace("cts_kept_", "cts_hidden_", 1)
        self._returning = beside.returning(self._kept_tables, target.tables(), self._loaded())
        self._gone = beside.hide(self.connection, self._kept_tables, self._returning.values())
        if self.connection.dialect.name == "postgresql":
            move_aside.move_preserved(self.connection, self._kept_tables)

    def _show_kept_tables(self) -> None:
        """Give what is hidden its name again, which its triggers have on SQLite."""
        for name, hidden in self._kept_tables.items():
            if name not in self._returning.values() or self.connection.dialect.name == "sqlite":
                run(self.connection, f"ALTER TABLE {quote(hidden)} RENAME TO {quote(name)}")

    def _return_kept_tables(self) -> None:
        """Bring preserved tables back, and load the rows and columns of those that cannot come back themselves."""
        postgresql = self.connection.dialect.name == "postgresql"
        own = self._return_on_postgresql() if postgresql else self._return_on_sqlite()
        beside.restore_beside(self._kept_tables, target.tables(), self._loaded())
        for definition in own:
            run(self.connection, definition)

    def _return_on_postgresql(self) -> list[str]:
        held = quote(legacy_schema_name(self.connection))
        places = {table: f"{held}.{quote(kept)}" for table, kept in self._returning.items()}
        fit = {table: kept for table, kept in self._returning.items() if returned.fits(places[table], table)}
        added = returned.put_in_place(fit, held)
        for table, kept in self._returning.items():
            if table in fit:
                move_aside.note_return(self.connection, table, kept, added[table])
            else:
                moved.preserve(kept, f"SELECT * FROM {places[table]}")
        return []

    def _return_on_sqlite(self) -> list[str]:
        own: list[str] = []
        for table, kept in self._returning.items():
            if not run(self.connection, f"SELECT EXISTS (SELECT 1 FROM {quote(table)})").scalar_one():
                made = returned.put_in_place_on_sqlite(table, kept, self._gone[kept])
                own += [definition for _, definition in made]
        return own

    def _loaded(self) -> dict[str, set[str]]:
        return {conversion.source.table.name: set(conversion.source.old.columns) for conversion, _ in self._examined}


def _by_name(places: Mapping[str, str], found: Survey) -> dict[str, str]:
    """Return the places by both names of a table: ours, and the one that the database has for it."""
    return {**places, **{table.name: places[name] for name, table in found.tables.items()}}


def _require_possible(made: Plan) -> None:
    if made.bytes_free is not None and made.bytes_free < made.bytes_needed:
        raise DiskFull(
            cause="there is not enough room for an adoption",
            database=made.database,
            needed=f"{made.bytes_needed:,} bytes",
            free=f"{made.bytes_free:,} bytes",
        )
    if any("belongs to another user" in blocker for blocker in made.blockers):
        raise NotPermitted(
            cause="the user of the URL does not own all of the old tables",
            database=made.database,
            tables="\n".join(made.blockers),
            next_step="repeat as their owner, or: ALTER TABLE name OWNER TO user",
        )
    if made.blockers:
        raise AdoptionBlocked(database=made.database, blockers="\n".join(made.blockers))
