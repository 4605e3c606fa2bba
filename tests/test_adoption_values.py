"""No value of a legacy database is lost or changed in silence: it is in its new place, or in adoption_leftovers."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from cts_schema import adopt, check, plan_adoption, undo_adoption, upgrade
from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.ddl.text import literal, quote
from cts_schema.models import AdoptionLeftover
from tests.legacy.census import census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.test_adoption_rules import CONNECTIONS, adopted, left_over


def everything() -> Iterator[tuple[str, list[str]]]:
    """Yield each table that an old database may have, with every column that any rule knows, and some more."""
    for name in (*target.tables(), *rules.ABSORBED):
        meanings = rules.ABSORBED.get(name, ())
        tables = [target.tables()[name]] if name in target.tables() else [target.tables()[one.into] for one in meanings]
        columns = ["id", "key", "created_at", "version", "subcategory", "row number", "my note"]
        for table in tables:
            columns += [*table.columns, *(old for olds in rules.ALIASES.get(table.name, {}).values() for old in olds)]
        for one in meanings:
            columns += [*one.needs, *(old for olds in one.aliases.values() for old in olds)]
        columns += [column for owner, column in rules.ROWS if owner == name]
        yield name, list(dict.fromkeys(column.lower() for column in columns))


def test_a_mark_in_every_column_of_every_legacy_table_is_found_again(database: Database) -> None:
    marks = {}
    with database.engine.begin() as connection:
        for place, (name, columns) in enumerate(everything()):
            numbered = place % 2 == 0
            key = "id INTEGER PRIMARY KEY" if numbered else "id TEXT"
            others = [f"{quote(column)} TEXT" for column in columns if column != "id"]
            connection.exec_driver_sql(f"CREATE TABLE {quote(name)} ({', '.join([key, *others])})")
            for number, column in enumerate(columns):
                mark = 100_000_000 + place * 1000 + number
                text = str(mark) if column == "id" else f"mark {mark}"
                marks[text.removeprefix("mark ")] = f"{name}.{column}"
                columns[number] = text if numbered and column == "id" else literal(text)
            connection.exec_driver_sql(f"INSERT INTO {quote(name)} VALUES ({', '.join(_id_first(name, columns))})")
    with database.engine.connect() as connection:
        before = census(connection)
    assert adopt(database.url, yes=True).adopted is not None
    with database.engine.connect() as connection:
        after = census(connection)
        assert lost(before, connection) == []
    # The legacy tables that PostgreSQL keeps, and those that are absorbed and stay, prove nothing.
    texts = " ".join(
        text for table, values in after.items() if table in target.tables() for _, text in values if text is not None
    )
    stay = {f"{name}.id" for name in rules.ABSORBED}
    assert [where for mark, where in marks.items() if mark not in texts and where not in stay] == []


def test_the_lowest_number_is_loaded_from_every_column_of_numbers(database: Database) -> None:
    """It has no opposite: whoever asks for its size among integers is refused."""
    kinds = ("number", "integer", "float")
    with database.engine.begin() as connection:
        for table in target.tables().values():
            columns = [column.name for column in table.columns.values() if column.kind in kinds and not column.parent]
            if columns:
                parts = ", ".join(f"{quote(column)} TEXT" for column in columns)
                values = ", ".join(["'-9223372036854775808'"] * len(columns))
                connection.exec_driver_sql(f"CREATE TABLE {table.name} ({parts})")
                connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({values})")
        before = census(connection)
    adopt(database.url, yes=True)
    with database.engine.connect() as connection:
        assert lost(before, connection) == []


def _id_first(name: str, values: list[str]) -> list[str]:
    place = next(columns.index("id") for table, columns in everything() if table == name)
    return [values[place], *values[:place], *values[place + 1 :]]


def test_the_number_beside_the_key_of_a_setting_is_kept(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE system_settings (id INTEGER PRIMARY KEY, key TEXT, value TEXT)",
        "INSERT INTO system_settings VALUES (41, 'a', 'x'), (42, 'b', 'y')",
    )
    assert left_over(database) == [
        ("system_settings", "41", "no_column", {"id": 41}),
        ("system_settings", "42", "no_column", {"id": 42}),
    ]


SPECIAL = (0.7059411899120001, 0.1 + 0.2, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 1e22, 1e23,
           9007199254740993.0, 2.0**63, 1e15 + 0.3, 1e-5, 123456789012345680.0)  # fmt: skip


def doubles(count: int) -> list[float]:
    chance = random.Random(11)
    found = [*SPECIAL, *(round(chance.random(), digits) for digits in range(8, 18) for _ in range(20))]
    while len(found) < count:
        value = struct.unpack("<d", chance.randbytes(8))[0]
        if value - value == 0:  # neither infinite nor no number
            found.append(value)
    return found


def test_a_real_number_stays_the_same_to_the_last_bit(database: Database) -> None:
    values = doubles(2500)
    sqlite = database.kind == "sqlite"
    type_ = "" if sqlite else "DOUBLE PRECISION"
    database.execute(
        f"CREATE TABLE users (id INTEGER PRIMARY KEY, username {type_}, password_hash TEXT, mine {type_}, "
        f"preferences {type_})"
    )
    with database.engine.begin() as connection:
        mark = "?" if sqlite else "%s"
        connection.exec_driver_sql(
            f"INSERT INTO users VALUES ({mark}, {mark}, 'x', {mark}, {mark})",
            [(number, value, value, value) for number, value in enumerate(values)],
        )
    adopt(database.url)
    names = dict(database.rows("SELECT CAST(id AS INTEGER), username FROM users"))
    kept = {int(key): payload for _, key, _, payload in left_over(database)}
    bits = [struct.pack("<d", value) for value in values]
    assert [struct.pack("<d", float(names[number])) for number in range(len(values))] == bits
    assert [struct.pack("<d", float(kept[number]["mine"])) for number in range(len(values))] == bits


def test_what_is_no_finite_number_becomes_a_text(database: Database) -> None:
    words = ("9e999", "-9e999") if database.kind == "sqlite" else ("'Infinity'", "'-Infinity'")
    adopted(
        database,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, mine DOUBLE PRECISION)",
        f"INSERT INTO users VALUES (1, 'a', 'x', {words[0]}), (2, 'b', 'x', {words[1]})",
    )
    found = [float(payload["mine"]) for _, _, _, payload in left_over(database)]
    assert found == [float("inf"), float("-inf")]


RESPELLED = ("007", " 7", "7 ", "+7", "7e0", "7.0", "7.", "70e-1", "\n7", "\t7\n", "00000000007", "7.00")


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_reference_that_was_written_in_another_way_is_followed_and_kept_as_it_was(database: Database) -> None:
    rows = ", ".join(f"({number}, 7.0, {literal(text)}, 'm')" for number, text in enumerate(RESPELLED))
    adopted(
        database,
        CONNECTIONS,
        "INSERT INTO exchange_connections VALUES (7, 'main', 'bybit')",
        "CREATE TABLE indications (id INTEGER PRIMARY KEY, value REAL, connection_id TEXT, symbol TEXT, "
        "indication_type TEXT DEFAULT 'x')",
        f"INSERT INTO indications (id, value, connection_id, symbol) VALUES {rows}",
    )
    assert set(database.rows("SELECT connection_id FROM indications")) == {("7",)}
    assert database.value("SELECT count(*) FROM indications") == len(RESPELLED)
    kept = {
        int(key): payload["connection_id"] for _, key, reason, payload in left_over(database) if reason == "precision"
    }
    assert kept == dict(enumerate(RESPELLED))


def test_numbers_in_texts_that_are_written_in_another_way_are_kept_as_they_were(database: Database) -> None:
    written = (
        "1.50",
        "-3",
        "0.1",
        "1e3",
        "0001" if database.kind == "postgresql" else "1E3",
        "2e-1",
        "0.70594118991200017",
    )
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
    kept = {int(key): payload["quantity"] for _, key, _, payload in left_over(database) if "quantity" in payload}
    for number, text in enumerate(written):
        assert round(Decimal(str(found[number])), 8) == round(Decimal(text), 8)
        assert kept.get(number, text) == text
    assert set(kept) == {3, 4, 5, 6}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_blob_that_reads_like_a_word_or_a_switch_is_none(database: Database) -> None:
    adopted(
        database,
        CONNECTIONS.replace("exchange TEXT", "exchange TEXT, is_enabled BLOB, connection_method BLOB, is_live BLOB"),
        "INSERT INTO exchange_connections VALUES (1, 'main', 'bybit', x'31', x'72657374', 1.0000000000000002)",
    )
    kept = {column: value for _, _, _, payload in left_over(database) for column, value in payload.items()}
    assert kept["is_enabled"] == "x'31'"
    assert kept["connection_method"] == "x'72657374'"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_text_that_is_no_utf_8_is_kept_by_its_bytes_and_everybody_can_read_that(database: Database) -> None:
    def stored() -> list[Any]:
        return database.rows("SELECT hex(id), hex(name), hex(odd) FROM preset_types ORDER BY rowid")

    for statement in (
        "CREATE TABLE preset_types (id TEXT PRIMARY KEY, name TEXT, odd TEXT)",
        "INSERT INTO preset_types VALUES ('a', 'A', CAST(x'fffe41' AS TEXT)), ('b', 'B', CAST(x'22ff5c0a00' AS TEXT)), "
        "('c', NULL, CAST(x'eda080' AS TEXT)), (CAST(x'6400ff' AS TEXT), NULL, 'd'), ('e', 'E', 'Ω')",
        "CREATE TABLE mine (id TEXT PRIMARY KEY, odd TEXT, type_id TEXT NOT NULL REFERENCES preset_types (id))",
        "INSERT INTO mine VALUES (CAST(x'00ff' AS TEXT), CAST(x'fe' AS TEXT), 'c')",
        "CREATE TABLE loose (id TEXT PRIMARY KEY, type_id TEXT REFERENCES preset_types (id))",
        "INSERT INTO loose VALUES (CAST(x'6600ff' AS TEXT), 'c')",
    ):
        database.execute(statement)
    before = stored()
    adopt(database.url, yes=True)
    with Session(database.engine) as session:
        kept = {(one.table_name, one.row_key): one.payload for one in session.scalars(sa.select(AdoptionLeftover))}
    assert kept == {
        ("preset_types", "a"): {"odd": "x'fffe41'"},
        ("preset_types", "b"): {"odd": "x'22ff5c0a00'"},
        ("preset_types", "c"): {"id": "c", "odd": "x'eda080'"},
        ("preset_types", "x'6400ff'"): {"id": "x'6400ff'", "odd": "d"},
        ("preset_types", "e"): {"odd": "Ω"},
        ("loose", "x'6600ff'"): {"type_id": "c"},
        ("mine", "x'00ff'"): {"id": "x'00ff'", "odd": "x'fe'", "type_id": "c"},
    }
    assert [one for one in check(database.url, deep=True).findings if one.severity == "error"] == []
    undo_adoption(database.url)
    assert stored() == before


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_an_id_that_was_a_real_number_has_all_its_digits(database: Database) -> None:
    adopted(
        database,
        "CREATE TABLE exchange_connections (id DOUBLE PRECISION PRIMARY KEY, name TEXT NOT NULL, exchange TEXT)",
        "INSERT INTO exchange_connections VALUES (9007199254740992, 'a', 'x'), (1234567890123457, 'b', 'x')",
        "CREATE TABLE site_logs (id INTEGER PRIMARY KEY, message TEXT, connection_id REAL)",
        "INSERT INTO site_logs VALUES (1, 'm', 16777216)",
    )
    ids: set[Any] = {row[0] for row in database.rows("SELECT id FROM exchange_connections")}
    assert ids == {"9007199254740992", "1234567890123457"}
    assert database.value("SELECT connection_id FROM site_logs WHERE message = 'm'") == "16777216"


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_key_of_single_precision_has_its_own_digits_and_so_has_what_refers_to_it(database: Database) -> None:
    database.execute("CREATE TABLE users (id REAL PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (3.4e38, 'a', 'x'), (16777216, 'b', 'x'), (0.1, 'c', 'x')")
    database.execute("CREATE TABLE mine (parent REAL REFERENCES users (id))")
    database.execute("INSERT INTO mine SELECT id FROM users")
    adopt(database.url, yes=True)
    assert database.rows("SELECT id FROM users ORDER BY username") == [("34" + "0" * 37,), ("16777216",), ("0.1",)]
    assert database.rows("SELECT parent FROM mine JOIN users ON id = parent ORDER BY username") == database.rows(
        "SELECT id FROM users ORDER BY username"
    )


def test_a_value_that_only_rounds_to_the_one_before_it_is_left_over(database: Database) -> None:
    database.execute(
        "CREATE TABLE preset_types (id TEXT PRIMARY KEY, name TEXT, evaluation_interval_hours INTEGER, "
        "evaluation_update_interval INTEGER)"  # in seconds
    )
    database.execute("INSERT INTO preset_types VALUES ('a', 'A', 1, 2), ('b', 'B', 1, 3600), ('c', 'C', 1, NULL)")
    upgrade(database.url)
    assert set(database.rows("SELECT evaluation_interval_hours FROM preset_types")) == {(1,)}
    left = database.rows("SELECT row_key, reason, CAST(payload AS TEXT) FROM adoption_leftovers")
    assert [(key, reason, json.loads(payload)) for key, reason, payload in left] == [
        ("a", "no_column", {"evaluation_update_interval": 2})
    ]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_legacy_ledger_with_times_for_numbers_is_read(database: Database) -> None:
    database.execute("CREATE TABLE schema_migrations (migration_id TIMESTAMP, executed_at TIMESTAMP)")
    database.execute("INSERT INTO schema_migrations VALUES ('infinity', 'infinity')")
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    assert plan_adoption(database.url) is not None
