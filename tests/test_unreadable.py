"""Values that a database takes and the models cannot read: refused where that is cheap, found, and set aside."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from cts_schema import Health, check, repair, status, upgrade
from cts_schema.cli.output import worded
from cts_schema.database.options import Options
from cts_schema.health import unreadable
from cts_schema.health.context import CheckContext
from cts_schema.migration.state import read_status
from cts_schema.models import Base
from tests.support.damage import damaged
from tests.support.databases import Database

CONNECTION = "INSERT INTO exchange_connections (id, name, exchange, api_type) VALUES ('c', 'c', 'binance', 'spot')"
LOG = "INSERT INTO site_logs (level, category, message, {}) VALUES ('info', 'x', 'x', {})"
ORDER = "INSERT INTO orders (id, quantity, {}) VALUES ('o', 1, {})"


def shown(health: Health) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in health.findings]


def put(database: Database, *statements: str) -> None:
    """Write rows as a database may have them that is older than its CHECKs; these are there again afterwards."""
    if database.kind == "sqlite":
        damaged(
            database, ["PRAGMA ignore_check_constraints = ON", *statements, "PRAGMA ignore_check_constraints = OFF"]
        )
        return
    query = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE right(conname, 7) = '_finite'"
    )
    with database.engine.connect() as connection:
        checks = connection.exec_driver_sql(query).all()
    gone = [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in checks]
    again = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {what} NOT VALID" for table, name, what in checks]
    damaged(database, [*gone, *statements, *again])
    for table, name, _ in checks:
        try:
            database.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        except IntegrityError:
            continue


def read_all(database: Database) -> None:
    """Read every row of every model."""
    with Session(database.engine) as session:
        for mapper in Base.registry.mappers:
            session.scalars(sa.select(mapper.class_)).all()


def left_over(database: Database) -> list[tuple[Any, ...]]:
    query = "SELECT table_name, row_key, reason, payload FROM adoption_leftovers ORDER BY id"
    return [(*row, json.loads(text) if isinstance(text, str) else text) for *row, text in database.rows(query)]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_postgresql_refuses_nan_by_a_check_that_names_the_column(head: Database) -> None:
    head.execute("INSERT INTO orders (id, quantity, price) VALUES ('o1', 1, 2), ('o2', 1, NULL)")
    for statement in (ORDER.format("price", "'NaN'"), "UPDATE orders SET price = 'NaN'"):
        with pytest.raises(IntegrityError, match="ck_orders_price_finite"):
            head.execute(statement)
    assert shown(check(head.url, deep=True)) == []


# A statement, the finding, what is true afterwards, and the old value where it is short.
ROWS: dict[str, list[tuple[str, str, str, str | None]]] = {
    "postgresql": [
        (ORDER.format("price", "'NaN'"), "orders.price", "price IS NULL", "NaN"),
        (ORDER.format("fees", "'NaN'"), "orders.fees", "fees = 0", "NaN"),
        (ORDER.format("executed_at", "'infinity'"), "orders.executed_at", "executed_at IS NULL", "infinity"),
        (
            ORDER.format("created_at", r"'0044-03-15 00\:00\:00+00 BC'"),
            "orders.created_at",
            "created_at > '2020-01-01'",
            "0044-03-15 00:00:00+00 BC",
        ),
        (
            ORDER.format("updated_at", r"'57999-01-01 00\:00\:00+00'"),
            "orders.updated_at",
            "updated_at < '9999-01-01'",
            "57999-01-01 00:00:00+00",
        ),
        (LOG.format("metadata", """'{"n"\\: 1e5000}'"""), "site_logs.metadata", "metadata IS NULL", None),
    ],
    "sqlite": [
        (ORDER.format("price", "9e999"), "orders.price", "price IS NULL", "Inf"),
        (ORDER.format("fees", "'much'"), "orders.fees", "fees = 0", "much"),
        (ORDER.format("price", "x'31'"), "orders.price", "price IS NULL", "x'31'"),
        (ORDER.format("executed_at", "'now'"), "orders.executed_at", "executed_at IS NULL", "now"),
        (ORDER.format("executed_at", "''"), "orders.executed_at", "executed_at IS NULL", ""),
        (
            ORDER.format("created_at", r"'0000-01-01 00\:00\:00'"),
            "orders.created_at",
            "created_at > '2020'",
            "0000-01-01 00:00:00",
        ),
        (
            ORDER.format("created_at", r"'2016-12-31 23\:59\:60'"),
            "orders.created_at",
            "created_at > '2020'",
            "2016-12-31 23:59:60",
        ),
        (ORDER.format("updated_at", "1767483015"), "orders.updated_at", "updated_at > '2020'", "1767483015"),
        (ORDER.format("symbol", "CAST(x'61ff' AS TEXT)"), "orders.symbol", "symbol IS NULL", "x'61ff'"),
        (LOG.format("metadata", """'{"a"\\: 9'"""), "site_logs.metadata", "metadata IS NULL", '{"a": 9'),
    ],
}


@pytest.mark.parametrize(("kind", "number"), [(kind, n) for kind in ROWS for n in range(len(ROWS[kind]))])
def test_a_value_that_no_model_reads_is_found_and_set_aside(head: Database, number: int) -> None:
    statement, where, afterwards, old = ROWS[head.kind][number]
    put(head, statement)
    with pytest.raises((DBAPIError, ValueError)):
        read_all(head)
    table, _, column = where.partition(".")
    key = str(head.value(f"SELECT CAST(id AS TEXT) FROM {table}"))
    for deep in (False, True):
        (finding,) = [one for one in check(head.url, deep=deep).findings if one.code == "unreadable-values"]
        assert (finding.where, finding.severity, finding.count, finding.examples) == (where, "error", 1, (key,))
        assert worded(finding.repair) == "cts-schema repair unreadable-values"
    changed = "SELECT updated_at FROM orders" if column != "updated_at" and table == "orders" else "SELECT 1"
    before = head.rows(changed)
    done = repair(head.url)
    assert {one.finding.code for one in done.left} <= {"refused-values"}  # no JSON on SQLite, which a CHECK refuses
    assert shown(check(head.url, deep=True)) == []
    assert head.value(f"SELECT count(*) FROM {table} WHERE {afterwards}") == 1
    assert head.rows(changed) == before
    ((of, row, reason, payload),) = left_over(head)
    assert (of, row, reason) == (table, key, "type")
    assert payload == ({column: old} if old is not None else {column: payload[column]})
    read_all(head)


def test_a_row_that_cannot_be_without_the_value_leaves_whole_when_asked_for(head: Database) -> None:
    bad = "'NaN'" if head.kind == "postgresql" else "'lots'"
    put(
        head,
        CONNECTION,
        f"INSERT INTO real_pseudo_positions (id, connection_id, symbol, entry_price, quantity) "
        f"VALUES ('r', 'c', 'BTC', {bad}, 1), ('s', 'c', 'BTC', 2, 1)",
        "INSERT INTO active_exchange_positions (id, connection_id, real_pseudo_position_id, symbol, side, entry_price, "
        "current_price, quantity, volume_usd, trade_mode, exchange_id) VALUES "
        "('a', 'c', 'r', 'BTC', 'long', 1, 1, 1, 1, 'main', 'x'), "
        "('b', 'c', 's', 'BTC', 'long', 1, 1, 1, 1, 'main', 'y')",
    )
    done = repair(head.url)
    assert not done.complete
    assert [one.finding.where for one in done.left if one.finding.code == "unreadable-values"] == [
        "real_pseudo_positions.entry_price"
    ]
    assert any("--orphans quarantine" in str(worded(one.reason)) for one in done.left)
    assert left_over(head) == []
    assert repair(head.url, orphans="quarantine").complete
    assert shown(check(head.url, deep=True)) == []
    assert [row[:3] for row in left_over(head)] == [
        ("real_pseudo_positions", "r", "type"),
        ("active_exchange_positions", "a", "orphan"),
    ]
    assert left_over(head)[0][3]["entry_price"] == bad.strip("'")
    assert head.rows("SELECT id FROM real_pseudo_positions") == [("s",)]
    assert head.rows("SELECT id FROM active_exchange_positions") == [("b",)]
    read_all(head)


def test_what_can_be_emptied_is_and_a_row_with_more_stays_whole(head: Database) -> None:
    bad = "'NaN'" if head.kind == "postgresql" else "'lots'"
    put(
        head,
        f"INSERT INTO orders (id, quantity, price, fees) VALUES ('o', {bad}, 1, 0), ('p', 1, 1, {bad})",
        "INSERT INTO trading_pairs (id, exchange_id, symbol, base_currency, quote_currency) "
        "VALUES ('t', 'e', 's', 'b', 'q')",
    )
    done = repair(head.url, ("unreadable-values",))
    assert [one.finding.where for one in done.left] == ["orders.quantity"]
    assert left_over(head) == [("orders", "p", "type", {"fees": bad.strip("'")})]
    assert head.value("SELECT fees FROM orders WHERE id = 'p'") == 0


def test_a_value_beside_one_whose_row_must_leave_is_set_aside_in_other_rows_too(head: Database) -> None:
    bad = "'NaN'" if head.kind == "postgresql" else "'lots'"
    put(head, f"INSERT INTO orders (id, quantity, price) VALUES ('o', {bad}, {bad}), ('p', 1, {bad}), ('q', 1, 1)")
    done = repair(head.url, orphans="quarantine")
    assert done.complete
    assert head.rows("SELECT id, price FROM orders ORDER BY id") == [("p", None), ("q", 1)]
    assert sorted(row[1:3] for row in left_over(head)) == [("o", "type"), ("p", "type")]


def test_the_leftovers_are_mended_while_values_go_there(head: Database) -> None:
    bad, at = ("'NaN'", "'infinity'") if head.kind == "postgresql" else ("'lots'", "'soon'")
    put(
        head,
        f"INSERT INTO orders (id, quantity, price) VALUES ('o', 1, {bad})",
        "INSERT INTO adoption_leftovers (table_name, reason, payload, created_at) "
        f"VALUES ('users', 'orphan', '{{}}', {at})",
    )
    assert repair(head.url).complete
    assert [row[0] for row in left_over(head)] == ["users", "adoption_leftovers", "orders"]


def test_odd_values_of_the_ledger_and_the_run_log_stop_neither_check_nor_upgrade(head: Database) -> None:
    odd, took = ("'infinity'", "1") if head.kind == "postgresql" else ("x'00'", "'long'")
    put(
        head,
        f"UPDATE schema_migrations SET executed_at = {odd}, execution_time_ms = {took} WHERE migration_id = 36",
        "DELETE FROM schema_migrations WHERE migration_id = 56",
        f"INSERT INTO site_logs (level, category, message, timestamp, metadata) VALUES "
        f"""('error', 'migration', 'mine', {odd}, '{{"package_version"\\: 1}}')""",
    )
    found = shown(check(head.url))
    assert {("unreadable-values", "schema_migrations.executed_at"), ("failed-migration", "site_logs")} <= {*found}
    assert upgrade(head.url).healed == ("056",)
    assert not repair(head.url, ("unreadable-values",)).left
    assert status(head.url).at_head


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_key_that_is_no_text_is_told_and_left_alone(head: Database) -> None:
    put(head, "INSERT INTO orders (id, quantity, price) VALUES (CAST(x'ff' AS TEXT), 1, 'x')")
    assert ("unreadable-values", "orders.id") in shown(check(head.url))
    done = repair(head.url, orphans="quarantine")
    assert {one.finding.where for one in done.left} == {"orders.id", "orders.price"}
    assert left_over(head) == []


# Any value.

_DIGITS = "0123456789"


def _any_text(numbers: random.Random) -> str:
    pieces = [
        "2026-01-03", "2026-02-30", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", " ", "T", "t", "24:00:00",
        "23:59:59", "23:59:60", "10:00", ".5", ".123456", ".1234567", ",5", "Z", "+01:00", "-14:00", "+25:00", "now",
        "20260103", "2026-W01-1", "NaN", "-Infinity", "sNaN1", "1e5000", "9" * 400, "1_000", "\u0661", "12.5", "-",
        "{", "}", "[", "]", '"a"', ":", "null", "true", "9" * 4301, "\0", "\ud7ff", "\u00e9", "",
    ]  # fmt: skip
    return "".join(numbers.choices(pieces, k=numbers.randint(1, 3)))


def _any_value(numbers: random.Random) -> tuple[str, Any]:
    """Return a value as SQL of SQLite, and what is bound to it."""
    kind = numbers.randrange(6)
    if kind == 0:
        return "?", numbers.choice([0, 1, -1, 2**63 - 1, -(2**63), 1767483015, numbers.randrange(10**12)])
    if kind == 1:
        return "?", numbers.choice([float("inf"), -float("inf"), 1e308, 5e-324, 0.1, -2.5, numbers.random()])
    if kind == 2:
        return "?", bytes(numbers.choices(b"[]{}019\xff\x00 -", k=numbers.randint(0, 4)))
    if kind == 3:
        text = _any_text(numbers).encode() + bytes(numbers.choices(b"\xff\x80\xc3a\x00", k=numbers.randint(0, 2)))
        return "CAST(? AS TEXT)", text
    return "?", _any_text(numbers)


PLACES = {
    "orders": ["price", "executed_at", "created_at", "symbol", "fees"],
    "site_logs": ["metadata", "message", "resolved"],
    "trade_engine_state": ["main_avg_duration_ms", "main_cycle_count", "started_at"],
}
REQUIRED = {
    "orders": ("id, quantity", "{n}, 1"),
    "site_logs": ("id, level, category, message", "{n}, 'info', 'x', 'x'"),
    "trade_engine_state": ("id, connection_id", "{n}, {n}"),
}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", PLACES)
def test_check_finds_a_value_of_sqlite_if_and_only_if_reading_it_raises(head: Database, table: str) -> None:
    numbers = random.Random(f"20260103 {table}")
    with head.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for column in PLACES[table]:
            names, given = REQUIRED[table]
            names = names.replace(", message", "") + f", {column}" if column == "message" else f"{names}, {column}"
            given = given.replace(", 'x', 'x'", ", 'x'") if column == "message" else given
            for n in range(300):
                value, bound = _any_value(numbers)
                row = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({given.format(n=n)}, {value})"
                connection.exec_driver_sql(row, (bound,))
            _compare(connection, Base.metadata.tables[table], column)
            connection.exec_driver_sql(f"DELETE FROM {table}")


TIMES = ("4713-01-01 BC", "0001-12-31 23:59:59.999999 BC", "0001-01-01", "9999-12-31 23:59:59.999999", "10000-01-01")
JSONS = (
    "1e4299",
    "1e4300",
    "-1e4300",
    f'"{"9" * 5000}"',
    "0." + "1" * 5000,
    "9" * 4300 + ".5",
    '{"a": [1e6000, "\\""]}',
)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_check_finds_a_value_of_postgresql_if_and_only_if_reading_it_raises(head: Database) -> None:
    numbers = random.Random(20260103)
    for column, values in {
        "price": ["NaN", "0", *(str(numbers.uniform(-1e11, 1e11)) for _ in range(20))],
        "executed_at": ["infinity", "-infinity", *(f"{t[:-3]}+00 BC" if "BC" in t else f"{t}+00" for t in TIMES)],
    }.items():
        put(head, *(
            f"INSERT INTO orders (id, quantity, {column}) VALUES ('{n}', 1, '{value}')".replace(":", r"\:")
            for n, value in enumerate(values)
        ))  # fmt: skip
        with head.engine.connect() as connection:
            _compare(connection, Base.metadata.tables["orders"], column)
        head.execute("DELETE FROM orders")
    with head.engine.connect() as connection:
        for value in JSONS:
            connection.execute(sa.text(LOG.format("metadata", "CAST(:value AS jsonb)")), {"value": value})
        _compare(connection, Base.metadata.tables["site_logs"], "metadata")


def _compare(connection: sa.Connection, table: sa.Table, column: str) -> None:
    context = CheckContext(connection, read_status(connection, Options()), True, "alembic_version")
    condition = unreadable.conditions(context, table).get(column, "1 = 0")
    key = next(iter(table.primary_key))
    found = set(connection.exec_driver_sql(f"SELECT c.{key.name} FROM {table.name} AS c WHERE {condition}").scalars())
    for one in connection.exec_driver_sql(f"SELECT {key.name} FROM {table.name}").scalars().all():
        with connection.begin_nested():
            try:
                connection.execute(sa.select(table.c[column]).where(sa.cast(key, sa.Text) == str(one))).all()
                raised = False
            except (DBAPIError, ArithmeticError, ValueError, TypeError):
                raised = True
        assert (one in found) == raised, (table.name, column, one)
