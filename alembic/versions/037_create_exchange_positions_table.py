"""Live exchange positions, their event log and their statistics.

Legacy      037 create_exchange_positions_table. The old script used the type DATETIME, which PostgreSQL does not know,
            and referred to integer ids as text.
PostgreSQL  three new tables.
SQLite      three new tables.
Stopped     an interruption leaves nothing.
Down        preserves the tables as cts_kept_037_*, and an upgrade restores them.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "037"
down_revision = "036"

NOW = sa.text("CURRENT_TIMESTAMP")

TABLES: ddl.Tables = {
    "active_exchange_positions": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        sa.Column("real_pseudo_position_id", sa.Text(), sa.ForeignKey("real_pseudo_positions.id"), nullable=False),
        ddl.reference("main_pseudo_position_id", "pseudo_positions", "SET NULL"),
        ddl.reference("base_pseudo_position_id", "base_pseudo_positions", "SET NULL"),
        ddl.string("exchange_id", required=True),
        ddl.each(ddl.string, "exchange_order_id", "exchange_position_id"),
        ddl.string("symbol", required=True),
        ddl.enum("side", "long", "short", required=True),
        ddl.enum("position_type", "market", "limit", "stop", default="market"),
        ddl.each(ddl.money, "entry_price", "current_price", "quantity", "volume_usd", required=True),
        ddl.ratio("leverage", default=1),
        ddl.each(ddl.money, "takeprofit", "stoploss"),  # price levels
        ddl.flag("trailing_enabled"),
        ddl.each(ddl.ratio, "trail_start", "trail_stop"),
        ddl.flag("trail_activated"),
        ddl.money("trail_high_price"),
        ddl.each(ddl.money, "unrealized_pnl", "realized_pnl", "fees_paid", "funding_fees", default=0),
        ddl.each(ddl.money, "max_profit", "max_loss", "max_drawdown", default=0),  # amounts, not shares
        ddl.each(ddl.money, "price_high", "price_low"),
        ddl.enum("status", "open", "closing", "closed", "cancelled", "liquidated", default="open"),
        ddl.each(ddl.timestamp, "opened_at", "last_updated_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.integer("hold_duration_seconds"),
        ddl.enum("sync_status", "synced", "pending_update", "error", "out_of_sync", default="synced"),
        sa.Column("last_sync_at", ddl.Timestamp(), server_default=NOW),
        ddl.string("sync_error_message"),
        ddl.count("sync_retry_count"),
        ddl.enum("trade_mode", "main", "preset", required=True),
        ddl.string("indication_type"),
        ddl.money("profit_loss"),
        ddl.timestamp("created_at", now=True),
        ddl.uniques("exchange_id"),
        ddl.indexes("real_pseudo_position_id", "main_pseudo_position_id", "base_pseudo_position_id"),
    ),
    "exchange_position_coordination_log": lambda: (
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.each(ddl.string, "exchange_position_id", "exchange_id"),
        ddl.enum(
            "event_type",
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
            required=True,
        ),
        ddl.each(ddl.json, "event_data", "old_state", "new_state"),
        ddl.flag("success", default=True),
        ddl.string("error_message"),
        ddl.timestamp("event_timestamp", now=True),
        ddl.integer("processing_duration_ms"),
        ddl.string("triggered_by"),
        ddl.indexes("connection_id, exchange_id, event_timestamp", "connection_id, event_timestamp"),
    ),
    "exchange_position_statistics": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("symbol", required=True),
        ddl.string("indication_type"),
        ddl.enum("trade_mode", "main", "preset", required=True),
        ddl.each(ddl.timestamp, "period_start", "period_end", required=True),
        ddl.integer("period_hours", required=True),
        ddl.each(ddl.count, "total_positions", "winning_positions", "losing_positions", "cancelled_positions"),
        ddl.count("liquidated_positions"),
        ddl.each(ddl.money, "total_pnl", "total_fees", "net_pnl", default=0),
        ddl.each(ddl.ratio, "win_rate", "profit_factor", default=0),
        ddl.each(ddl.money, "avg_winning_pnl", "avg_losing_pnl", default=0),
        ddl.integer("avg_hold_duration_seconds", default=0),
        ddl.each(ddl.money, "best_trade_pnl", "worst_trade_pnl", "max_drawdown", "avg_drawdown", default=0),
        ddl.ratio("sharpe_ratio"),
        ddl.each(ddl.money, "total_volume_usd", "avg_position_size_usd", default=0),
        ddl.timestamp("last_calculated_at", now=True),
        ddl.count("position_count_at_calc"),
        ddl.timestamp("created_at", now=True),
        ddl.uniques("connection_id, symbol, indication_type, trade_mode, period_start"),
    ),
}


def upgrade() -> None:
    for name, items in TABLES.items():
        ddl.create_table(revision, name, *items())


def downgrade() -> None:
    for name in reversed(TABLES):
        ddl.drop_table(revision, name)
