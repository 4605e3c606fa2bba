"""A day of trading as an application writes it, from the connection in the morning to the log in the evening.

It serves as an example of the models: every step is what an engine does with a session of SQLAlchemy.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from cts_schema.models import (
    ActiveExchangePosition,
    BasePseudoPosition,
    DataSyncLog,
    Exchange,
    ExchangeConnection,
    ExchangePositionCoordinationLog,
    ExchangePositionStatistics,
    Indication,
    IndicationHistory,
    IndicationState,
    MarketData,
    OptimalIndication,
    Order,
    PositionVolumeCalculation,
    Preset,
    PresetActiveConfig,
    PresetTestResult,
    PresetTrade,
    PresetTradeEngineState,
    PseudoPosition,
    RealPseudoPosition,
    SiteLog,
    SystemSetting,
    TradeEngineState,
    TradingPair,
    VolumeConfiguration,
)
from cts_schema.models.base import JsonObject
from cts_schema.models.enums import IndicationEvent, PositionEvent, TradeSide

DAY = datetime(2026, 1, 5, tzinfo=UTC)
SYMBOL = "BTCUSDT"
ENTRY = Decimal("67890.12345678")
EXIT = Decimal("68450.5")
QUANTITY = Decimal("0.015")
PROFIT = Decimal("8.40564815")  # (EXIT - ENTRY) * QUANTITY, to eight places
FEES = Decimal("1.12481014")  # 0.055 percent of what was bought and sold
TICKS = [Decimal(price) for price in ("67890.12345678", "67905", "67881.5", "68120.00000001", "68450.5")]
SIMULATED = [Decimal(percent) for percent in ("0.82", "-0.4", "1.1275")]
"""Results of the pseudo positions, in percent."""


def at(hour: int, minute: int = 0, second: float = 0) -> datetime:
    """A moment of the day, in UTC."""
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second)


def trade_for_a_day(session: Session) -> ExchangeConnection:
    """Write the day; the caller commits.

    Args:
        session: a session on a database at head.

    Returns:
        The connection that everything belongs to.
    """
    connection = set_up(session)
    watch_the_market(session, connection)
    base = find_signals(session, connection)
    pseudo = simulate(session, connection, base)
    live = go_live(session, connection, base, pseudo)
    run_a_preset(session, connection)
    close_up(session, connection, live)
    return connection


def set_up(session: Session) -> ExchangeConnection:
    """Settings, the exchange and its instrument, the connection, and its engine, which starts."""
    bybit = Exchange(name="bybit", display_name="Bybit", supports_futures=True)
    session.add(bybit)
    session.flush()  # gives it its id
    connection = ExchangeConnection(
        name="Bybit futures",
        exchange="bybit",
        exchange_id=bybit.id,
        api_type="perpetual_futures",
        api_key="key of the account",
        api_secret="secret of the account",
        is_testnet=True,
        is_enabled=True,
        connection_settings={"leverage": {"default": 10, "max": 25}, "symbols": [SYMBOL, "ETHUSDT"]},
        api_capabilities=["spot", "futures", "websocket"],
        connection_priority=["websocket", "rest"],
        last_test_timestamp=at(6, 59, 30.25),
        last_test_status="success",
        last_test_balance=Decimal("1043.77120003"),
    )
    session.add_all(
        [
            SystemSetting(key="mainEngineIntervalMs", value="1000", value_type="number", category="engine"),
            TradingPair(exchange=bybit, symbol=SYMBOL, base_currency="BTC", quote_currency="USDT", price_precision=2),
            VolumeConfiguration(connection=connection, max_leverage=Decimal(25), risk_percentage=Decimal("12.5")),
            TradeEngineState(connection=connection, status="running", state="running", started_at=at(7)),
        ]
    )
    session.flush()
    session.add(SiteLog(timestamp=at(7), category="engine", message="engine started", connection_id=connection.id))
    return connection


def watch_the_market(session: Session, connection: ExchangeConnection) -> None:
    """A tick every quarter of a minute, and the bars of a minute that they make."""
    ticks = [
        MarketData(
            connection_id=connection.id, symbol=SYMBOL, price=price, timestamp=at(8, 0, 15 * n), volume=Decimal(n + 1)
        )
        for n, price in enumerate(TICKS)
    ]
    bar = MarketData(
        connection_id=connection.id,
        symbol=SYMBOL,
        timeframe="1m",
        timestamp=at(8),
        open=TICKS[0],
        high=max(TICKS[:4]),
        low=min(TICKS[:4]),
        close=TICKS[3],
        volume=Decimal(10),
    )
    fetched = DataSyncLog(
        connection_id=connection.id,
        symbol=SYMBOL,
        data_type="ohlcv",
        sync_start=at(0),
        sync_end=at(8),
        records_synced=480,
        status="success",
    )
    session.add_all([*ticks, bar, fetched])


def find_signals(session: Session, connection: ExchangeConnection) -> BasePseudoPosition:
    """What the indications calculated, what became a signal, and the configuration that is tested on it."""
    key = f"{connection.id}:{SYMBOL}-optimal-long-5"
    base = BasePseudoPosition(
        connection=connection,
        symbol=SYMBOL,
        indication_type="optimal",
        indication_range=Decimal(5),
        direction="long",
        takeprofit_factor=Decimal(8),
        stoploss_ratio=Decimal("0.6"),
        drawdown_ratio=Decimal("0.2"),
        market_change_range=3,
        last_part_ratio=Decimal("1.5"),
    )
    session.add(base)
    session.flush()
    optimal = OptimalIndication(
        connection_id=connection.id,
        symbol=SYMBOL,
        base_position=base,
        indication_range=Decimal(5),
        direction="long",
        drawdown_ratio=Decimal("0.2"),
        market_change_range=3,
        last_part_ratio=Decimal("1.5"),
        calculated_at=at(8, 1),
    )
    session.add_all(
        [
            optimal,
            Indication(
                connection_id=connection.id,
                symbol=SYMBOL,
                indication_type="optimal",
                value=Decimal("0.00825431"),
                confidence=Decimal("0.71"),
                metadata_={"window": {"seconds": 60, "ticks": len(TICKS)}, "method": "last part"},
                calculated_at=at(8, 1),
            ),
            IndicationState(
                connection_id=connection.id,
                state_key=key,
                symbol=SYMBOL,
                indication_type="optimal",
                direction="long",
                validated_at=at(8, 1, 1),
                cooldown_until=at(8, 11, 1),
                parabolic_sar_value=Decimal("67512.25"),
            ),
        ]
    )
    session.flush()
    events: list[tuple[IndicationEvent, Decimal, datetime]] = [
        ("calculated", TICKS[3], at(8, 1)),
        ("validated", TICKS[3], at(8, 1, 1)),
        ("signal", TICKS[4], at(8, 1, 1.5)),
        ("expired", EXIT, at(8, 11, 1)),
    ]
    session.add_all(
        IndicationHistory(
            connection_id=connection.id,
            symbol=SYMBOL,
            indication_type="optimal",
            optimal_indication_id=optimal.id,
            state_key=key,
            event=event,
            price=price,
            momentum=Decimal("0.000123"),
            recorded_at=moment,
        )
        for event, price, moment in events
    )
    return base


def simulate(session: Session, connection: ExchangeConnection, base: BasePseudoPosition) -> PseudoPosition:
    """Pseudo positions are opened and closed; what they brought decides about their configuration."""
    opened = [
        PseudoPosition(
            connection=connection,
            base_position=base,
            symbol=SYMBOL,
            indication_type="optimal",
            side="long",
            direction="long",
            strategy_type="base",
            entry_price=ENTRY,
            quantity=QUANTITY,
            opened_at=at(9, n),
        )
        for n in range(len(SIMULATED))
    ]
    session.add_all(opened)
    session.flush()
    for n, (position, percent) in enumerate(zip(opened, SIMULATED, strict=True)):
        position.profit_loss_percent = percent
        position.status = "closed"
        position.close_reason = "take_profit" if percent > 0 else "stop_loss"
        position.closed_at = at(9, 30 + n, 0.5)
        base.total_positions += 1
        base.winning_positions += percent > 0
        base.losing_positions += percent <= 0
    base.win_rate = Decimal(base.winning_positions) / base.total_positions
    base.status, base.phase = "active", 2
    main = PseudoPosition(
        connection=connection,
        base_position=base,
        symbol=SYMBOL,
        indication_type="optimal",
        side="long",
        type="main",
        position_level="main",
        strategy_type="main",
        entry_price=ENTRY,
        quantity=QUANTITY,
        opened_at=at(10),
    )
    session.add(main)
    return main


def go_live(
    session: Session, connection: ExchangeConnection, base: BasePseudoPosition, main: PseudoPosition
) -> ActiveExchangePosition:
    """The validated position is mirrored on the exchange: its volume, its order, and what happened to it."""
    real = RealPseudoPosition(
        connection=connection,
        main_config=main,
        base_config=base,
        symbol=SYMBOL,
        side="long",
        entry_price=ENTRY,
        quantity=QUANTITY,
        is_validated=True,
        validated_at=at(10, 0, 5),
        status="validated",
    )
    live = ActiveExchangePosition(
        connection=connection,
        real_position=real,
        main_position=main,
        base_position=base,
        exchange_id="bybit-4711",
        symbol=SYMBOL,
        side="long",
        entry_price=ENTRY,
        current_price=ENTRY,
        quantity=QUANTITY,
        volume_usd=ENTRY * QUANTITY,
        leverage=Decimal(10),
        takeprofit=Decimal(68500),
        stoploss=Decimal(67500),
        trade_mode="main",
        indication_type="optimal",
        opened_at=at(10, 0, 6.75),
    )
    volume = PositionVolumeCalculation(
        connection_id=connection.id,
        symbol=SYMBOL,
        base_volume_factor=Decimal(1),
        leverage=Decimal(10),
        calculated_volume=Decimal("0.01473"),
        final_volume=QUANTITY,
        volume_adjusted=True,
        adjustment_reason="rounded up to the step of the exchange",
    )
    order = Order(
        connection_id=connection.id,
        symbol=SYMBOL,
        exchange_order_id="o-1",
        order_type="market",
        side="buy",
        quantity=QUANTITY,
        filled_quantity=QUANTITY,
        remaining_quantity=Decimal(0),
        average_fill_price=ENTRY,
        status="filled",
        executed_at=at(10, 0, 6.5),
    )
    session.add_all([live, volume, order])
    session.flush()
    events: list[tuple[PositionEvent, JsonObject | None, datetime]] = [
        ("position_opened", {"order": "o-1", "price": str(ENTRY)}, at(10, 0, 6.75)),
        ("price_updated", {"price": "68120.00000001", "pnl": {"percent": 0.34}}, at(11)),
        ("take_profit_hit", {"price": str(EXIT)}, at(12, 30)),
        ("position_closed", None, at(12, 30, 0.2)),
    ]
    session.add_all(
        ExchangePositionCoordinationLog(
            connection_id=connection.id,
            exchange_position_id=live.id,
            exchange_id=live.exchange_id,
            event_type=event,
            event_data=data,
            event_timestamp=moment,
            triggered_by="system",
        )
        for event, data, moment in events
    )
    live.current_price = EXIT
    live.realized_pnl = (EXIT - ENTRY) * QUANTITY
    live.fees_paid = (ENTRY + EXIT) * QUANTITY * Decimal("0.00055")
    live.status, live.closed_at = "closed", at(12, 30, 0.2)
    live.hold_duration_seconds = int((live.closed_at - live.opened_at).total_seconds())
    return live


def run_a_preset(session: Session, connection: ExchangeConnection) -> None:
    """A preset is tested, its best configuration activated, and traded."""
    parameters = {"period": 14, "low": 30, "high": 70}
    preset = Preset(name="Calm trend", takeprofit_steps=[2, 3.5, 8], min_profit_factor=Decimal("0.6"))
    session.add(preset)
    session.flush()
    tested = PresetTestResult(
        preset_id=preset.id,
        config_id="rsi-14-30-70",
        indicator_type="rsi",
        indicator_params=parameters,
        profit_factor=Decimal("1.37"),
        win_rate=Decimal("0.58"),
        is_validated=True,
    )
    session.add(tested)
    session.flush()
    chosen = PresetActiveConfig(
        preset_id=preset.id,
        connection_id=connection.id,
        config_id=tested.config_id,
        test_result_id=tested.id,
        indicator_type="rsi",
        indicator_params=parameters,
        symbol=SYMBOL,
        timeframe="15m",
        takeprofit_factor=Decimal(2),
        stoploss_ratio=Decimal("0.4"),
        profit_factor=tested.profit_factor,
        win_rate=tested.win_rate,
    )
    session.add_all(
        [chosen, PresetTradeEngineState(connection_id=connection.id, preset_id=preset.id, status="running")]
    )
    session.flush()
    trades: list[tuple[TradeSide, Decimal]] = [
        ("long", Decimal("56.03765432")),
        ("short", Decimal("-56.03765433")),
        ("long", Decimal("0.1")),
    ]
    session.add_all(
        PresetTrade(
            preset_id=preset.id,
            connection_id=connection.id,
            active_config_id=chosen.id,
            symbol=SYMBOL,
            side=side,
            entry_price=ENTRY,
            exit_price=EXIT,
            quantity=Decimal("0.1"),
            indicator_type="rsi",
            indicator_params=parameters,
            profit_loss=profit,
            status="closed",
            opened_at=at(14, minute),
            closed_at=at(15, minute),
        )
        for minute, (side, profit) in enumerate(trades)
    )


def close_up(session: Session, connection: ExchangeConnection, live: ActiveExchangePosition) -> None:
    """The engine stops; the results of the day are summed up and logged."""
    session.flush()
    session.refresh(live)  # as it is stored, rounded to eight places
    engine = connection.engine_state
    assert engine is not None
    engine.status = engine.state = "stopped"
    engine.stopped_at = at(22)
    engine.main_cycle_count = 54_000
    engine.main_avg_duration_ms = 12.75
    session.add_all(
        [
            ExchangePositionStatistics(
                connection_id=connection.id,
                symbol=SYMBOL,
                indication_type="optimal",
                trade_mode="main",
                period_start=at(0),
                period_end=at(24),
                period_hours=24,
                total_positions=1,
                winning_positions=1,
                total_pnl=live.realized_pnl,
                total_fees=live.fees_paid,
                net_pnl=live.realized_pnl - live.fees_paid,
                win_rate=Decimal(1),
            ),
            SiteLog(
                timestamp=at(22, 0, 0.001),
                level="warn",
                category="engine",
                message="engine stopped",
                connection_id=connection.id,
                metadata_={"cycles": 54_000, "reasons": ["end of the day"]},
            ),
        ]
    )
