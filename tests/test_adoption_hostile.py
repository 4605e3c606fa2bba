"""A SQLite file that somebody prepared: nothing in its schema is called, and a file that only looks odd is adopted."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import adopt, backup, check, plan_adoption, rehearse, repair, status, undo_adoption, upgrade
from cts_schema.database.engines import migration_engine
from cts_schema.dialects.sqlite.untrusted import distrusted
from cts_schema.exceptions import BackupDamaged, NoAdoption, SchemaError
from cts_schema.maintenance import files
from tests.test_adoption_rules import CONNECTIONS

# Each calls something when a row is written, read through a view, or checked.
TRAPS = """
    CREATE TRIGGER before_a AFTER INSERT ON exchange_connections BEGIN SELECT trap(new.name); END;
    CREATE TRIGGER before_b BEFORE DELETE ON exchange_connections BEGIN SELECT trap(old.name); END;
    CREATE TRIGGER before_c AFTER UPDATE ON exchange_connections BEGIN SELECT trap(old.name); END;
    CREATE VIEW all_of_them AS SELECT trap(name) FROM exchange_connections;
    CREATE TRIGGER instead INSTEAD OF INSERT ON all_of_them BEGIN SELECT trap(1); END;
    CREATE TABLE notes (note TEXT CHECK (trap(note) IS NOT NULL), again TEXT AS (trap(note)) NOT NULL);
    CREATE INDEX own ON notes (trap(note));
"""


def prepared(file: Path, script: str) -> Path:
    with closing(sqlite3.connect(file)) as old:
        old.create_function("trap", 1, str, deterministic=True)
        old.executescript(f"{CONNECTIONS}; INSERT INTO exchange_connections VALUES (1, 'main', 'bybit'); {script}")
        old.executescript("INSERT INTO notes (note) VALUES ('x')" if "notes" in script else "")
    return file


def objects(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())


def engine_of_the_application(file: Path, called: list[Any]) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("trap", 1, called.append, deterministic=True)

    sa.event.listen(engine, "connect", connected)
    return engine


def test_no_function_that_a_file_names_is_called_by_an_adoption(tmp_path: Path) -> None:
    file, called = prepared(tmp_path / "cts.db", TRAPS), list[Any]()
    engine = engine_of_the_application(file, called)
    before = objects(file)
    assert plan_adoption(engine) is not None
    assert adopt(engine, yes=True).adopted is not None
    assert called == []
    after = objects(file)
    assert {name: after[name] for name in ("all_of_them", "notes", "own")} == {
        name: before[name] for name in ("all_of_them", "notes", "own")
    }


def test_while_a_schema_is_not_trusted_it_calls_nothing_that_may_do_harm(tmp_path: Path) -> None:
    file, called = prepared(tmp_path / "cts.db", TRAPS.partition("CREATE TABLE")[0]), list[Any]()
    with migration_engine(sa.make_url(f"sqlite:///{file}")).connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.create_function("trap", 1, called.append, deterministic=True)
        with distrusted(connection), pytest.raises(sa.exc.OperationalError, match="unsafe use of trap"):
            connection.exec_driver_sql("SELECT * FROM all_of_them").all()
    assert called == []


def test_a_file_with_traps_is_planned_checked_copied_and_rehearsed(tmp_path: Path) -> None:
    traps = """
        CREATE VIEW all_of_them AS SELECT load_extension(name), fts3_tokenizer('simple', x'00')
            FROM exchange_connections;
        CREATE TRIGGER instead INSTEAD OF INSERT ON all_of_them BEGIN SELECT load_extension('/nowhere.so'); END;
        CREATE TRIGGER own AFTER INSERT ON exchange_connections BEGIN SELECT load_extension('/nowhere.so'); END;
        CREATE TABLE mine (note TEXT CHECK (load_extension(note) IS NULL));
        CREATE VIEW round AS SELECT * FROM round_again;
        CREATE VIEW round_again AS SELECT * FROM round"""
    file = prepared(tmp_path / "cts.db", traps)
    url, before = f"sqlite:///{file}", objects(file)
    assert plan_adoption(url) is not None
    check(url)
    backup(url, tmp_path / "copy.db")
    assert rehearse(url, yes=True).adopted is not None
    assert objects(file) == before
    assert adopt(url, yes=True).adopted is not None
    with closing(sqlite3.connect(file)) as new:
        assert new.execute("SELECT id, name FROM exchange_connections").fetchall() == [("1", "main")]


WRITABLE = "PRAGMA writable_schema = ON; INSERT INTO sqlite_master "
VIEW_OF_A_RECORD = "CREATE VIEW cts_adoption_state AS SELECT 1 AS id, 'x' AS backup, 'y' AS sha256, '{}' AS state"
UNREADABLE = {
    "a name that is no text": WRITABLE + "VALUES ('view', x'ff', 'v', 0, 'CREATE VIEW v AS SELECT 1')",
    "a name in another encoding": WRITABLE
    + "SELECT 'view', a, a, 0, 'CREATE VIEW ' || a || ' AS SELECT 1' FROM (SELECT CAST(x'e9' AS TEXT) AS a)",
    "a table of a module that is not there": WRITABLE
    + "VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING somebodys(a)')",
    "a name with a NUL": WRITABLE + "SELECT 'table', a, a, 0, 'CREATE TABLE v (a)' FROM (SELECT 'a' || char(0) AS a)",
    "a table without a statement": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = NULL",
    "a table in the place of another": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 1",
    "a record of an adoption that is none": "CREATE TABLE cts_adoption_state (a)",
    "a view as the record of an adoption": VIEW_OF_A_RECORD,
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_file_that_cannot_be_adopted_is_refused_in_words_and_left_as_it_was(what: str, tmp_path: Path) -> None:
    file = prepared(tmp_path / "cts.db", UNREADABLE[what])
    url, before = f"sqlite:///{file}", file.read_bytes()
    with pytest.raises(SchemaError) as caught:
        adopt(url, yes=True)
    assert caught.value.exit_code == 3
    for command in (status, check, plan_adoption, repair, upgrade, lambda url: backup(url, tmp_path / "copy.db")):
        try:
            command(url)
        except SchemaError as error:
            assert error.exit_code == 3  # noqa: PT017  some of them need not look at what is wrong
    assert file.read_bytes() == before


def test_an_undo_takes_no_file_from_elsewhere(tmp_path: Path) -> None:
    file = prepared(tmp_path / "cts.db", "")
    url = f"sqlite:///{file}"
    adopt(url, yes=True)
    other = tmp_path / "other.db"
    backup(url, other)
    with closing(sqlite3.connect(file)) as connection:
        sum_ = files.sha256(other)
        connection.execute("UPDATE cts_adoption_state SET backup = ?, sha256 = ?", (str(other), sum_))
        connection.commit()
    with pytest.raises(BackupDamaged, match="is not there"):
        undo_adoption(url, discard_new=True)


@pytest.mark.parametrize("own", ["CREATE TABLE cts_adoption_state (a)", VIEW_OF_A_RECORD])
def test_an_undo_takes_nothing_of_others_for_the_record_of_an_adoption(own: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    upgrade(url)
    with closing(sqlite3.connect(tmp_path / "cts.db")) as connection:
        connection.execute(own)
    with pytest.raises(NoAdoption):
        undo_adoption(url)


def test_rows_that_a_table_does_not_allow_are_no_damage_whatever_its_columns_are_called(tmp_path: Path) -> None:
    file = prepared(
        tmp_path / "cts.db",
        """CREATE TABLE mine ("a\nnew line" TEXT); INSERT INTO mine VALUES ('1'); PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'INTEGER') WHERE name = 'mine'""",
    )
    url = f"sqlite:///{file}"
    backup(url, tmp_path / "copy.db")
    adopt(url, yes=True)
    [finding] = (one for one in check(url).findings if one.code in ("corrupt", "refused-values"))
    assert (finding.code, finding.where, finding.count) == ("refused-values", "mine.a\nnew line", 1)


def test_a_legacy_file_that_computes_with_json_and_reads_its_own_schema_is_adopted(tmp_path: Path) -> None:
    file = prepared(
        tmp_path / "cts.db",
        """
        CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, settings TEXT
            CHECK (json_valid(settings)), theme TEXT AS (json_extract(settings, '$.theme')));
        INSERT INTO users (id, username, password_hash, settings) VALUES (1, 'me', 'x', '{"theme": "dark"}');
        CREATE VIEW own AS SELECT name, random() AS chance FROM pragma_table_info('users')""",
    )
    definition = objects(file)["own"]
    assert upgrade(f"sqlite:///{file}").adopted is not None
    assert objects(file)["own"] == definition
    with closing(sqlite3.connect(file)) as new:
        assert "username" in {name for name, _ in new.execute("SELECT * FROM own")}
        payload = new.execute("SELECT payload FROM adoption_leftovers WHERE table_name = 'users'").fetchone()[0]
    assert json.loads(payload) == {"settings": '{"theme": "dark"}', "theme": "dark"}
