"""Market: the instruments of an exchange and their prices over time, live and archived."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cts_schema.models.base import NOW, TRUE, Base, Entity, LogId, Money, Timestamps
from cts_schema.models.enums import BarInterval

if TYPE_CHECKING:
    from cts_schema.models.core import Exchange


class TradingPair(Entity, Timestamps, Base):
    """Instruments of an exchange: symbol, its two currencies and order size limits."""

    __tablename__ = "trading_pairs"
    __table_args__ = (
        sa.UniqueConstraint("exchange_id", "symbol"),
        sa.Index(None, "symbol", "is_active"),
    )

    exchange_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchanges.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    base_currency: Mapped[str] = mapped_column()
    quote_currency: Mapped[str] = mapped_column()
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    min_order_size: Mapped[Money | None] = mapped_column()
    max_order_size: Mapped[Money | None] = mapped_column()
    price_precision: Mapped[int] = mapped_column(server_default=sa.text("8"), doc="decimal places of a price")
    quantity_precision: Mapped[int] = mapped_column(server_default=sa.text("8"), doc="decimal places of a quantity")

    exchange: Mapped[Exchange | None] = relationship(back_populates="trading_pairs")


class MarketData(Base):
    """Prices over time: ticks of a connection (price), and bars (open to close) of a connection or a trading pair."""

    __tablename__ = "market_data"
    __table_args__ = (
        sa.UniqueConstraint("trading_pair_id", "timestamp", "interval"),
        sa.CheckConstraint("connection_id IS NOT NULL OR trading_pair_id IS NOT NULL", name="series"),
        sa.Index(None, "connection_id", "symbol", "timestamp"),
        sa.Index(None, "connection_id", "timestamp"),
        sa.Index(None, "symbol", "timestamp"),
        sa.Index(None, "timestamp"),
    )

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    trading_pair_id: Mapped[str | None] = mapped_column(sa.ForeignKey("trading_pairs.id", ondelete="CASCADE"))
    symbol: Mapped[str | None] = mapped_column()
    timestamp: Mapped[datetime] = mapped_column(server_default=NOW)
    price: Mapped[Money | None] = mapped_column(doc="of a tick; NULL for a bar alone")
    open: Mapped[Money | None] = mapped_column()
    high: Mapped[Money | None] = mapped_column()
    low: Mapped[Money | None] = mapped_column()
    close: Mapped[Money | None] = mapped_column()
    volume: Mapped[Money | None] = mapped_column()
    interval: Mapped[BarInterval | None] = mapped_column(doc="bar length of a series keyed by trading pair")
    timeframe: Mapped[str | None] = mapped_column(
        doc="bar length of a series keyed by connection, such as 1m; NULL for ticks; open list"
    )
    bid: Mapped[Money | None] = mapped_column()
    ask: Mapped[Money | None] = mapped_column()
    high_24h: Mapped[Money | None] = mapped_column()
    low_24h: Mapped[Money | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ArchivedMarketData(Base):
    """Rows that retention moved out of market_data.

    The same columns in the same order, and archived_at behind them, so that ``INSERT ... SELECT *`` copies whole rows.
    """

    __tablename__ = "archived_market_data"
    __table_args__ = (
        sa.Index(None, "connection_id", "symbol", "timestamp"),
        sa.Index(None, "trading_pair_id", "timestamp"),
        sa.Index(None, "archived_at"),
    )

    id: Mapped[LogId] = mapped_column(doc="keeps the id it had in market_data when the whole row is copied")
    connection_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    trading_pair_id: Mapped[str | None] = mapped_column(sa.ForeignKey("trading_pairs.id", ondelete="CASCADE"))
    symbol: Mapped[str | None] = mapped_column()
    timestamp: Mapped[datetime] = mapped_column()
    price: Mapped[Money | None] = mapped_column()
    open: Mapped[Money | None] = mapped_column()
    high: Mapped[Money | None] = mapped_column()
    low: Mapped[Money | None] = mapped_column()
    close: Mapped[Money | None] = mapped_column()
    volume: Mapped[Money | None] = mapped_column()
    interval: Mapped[str | None] = mapped_column(doc="bar length of a series keyed by trading pair")
    timeframe: Mapped[str | None] = mapped_column(
        doc="bar length of a series keyed by connection, such as 1m; NULL for ticks; open list"
    )
    bid: Mapped[Money | None] = mapped_column()
    ask: Mapped[Money | None] = mapped_column()
    high_24h: Mapped[Money | None] = mapped_column()
    low_24h: Mapped[Money | None] = mapped_column()
    created_at: Mapped[datetime | None] = mapped_column(server_default=NOW)
    archived_at: Mapped[datetime] = mapped_column(server_default=NOW)
