"""Live exchange positions, their event log and their statistics.

Legacy      037 create_exchange_positions_table. The old script used the type DATETIME, which PostgreSQL does not know,
            and referred to integer ids as text.
PostgreSQL  three new tables.
SQLite      three new tables.
Stopped     nothing of it remains.
Down        keeps the tables as cts_kept_037_*, and up again pours them back.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "037"
down_revision = "036"

NOW = sa.text("CURRENT_TIMESTAMP")
TRUE = sa.text("true")
FALSE = sa.text("false")


def upgrade() -> None:
    ddl.create_table(
        revision,
        "active_exchange_positions",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("real_pseudo_position_id", sa.Text(), sa.ForeignKey("real_pseudo_positions.id"), nullable=False),
        sa.Column("main_pseudo_position_id", sa.Text(), sa.ForeignKey("pseudo_positions.id", ondelete="SET NULL")),
        sa.Column("base_pseudo_position_id", sa.Text(), sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL")),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.Column("exchange_order_id", sa.Text()),
        sa.Column("exchange_position_id", sa.Text()),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", ddl.Word("long", "short"), nullable=False),
        sa.Column("position_type", ddl.Word("market", "limit", "stop"), server_default="market", nullable=False),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("current_price", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("quantity", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("volume_usd", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("leverage", ddl.FiniteNumeric(10, 4), server_default=sa.text("1"), nullable=False),
        sa.Column("takeprofit", ddl.FiniteNumeric(20, 8)),
        sa.Column("stoploss", ddl.FiniteNumeric(20, 8)),
        sa.Column("trailing_enabled", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("trail_start", ddl.FiniteNumeric(10, 4)),
        sa.Column("trail_stop", ddl.FiniteNumeric(10, 4)),
        sa.Column("trail_activated", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("trail_high_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("unrealized_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("realized_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("fees_paid", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("funding_fees", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("max_profit", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("max_loss", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("max_drawdown", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("price_high", ddl.FiniteNumeric(20, 8)),
        sa.Column("price_low", ddl.FiniteNumeric(20, 8)),
        sa.Column(
            "status",
            ddl.Word("open", "closing", "closed", "cancelled", "liquidated"),
            server_default="open",
            nullable=False,
        ),
        sa.Column("opened_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("last_updated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("closed_at", ddl.Timestamp()),
        sa.Column("hold_duration_seconds", sa.Integer()),
        sa.Column(
            "sync_status",
            ddl.Word("synced", "pending_update", "error", "out_of_sync"),
            server_default="synced",
            nullable=False,
        ),
        sa.Column("last_sync_at", ddl.Timestamp(), server_default=NOW),
        sa.Column("sync_error_message", sa.Text()),
        sa.Column("sync_retry_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trade_mode", ddl.Word("main", "preset"), nullable=False),
        sa.Column("indication_type", sa.Text()),
        sa.Column("profit_loss", ddl.FiniteNumeric(20, 8)),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.UniqueConstraint("exchange_id"),
        sa.Index(None, "real_pseudo_position_id"),
        sa.Index(None, "main_pseudo_position_id"),
        sa.Index(None, "base_pseudo_position_id"),
    )
    ddl.create_table(
        revision,
        "exchange_position_coordination_log",
        sa.Column("id", ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("exchange_position_id", sa.Text()),
        sa.Column("exchange_id", sa.Text()),
        sa.Column(
            "event_type",
            ddl.Word(
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
            ),
            nullable=False,
        ),
        sa.Column("event_data", ddl.Json()),
        sa.Column("old_state", ddl.Json()),
        sa.Column("new_state", ddl.Json()),
        sa.Column("success", sa.Boolean(), server_default=TRUE, nullable=False),
        sa.Column("error_message", sa.Text()),
        sa.Column("event_timestamp", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("processing_duration_ms", sa.Integer()),
        sa.Column("triggered_by", sa.Text()),
        sa.Index(None, "connection_id", "exchange_id", "event_timestamp"),
        sa.Index(None, "connection_id", "event_timestamp"),
    )
    ddl.create_table(
        revision,
        "exchange_position_statistics",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("indication_type", sa.Text()),
        sa.Column("trade_mode", ddl.Word("main", "preset"), nullable=False),
        sa.Column("period_start", ddl.Timestamp(), nullable=False),
        sa.Column("period_end", ddl.Timestamp(), nullable=False),
        sa.Column("period_hours", sa.Integer(), nullable=False),
        sa.Column("total_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("winning_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("losing_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("liquidated_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("total_fees", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("net_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("profit_factor", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_winning_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_losing_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_hold_duration_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("best_trade_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("worst_trade_pnl", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("max_drawdown", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_drawdown", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("sharpe_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("total_volume_usd", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_position_size_usd", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("last_calculated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("position_count_at_calc", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.UniqueConstraint("connection_id", "symbol", "indication_type", "trade_mode", "period_start"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "exchange_position_statistics")
    ddl.drop_table(revision, "exchange_position_coordination_log")
    ddl.drop_table(revision, "active_exchange_positions")
