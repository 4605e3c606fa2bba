"""``rehearse``: runs the pending upgrade on a copy, and reports its cost; the database itself does not change.

It copies a SQLite file into a folder beside it, ``cts-rehearsal-*``, and a PostgreSQL database into another one of the
server, ``cts_rehearsal_*``. It removes the copy at the end; a killed process leaves it, and you may delete it.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.database.engines import migration_engine
from cts_schema.database.handle import Database
from cts_schema.database.options import Orphans
from cts_schema.exceptions import NotPermitted, SchemaError
from cts_schema.maintenance import sqlite
from cts_schema.maintenance.backup import file_of
from cts_schema.maintenance.copied import autocommitting, postgresql_copy
from cts_schema.migration.command import Command, process_lock, quiet_config
from cts_schema.migration.report import Adopted, AppliedRevision
from cts_schema.migration.run import run

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal


@dataclass(frozen=True)
class Rehearsal:
    """The result of an upgrade of a copy.

    Attributes:
        database: the URL, with credentials masked.
        before: its revision, None if it has none.
        after: the revision of the copy after the upgrade.
        applied: the steps, with their milliseconds.
        adopted: what was adopted, if it is a legacy database.
        locks: by table, the longest exclusive lock in milliseconds. On SQLite it is
            the whole file, locked against writers only.
        bytes_before: the size of the copy.
        bytes_after: its size after the upgrade, including the backup of an adoption.
        differences: the differences of the upgraded copy from the models; empty if there are none.
        copy_ms: milliseconds of the copy.
        duration_ms: milliseconds of the upgrade; the real one will take about as long.
    """

    database: str
    before: str | None
    after: str | None
    applied: tuple[AppliedRevision, ...]
    adopted: Adopted | None
    locks: dict[str, float]
    bytes_before: int
    bytes_after: int
    differences: tuple[str, ...]
    copy_ms: float
    duration_ms: float


def rehearse(
    database: Database, revision: str, *, yes: bool, orphans: Orphans, terminal: Terminal | None = None
) -> Rehearsal:
    """Upgrade a copy of a database, and report times and locks; print a line for each step at a terminal."""
    began = time.perf_counter()
    options = replace(database.options, yes=yes, orphans=orphans)
    copied, measured = (
        (_sqlite_copy, _sqlite_locks) if dialects.of(database.url).in_a_file else (postgresql_copy, _table_locks)
    )
    with copied(database) as (copy, size):
        copy_ms = (time.perf_counter() - began) * 1000
        engine = migration_engine(copy, wait=database.wait)
        on_copy = replace(database, target=engine)
        try:
            bytes_before = size()
            with measured(engine) as locks:
                report = run(on_copy, Command("upgrade", revision, options, terminal))
            at_head = revision == "head"
            return Rehearsal(
                database=database.name,
                before=report.before,
                after=report.after,
                applied=report.applied,
                adopted=report.adopted,
                locks=locks,
                bytes_before=bytes_before,
                bytes_after=size(),
                differences=tuple(_differences(on_copy)) if at_head else (),
                copy_ms=copy_ms,
                duration_ms=report.duration_ms,
            )
        except SchemaError as error:
            error.place |= {"database": database.name, "rehearsed on": "a copy; the database itself was not touched"}
            raise
        finally:
            engine.dispose()


@contextmanager
def _sqlite_copy(database: Database) -> Iterator[tuple[sa.URL, Callable[[], int]]]:
    file = file_of(database.url)
    try:
        folder = Path(tempfile.mkdtemp(prefix="cts-rehearsal-", dir=file.parent))
    except OSError as error:
        raise NotPermitted(
            cause="the copy cannot be written",
            folder=file.parent,
            reported=error.strerror,
            next_step="make the folder writable",
        ) from error
    try:
        copy = folder / "copy.db"
        sqlite.back_up(file, copy, database.options)
        yield (
            sa.URL.create("sqlite", database=str(copy)),
            lambda: sum(part.stat().st_size for part in folder.rglob("*.db")),
        )
    finally:
        shutil.rmtree(folder)


@contextmanager
def _sqlite_locks(engine: sa.Engine) -> Iterator[dict[str, float]]:
    began = time.perf_counter()
    locks: dict[str, float] = {}
    yield locks
    locks["the whole file"] = (time.perf_counter() - began) * 1000


@contextmanager
def _table_locks(engine: sa.Engine) -> Iterator[dict[str, float]]:
    """After each statement query which tables are locked exclusively; tables that the run creates are not visible."""
    locks: dict[str, float] = {}
    held: dict[str, float] = {}
    query = sa.text(
        "SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END "
        "FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.granted "
        "AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%'"
    )
    with autocommitting(engine.url) as watcher:

        def watch(*_: Any) -> None:
            now, there = time.perf_counter(), set(watcher.execute(query).scalars())
            for name in there:
                held.setdefault(name, now)
            for name in held.keys() - there:
                locks[name] = max(locks.get(name, 0.0), (now - held.pop(name)) * 1000)

        sa.event.listen(engine, "after_cursor_execute", watch)
        try:
            yield locks
        finally:
            sa.event.remove(engine, "after_cursor_execute", watch)
        watch()


def _differences(copy: Database) -> list[str]:
    """Return the findings of ``alembic check``, and missing ledger rows."""
    from alembic import command
    from alembic.util.exc import AutogenerateDiffsDetected

    from cts_schema.migration.state import read_status

    options = copy.options
    with copy.connected() as connection, process_lock(connection, options.wait):
        found = [f"{one} is not in the ledger" for one in read_status(connection, options).missing_in_ledger]
        try:
            command.check(quiet_config(connection=connection, options=options))
        except AutogenerateDiffsDetected as error:
            found += [str(difference) for difference in error.diffs]
    return found
