"""A foreign key of an unmanaged table to a column that goes needs a yes, which drops the key and nothing else."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from cts_schema import adopt, plan_adoption, undo_adoption, upgrade
from cts_schema.adoption.dependents.sqlite.foreign_keys import Key, without
from cts_schema.exceptions import DecisionNeeded
from tests.legacy.census import census
from tests.support.databases import Database
from tests.support.state import catalogue_of

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

SETTINGS = (
    "CREATE TABLE system_settings (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT)",
    "INSERT INTO system_settings VALUES (1, 'a', 'x'), (2, 'b', 'y')",
    "CREATE TABLE exchange_connections (id INTEGER PRIMARY KEY, name TEXT NOT NULL, exchange TEXT NOT NULL)",
    "INSERT INTO exchange_connections VALUES (1, 'one', 'bybit')",
    "CREATE UNIQUE INDEX names ON exchange_connections (name)",
)


def made(database: Database, *statements: str) -> tuple[object, object]:
    for statement in (*SETTINGS, *statements):
        database.execute(statement)
    return everything(database)


def everything(database: Database) -> tuple[object, object]:
    with database.engine.connect() as connection:
        return census(connection), catalogue_of(database)


@pytest.mark.parametrize(
    ("column", "parent", "value"),
    [
        ("setting_id INTEGER", "system_settings (id)", "2"),
        ("setting_id INTEGER NOT NULL", "system_settings (id) ON DELETE CASCADE", "1"),
        ("name TEXT", "exchange_connections (name) ON UPDATE CASCADE", "'one'"),
        ("setting_id INTEGER", "system_settings", "2"),
    ],
)
def test_a_key_to_a_column_that_goes_is_dropped_by_the_yes_and_comes_back_by_an_undo(
    database: Database, column: str, parent: str, value: str
) -> None:
    before = made(
        database,
        f"CREATE TABLE my_overrides (id INTEGER PRIMARY KEY, {column} CONSTRAINT mine REFERENCES {parent}, "
        "connection_id INTEGER REFERENCES exchange_connections (id))",
        f"INSERT INTO my_overrides VALUES (1, {value}, 1), (2, {value}, NULL)",
        "CREATE INDEX my_index ON my_overrides (connection_id DESC)",
    )
    plan = plan_adoption(database.url)
    assert plan is not None
    assert [one["table"] for one in plan.as_dict()["decisions"]] == ["my_overrides"]
    with pytest.raises(DecisionNeeded, match="my_overrides"):
        upgrade(database.url)
    assert everything(database) == before
    adopt(database.url, yes=True)
    name = column.split()[0]
    assert [str(one) for (one,) in database.rows(f"SELECT {name} FROM my_overrides")] == [value.strip("'")] * 2
    kept = database.rows("SELECT payload FROM adoption_leftovers WHERE table_name = 'foreign key'")
    payload = kept[0][0] if isinstance(kept[0][0], dict) else json.loads(kept[0][0])
    assert "REFERENCES" in payload["definition"]
    database.execute("INSERT INTO my_overrides VALUES (3, NULL, '1')" if "NOT NULL" not in column else "SELECT 1")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        database.execute(f"INSERT INTO my_overrides VALUES (4, {value}, '77')")
    undo_adoption(database.url, discard_new=True)
    database.execute("DELETE FROM my_overrides WHERE id > 2")
    assert everything(database) == before


#: Tables of which some key leads to a column that goes.
DEFINITIONS = (
    "(id INTEGER PRIMARY KEY AUTOINCREMENT, setting_id INT REFERENCES system_settings(id) NOT NULL, n TEXT)",
    "(id INTEGER PRIMARY KEY AUTOINCREMENT, setting_id INT, n TEXT, -- mine, all of it\n"
    " /* ( */ FOREIGN KEY (setting_id) REFERENCES system_settings(id) ON DELETE SET NULL DEFERRABLE)",
    "(id TEXT PRIMARY KEY, setting_id INT, n TEXT CHECK (n <> ','), CONSTRAINT k FOREIGN KEY (setting_id)\n"
    '  REFERENCES [system_settings] ("id") MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE, UNIQUE (n))'
    " WITHOUT ROWID",
    "(id INTEGER, setting_id INT, n TEXT DEFAULT 'REFERENCES x(y)', g INT AS (setting_id + 1) STORED,"
    " FOREIGN KEY (setting_id) REFERENCES system_settings(id) CONSTRAINT c CHECK (setting_id > 0))",
    "(id INTEGER PRIMARY KEY DESC, setting_id INT CONSTRAINT a CONSTRAINT b REFERENCES system_settings(id)"
    " COLLATE NOCASE, n TEXT NOT NULL DEFAULT ')')",
    "(id INTEGER PRIMARY KEY, setting_id INT REFERENCES system_settings /* ( */ (id) -- a comment\n"
    "  ON /* , */ DELETE\n SET -- and another\n NULL ON UPDATE CASCADE UNIQUE, n TEXT)",
    "(id INTEGER PRIMARY KEY, setting_id INT REFERENCES system_settings(id), n TEXT, "
    + ", ".join(f"x{number} REAL" for number in range(1900))
    + ")",
)


@on_sqlite
def test_a_table_of_sqlite_loses_a_key_and_nothing_else(database: Database) -> None:
    made(database)
    queries = []
    for number, definition in enumerate(DEFINITIONS):
        name = f"my_{number}"
        for statement in (
            f"CREATE TABLE {name} {definition}",
            f"INSERT INTO {name} (id, setting_id, n) VALUES (7, 1, 'a'), (9, 2, 'b')",
            f"DELETE FROM {name} WHERE id = 9",
            f"CREATE INDEX {name}_i ON {name} (n DESC) WHERE n <> 'x'",
            f"CREATE VIEW {name}_v AS SELECT n FROM {name}",
            f"CREATE TRIGGER {name}_r AFTER INSERT ON {name} BEGIN DELETE FROM {name} WHERE n = 'gone'; END",
        ):
            database.execute(statement.replace(":", r"\:"))
        queries += [
            f"SELECT type, name, sql FROM sqlite_master WHERE tbl_name = '{name}' AND type <> 'table' ORDER BY 1, 2",
            f"SELECT * FROM pragma_table_xinfo('{name}')",
            f"SELECT * FROM {name}",
            f"SELECT typeof(id) FROM {name}",
            f"SELECT name, origin, partial FROM pragma_index_list('{name}') ORDER BY 1",
            f"SELECT * FROM pragma_index_info('{name}')",  # whose key it is without a rowid
            *([f"SELECT seq FROM sqlite_sequence WHERE name = '{name}'"] if "AUTOINCREMENT" in definition else []),
            *([f"SELECT rowid FROM {name}"] if "WITHOUT" not in definition else []),
        ]
    before = [database.rows(query) for query in queries]
    adopt(database.url, yes=True)
    assert [database.rows(query) for query in queries] == before
    assert database.rows("PRAGMA integrity_check") == [("ok",)]
    for number in range(len(DEFINITIONS)):
        assert database.rows(f"SELECT * FROM pragma_foreign_key_list('my_{number}')") == []
        assert "REFERENCES system" not in database.value(f"SELECT sql FROM sqlite_master WHERE name = 'my_{number}'")


@on_sqlite
def test_a_table_that_needs_its_application_loses_a_key_too(database: Database) -> None:
    made(database)
    with closing(sqlite3.connect(str(database.engine.url.database))) as connection:
        connection.create_function("ours", 1, lambda text: text, deterministic=True)
        connection.create_collation("ours", lambda one, other: (one > other) - (one < other))
        connection.executescript(
            "CREATE TABLE mine (id TEXT COLLATE ours PRIMARY KEY, n TEXT CHECK (ours(n) <> ''), g AS (ours(n)) STORED, "
            "setting_id INTEGER REFERENCES system_settings (id));"
            "CREATE INDEX mine_i ON mine (ours(n)); CREATE INDEX mine_j ON mine (n COLLATE ours);"
            "INSERT INTO mine (id, n, setting_id) VALUES ('a', 'x', 1), ('b', 'y', 2);"
            "CREATE TRIGGER of_mine AFTER INSERT ON exchange_connections "
            "BEGIN INSERT INTO mine (id, n) VALUES (new.id, new.name); END"
        )
    before = database.rows("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'mine' AND type = 'index'")
    plan = plan_adoption(database.url)
    assert plan is not None
    assert [(one.kind, one.name) for one in plan.decisions] == [("foreign key", "of mine"), ("trigger", "of_mine")]
    # What writes to a table of ours writes to that one, and only the application can.
    assert "only an application has it" in plan.decisions[1].cause
    adopt(database.url, yes=True)
    assert database.rows("SELECT * FROM pragma_foreign_key_list('mine')") == []
    assert database.rows("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'mine' AND type = 'index'") == before
    assert database.rows("SELECT rowid, n, g, setting_id FROM mine ORDER BY rowid") == [
        (1, "x", "x", 1),
        (2, "y", "y", 2),
    ]


def test_only_the_keys_in_question_are_cut_out_of_a_definition() -> None:
    of_a, of_b, of_both = (
        "a REFERENCES p(x)",
        "b REFERENCES q ON DELETE CASCADE",
        "FOREIGN KEY (a, b) REFERENCES r(c, d)",
    )
    made = f"CREATE TABLE t ({of_a}, {of_b} UNIQUE, {of_both})"
    keys = [Key("t", number, (), "", (), "") for number in range(3)]
    assert without(made, [keys[0]]) == f"CREATE TABLE t ({of_a}, {of_b} UNIQUE)"
    assert without(made, [keys[1]]) == f"CREATE TABLE t ({of_a}, b UNIQUE, {of_both})"
    assert without(made, keys) == "CREATE TABLE t (a, b UNIQUE)"
