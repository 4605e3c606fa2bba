"""Indications: what the engines calculated, the states they keep, and the optimal configurations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cts_schema.models.base import NOW, Base, JsonValue, LogId, Momentum, Money, Ratio, TextId, Timestamps
from cts_schema.models.words import Direction, EvaluationStatus, IndicationEvent, SignalDirection, TradeMode

if TYPE_CHECKING:
    from cts_schema.models.trading import BasePseudoPosition


class Indication(Base):
    """Computed indication values of the engines, one row per calculation."""

    __tablename__ = "indications"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "calculated_at"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[LogId]
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str]
    indication_type: Mapped[str] = mapped_column(
        doc="direction, move, active, optimal, auto or an indicator name; open list"
    )
    timeframe: Mapped[str] = mapped_column(server_default="1h")
    mode: Mapped[TradeMode] = mapped_column(server_default="main")
    value: Mapped[Money]
    profit_factor: Mapped[Ratio | None]
    confidence: Mapped[Ratio | None]
    metadata_: Mapped[JsonValue | None] = mapped_column("metadata")
    calculated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class IndicationState(Timestamps, Base):
    """Cool-down memory of the indication manager: when a state key was last validated, plus the per-direction counters
    of the sqlite_init shape.
    """

    __tablename__ = "indication_states"
    __table_args__ = (
        sa.UniqueConstraint("state_key"),
        sa.Index(None, "connection_id", "symbol", "indication_type"),
        sa.Index(None, "validated_at"),
    )

    id: Mapped[TextId]
    state_key: Mapped[str]
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str | None]
    indication_type: Mapped[str | None]
    direction: Mapped[Direction | None]
    position_range: Mapped[str | None]
    state_value: Mapped[str | None]
    active_positions: Mapped[int] = mapped_column(server_default=sa.text("0"))
    last_position_at: Mapped[datetime | None]
    cooldown_until: Mapped[datetime | None]
    parabolic_sar_value: Mapped[Money | None]
    parabolic_sar_trend: Mapped[str | None]
    validated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class OptimalIndication(Timestamps, Base):
    """One configuration of the optimal indication per connection, symbol, range and direction: its three filter
    ratios, the thresholds it is judged by and how far its evaluation got.
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

    id: Mapped[TextId]
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str]
    base_position_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL"),
        doc="the base row that carries the running totals",
    )
    indication_range: Mapped[Ratio]
    direction: Mapped[Direction]
    drawdown_ratio: Mapped[Ratio] = mapped_column(doc="0.1 to 0.5 step 0.1")
    market_change_range: Mapped[int] = mapped_column(doc="1 to 9 step 2")
    last_part_ratio: Mapped[Ratio] = mapped_column(doc="1.0 to 2.5 step 0.5, change of the last part against the whole")
    last_part_percent: Mapped[Ratio] = mapped_column(
        server_default=sa.text("20"), doc="how much of the window counts as its last part"
    )
    min_calculation_seconds: Mapped[int] = mapped_column(
        server_default=sa.text("3"), doc="market change is watched at least this long"
    )
    positions_limit: Mapped[int] = mapped_column(server_default=sa.text("250"), doc="test positions per configuration")
    initial_min_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0.4"), doc="after 10 positions")
    expanded_min_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0.45"), doc="after 50 positions")
    expanded_min_profit_ratio: Mapped[Ratio] = mapped_column(server_default=sa.text("1.2"))
    production_min_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0.42"))
    production_max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("0.3"))
    pause_threshold_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0.38"))
    resume_threshold_win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0.43"))
    entry_price: Mapped[Money | None]
    current_price: Mapped[Money | None]
    profit_factor: Mapped[Ratio | None]
    confidence: Mapped[Ratio | None]
    win_rate: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
    max_drawdown: Mapped[Ratio] = mapped_column(server_default=sa.text("0"))
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
    closed_at: Mapped[datetime | None]

    base_position: Mapped[BasePseudoPosition | None] = relationship(lazy="joined")


class IndicationHistory(Base):
    """Append-only history of indications: each calculation, validation, market change measurement and signal that
    fired or expired.
    """

    __tablename__ = "indication_history"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "indication_type", "recorded_at"),
        sa.Index(None, "optimal_indication_id"),
        sa.Index(None, "recorded_at"),
    )

    id: Mapped[LogId]
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str]
    indication_type: Mapped[str]
    event: Mapped[IndicationEvent] = mapped_column(server_default="calculated")
    state_key: Mapped[str | None] = mapped_column(doc="soft reference to indication_states")
    optimal_indication_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("optimal_indications.id", ondelete="SET NULL")
    )
    indication_range: Mapped[Ratio | None]
    direction: Mapped[SignalDirection | None]
    timeframe: Mapped[str | None]
    price: Mapped[Money | None]
    entry_price: Mapped[Money | None]
    value: Mapped[Money | None]
    profit_factor: Mapped[Ratio | None]
    confidence: Mapped[Ratio | None]
    signal_strength: Mapped[Ratio | None]
    market_change: Mapped[Ratio | None] = mapped_column(doc="percent over the window")
    last_part_change: Mapped[Ratio | None] = mapped_column(doc="percent over the last part of the window")
    drawdown_ratio: Mapped[Ratio | None]
    activity_ratio: Mapped[Ratio | None]
    time_window: Mapped[int | None]
    volatility: Mapped[Ratio | None]
    momentum: Mapped[Momentum | None]
    continuation_ratio: Mapped[Ratio | None]
    metadata_: Mapped[JsonValue | None] = mapped_column("metadata")
    recorded_at: Mapped[datetime] = mapped_column(server_default=NOW)
