"""Legacy databases of unusual shapes: very wide ones, odd keys, and what only some application can compute."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cts_schema import adopt, backup, check, plan_adoption, status, undo_adoption, upgrade
from cts_schema.exceptions import AdoptionBlocked
from tests.support.databases import Database
from tests.test_adoption_rules import CONNECTIONS, adopted, left_over
from tests.test_adoption_unmanaged import comes_in, everything

MAIN = "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')"


@pytest.mark.parametrize(("kind", "columns"), [("sqlite", 1997), ("postgresql", 1590)], indirect=["kind"])
def test_a_table_may_have_as_many_columns_of_its_own_as_the_database_takes(database: Database, columns: int) -> None:
    own = [f"x{number}" for number in range(columns)]
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, "
        + ", ".join(f"{name} TEXT" for name in own)
        + ")",
        f"INSERT INTO users (id, username, password_hash, {own[0]}, {own[999]}, {own[-1]}) "
        "VALUES (1, 'me', 'x', 'first', 'middle', 'last')",
        f"INSERT INTO users (id, {own[1]}) VALUES (2, 'of a row that cannot be kept')",
    )
    assert left_over(database) == [
        ("users", "1", "no_column", {own[0]: "first", own[999]: "middle", own[-1]: "last"}),
        ("users", "2", "null", {"id": 2, own[1]: "of a row that cannot be kept"}),
    ]


def test_a_foreign_key_may_name_its_parent_alone_beside_one_that_names_its_column(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        MAIN,
        "CREATE TABLE mine (id INTEGER PRIMARY KEY, c INTEGER REFERENCES exchange_connections, "
        "FOREIGN KEY (c) REFERENCES exchange_connections (id))",
        "INSERT INTO mine VALUES (1, 1)",
    )
    assert [str(row[1]) for row in database.rows("SELECT id, c FROM mine")] == ["1"]
    undo_adoption(database.url)
    assert database.rows("SELECT id, c FROM mine") == [(1, 1)]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("id TEXT PRIMARY KEY", "('abc', {0}), ('1', {0}), ('2', {0}), ('3', {1})"),
        ("id INTEGER PRIMARY KEY", "(1, {0}), (2, {0}), (3, {1})"),
        ("note TEXT", "('first', {0}), ('second', {1})"),
    ],
)
def test_leftovers_that_are_there_stay_whatever_their_ids_are(database: Database, columns: str, rows: str) -> None:
    facts = "'orders', 'k', 'type', '{}', 'of mine'"
    odd = "'orders', 'k', 'not a reason', '{}', 'of mine'"
    adopted(
        database,
        f"CREATE TABLE adoption_leftovers ({columns}, table_name TEXT, row_key TEXT, reason TEXT, "
        "payload TEXT, x TEXT)",
        f"INSERT INTO adoption_leftovers VALUES {rows.format(facts, odd)}",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, x TEXT)",
        "INSERT INTO users VALUES (1, 'a', 'x', 'of a user')",
    )
    count = rows.count("(")
    found = left(database)
    assert database.value("SELECT count(*) FROM adoption_leftovers WHERE table_name = 'orders'") == count - 1
    assert [payload["reason"] for _, reason, payload in found if reason == "check"] == ["not a reason"]
    assert ("users", "no_column", {"x": "of a user"}) in found


def left(database: Database) -> list[tuple[str, str, Any]]:
    rows = database.rows("SELECT table_name, reason, payload FROM adoption_leftovers")
    return [(*row[:2], json.loads(row[2]) if isinstance(row[2], str) else row[2]) for row in rows]


def test_the_last_number_that_there_is_does_not_stop_the_numbers_of_leftovers(database: Database) -> None:
    last = 2**63 - 1
    adopted(
        database,
        "CREATE TABLE adoption_leftovers (id BIGINT PRIMARY KEY, table_name TEXT, reason TEXT, payload TEXT)",
        f"INSERT INTO adoption_leftovers VALUES ({last}, 'orders', 'type', '{{}}')",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, x TEXT)",
        "INSERT INTO users VALUES (1, 'a', 'x', 'of a user')",
    )
    assert ("users", "no_column", {"x": "of a user"}) in left(database)
    numbers = {row[0] for row in database.rows("SELECT id FROM adoption_leftovers")}
    assert last in numbers | {payload.get("id") for _, _, payload in left(database)}


# What an application registers is not there when this package opens the file.
def file_of_an_application(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as old:
        old.create_function("in_words", 1, str, deterministic=True)
        old.create_collation(
            "as we sort", lambda one, other: (one.lower() > other.lower()) - (one.lower() < other.lower())
        )
        old.executescript(f"{CONNECTIONS}; {MAIN}; {script}")
    return path


ROWS = "INSERT INTO users (id, username, password_hash) VALUES (1, 'a', 'x'), (2, 'B', 'y')"
CARRIED = {
    "of old tables": f"""
        CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT COLLATE "as we sort" UNIQUE CHECK (in_words(username)
            <> ''), password_hash TEXT, w TEXT AS (in_words(username)) STORED);
        {ROWS};
        CREATE INDEX of_function ON users (in_words(username));
        CREATE INDEX of_some ON users (id) WHERE in_words(username) = 'a';
        CREATE INDEX of_order ON users (password_hash COLLATE [as we sort]);
        CREATE VIEW own AS SELECT in_words(username) FROM users ORDER BY username COLLATE 'as we sort'""",
    "of a key": """
        CREATE TABLE users (id TEXT COLLATE `as we sort` PRIMARY KEY, username TEXT, password_hash TEXT) WITHOUT ROWID;
        INSERT INTO users VALUES ('a', 'a', 'x'), ('B', 'B', 'y')""",
    "of own tables": f"""
        CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT);
        {ROWS};
        CREATE TABLE own_a (a TEXT COLLATE "as we sort" UNIQUE, c TEXT REFERENCES exchange_connections (id));
        INSERT INTO own_a VALUES ('x', '1'), ('Y', NULL), ('a', NULL), ('B', NULL);
        CREATE TABLE own_b (a TEXT COLLATE "as we sort" PRIMARY KEY REFERENCES own_a (a)) WITHOUT ROWID;
        INSERT INTO own_b VALUES ('a'), ('B'), ('x');
        CREATE TABLE own_c (a TEXT CHECK (in_words(a) = 'x'), w TEXT AS (in_words(a)) NOT NULL);
        INSERT INTO own_c (a) VALUES ('x'), ('x');
        CREATE INDEX own_d ON own_c (in_words(a));
        CREATE INDEX own_e ON own_c (a COLLATE "as we sort")""",
}


@pytest.mark.parametrize("script", CARRIED.values(), ids=CARRIED)
def test_what_only_an_application_computes_or_sorts_is_carried_without_being_asked(script: str, tmp_path: Path) -> None:
    file = file_of_an_application(tmp_path / "cts.db", script)
    url = f"sqlite:///{file}"
    before = made(file)
    assert upgrade(url).adopted is not None
    with closing(sqlite3.connect(file)) as new:
        found = new.execute("SELECT username, password_hash FROM users ORDER BY password_hash").fetchall()
    assert found == [("a", "x"), ("B", "y")]
    assert {one for one in before if one[0].startswith("own")} <= made(file)
    assert status(url).at_head
    assert "corrupt" not in {finding.code for finding in check(url, deep=True).findings}
    backup(url, tmp_path / "copy.db")
    undo_adoption(url)
    assert made(file) == before


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_functions_and_collations_of_postgresql_stay_in_what_is_carried_over(database: Database) -> None:
    for statement in (
        "CREATE FUNCTION in_words(TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'",
        'CREATE COLLATION "as we sort" FROM "C"',
        'CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT COLLATE "as we sort" UNIQUE '
        "CHECK (in_words(username) <> ''), password_hash TEXT, w TEXT GENERATED ALWAYS AS (in_words(username)) STORED)",
        "INSERT INTO users (id, username, password_hash) VALUES (1, 'a', 'x'), (2, 'B', 'y'), (3, 'c', NULL)",
        "CREATE INDEX of_function ON users (in_words(username)) WHERE in_words(username) = 'a'",
        'CREATE INDEX of_order ON users (password_hash COLLATE "as we sort")',
        'CREATE VIEW own AS SELECT in_words(username) AS name FROM users ORDER BY username COLLATE "as we sort"',
        "CREATE TABLE own_a (a TEXT COLLATE \"as we sort\" PRIMARY KEY CHECK (in_words(a) <> 'z'), user_id INTEGER "
        "REFERENCES users (id), w TEXT GENERATED ALWAYS AS (in_words(a)) STORED)",
        "CREATE UNIQUE INDEX own_b ON own_a (in_words(a))",
        "INSERT INTO own_a (a, user_id) VALUES ('A', 1), ('b', 3)",
    ):
        database.execute(statement)
    before = everything(database)
    own = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'own%' ORDER BY 1"
    indexes = database.rows(own)
    comes_in(database, before)
    assert database.rows("SELECT name FROM own") == [("b",), ("a",)]
    assert database.rows("SELECT a, user_id, w FROM own_a ORDER BY a") == [("A", "1", "a"), ("b", None, "b")]
    assert database.rows(own) == indexes
    assert ("users", "no_column", {"w": "b"}) in left(database)
    undo_adoption(database.url)
    assert everything(database) == before


def made(file: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master").fetchall())


def test_a_column_that_only_an_application_computes_stops_the_adoption_by_name(tmp_path: Path) -> None:
    columns = "id INTEGER PRIMARY KEY, username TEXT, w TEXT AS (in_words(username)), password_hash TEXT"
    script = f"CREATE TABLE users ({columns}); {ROWS}"
    file = file_of_an_application(tmp_path / "cts.db", script)
    plan = plan_adoption(f"sqlite:///{file}")
    assert plan is not None
    assert len(plan.blockers) == 1
    assert "users" in plan.blockers[0]
    assert "in_words" in plan.blockers[0]
    with pytest.raises(AdoptionBlocked, match="in_words"):
        adopt(f"sqlite:///{file}", yes=True)


def test_a_trigger_that_calls_a_function_of_an_application_is_a_decision(tmp_path: Path) -> None:
    script = "CREATE TRIGGER own AFTER UPDATE ON exchange_connections BEGIN SELECT in_words(new.name); END"
    file = file_of_an_application(tmp_path / "cts.db", script)
    plan = plan_adoption(f"sqlite:///{file}")
    assert plan is not None
    assert [decision for decision in map(str, plan.decisions) if "own" in decision and "in_words" in decision]
    adopt(f"sqlite:///{file}", yes=True)
    with closing(sqlite3.connect(file)) as new:
        payload = new.execute("SELECT payload FROM adoption_leftovers WHERE row_key = 'own'").fetchone()[0]
    assert "in_words(new.name)" in json.loads(payload)["definition"]
