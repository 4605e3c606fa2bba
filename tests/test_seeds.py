"""Data sets by environment: each is applied once, whole or not at all, and what is there stays as it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from cts_schema import check, seed, upgrade
from cts_schema.ddl import BigInt, Timestamp
from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.postgresql.lock import advisory_lock
from cts_schema.exceptions import (
    DatabaseNewer,
    DatabaseUnusable,
    LockTimeout,
    NotAtHead,
    NotInProduction,
    RowsOfOthers,
    SchemaError,
    WrongUsage,
    mask_url,
)
from cts_schema.models import (
    ActiveExchangePosition,
    Base,
    BasePseudoPosition,
    ExchangePositionStatistics,
    MarketData,
    Order,
    Portfolio,
    Position,
    PseudoPosition,
)
from cts_schema.seeds import demo, fixed
from cts_schema.seeds.apply import SETS, DataSet
from cts_schema.seeds.demo_market import END, FEE, MONTH
from cts_schema.seeds.writer import Writer
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.program import cts_schema, environment

EXAMPLES = ("demo", "test")
OF_ITS_OWN_TIME = ("schema_migrations", "system_settings", "exchanges")
"""What every database has, and when it got it."""


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CTS_ENV", raising=False)


def census(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, as it is stored."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)))) for table in Base.metadata.sorted_tables
        }


def counts(database: Database) -> dict[str, int]:
    return {table: len(rows) for table, rows in census(database).items()}


def add(version: str) -> Any:
    def step(writer: Writer) -> None:
        row = {"key": f"added.{version}", "value": version, "category": "test"}
        writer.add_absent("system_settings", [row], key="key")

    return step


# Once


@pytest.mark.parametrize("name", SETS)
def test_a_second_seed_changes_nothing(head: Database, name: str) -> None:
    first = seed(head.url, name)
    assert (first.before, first.version, first.database) == (0, 1, mask_url(head.location))
    before = census(head)
    again = seed(head.url, name)
    assert (again.before, again.version, again.rows) == (1, 1, {})
    assert census(head) == before


def test_a_set_tells_how_many_rows_it_added(head: Database) -> None:
    before = counts(head)
    done = seed(head.url, "test")
    after = counts(head)
    recorded = {"system_settings": 1}
    assert {table: after[table] - before[table] - recorded.get(table, 0) for table in done.rows} == done.rows
    assert {table for table in after if after[table] != before[table]} == done.rows.keys()


def test_a_newer_version_adds_only_what_it_has_beyond(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETS, "production", DataSet((add("1"),)))
    assert seed(head.url, "production").rows == {"system_settings": 1}
    head.execute("DELETE FROM system_settings WHERE key = 'added.1'")  # the user's decision
    monkeypatch.setitem(SETS, "production", DataSet((add("1"), add("2"), add("3"))))
    done = seed(head.url, "production")
    assert (done.before, done.version, done.rows) == (1, 3, {"system_settings": 2})
    assert head.rows("SELECT key FROM system_settings WHERE key LIKE 'added%' ORDER BY key") == [
        ("added.2",),
        ("added.3",),
    ]
    assert head.value("SELECT value FROM system_settings WHERE key = 'seed.production'") == "3"

    monkeypatch.setitem(SETS, "production", DataSet((add("1"),)))
    with pytest.raises(DatabaseNewer) as refused:
        seed(head.url, "production")
    assert refused.value.exit_code == 3
    assert refused.value.place["data_set"] == "production, version 3"


def test_a_record_that_is_no_number_is_named(head: Database) -> None:
    seed(head.url, "production")
    head.execute("UPDATE system_settings SET value = 'new' WHERE key = 'seed.production'")
    with pytest.raises(DatabaseUnusable) as refused:
        seed(head.url, "production")
    assert refused.value.place["key"] == "seed.production"


# production


def test_every_installation_gets_its_settings_and_exchanges(head: Database) -> None:
    fresh = head.rows("SELECT key, value, value_type, category, description FROM system_settings ORDER BY key")
    head.execute("DELETE FROM system_settings")
    done = seed(head.url, "production")
    assert done.rows == {"system_settings": len(fresh), "exchanges": 4}
    # What the revisions add to a new database is what the set adds where it is absent.
    query = "SELECT key, value, value_type, category, description FROM system_settings WHERE key NOT LIKE 'seed%'"
    assert head.rows(f"{query} ORDER BY key") == fresh
    assert head.rows("SELECT name FROM exchanges ORDER BY name") == [("binance",), ("bingx",), ("bybit",), ("okx",)]


def test_values_of_the_user_win(head: Database) -> None:
    head.execute("UPDATE system_settings SET value = '30', description = NULL WHERE key = 'marketDataRetentionDays'")
    head.execute("INSERT INTO exchanges (id, name, display_name, is_active) VALUES ('mine', 'Bybit', 'My own', false)")
    before = census(head)
    done = seed(head.url, "production")
    assert done.rows == {"exchanges": 3}
    after = census(head)
    assert {table: set(rows) - set(after[table]) for table, rows in before.items()} == {
        table: set() for table in before
    }
    assert head.value("SELECT value FROM system_settings WHERE key = 'marketDataRetentionDays'") == "30"
    assert head.rows("SELECT id FROM exchanges WHERE lower(name) = 'bybit'") == [("mine",)]


# test


def test_the_fixed_rows_are_in_every_table(head: Database) -> None:
    seed(head.url, "test")
    assert not [table for table, rows in counts(head).items() if not rows]
    assert {*fixed.ROWS} == {*Base.metadata.tables} - {"schema_migrations"}


def test_the_fixed_rows_are_known_by_heart(head: Database) -> None:
    seed(head.url, "test")
    with Session(head.engine) as session:
        live = session.get_one(ActiveExchangePosition, fixed.LIVE)
        assert (live.entry_price, live.current_price, live.quantity) == (fixed.ENTRY, fixed.EXIT, fixed.QUANTITY)
        assert live.realized_pnl == fixed.PROFIT == ((fixed.EXIT - fixed.ENTRY) * fixed.QUANTITY).quantize(fixed.PROFIT)
        assert (live.opened_at, live.closed_at) == (fixed.AT, fixed.CLOSED_AT)
        assert live.real_position.pseudo_position is live.main_position
        assert live.main_position is not None
        assert live.main_position.base_position_id == fixed.BASE
        assert session.get_one(Order, fixed.ORDER).portfolio_id == fixed.PORTFOLIO
    for table in Base.metadata.sorted_tables:
        if isinstance(table.c.get("id", sa.column("id")).type, sa.Text) and table.name != "exchanges":
            with head.engine.connect() as connection:
                assert all(key.startswith("test-") for key in connection.scalars(sa.select(table.c.id)))


# demo


@pytest.fixture(scope="module")
def sqlite_month(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('month') / 'cts.db'}"
    upgrade(url)
    seed(url, "demo", rows=demo.LEAST)
    return url


@pytest.fixture(scope="module")
def postgresql_month(server: Server) -> Iterator[str]:
    url = server.create()
    upgrade(url)
    seed(url, "demo", rows=demo.LEAST)
    yield url.render_as_string(hide_password=False)
    server.drop(url)


@pytest.fixture
def month(kind: str, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on the month in its smallest size, to look at."""
    with (
        Database(sa.make_url(request.getfixturevalue(f"{kind}_month"))) as database,
        Session(database.engine) as session,
    ):
        yield session


def test_the_month_is_consistent(head: Database) -> None:
    done = seed(head.url, "demo", rows=demo.LEAST)
    assert sum(done.rows.values()) == demo.LEAST
    assert check(head.url, deep=True).findings == ()
    if head.kind == "sqlite":
        assert head.rows("PRAGMA foreign_key_check") == []
    filled = {table for table, count in counts(head).items() if count}
    assert filled == {*Base.metadata.tables} - {"adoption_leftovers", "archived_market_data"}


def test_the_month_is_the_same_in_every_database_of_either_kind(month: Session, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    upgrade(other)
    seed(other, "demo", rows=demo.LEAST)
    with Database(sa.make_url(other)) as database, Session(database.engine) as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in OF_ITS_OWN_TIME:
                assert values(month, table) == values(session, table), table.name


def values(session: Session, table: sa.Table) -> list[list[str]]:
    """The rows of a table as texts, without the ids that a database gives."""
    given = [one for one in table.columns if one.name != "exchange_id" or not one.foreign_keys]
    columns = [one for one in given if not (one.primary_key and isinstance(one.type, BigInt))]
    rows = session.execute(sa.select(*columns).where(of_the_month(table)))
    return sorted([json.dumps(value, default=str, sort_keys=True) for value in row] for row in rows)


def of_the_month(table: sa.Table) -> sa.ColumnElement[bool]:
    """What leaves out log lines of others, such as those of a migration."""
    return table.c.connection_id.like("demo-%") if table.name == "site_logs" else sa.true()


def test_every_time_is_within_the_month(month: Session) -> None:
    for table in Base.metadata.sorted_tables:
        if table.name in OF_ITS_OWN_TIME:
            continue
        for column in table.columns:
            if isinstance(column.type, Timestamp):
                ends = sa.select(sa.func.min(column), sa.func.max(column)).where(of_the_month(table))
                first, last = month.execute(ends).one()
                assert first is None or MONTH <= first <= last <= END, column
    for model in (ActiveExchangePosition, Position, PseudoPosition):
        wrong = sa.select(sa.func.count()).where(model.closed_at <= model.opened_at)
        assert month.scalar(wrong) == 0
        assert (
            month.scalar(sa.select(sa.func.count()).where((model.status == "closed") != model.closed_at.is_not(None)))
            == 0
        )


def test_a_result_follows_from_its_prices(month: Session) -> None:
    lives = month.scalars(sa.select(ActiveExchangePosition)).all()
    assert {live.status for live in lives} == {"open", "closed"}
    assert {live.side for live in lives} == {"long", "short"}
    for live in lives:
        moved = (live.current_price - live.entry_price) * (1 if live.side == "long" else -1)
        result, none = moved * live.quantity, Decimal(0)
        assert (live.realized_pnl, live.unrealized_pnl) == (
            (result, none) if live.status == "closed" else (none, result)
        )
        traded = live.entry_price + (live.current_price if live.status == "closed" else 0)
        assert live.fees_paid == traded * live.quantity * FEE
        assert live.volume_usd == live.entry_price * live.quantity


def test_sums_are_those_of_their_rows(month: Session) -> None:
    results = month.execute(
        sa.select(
            ActiveExchangePosition.symbol,
            ActiveExchangePosition.indication_type,
            ActiveExchangePosition.closed_at,
            ActiveExchangePosition.realized_pnl,
            ActiveExchangePosition.fees_paid,
        ).where(ActiveExchangePosition.status == "closed")
    ).all()
    days = month.scalars(sa.select(ExchangePositionStatistics)).all()
    assert sum(day.total_positions for day in days) == len(results)
    for day in days:
        its = [
            one
            for one in results
            if (one.symbol, one.indication_type) == (day.symbol, day.indication_type)
            and day.period_start <= one.closed_at < day.period_end
        ]
        assert day.total_positions == len(its)
        assert day.total_pnl == sum(one.realized_pnl for one in its)
        assert day.net_pnl == day.total_pnl - sum(one.fees_paid for one in its)
        assert day.winning_positions == sum(one.realized_pnl > 0 for one in its)

    for base in month.scalars(sa.select(BasePseudoPosition)):
        its_results = month.scalars(
            sa.select(PseudoPosition.profit_loss).where(
                PseudoPosition.base_position_id == base.id,
                PseudoPosition.type == "base",
                PseudoPosition.status == "closed",
            )
        ).all()
        assert base.total_profit_loss == sum(result or 0 for result in its_results)
        assert (base.total_positions, base.winning_positions) == (
            len(its_results),
            sum((result or 0) > 0 for result in its_results),
        )

    for portfolio in month.scalars(sa.select(Portfolio)):
        held = month.scalars(sa.select(Position).where(Position.portfolio_id == portfolio.id)).all()
        brought = sum(position.realized_pnl + position.unrealized_pnl for position in held)
        assert portfolio.total_value == portfolio.initial_value + brought


def test_orders_belong_to_their_positions(month: Session) -> None:
    orders = {order.exchange_order_id: order for order in month.scalars(sa.select(Order))}
    for live in month.scalars(sa.select(ActiveExchangePosition)):
        assert live.exchange_order_id is not None
        opening = orders.pop(live.exchange_order_id)
        assert (opening.executed_at, opening.average_fill_price) == (live.opened_at, live.entry_price)
        assert (opening.quantity, opening.connection_id) == (live.quantity, live.connection_id)
        assert opening.side == ("buy" if live.side == "long" else "sell")
        if live.status == "closed":
            closing = orders.pop(f"demo-order-{int(live.exchange_order_id.rsplit('-')[-1]) + 1}")
            assert (closing.executed_at, closing.average_fill_price) == (live.closed_at, live.current_price)
            assert closing.side != opening.side
            assert opening.fees + closing.fees == live.fees_paid
    positions = month.scalars(sa.select(Position)).all()
    ends = sum(position.status == "closed" for position in positions)
    assert {order.user_id for order in orders.values()} == {"demo-trader"}
    assert len(orders) == len(positions) + ends


def test_prices_are_those_of_the_market(month: Session) -> None:
    bars = {
        (bar.symbol, bar.timestamp): bar
        for bar in month.scalars(sa.select(MarketData).where(MarketData.interval == "1h"))
    }
    assert len(bars) == 5 * 31 * 24
    for bar in bars.values():
        assert bar.low < min(bar.open, bar.close) <= max(bar.open, bar.close) < bar.high  # type: ignore[type-var, operator]

    def within(symbol: str | None, at: datetime, price: Decimal | None) -> bool:
        bar = bars[symbol, at.replace(minute=0, second=0)]
        assert price is not None
        assert bar.low is not None
        assert bar.high is not None
        return bar.low <= price <= bar.high

    ticks = month.scalars(sa.select(MarketData).where(MarketData.price.is_not(None))).all()
    assert ticks
    assert all(within(tick.symbol, tick.timestamp, tick.price) for tick in ticks)
    for live in month.scalars(sa.select(ActiveExchangePosition)):
        assert within(live.symbol, live.opened_at, live.entry_price)
        assert live.closed_at is None or within(live.symbol, live.closed_at, live.current_price)


def test_nobody_can_log_in_and_no_key_is_there(head: Database) -> None:
    for name in EXAMPLES:
        seed(head.url, name)
    assert head.rows("SELECT DISTINCT password_hash, api_key, api_secret FROM users") == [("!", None, None)]
    assert head.rows(
        "SELECT DISTINCT api_key, api_secret, api_passphrase, is_testnet, is_live_trade FROM exchange_connections"
    ) in [[(None, None, None, True, False)], [(None, None, None, 1, 0)]]


def test_a_month_of_any_size_takes_the_same_memory(head: Database) -> None:
    small, large = demo.LEAST, 5 * demo.LEAST
    peaks = []
    for rows in (small, small, large):  # the first one also loads and compiles
        tracemalloc.start()
        with head.engine.connect() as connection, connection.begin() as transaction:
            seed(connection, "demo", rows=rows)
            peaks.append(tracemalloc.get_traced_memory()[1])
            transaction.rollback()
        tracemalloc.stop()
    assert peaks[2] - peaks[1] < 0.5 * 2**20  # the rows that are more have 7 MiB


def test_the_size_of_the_month_stays(head: Database) -> None:
    seed(head.url, "demo", rows=demo.LEAST)
    assert seed(head.url, "demo", rows=demo.LEAST).rows == {}
    assert seed(head.url, "demo").rows == {}
    with pytest.raises(WrongUsage, match="another size"):
        seed(head.url, "demo", rows=demo.LEAST + 1)


# Refused


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_do_not_go_into_production(head: Database, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = census(head)
    monkeypatch.setenv("CTS_ENV", " Production")
    with pytest.raises(NotInProduction) as refused:
        seed(head.url, name)
    assert refused.value.exit_code == 2
    assert census(head) == before
    assert seed(head.url, "production").version == 1
    monkeypatch.setenv("CTS_ENV", "development")
    assert seed(head.url, name).version == 1


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO users (id, username, password_hash) VALUES ('u', 'u', 'h')",
        "INSERT INTO exchange_connections (id, name) VALUES ('u', 'c')",
        "INSERT INTO orders (id, quantity) VALUES ('u', 1)",
    ],
)
def test_examples_do_not_go_among_the_rows_of_others(head: Database, row: str) -> None:
    head.execute(row)
    before = census(head)
    for name in EXAMPLES:
        with pytest.raises(RowsOfOthers) as refused:
            seed(head.url, name)
        assert (refused.value.exit_code, refused.value.place["row"]) == (5, "u")
    assert census(head) == before
    seed(head.url, "production")


def test_examples_stand_beside_each_other_and_what_was_done_with_them_later(head: Database) -> None:
    seed(head.url, "test")
    seed(head.url, "demo", rows=demo.LEAST)
    head.execute("INSERT INTO users (id, username, password_hash) VALUES ('u', 'u', 'h')")
    for name in EXAMPLES:
        assert seed(head.url, name).rows == {}


def test_a_database_below_head_is_left_alone(database: Database) -> None:
    with pytest.raises(NotAtHead) as refused:
        seed(database.url, "production")
    assert refused.value.place["revision"] == "none"
    assert "cts_schema.upgrade(target)" in str(refused.value.next_step)
    assert refused.value.exit_code == 1
    assert database.tables() == set()


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotAtHead) as refused:
        seed(f"sqlite:///{tmp_path / 'none.db'}", "production")
    assert str(refused.value.place["database"]).endswith("none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "rows"), [("other", None), ("production", 10_000), ("test", 1), ("demo", 9_999), ("demo", -1)]
)
def test_wrong_names_and_sizes_are_refused(head: Database, name: str, rows: int | None) -> None:
    with pytest.raises(WrongUsage):
        seed(head.url, name, rows=rows)


def test_only_one_seed_or_migration_runs_at_a_time(head: Database) -> None:
    with head.engine.connect() as connection:
        if head.kind == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(SchemaError) as refused:
                seed(head.url, "production", wait=0)
        else:
            with advisory_lock(connection, Deadline(1)), pytest.raises(LockTimeout) as refused:
                seed(head.url, "production", wait=0)
    assert refused.value.exit_code == 4


# All or nothing


def test_a_seed_that_fails_leaves_nothing(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Writer) -> None:
        raise ZeroDivisionError

    before = census(head)
    monkeypatch.setitem(SETS, "demo", DataSet((*demo.STEPS, fail), ("production",), True, demo.LEAST))
    with pytest.raises(ZeroDivisionError):
        seed(head.url, "demo", rows=demo.LEAST)
    assert census(head) == before
    monkeypatch.undo()
    assert sum(seed(head.url, "demo", rows=demo.LEAST).rows.values()) == demo.LEAST


KILLED = """
import os, signal, sys
from cts_schema import seed
from cts_schema.seeds.writer import Writer
add = Writer.derive
def derive(self, table, *args, **kwargs):
    add(self, table, *args, **kwargs)
    if table == "site_logs":
        os.kill(os.getpid(), signal.SIGKILL)
Writer.derive = derive
seed(sys.argv[1], "demo", rows=10_000)
"""


def test_a_seed_that_is_killed_leaves_nothing(head: Database) -> None:
    before = census(head)
    done = subprocess.run([sys.executable, "-c", KILLED, head.url], env=environment(None), check=False)
    assert done.returncode == -signal.SIGKILL
    # The server ends a session whose client has gone, in its own time.
    assert sum(seed(head.url, "demo", rows=demo.LEAST, wait=60).rows.values()) == demo.LEAST
    assert before["schema_migrations"] == census(head)["schema_migrations"]
    assert check(head.url).findings == ()


def test_in_a_transaction_of_the_caller_the_caller_decides(head: Database) -> None:
    before = census(head)
    with head.engine.connect() as connection, connection.begin() as transaction:
        seed(connection, "test")
        assert connection.scalar(sa.select(sa.func.count()).select_from(Order)) == 1
        transaction.rollback()
    assert census(head) == before
    with head.engine.begin() as connection:
        seed(connection, "test")
    assert seed(head.engine, "test").before == 1


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_set_goes_into_the_schema_that_is_named(database: Database) -> None:
    database.execute("CREATE SCHEMA app")
    upgrade(database.url, schema="app")
    for name in SETS:
        seed(database.url, name, schema="app")
    assert database.value("SELECT count(*) FROM app.orders") > 0
    assert database.tables() == set()
    assert check(database.url, schema="app").findings == ()


# At the command line


def test_a_seed_at_the_command_line(head: Database) -> None:
    done = cts_schema("seed", "demo", "--rows", "10000", url=head.url)
    assert (done.code, done.err) == (0, "")
    assert "demo, version 1 (before: none)" in done.out
    assert "added     10,000 rows in " in done.out
    again = cts_schema("seed", "demo", url=head.url)
    assert again.out.splitlines()[1:] == ["data set  demo, version 1 (already applied)", "added     nothing"]
    told = json.loads(cts_schema("seed", "test", "--json", url=head.url).out)
    assert (told["name"], told["before"], told["version"], told["rows"]["orders"]) == ("test", 0, 1, 1)


def test_a_refusal_at_the_command_line_has_its_exit_code(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = cts_schema("seed", "other", url=head.url)
    assert (wrong.code, "production, demo, test" in wrong.err) == (2, True)
    monkeypatch.setenv("CTS_ENV", "production")
    refused = cts_schema("seed", "demo", url=head.url)
    assert (refused.code, "cts-schema seed production" in refused.err) == (2, True)
