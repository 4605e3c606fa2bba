"""Columns that hold a word of a list.

A closed list is restricted by a CHECK. It is the union of what every version of the application has written, so that
no old row is refused. An open list holds words that users, exchanges or new engines choose: plain text, with a doc that
names the usual words.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy.orm import mapped_column

from cts_schema.ddl import Word

# Closed lists.
UserRole = Annotated[str, mapped_column(Word("user", "admin"))]
LedgerSource = Annotated[str, mapped_column(Word("array", "route", "migrations_table", "alembic"))]
ValueType = Annotated[str, mapped_column(Word("string", "number", "boolean", "json"))]
ConnectionMethod = Annotated[str, mapped_column(Word("rest", "websocket", "library", "typescript"))]
MarginType = Annotated[str, mapped_column(Word("cross", "isolated"))]
PositionMode = Annotated[str, mapped_column(Word("hedge", "one_way", "one-way"))]
LogLevel = Annotated[
    str, mapped_column(Word("debug", "info", "success", "warn", "warning", "error", "critical", "fatal"))
]
SyncResult = Annotated[str, mapped_column(Word("success", "partial", "failed"))]
BarInterval = Annotated[
    str, mapped_column(Word("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w"))
]
EngineStatus = Annotated[
    str, mapped_column(Word("idle", "starting", "running", "stopping", "stopped", "paused", "error"))
]
Direction = Annotated[str, mapped_column(Word("long", "short"))]
PositionStatus = Annotated[str, mapped_column(Word("open", "closed", "liquidated"))]
OrderType = Annotated[str, mapped_column(Word("market", "limit", "stop_loss", "take_profit", "stop_limit"))]
OrderSide = Annotated[str, mapped_column(Word("buy", "sell"))]
OrderStatus = Annotated[
    str,
    mapped_column(Word("pending", "open", "filled", "partially_filled", "cancelled", "rejected", "expired", "failed")),
]
TimeInForce = Annotated[str, mapped_column(Word("GTC", "IOC", "FOK"))]
RealPositionStatus = Annotated[str, mapped_column(Word("open", "closed", "archived", "cancelled", "liquidated"))]
BaseIndication = Annotated[
    str, mapped_column(Word("direction", "move", "active", "optimal", "auto", "active_advanced"))
]
EvaluationStatus = Annotated[str, mapped_column(Word("evaluating", "active", "paused", "failed"))]
SymbolMode = Annotated[str, mapped_column(Word("main", "forced", "manual", "exchange"))]
TradeMode = Annotated[str, mapped_column(Word("main", "preset"))]
PositionLayer = Annotated[str, mapped_column(Word("base", "main", "real", "active"))]
PositionLevel = Annotated[str, mapped_column(Word("base", "main", "real"))]
PseudoStatus = Annotated[
    str,
    mapped_column(
        Word(
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
        )
    ),
]
Trend = Annotated[str, mapped_column(Word("bullish", "bearish", "neutral"))]
MarketDirection = Annotated[str, mapped_column(Word("up", "down", "sideways"))]
RealPseudoStatus = Annotated[str, mapped_column(Word("validated", "active", "open", "closed", "stopped", "cancelled"))]
EntryType = Annotated[str, mapped_column(Word("market", "limit", "stop"))]
ExchangePositionStatus = Annotated[str, mapped_column(Word("open", "closing", "closed", "cancelled", "liquidated"))]
SyncStatus = Annotated[str, mapped_column(Word("synced", "pending_update", "error", "out_of_sync"))]
PositionEvent = Annotated[
    str,
    mapped_column(
        Word(
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
        )
    ),
]
IndicationEvent = Annotated[
    str, mapped_column(Word("calculated", "validated", "market_change", "signal", "expired", "closed"))
]
SignalDirection = Annotated[str, mapped_column(Word("long", "short", "neutral"))]
PresetMode = Annotated[str, mapped_column(Word("automatic", "configured", "manual"))]
PresetEngineStatus = Annotated[
    str, mapped_column(Word("idle", "starting", "testing", "running", "stopping", "stopped", "paused", "error"))
]
IndicationCategory = Annotated[str, mapped_column(Word("main", "common"))]
PresetPositionStatus = Annotated[
    str, mapped_column(Word("active", "open", "closed", "stopped", "archived", "cancelled"))
]
TradeSide = Annotated[str, mapped_column(Word("long", "short", "buy", "sell"))]
TradeStatus = Annotated[str, mapped_column(Word("open", "closed", "cancelled"))]
BacktestStatus = Annotated[str, mapped_column(Word("pending", "running", "completed", "failed"))]
CleanupStatus = Annotated[str, mapped_column(Word("running", "completed", "success", "failed", "error"))]
LeftoverReason = Annotated[
    str, mapped_column(Word("no_column", "orphan", "duplicate", "check", "type", "null", "precision"))
]

# Open lists.
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
