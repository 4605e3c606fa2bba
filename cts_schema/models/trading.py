"""Trading: portfolios, orders, and positions from the simulated base layer up to the live exchange.

A query loads a position with its parents, with as many statements for a thousand rows as for one: joined, because
IN-lists of ``selectin`` are limited to 500 parents. There are few connections, so ``selectin`` loads them once for the
requested rows (``join_depth=1``); parents belong to the same connection and find it in the session. The configuration
set is also loaded only with a requested pseudo position, not with a parent.

DCA is dollar cost averaging: adding to a position in steps while its price falls.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from cts_schema.models.base import (
    FALSE,
    NOW,
    TRUE,
    Base,
    Entity,
    ExchangeOrderId,
    ExchangePositionId,
    JsonValue,
    LogId,
    Momentum,
    Money,
    Ratio,
    Timestamps,
    TimeWindow,
    TrailStart,
    TrailStop,
    Volatility,
)
from cts_schema.models.enums import (
    BaseIndication,
    CloseReason,
    Direction,
    EntryType,
    EvaluationStatus,
    ExchangePositionStatus,
    IndicationType,
    MarketDirection,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionEvent,
    PositionLayer,
    PositionLevel,
    PositionStatus,
    PseudoStatus,
    RealPositionStatus,
    RealPseudoStatus,
    StrategyType,
    SyncStatus,
    TimeInForce,
    TradeMode,
    Trend,
)

if TYPE_CHECKING:
    from cts_schema.models.core import ExchangeConnection, User
    from cts_schema.models.market import TradingPair
    from cts_schema.models.presets import PresetConfigurationSet


class Portfolio(Entity, Timestamps, Base):
    """A user's portfolio with its opening and current value."""

    __tablename__ = "portfolios"
    __table_args__ = (sa.Index(None, "user_id", "created_at"),)

    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column()
    description: Mapped[str | None] = mapped_column()
    total_value: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    initial_value: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)

    user: Mapped[User | None] = relationship(back_populates="portfolios")
    positions: WriteOnlyMapped[Position] = relationship(back_populates="portfolio", passive_deletes="all")


class Position(Entity, Timestamps, Base):
    """Manually or order-driven positions of a portfolio."""

    __tablename__ = "positions"
    __table_args__ = (
        sa.Index(None, "portfolio_id", "status", "opened_at"),
        sa.Index(None, "trading_pair_id"),
        sa.Index(None, "status", "closed_at"),
    )

    portfolio_id: Mapped[str | None] = mapped_column(sa.ForeignKey("portfolios.id", ondelete="CASCADE"))
    trading_pair_id: Mapped[str | None] = mapped_column(sa.ForeignKey("trading_pairs.id", ondelete="CASCADE"))
    position_type: Mapped[Direction | None] = mapped_column()
    entry_price: Mapped[Money] = mapped_column()
    current_price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    leverage: Mapped[Ratio] = mapped_column(server_default=sa.text("1.0"))
    stop_loss: Mapped[Money | None] = mapped_column(doc="price level")
    take_profit: Mapped[Money | None] = mapped_column(doc="price level")
    unrealized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    realized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    status: Mapped[PositionStatus] = mapped_column(server_default="open")
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()

    portfolio: Mapped[Portfolio | None] = relationship(back_populates="positions", lazy="joined")
    trading_pair: Mapped[TradingPair | None] = relationship(lazy="joined")


class Order(Entity, Base):
    """Orders placed for a portfolio or a connection, with fill progress."""

    __tablename__ = "orders"
    __table_args__ = (
        sa.Index(None, "user_id", "created_at"),
        sa.Index(None, "portfolio_id"),
        sa.Index(None, "trading_pair_id"),
        sa.Index(None, "connection_id", "exchange_order_id"),
        sa.Index(None, "status", "created_at"),
    )

    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    portfolio_id: Mapped[str | None] = mapped_column(sa.ForeignKey("portfolios.id", ondelete="CASCADE"))
    trading_pair_id: Mapped[str | None] = mapped_column(sa.ForeignKey("trading_pairs.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str | None] = mapped_column(doc="NULL where trading_pair_id tells it")
    exchange_order_id: Mapped[ExchangeOrderId | None] = mapped_column()
    order_type: Mapped[OrderType | None] = mapped_column()
    side: Mapped[OrderSide | None] = mapped_column()
    price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    filled_quantity: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    remaining_quantity: Mapped[Money | None] = mapped_column()
    average_fill_price: Mapped[Money | None] = mapped_column()
    status: Mapped[OrderStatus] = mapped_column(server_default="pending")
    time_in_force: Mapped[TimeInForce] = mapped_column(server_default="GTC")
    fees: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW, server_onupdate=sa.FetchedValue())
    executed_at: Mapped[datetime | None] = mapped_column()


class RealPosition(Entity, Timestamps, Base):
    """Open and closed positions mirrored from an exchange account, with how each went."""

    __tablename__ = "real_positions"
    __table_args__ = (
        sa.Index(None, "status", "opened_at"),
        sa.Index(None, "connection_id", "symbol"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    exchange_position_id: Mapped[ExchangePositionId | None] = mapped_column()
    symbol: Mapped[str] = mapped_column()
    strategy_type: Mapped[StrategyType] = mapped_column()
    volume: Mapped[Money] = mapped_column()
    entry_price: Mapped[Money] = mapped_column()
    current_price: Mapped[Money] = mapped_column()
    takeprofit: Mapped[Money | None] = mapped_column(doc="price level")
    stoploss: Mapped[Money | None] = mapped_column(doc="price level")
    profit_loss: Mapped[Money] = mapped_column()
    status: Mapped[RealPositionStatus] = mapped_column(server_default="open")
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()
    indication_type: Mapped[IndicationType | None] = mapped_column()
    indication_range: Mapped[Ratio | None] = mapped_column(doc="a step count; for type auto an activity ratio")
    indication_interval: Mapped[int | None] = mapped_column(
        doc="setting of the indication that opened it, in the unit of that indication"
    )
    strategy_interval: Mapped[int | None] = mapped_column(
        doc="setting of the strategy that opened it, in the unit of that strategy"
    )
    position_duration_seconds: Mapped[int | None] = mapped_column()
    avg_check_interval_ms: Mapped[int | None] = mapped_column()
    total_checks: Mapped[int] = mapped_column(server_default=sa.text("0"))
    initial_profit_loss: Mapped[Money | None] = mapped_column()
    max_profit: Mapped[Money | None] = mapped_column()
    max_loss: Mapped[Money | None] = mapped_column()
    profit_volatility: Mapped[Ratio | None] = mapped_column(doc="spread of the profit while it was open, without unit")


class BasePseudoPosition(Entity, Timestamps, Base):
    """Base layer: one strategy configuration of a symbol, and the test results by which it becomes active, is paused
    or fails.
    """

    __tablename__ = "base_pseudo_positions"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "indication_type", "indication_range", "direction"),
        sa.Index(None, "status", "win_rate"),
    )

    connection_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"),
        doc="NULL only in old rows with an unknown connection",
    )
    symbol: Mapped[str] = mapped_column()
    indication_type: Mapped[BaseIndication | None] = mapped_column()
    indication_range: Mapped[Ratio | None] = mapped_column(doc="a step count; for type auto an activity ratio")
    direction: Mapped[Direction | None] = mapped_column()
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    drawdown_ratio: Mapped[Ratio | None] = mapped_column(doc="only for type optimal")
    market_change_range: Mapped[int | None] = mapped_column(doc="only for type optimal: 1 to 9 in steps of 2")
    last_part_ratio: Mapped[Ratio | None] = mapped_column(doc="only for type optimal")
    activity_ratio: Mapped[Ratio | None] = mapped_column()
    time_window: Mapped[TimeWindow | None] = mapped_column()
    activity_calculated: Mapped[int | None] = mapped_column(doc="activity over the whole window")
    activity_lastpart: Mapped[int | None] = mapped_column(doc="activity over the last part of the window")
    entry_price: Mapped[Money | None] = mapped_column(doc="what its pseudo positions take over when they are opened")
    total_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    total_profit_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("0"), doc="worst fall from a peak, as a share")
    win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0"), doc="share of positions that won, 0 to 1")
    avg_profit: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    avg_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    status: Mapped[EvaluationStatus] = mapped_column(server_default="evaluating")
    evaluation_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    phase: Mapped[int] = mapped_column(server_default=sa.text("1"), doc="1 first test, 2 expanded test, 3 production")
    last_position_at: Mapped[datetime | None] = mapped_column()

    connection: Mapped[ExchangeConnection | None] = relationship(
        back_populates="base_positions", lazy="selectin", join_depth=1
    )
    positions: WriteOnlyMapped[PseudoPosition] = relationship(back_populates="base_position", passive_deletes="all")


class PseudoPosition(Entity, Timestamps, Base):
    """Simulated positions that the engines open and close on live prices to measure a configuration."""

    __tablename__ = "pseudo_positions"
    __table_args__ = (
        sa.Index(None, "connection_id", "status", "created_at"),
        sa.Index(None, "connection_id", "symbol", "indication_type", "status"),
        sa.Index(None, "base_position_id", "position_level", "status"),
        sa.Index(None, "status", "closed_at"),
        sa.Index(None, "strategy_type", "status", "created_at"),
        sa.Index(None, "configuration_set_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    indication_type: Mapped[IndicationType | None] = mapped_column()
    indication_range: Mapped[Ratio | None] = mapped_column(doc="a step count; for type auto an activity ratio")
    side: Mapped[Direction | None] = mapped_column(doc="the same as direction: each engine writes one of the two")
    direction: Mapped[Direction | None] = mapped_column(doc="the same as side: each engine writes one of the two")
    mode: Mapped[TradeMode] = mapped_column(server_default="main")
    type: Mapped[PositionLayer] = mapped_column(server_default="base")
    position_level: Mapped[PositionLevel] = mapped_column(server_default="base")
    strategy_type: Mapped[StrategyType | None] = mapped_column()
    state_key: Mapped[str | None] = mapped_column(
        doc="state_key of indication_states; no foreign key, positions outlive the state"
    )
    base_position_id: Mapped[str | None] = mapped_column(sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL"))
    configuration_set_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("preset_configuration_sets.id", ondelete="SET NULL"),
        doc="only for positions that a preset type opened",
    )
    entry_price: Mapped[Money | None] = mapped_column(
        doc="taken over from the base position, which may not have one yet"
    )
    current_price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money | None] = mapped_column()
    position_cost: Mapped[Money | None] = mapped_column()
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    take_profit: Mapped[Money | None] = mapped_column(doc="price level")
    stop_loss: Mapped[Money | None] = mapped_column(doc="price level")
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    trailing_stop_price: Mapped[Money | None] = mapped_column(doc="the current price of the trailing stop")
    profit_factor: Mapped[Ratio | None] = mapped_column()
    profit_loss: Mapped[Money | None] = mapped_column()
    profit_loss_percent: Mapped[Ratio | None] = mapped_column()
    status: Mapped[PseudoStatus] = mapped_column(server_default="active")
    close_reason: Mapped[CloseReason | None] = mapped_column()
    drawdown_ratio: Mapped[Ratio | None] = mapped_column()
    market_change_range: Mapped[int | None] = mapped_column(doc="only for type optimal: 1 to 9 in steps of 2")
    last_part_ratio: Mapped[Ratio | None] = mapped_column()
    activity_ratio: Mapped[Ratio | None] = mapped_column()
    time_window: Mapped[TimeWindow | None] = mapped_column()
    overall_change: Mapped[Ratio | None] = mapped_column(doc="percent over the window")
    last_part_change: Mapped[Ratio | None] = mapped_column(doc="percent over the last part of the window")
    volatility: Mapped[Volatility | None] = mapped_column()
    momentum: Mapped[Momentum | None] = mapped_column()
    continuation_ratio: Mapped[Ratio | None] = mapped_column()
    eight_hour_trend: Mapped[Trend | None] = mapped_column()
    market_direction_short: Mapped[MarketDirection | None] = mapped_column()
    market_direction_long: Mapped[MarketDirection | None] = mapped_column()
    progressive_activity: Mapped[Ratio | None] = mapped_column(
        doc="growth of the activity over the window, without unit"
    )
    block_neutral_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    level_volume_ratio: Mapped[Ratio | None] = mapped_column()
    dca_step: Mapped[int] = mapped_column(server_default=sa.text("1"), doc="step of averaging that is reached")
    dca_total_steps: Mapped[int] = mapped_column(server_default=sa.text("4"), doc="steps of averaging that are planned")
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()

    connection: Mapped[ExchangeConnection] = relationship(
        back_populates="pseudo_positions", lazy="selectin", join_depth=1
    )
    base_position: Mapped[BasePseudoPosition | None] = relationship(back_populates="positions", lazy="joined")
    configuration_set: Mapped[PresetConfigurationSet | None] = relationship(lazy="joined", join_depth=1)


class RealPseudoPosition(Entity, Timestamps, Base):
    """Pseudo positions that passed validation and may be mirrored on the exchange."""

    __tablename__ = "real_pseudo_positions"
    __table_args__ = (
        sa.Index(None, "connection_id", "status"),
        sa.Index(None, "main_config_id"),
        sa.Index(None, "main_position_id"),
        sa.Index(None, "base_config_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    mode: Mapped[TradeMode] = mapped_column(server_default="main")
    side: Mapped[Direction | None] = mapped_column()
    main_config_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("pseudo_positions.id", ondelete="SET NULL"),
        doc="the validated pseudo position, as the main engine links it",
    )
    main_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("pseudo_positions.id", ondelete="SET NULL"),
        doc="the validated pseudo position, as the dual-mode engine links it",
    )
    base_config_id: Mapped[str | None] = mapped_column(sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL"))
    entry_price: Mapped[Money] = mapped_column()
    current_price: Mapped[Money | None] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    position_cost: Mapped[Money | None] = mapped_column()
    takeprofit: Mapped[Money | None] = mapped_column(doc="price level")
    stoploss: Mapped[Money | None] = mapped_column(doc="price level")
    takeprofit_factor: Mapped[Ratio | None] = mapped_column()
    stoploss_ratio: Mapped[Ratio | None] = mapped_column()
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    adjust_block_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    block_size: Mapped[int | None] = mapped_column(doc="positions in a block")
    block_adjustment_ratio: Mapped[Ratio | None] = mapped_column()
    adjust_dca_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    dca_levels: Mapped[int | None] = mapped_column(doc="steps of averaging")
    profit_factor: Mapped[Ratio | None] = mapped_column()
    avg_drawdown_time: Mapped[Ratio | None] = mapped_column(doc="hours")
    win_rate: Mapped[Ratio | None] = mapped_column()
    total_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_trades: Mapped[int] = mapped_column(server_default=sa.text("0"))
    unrealized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    realized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    is_validated: Mapped[bool] = mapped_column(server_default=FALSE)
    validation_profit_factor: Mapped[Ratio | None] = mapped_column()
    validated_at: Mapped[datetime | None] = mapped_column()
    previous_positions_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    last_position_state: Mapped[str | None] = mapped_column(doc="the state of the previous position; open list")
    ongoing_positions_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    status: Mapped[RealPseudoStatus] = mapped_column(server_default="active")
    close_reason: Mapped[CloseReason | None] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()

    connection: Mapped[ExchangeConnection] = relationship(
        back_populates="real_pseudo_positions", lazy="selectin", join_depth=1
    )
    main_config: Mapped[PseudoPosition | None] = relationship(foreign_keys=[main_config_id])
    main_position: Mapped[PseudoPosition | None] = relationship(foreign_keys=[main_position_id])
    pseudo_position: Mapped[PseudoPosition | None] = relationship(
        primaryjoin=lambda: (
            PseudoPosition.id
            == sa.func.coalesce(RealPseudoPosition.main_config_id, RealPseudoPosition.main_position_id)
        ),
        foreign_keys=[main_config_id, main_position_id],
        viewonly=True,
        lazy="joined",
    )
    """The validated pseudo position, whichever engine linked it."""
    base_config: Mapped[BasePseudoPosition | None] = relationship(lazy="joined")


class ActiveExchangePosition(Entity, Base):
    """Live exchange positions, with the pseudo position chain each came from and its synchronisation state."""

    __tablename__ = "active_exchange_positions"
    __table_args__ = (
        sa.UniqueConstraint("exchange_id"),
        sa.Index(None, "connection_id", "symbol", "opened_at"),
        sa.Index(None, "connection_id", "status"),
        sa.Index(None, "real_pseudo_position_id"),
        sa.Index(None, "main_pseudo_position_id"),
        sa.Index(None, "base_pseudo_position_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    real_pseudo_position_id: Mapped[str] = mapped_column(sa.ForeignKey("real_pseudo_positions.id"))
    main_pseudo_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("pseudo_positions.id", ondelete="SET NULL")
    )
    base_pseudo_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL")
    )
    exchange_id: Mapped[str] = mapped_column(
        doc="the exchange's own identifier of the position or order, not a row of exchanges"
    )
    exchange_order_id: Mapped[ExchangeOrderId | None] = mapped_column()
    exchange_position_id: Mapped[ExchangePositionId | None] = mapped_column()
    symbol: Mapped[str] = mapped_column()
    side: Mapped[Direction] = mapped_column()
    position_type: Mapped[EntryType] = mapped_column(server_default="market")
    entry_price: Mapped[Money] = mapped_column()
    current_price: Mapped[Money] = mapped_column()
    quantity: Mapped[Money] = mapped_column()
    volume_usd: Mapped[Money] = mapped_column()
    leverage: Mapped[Ratio] = mapped_column(server_default=sa.text("1"))
    takeprofit: Mapped[Money | None] = mapped_column(doc="price level")
    stoploss: Mapped[Money | None] = mapped_column(doc="price level")
    trailing_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_start: Mapped[TrailStart | None] = mapped_column()
    trail_stop: Mapped[TrailStop | None] = mapped_column()
    trail_activated: Mapped[bool] = mapped_column(server_default=FALSE)
    trail_high_price: Mapped[Money | None] = mapped_column()
    unrealized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    realized_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    fees_paid: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    funding_fees: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_profit: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_loss: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Money] = mapped_column(
        server_default=sa.text("0"), doc="worst fall of the result from a peak, as an amount"
    )
    price_high: Mapped[Money | None] = mapped_column()
    price_low: Mapped[Money | None] = mapped_column()
    status: Mapped[ExchangePositionStatus] = mapped_column(server_default="open")
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()
    hold_duration_seconds: Mapped[int | None] = mapped_column()
    sync_status: Mapped[SyncStatus] = mapped_column(server_default="synced")
    last_sync_at: Mapped[datetime | None] = mapped_column(server_default=NOW)
    sync_error_message: Mapped[str | None] = mapped_column()
    sync_retry_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    trade_mode: Mapped[TradeMode] = mapped_column()
    indication_type: Mapped[IndicationType | None] = mapped_column()
    profit_loss: Mapped[Money | None] = mapped_column(doc="the same as realized_pnl: each engine writes one of the two")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)

    connection: Mapped[ExchangeConnection] = relationship(
        back_populates="exchange_positions", lazy="selectin", join_depth=1
    )
    real_position: Mapped[RealPseudoPosition] = relationship(lazy="joined", innerjoin=True)
    main_position: Mapped[PseudoPosition | None] = relationship(lazy="joined")
    base_position: Mapped[BasePseudoPosition | None] = relationship(lazy="joined")


class ExchangePositionCoordinationLog(Base):
    """Event log of live exchange positions: opened, price, trailing, synchronised, closed."""

    __tablename__ = "exchange_position_coordination_log"
    __table_args__ = (
        sa.Index(None, "connection_id", "exchange_id", "event_timestamp"),
        sa.Index(None, "connection_id", "event_timestamp"),
    )

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    exchange_position_id: Mapped[str | None] = mapped_column(
        doc="id in active_exchange_positions; no foreign key, the log outlives the position"
    )
    exchange_id: Mapped[str | None] = mapped_column(
        doc="the exchange's own identifier of the position or order, not a row of exchanges"
    )
    event_type: Mapped[PositionEvent] = mapped_column()
    event_data: Mapped[JsonValue | None] = mapped_column(doc="what the event brought")
    old_state: Mapped[JsonValue | None] = mapped_column(doc="the position before it, as far as it changed")
    new_state: Mapped[JsonValue | None] = mapped_column(doc="the position after it, as far as it changed")
    success: Mapped[bool] = mapped_column(server_default=TRUE)
    error_message: Mapped[str | None] = mapped_column()
    event_timestamp: Mapped[datetime] = mapped_column(server_default=NOW)
    processing_duration_ms: Mapped[int | None] = mapped_column()
    triggered_by: Mapped[str | None] = mapped_column(doc="system, exchange, manual; open list")


class ExchangePositionStatistics(Entity, Base):
    """Aggregated results of live positions per connection, symbol, indication type, mode and period."""

    __tablename__ = "exchange_position_statistics"
    __table_args__ = (sa.UniqueConstraint("connection_id", "symbol", "indication_type", "trade_mode", "period_start"),)

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    indication_type: Mapped[IndicationType | None] = mapped_column(doc="NULL for preset trades")
    trade_mode: Mapped[TradeMode] = mapped_column()
    period_start: Mapped[datetime] = mapped_column()
    period_end: Mapped[datetime] = mapped_column()
    period_hours: Mapped[int] = mapped_column()
    total_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    cancelled_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    liquidated_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    total_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    total_fees: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    net_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    profit_factor: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    avg_winning_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    avg_losing_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    avg_hold_duration_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    best_trade_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    worst_trade_pnl: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Money] = mapped_column(
        server_default=sa.text("0"), doc="worst fall of the result from a peak, as an amount"
    )
    avg_drawdown: Mapped[Money] = mapped_column(
        server_default=sa.text("0"), doc="mean fall of the result from a peak, as an amount"
    )
    sharpe_ratio: Mapped[Ratio | None] = mapped_column()
    total_volume_usd: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    avg_position_size_usd: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    last_calculated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    position_count_at_calc: Mapped[int] = mapped_column(server_default=sa.text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
