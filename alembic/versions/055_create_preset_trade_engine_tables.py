"""The preset trade engine: its state, its simulated positions and its trades.

Legacy      055 create_preset_trade_engine_tables. The old inline SQL made the stray table preset_trade_engine_states
            instead; the file ended in ADD COLUMN IF NOT EXISTS, a syntax error on SQLite.
PostgreSQL  three new tables; a nullable column with a foreign key on exchange_connections.
SQLite      the same by ADD COLUMN, no rebuild.
Stopped     an interruption leaves nothing.
Down        preserves the tables and the column as cts_kept_055_*, and an upgrade restores them.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "055"
down_revision = "054"

KEYS = {"preset_trade_engine_state": ("connection_id", "preset_id")}

TABLES: ddl.Tables = {
    "preset_trade_engine_state": lambda: (
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("preset_id", required=True),
        ddl.enum("mode", "automatic", "configured", "manual", default="automatic"),
        ddl.enum(
            "status",
            "idle",
            "starting",
            "testing",
            "running",
            "stopping",
            "stopped",
            "paused",
            "error",
            default="stopped",
        ),
        ddl.json("config"),
        ddl.integer("testing_progress", default=0),  # percent
        ddl.each(ddl.string, "testing_message", "error_message"),
        ddl.each(ddl.timestamp, "started_at", "stopped_at"),
        ddl.timestamps(),
        sa.PrimaryKeyConstraint("connection_id", "preset_id"),
        ddl.indexes("preset_id"),
    ),
    "preset_pseudo_positions": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.reference("preset_id", "presets", "CASCADE"),
        ddl.reference("preset_type_id", "preset_types", "CASCADE"),
        ddl.reference("configuration_set_id", "preset_configuration_sets", "SET NULL"),
        ddl.string("coordination_result_id"),
        ddl.string("symbol", required=True),
        ddl.enum("type", "base", "main", "real", "active", default="base"),
        ddl.enum("direction", "long", "short", "neutral"),
        ddl.ratio("strength"),
        ddl.json("indicators"),
        ddl.enum("indication_category", "main", "common", default="main"),
        ddl.string("indication_type"),
        ddl.each(ddl.ratio, "indication_range", "indication_step"),  # steps
        ddl.json("indication_params"),
        ddl.each(ddl.ratio, "takeprofit_factor", "stoploss_ratio"),
        ddl.flag("trailing_enabled"),
        ddl.each(ddl.ratio, "trail_start", "trail_stop"),
        ddl.each(ddl.money, "entry_price", "current_price", "exit_price", "price_high", "price_low", "quantity"),
        ddl.ratio("leverage", default=1),
        ddl.money("position_cost"),
        ddl.ratio("profit_factor"),
        ddl.money("profit_loss", default=0),
        ddl.money("unrealized_pnl"),
        ddl.ratio("unrealized_pnl_percent"),
        ddl.money("realized_pnl"),
        ddl.ratio("realized_pnl_percent"),
        ddl.ratio("max_drawdown"),  # percent
        ddl.reference("base_position_id", "preset_pseudo_positions", "SET NULL"),
        ddl.reference("main_position_id", "preset_pseudo_positions", "SET NULL"),
        ddl.enum("status", "active", "open", "closed", "stopped", "archived", "cancelled", default="active"),
        ddl.each(ddl.string, "close_reason", "exit_reason"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamps(),
        ddl.indexes("connection_id, preset_id, status, type", "connection_id, preset_type_id, status", "preset_id"),
        ddl.indexes("preset_type_id", "configuration_set_id", "base_position_id", "main_position_id"),
    ),
    "preset_trades": lambda: (
        ddl.text_id(),
        ddl.reference("preset_id", "presets", "CASCADE", required=True),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.reference("active_config_id", "preset_active_configs", "SET NULL"),
        ddl.string("symbol", required=True),
        ddl.enum("side", "long", "short", "buy", "sell", required=True),
        ddl.money("entry_price", required=True),
        ddl.money("exit_price"),
        ddl.money("quantity", required=True),
        ddl.each(ddl.money, "takeprofit", "stoploss"),  # price levels
        ddl.each(ddl.ratio, "takeprofit_factor", "stoploss_ratio"),
        ddl.flag("trailing_enabled"),
        ddl.string("indicator_type", required=True),
        ddl.json("indicator_params", default="{}"),
        ddl.money("profit_loss"),
        ddl.ratio("profit_factor"),
        ddl.money("fees_paid", default=0),
        ddl.enum("status", "open", "closed", "cancelled", default="open"),
        ddl.string("close_reason"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("preset_id, status, opened_at", "connection_id, symbol", "active_config_id"),
    ),
}


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "exchange_connections",
        ddl.reference("preset_type_id", "preset_types", "SET NULL"),
    )
    op.create_index("ix_exchange_connections_preset_type_id", "exchange_connections", ["preset_type_id"])
    for name, items in TABLES.items():
        ddl.create_table(revision, name, *items())


def downgrade() -> None:
    for name in reversed(TABLES):
        ddl.drop_table(revision, name, key=KEYS.get(name, ("id",)))
    op.drop_index("ix_exchange_connections_preset_type_id", table_name="exchange_connections")
    ddl.drop_columns(revision, "exchange_connections", "preset_type_id")
