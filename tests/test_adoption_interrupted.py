"""Adoptions that are kept waiting, or have no room: the legacy database stays as it was, and another run succeeds.

What happens to one that is struck at any of its statements is in tests/test_faults.py.
"""

from __future__ import annotations

import fcntl
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import adopt, status
from cts_schema.database.engines import migration_engine
from cts_schema.dialects.sqlite import transaction as sqlite
from cts_schema.exceptions import (
    EXIT_DATABASE,
    EXIT_LOCK,
    BackupFailed,
    DatabaseLocked,
    DatabaseUnusable,
    DiskFull,
    SchemaError,
)
from tests.legacy.catalogue import build
from tests.legacy.census import Values, census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.support.program import alembic
from tests.support.state import catalogue_of

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

State = tuple[dict[str, Values], list[list[str]]]


@pytest.fixture
def old(database: Database) -> Database:
    """An old database with orphans, views, triggers, and tables of the user's own."""
    with database.engine.connect() as connection:
        build(connection, "integer_installation", "dirty")
    return database


def state(database: Database) -> State:
    """Return every value and all that is in the catalogue."""
    with database.engine.connect() as connection:
        return census(connection), catalogue_of(database)


def comes_in(database: Database, before: State) -> None:
    """Check that the next run succeeds, and loses nothing."""
    assert adopt(database.url, yes=True).adopted is not None
    with database.engine.connect() as connection:
        assert lost(before[0], connection) == []
    assert status(database.url).at_head


def test_who_reads_meanwhile_sees_the_old_rows_or_the_new_ones(old: Database) -> None:
    """Each read is one of its own; PostgreSQL lets it wait, SQLite lets it see what was before."""
    query = "SELECT name FROM exchange_connections ORDER BY id"
    was, stop, seen = old.rows(query), threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            seen.append(old.rows(query))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        adopt(old.url, yes=True)
    finally:
        stop.set()
        reader.join()
    seen.append(old.rows(query))
    assert seen[0] == was
    assert all(rows in (was, seen[-1]) for rows in seen)


@contextmanager
def reading(database: Database, table: str) -> Iterator[None]:
    """Have another session in a transaction that has read a table."""
    with database.engine.connect() as connection:
        connection.execute(sa.text(f"SELECT * FROM {table}")).first()
        yield
        connection.rollback()


def test_a_session_that_does_not_let_go_of_a_legacy_table_is_waited_for_and_reported(
    old: Database, tmp_path: Path
) -> None:
    before = state(old)
    with reading(old, "pseudo_positions"):
        with pytest.raises(DatabaseLocked):
            adopt(old.url, yes=True, wait=0.5)
        done = alembic("-x", "wait=0.5", "-x", "yes", "upgrade", "head", url=old.url)
        assert done.code == EXIT_LOCK
        assert "Traceback" not in done.err
    assert state(old) == before
    # On SQLite the commit failed: a backup that stayed would be taken for that of an adoption that can be undone.
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == list(tmp_path.glob("cts.db"))
    comes_in(old, before)


def test_a_session_that_lets_go_in_time_only_delays_it(old: Database) -> None:
    before = state(old)
    with old.engine.connect() as connection:
        connection.execute(sa.text("SELECT * FROM pseudo_positions")).first()
        timer = threading.Timer(3, connection.rollback)
        timer.start()
        comes_in(old, before)
        timer.join()


# Files that cannot be written


@on_sqlite
@pytest.mark.parametrize("what", ["the file", "its folder", "the folder of backups"])
def test_what_may_only_be_read_stays_as_it_is(old: Database, what: str, tmp_path: Path) -> None:
    before = state(old)
    (tmp_path / "backups").mkdir()
    place = {"the file": tmp_path / "cts.db", "its folder": tmp_path, "the folder of backups": tmp_path / "backups"}[
        what
    ]
    writable = place.stat().st_mode
    place.chmod(writable & 0o555)
    done = alembic("-x", "yes", "upgrade", "head", url=old.url, restrained=True)
    place.chmod(writable)
    assert done.code == EXIT_DATABASE, done
    assert "Traceback" not in done.err
    assert "next " in done.err
    assert state(old) == before
    assert list((tmp_path / "backups").iterdir()) == []
    comes_in(old, before)


@on_sqlite
def test_a_file_in_the_place_of_the_backups_is_reported(old: Database, tmp_path: Path) -> None:
    before = state(old)
    (tmp_path / "backups").touch()
    with pytest.raises(BackupFailed, match="could not be copied"):
        adopt(old.url, yes=True)
    assert state(old) == before


# No room


@on_sqlite
@pytest.mark.parametrize("more", [0, 2, 30, 90])
def test_a_disk_that_gets_full_on_the_way_leaves_the_legacy_database(old: Database, more: int) -> None:
    before = state(old)
    pages = old.value("PRAGMA page_count") + more
    engine = migration_engine(old.location)
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(DiskFull):
        adopt(engine, yes=True)
    engine.dispose()
    assert state(old) == before
    comes_in(old, before)


@on_sqlite
def test_a_copy_that_does_not_fit_is_taken_away_again(old: Database, tmp_path: Path) -> None:
    before = state(old)
    with closing(sqlite3.connect(tmp_path / "cts.db")) as connection:
        connection.execute("CREATE TABLE large AS SELECT zeroblob(1000000) AS blob")
        connection.execute("DROP TABLE large")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        with pytest.raises((BackupFailed, DatabaseUnusable)):
            adopt(old.url, yes=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "backups").exists()
    assert state(old) == before
    comes_in(old, before)


@on_sqlite
def test_a_copy_that_a_killed_adoption_has_left_unfinished_goes_with_the_next_one(
    old: Database, tmp_path: Path
) -> None:
    before = state(old)
    (tmp_path / "backups").mkdir()
    made = "cts-20260103T010203.db.a1b2c3d4.unfinished"
    for name in (made, f"{made}-journal", "cts-20260103T010203.db.e5f6a7b8.unfinished", "cts-mine.unfinished"):
        (tmp_path / "backups" / name).write_bytes(b"half")
    with (tmp_path / "backups" / "cts-20260103T010203.db.e5f6a7b8.unfinished").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as one does that is being written
        comes_in(old, before)
    left = sorted(file.name for file in tmp_path.glob("backups/*unfinished*"))
    assert left == ["cts-20260103T010203.db.e5f6a7b8.unfinished", "cts-mine.unfinished"]


@on_sqlite
def test_a_disk_that_is_full_when_a_view_comes_back_is_reported_as_that(old: Database) -> None:
    before = state(old)
    engine = migration_engine(old.location)

    def full(cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("CREATE VIEW"):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname, error.sqlite_errorcode = "SQLITE_FULL", sqlite3.SQLITE_FULL
            raise error

    for kind in ("do_execute", "do_execute_no_params"):
        sa.event.listen(engine, kind, full)
    with pytest.raises(DiskFull):
        adopt(engine, yes=True)
    engine.dispose()
    assert state(old) == before
    comes_in(old, before)


@on_postgresql
def test_a_connection_that_is_cut_leaves_the_legacy_database(old: Database) -> None:
    before = state(old)
    engine = migration_engine(old.location)

    def cut(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith('INSERT INTO "pseudo_positions"'):
            old.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
            )

    sa.event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(SchemaError) as caught:
        adopt(engine, yes=True)
    engine.dispose()
    assert caught.value.exit_code == EXIT_DATABASE
    assert state(old) == before
    comes_in(old, before)


@on_sqlite
def test_what_fails_after_the_commit_does_not_take_the_backup_away(old: Database, tmp_path: Path) -> None:
    engine = migration_engine(old.location)
    with pytest.MonkeyPatch.context() as patch:
        pragma = sqlite._raw

        def failing(connection: sa.Connection, statement: str) -> Any:
            if statement in ("PRAGMA foreign_keys = 1", "PRAGMA foreign_keys = 0"):  # as it was before the run
                raise sqlite3.OperationalError("disk I/O error")
            return pragma(connection, statement)

        patch.setattr(sqlite, "_raw", failing)
        with pytest.raises(SchemaError):
            adopt(engine, yes=True)
    engine.dispose()
    assert status(old.url).at_head
    assert len(list(tmp_path.glob("backups/*.db"))) == 1
