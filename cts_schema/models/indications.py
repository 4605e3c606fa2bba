"""Indications: what the engines calculated, the states they keep, and the optimal configurations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cts_schema.models.base import (
    NOW,
    Base,
    Entity,
    JsonValue,
    LogId,
    Momentum,
    Money,
    Ratio,
    Timestamps,
    TimeWindow,
    Volatility,
)
from cts_schema.models.enums import (
    Direction,
    EvaluationStatus,
    IndicationEvent,
    IndicationType,
    SignalDirection,
    Timeframe,
    TradeMode,
)

if TYPE_CHECKING:
    from cts_schema.models.trading import BasePseudoPosition


class Indication(Base):
    """Computed indication values of the engines, one row per calculation."""

    __tablename__ = "indications"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "calculated_at"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    indication_type: Mapped[IndicationType] = mapped_column()
    timeframe: Mapped[Timeframe] = mapped_column(server_default="1h")
    mode: Mapped[TradeMode] = mapped_column(server_default="main")
    value: Mapped[Money] = mapped_column()
    profit_factor: Mapped[Ratio | None] = mapped_column()
    confidence: Mapped[Ratio | None] = mapped_column(doc="higher is surer")
    metadata_: Mapped[JsonValue | None] = mapped_column("metadata", doc="what the calculation was based on")
    calculated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class IndicationState(Entity, Timestamps, Base):
    """Memory of the signals: when each was last validated, how many positions it has open, until when it cools down."""

    __tablename__ = "indication_states"
    __table_args__ = (
        sa.UniqueConstraint("state_key"),
        sa.Index(None, "connection_id", "symbol", "indication_type"),
        sa.Index(None, "validated_at"),
    )

    state_key: Mapped[str] = mapped_column(doc="connection:symbol-type-direction-range")
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str | None] = mapped_column()
    indication_type: Mapped[IndicationType | None] = mapped_column()
    direction: Mapped[Direction | None] = mapped_column()
    position_range: Mapped[str | None] = mapped_column(doc="the range that active_positions counts; open list")
    state_value: Mapped[str | None] = mapped_column(doc="free text of the engine that keeps the state")
    active_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    last_position_at: Mapped[datetime | None] = mapped_column()
    cooldown_until: Mapped[datetime | None] = mapped_column()
    parabolic_sar_value: Mapped[Money | None] = mapped_column(doc="price level")
    parabolic_sar_trend: Mapped[str | None] = mapped_column(doc="direction that the parabolic SAR shows; open list")
    validated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class OptimalIndication(Entity, Timestamps, Base):
    """One configuration of the optimal indication: its filters, the thresholds it is judged by, how far it got.

    Unique for a connection, symbol, range and direction by its three filters: drawdown_ratio, market_change_range and
    last_part_ratio.
    """

    __tablename__ = "optimal_indications"
    __table_args__ = (
        sa.UniqueConstraint(
            "connection_id",
            "symbol",
            "indication_range",
            "direction",
            "drawdown_ratio",
            "market_change_range",
            "last_part_ratio",
        ),
        sa.Index(None, "status", "win_rate"),
        sa.Index(None, "base_position_id"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    base_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL"),
        doc="the base position that carries the running totals",
    )
    indication_range: Mapped[Ratio] = mapped_column(doc="number of steps looked at")
    direction: Mapped[Direction] = mapped_column()
    drawdown_ratio: Mapped[Ratio] = mapped_column(doc="0.1 to 0.5 in steps of 0.1")
    market_change_range: Mapped[int] = mapped_column(doc="1 to 9 in steps of 2")
    last_part_ratio: Mapped[Ratio] = mapped_column(
        doc="1.0 to 2.5 in steps of 0.5: change of the last part against the whole"
    )
    last_part_percent: Mapped[Ratio] = mapped_column(
        server_default=sa.text("20"), doc="how much of the window counts as its last part"
    )
    min_calculation_seconds: Mapped[int] = mapped_column(
        server_default=sa.text("3"), doc="the market is watched at least this long"
    )
    positions_limit: Mapped[int] = mapped_column(server_default=sa.text("250"), doc="test positions at most")
    initial_min_win_rate: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.4"), doc="share that must win of the first 10 positions, 0 to 1"
    )
    expanded_min_win_rate: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.45"), doc="share that must win of the first 50 positions, 0 to 1"
    )
    expanded_min_profit_ratio: Mapped[Ratio] = mapped_column(server_default=sa.text("1.2"))
    production_min_win_rate: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.42"), doc="share that must win in production, 0 to 1"
    )
    production_max_drawdown: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.3"), doc="worst fall from a peak allowed in production, as a share"
    )
    pause_threshold_win_rate: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.38"), doc="below this share of wins it is paused"
    )
    resume_threshold_win_rate: Mapped[Ratio] = mapped_column(
        server_default=sa.text("0.43"), doc="from this share of wins on it is resumed"
    )
    entry_price: Mapped[Money | None] = mapped_column()
    current_price: Mapped[Money | None] = mapped_column()
    profit_factor: Mapped[Ratio | None] = mapped_column()
    confidence: Mapped[Ratio | None] = mapped_column(doc="higher is surer")
    win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0"), doc="share of positions that won, 0 to 1")
    max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("0"), doc="worst fall from a peak, as a share")
    total_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    winning_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    losing_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    evaluation_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    phase: Mapped[int] = mapped_column(
        sa.CheckConstraint("phase IN (1, 2, 3)", name="phase"),
        server_default=sa.text("1"),
        doc="1 first test, 2 expanded test, 3 production",
    )
    status: Mapped[EvaluationStatus] = mapped_column(server_default="evaluating")
    calculated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None] = mapped_column()

    base_position: Mapped[BasePseudoPosition | None] = relationship(lazy="joined")


class IndicationHistory(Base):
    """What happened to indications, only appended to: calculations, validations, market changes, signals."""

    __tablename__ = "indication_history"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "indication_type", "recorded_at"),
        sa.Index(None, "optimal_indication_id"),
        sa.Index(None, "recorded_at"),
    )

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    indication_type: Mapped[IndicationType] = mapped_column()
    event: Mapped[IndicationEvent] = mapped_column(server_default="calculated")
    state_key: Mapped[str | None] = mapped_column(
        doc="state_key of indication_states; no foreign key, history outlives the state"
    )
    optimal_indication_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("optimal_indications.id", ondelete="SET NULL")
    )
    indication_range: Mapped[Ratio | None] = mapped_column(doc="a step count; for type auto an activity ratio")
    direction: Mapped[SignalDirection | None] = mapped_column()
    timeframe: Mapped[Timeframe | None] = mapped_column()
    price: Mapped[Money | None] = mapped_column()
    entry_price: Mapped[Money | None] = mapped_column()
    value: Mapped[Money | None] = mapped_column()
    profit_factor: Mapped[Ratio | None] = mapped_column()
    confidence: Mapped[Ratio | None] = mapped_column(doc="higher is surer")
    signal_strength: Mapped[Ratio | None] = mapped_column(doc="higher is stronger")
    market_change: Mapped[Ratio | None] = mapped_column(doc="percent over the window")
    last_part_change: Mapped[Ratio | None] = mapped_column(doc="percent over the last part of the window")
    drawdown_ratio: Mapped[Ratio | None] = mapped_column()
    activity_ratio: Mapped[Ratio | None] = mapped_column()
    time_window: Mapped[TimeWindow | None] = mapped_column()
    volatility: Mapped[Volatility | None] = mapped_column()
    momentum: Mapped[Momentum | None] = mapped_column()
    continuation_ratio: Mapped[Ratio | None] = mapped_column()
    metadata_: Mapped[JsonValue | None] = mapped_column("metadata", doc="what the calculation was based on")
    recorded_at: Mapped[datetime] = mapped_column(server_default=NOW)
