"""A day of trading is written through the models and read back, value for value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from cts_schema.models import (
    ActiveExchangePosition,
    ArchivedMarketData,
    Base,
    BasePseudoPosition,
    ExchangeConnection,
    ExchangePositionCoordinationLog,
    ExchangePositionStatistics,
    Indication,
    IndicationHistory,
    IndicationState,
    MarketData,
    OptimalIndication,
    Order,
    Preset,
    PresetActiveConfig,
    PresetTrade,
    PresetTradeEngineState,
    PseudoPosition,
    SiteLog,
    SystemSetting,
    TradingPair,
)
from tests.support.databases import Database
from tests.support.trading_day import ENTRY, EXIT, FEES, PROFIT, QUANTITY, SIMULATED, SYMBOL, TICKS, at, trade_for_a_day


@pytest.fixture
def session(head: Database) -> Iterator[Session]:
    """A session that has yet to read the day, which another one wrote."""
    with Session(head.engine) as writer:
        trade_for_a_day(writer)
        writer.commit()
    with Session(head.engine) as reader:
        yield reader


def the_connection(session: Session) -> ExchangeConnection:
    return session.scalars(sa.select(ExchangeConnection)).one()


def test_the_connection_comes_back_with_its_settings(session: Session) -> None:
    connection = the_connection(session)
    assert connection.connection_settings == {"leverage": {"default": 10, "max": 25}, "symbols": [SYMBOL, "ETHUSDT"]}
    assert connection.api_capabilities == ["spot", "futures", "websocket"]
    assert connection.rate_limits == {}
    assert connection.last_test_log is None
    assert connection.last_test_timestamp == at(6, 59, 30.25)
    assert connection.last_test_balance == Decimal("1043.77120003")
    assert (connection.is_testnet, connection.is_live_trade, connection.indication_move) == (True, False, True)
    assert connection.volume_configuration is not None
    assert str(connection.volume_configuration.risk_percentage) == "12.5000"
    assert session.scalars(sa.select(TradingPair)).one().exchange is not None

    leverage = ExchangeConnection.connection_settings["leverage"]["max"].as_integer()
    assert session.scalars(sa.select(ExchangeConnection.name).where(leverage > 20)).all() == ["Bybit futures"]
    assert session.scalars(sa.select(ExchangeConnection.name).where(leverage > 25)).all() == []


def test_settings_of_the_application_stand_beside_those_of_the_schema(session: Session) -> None:
    assert session.get_one(SystemSetting, "mainEngineIntervalMs").value == "1000"
    assert session.get_one(SystemSetting, "marketDataRetentionDays").value == "7"


def test_the_engine_shows_when_it_was_changed(session: Session) -> None:
    engine = the_connection(session).engine_state
    assert engine is not None
    assert (engine.status, engine.state, engine.started_at, engine.stopped_at) == ("stopped", "stopped", at(7), at(22))
    assert (engine.main_cycle_count, engine.main_avg_duration_ms) == (54_000, 12.75)
    assert engine.updated_at >= engine.created_at
    assert engine.updated_at.tzinfo is UTC


def test_ticks_come_back_exactly_and_make_the_bar(session: Session) -> None:
    ticks = sa.select(MarketData).where(MarketData.symbol == SYMBOL, MarketData.price.is_not(None))
    rows = session.scalars(ticks.order_by(MarketData.timestamp)).all()
    assert [row.price for row in rows] == TICKS
    assert [row.timestamp for row in rows] == [at(8, 0, 15 * n) for n in range(len(TICKS))]

    bar = session.scalars(sa.select(MarketData).where(MarketData.timeframe == "1m")).one()
    minute = MarketData.timestamp.between(at(8), at(8, 0, 59.999))
    highest, lowest, volume = session.execute(
        sa.select(sa.func.max(MarketData.price), sa.func.min(MarketData.price), sa.func.sum(MarketData.volume)).where(
            minute, MarketData.price.is_not(None)
        )
    ).one()
    assert (bar.high, bar.low, bar.volume) == (highest, lowest, volume)
    assert str(bar.high) == "68120.00000001"


def test_the_history_of_the_signal_can_be_followed(session: Session) -> None:
    indication = session.scalars(sa.select(Indication)).one()
    assert str(indication.value) == "0.00825431"
    assert indication.metadata_ == {"window": {"seconds": 60, "ticks": 5}, "method": "last part"}
    state = session.scalars(sa.select(IndicationState)).one()
    assert state.cooldown_until is not None
    assert state.cooldown_until - state.validated_at == timedelta(minutes=10)

    optimal = session.scalars(sa.select(OptimalIndication)).one()
    assert optimal.base_position is not None
    assert optimal.base_position.status == "active"
    history = sa.select(IndicationHistory).where(IndicationHistory.optimal_indication_id == optimal.id)
    events = session.scalars(history.order_by(IndicationHistory.recorded_at)).all()
    assert [event.event for event in events] == ["calculated", "validated", "signal", "expired"]
    assert events[2].recorded_at == at(8, 1, 1.5)
    assert {str(event.momentum) for event in events} == {"0.000123"}


def test_the_simulation_decided_about_its_configuration(session: Session) -> None:
    closed = sa.select(PseudoPosition).where(PseudoPosition.status == "closed").order_by(PseudoPosition.closed_at)
    positions = session.scalars(closed).all()
    assert [position.profit_loss_percent for position in positions] == SIMULATED
    assert [position.close_reason for position in positions] == ["take_profit", "stop_loss", "take_profit"]
    assert [position.closed_at for position in positions] == [at(9, 30 + n, 0.5) for n in range(3)]
    total = session.scalar(sa.select(sa.func.sum(PseudoPosition.profit_loss_percent)))
    assert str(total) == "1.5475"

    base = session.scalars(sa.select(BasePseudoPosition)).one()
    assert {position.base_position for position in positions} == {base}
    assert (base.total_positions, base.winning_positions, base.losing_positions) == (3, 2, 1)
    assert str(base.win_rate) == "0.6667"
    assert session.scalar(sa.select(sa.func.count()).select_from(base.positions.select().subquery())) == 4


def test_the_live_position_leads_back_to_its_configuration(session: Session) -> None:
    live = session.scalars(sa.select(ActiveExchangePosition)).one()
    assert live.real_position.pseudo_position is live.main_position
    assert live.main_position is not None
    assert live.main_position.base_position is live.base_position
    assert live.connection is the_connection(session)

    assert (live.entry_price, live.current_price, live.quantity) == (ENTRY, EXIT, QUANTITY)
    assert live.realized_pnl == PROFIT == ((EXIT - ENTRY) * QUANTITY).quantize(PROFIT)
    assert live.fees_paid == FEES
    assert str(live.volume_usd) == "1018.35185185"
    assert (live.opened_at, live.closed_at) == (at(10, 0, 6.75), at(12, 30, 0.2))
    assert live.hold_duration_seconds == 8993

    order = session.scalars(sa.select(Order)).one()
    assert (order.average_fill_price, order.filled_quantity) == (ENTRY, QUANTITY)
    assert order.remaining_quantity == 0


def test_what_happened_to_the_live_position_is_logged_in_order(session: Session) -> None:
    live = session.scalars(sa.select(ActiveExchangePosition)).one()
    log = ExchangePositionCoordinationLog
    events = session.scalars(
        sa.select(log).where(log.exchange_id == live.exchange_id).order_by(log.event_timestamp)
    ).all()
    assert [event.event_type for event in events] == [
        "position_opened",
        "price_updated",
        "take_profit_hit",
        "position_closed",
    ]
    assert events[1].event_data == {"price": "68120.00000001", "pnl": {"percent": 0.34}}
    assert events[3].event_data is None
    rising = sa.select(log.event_type).where(log.event_data["pnl"]["percent"].as_float() > 0.3)
    assert session.scalars(rising).all() == ["price_updated"]


def test_the_sums_of_the_day_are_exact(session: Session) -> None:
    statistics = session.scalars(sa.select(ExchangePositionStatistics)).one()
    assert statistics.net_pnl == PROFIT - FEES
    assert statistics.period_end - statistics.period_start == timedelta(days=1)
    trades = PresetTrade
    profit, count = session.execute(sa.select(sa.func.sum(trades.profit_loss), sa.func.count())).one()
    assert (str(profit), count) == ("0.09999999", 3)
    by_side = sa.select(trades.side, sa.func.sum(trades.profit_loss)).group_by(trades.side).order_by(trades.side)
    assert [tuple(row) for row in session.execute(by_side)] == [
        ("long", Decimal("56.13765432")),
        ("short", Decimal("-56.03765433")),
    ]
    worth = session.scalars(sa.select(trades.entry_price * trades.quantity).limit(1)).one()
    assert str(worth) == "6789.01234568"


def test_the_preset_traded_what_it_had_tested(session: Session) -> None:
    preset = session.scalars(sa.select(Preset)).one()
    assert preset.takeprofit_steps == [2, 3.5, 8]
    assert preset.stoploss_ratios == [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5]  # by default
    chosen = session.scalars(sa.select(PresetActiveConfig)).one()
    assert chosen.indicator_params == {"period": 14, "low": 30, "high": 70}
    assert session.get_one(PresetTradeEngineState, (chosen.connection_id, preset.id)).status == "running"


def test_the_log_of_the_day_is_read_backwards(session: Session) -> None:
    newest = sa.select(SiteLog).where(SiteLog.category == "engine").order_by(SiteLog.timestamp.desc())
    lines = session.scalars(newest).all()
    assert [line.message for line in lines] == ["engine stopped", "engine started"]
    assert lines[0].timestamp == at(22, 0, 0.001)
    assert lines[0].metadata_ == {"cycles": 54_000, "reasons": ["end of the day"]}
    assert lines[0].level == "warn"


def test_old_ticks_move_to_the_archive_whole(session: Session) -> None:
    before = MarketData.timestamp < at(8, 0, 30)
    live = MarketData.__table__
    whole = sa.select(*live.columns, sa.literal_column("CURRENT_TIMESTAMP")).where(before)
    columns = [column.name for column in ArchivedMarketData.__table__.columns]
    session.execute(sa.insert(ArchivedMarketData).from_select(columns, whole))
    session.execute(sa.delete(MarketData).where(before))
    session.commit()
    archived = session.scalars(sa.select(ArchivedMarketData).order_by(ArchivedMarketData.id)).all()
    assert [row.price for row in archived] == [TICKS[0], TICKS[1], None]
    assert [row.close for row in archived] == [None, None, TICKS[3]]
    assert session.scalar(sa.select(sa.func.count()).select_from(MarketData)) == 3


def test_the_connection_takes_everything_with_it_but_the_log(session: Session) -> None:
    session.delete(the_connection(session))
    session.commit()
    left = {
        table.name
        for table in Base.metadata.sorted_tables
        if session.scalar(sa.select(sa.func.count()).select_from(table))
    }
    assert left == {
        "exchanges",
        "presets",
        "preset_test_results",
        "schema_migrations",
        "site_logs",
        "system_settings",
        "trading_pairs",
    }
    assert session.scalar(sa.select(sa.func.count(SiteLog.connection_id))) == 2


GRADUATE = """
INSERT INTO pseudo_positions
  (connection_id, symbol, indication_type, direction, base_position_id, entry_price, position_level, status)
SELECT connection_id, symbol, indication_type, direction, id, entry_price, 'main', 'active'
  FROM base_pseudo_positions WHERE id = 'b'
"""


def test_the_old_application_graduates_a_base_position_that_has_no_price_yet(head: Database) -> None:
    head.execute("INSERT INTO exchange_connections (id, name, exchange, api_type) VALUES ('c', 'c', 'binance', 'spot')")
    head.execute(
        "INSERT INTO base_pseudo_positions (id, connection_id, symbol, indication_type, indication_range, direction) "
        "VALUES ('b', 'c', 'BTCUSDT', 'optimal', 5, 'long')"
    )
    head.execute(GRADUATE)
    with Session(head.engine) as session:
        (position,) = session.scalars(sa.select(PseudoPosition))
        assert (position.base_position_id, position.entry_price, position.position_level) == ("b", None, "main")


PRESETS = ("Conservative", "Balanced", "Aggressive", "Scalping", "Swing")


def test_the_old_installer_inserts_its_preset_types_once_however_often_it_runs(head: Database) -> None:
    rows = ", ".join(f"('{name}', 'of the installer')" for name in PRESETS)
    into = f"preset_types (name, description) VALUES {rows}"
    forms = [f"INSERT INTO {into} ON CONFLICT DO NOTHING", f"INSERT INTO {into} ON CONFLICT (name) DO NOTHING"]
    if head.kind == "sqlite":
        forms.append(f"INSERT OR IGNORE INTO {into}")
    for statement in forms * 3:
        head.execute(statement)
    assert [name for (name,) in head.rows("SELECT name FROM preset_types ORDER BY name")] == sorted(PRESETS)
