"""Rows of unmanaged tables whose parents an adoption does not keep: counted, changed after a yes, and brought back."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cts_schema import adopt, check, finalize_adoption, plan_adoption, undo_adoption, upgrade
from cts_schema.exceptions import EXIT_DECISION, AdoptionBlocked, DecisionNeeded
from tests.legacy.census import census
from tests.support.databases import Database
from tests.support.state import catalogue_of

#: Position 2 has no symbol, position 3 a connection that is not there: neither can be kept.
OLD = (
    "CREATE TABLE exchange_connections (id INTEGER PRIMARY KEY, name TEXT NOT NULL, exchange TEXT NOT NULL)",
    "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL)",
    "INSERT INTO exchange_connections VALUES (1, 'a', 'bybit')",
    "INSERT INTO pseudo_positions VALUES (1, 1, 'BTC', 1), (2, 1, NULL, 1), (3, 9, 'ETH', 1)",
)


def made(database: Database, *statements: str) -> Any:
    for statement in (*OLD, *statements):
        database.execute(statement)
    return everything(database)


def everything(database: Database) -> Any:
    with database.engine.connect() as connection:
        return census(connection), catalogue_of(database)


def left_over(database: Database, table: str) -> Counter[tuple[str, str]]:
    """Return how often adoption_leftovers has which reason and which values of a table."""
    rows = database.rows("SELECT reason, payload FROM adoption_leftovers WHERE table_name = :table", {"table": table})
    found = [(reason, payload if isinstance(payload, dict) else json.loads(payload)) for reason, payload in rows]
    return Counter((reason, json.dumps(payload, sort_keys=True)) for reason, payload in found)


def decided(database: Database) -> dict[str, int]:
    """Return what the plan asks about: rows by table."""
    plan = plan_adoption(database.url)
    assert plan is not None
    found: Counter[str] = Counter()
    for one in json.loads(json.dumps(plan.as_dict()))["decisions"]:
        assert one["cause"]
        assert one["remedy"]
        assert one["text"] in str(plan)
        found[one["name"]] += one["rows"]
    return dict(found)


def comes_in(database: Database, before: Any) -> None:
    """Adopt with the yes that is needed."""
    with pytest.raises(DecisionNeeded):
        upgrade(database.url)
    assert everything(database) == before
    adopt(database.url, yes=True)
    assert [one for one in check(database.url, deep=True).findings if one.code == "orphans"] == []


def test_a_reference_that_may_be_missing_becomes_null_and_its_value_is_kept(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_notes (id INTEGER PRIMARY KEY, position_id INTEGER REFERENCES pseudo_positions, note TEXT)",
        "INSERT INTO my_notes VALUES (1, 1, 'stays'), (2, 2, 'two'), (3, NULL, ''), (5, 2, 'again')",
    )
    assert decided(database)["my_notes"] == 2
    assert "my_notes (2, 5)" in str(plan_adoption(database.url))
    comes_in(database, before)
    rows = database.rows("SELECT id, position_id, note FROM my_notes ORDER BY id")
    assert [(row[0], row[1] and str(row[1]), row[2]) for row in rows] == [
        (1, "1", "stays"),
        (2, None, "two"),
        (3, None, ""),
        (5, None, "again"),
    ]
    assert left_over(database, "my_notes") == {("orphan", '{"position_id": 2}'): 2}
    undo_adoption(database.url)
    assert everything(database) == before


def test_a_row_that_must_have_its_parent_goes_whole_and_so_does_what_refers_to_it(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_a (id TEXT PRIMARY KEY, position_id INTEGER NOT NULL REFERENCES pseudo_positions (id), "
        "up TEXT REFERENCES my_a (id), n NUMERIC)",
        "CREATE TABLE my_b (id INTEGER PRIMARY KEY, a_id TEXT NOT NULL REFERENCES my_a (id) ON DELETE CASCADE, "
        "position_id INTEGER REFERENCES pseudo_positions (id) ON DELETE SET NULL)",
        "CREATE TABLE my_c (b_id INTEGER REFERENCES my_b (id) ON DELETE CASCADE, note TEXT)",
        "INSERT INTO my_a VALUES ('kept', 1, NULL, 1.5), ('gone', 2, 'kept', 2), ('under', 1, 'gone', 0.1)",
        "INSERT INTO my_b VALUES (1, 'kept', 2), (2, 'gone', 1), (3, 'under', NULL)",
        "INSERT INTO my_c VALUES (1, 'x'), (2, 'y'), (2, 'y'), (3, NULL), (NULL, 'z')",
    )
    found = decided(database)
    assert {name: found[name] for name in ("my_a", "my_b", "my_c")} == {"my_a": 2, "my_b": 2, "my_c": 2}
    comes_in(database, before)
    assert database.rows("SELECT id, up FROM my_a ORDER BY id") == [("kept", None), ("under", None)]
    assert database.rows("SELECT id, a_id, position_id FROM my_b ORDER BY id") == [
        (1, "kept", None),
        (3, "under", None),
    ]
    assert Counter(database.rows("SELECT b_id, note FROM my_c")) == Counter(
        [(1, "x"), (None, "y"), (None, "y"), (3, None), (None, "z")]
    )
    assert left_over(database, "my_a") == {
        ("orphan", '{"id": "gone", "n": 2, "position_id": 2, "up": "kept"}'): 1,
        ("orphan", '{"up": "gone"}'): 1,
    }
    assert left_over(database, "my_c") == {("orphan", '{"b_id": 2}'): 2}
    undo_adoption(database.url)
    assert everything(database) == before


def test_a_reference_becomes_null_only_where_its_table_takes_that(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_pairs (id INTEGER PRIMARY KEY, a INTEGER REFERENCES pseudo_positions (id), "
        "b INTEGER REFERENCES pseudo_positions (id), CHECK (a IS NOT NULL OR b IS NOT NULL))",
        "INSERT INTO my_pairs VALUES (1, 1, 2), (2, 2, NULL), (3, 2, 3), (4, NULL, 1)",
        "CREATE TABLE my_keys (position_id INTEGER PRIMARY KEY REFERENCES pseudo_positions (id), n TEXT)",
        "INSERT INTO my_keys VALUES (1, 'a'), (2, 'b')",
        "CREATE TABLE my_tags (position_id INTEGER REFERENCES pseudo_positions (id), tag TEXT)",
        "CREATE UNIQUE INDEX my_index ON my_tags (tag) WHERE position_id IS NULL",
        "INSERT INTO my_tags VALUES (1, 't'), (2, 't'), (3, 't')",
        "CREATE TABLE my_parents (a INTEGER NOT NULL, b INTEGER NOT NULL, "
        "position_id INTEGER NOT NULL REFERENCES pseudo_positions (id), PRIMARY KEY (a, b))",
        "INSERT INTO my_parents VALUES (1, 1, 1), (1, 2, 2)",
        "CREATE TABLE my_children (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER, "
        "FOREIGN KEY (a, b) REFERENCES my_parents (a, b) ON DELETE RESTRICT)",
        "INSERT INTO my_children VALUES (1, 1, 1), (2, 1, 2), (3, 1, NULL)",
    )
    comes_in(database, before)
    as_text = "SELECT id, CAST(a AS TEXT), CAST(b AS TEXT) FROM "
    assert database.rows(as_text + "my_pairs ORDER BY id") == [(1, "1", None), (4, None, "1")]
    assert database.rows("SELECT CAST(position_id AS TEXT), n FROM my_keys") == [("1", "a")]
    assert database.rows("SELECT CAST(position_id AS TEXT), tag FROM my_tags") == [("1", "t")]
    assert database.rows(as_text + "my_children ORDER BY id") == [(1, "1", "1"), (2, "1", None), (3, "1", None)]
    assert left_over(database, "my_children") == {("orphan", '{"b": 2}'): 1}
    undo_adoption(database.url)
    assert everything(database) == before


def test_what_referred_to_a_repeated_row_refers_to_the_one_that_stays(database: Database) -> None:
    """Where only one row may refer to it, the other one loses its reference, which is for a person to decide."""
    before = made(
        database,
        "DELETE FROM pseudo_positions",
        "CREATE TABLE exchanges (id INTEGER PRIMARY KEY, name TEXT, display_name TEXT)",
        "INSERT INTO exchanges VALUES (1, 'bybit', 'B'), (2, 'bybit', 'B'), (3, 'okx', 'O'), (4, 'okx', 'O'), "
        "(5, 'x', NULL)",
        "CREATE TABLE my_free (id INTEGER PRIMARY KEY, exchange_id INTEGER REFERENCES exchanges (id))",
        "INSERT INTO my_free VALUES (1, 1), (2, 2), (3, 4), (4, NULL)",
        "CREATE TABLE my_one (id INTEGER PRIMARY KEY, exchange_id INTEGER UNIQUE REFERENCES exchanges (id))",
        "INSERT INTO my_one VALUES (1, 1), (2, 2), (3, 4)",
        "CREATE TABLE my_key (exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id), n TEXT)",
        "INSERT INTO my_key VALUES (2, 'two'), (1, 'one'), (4, 'four')",
        "CREATE TABLE my_some (id INTEGER PRIMARY KEY, exchange_id INTEGER REFERENCES exchanges (id), active INTEGER)",
        "CREATE UNIQUE INDEX one_active ON my_some (exchange_id) WHERE active = 1",
        "INSERT INTO my_some VALUES (1, 1, 1), (2, 2, 1), (3, 2, 0), (4, NULL, 1), (5, 5, 1)",
    )
    found = decided(database)
    assert found == {"my_one": 1, "my_key": 1, "my_some": 2}
    comes_in(database, before)
    ids = "SELECT id, CAST(exchange_id AS TEXT) FROM "
    assert database.rows(ids + "my_free ORDER BY id") == [(1, "1"), (2, "1"), (3, "3"), (4, None)]
    assert database.rows(ids + "my_one ORDER BY id") == [(1, "1"), (2, None), (3, "3")]
    assert database.rows(ids + "my_some ORDER BY id") == [(1, "1"), (2, None), (3, "1"), (4, None), (5, None)]
    assert database.rows("SELECT CAST(exchange_id AS TEXT), n FROM my_key ORDER BY 1") == [("1", "one"), ("3", "four")]
    assert left_over(database, "my_free") == {
        ("duplicate", '{"exchange_id": 2}'): 1,
        ("duplicate", '{"exchange_id": 4}'): 1,
    }
    assert left_over(database, "my_key") == {
        ("duplicate", '{"exchange_id": 2, "n": "two"}'): 1,
        ("duplicate", '{"exchange_id": 4}'): 1,
    }
    undo_adoption(database.url)
    assert everything(database) == before


on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


@on_sqlite
def test_on_sqlite_a_reference_follows_however_it_is_spelled_and_whatever_its_table_is(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_spelled (id INTEGER PRIMARY KEY, position_id TEXT REFERENCES Pseudo_Positions (ID))",
        "INSERT INTO my_spelled VALUES (1, '1'), (2, '001'), (3, ' 1'), (4, '1e0'), (5, NULL), (6, 1), (7, '02')",
        "CREATE TABLE my_pairs (a TEXT, b TEXT, position_id INTEGER NOT NULL REFERENCES pseudo_positions (id), "
        "twice INTEGER AS (position_id * 2) STORED, PRIMARY KEY (a, b)) WITHOUT ROWID",
        "INSERT INTO my_pairs (a, b, position_id) VALUES ('x', 'y', 1), ('x', 'z', 2)",
        "CREATE TRIGGER mine BEFORE UPDATE ON my_spelled BEGIN SELECT RAISE(IGNORE); END",
        'CREATE TABLE "my ""odd"" table" (rowid TEXT, "a b" INTEGER REFERENCES pseudo_positions (id), x BLOB)',
        "INSERT INTO \"my \"\"odd\"\" table\" VALUES ('a', 2, x'00ff'), ('a', 1, NULL)",
    )
    adopt(database.url, yes=True)
    assert database.rows("SELECT id, position_id FROM my_spelled ORDER BY id") == [
        *((number, "1") for number in range(1, 5)),
        (5, None),
        (6, "1"),
        (7, None),
    ]
    assert database.rows("SELECT a, b, position_id, twice FROM my_pairs") == [("x", "y", 1, 2)]
    assert left_over(database, "my_spelled")["precision", '{"position_id": "001"}'] == 1
    assert left_over(database, "my_pairs") == {("orphan", '{"a": "x", "b": "z", "position_id": 2, "twice": 4}'): 1}
    assert left_over(database, 'my "odd" table') == {("orphan", '{"a b": 2}'): 1}
    undo_adoption(database.url)
    assert everything(database) == before


#: The key of a parent becomes a text with 17 digits, which a column of numbers makes a number of again.
REAL_KEYS = (
    "CREATE TABLE preset_types (name TEXT, id NUMERIC PRIMARY KEY)",
    "INSERT INTO preset_types VALUES ('a', 0.1 + 0.2), ('b', 7), ('c', 2.5)",
)


@on_sqlite
def test_on_sqlite_what_refers_to_a_real_key_follows_where_its_column_can_hold_the_text_of_it(
    database: Database,
) -> None:
    for statement in (
        *REAL_KEYS,
        "CREATE TABLE my_numbers (k NUMERIC PRIMARY KEY, parent NUMERIC NOT NULL REFERENCES preset_types (id))",
        "INSERT INTO my_numbers VALUES (0.1 + 0.2, 0.1 + 0.2), (2, 7), (3, 2.5)",
        "CREATE TABLE my_reals (n INTEGER PRIMARY KEY, parent REAL REFERENCES preset_types (id))",
        "INSERT INTO my_reals VALUES (1, 0.1 + 0.2), (2, 7), (3, 2.5)",
        "CREATE TABLE my_values (n INTEGER PRIMARY KEY, parent UNIQUE REFERENCES preset_types (id))",
        "INSERT INTO my_values VALUES (1, 0.1 + 0.2), (2, 7), (3, 2.5)",
        "CREATE TABLE my_children (n INTEGER PRIMARY KEY, parent NUMERIC REFERENCES my_values (parent))",
        "INSERT INTO my_children VALUES (1, 0.1 + 0.2), (2, 7), (3, 2.5)",
    ):
        database.execute(statement)
    before = everything(database)
    assert decided(database) == {"my_numbers": 1, "my_reals": 2, "my_children": 1}
    comes_in(database, before)
    assert database.rows("SELECT id FROM preset_types ORDER BY name") == [("0.30000000000000004",), ("7",), ("2.5",)]
    assert database.rows("SELECT k, parent FROM my_numbers ORDER BY k") == [(2, 7), (3, 2.5)]
    assert database.rows("SELECT parent FROM my_reals ORDER BY n") == [(None,), (None,), (2.5,)]
    assert database.rows("SELECT parent FROM my_values ORDER BY n") == [("0.30000000000000004",), (7,), (2.5,)]
    assert database.rows("SELECT parent FROM my_children ORDER BY n") == [(None,), (7,), (2.5,)]
    assert database.rows("PRAGMA foreign_key_check") == []
    [(key, payload)] = database.rows("SELECT row_key, payload FROM adoption_leftovers WHERE table_name = 'my_numbers'")
    assert (key, json.loads(payload)) == ("0.30000000000000004", {"k": 0.1 + 0.2, "parent": 0.1 + 0.2})
    assert left_over(database, "my_reals")["orphan", '{"parent": 7.0}'] == 1
    undo_adoption(database.url)
    assert everything(database) == before


@on_postgresql
def test_on_postgresql_nobodys_trigger_or_schema_keeps_a_row_from_being_settled(database: Database) -> None:
    before = made(
        database,
        "CREATE SCHEMA mine",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE mine.notes (position_id BIGINT REFERENCES pseudo_positions (id), note JSON)",
        "INSERT INTO mine.notes VALUES (2, '{\"a\": 1}'), (3, '{\"a\": 1}'), (2, '{\"a\": 1}'), (1, NULL)",
        "CREATE TRIGGER mine BEFORE UPDATE OR DELETE ON mine.notes FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE RULE mine AS ON UPDATE TO mine.notes DO INSTEAD NOTHING",
        "CREATE TABLE my_parts (id INTEGER GENERATED ALWAYS AS IDENTITY, region TEXT, position_id INTEGER NOT NULL "
        "REFERENCES pseudo_positions (id), PRIMARY KEY (id, region)) PARTITION BY LIST (region)",
        "CREATE TABLE my_parts_a PARTITION OF my_parts FOR VALUES IN ('a')",
        "CREATE TABLE my_parts_b PARTITION OF my_parts FOR VALUES IN ('b')",
        "INSERT INTO my_parts (region, position_id) VALUES ('a', 1), ('a', 2), ('b', 3)",
        "CREATE TRIGGER mine BEFORE DELETE ON my_parts FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TABLE my_first (id INTEGER PRIMARY KEY, second INTEGER, position_id INTEGER NOT NULL REFERENCES "
        "pseudo_positions (id))",
        "CREATE TABLE my_second (id INTEGER PRIMARY KEY, first INTEGER NOT NULL REFERENCES my_first DEFERRABLE "
        "INITIALLY DEFERRED)",
        "ALTER TABLE my_first ADD FOREIGN KEY (second) REFERENCES my_second ON DELETE CASCADE",
        "INSERT INTO my_first VALUES (1, NULL, 1), (2, NULL, 2)",
        "INSERT INTO my_second VALUES (1, 1), (2, 2)",
        "UPDATE my_first SET second = id",
    )
    comes_in(database, before)
    notes = "SELECT position_id::text, note::text FROM mine.notes"
    assert Counter(database.rows(notes)) == {("1", None): 1, (None, '{"a": 1}'): 3}
    assert database.rows("SELECT id, region, position_id::text FROM my_parts") == [(1, "a", "1")]
    assert database.rows("SELECT id, second FROM my_first") == [(1, 1)]
    assert database.rows("SELECT id, first FROM my_second") == [(1, 1)]
    assert database.rows("SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgname = 'mine'") == [("O",)]
    assert left_over(database, "mine.notes") == {
        ("orphan", '{"position_id": 2}'): 2,
        ("orphan", '{"position_id": 3}'): 1,
    }
    undo_adoption(database.url)
    assert everything(database) == before


def test_what_somebody_has_changed_since_stays_so_after_an_undo_on_postgresql(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE my_notes (id INTEGER PRIMARY KEY, position_id INTEGER REFERENCES pseudo_positions (id))",
        "INSERT INTO my_notes VALUES (1, 2), (2, 2)",
    )
    adopt(database.url, yes=True)
    database.execute("UPDATE my_notes SET position_id = '1' WHERE id = 1")
    undo_adoption(database.url, discard_new=True)
    if database.kind == "sqlite":
        assert everything(database) == before
    else:
        assert database.rows("SELECT id, position_id FROM my_notes ORDER BY id") == [(1, 1), (2, 2)]
        adopt(database.url, yes=True)
        finalize_adoption(database.url)
        assert database.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'cts_legacy'") == 0


def test_check_names_rows_of_unmanaged_tables_that_refer_to_nothing(head: Database) -> None:
    head.execute("CREATE TABLE my_notes (id INTEGER PRIMARY KEY, connection_id TEXT)")
    head.execute("INSERT INTO my_notes VALUES (1, 'gone'), (2, NULL)")
    if head.kind == "sqlite":
        head.execute("DROP TABLE my_notes")
        head.execute("CREATE TABLE my_notes (id INTEGER, connection_id TEXT REFERENCES exchange_connections (id))")
        with head.engine.connect() as connection:
            connection.connection.driver_connection.executescript(  # type: ignore[union-attr]
                "PRAGMA foreign_keys = OFF; INSERT INTO my_notes VALUES (1, 'gone'), (2, NULL)"
            )
    else:
        head.execute("ALTER TABLE my_notes ADD FOREIGN KEY (connection_id) REFERENCES exchange_connections NOT VALID")
    for deep in (False, True):
        [finding] = [one for one in check(head.url, deep=deep).findings if one.code == "orphans"]
        assert (finding.where, finding.count, finding.examples) == ("my_notes.connection_id", 1, ("gone",))


def test_a_table_that_would_lose_a_large_part_of_its_rows_is_for_a_person_to_decide(database: Database) -> None:
    """More than a tenth of them and more than three, or all, for one cause."""
    for table, column, lost, of in (
        ("presets", "name", 4, 40),
        ("data_cleanup_log", "cleanup_type", 4, 39),
        ("portfolios", "name", 3, 12),
        ("exchange_connections", "name", 2, 2),
    ):
        database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} TEXT)")
        rows = ", ".join(f"({number}, {'NULL' if number < lost else repr('x')})" for number in range(of))
        database.execute(f"INSERT INTO {table} VALUES {rows}")
    assert decided(database) == {"data_cleanup_log": 4, "exchange_connections": 2}
    plan = str(plan_adoption(database.url))
    why = "and go to adoption_leftovers whole, because a value that must be there is missing"
    once = "(not needed once: give the rows a value)"
    assert (
        f"4 rows of data_cleanup_log (0, 1, 2, 3): they are 10% of the table, {why} (null: cleanup_type) {once}" in plan
    )
    assert f"2 rows of exchange_connections (0, 1): they are all of the table, {why} (null: name) {once}" in plan
    database.execute("UPDATE data_cleanup_log SET cleanup_type = 'x' WHERE id = 1")
    database.execute("UPDATE exchange_connections SET name = 'x' WHERE id = 1")
    assert decided(database) == {}
    assert upgrade(database.url).adopted is not None


def test_a_decision_about_values_that_are_not_allowed_names_what_must_hold(database: Database) -> None:
    for statement in (
        *OLD,
        "CREATE TABLE market_data (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, price REAL)",
        "INSERT INTO market_data VALUES (1, NULL, 'BTC', 1), (2, 9, 'BTC', 1)",
        "CREATE TABLE preset_trades (id INTEGER PRIMARY KEY, preset_id TEXT, connection_id INTEGER, symbol TEXT, "
        "side TEXT, entry_price REAL, quantity REAL, indicator_type TEXT)",
        "INSERT INTO preset_trades VALUES (1, 'p', 1, 'BTC', 'up', 1, 1, 'rsi')",
        "CREATE TABLE presets (id TEXT PRIMARY KEY, name TEXT)",
        "INSERT INTO presets VALUES ('p', 'a')",
    ):
        database.execute(statement)
    plan = str(plan_adoption(database.url))
    assert "2 rows of market_data (1, 2)" in plan
    assert "(check: connection_id IS NOT NULL OR trading_pair_id IS NOT NULL)" in plan
    assert "1 row of preset_trades (1)" in plan
    assert "(check: side)" in plan


def test_absorbed_tables_counted_keys_and_renamed_keys_are_referred_to_as_before(database: Database) -> None:
    before = made(
        database,
        "CREATE TABLE historical_data (id INTEGER PRIMARY KEY, connection_id INTEGER, close REAL, "
        "position_id INTEGER REFERENCES pseudo_positions (id))",
        "INSERT INTO historical_data VALUES (1, 1, 1.5, 2), (2, 1, 2.5, 1)",
        "CREATE TABLE my_prices (id INTEGER PRIMARY KEY, price_id INTEGER NOT NULL REFERENCES historical_data (id))",
        "INSERT INTO my_prices VALUES (1, 1), (2, 2)",
        "CREATE TABLE site_logs (id INTEGER PRIMARY KEY, message TEXT)",
        "INSERT INTO site_logs VALUES (1, 'a'), (2, NULL), (3, 'c')",
        "CREATE TABLE my_logs (log_id INTEGER REFERENCES site_logs (id))",
        "INSERT INTO my_logs VALUES (1), (2), (3)",
        "CREATE TABLE indication_states (id INTEGER PRIMARY KEY, state_key TEXT UNIQUE)",
        "INSERT INTO indication_states VALUES (1, 'a-active_advanced'), (2, 'b')",
        "CREATE TABLE my_states (id INTEGER PRIMARY KEY, state TEXT NOT NULL REFERENCES indication_states (state_key))",
        "INSERT INTO my_states VALUES (1, 'b'), (2, 'a-active_advanced')",
    )
    comes_in(database, before)
    assert database.rows("SELECT id, CAST(position_id AS TEXT) FROM historical_data ORDER BY id") == [
        (1, None),
        (2, "1"),
    ]
    assert database.rows("SELECT id, price_id FROM my_prices ORDER BY id") == [(1, 1), (2, 2)]
    assert Counter(database.rows("SELECT log_id FROM my_logs")) == {(1,): 1, (None,): 1, (3,): 1}
    assert database.rows("SELECT id, state FROM my_states ORDER BY id") == [(1, "b"), (2, "a-auto")]
    undo_adoption(database.url)
    assert everything(database) == before


#: Applications have more in their connections than the file says.
OURS = {
    "index": ("id INTEGER PRIMARY KEY, x TEXT, {reference}", "CREATE INDEX of_mine ON mine (ours(x))"),
    "partial index": ("id INTEGER PRIMARY KEY, x TEXT, {reference}", "CREATE INDEX of_mine ON mine (x) WHERE ours(x)"),
    "order of an index": (
        "id INTEGER PRIMARY KEY, x TEXT, {reference}",
        "CREATE INDEX of_mine ON mine (x COLLATE ours)",
    ),
    "order of a key": ("id INTEGER, x TEXT COLLATE ours PRIMARY KEY, {reference}", ""),
    "check": ("id INTEGER PRIMARY KEY, x TEXT, {reference}, CHECK (ours(position_id))", ""),
    "computed column": ("id INTEGER PRIMARY KEY, x TEXT, {reference}, y AS (ours(x))", ""),
}


@on_sqlite
@pytest.mark.parametrize("needs", OURS)
def test_a_row_that_only_its_application_can_change_stops_an_adoption_in_words(database: Database, needs: str) -> None:
    columns, index = OURS[needs]
    reference = "position_id INTEGER NOT NULL REFERENCES pseudo_positions (id)"
    path = Path(str(database.engine.url.database))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("ours", 1, lambda _: 1, deterministic=True)
        connection.create_collation("ours", lambda one, other: (one > other) - (one < other))
        for statement in (
            *OLD,
            f"CREATE TABLE mine ({columns.format(reference=reference)})",
            "INSERT INTO mine (id, x, position_id) VALUES (1, 'a', 1), (2, 'b', 2)",
            index,
        ):
            connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(AdoptionBlocked, match=r"table mine: [^\n]*ours[^\n]*upgrade\(connection\)") as raised:
        adopt(database.url, yes=True)
    assert raised.value.exit_code == EXIT_DECISION
    assert path.read_bytes() == before
    plan = plan_adoption(database.url)
    assert plan is not None
    assert "ours" in plan.blockers[0]


@on_postgresql
def test_a_row_whose_copy_has_too_many_columns_stops_an_adoption_in_words(database: Database) -> None:
    columns = ", ".join(f"c{number} smallint" for number in range(1598))
    before = made(
        database,
        f"CREATE TABLE mine (position_id INTEGER REFERENCES pseudo_positions (id), {columns})",
        "INSERT INTO mine (position_id) VALUES (1), (2)",
    )
    with pytest.raises(AdoptionBlocked, match=r"table mine: .* 2 columns more than its 1,599") as raised:
        adopt(database.url, yes=True)
    assert raised.value.exit_code == EXIT_DECISION
    plan = plan_adoption(database.url)
    assert plan is not None
    assert "1,599" in plan.blockers[0]
    assert everything(database) == before


def test_what_followed_a_row_that_its_table_refuses_then_is_settled_again(database: Database) -> None:
    for statement in (
        "CREATE TABLE exchanges (id TEXT PRIMARY KEY, name TEXT, display_name TEXT)",
        "INSERT INTO exchanges VALUES ('a', 'bybit', 'B'), ('b', 'bybit', 'B'), ('c', 'okx', 'O')",
        "CREATE TABLE my_first (id TEXT UNIQUE REFERENCES exchanges (id))",
        "INSERT INTO my_first VALUES ('b'), ('c')",
        # It follows to 'a' at first, which it does not take.
        "CREATE TABLE my_second (id TEXT NOT NULL UNIQUE REFERENCES my_first (id), CHECK (id <> 'a'))",
        "INSERT INTO my_second VALUES ('b'), ('c')",
        "CREATE TABLE my_third (id TEXT UNIQUE REFERENCES my_second (id), n INTEGER)",
        "INSERT INTO my_third VALUES ('b', 1), ('c', 2), (NULL, 3)",
        "CREATE TABLE my_fourth (id TEXT NOT NULL REFERENCES my_third (id))",
        "INSERT INTO my_fourth VALUES ('b'), ('c')",
    ):
        database.execute(statement)
    before = everything(database)
    assert decided(database) == {"my_second": 1, "my_third": 1, "my_fourth": 1}
    comes_in(database, before)
    assert database.rows("SELECT id FROM my_first ORDER BY id") == [("a",), ("c",)]
    assert database.rows("SELECT id FROM my_second") == [("c",)]
    assert database.rows("SELECT id, n FROM my_third ORDER BY n") == [(None, 1), ("c", 2), (None, 3)]
    assert database.rows("SELECT id FROM my_fourth") == [("c",)]
    assert left_over(database, "my_third") == {("orphan", '{"id": "b"}'): 1}
    assert left_over(database, "my_fourth") == {("orphan", '{"id": "b"}'): 1}
    undo_adoption(database.url)
    assert everything(database) == before
