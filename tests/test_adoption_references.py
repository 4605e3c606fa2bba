"""References of unmanaged tables to keys that change or go: they lead where they led, or a person decides."""

from __future__ import annotations

import pytest

from cts_schema import adopt, check, plan_adoption, undo_adoption
from tests.support.databases import Database
from tests.test_adoption_unmanaged import comes_in, decided, everything, left_over, made

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


def test_a_reference_to_a_key_that_its_row_loses_is_a_decision(database: Database) -> None:
    """An empty address says nothing any more, and a pair of an exchange that is not there has none."""
    before = made(
        database,
        "DELETE FROM pseudo_positions",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT UNIQUE, password_hash TEXT)",
        "INSERT INTO users VALUES (1, 'a', '', 'x'), (2, 'b', 'b@b', 'x')",
        "CREATE TABLE my_mails (id INTEGER PRIMARY KEY, email TEXT REFERENCES users (email))",
        "INSERT INTO my_mails VALUES (1, ''), (2, 'b@b'), (3, NULL)",
        "CREATE TABLE trading_pairs (id INTEGER PRIMARY KEY, exchange_id INTEGER, symbol TEXT, base_currency TEXT, "
        "quote_currency TEXT, UNIQUE (exchange_id, symbol))",
        "INSERT INTO trading_pairs VALUES (1, 9, 'BTC', 'B', 'U')",
        "CREATE TABLE my_pairs (id INTEGER PRIMARY KEY, e INTEGER NOT NULL, s TEXT NOT NULL, "
        "FOREIGN KEY (e, s) REFERENCES trading_pairs (exchange_id, symbol))",
        "INSERT INTO my_pairs VALUES (1, 9, 'BTC')",
    )
    assert decided(database) == {"my_mails": 1, "my_pairs": 1}
    assert "email refers to rows of users whose key goes" in str(plan_adoption(database.url))
    comes_in(database, before)
    assert database.rows("SELECT id, email FROM my_mails ORDER BY id") == [(1, None), (2, "b@b"), (3, None)]
    assert left_over(database, "my_mails") == {("orphan", '{"email": ""}'): 1}
    assert left_over(database, "my_pairs") == {("orphan", '{"e": 9, "id": 1, "s": "BTC"}'): 1}
    undo_adoption(database.url)
    assert everything(database) == before


def test_tables_whose_own_keys_refer_follow_their_parent_one_after_the_other(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_first (position_id INTEGER PRIMARY KEY REFERENCES pseudo_positions (id))",
        "CREATE TABLE my_second (first_id INTEGER DEFAULT 1 PRIMARY KEY REFERENCES my_first ON DELETE RESTRICT)",
        "CREATE TABLE my_third (id INTEGER PRIMARY KEY, second_id INTEGER NOT NULL REFERENCES my_second (first_id) "
        "ON DELETE CASCADE, up INTEGER REFERENCES my_second (first_id))",
        "INSERT INTO my_first VALUES (1), (2), (3)",
        "INSERT INTO my_second VALUES (1), (2), (3)",
        "INSERT INTO my_third VALUES (1, 1, 2), (2, 2, 1), (3, 3, NULL)",
    )
    assert decided(database) == {"pseudo_positions": 2, "my_first": 2, "my_second": 2, "my_third": 3} or (
        decided(database) == {"my_first": 2, "my_second": 2, "my_third": 3}
    )
    comes_in(database, before)
    assert [str(one) for (one,) in database.rows("SELECT first_id FROM my_second")] == ["1"]
    assert [(row[0], str(row[1]), row[2]) for row in database.rows("SELECT * FROM my_third")] == [(1, "1", None)]
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        database.execute("INSERT INTO my_third VALUES (4, '77', NULL)")
    undo_adoption(database.url)
    assert everything(database) == before


@on_postgresql
def test_a_column_stays_a_number_where_the_one_that_it_refers_to_does(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_first (position_id INTEGER PRIMARY KEY REFERENCES pseudo_positions (id), "
        "CHECK (position_id < 10))",
        "CREATE TABLE my_second (first_id INTEGER REFERENCES my_first)",
        "INSERT INTO my_first VALUES (1)",
        "INSERT INTO my_second VALUES (1)",
    )
    plan = plan_adoption(database.url)
    assert plan is not None
    assert {one.name for one in plan.decisions if one.kind != "rows"} == {
        "my_first.position_id",
        "my_first_position_id_fkey of my_first",
    }
    comes_in(database, before)
    [payload] = [row[0] for row in database.rows("SELECT payload FROM adoption_leftovers WHERE table_name = 'column'")]
    assert payload["definition"] == "position_id integer"
    with pytest.raises(Exception, match="foreign key"):
        database.execute("INSERT INTO my_second VALUES (2)")
    undo_adoption(database.url)
    assert everything(database) == before


@on_postgresql
def test_keys_that_were_numbers_of_any_type_are_referred_to_as_before(database: Database) -> None:
    for statement in (
        "CREATE DOMAIN money_like AS numeric(10, 2)",
        "CREATE TABLE presets (id NUMERIC(30, 3) PRIMARY KEY, name TEXT)",
        "INSERT INTO presets VALUES (1.5, 'a'), (7, 'b'), (1e20, 'c'), ('NaN', 'd')",
        "CREATE TABLE my_numbers (id INTEGER PRIMARY KEY, a money_like REFERENCES presets, b NUMERIC REFERENCES "
        "presets, c SMALLINT REFERENCES presets)",
        "INSERT INTO my_numbers VALUES (1, 1.5, 1e20, 7), (2, 7, 'NaN', NULL)",
        "CREATE TABLE preset_types (id DOUBLE PRECISION PRIMARY KEY, name TEXT)",
        "INSERT INTO preset_types VALUES (1e22, 'a'), (0.1::real, 'b'), (7, 'c'), (1e-7, 'd')",
        "CREATE TABLE my_reals (id INTEGER PRIMARY KEY, a DOUBLE PRECISION REFERENCES preset_types, "
        "b REAL REFERENCES preset_types)",
        "INSERT INTO my_reals VALUES (1, 1e22, 0.1), (2, 1e-7, 7)",
    ):
        database.execute(statement)
    before = everything(database)
    assert decided(database) == {}
    adopt(database.url)
    assert [one for one in check(database.url, deep=True).findings if one.code == "orphans"] == []
    assert database.rows("SELECT a, b, c FROM my_numbers ORDER BY id") == [
        ("1.5", "100000000000000000000", "7"),
        ("7", "NaN", None),
    ]
    assert database.rows("SELECT a, b FROM my_reals ORDER BY id") == [
        ("10000000000000000000000", "0.10000000149011612"),
        ("1e-07", "7"),
    ]
    assert database.rows("SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated") == []
    undo_adoption(database.url)
    assert everything(database) == before


@on_postgresql
def test_a_materialized_view_or_a_table_that_inherits_changes_nothing_for_others(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_notes (id INTEGER PRIMARY KEY, position_id INTEGER REFERENCES pseudo_positions)",
        "INSERT INTO my_notes VALUES (1, 2)",
        "CREATE MATERIALIZED VIEW my_summary AS SELECT position_id FROM my_notes",
        "CREATE TABLE my_all (id INTEGER, position_id INTEGER REFERENCES pseudo_positions)",
        "CREATE TABLE my_old (note TEXT) INHERITS (my_all)",
        "INSERT INTO my_all VALUES (1, 2), (2, 1)",
        "INSERT INTO my_old VALUES (3, 2, 'no key binds this'), (4, 77, '')",
    )
    assert {name: rows for name, rows in decided(database).items() if rows} == {"my_all": 1}
    comes_in(database, before)
    assert database.rows("SELECT position_id FROM my_summary") == [(2,)]
    assert database.rows("SELECT id, position_id FROM ONLY my_all ORDER BY id") == [(1, None), (2, "1")]
    assert database.rows("SELECT id, position_id FROM my_old ORDER BY id") == [(3, "2"), (4, "77")]
    undo_adoption(database.url)
    assert everything(database) == before


@on_sqlite
def test_a_trigger_that_does_not_fire_in_an_adoption_stops_none(database: Database) -> None:
    before = made(
        database,
        "CREATE VIRTUAL TABLE my_search USING fts5 (note)",
        "CREATE TABLE my_notes (id INTEGER PRIMARY KEY, position_id INTEGER NOT NULL REFERENCES pseudo_positions (id))",
        "INSERT INTO my_notes VALUES (1, 1), (2, 2)",
        "CREATE TRIGGER searched AFTER DELETE ON my_notes BEGIN INSERT INTO my_search VALUES (old.id); END",
        "CREATE TRIGGER ours AFTER DELETE ON my_notes BEGIN SELECT only_an_application_has_it(old.id); END",
    )
    assert decided(database)["my_notes"] == 1
    comes_in(database, before)
    assert database.rows("SELECT id FROM my_notes") == [(1,)]
    assert database.rows("SELECT * FROM my_search") == []
    undo_adoption(database.url)
    assert everything(database) == before


def test_a_row_of_an_absorbed_table_that_two_things_refuse_is_left_over_once(database: Database) -> None:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'a', 'x'), (2, NULL, 'y')")
    database.execute(
        "CREATE TABLE exchange_connections_new (id TEXT PRIMARY KEY, name TEXT, exchange TEXT, "
        "user_id INTEGER NOT NULL REFERENCES users (id))"
    )
    database.execute("INSERT INTO exchange_connections_new VALUES ('n2', NULL, 'b', 2)")
    adopted = adopt(database.url, yes=True).adopted
    assert adopted is not None
    left = database.rows("SELECT table_name, row_key FROM adoption_leftovers ORDER BY 1")
    assert left == [("exchange_connections_new", "n2"), ("users", "2")]
    assert adopted.refused == 2
