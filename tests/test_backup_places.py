"""Where a backup goes: into no folder of somebody else's choice, and it removes nothing that is not its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import backup, restore
from cts_schema.exceptions import BackupFailed, BackupPlaceTaken, NotABackup, WrongUsage
from cts_schema.maintenance import files, programs
from tests.support import client
from tests.support.databases import Database

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


def test_a_folder_that_is_a_symbolic_link_is_not_followed(
    head: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for link in ("link", "backups"):  # where it goes by default
        (tmp_path / link).symlink_to(elsewhere, target_is_directory=True)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    for place in (tmp_path / "link", f"{tmp_path}/link/", "link", tmp_path / "link" / "copy", None, "nowhere"):
        with pytest.raises(BackupPlaceTaken, match="symbolic link") as caught:
            backup(head.url, place)
        assert caught.value.exit_code == 2
    assert list(elsewhere.iterdir()) == []
    assert not (tmp_path / "missing").exists()
    assert Path(backup(head.url, elsewhere).path).parent == elsewhere


@on_sqlite
def test_what_is_replaced_is_not_kept_behind_a_symbolic_link(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "backups").symlink_to(tmp_path / "elsewhere")
    before = head.snapshot()
    with pytest.raises(BackupPlaceTaken, match="symbolic link"):
        restore(made.path, head.url, force=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert head.snapshot() == before


def test_a_name_whose_manifest_is_there_already_is_taken(head: Database, tmp_path: Path) -> None:
    """What a copy has left that somebody took away, or one that failed in this very second."""
    now = datetime.now(UTC)
    suffix = ".db" if head.kind == "sqlite" else ".dump"
    folder = tmp_path / "copies"
    folder.mkdir()
    stem = Path(str(head.location.database)).stem
    for ahead in range(600):
        (folder / f"{stem}-{now + timedelta(seconds=ahead):%Y%m%dT%H%M%S}{suffix}.json").touch()
    assert Path(backup(head.url, folder).path).stem.endswith("-2")


def test_a_backup_whose_manifest_cannot_be_written_is_gone(head: Database, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    with pytest.raises(BackupFailed, match="File name too long"):
        backup(head.url, folder / ("x" * 233))  # its manifest's name is longer than a file system takes
    assert list(folder.iterdir()) == []


@on_sqlite
def test_a_name_that_no_file_can_have_is_told(head: Database, tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 300, "x/" * 3000, "\ud800", "\udcff"):
        with pytest.raises(WrongUsage, match="not a possible file name"):
            backup(head.url, f"{tmp_path}/{name}")
    assert [file.name for file in tmp_path.iterdir()] == ["head.db"]


SOMEBODYS = (
    "thesis.unfinished",
    "thesis.a1b2c3d4.unfinished",
    "thesis.db.a1b2c3d4.unfinished",
    "cts-2026.db.a1b2c3d4.unfinished",
    "cts-20260103T010203.txt.a1b2c3d4.unfinished",
    "cts-20260103T010203.db.download.more.unfinished",
    "copy2.a1b2c3d4.unfinished",
    "a1b2c3d4.unfinished",
)
OURS = (
    "cts-20260103T010203.db.a1b2c3d4.unfinished",
    "cts-20260103T010203-2.db.a1b2c3d4.unfinished",
    "other-20260103T010203.dump.a1b2c3d4.unfinished",
    "cts-20260103T010203.db.json.a1_2c3d4.unfinished",
    "copy.a1b2c3d4.unfinished",
    "copy.json.a1b2c3d4.unfinished",
)


def test_only_what_backups_have_left_is_removed(head: Database, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    for name in (*SOMEBODYS, *OURS):
        (place / name).write_text("half")
        (place / f"{name}-journal").write_text("half")
    running = place / "cts-20260103T010203.db.e5f6a7b8.unfinished"
    folder, pipe, link = (
        place / f"cts-20260103T010203.db.{word}.unfinished" for word in ("folder00", "pipe0000", "link0000")
    )
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(place / "thesis.unfinished")
    with running.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        backup(head.url, place / "copy")
    left = {path.name for path in place.iterdir()} - {"copy", "copy.json"}
    assert left == {
        *SOMEBODYS,
        *(f"{name}-journal" for name in SOMEBODYS),
        *(path.name for path in (running, folder, pipe, link)),
    }


def test_backups_that_are_written_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    """Each looks for what was left, in the moment in which another has made its file and not locked it yet."""
    wrong: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(30):
                with files.written(tmp_path / f"cts-20260103T010203-{number}{turn:02}.db", 0o600) as unfinished:
                    unfinished.write_text("whole")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(list(tmp_path.iterdir())) == 4 * 30
    assert {file.read_text() for file in tmp_path.iterdir()} == {"whole"}


# Copies of a file in use


@pytest.fixture
def in_use(tmp_path: Path) -> sqlite3.Connection:
    """A program that keeps a database with a write-ahead log open: the second row is in the log alone."""
    program = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    program.execute("PRAGMA journal_mode = WAL")
    program.execute("CREATE TABLE mine (a INTEGER)")
    program.execute("INSERT INTO mine VALUES (1)")
    program.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    program.execute("INSERT INTO mine VALUES (2)")
    return program


def rows_of(file: Path) -> list[tuple[int]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT a FROM mine").fetchall()


def test_a_copy_without_its_log_says_what_may_be_missing(in_use: sqlite3.Connection, tmp_path: Path) -> None:
    shutil.copyfile(tmp_path / "live.db", tmp_path / "copy.db")
    done = restore(tmp_path / "copy.db", f"sqlite:///{tmp_path / 'new.db'}")
    assert rows_of(tmp_path / "new.db") == [(1,)]
    assert done.note is not None
    assert "write-ahead log" in done.note
    in_use.close()


def test_a_copy_with_its_log_beside_it_is_refused_with_the_way_to_make_one_of_both(
    in_use: sqlite3.Connection, tmp_path: Path
) -> None:
    for suffix in ("", "-wal"):
        shutil.copyfile(tmp_path / f"live.db{suffix}", tmp_path / f"copy.db{suffix}")
    content = (tmp_path / "copy.db").read_bytes()
    for file in ("copy.db", "live.db"):
        with pytest.raises(NotABackup, match="beside the backup") as caught:
            restore(tmp_path / file, f"sqlite:///{tmp_path / 'new.db'}")
        assert f"cts_schema.backup('sqlite:///{tmp_path / file}', 'COPY')" in str(caught.value.next_step)
    assert not (tmp_path / "new.db").exists()
    assert (tmp_path / "copy.db").read_bytes() == content
    made = backup(f"sqlite:///{tmp_path / 'copy.db'}", tmp_path / "whole.db")
    done = restore(made.path, f"sqlite:///{tmp_path / 'new.db'}")
    assert (rows_of(tmp_path / "new.db"), done.note) == ([(1,), (2,)], None)
    in_use.close()


def test_a_log_that_was_laid_beside_a_backup_is_not_taken_in(in_use: sqlite3.Connection, tmp_path: Path) -> None:
    """Its manifest has the checksum of the file alone."""
    in_use.close()
    made = backup(f"sqlite:///{tmp_path / 'live.db'}", tmp_path / "copy.db")
    Path(f"{made.path}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))
    with pytest.raises(NotABackup, match="beside the backup"):
        restore(made.path, f"sqlite:///{tmp_path / 'new.db'}")


# Files of somebody else


@pytest.mark.parametrize("spelled", ["CREATE VIRTUAL TABLE", "CREATE /* a */ VIRTUAL TABLE", "create\tvirtual table"])
def test_a_restore_runs_no_virtual_table(spelled: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, ?)", (f"{spelled} v USING no_such_module",)
        )
    restore(tmp_path / "theirs.db", f"sqlite:///{tmp_path / 'new.db'}")
    assert rows_of(tmp_path / "new.db") == []


# Scripts for SQLite


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{other}' AS other; DROP TABLE other.mine",
        "ATTACH DATABASE '{folder}/' || 'new.db' AS new",
        "attach 'file:{other}?mode=rw' as other",
        "VACUUM INTO '{folder}/new.db'",
        "PRAGMA hard_heap_limit = 100000",
        "PRAGMA temp_store_directory = '{folder}'",
    ],
)
def test_a_script_for_sqlite_stays_in_its_database(statement: str, tmp_path: Path) -> None:
    other, folder = tmp_path / "other.db", tmp_path / "folder"
    folder.mkdir()
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    file = tmp_path / "script.sql"
    file.write_text(f"CREATE TABLE one (a INTEGER);\n{statement.format(other=other, folder=folder)};\n")
    with pytest.raises(NotABackup, match="leaves its database"):
        restore(file, f"sqlite:///{tmp_path / 'cts.db'}")
    assert rows_of(other) == []
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "cts.db").exists()


def test_a_script_for_sqlite_may_set_and_clean_its_own_database(tmp_path: Path) -> None:
    text = "PRAGMA foreign_keys = OFF; PRAGMA user_version = 7; CREATE TABLE mine (a INTEGER); VACUUM;"
    (tmp_path / "script.sql").write_text(f"{text} INSERT INTO mine VALUES ('COMMIT;'), ('.shell touch pwned');")
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    restore(tmp_path / "script.sql", url)
    with Database(sa.make_url(url)) as restored:
        assert restored.rows("SELECT a FROM mine") == [("COMMIT;",), (".shell touch pwned",)]
        assert restored.value("PRAGMA user_version") == 7
