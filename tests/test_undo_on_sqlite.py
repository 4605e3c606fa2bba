"""An adopted SQLite file names the backup that its undo brings back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import adopt, check, status, undo_adoption, upgrade
from cts_schema.exceptions import BackupDamaged, ChangedSince, NoAdoption
from tests.support.databases import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A legacy database of one user, called first."""
    return legacy(tmp_path / "cts.db", "first")


@pytest.fixture
def adopted(file: Path) -> Iterator[tuple[Database, Path]]:
    """The same, adopted, with its backup."""
    with Database(sa.make_url(f"sqlite:///{file}")) as database:
        yield database, adopt_here(database)


def legacy(file: Path, user: str) -> Path:
    with Database(sa.make_url(f"sqlite:///{file}")) as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
        database.execute(f"INSERT INTO users VALUES (1, '{user}', 'x')")
    return file


def adopt_here(database: Database) -> Path:
    done = adopt(database.url).adopted
    assert done is not None
    return Path(str(done.backup))


def renamed(backup: Path, name: str) -> Path:
    """Rename a backup, manifest included."""
    shutil.move(f"{backup}.json", backup.with_name(f"{name}.json"))
    return backup.rename(backup.with_name(name))


def users(database: Database) -> list[str]:
    return [name for (name,) in database.rows("SELECT username FROM users")]


def test_an_undo_brings_back_its_own_adoption_and_not_a_backup_that_seems_newer(
    adopted: tuple[Database, Path], file: Path
) -> None:
    database, first = adopted
    renamed(first, "cts-20991231T235959.db")  # as it is called where the clock went back afterwards
    database.engine.dispose()
    file.unlink()
    legacy(file, "second")
    second = adopt_here(database)
    database.execute("UPDATE users SET username = 'changed'")
    assert str(second) in undo_adoption(database.url, discard_new=True)
    assert users(database) == ["second"]
    with pytest.raises(NoAdoption):
        undo_adoption(database.url)


def test_a_file_put_there_by_hand_is_undone_by_its_own_record(adopted: tuple[Database, Path], file: Path) -> None:
    database, first = adopted
    database.engine.dispose()
    away = file.rename(file.with_name("away.db"))
    legacy(file, "second")
    adopt_here(database)
    database.engine.dispose()
    away.replace(file)
    assert str(first) in undo_adoption(database.url)
    assert users(database) == ["first"]


def test_a_file_that_was_never_adopted_has_nothing_to_undo_whatever_lies_beside_it(
    adopted: tuple[Database, Path], file: Path
) -> None:
    database, _ = adopted
    database.engine.dispose()
    file.unlink()
    upgrade(database.url)
    with pytest.raises(NoAdoption):
        undo_adoption(database.url, discard_new=True)
    assert status(database.url).at_head


def test_what_an_undo_replaced_can_be_put_back_and_undone_again(adopted: tuple[Database, Path], file: Path) -> None:
    database, first = adopted
    said = undo_adoption(database.url)
    database.engine.dispose()
    shutil.copy(next(one for one in first.parent.glob("*.db") if one != first and str(one) in said), file)
    assert status(database.url).at_head
    assert str(first) in undo_adoption(database.url)


@pytest.mark.parametrize("lost", ["deleted", "moved", "replaced", "changed"])
def test_a_backup_that_is_not_what_the_record_names_is_an_error_that_names_it(
    adopted: tuple[Database, Path], tmp_path: Path, lost: str
) -> None:
    database, backup = adopted
    if lost == "deleted":
        backup.unlink()
    elif lost == "moved":
        renamed(backup, "cts-20200101T000000.db")
    elif lost == "replaced":
        legacy(tmp_path / "other.db", "other").replace(backup)
    else:
        with backup.open("ab") as stream:
            stream.write(b"more")
    with pytest.raises(BackupDamaged) as caught:
        undo_adoption(database.url, discard_new=True)
    assert str(backup) in str(caught.value)
    assert status(database.url).at_head
    assert users(database) == ["first"]


def test_a_manifest_that_is_lost_does_not_matter(adopted: tuple[Database, Path]) -> None:
    database, backup = adopted
    backup.with_name(f"{backup.name}.json").unlink()
    undo_adoption(database.url)
    assert users(database) == ["first"]


def test_the_record_is_no_table_of_the_users(adopted: tuple[Database, Path], tmp_path: Path) -> None:
    database, _ = adopted
    assert status(database.url).unmanaged == ()
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    upgrade(fresh)
    assert check(database.url).findings == check(fresh).findings == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("amount = amount + 1", "amount = amount - 1"),
        ("note = 'acc'", "note = 'abb'"),
        ("note = CAST(note AS BLOB)", "amount = amount"),
        ("amount = 0.7059411899120002", "amount = amount"),
    ],
)
def test_changes_of_a_large_table_that_no_sum_shows_are_changes(file: Path, one: str, other: str) -> None:
    with Database(sa.make_url(f"sqlite:///{file}")) as database:
        database.execute("CREATE TABLE mine (id INTEGER PRIMARY KEY, note TEXT, amount REAL, updated_at TEXT)")
        numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001) "
        database.execute(f"{numbers} INSERT INTO mine SELECT i, 'abc', 0.7059411899120001, NULL FROM n")
        adopt_here(database)
        for number, change in ((1, one), (2, other)):
            database.execute(f"UPDATE mine SET {change} WHERE id = {number}")
        with pytest.raises(ChangedSince) as caught:
            undo_adoption(database.url)
        assert caught.value.place["tables"] == "mine"


def test_texts_that_are_no_utf_8_count_like_any_other(file: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{file}")) as database:
        database.execute("CREATE TABLE mine (note TEXT)")
        database.execute("INSERT INTO mine VALUES (CAST(x'ff61' AS TEXT))")
        adopt_here(database)
        database.execute("UPDATE mine SET note = CAST(x'fe61' AS TEXT)")
        with pytest.raises(ChangedSince):
            undo_adoption(database.url)
