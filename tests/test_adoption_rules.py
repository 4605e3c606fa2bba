"""What single old names, words and shapes become: small databases, one rule each."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cts_schema import upgrade
from cts_schema.models import User
from tests.support.databases import Database

CONNECTIONS = "CREATE TABLE exchange_connections (id INTEGER PRIMARY KEY, name TEXT NOT NULL, exchange TEXT)"


def adopted(database: Database, *statements: str) -> Database:
    for statement in statements:
        database.execute(statement)
    upgrade(database.url)
    return database


def left_over(database: Database) -> list[tuple[str, str, str, Any]]:
    rows = database.rows("SELECT table_name, row_key, reason, payload FROM adoption_leftovers ORDER BY id")
    found = [
        (table, key, reason, json.loads(payload) if isinstance(payload, str) else payload)
        for table, key, reason, payload in rows
    ]
    return sorted(found, key=lambda row: (row[0], int(row[1]) if row[1].isdigit() else row[1]))


def test_numbers_as_ids_become_text_with_all_that_refer_to_them(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (7, 'main', 'bybit')",
        "CREATE TABLE site_logs (id INTEGER PRIMARY KEY, level TEXT, message TEXT, connection_id INTEGER)",
        "INSERT INTO site_logs VALUES (41, 'info', 'hello', 7)",
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL)",
        "INSERT INTO pseudo_positions VALUES (3, 7, 'BTCUSDT', 1.5)",
    )
    assert database.rows("SELECT id, connection_id FROM pseudo_positions") == [("3", "7")]
    assert database.rows("SELECT id, connection_id FROM site_logs WHERE message = 'hello'") == [(41, "7")]
    assert left_over(database) == []


def test_an_alias_fills_what_the_column_leaves_empty_and_another_value_is_kept(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE exchanges (id INTEGER PRIMARY KEY, name TEXT, display_name TEXT, api_endpoint TEXT, "
        "api_url TEXT)",
        "INSERT INTO exchanges VALUES (1, 'a', 'A', NULL, 'from url'), (2, 'b', 'B', 'endpoint', 'another'), "
        "(3, 'c', 'C', 'same', 'same')",
    )
    assert database.rows("SELECT api_endpoint FROM exchanges ORDER BY id") == [("from url",), ("endpoint",), ("same",)]
    assert left_over(database) == [("exchanges", "2", "no_column", {"api_url": "another"})]


def test_a_connection_without_exchange_gets_the_one_that_its_number_means(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE exchanges (id INTEGER PRIMARY KEY, name TEXT, display_name TEXT)",
        "INSERT INTO exchanges VALUES (1, 'okx', 'OKX')",
        "CREATE TABLE exchange_connections (id TEXT PRIMARY KEY, name TEXT, exchange TEXT, exchange_id INTEGER)",
        "INSERT INTO exchange_connections VALUES ('a', 'one', NULL, 1), ('b', 'two', NULL, NULL), ('c', "
        "'three', 'x', 1)",
    )
    found = database.rows("SELECT exchange, exchange_id FROM exchange_connections ORDER BY id")
    assert found == [("okx", "1"), ("binance", None), ("x", "1")]


def test_side_and_direction_fill_each_other(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL, "
        "side TEXT, direction TEXT)",
        "INSERT INTO pseudo_positions VALUES (1, 1, 'A', 1, 'long', NULL), (2, 1, 'A', 1, NULL, 'short'), "
        "(3, 1, 'A', 1, 'long', 'short')",
    )
    found = database.rows("SELECT side, direction FROM pseudo_positions ORDER BY id")
    assert found == [("long", "long"), ("short", "short"), ("long", "short")]
    assert left_over(database) == []


def test_words_that_were_renamed_are_and_others_are_kept_beside(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE trade_engine_state (id INTEGER PRIMARY KEY, connection_id INTEGER, is_running INTEGER)",
        "INSERT INTO trade_engine_state VALUES (1, 1, 1)",
        "CREATE TABLE base_pseudo_positions (id TEXT PRIMARY KEY, symbol TEXT, indication_type TEXT, status TEXT)",
        "INSERT INTO base_pseudo_positions VALUES ('a', 'A', 'active_advanced', 'open'), ('b', 'B', 'optimal', 'odd')",
    )
    assert database.rows("SELECT status FROM trade_engine_state") == [("running",)]
    found = database.rows("SELECT indication_type, status, connection_id FROM base_pseudo_positions ORDER BY id")
    # The shape without a connection can only mean the one that there is.
    assert found == [("auto", "evaluating", "1"), ("optimal", "evaluating", "1")]
    assert left_over(database) == [("base_pseudo_positions", "b", "check", {"status": "odd"})]


def test_a_base_position_keeps_no_connection_where_there_are_several(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit'), (2, 'second', 'bybit')",
        "CREATE TABLE base_pseudo_positions (id TEXT PRIMARY KEY, symbol TEXT)",
        "INSERT INTO base_pseudo_positions VALUES ('a', 'A')",
    )
    assert database.rows("SELECT connection_id FROM base_pseudo_positions") == [(None,)]


def test_seconds_become_hours_and_what_is_no_whole_hour_is_kept_beside(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE preset_types (id INTEGER PRIMARY KEY, name TEXT, evaluation_update_interval INTEGER)",
        "INSERT INTO preset_types VALUES (1, 'three hours', 10800), (2, 'a minute', 60)",
    )
    assert database.rows("SELECT evaluation_interval_hours FROM preset_types ORDER BY id") == [(3,), (1,)]
    assert left_over(database) == [("preset_types", "2", "precision", {"evaluation_update_interval": 60})]


def test_of_a_setting_in_several_categories_the_newest_keeps_the_key(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE system_settings (id INTEGER PRIMARY KEY, category TEXT, subcategory TEXT, key TEXT, value TEXT, "
        "updated_at TIMESTAMP, minimum_connect_interval INTEGER)",
        "INSERT INTO system_settings VALUES "
        "(1, 'trade', 'old', 'limit', '1', '2026-01-01 00:00:00', 200), "
        "(2, 'trade', 'new', 'limit', '2', '2026-01-02 00:00:00', 200), "
        "(3, 'engine', NULL, 'limit', '3', '2025-01-02 00:00:00', 200), "
        "(4, 'engine', NULL, 'activeAdvancedLimit', '4', '2025-01-02 00:00:00', 200)",
    )
    ours = "('limit', 'trade.old.limit', 'engine.limit', 'autoLimit', 'minimum_connect_interval')"
    found = database.rows(f"SELECT key, value FROM system_settings WHERE key IN {ours} ORDER BY value, key")
    assert found == [
        ("trade.old.limit", "1"),
        ("limit", "2"),
        ("minimum_connect_interval", "200"),
        ("engine.limit", "3"),
        ("autoLimit", "4"),
    ]
    kept = [row for row in left_over(database) if row[2] == "duplicate"]
    assert kept == [
        ("system_settings", "1", "duplicate", {"key": "limit"}),
        ("system_settings", "3", "duplicate", {"key": "limit"}),
    ]


def test_settings_of_the_user_go_before_those_that_the_line_inserts(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE system_settings (key TEXT PRIMARY KEY, value TEXT)",
        "INSERT INTO system_settings VALUES ('market_data_retention_days', '1234')",
    )
    assert database.value("SELECT value FROM system_settings WHERE key = 'market_data_retention_days'") == "1234"


def test_a_state_without_key_gets_the_one_that_the_application_would_build(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE indication_states (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, "
        "indication_type TEXT, direction TEXT, position_range TEXT)",
        "INSERT INTO indication_states VALUES (1, 1, 'BTC', 'active_advanced', 'long', '0.5'), "
        "(2, 1, 'BTC', 'move', NULL, NULL)",
    )
    assert database.rows("SELECT state_key FROM indication_states ORDER BY id") == [
        ("1:BTC-auto-long-0.5",),
        ("1:BTC-move--",),
    ]


def test_children_follow_the_row_that_stands_for_repeated_ones(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE exchanges (id INTEGER PRIMARY KEY, name TEXT, display_name TEXT, updated_at TIMESTAMP)",
        "INSERT INTO exchanges VALUES (1, 'okx', 'old', '2026-01-01 00:00:00'), (2, 'okx', 'new', '2026-02-01 "
        "00:00:00')",
        "CREATE TABLE trading_pairs (id INTEGER PRIMARY KEY, exchange_id INTEGER, symbol TEXT, base_currency TEXT, "
        "quote_currency TEXT)",
        "INSERT INTO trading_pairs VALUES (1, 1, 'A', 'a', 'b'), (2, 2, 'B', 'a', 'b'), (3, 1, 'B', 'c', 'd')",
    )
    assert database.rows("SELECT id, display_name FROM exchanges") == [("2", "new")]
    # The third would now be the same as the second.
    assert database.rows("SELECT id, exchange_id FROM trading_pairs ORDER BY id") == [("1", "2"), ("2", "2")]
    reasons = {(table, key, reason) for table, key, reason, _ in left_over(database)}
    assert reasons == {
        ("exchanges", "1", "duplicate"),
        ("trading_pairs", "1", "duplicate"),
        ("trading_pairs", "3", "duplicate"),
    }


def test_an_empty_text_under_a_unique_key_becomes_null(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT, password_hash TEXT, api_key TEXT)",
        "INSERT INTO users VALUES (1, 'a', '', 'x', ''), (2, 'b', '', 'x', NULL), (3, 'c', 'c@x', 'x', 'k'), "
        "(4, 'd', 'c@x', 'x', 'l')",
    )
    found = database.rows("SELECT username, email, api_key FROM users ORDER BY id")
    assert found == [("a", None, None), ("b", None, None), ("c", "c@x", "k"), ("d", None, "l")]
    assert ("users", "4", "duplicate", {"email": "c@x"}) in left_over(database)


def test_an_orphan_loses_a_reference_it_may_miss_and_is_moved_where_it_may_not(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL, "
        "base_position_id TEXT)",
        "INSERT INTO pseudo_positions VALUES (1, 1, 'A', 1, 'gone'), (2, 99, 'B', 2, NULL)",
    )
    assert database.rows("SELECT id, base_position_id FROM pseudo_positions") == [("1", None)]
    assert left_over(database) == [
        ("pseudo_positions", "1", "orphan", {"base_position_id": "gone"}),
        ("pseudo_positions", "2", "orphan", {"id": 2, "connection_id": 99, "symbol": "B", "entry_price": 2.0}),
    ]


def test_an_orphan_that_no_key_had_shown_before_is_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(
            "CREATE TABLE trading_pairs (id TEXT, symbol TEXT, base_currency TEXT, quote_currency TEXT);"
            "INSERT INTO trading_pairs VALUES ('1', 'BTCUSDT', 'BTC', 'USDT');"
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, trading_pair_id TEXT REFERENCES trading_pairs (id));"
            "INSERT INTO notes VALUES (1, '1'), (2, 'gone');"
        )
    upgrade(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as new:
        assert new.execute("SELECT * FROM notes ORDER BY id").fetchall() == [(1, "1"), (2, "gone")]


def test_numbers_of_log_lines_go_on_where_the_legacy_table_stood(database: Database) -> None:
    kind = "INTEGER PRIMARY KEY AUTOINCREMENT" if database.kind == "sqlite" else "SERIAL PRIMARY KEY"
    adopted(
        database,
        f"CREATE TABLE site_logs (id {kind}, level TEXT, message TEXT)",
        "INSERT INTO site_logs (level, message) VALUES ('info', 'a'), ('info', 'b'), ('info', 'c')",
        "DELETE FROM site_logs WHERE message <> 'a'",
        f"CREATE TABLE logs (id {kind}, level TEXT, message TEXT)",
        "INSERT INTO logs (level, message) VALUES ('warn', 'of another table')",
    )
    logged = database.rows("SELECT id, category, message FROM site_logs ORDER BY id")
    assert logged[:2] == [(1, "general", "a"), (4, "general", "of another table")]
    assert logged[2][:2] == (5, "migration")  # the line of the run itself
    database.execute("INSERT INTO site_logs (message) VALUES ('new')")
    assert database.value("SELECT id FROM site_logs WHERE message = 'new'") == 6


TIMES = {
    "2026-01-03 01:02:03": "2026-01-03 01:02:03",
    "2026-01-03T01:02:03.000Z": "2026-01-03 01:02:03",
    "2026-01-03T01:02:03.5Z": "2026-01-03 01:02:03.500000",
    "2026-01-03 01:02:03+02:00": "2026-01-02 23:02:03",
    "2026-01-03T01:02:03-0530": "2026-01-03 06:32:03",
    "2026-01-03 01:02": "2026-01-03 01:02:00",
    "2026-01-03": "2026-01-03 00:00:00",
    "2024-02-29": "2024-02-29 00:00:00",
}
NO_TIMES = (
    "2026-02-30",
    "2026-02-29T00:00:00Z",
    "2026-13-01",
    "2026-01-03 25:00:00",
    "yesterday",
    "",
    "2026-01-03Z",
    "now",
)


def test_a_time_however_it_is_written_becomes_utc_and_what_is_none_is_kept_beside(database: Database) -> None:
    written = [*TIMES, *NO_TIMES]
    rows = ", ".join(f"({number}, 'u{number}', 'x', '{text}')" for number, text in enumerate(written))
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, created_at TEXT)",
        f"INSERT INTO users VALUES {rows}",
    )
    shown = "created_at"
    if database.kind == "postgresql":
        shown = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    found = dict(database.rows(f"SELECT CAST(id AS INTEGER), {shown} FROM users"))
    for number, moment in enumerate(TIMES.values()):
        assert found[number].removesuffix(".000000") == moment
    assert left_over(database) == [
        ("users", str(number), "type", {"created_at": text}) for number, text in enumerate(written) if text in NO_TIMES
    ]


NUMBERS = {"1.50": 1.5, "-3": -3, "0.1": 0.1, "1e3": 1000}
NO_NUMBERS = ("n/a", "", "1e30", "1_000", "0x1F", "1.5 USD", "NaN", "1-2", "Infinity")


def test_a_number_in_a_text_becomes_one_and_what_is_none_is_kept_beside(database: Database) -> None:
    written = [*NUMBERS, *NO_NUMBERS]
    rows = ", ".join(f"({number}, 1, 'A', 1, '{text}')" for number, text in enumerate(written))
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL, "
        "quantity TEXT)",
        f"INSERT INTO pseudo_positions VALUES {rows}",
    )
    found = dict(database.rows("SELECT CAST(id AS INTEGER), quantity FROM pseudo_positions"))
    for number, value in enumerate(NUMBERS.values()):
        assert float(found[number]) == value
    kept = [row for row in left_over(database) if row[2] == "type"]
    assert kept == [
        ("pseudo_positions", str(number), "type", {"quantity": text})
        for number, text in enumerate(written)
        if text in NO_NUMBERS
    ]


def test_text_that_is_no_json_becomes_a_json_string(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE exchange_connections (id TEXT PRIMARY KEY, name TEXT, connection_settings TEXT, "
        "rate_limits TEXT)",
        """INSERT INTO exchange_connections VALUES ('a', 'n', '{"x": 1}', '{broken')""",
    )
    settings, limits = database.rows("SELECT connection_settings, rate_limits FROM exchange_connections")[0]
    decoded = [json.loads(value) if database.kind == "sqlite" else value for value in (settings, limits)]
    assert decoded == [{"x": 1}, "{broken"]
    assert left_over(database) == []


def test_unknown_columns_with_odd_names_are_kept_beside(database: Database) -> None:
    adopted(
        database,
        'CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, "by ""x"" 100%" TEXT, '
        '"Ü" DOUBLE PRECISION)',
        """INSERT INTO users VALUES (1, 'a', 'x', 'it''s "here" 50%', 0.30000000000000004),
        (2, 'b', 'x', NULL, NULL)""",
    )
    assert left_over(database) == [
        ("users", "1", "no_column", {'by "x" 100%': 'it\'s "here" 50%', "Ü": 0.30000000000000004})
    ]


def test_what_referred_to_a_number_refers_to_its_text_however_it_was_written(database: Database) -> None:
    sqlite = database.kind == "sqlite"
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit'), (2, 'other', 'bybit')",
        "CREATE TABLE trade_engine_state (id INTEGER PRIMARY KEY, connection_id TEXT, status TEXT)",
        "INSERT INTO trade_engine_state VALUES (1, '1.0', 'running'), (2, '2', 'running')",
        "CREATE TABLE indications (id INTEGER PRIMARY KEY, connection_id "
        f"{'' if sqlite else 'numeric(20,2)'}, symbol TEXT, indication_type TEXT, value REAL)",
        "INSERT INTO indications VALUES (1, 2.0, 'BTC', 'direction', 1), (2, 1, 'BTC', 'direction', 1)",
        "CREATE TABLE site_logs (id INTEGER PRIMARY KEY, message TEXT, connection_id double precision)",
        "INSERT INTO site_logs VALUES (1, 'hello', 2)",
    )
    assert database.rows("SELECT connection_id FROM trade_engine_state ORDER BY id") == [("1",), ("2",)]
    assert database.rows("SELECT connection_id FROM indications ORDER BY id") == [("2",), ("1",)]
    assert database.value("SELECT connection_id FROM site_logs WHERE message = 'hello'") == "2"
    # A text has a spelling, and a number has none.
    assert left_over(database) == [("trade_engine_state", "1", "precision", {"connection_id": "1.0"})]


def test_a_text_that_an_index_does_not_take_is_a_leftover(database: Database) -> None:
    long = "".join(f"{number * number % 9973:x}" for number in range(4000))  # which does not compress well
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, api_key TEXT)",
        f"INSERT INTO users VALUES (1, 'me', 'x', '{long}')",
    )
    if database.kind == "sqlite":  # whose indexes take any
        assert database.value("SELECT api_key FROM users") == long
    else:
        assert database.value("SELECT api_key FROM users") is None
        assert left_over(database) == [("users", "1", "check", {"api_key": long})]


def test_a_time_that_python_does_not_know_is_a_leftover(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, created_at TEXT)",
        "INSERT INTO users VALUES (1, 'a', 'x', '0000-01-01 00:00:00'), (2, 'b', 'x', '0001-01-01T00:00:00+05:00'), "
        "(3, 'c', 'x', '2026-01-01 00:00:00')",
    )
    with Session(database.engine) as session:
        assert len(session.scalars(select(User.created_at)).all()) == 3
    assert [(row[1], row[2]) for row in left_over(database)] == [("1", "type"), ("2", "type")]


def test_of_the_same_key_twice_the_row_that_was_made_last_stays(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, created_at TIMESTAMP)",
        "INSERT INTO users VALUES (1, 'me', 'old', '2024-01-01 00:00:00'), (2, 'me', 'new', '2025-01-01 00:00:00')",
    )
    assert database.rows("SELECT password_hash FROM users") == [("new",)]


def test_preset_types_that_an_installer_has_repeated_become_one_with_all_that_refer_to_them(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS.replace(")", ", preset_type_id INTEGER)"),
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit', 4), (2, 'other', 'bybit', 1)",
        "CREATE TABLE preset_types (id INTEGER PRIMARY KEY, name TEXT, description TEXT)",
        "INSERT INTO preset_types VALUES (1, 'Calm', 'x'), (2, 'Fast', 'y'), (3, 'Calm', 'x'), (4, 'Calm', 'x')",
    )
    survivors = dict(database.rows("SELECT name, id FROM preset_types"))
    assert sorted(survivors) == ["Calm", "Fast"]
    assert set(database.rows("SELECT preset_type_id FROM exchange_connections")) == {(survivors["Calm"],)}
    gone = [(reason, payload["name"]) for table, _, reason, payload in left_over(database) if table == "preset_types"]
    assert gone == [("duplicate", "Calm")] * 2


def test_a_position_that_was_opened_without_a_price_stays_in_its_table(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit')",
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id INTEGER, symbol TEXT, entry_price REAL)",
        "INSERT INTO pseudo_positions VALUES (3, 1, 'BTCUSDT', NULL)",
    )
    assert database.rows("SELECT id, entry_price FROM pseudo_positions") == [("3", None)]
    assert left_over(database) == []
