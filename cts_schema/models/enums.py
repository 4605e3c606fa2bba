"""Enumerations: the values that a column may hold.

A closed enumeration is a ``Literal``: a type checker refuses any other value, and so does a CHECK of the database. It
is the union of the values of all versions of the application, so that no old row is refused. An open enumeration holds
values that users, exchanges or new engines choose: plain text, with a doc that lists the usual values.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args, get_origin

from sqlalchemy.orm import mapped_column

from cts_schema.ddl import TextEnum

# Closed.

UserRole = Literal["user", "admin"]
LedgerSource = Literal["array", "route", "migrations_table", "alembic"]
ValueType = Literal["string", "number", "boolean", "json"]
ConnectionMethod = Literal["rest", "websocket", "library", "typescript"]
MarginType = Literal["cross", "isolated"]
PositionMode = Literal["hedge", "one_way", "one-way"]
LogLevel = Literal["debug", "info", "success", "warn", "warning", "error", "critical", "fatal"]
SyncResult = Literal["success", "partial", "failed"]
BarInterval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w"]
EngineStatus = Literal["idle", "starting", "running", "stopping", "stopped", "paused", "error"]
Direction = Literal["long", "short"]
PositionStatus = Literal["open", "closed", "liquidated"]
OrderType = Literal["market", "limit", "stop_loss", "take_profit", "stop_limit"]
OrderSide = Literal["buy", "sell"]
OrderStatus = Literal["pending", "open", "filled", "partially_filled", "cancelled", "rejected", "expired", "failed"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
RealPositionStatus = Literal["open", "closed", "archived", "cancelled", "liquidated"]
BaseIndication = Literal["direction", "move", "active", "optimal", "auto", "active_advanced"]
EvaluationStatus = Literal["evaluating", "active", "paused", "failed"]
SymbolMode = Literal["main", "forced", "manual", "exchange"]
TradeMode = Literal["main", "preset"]
PositionLayer = Literal["base", "main", "real", "active"]
PositionLevel = Literal["base", "main", "real"]
PseudoStatus = Literal[
    "active",
    "open",
    "closed",
    "stopped",
    "archived",
    "evaluating",
    "base_active",
    "base_closed",
    "main_active",
    "main_closed",
    "real_active",
    "real_closed",
    "cancelled",
]
Trend = Literal["bullish", "bearish", "neutral"]
MarketDirection = Literal["up", "down", "sideways"]
RealPseudoStatus = Literal["validated", "active", "open", "closed", "stopped", "cancelled"]
EntryType = Literal["market", "limit", "stop"]
ExchangePositionStatus = Literal["open", "closing", "closed", "cancelled", "liquidated"]
SyncStatus = Literal["synced", "pending_update", "error", "out_of_sync"]
PositionEvent = Literal[
    "position_opened",
    "position_updated",
    "position_closed",
    "sync_success",
    "sync_failed",
    "price_updated",
    "trailing_activated",
    "trailing_adjusted",
    "stop_loss_hit",
    "take_profit_hit",
    "manual_close",
]
IndicationEvent = Literal["calculated", "validated", "market_change", "signal", "expired", "closed"]
SignalDirection = Literal["long", "short", "neutral"]
PresetMode = Literal["automatic", "configured", "manual"]
PresetEngineStatus = Literal["idle", "starting", "testing", "running", "stopping", "stopped", "paused", "error"]
IndicationCategory = Literal["main", "common"]
PresetPositionStatus = Literal["active", "open", "closed", "stopped", "archived", "cancelled"]
TradeSide = Literal["long", "short", "buy", "sell"]
TradeStatus = Literal["open", "closed", "cancelled"]
BacktestStatus = Literal["pending", "running", "completed", "failed"]
CleanupStatus = Literal["running", "completed", "success", "failed", "error"]
LeftoverReason = Literal["no_column", "orphan", "duplicate", "check", "type", "null", "precision"]

# Open.

IndicationType = Annotated[
    str, mapped_column(doc="direction, move, active, optimal, auto, active_advanced or an indicator type; open list")
]
IndicatorType = Annotated[
    str, mapped_column(doc="rsi, macd, bollinger, sar, ema, sma, stochastic, adx, ...; open list")
]
StrategyType = Annotated[str, mapped_column(doc="base, main, real, preset, block, level, dca, ...; open list")]
Timeframe = Annotated[str, mapped_column(doc="bar length, such as 1m or 1h; open list")]
CloseReason = Annotated[str, mapped_column(doc="take_profit, stop_loss, trailing, manual, ...; open list")]
Health = Annotated[str, mapped_column(doc="healthy, warning, degraded, critical, unhealthy, unknown, ...; open list")]

COLUMN_TYPES = {enum: TextEnum(*get_args(enum)) for enum in list(vars().values()) if get_origin(enum) is Literal}
"""The column type of each closed enumeration."""
