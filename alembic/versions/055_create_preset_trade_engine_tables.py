"""The preset trade engine: its state, its simulated positions and its trades.

Legacy      055 create_preset_trade_engine_tables. The old inline SQL made the stray table preset_trade_engine_states
            instead; the file ended in ADD COLUMN IF NOT EXISTS, a syntax error on SQLite.
PostgreSQL  three new tables; a nullable column with a foreign key on exchange_connections.
SQLite      the same by ADD COLUMN, no rebuild.
Stopped     nothing of it remains.
Down        keeps the tables and the column as cts_kept_055_*, and up again pours them back.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "055"
down_revision = "054"

NOW = sa.text("CURRENT_TIMESTAMP")
FALSE = sa.text("false")


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "exchange_connections",
        sa.Column("preset_type_id", sa.Text(), sa.ForeignKey("preset_types.id", ondelete="SET NULL")),
    )
    op.create_index("ix_exchange_connections_preset_type_id", "exchange_connections", ["preset_type_id"])
    ddl.create_table(
        revision,
        "preset_trade_engine_state",
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("preset_id", sa.Text(), nullable=False),
        sa.Column("mode", ddl.Word("automatic", "configured", "manual"), server_default="automatic", nullable=False),
        sa.Column(
            "status",
            ddl.Word("idle", "starting", "testing", "running", "stopping", "stopped", "paused", "error"),
            server_default="stopped",
            nullable=False,
        ),
        sa.Column("config", ddl.Json()),
        sa.Column("testing_progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("testing_message", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("started_at", ddl.Timestamp()),
        sa.Column("stopped_at", ddl.Timestamp()),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("updated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "preset_id"),
        sa.Index(None, "preset_id"),
    )
    ddl.create_table(
        revision,
        "preset_pseudo_positions",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("preset_id", sa.Text(), sa.ForeignKey("presets.id", ondelete="CASCADE")),
        sa.Column("preset_type_id", sa.Text(), sa.ForeignKey("preset_types.id", ondelete="CASCADE")),
        sa.Column(
            "configuration_set_id", sa.Text(), sa.ForeignKey("preset_configuration_sets.id", ondelete="SET NULL")
        ),
        sa.Column("coordination_result_id", sa.Text()),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("type", ddl.Word("base", "main", "real", "active"), server_default="base", nullable=False),
        sa.Column("direction", ddl.Word("long", "short", "neutral")),
        sa.Column("strength", ddl.FiniteNumeric(10, 4)),
        sa.Column("indicators", ddl.Json()),
        sa.Column("indication_category", ddl.Word("main", "common"), server_default="main", nullable=False),
        sa.Column("indication_type", sa.Text()),
        sa.Column("indication_range", ddl.FiniteNumeric(10, 4)),
        sa.Column("indication_step", ddl.FiniteNumeric(10, 4)),
        sa.Column("indication_params", ddl.Json()),
        sa.Column("takeprofit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("stoploss_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("trailing_enabled", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("trail_start", ddl.FiniteNumeric(10, 4)),
        sa.Column("trail_stop", ddl.FiniteNumeric(10, 4)),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("current_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("exit_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("price_high", ddl.FiniteNumeric(20, 8)),
        sa.Column("price_low", ddl.FiniteNumeric(20, 8)),
        sa.Column("quantity", ddl.FiniteNumeric(20, 8)),
        sa.Column("leverage", ddl.FiniteNumeric(10, 4), server_default=sa.text("1"), nullable=False),
        sa.Column("position_cost", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("profit_loss", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("unrealized_pnl", ddl.FiniteNumeric(20, 8)),
        sa.Column("unrealized_pnl_percent", ddl.FiniteNumeric(10, 4)),
        sa.Column("realized_pnl", ddl.FiniteNumeric(20, 8)),
        sa.Column("realized_pnl_percent", ddl.FiniteNumeric(10, 4)),
        sa.Column("max_drawdown", ddl.FiniteNumeric(10, 4)),
        sa.Column("base_position_id", sa.Text(), sa.ForeignKey("preset_pseudo_positions.id", ondelete="SET NULL")),
        sa.Column("main_position_id", sa.Text(), sa.ForeignKey("preset_pseudo_positions.id", ondelete="SET NULL")),
        sa.Column(
            "status",
            ddl.Word("active", "open", "closed", "stopped", "archived", "cancelled"),
            server_default="active",
            nullable=False,
        ),
        sa.Column("close_reason", sa.Text()),
        sa.Column("exit_reason", sa.Text()),
        sa.Column("opened_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("closed_at", ddl.Timestamp()),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("updated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Index(None, "connection_id", "preset_id", "status", "type"),
        sa.Index(None, "connection_id", "preset_type_id", "status"),
        sa.Index(None, "preset_id"),
        sa.Index(None, "preset_type_id"),
        sa.Index(None, "configuration_set_id"),
        sa.Index(None, "base_position_id"),
        sa.Index(None, "main_position_id"),
    )
    ddl.create_table(
        revision,
        "preset_trades",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column("preset_id", sa.Text(), sa.ForeignKey("presets.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("active_config_id", sa.Text(), sa.ForeignKey("preset_active_configs.id", ondelete="SET NULL")),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", ddl.Word("long", "short", "buy", "sell"), nullable=False),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("exit_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("quantity", ddl.FiniteNumeric(20, 8), nullable=False),
        sa.Column("takeprofit", ddl.FiniteNumeric(20, 8)),
        sa.Column("stoploss", ddl.FiniteNumeric(20, 8)),
        sa.Column("takeprofit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("stoploss_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("trailing_enabled", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("indicator_type", sa.Text(), nullable=False),
        sa.Column("indicator_params", ddl.Json(), server_default="{}", nullable=False),
        sa.Column("profit_loss", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("fees_paid", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("status", ddl.Word("open", "closed", "cancelled"), server_default="open", nullable=False),
        sa.Column("close_reason", sa.Text()),
        sa.Column("opened_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("closed_at", ddl.Timestamp()),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Index(None, "preset_id", "status", "opened_at"),
        sa.Index(None, "connection_id", "symbol"),
        sa.Index(None, "active_config_id"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "preset_trades")
    ddl.drop_table(revision, "preset_pseudo_positions")
    ddl.drop_table(revision, "preset_trade_engine_state", key=("connection_id", "preset_id"))
    op.drop_index("ix_exchange_connections_preset_type_id", table_name="exchange_connections")
    ddl.drop_columns(revision, "exchange_connections", "preset_type_id")
