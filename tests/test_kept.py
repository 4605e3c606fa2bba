"""A downgrade keeps what it drops, and nothing of it is lost on the way back up, whatever happens in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import downgrade, upgrade
from cts_schema.ddl import preserved_name
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.operations import operations

LOGS = ("site_logs", "indication_history", "data_cleanup_log")


def kept_tables(database: Database) -> set[str]:
    return {table for table in database.tables() if table.startswith("cts_kept_")}


def add_connection(database: Database, key: str) -> None:
    database.execute("INSERT INTO exchange_connections (id, name) VALUES (:key, :key)", {"key": key})


def add_base_position(database: Database, key: str, connection: str) -> None:
    database.execute(
        "INSERT INTO base_pseudo_positions (id, connection_id, symbol, updated_at) "
        "VALUES (:key, :connection, 'BTC', '2026-01-03 12:00:00')",
        {"key": key, "connection": connection},
    )


def delete_with_children(database: Database, connection: str) -> None:
    """Delete a connection; ON DELETE CASCADE does the rest."""
    database.execute("DELETE FROM exchange_connections WHERE id = :key", {"key": connection})


# What is kept, and for how long


def test_a_database_without_rows_goes_down_and_up_without_a_trace(head: Database) -> None:
    head.execute("DELETE FROM system_settings")
    schema = head.snapshot()
    downgrade(head.engine, "base")
    assert head.tables() == {"alembic_version"}
    upgrade(head.engine)
    assert differences(head.snapshot(), schema) == {}


def test_only_what_holds_something_is_kept(head: Database) -> None:
    add_connection(head, "c1")
    add_base_position(head, "b1", "c1")
    downgrade(head.engine, "035")
    assert kept_tables(head) == {"cts_kept_036_base_pseudo_positions"}
    downgrade(head.engine, "base")
    # The settings are those of 053; no upgrade writes the lines of the runs before again.
    assert kept_tables(head) == {
        "cts_kept_036_base_pseudo_positions",
        "cts_kept_035_exchange_connections",
        "cts_kept_035_site_logs",
    }
    upgrade(head.engine)
    assert kept_tables(head) == set()


def test_columns_are_kept_only_for_rows_where_one_of_them_has_a_value(head: Database) -> None:
    add_connection(head, "c1")
    for key, price in (("with", "0.5"), ("without", None)):
        head.execute(
            "INSERT INTO indication_states (id, state_key, parabolic_sar_value) VALUES (:key, :key, :price)",
            {"key": key, "price": price},
        )
    downgrade(head.engine, "055")
    assert head.rows("SELECT id FROM cts_kept_056_indication_states") == [("with",)]


def test_pouring_is_no_change_and_does_not_stamp_updated_at(head: Database) -> None:
    add_connection(head, "c1")
    add_base_position(head, "b1", "c1")
    head.execute("UPDATE base_pseudo_positions SET time_window = 5, updated_at = '2026-01-03 12:00:00'")
    before = head.rows("SELECT * FROM base_pseudo_positions")
    for revision in ("053", "035"):
        downgrade(head.engine, revision)
        upgrade(head.engine)
        assert head.rows("SELECT * FROM base_pseudo_positions") == before


# What changed in between


def test_a_row_whose_parent_was_deleted_stays_kept_and_the_rest_is_poured(head: Database) -> None:
    for connection in ("gone", "there"):
        add_connection(head, connection)
        add_base_position(head, f"of {connection}", connection)
    downgrade(head.engine, "035")
    delete_with_children(head, "gone")
    upgrade(head.engine)
    assert head.rows("SELECT id FROM base_pseudo_positions") == [("of there",)]
    assert head.rows("SELECT id, connection_id FROM cts_kept_036_base_pseudo_positions") == [("of gone", "gone")]


def test_a_reference_becomes_null_when_its_row_is_gone_and_the_old_value_stays_kept(head: Database) -> None:
    add_connection(head, "c1")
    add_base_position(head, "gone", "c1")
    head.execute(
        "INSERT INTO optimal_indications (id, connection_id, symbol, base_position_id, indication_range, direction, "
        "drawdown_ratio, market_change_range, last_part_ratio) VALUES ('o1', 'c1', 'BTC', 'gone', 1, 'long', 1, 1, 1)"
    )
    downgrade(head.engine, "056")
    head.execute("DELETE FROM base_pseudo_positions")
    upgrade(head.engine)
    assert head.rows("SELECT id, base_position_id FROM optimal_indications") == [("o1", None)]
    assert head.rows("SELECT id, base_position_id FROM cts_kept_057_optimal_indications") == [("o1", "gone")]


def test_a_kept_column_that_refers_to_a_deleted_row_comes_back_as_null(head: Database) -> None:
    head.execute("INSERT INTO preset_types (id, name) VALUES ('gone', 'p')")
    add_connection(head, "c1")
    head.execute("UPDATE exchange_connections SET preset_type_id = 'gone', updated_at = '2026-01-03 12:00:00'")
    downgrade(head.engine, "054")
    head.execute("DELETE FROM preset_types")
    upgrade(head.engine)
    assert head.rows("SELECT id, preset_type_id FROM exchange_connections") == [("c1", None)]


def test_columns_of_a_row_that_was_deleted_stay_kept(head: Database) -> None:
    for key in ("gone", "there"):
        head.execute(
            "INSERT INTO indication_states (id, state_key, parabolic_sar_value) VALUES (:key, :key, 1)", {"key": key}
        )
    downgrade(head.engine, "055")
    head.execute("DELETE FROM indication_states WHERE id = 'gone'")
    upgrade(head.engine)
    assert head.rows("SELECT id, parabolic_sar_value FROM indication_states") == [("there", 1)]
    assert head.rows("SELECT id, parabolic_sar_value FROM cts_kept_056_indication_states") == [("gone", 1)]


def test_references_between_rows_of_one_table_survive(head: Database) -> None:
    add_connection(head, "c1")
    for key, base in (("z", None), ("a", "z"), ("m", "m")):
        head.execute(
            "INSERT INTO preset_pseudo_positions (id, connection_id, symbol, base_position_id) "
            "VALUES (:key, 'c1', 'BTC', :base)",
            {"key": key, "base": base},
        )
    downgrade(head.engine, "054")
    upgrade(head.engine)
    query = "SELECT id, base_position_id FROM preset_pseudo_positions ORDER BY id"
    assert head.rows(query) == [("a", "z"), ("m", "m"), ("z", None)]


def test_a_reference_to_a_row_that_stays_kept_becomes_null(head: Database) -> None:
    for connection in ("gone", "there"):
        add_connection(head, connection)
    for key, connection, base in (("parent", "gone", None), ("child", "there", "parent")):
        head.execute(
            "INSERT INTO preset_pseudo_positions (id, connection_id, symbol, base_position_id) "
            "VALUES (:key, :connection, 'BTC', :base)",
            {"key": key, "connection": connection, "base": base},
        )
    downgrade(head.engine, "054")
    delete_with_children(head, "gone")
    upgrade(head.engine)
    assert head.rows("SELECT id, base_position_id FROM preset_pseudo_positions") == [("child", None)]
    # 056 has added columns to the row, and keeps them for it too.
    assert kept_tables(head) == {"cts_kept_055_preset_pseudo_positions", "cts_kept_056_preset_pseudo_positions"}


def test_a_second_downgrade_puts_what_is_left_aside_and_loses_none_of_it(head: Database) -> None:
    for connection in ("gone", "there"):
        add_connection(head, connection)
        add_base_position(head, "b1" if connection == "gone" else "b2", connection)
    downgrade(head.engine, "035")
    delete_with_children(head, "gone")
    upgrade(head.engine)
    # The same id again, in another row: the one that is left must not be taken for it.
    add_base_position(head, "b1", "there")
    before = head.rows("SELECT * FROM base_pseudo_positions ORDER BY id")
    for _ in range(2):
        downgrade(head.engine, "035")
        upgrade(head.engine)
        assert head.rows("SELECT * FROM base_pseudo_positions ORDER BY id") == before
        assert head.rows("SELECT id, connection_id FROM cts_kept_036_base_pseudo_positions_2") == [("b1", "gone")]
        assert kept_tables(head) == {"cts_kept_036_base_pseudo_positions_2"}


def test_a_column_that_no_revision_knows_comes_back_with_its_table(head: Database) -> None:
    head.execute("ALTER TABLE users ADD COLUMN nickname TEXT")
    for key, nickname in (("u1", "bob"), ("u2", None)):
        head.execute(
            "INSERT INTO users (id, username, password_hash, nickname) VALUES (:key, :key, 'x', :nickname)",
            {"key": key, "nickname": nickname},
        )
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert head.rows("SELECT id, nickname FROM users ORDER BY id") == [("u1", "bob"), ("u2", None)]
    assert kept_tables(head) == set()


def test_a_changed_order_of_columns_mixes_up_no_values(head: Database) -> None:
    # On SQLite a rename moves a column to the end, so the table that is kept is not the one that is created.
    add_connection(head, "c1")
    head.execute("UPDATE exchange_connections SET indication_auto = true, api_secret = 's', volume_factor = 2.5")
    before = head.rows(
        "SELECT indication_auto, api_secret, volume_factor, connection_library FROM exchange_connections"
    )
    for revision in ("053", "base", "053"):
        downgrade(head.engine, revision)
        upgrade(head.engine)
    after = head.rows("SELECT indication_auto, api_secret, volume_factor, connection_library FROM exchange_connections")
    assert after == before


# Ids are never given twice


def add_log(database: Database, table: str) -> int:
    values = {
        "site_logs": "(message) VALUES ('m')",
        "indication_history": "(connection_id, symbol, indication_type) VALUES ('c1', 'BTC', 'move')",
        "data_cleanup_log": "(cleanup_type) VALUES ('all')",
    }[table]
    with database.engine.begin() as connection:
        return int(connection.exec_driver_sql(f"INSERT INTO {table} {values} RETURNING id").scalar_one())


@pytest.mark.parametrize("deleted", ["nothing", "the newest", "all"])
def test_logs_go_on_counting_after_every_id_they_ever_gave(head: Database, deleted: str) -> None:
    add_connection(head, "c1")
    last = {table: [add_log(head, table) for _ in range(3)][-1] for table in LOGS}
    for table, newest in last.items():
        head.execute(
            {
                "nothing": "SELECT 1",
                "the newest": f"DELETE FROM {table} WHERE id = {newest}",
                "all": f"DELETE FROM {table}",
            }[deleted]
        )
    for _ in range(2):
        downgrade(head.engine, "base")
        upgrade(head.engine)
        assert kept_tables(head) == set()
    for table, newest in last.items():
        assert add_log(head, table) > newest


def test_the_id_of_a_row_that_stays_kept_is_not_given_again(head: Database) -> None:
    add_connection(head, "c1")
    last = add_log(head, "indication_history")
    downgrade(head.engine, "057")
    delete_with_children(head, "c1")
    upgrade(head.engine)
    assert head.rows("SELECT id FROM cts_kept_058_indication_history") == [(last,)]
    add_connection(head, "c1")
    assert add_log(head, "indication_history") > last


def test_ids_below_zero_are_no_hindrance(head: Database) -> None:
    head.execute("INSERT INTO site_logs (id, message) VALUES (-5, 'old')")
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert head.rows("SELECT id FROM site_logs WHERE message = 'old'") == [(-5,)]
    assert add_log(head, "site_logs") > 0


# Names, and other sessions


def test_reserved_words_and_quotes_are_kept_under_any_name(database: Database) -> None:
    names = ("order", "a b", "it's", 'say "x"', "100%", "a:b", "select")

    def items() -> list[sa.Column[Any]]:
        return [sa.Column("from", sa.Text(), primary_key=True), *(sa.Column(name, sa.Text()) for name in names[1:])]

    values = {name: f"value of {name}" for name in ("from", *names[1:])}
    for table in names:
        with operations(database) as ddl:
            made = ddl.create_table("900", table, *items())
            ddl.connection.execute(made.insert(), values)
            ddl.add_columns("901", table, sa.Column("to:%", sa.Text()), key=("from",))
            ddl.connection.execute(sa.table(table, sa.column("to:%")).update().values({"to:%": "x"}))
        with operations(database) as ddl:
            ddl.drop_columns("901", table, "to:%", key=("from",))
            ddl.drop_table("900", table, key=("from",))
        assert table not in database.tables()
        assert {preserved_name("900", table), preserved_name("901", table)} <= database.tables()
        with operations(database) as ddl:
            made = ddl.create_table("900", table, *items())
            ddl.add_columns("901", table, sa.Column("to:%", sa.Text()), key=("from",))
            loaded = sa.table(table, *(sa.column(name) for name in [*values, "to:%"]))
            row = ddl.connection.execute(sa.select(loaded)).mappings().one()
            assert dict(row) == {**values, "to:%": "x"}
        assert kept_tables(database) == set()


def test_rows_that_must_refer_to_rows_of_their_own_table_all_come_back(database: Database) -> None:
    def items() -> list[sa.Column[Any]]:
        parent = sa.ForeignKey("nodes.id", ondelete="CASCADE")
        return [sa.Column("id", sa.Text(), primary_key=True), sa.Column("parent_id", sa.Text(), parent)]

    rows: list[dict[str, Any]] = [
        {"id": "z", "parent_id": None},
        {"id": "m", "parent_id": "z"},
        {"id": "a", "parent_id": "m"},
    ]
    with operations(database) as ddl:
        ddl.connection.execute(ddl.create_table("900", "nodes", *items()).insert(), rows)
    with operations(database) as ddl:
        ddl.drop_table("900", "nodes")
    with operations(database) as ddl:
        ddl.create_table("900", "nodes", *items())
    assert database.rows("SELECT id, parent_id FROM nodes ORDER BY id") == [("a", "m"), ("m", "z"), ("z", None)]
    assert kept_tables(database) == set()


def test_columns_with_a_binding_reference_stay_kept_when_the_row_they_need_is_gone(database: Database) -> None:
    def column() -> sa.Column[Any]:
        return sa.Column("owner_id", sa.Text(), sa.ForeignKey("owners.id"))

    with operations(database) as ddl:
        ddl.create_table("900", "owners", sa.Column("id", sa.Text(), primary_key=True))
        ddl.create_table("900", "things", sa.Column("id", sa.Text(), primary_key=True))
        ddl.add_columns("901", "things", column())
    for statement in (
        "INSERT INTO owners VALUES ('o1'), ('o2')",
        "INSERT INTO things VALUES ('t1', 'o1'), ('t2', 'o2')",
    ):
        database.execute(statement)
    with operations(database) as ddl:
        ddl.drop_columns("901", "things", "owner_id")
    database.execute("DELETE FROM owners WHERE id = 'o1'")
    with operations(database) as ddl:
        ddl.add_columns("901", "things", column())
    assert database.rows("SELECT id, owner_id FROM things ORDER BY id") == [("t1", None), ("t2", "o2")]
    assert database.rows("SELECT id, owner_id FROM cts_kept_901_things") == [("t1", "o1")]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("above", "below", "statement", "query"),
    [
        (
            "059",
            "057",
            "INSERT INTO indication_history (connection_id, symbol, indication_type) VALUES ('c1', 'BTC', 'move')",
            "SELECT count(*) FROM indication_history",
        ),
        (
            "054",
            "053",
            "UPDATE base_pseudo_positions SET time_window = 1",
            "SELECT time_window FROM base_pseudo_positions",
        ),
    ],
)
def test_what_another_session_is_writing_is_kept_too(
    head: Database, above: str, below: str, statement: str, query: str
) -> None:
    """On SQLite there is no other writer: the run's own transaction keeps it out."""
    add_connection(head, "c1")
    add_base_position(head, "b1", "c1")
    downgrade(head.engine, above)
    failed: list[BaseException] = []

    def go_down() -> None:
        try:
            downgrade(head.url, below)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=go_down)
    with head.engine.begin() as writer:
        writer.exec_driver_sql(statement)
        thread.start()
        wait_until_blocked(head)
    thread.join(60)
    assert failed == []
    upgrade(head.engine)
    assert head.value(query) == 1


def wait_until_blocked(database: Database) -> None:
    """Wait until some session waits for a lock of another."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(600):
        if database.value(query):
            return
        threading.Event().wait(0.02)
    raise AssertionError("nobody waited")
