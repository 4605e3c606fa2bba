"""A foreign key of an unmanaged table to a column that goes needs a yes, which drops the key and nothing else."""

from __future__ import annotations

import json

import pytest

from cts_schema import adopt, plan_adoption, undo_adoption, upgrade
from cts_schema.adoption.dependents.keys_on_sqlite import Key, without
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


@on_sqlite
@pytest.mark.parametrize(
    "definition",
    [
        "my_t (id INTEGER PRIMARY KEY AUTOINCREMENT, setting_id INT REFERENCES system_settings(id) NOT NULL, n TEXT)",
        "my_t (id INTEGER PRIMARY KEY AUTOINCREMENT, setting_id INT, n TEXT, -- mine, all of it\n"
        " /* ( */ FOREIGN KEY (setting_id) REFERENCES system_settings(id) ON DELETE SET NULL DEFERRABLE)",
        "my_t (id TEXT PRIMARY KEY, setting_id INT, n TEXT CHECK (n <> ','), CONSTRAINT k FOREIGN KEY (setting_id)\n"
        '  REFERENCES [system_settings] ("id") MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE, UNIQUE (n))'
        " WITHOUT ROWID",
        "my_t (id INTEGER, setting_id INT, n TEXT DEFAULT 'REFERENCES x(y)', g INT AS (setting_id + 1) STORED,"
        " FOREIGN KEY (setting_id) REFERENCES system_settings(id) CONSTRAINT c CHECK (setting_id > 0))",
        "my_t (id INTEGER PRIMARY KEY DESC, setting_id INT CONSTRAINT a CONSTRAINT b REFERENCES system_settings(id)"
        " COLLATE NOCASE, n TEXT NOT NULL DEFAULT ')')",
    ],
)
def test_a_table_of_sqlite_loses_a_key_and_nothing_else(database: Database, definition: str) -> None:
    made(
        database,
        f"CREATE TABLE {definition}",
        "INSERT INTO my_t (id, setting_id, n) VALUES (7, 1, 'a'), (9, 2, 'b')",
        "DELETE FROM my_t WHERE id = 9",
        "CREATE INDEX my_i ON my_t (n DESC) WHERE n <> 'x'",
        "CREATE VIEW my_v AS SELECT n FROM my_t",
        "CREATE TRIGGER my_r AFTER INSERT ON my_t BEGIN DELETE FROM my_t WHERE n = 'gone'; END",
    )
    queries = (
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'my_t' AND type <> 'table' ORDER BY 1, 2",
        "SELECT * FROM pragma_table_xinfo('my_t')",
        "SELECT typeof(id), * FROM my_t",
        "SELECT name, wr, strict FROM pragma_table_list('my_t')",
        "SELECT name, origin, partial FROM pragma_index_list('my_t') ORDER BY 1",
        *(["SELECT seq FROM sqlite_sequence WHERE name = 'my_t'"] if "AUTOINCREMENT" in definition else []),
        *(["SELECT rowid FROM my_t"] if "WITHOUT" not in definition else []),
    )
    before = [database.rows(query) for query in queries]
    adopt(database.url, yes=True)
    assert [database.rows(query) for query in queries] == before
    assert database.rows("SELECT * FROM pragma_foreign_key_list('my_t')") == []
    assert "REFERENCES system" not in database.value("SELECT sql FROM sqlite_master WHERE name = 'my_t'")


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
