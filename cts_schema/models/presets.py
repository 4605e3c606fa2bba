"""Presets: configured strategies, their tests, and what the preset engines traded with them.

DCA is dollar cost averaging: adding to a position in steps while its price falls.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cts_schema.models.base import (
    FALSE,
    NOW,
    TRUE,
    Base,
    Entity,
    JsonList,
    JsonObject,
    JsonValue,
    Money,
    Ratio,
    Timestamps,
    TrailStart,
    TrailStop,
)
from cts_schema.models.enums import (
    BacktestStatus,
    CloseReason,
    Direction,
    IndicationCategory,
    IndicationType,
    IndicatorType,
    PositionLayer,
    PresetEngineStatus,
    PresetMode,
    PresetPositionStatus,
    SignalDirection,
    StrategyType,
    SymbolMode,
    Timeframe,
    TradeSide,
    TradeStatus,
)

if TYPE_CHECKING:
    from cts_schema.models.core import ExchangeConnection


class PresetType(Entity, Timestamps, Base):
    """Kinds of preset trading that a connection can run: limits, timeouts, block and DCA switches."""

    __tablename__ = "preset_types"
    __table_args__ = (
        sa.UniqueConstraint("name"),  # the installer inserts its own again and again, where the name is not there
        sa.Index(None, "created_at"),
    )

    name: Mapped[str] = mapped_column()
    description: Mapped[str | None] = mapped_column()
    preset_trade_type: Mapped[str] = mapped_column(
        server_default="automatic", doc="automatic, standard, ...; open list"
    )
    max_positions_per_indication: Mapped[int] = mapped_column(server_default=sa.text("1"))
    max_positions_per_direction: Mapped[int] = mapped_column(server_default=sa.text("1"))
    max_positions_per_range: Mapped[int] = mapped_column(server_default=sa.text("1"))
    timeout_per_indication: Mapped[int] = mapped_column(server_default=sa.text("5"), doc="seconds")
    timeout_after_position: Mapped[int] = mapped_column(server_default=sa.text("10"), doc="seconds")
    block_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    block_only: Mapped[bool] = mapped_column(server_default=FALSE)
    dca_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    dca_only: Mapped[bool] = mapped_column(server_default=FALSE)
    auto_evaluate: Mapped[bool] = mapped_column(server_default=TRUE)
    evaluation_interval_hours: Mapped[int] = mapped_column(server_default=sa.text("3"))
    last_evaluation_at: Mapped[datetime | None] = mapped_column()
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)

    sets: Mapped[list[PresetTypeSet]] = relationship(
        back_populates="preset_type", order_by="PresetTypeSet.priority", passive_deletes="all"
    )


class PresetConfigurationSet(Entity, Timestamps, Base):
    """Ranges of one indication that are searched for take-profit, stop-loss and trailing values that work."""

    __tablename__ = "preset_configuration_sets"
    __table_args__ = (sa.Index(None, "is_active", "created_at"),)

    name: Mapped[str] = mapped_column()
    description: Mapped[str | None] = mapped_column()
    symbol_mode: Mapped[SymbolMode] = mapped_column(server_default="main")
    symbols: Mapped[JsonValue | None] = mapped_column(doc="list of symbols, where symbol_mode does not choose them")
    exchange_order_by: Mapped[str | None] = mapped_column(
        doc="price_change_24h, volume_24h, market_cap, volatility, volume, price_change; open list"
    )
    exchange_limit: Mapped[int] = mapped_column(
        server_default=sa.text("10"), doc="how many symbols to take in that order"
    )
    indication_type: Mapped[IndicationType] = mapped_column()
    indication_params: Mapped[JsonObject] = mapped_column(
        server_default="{}", doc="parameters of the indication by name"
    )
    takeprofit_min: Mapped[Ratio] = mapped_column(server_default=sa.text("2.0"), doc="lowest takeprofit_factor to try")
    takeprofit_max: Mapped[Ratio] = mapped_column(
        server_default=sa.text("30.0"), doc="highest takeprofit_factor to try"
    )
    takeprofit_step: Mapped[Ratio] = mapped_column(
        server_default=sa.text("2.0"), doc="from one takeprofit_factor to the next"
    )
    stoploss_min: Mapped[Ratio] = mapped_column(server_default=sa.text("0.3"), doc="lowest stoploss_ratio to try")
    stoploss_max: Mapped[Ratio] = mapped_column(server_default=sa.text("3.0"), doc="highest stoploss_ratio to try")
    stoploss_step: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.3"), doc="from one stoploss_ratio to the next"
    )
    trailing_enabled: Mapped[bool] = mapped_column(server_default=TRUE)
    trail_starts: Mapped[JsonList] = mapped_column(server_default="[0.5,1.0,1.5]", doc="values of trail_start to try")
    trail_stops: Mapped[JsonList] = mapped_column(server_default="[0.2,0.4,0.6]", doc="values of trail_stop to try")
    range_days: Mapped[int] = mapped_column(server_default=sa.text("7"))
    trades_per_48h_min: Mapped[int] = mapped_column(server_default=sa.text("5"))
    profit_factor_min: Mapped[Ratio] = mapped_column(server_default=sa.text("0.5"))
    drawdown_time_max: Mapped[int] = mapped_column(server_default=sa.text("12"), doc="hours")
    evaluation_positions_count1: Mapped[int] = mapped_column(server_default=sa.text("25"))
    evaluation_positions_count2: Mapped[int] = mapped_column(server_default=sa.text("50"))
    database_positions_per_set: Mapped[int] = mapped_column(server_default=sa.text("250"))
    database_threshold_percent: Mapped[int] = mapped_column(server_default=sa.text("20"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    last_evaluation_at: Mapped[datetime | None] = mapped_column()
    auto_disabled_at: Mapped[datetime | None] = mapped_column()
    auto_disabled_reason: Mapped[str | None] = mapped_column(doc="why its evaluation switched it off; free text")
    total_completed_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))


class Preset(Entity, Timestamps, Base):
    """Named strategies: the indications, take-profits, stop-losses, trailing, block and DCA settings to combine."""

    __tablename__ = "presets"
    __table_args__ = (sa.Index(None, "is_active", "is_predefined", "created_at"),)

    name: Mapped[str] = mapped_column()
    description: Mapped[str | None] = mapped_column()
    indication_types: Mapped[JsonList] = mapped_column(
        server_default='["direction","move","active"]', doc="values of indication_type to try"
    )
    indication_ranges: Mapped[JsonList] = mapped_column(
        server_default="[3,5,8,12,15,20,25,30]", doc="values of indication_range to try"
    )
    takeprofit_steps: Mapped[JsonList] = mapped_column(
        server_default="[2,3,4,6,8,12]", doc="values of takeprofit_factor to try"
    )
    stoploss_ratios: Mapped[JsonList] = mapped_column(
        server_default="[0.2,0.4,0.6,0.8,1.0,1.2,1.5]", doc="values of stoploss_ratio to try"
    )
    trailing_enabled: Mapped[bool] = mapped_column(server_default=TRUE)
    trail_starts: Mapped[JsonList] = mapped_column(server_default="[0.3,0.6,1.0]", doc="values of trail_start to try")
    trail_stops: Mapped[JsonList] = mapped_column(server_default="[0.1,0.2,0.3]", doc="values of trail_stop to try")
    strategy_types: Mapped[JsonList] = mapped_column(
        server_default='["base","main","real"]', doc="values of strategy_type to try"
    )
    last_positions_counts: Mapped[JsonList] = mapped_column(
        server_default="[3,4,5,6,8,12,25]", doc="how many of the last positions to look at, each to try"
    )
    main_positions_count: Mapped[JsonList] = mapped_column(
        server_default="[1,2,3,4,5]", doc="how many main positions to hold, each to try"
    )
    block_adjustment_enabled: Mapped[bool] = mapped_column(server_default=TRUE)
    block_sizes: Mapped[JsonList] = mapped_column(server_default="[2,4,6,8]", doc="positions in a block, each to try")
    block_adjustment_ratios: Mapped[JsonList] = mapped_column(
        server_default="[0.5,1.0,1.5,2.0]", doc="volume ratios of a block, each to try"
    )
    dca_adjustment_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    dca_levels: Mapped[JsonList] = mapped_column(server_default="[3,5,7]", doc="steps of averaging, each to try")
    volume_factors: Mapped[JsonList] = mapped_column(server_default="[1,2,3,4,5]", doc="values of volume_factor to try")
    min_profit_factor: Mapped[Ratio] = mapped_column(server_default=sa.text("0.4"))
    min_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("50"), doc="percent")
    backtest_period_days: Mapped[int] = mapped_column(server_default=sa.text("30"))
    backtest_enabled: Mapped[bool] = mapped_column(server_default=TRUE)
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    is_predefined: Mapped[bool] = mapped_column(server_default=FALSE, doc="came with the application")
    created_by: Mapped[str | None] = mapped_column(doc="name or id of a user; no foreign key")

    configurations: Mapped[list[PresetConfiguration]] = relationship(back_populates="preset", passive_deletes="all")


class PresetConfiguration(Entity, Timestamps, Base):
    """Take-profit and stop-loss settings of a preset for one symbol."""

    __tablename__ = "preset_configurations"
    __table_args__ = (
        sa.Index(None, "preset_id", "symbol"),
        sa.Index(None, "preset_type_id", "connection_id"),
        sa.Index(None, "connection_id"),
    )

    preset_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("presets.id", ondelete="CASCADE"), doc="NULL where preset_type_id tells the owner"
    )
    symbol: Mapped[str | None] = mapped_column()
    take_profit: Mapped[Ratio | None] = mapped_column(doc="percent from the entry price")
    stop_loss: Mapped[Ratio | None] = mapped_column(doc="percent from the entry price")
    profit_factor: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    preset_type_id: Mapped[str | None] = mapped_column(sa.ForeignKey("preset_types.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    indication_type: Mapped[IndicationType | None] = mapped_column()
    indication_params: Mapped[JsonValue | None] = mapped_column(doc="parameters of the indication by name")
    strategy_type: Mapped[StrategyType | None] = mapped_column()
    strategy_params: Mapped[JsonValue | None] = mapped_column(doc="parameters of the strategy by name")
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)

    preset: Mapped[Preset | None] = relationship(back_populates="configurations")


class PresetTypeSet(Entity, Base):
    """Which configuration sets belong to a preset type, in what order."""

    __tablename__ = "preset_type_sets"
    __table_args__ = (
        sa.UniqueConstraint("preset_type_id", "configuration_set_id"),
        sa.Index(None, "configuration_set_id"),
    )

    preset_type_id: Mapped[str] = mapped_column(sa.ForeignKey("preset_types.id", ondelete="CASCADE"))
    configuration_set_id: Mapped[str] = mapped_column(sa.ForeignKey("preset_configuration_sets.id", ondelete="CASCADE"))
    priority: Mapped[int] = mapped_column(server_default=sa.text("0"), doc="lowest first")
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    added_at: Mapped[datetime] = mapped_column(server_default=NOW)

    preset_type: Mapped[PresetType] = relationship(back_populates="sets")
    configuration_set: Mapped[PresetConfigurationSet] = relationship(lazy="joined", innerjoin=True)


class PresetTradeEngineState(Timestamps, Base):
    """Run state of the preset engine per connection and preset."""

    __tablename__ = "preset_trade_engine_state"
    __table_args__ = (sa.Index(None, "preset_id"),)

    connection_id: Mapped[str] = mapped_column(
        sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), primary_key=True
    )
    preset_id: Mapped[str] = mapped_column(
        primary_key=True, doc="id in presets or in preset_types, as the engine that runs, hence no foreign key"
    )
    mode: Mapped[PresetMode] = mapped_column(server_default="automatic")
    status: Mapped[PresetEngineStatus] = mapped_column(server_default="stopped")
    config: Mapped[JsonValue | None] = mapped_column(doc="settings the run was started with")
    testing_progress: Mapped[int] = mapped_column(server_default=sa.text("0"), doc="percent")
    testing_message: Mapped[str | None] = mapped_column()
    error_message: Mapped[str | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    stopped_at: Mapped[datetime | None] = mapped_column()


class PresetPseudoPosition(Entity, Timestamps, Base):
    """Simulated positions of the preset engines: for a preset in the layers base, main and real, for a preset type
    open or closed.
    """

    __tablename__ = "preset_pseudo_positions"
    __table_args__ = (
        sa.Index(None, "connection_id", "preset_id", "status", "type"),
        sa.Index(None, "connection_id", "preset_type_id", "status"),
        sa.Index(None, "preset_id"),
        sa.Index(None, "preset_type_id"),
        sa.Index(None, "configuration_set_id"),
        sa.Index(None, "base_position_id"),
        sa.Index(None, "main_position_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    preset_id: Mapped[str | None] = mapped_column(sa.ForeignKey("presets.id", ondelete="CASCADE"))
    preset_type_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_types.id", ondelete="CASCADE"), doc="only for positions that a preset type opened"
    )
    configuration_set_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_configuration_sets.id", ondelete="SET NULL")
    )
    coordination_result_id: Mapped[str | None] = mapped_column(
        doc="id in preset_coordination_results, a table that this package does not manage"
    )
    symbol: Mapped[str] = mapped_column()
    type: Mapped[PositionLayer] = mapped_column(server_default="base")
    direction: Mapped[SignalDirection | None] = mapped_column()
    strength: Mapped[Ratio | None] = mapped_column(doc="of the signal; higher is stronger")
    indicators: Mapped[JsonValue | None] = mapped_column(doc="values of the indicators at the entry, by name")
    indication_category: Mapped[IndicationCategory] = mapped_column(server_default="main")
    indication_type: Mapped[IndicationType | None] = mapped_column()
    indication_range: Mapped[Ratio | None] = mapped_column(doc="a step count; for type auto an activity ratio")
    indication_step: Mapped[Ratio | None] = mapped_column(doc="distance between the ranges that were tried")
    indication_params: Mapped[JsonValue | None] = mapped_column(doc="parameters of the indication by name")
    common_indicators_used: Mapped[JsonList] = mapped_column(
        server_default="[]", doc="names of the common indicators that took part"
    )
    indicator_signals: Mapped[JsonObject] = mapped_column(server_default="{}", doc="signal of each indicator by name")
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    entry_price: Mapped[Money | None] = mapped_column()
    current_price: Mapped[Money | None] = mapped_column()
    exit_price: Mapped[Money | None] = mapped_column()
    price_high: Mapped[Money | None] = mapped_column()
    price_low: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money | None] = mapped_column()
    leverage: Mapped[Ratio] = mapped_column(server_default=sa.text("1"))
    position_cost: Mapped[Money | None] = mapped_column()
    profit_factor: Mapped[Ratio | None] = mapped_column()
    profit_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    unrealized_pnl: Mapped[Money | None] = mapped_column()
    unrealized_pnl_percent: Mapped[Ratio | None] = mapped_column()
    realized_pnl: Mapped[Money | None] = mapped_column()
    realized_pnl_percent: Mapped[Ratio | None] = mapped_column()
    max_drawdown: Mapped[Ratio | None] = mapped_column(doc="percent")
    base_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_pseudo_positions.id", ondelete="SET NULL")
    )
    main_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_pseudo_positions.id", ondelete="SET NULL")
    )
    status: Mapped[PresetPositionStatus] = mapped_column(server_default="active")
    close_reason: Mapped[CloseReason | None] = mapped_column()
    exit_reason: Mapped[str | None] = mapped_column(doc="the same as close_reason: each engine writes one of the two")
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()

    connection: Mapped[ExchangeConnection] = relationship(lazy="selectin", join_depth=1)
    preset: Mapped[Preset | None] = relationship(lazy="joined")


class PresetTestResult(Entity, Base):
    """Result of testing one indicator configuration of a preset on history."""

    __tablename__ = "preset_test_results"
    __table_args__ = (sa.UniqueConstraint("preset_id", "config_id"),)

    preset_id: Mapped[str] = mapped_column(sa.ForeignKey("presets.id", ondelete="CASCADE"))
    config_id: Mapped[str] = mapped_column(doc="key that a configuration gets when it is generated")
    indicator_type: Mapped[IndicatorType | None] = mapped_column()
    indicator_params: Mapped[JsonValue | None] = mapped_column(doc="parameters of the indicator by name")
    symbol: Mapped[str | None] = mapped_column()
    timeframe: Mapped[Timeframe | None] = mapped_column()
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    profit_factor: Mapped[Ratio] = mapped_column()
    win_rate: Mapped[Ratio] = mapped_column()
    total_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    avg_profit: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    avg_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("0"), doc="percent")
    drawdown_hours: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    sharpe_ratio: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    is_validated: Mapped[bool] = mapped_column(server_default=FALSE)
    validation_reason: Mapped[str | None] = mapped_column(doc="why it was validated or not; free text")
    tested_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class PresetActiveConfig(Entity, Base):
    """Tested indicator configurations that a preset runs on a connection."""

    __tablename__ = "preset_active_configs"
    __table_args__ = (
        sa.UniqueConstraint("preset_id", "connection_id", "config_id"),
        sa.Index(None, "connection_id"),
        sa.Index(None, "test_result_id"),
    )

    preset_id: Mapped[str] = mapped_column(sa.ForeignKey("presets.id", ondelete="CASCADE"))
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    config_id: Mapped[str] = mapped_column(doc="key that a configuration gets when it is generated")
    test_result_id: Mapped[str | None] = mapped_column(sa.ForeignKey("preset_test_results.id", ondelete="SET NULL"))
    indicator_type: Mapped[IndicatorType] = mapped_column()
    indicator_params: Mapped[JsonObject] = mapped_column(server_default="{}", doc="parameters of the indicator by name")
    symbol: Mapped[str] = mapped_column()
    timeframe: Mapped[Timeframe] = mapped_column()
    takeprofit_factor: Mapped[Ratio] = mapped_column()
    stoploss_ratio: Mapped[Ratio] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    profit_factor: Mapped[Ratio] = mapped_column()
    win_rate: Mapped[Ratio] = mapped_column()
    total_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    activated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    deactivated_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class PresetTrade(Entity, Base):
    """Trades executed for a preset."""

    __tablename__ = "preset_trades"
    __table_args__ = (
        sa.Index(None, "preset_id", "status", "opened_at"),
        sa.Index(None, "connection_id", "symbol"),
        sa.Index(None, "active_config_id"),
    )

    preset_id: Mapped[str] = mapped_column(sa.ForeignKey("presets.id", ondelete="CASCADE"))
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    active_config_id: Mapped[str | None] = mapped_column(sa.ForeignKey("preset_active_configs.id", ondelete="SET NULL"))
    symbol: Mapped[str] = mapped_column()
    side: Mapped[TradeSide] = mapped_column()
    entry_price: Mapped[Money] = mapped_column()
    exit_price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    takeprofit: Mapped[Money | None] = mapped_column(doc="price level")
    stoploss: Mapped[Money | None] = mapped_column(doc="price level")
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    indicator_type: Mapped[IndicatorType] = mapped_column()
    indicator_params: Mapped[JsonObject] = mapped_column(server_default="{}", doc="parameters of the indicator by name")
    profit_loss: Mapped[Money | None] = mapped_column()
    profit_factor: Mapped[Ratio | None] = mapped_column()
    fees_paid: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    status: Mapped[TradeStatus] = mapped_column(server_default="open")
    close_reason: Mapped[CloseReason | None] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class PresetRealTrade(Entity, Base):
    """Real trades of a preset type, with the configuration set each came from."""

    __tablename__ = "preset_real_trades"
    __table_args__ = (
        sa.Index(None, "preset_type_id", "created_at"),
        sa.Index(None, "configuration_set_id"),
        sa.Index(None, "connection_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    preset_type_id: Mapped[str] = mapped_column(sa.ForeignKey("preset_types.id", ondelete="CASCADE"))
    configuration_set_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_configuration_sets.id", ondelete="SET NULL")
    )
    coordination_result_id: Mapped[str | None] = mapped_column(
        doc="id in preset_coordination_results, a table that this package does not manage"
    )
    symbol: Mapped[str] = mapped_column()
    direction: Mapped[Direction] = mapped_column()
    entry_price: Mapped[Money] = mapped_column()
    exit_price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    leverage: Mapped[Ratio] = mapped_column(server_default=sa.text("1"))
    indication_type: Mapped[IndicationType | None] = mapped_column()
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    profit_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    profit_factor: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    fees_paid: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    status: Mapped[TradeStatus] = mapped_column(server_default="open")
    close_reason: Mapped[CloseReason | None] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class BacktestResult(Entity, Base):
    """Backtest runs of a preset over a period, with their metrics."""

    __tablename__ = "backtest_results"
    __table_args__ = (
        sa.Index(None, "preset_id", "created_at"),
        sa.Index(None, "connection_id"),
    )

    preset_id: Mapped[str | None] = mapped_column(sa.ForeignKey("presets.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    start_date: Mapped[datetime] = mapped_column()
    end_date: Mapped[datetime] = mapped_column()
    symbols: Mapped[JsonValue] = mapped_column(doc="list of the symbols that were traded")
    total_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    win_rate: Mapped[Ratio | None] = mapped_column()
    total_profit: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    total_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    net_profit: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    profit_factor: Mapped[Ratio | None] = mapped_column()
    max_drawdown: Mapped[Ratio | None] = mapped_column(doc="percent")
    max_drawdown_duration_hours: Mapped[Ratio | None] = mapped_column()
    avg_drawdown: Mapped[Ratio | None] = mapped_column(doc="percent")
    avg_win: Mapped[Money | None] = mapped_column()
    avg_loss: Mapped[Money | None] = mapped_column()
    largest_win: Mapped[Money | None] = mapped_column()
    largest_loss: Mapped[Money | None] = mapped_column()
    avg_trade_duration_minutes: Mapped[Ratio | None] = mapped_column()
    sharpe_ratio: Mapped[Ratio | None] = mapped_column()
    sortino_ratio: Mapped[Ratio | None] = mapped_column()
    status: Mapped[BacktestStatus] = mapped_column(server_default="pending")
    error_message: Mapped[str | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    completed_at: Mapped[datetime | None] = mapped_column()
