"""Backups hold all that was committed, show it to nobody else, and come back whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from cts_schema import __version__, adopt, backup, finalize_adoption, restore, status, undo_adoption, upgrade
from cts_schema.database.urls import normalize
from cts_schema.ddl.naming import legacy_schema_of
from cts_schema.exceptions import (
    EXIT_DECISION,
    EXIT_USAGE,
    BackupDamaged,
    BackupFailed,
    BackupPlaceTaken,
    DatabaseLocked,
    DiskFull,
    MissingFolder,
    NotABackup,
    NotADatabase,
    ProgramMissing,
    ProgramTooOld,
    RestoreFailed,
    SchemaError,
    TargetNotEmpty,
    WrongBackup,
    WrongUsage,
)
from cts_schema.maintenance import files, programs
from tests.conftest import Server
from tests.legacy.catalogue import build
from tests.legacy.census import Values, census
from tests.legacy.lost import lost
from tests.support import client, rows
from tests.support.carrying import OLD, execute, prepare
from tests.support.databases import Database
from tests.support.program import ROOT, environment, installed, run
from tests.support.state import catalogue_of

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

in_every_mode = pytest.mark.parametrize(
    ("kind", "journal"), [("sqlite", "delete"), ("sqlite", "wal"), ("postgresql", "")], indirect=["kind"]
)

State = tuple[dict[str, Values], object]


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


@pytest.fixture
def filled(head: Database) -> Database:
    """A database at head with hard values in every table, and a table and a view of the user's own."""
    rows.fill(head.engine)
    head.execute('CREATE TABLE "my ""50%"" table" (a INTEGER)')
    head.execute('INSERT INTO "my ""50%"" table" VALUES (1), (2)')
    head.execute("CREATE VIEW mine AS SELECT id FROM users")
    return head


def state(database: Database) -> State:
    """Return every value of what is not set aside, and the schema."""
    with database.engine.connect() as connection:
        counted = {table: found for table, found in census(connection).items() if not table.startswith("cts_replaced_")}
    return counted, database.snapshot()


def spoil(database: Database) -> None:
    """Change what a restore must bring back, and add what it must take away."""
    database.execute("DELETE FROM system_settings")
    database.execute("DROP VIEW mine")
    database.execute("ALTER TABLE portfolios ADD COLUMN later TEXT")
    database.execute("CREATE TABLE later (a INTEGER)")
    database.execute("INSERT INTO later VALUES (5)")


def of_kind(database: Database) -> str:
    return ".db" if database.kind == "sqlite" else ".dump"


# There and back


def test_what_was_backed_up_comes_back_to_the_last_value(filled: Database, tmp_path: Path) -> None:
    before = state(filled)
    made = backup(filled.url, tmp_path / "copy")
    spoil(filled)
    spoiled = state(filled)
    done = restore(made.path, filled.url, force=True)
    assert state(filled) == before
    assert (done.revision, done.tables, done.rows) == (status(filled.url).head, made.tables, made.rows)
    assert done.kept is not None
    if filled.kind == "sqlite":
        with Database(sa.make_url(f"sqlite:///{done.kept}")) as kept:
            assert state(kept) == spoiled
    else:
        aside = done.kept.removeprefix("schema ")
        assert filled.rows(f"SELECT a FROM {aside}.later") == [(5,)]
        assert filled.value(f"SELECT count(*) FROM {aside}.users") == rows.ROWS
        again = backup(filled.url, tmp_path / "again")
        assert (again.tables, again.rows) == (made.tables, made.rows)
    assert restore(made.path, filled.url, force=True).kept != done.kept
    assert state(filled) == before
    assert upgrade(filled.url).applied == ()


def test_an_empty_database_needs_no_force(filled: Database, database: Database, tmp_path: Path) -> None:
    made = backup(filled.engine, tmp_path)
    assert made.path.endswith(of_kind(filled))
    done = restore(made.path, database.engine)
    assert done.kept is None
    assert state(database) == state(filled)
    assert status(database.url).at_head


@on_sqlite
def test_a_file_that_is_not_there_is_made(filled: Database, tmp_path: Path) -> None:
    made = backup(filled.url)
    Path(made.path).chmod(0o600)
    restore(made.path, f"sqlite:///{tmp_path / 'new.db'}")
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'new.db'}")) as new:
        assert state(new) == state(filled)


def test_a_database_that_is_not_empty_stays_as_it_is(filled: Database, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    spoil(filled)
    before = state(filled), sorted(tmp_path.rglob("*"))
    with pytest.raises(TargetNotEmpty) as caught:
        restore(made.path, filled.url)
    assert caught.value.exit_code == EXIT_DECISION
    assert (state(filled), sorted(tmp_path.rglob("*"))) == before


@in_every_mode
def test_a_writer_goes_on_and_the_backup_is_of_one_moment(
    head: Database, database: Database, journal: str, tmp_path: Path
) -> None:
    if journal:
        journal_mode(head, journal)
    head.execute("CREATE TABLE pairs (a INTEGER)")
    stop, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            with head.engine.begin() as connection:
                connection.execute(sa.text("INSERT INTO pairs VALUES (1)"))
                connection.execute(sa.text("INSERT INTO pairs VALUES (2)"))
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while written < 3:
            time.sleep(0.01)
        made = [backup(head.url, tmp_path / f"copy{number}") for number in range(3)]
        after = written
        while written < after + 3:
            time.sleep(0.01)
    finally:
        stop.set()
        writer.join()
    restore(made[-1].path, database.url)
    counted = database.rows("SELECT a, count(*) FROM pairs GROUP BY a ORDER BY a")
    assert counted[0][1] == counted[1][1] > 0
    assert made[-1].rows == sum(json.loads(Path(made[-1].manifest).read_text())["rows"].values())


@on_postgresql
def test_one_schema_can_be_backed_up_alone(database: Database, server: Server, tmp_path: Path) -> None:
    database.execute('CREATE SCHEMA "my app"')
    upgrade(database.url, schema="my app")
    database.execute("CREATE TABLE public.other (a INTEGER)")
    made = backup(database.url, tmp_path / "copy", schema="my app")
    assert made.revision == status(database.url, schema="my app").head
    with Database(server.create()) as new:
        new.execute("CREATE TABLE public.other (a TEXT)")
        assert restore(made.path, new.url).kept is None
        assert status(new.url, schema="my app").at_head
        with pytest.raises(TargetNotEmpty):
            restore(made.path, new.url)
        done = restore(made.path, new.url, force=True)
        assert done.kept is not None
        assert new.value("SELECT count(*) FROM public.other") == 0
        assert status(new.url, schema="my app").at_head
    server.drop(new.location)


@on_postgresql
def test_whatever_else_is_in_the_schema_is_set_aside_too(head: Database, tmp_path: Path) -> None:
    for statement in (
        "CREATE TYPE mood AS ENUM ('well', 'ill')",
        "CREATE DOMAIN short AS text CHECK (length(value) < 5)",
        "CREATE TYPE pair AS (a integer, b mood)",
        "CREATE SEQUENCE counted",
        "CREATE TABLE moody (a mood, b short, c serial, d pair) PARTITION BY LIST (a)",
        "CREATE TABLE moody_well PARTITION OF moody FOR VALUES IN ('well')",
        "INSERT INTO moody VALUES ('well', 'x')",
        "CREATE MATERIALIZED VIEW seen AS SELECT * FROM moody",
        "CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'",
        "CREATE AGGREGATE most(integer) (SFUNC = int4larger, STYPE = integer)",
        "CREATE SCHEMA elsewhere",
        "CREATE TABLE elsewhere.t AS SELECT 1 AS a",
    ):
        head.execute(statement)
    before = catalogue_of(head)
    made = backup(head.url, tmp_path / "copy")
    head.execute("UPDATE elsewhere.t SET a = 2")
    done = restore(made.path, head.url, force=True)
    assert done.kept is not None
    aside = done.kept.removeprefix("schema ")
    assert head.value(f"SELECT a FROM {aside}_elsewhere.t") == 2
    assert head.value("SELECT a FROM elsewhere.t") == 1
    assert head.value(f"SELECT {aside}.twice(4)") == 8
    for schema in (aside, f"{aside}_elsewhere"):
        head.execute(f"DROP SCHEMA {schema} CASCADE")
    assert catalogue_of(head) == before


@on_postgresql
def test_default_privileges_grant_nothing_on_what_comes_back(head: Database, tmp_path: Path) -> None:
    given = (
        "SELECT 'table', relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "UNION ALL SELECT 'routine', proname, proacl::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    defaults = "SELECT defaclrole, defaclobjtype, defaclacl::text FROM pg_default_acl"
    head.execute("GRANT SELECT ON users TO pg_monitor WITH GRANT OPTION")
    head.execute("CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    before = set(head.rows(given))
    made = backup(head.url, tmp_path / "copy")
    for what in (
        "GRANT SELECT, INSERT ON TABLES TO PUBLIC",
        "GRANT UPDATE ON TABLES TO pg_monitor WITH GRANT OPTION",
        "REVOKE TRUNCATE ON TABLES FROM CURRENT_USER",
        "IN SCHEMA public GRANT USAGE ON SEQUENCES TO PUBLIC",
        "REVOKE EXECUTE ON ROUTINES FROM PUBLIC",
        "GRANT USAGE ON SCHEMAS TO PUBLIC",
    ):
        head.execute(f"ALTER DEFAULT PRIVILEGES {what}")
    had = set(head.rows(defaults))
    restore(made.path, head.url, force=True)
    assert set(head.rows(given)) == before
    assert set(head.rows(defaults)) == had


# Over an adopted database of PostgreSQL, and one of it over others


@on_postgresql
@pytest.mark.parametrize("schema", [None, "a schema whose name is longer than most"])
def test_a_legacy_database_that_comes_back_over_its_adoption_can_be_adopted_again(
    database: Database, schema: str | None, tmp_path: Path
) -> None:
    with database.engine.begin() as connection:
        if schema is not None:
            execute(connection, f'CREATE SCHEMA "{schema}"', f'SET LOCAL search_path = "{schema}"')
        execute(connection, *OLD)
    legacy = backup(database.url, tmp_path / "legacy", schema=schema)
    adopt(database.url, yes=True, schema=schema)
    adopted = backup(database.url, tmp_path / "adopted", schema=schema)
    kept = f"SELECT count(*) FROM pg_namespace WHERE nspname = '{legacy_schema_of(schema or 'public')}'"
    for _ in range(2):  # the second time over a database that was adopted again
        done = restore(legacy.path, database.url, force=True)
        assert done.unadopted
        assert done.kept is not None
        assert database.value(kept) == 0
        assert adopt(database.url, yes=True, schema=schema).adopted is not None
    moved = "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'cts\\_replaced\\_%' AND tablename = 'cts_adoption'"
    assert database.value(moved) == 2
    undo_adoption(database.url, schema=schema)
    assert status(database.url, schema=schema).unadopted
    restore(adopted.path, database.url, force=True)
    assert status(database.url, schema=schema).at_head


@on_postgresql
def test_what_an_adoption_kept_keeps_a_database_from_being_called_empty(database: Database, tmp_path: Path) -> None:
    prepare(database)
    made = backup(database.url, tmp_path / "legacy")
    adopt(database.url, yes=True)
    database.execute("DROP SCHEMA public CASCADE")
    database.execute("CREATE SCHEMA public")
    with pytest.raises(TargetNotEmpty, match=r"cts_legacy\.users"):
        restore(made.path, database.url)


@on_postgresql
@pytest.mark.parametrize("back", [True, False])
def test_an_adopted_database_comes_back_over_a_legacy_one_with_its_way_back(
    database: Database, *, back: bool, tmp_path: Path
) -> None:
    prepare(database)
    adopt(database.url, yes=True)
    made = backup(database.url, tmp_path / "adopted")
    undo_adoption(database.url)
    database.execute("INSERT INTO users VALUES (3, 'later', NULL)")
    done = restore(made.path, database.url, force=True)
    assert done.kept is not None
    assert status(database.url).at_head
    assert database.value(f"SELECT count(*) FROM {done.kept.removeprefix('schema ')}.users") == 3
    if back:
        undo_adoption(database.url, discard_new=True)
        assert database.rows("SELECT id, username FROM users ORDER BY id") == [(1, "ann"), (2, "bob")]
        assert adopt(database.url, yes=True).adopted is not None
    else:
        assert "cts_legacy" in str(finalize_adoption(database.url))
    assert status(database.url).at_head


# The manifest


def test_the_manifest_says_what_is_in_it_and_no_secret(filled: Database, tmp_path: Path) -> None:
    url = filled.location if filled.kind == "sqlite" else filled.location.set(password="s3cret-pass")
    made = backup(url, tmp_path / "copy")
    text = Path(made.manifest).read_text()
    told = json.loads(text)
    assert made.manifest == f"{made.path}.json"
    assert told["database"] == filled.kind
    assert told["revision"] == status(filled.url).revision
    assert told["package_version"] == __version__
    assert told["sha256"] == made.sha256
    prefix = "" if filled.kind == "sqlite" else "public."
    assert told["rows"][f"{prefix}users"] == rows.ROWS
    assert "s3cret" not in text
    assert "://" not in text


def test_a_backup_that_was_changed_is_refused(filled: Database, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    content = bytearray(Path(made.path).read_bytes())
    content[-100] ^= 1
    Path(made.path).write_bytes(content)
    before = state(filled)
    with pytest.raises(BackupDamaged, match="has changed since it was made"):
        restore(made.path, filled.url, force=True)
    assert state(filled) == before


@pytest.mark.parametrize("content", ["{", "[]", '{"sha256": "0"}'])
def test_a_manifest_that_cannot_be_read_is_told(filled: Database, content: str, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    Path(made.manifest).write_text(content)
    with pytest.raises(BackupDamaged, match="manifest"):
        restore(made.path, filled.url, force=True)


def test_rows_that_the_manifest_does_not_have_are_a_failure_before_anything_is_done(
    filled: Database, tmp_path: Path
) -> None:
    made = backup(filled.url, tmp_path / "copy")
    told = json.loads(Path(made.manifest).read_text())
    told["rows"]["users" if filled.kind == "sqlite" else "public.users"] = 77
    Path(made.manifest).write_text(json.dumps(told))
    before = state(filled)
    with pytest.raises((BackupDamaged, RestoreFailed)):
        restore(made.path, filled.url, force=True)
    assert state(filled) == before


def test_a_backup_without_a_manifest_comes_back_too(filled: Database, database: Database, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    Path(made.manifest).unlink()
    done = restore(made.path, database.url)
    assert (done.tables, done.rows) == (None, None)
    assert state(database) == state(filled)


# Who may see it


def test_nobody_may_read_a_backup_who_may_not_read_the_database(head: Database, tmp_path: Path) -> None:
    mode = 0o600
    if head.kind == "sqlite":
        mode = 0o640
        Path(str(head.location.database)).chmod(mode)
    old = os.umask(0)
    try:
        made = backup(head.url, tmp_path / "copy")
    finally:
        os.umask(old)
    assert [stat.S_IMODE(Path(path).stat().st_mode) for path in (made.path, made.manifest)] == [mode, mode]


def test_nobody_else_may_read_what_is_being_written(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with files.written(tmp_path / "copy", 0o644) as unfinished:
            assert stat.S_IMODE(unfinished.stat().st_mode) == 0o600
            assert not (tmp_path / "copy").exists()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o644


@on_postgresql
def test_no_program_is_told_the_password_on_its_command_line(
    head: Database, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, told = tmp_path / "bin", tmp_path / "told"
    place.mkdir()
    for name in client.PROGRAMS:
        script = f"""tr '\\0' ' ' </proc/$$/cmdline >>{told}; echo "$PGPASSWORD" >>{told}.password
        exec {client.folder() / name} "$@" """
        client.false_program(place, name, script)
    monkeypatch.setenv(programs.FOLDER, str(place))
    made = backup(head.location.set(password="s3cr@t %/"), tmp_path / "copy")
    restore(made.path, database.location.set(password="s3cr@t %/"))
    assert all(f"/{name} " in told.read_text() for name in client.PROGRAMS)
    assert "s3cr" not in told.read_text()
    assert "s3cr@t %/" in Path(f"{told}.password").read_text().splitlines()


def test_a_program_is_told_all_that_the_url_says() -> None:
    url = normalize("postgresql://me:pw@/cts?host=/run/pg&port=5433&sslmode=require&options=-c%20statement_timeout%3D0")
    assert conninfo_to_dict(programs.conninfo(url)) == {
        "user": "me",
        "dbname": "cts",
        "host": "/run/pg",
        "port": "5433",
        "sslmode": "require",
        "options": "-c statement_timeout=0",
        "connect_timeout": "10",
    }
    assert programs.environment(url)["PGPASSWORD"] == "pw"
    assert programs.conninfo(url.set(drivername="postgresql+psycopg2")) == programs.conninfo(url)
    assert conninfo_to_dict(programs.conninfo(normalize("postgresql://h:5/d?sslmode=disable")))["host"] == "h"


# Programs


@on_postgresql
def test_a_program_that_is_missing_is_named_with_what_to_install(
    head: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(head.url, tmp_path / "copy")
    major = head.value("SHOW server_version_num")[:2]
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv(programs.FOLDER, str(tmp_path / "bin"))
    with pytest.raises(ProgramMissing) as caught:
        backup(head.url, tmp_path / "other")
    assert f"postgresql-client-{major}" in str(caught.value.next_step)
    assert caught.value.place["program"] == "pg_dump"
    with pytest.raises(ProgramMissing):
        restore(made.path, head.url, force=True)
    client.false_program(tmp_path / "bin", "pg_dump", "echo pg_dump from elsewhere")
    with pytest.raises(ProgramMissing, match="not one of PostgreSQL"):
        backup(head.url, tmp_path / "other")
    monkeypatch.delenv(programs.FOLDER)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(ProgramMissing) as caught:
        backup(head.url, tmp_path / "other")
    assert caught.value.place["looked_in"] == "PATH"


@on_postgresql
def test_a_program_older_than_the_server_is_refused_with_both_versions(
    head: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.false_program(tmp_path, "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    monkeypatch.setenv(programs.FOLDER, str(tmp_path))
    with pytest.raises(ProgramTooOld) as caught:
        backup(head.url, tmp_path / "copy")
    assert caught.value.place["its_version"] == "9"
    assert str(caught.value.place["server"]) == head.value("SHOW server_version_num")[:2]


@on_postgresql
def test_a_program_that_fails_leaves_nothing_and_shows_no_password(
    head: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    real = client.folder() / "pg_dump"
    script = f"""test "$1" = --version && exec {real} --version
    echo half; echo 'pg_dump: error: at postgresql://me:s3cret@host/db' >&2; echo 'row: s3cret' >&2; exit 1"""
    client.false_program(tmp_path / "bin", "pg_dump", script)
    monkeypatch.setenv(programs.FOLDER, str(tmp_path / "bin"))
    with pytest.raises(BackupFailed, match="could not be copied") as caught:
        backup(head.url, tmp_path / "copy")
    assert "pg_dump: error: at postgresql://me:***@host/db" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["bin"]


# Killed


@contextmanager
def killing(what: str, database: Database) -> Iterator[Callable[[int, Path], str]]:
    """Give a function that kills a backup or a restore at a step; see tests.support.stops."""
    database.engine.dispose()
    order = [sys.executable, "-m", "tests.support.stops", what, database.url]
    env = environment(None)
    with subprocess.Popen(
        order, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:

        def kill(step: int, file: Path) -> str:
            assert program.stdin is not None
            assert program.stdout is not None
            print(step, file, file=program.stdin, flush=True)
            return str(json.loads(program.stdout.readline()))

        yield kill


def wait_for_the_server(database: Database) -> None:
    """PostgreSQL notices only after its statement that nobody is there any more."""
    database.engine.dispose()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while database.kind == "postgresql" and database.value(others):
        time.sleep(0.01)


def journal_mode(database: Database, mode: str) -> None:
    database.engine.dispose()
    with closing(sqlite3.connect(str(database.location.database))) as connection:
        assert connection.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)


@in_every_mode
def test_a_killed_restore_leaves_the_old_database_or_the_new_one(
    filled: Database, journal: str, tmp_path: Path
) -> None:
    if journal:
        journal_mode(filled, journal)
    new = state(filled)
    made = Path(backup(filled.url, tmp_path / "copy").path)
    spoil(filled)
    old = state(filled)
    seen = []
    with killing("restore", filled) as kill:
        steps = int(kill(0, made))
        assert state(filled) == new
        spoil(filled)
        for point in sorted({1, steps - 1, steps, *range(3, steps, max(1, steps // 5))}):
            filled.engine.dispose()
            assert kill(point, made) == ""
            wait_for_the_server(filled)
            found = state(filled)
            assert found in (old, new), point
            seen.append(found == new)
            if found == new:
                spoil(filled)
    assert not all(seen)
    filled.engine.dispose()
    restore(made, filled.url, force=True)
    assert state(filled) == new


def test_a_killed_backup_has_no_name_yet_or_is_whole(filled: Database, database: Database, tmp_path: Path) -> None:
    with killing("backup", filled) as kill:
        steps = int(kill(0, tmp_path / "whole"))
        named = []
        for point in range(steps, 0, -1 if filled.kind == "sqlite" else -11):
            file = tmp_path / f"copy{point}"
            assert kill(point, file) == ""
            named.append(file.exists())
            if named[-1]:
                restore(file, database.url, force=True)
                assert state(database) == state(filled)
    assert not all(named)


# One after the other


@contextmanager
def between(journal: str, work: Callable[[], object]) -> Iterator[None]:
    """Do something, in this process, when what is there has been kept, and when it is going to be replaced."""
    # With a write-ahead log the second holds the lock within which the first is done.
    moments = [("return", "keep")] + [("call", "_load")] * (journal == "delete")

    def look(frame: FrameType, event: str, _: Any) -> None:
        if (event, frame.f_code.co_name) in moments:
            work()

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)


def write_at_once(database: Database) -> str:
    with closing(sqlite3.connect(str(database.location.database), timeout=0)) as connection:
        try:
            connection.execute("INSERT INTO users (id, username, password_hash) VALUES ('new', 'new', 'x')")
            connection.commit()
        except sqlite3.OperationalError as error:
            return str(error)
    return "written"


@on_sqlite
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_nobody_writes_between_the_copy_of_what_is_there_and_its_replacement(
    filled: Database, journal: str, tmp_path: Path
) -> None:
    made = backup(filled.url, tmp_path / "copy")
    journal_mode(filled, journal)
    tries: list[str] = []
    with between(journal, lambda: tries.append(write_at_once(filled))):
        restore(made.path, filled.url, force=True)
    assert tries == ["database is locked"] * (2 if journal == "delete" else 1)
    assert write_at_once(filled) == "written"
    assert filled.value("PRAGMA journal_mode") == journal


@on_sqlite
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_nobody_writes_between_the_look_of_an_undo_and_the_old_file(database: Database, journal: str) -> None:
    with database.engine.connect() as connection:
        build(connection, "initializer", "clean")
    before = census_of(database)
    journal_mode(database, journal)
    upgrade(database.url)
    tries: list[str] = []
    with between(journal, lambda: tries.append(write_at_once(database))):
        undo_adoption(database.url)
    assert tries == ["database is locked"] * (2 if journal == "delete" else 1)
    assert census_of(database) == before


@on_sqlite
def test_an_undo_takes_no_ordinary_backup_for_one_of_an_adoption(database: Database) -> None:
    with database.engine.connect() as connection:
        build(connection, "initializer", "clean")
    before = census_of(database)
    first = backup(database.url)
    adopted = upgrade(database.url).adopted
    assert adopted is not None
    later = backup(
        database.url, Path(str(adopted.backup)).with_name("cts-99991231T235959.db")
    )  # by its name the newest
    assert str(adopted.backup) in undo_adoption(database.url)
    assert census_of(database) == before
    assert restore(later.path, database.url, force=True).revision is not None
    assert restore(str(adopted.backup), database.url, force=True).unadopted
    assert restore(first.path, database.url, force=True).unadopted


@on_sqlite
def test_an_undo_refuses_a_backup_that_was_changed(database: Database) -> None:
    with database.engine.connect() as connection:
        build(connection, "initializer", "clean")
    adopted = upgrade(database.url).adopted
    assert adopted is not None
    before = state(database)
    with Path(str(adopted.backup)).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(BackupDamaged):
        undo_adoption(database.url)
    assert state(database) == before


def census_of(database: Database) -> dict[str, Values]:
    with database.engine.connect() as connection:
        return census(connection)


@in_every_mode
def test_who_does_not_let_go_is_told_and_nothing_is_touched(filled: Database, journal: str, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    if journal:
        journal_mode(filled, journal)
    before = state(filled)
    with filled.engine.connect() as connection:
        if filled.kind == "sqlite":
            connection.execute(sa.text("UPDATE users SET username = username"))
        else:
            connection.execute(sa.text("SELECT * FROM users")).first()
        with pytest.raises(DatabaseLocked):
            restore(made.path, filled.url, force=True, wait=0.3)
        connection.rollback()
    assert state(filled) == before


@on_sqlite
@pytest.mark.parametrize("damage", ["the head", "the middle", "cut off", "no database"])
def test_a_damaged_database_is_replaced_and_kept_byte_by_byte(filled: Database, damage: str, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    before = state(filled)
    filled.engine.dispose()
    file = Path(str(filled.location.database))
    content = bytearray(file.read_bytes())
    if damage == "the head":
        content[:16] = b"x" * 16
    elif damage == "the middle":
        content[4096:-4096] = b"\xff" * (len(content) - 8192)
    else:
        content = content[:5000] if damage == "cut off" else bytearray(b"nothing of the kind")
    file.write_bytes(content)
    with pytest.raises(TargetNotEmpty):
        restore(made.path, filled.url)
    assert file.read_bytes() == content
    done = restore(made.path, filled.url, force=True)
    assert Path(str(done.kept)).read_bytes() == content
    assert state(filled) == before


@on_sqlite
def test_a_log_that_a_crash_has_left_belongs_to_the_database(filled: Database, tmp_path: Path) -> None:
    journal_mode(filled, "wal")
    code = f"""import os, sqlite3
connection = sqlite3.connect({str(filled.location.database)!r})
connection.execute("INSERT INTO users (id, username, password_hash) VALUES ('late', 'late', 'x')")
connection.commit()
os._exit(0)"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert Path(f"{filled.location.database}-wal").stat().st_size
    made = backup(filled.url, tmp_path / "copy")
    with closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT count(*) FROM users WHERE id = 'late'").fetchone() == (1,)
    filled.execute("DELETE FROM users WHERE id = 'late'")
    restore(made.path, filled.url, force=True)
    assert filled.value("SELECT count(*) FROM users WHERE id = 'late'") == 1


@on_sqlite
def test_a_damaged_database_is_not_backed_up_as_if_it_were_well(filled: Database, tmp_path: Path) -> None:
    filled.engine.dispose()
    file = Path(str(filled.location.database))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE INDEX an_index ON users (created_at)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'an_index'").fetchone()
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 + 3 : (page - 1) * 4096 + 5] = b"\0\0"  # the number of its entries
    file.write_bytes(content)
    with pytest.raises(NotADatabase):
        backup(filled.url, tmp_path / "copy")
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_rows_that_break_a_not_null_are_no_damage(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cts.db")) as connection:
        connection.execute("CREATE TABLE t (a TEXT, CHECK (a <> 'x'))")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO t VALUES (NULL), ('x')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'TEXT NOT NULL')")
        connection.commit()
    assert backup(f"sqlite:///{tmp_path / 'cts.db'}").rows == 2


# Scripts of the old days


def test_a_plain_script_of_an_old_database_is_restored_and_then_adopted(
    database: Database, server: Server, tmp_path: Path
) -> None:
    """A dirty one, as the old guide made them before an upgrade: pre_v3.1_dump.sql."""
    with database.engine.connect() as connection:
        # Of SQLite the clean one: a text that is not UTF-8 cannot be in a script.
        build(connection, "initializer", "clean" if database.kind == "sqlite" else "dirty")
        before = census(connection)
    script = tmp_path / "pre_v3.1_dump.sql"
    if database.kind == "sqlite":
        with closing(sqlite3.connect(str(database.location.database))) as connection_:
            script.write_text("PRAGMA foreign_keys=OFF;\n" + "\n".join(connection_.iterdump()))
        new = sa.make_url(f"sqlite:///{tmp_path / 'new.db'}")
    else:
        dump = [
            str(client.folder() / "pg_dump"),
            f"--dbname={programs.conninfo(database.location)}",
            f"--file={script}",
        ]
        subprocess.run(dump, check=True)
        new = server.create()
    with Database(new) as restored:
        done = restore(script, restored.url)
        assert done.unadopted
        assert census_of(restored) == before
        assert adopt(restored.url, yes=True).adopted is not None
        with restored.engine.connect() as connection:
            assert lost(before, connection) == []
    if database.kind == "postgresql":
        server.drop(new)


def test_a_script_that_was_cut_off_changes_nothing(filled: Database, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    before = state(filled)
    head = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n" if filled.kind == "sqlite" else ""
    for text in ("CREATE TABLE one (a TEXT);\nINSERT INTO one VALUES ('", "CREATE TABLE one (a TEXT);\nCREATE TAB"):
        script.write_text(head + text)
        with pytest.raises((RestoreFailed, BackupDamaged)):
            restore(script, filled.url, force=True)
        assert state(filled) == before
    if filled.kind == "postgresql":
        for text in (
            "CREATE TABLE one (a text);\nCOPY one FROM stdin;\nx\ny",
            "--\n-- PostgreSQL database dump\n--\nSET a = 1;",
        ):
            script.write_text(text)
            with pytest.raises((RestoreFailed, BackupDamaged)):
                restore(script, filled.url, force=True)
            assert state(filled) == before


@on_postgresql
@pytest.mark.parametrize("line", ["\\connect other", "CREATE DATABASE other;", "COMMIT;", "  rollback work ;"])
def test_a_script_that_leaves_its_database_or_transaction_is_refused(
    database: Database, line: str, tmp_path: Path
) -> None:
    (tmp_path / "script.sql").write_text(f"CREATE TABLE one (a integer);\n{line}\n")
    with pytest.raises(NotABackup, match="leaves its database"):
        restore(tmp_path / "script.sql", database.url)
    assert database.tables() == set()


@on_postgresql
@pytest.mark.parametrize("end", ["END;", "end transaction;", "SELECT 1; commit;", "COMMIT AND CHAIN;"])
def test_a_script_that_commits_by_itself_is_undone_whole(filled: Database, end: str, tmp_path: Path) -> None:
    before = state(filled)
    (tmp_path / "script.sql").write_text(
        f"begin;\nCREATE TABLE one (a integer);\n{end}\nCREATE TABLE two (a integer);\n"
    )
    with pytest.raises((RestoreFailed, NotABackup)):
        restore(tmp_path / "script.sql", filled.url, force=True)
    assert state(filled) == before


@on_postgresql
def test_what_cannot_be_moved_aside_needs_a_database_of_its_own(filled: Database, tmp_path: Path) -> None:
    filled.execute("CREATE PUBLICATION mine FOR TABLE orders")
    made = backup(filled.url, tmp_path)
    before = state(filled)
    with pytest.raises(RestoreFailed) as caught:
        restore(made.path, filled.url, force=True)
    assert "new, empty database" in str(caught.value.next_step)
    assert state(filled) == before


def test_of_two_backups_that_want_one_name_one_is_told(filled: Database, tmp_path: Path) -> None:
    place = tmp_path / "same"
    with files.written(place, 0o600) as unfinished:
        unfinished.write_text("mine")
        place.write_text("another's")  # between the look and the rename
        with pytest.raises(BackupPlaceTaken):
            backup(filled.url, place)
        place.unlink()
    assert place.read_text() == "mine"
    with pytest.raises(BackupPlaceTaken), files.written(place, 0o600) as unfinished:
        unfinished.write_text("later")
    assert place.read_text() == "mine"
    assert [file.name for file in tmp_path.glob("*unfinished*")] == []


@on_postgresql
def test_what_makes_a_script_fail_is_told_in_one_line(database: Database, tmp_path: Path) -> None:
    (tmp_path / "script.sql").write_text("CREATE TABLE one (a integer);\nALTER TABLE one OWNER TO nobody_here;\n")
    with pytest.raises(RestoreFailed) as caught:
        restore(tmp_path / "script.sql", database.url)
    assert 'role "nobody_here" does not exist' in str(caught.value)
    assert "CREATE ROLE" in str(caught.value.next_step)
    assert database.tables() == set()


# What is no backup, and no place for one


def test_what_is_no_backup_is_told(head: Database, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("Dear reader,\n")
    (tmp_path / "binary").write_bytes(b"SELECT\0")
    (tmp_path / "folder").mkdir()
    for name in ("empty", "text", "binary", "folder", "nothing", "empty/below"):
        with pytest.raises(NotABackup) as caught:
            restore(tmp_path / name, head.url, force=True)
        assert caught.value.exit_code == EXIT_USAGE
    assert status(head.url).at_head


def test_a_backup_without_its_end_is_told(filled: Database, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    Path(made.manifest).unlink()
    whole = Path(made.path).read_bytes()
    before = state(filled)
    for size in (40, len(whole) // 2, len(whole) - 3000):
        Path(made.path).write_bytes(whole[:size])
        with pytest.raises(BackupDamaged):
            restore(made.path, filled.url, force=True)
        assert state(filled) == before


def test_a_backup_of_the_other_kind_is_refused(head: Database, server: Server, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    url = server.create() if head.kind == "sqlite" else sa.make_url(f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(WrongBackup):
        restore(made.path, url)
    assert not (tmp_path / "other.db").exists()
    if head.kind == "sqlite":
        server.drop(url)


def test_nothing_is_ever_overwritten(head: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name, kind in (("file", "a file"), ("link", "a symbolic link"), ("pipe", "not an ordinary file")):
        with pytest.raises(BackupPlaceTaken) as caught:
            backup(head.url, tmp_path / name)
        assert caught.value.place["found"] == kind
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_not_made(head: Database, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere" / "copy", f"{tmp_path}/nowhere/"):
        with pytest.raises(MissingFolder, match="folder of the backup"):
            backup(head.url, path)
    assert not (tmp_path / "nowhere").exists()


def test_a_disk_without_room_leaves_nothing_of_the_backup(filled: Database, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    (tmp_path / "backups").mkdir()
    try:
        with pytest.raises((BackupFailed, DiskFull)):
            backup(filled.url, tmp_path / "backups")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "backups").iterdir()) == []


@on_sqlite
def test_a_restore_without_room_leaves_the_old_database(filled: Database, database: Database, tmp_path: Path) -> None:
    made = backup(filled.url, tmp_path / "copy")
    database.execute("CREATE TABLE mine (a INTEGER)")
    before = state(database)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(SchemaError):
            restore(made.path, database.url, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state(database) == before


def test_a_folder_that_may_only_be_read_is_told(head: Database, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o555)
    done = run(str(installed("cts-schema")), "backup", f"{place}/copy", url=head.url, restrained=True)
    assert done.code == BackupFailed.exit_code, done
    assert "Permission denied" in done.err
    assert "Traceback" not in done.err


def test_a_database_without_a_file_has_no_backup(tmp_path: Path) -> None:
    for url in ("sqlite://", f"sqlite:///{tmp_path / 'nothing.db'}"):
        with pytest.raises(WrongUsage):
            backup(url)
    with pytest.raises(WrongUsage):
        restore(tmp_path, 5)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_wait_may_be_longer_than_the_server_counts(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "made", wait=1e8)
    assert restore(made.path, head.url, force=True, wait=1e8).revision == "060"
