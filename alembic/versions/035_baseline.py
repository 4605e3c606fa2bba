"""Baseline: the tables the old installer made before it kept count of its migrations.

Legacy      up to 001-035, in whatever shape the runner that came first had given them. Here each has one shape.
PostgreSQL  new tables only. Creates update_updated_at_column() where nothing of that name exists: old triggers call it,
            and no script that was ever run defined it. It is never replaced or dropped.
SQLite      new tables only.
Stopped     an interruption leaves nothing.
Down        rows are preserved as cts_kept_035_*, and an upgrade restores them. The ledger goes with the rest.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "035"
down_revision = None

# What the old Settings button looks for: it runs each of these that the ledger does not name.
legacy_versions = (
    "001_create_users_table",
    "016_create_exchange_connections_table",
    "017_create_system_settings_table",
    "019_create_volume_management_tables",
    "020_create_presets_tables",
    "027_create_preset_performance_tables",
    "029_create_site_logs_table",
    "048_create_trade_engine_state_table",
)

LEGACY_FUNCTION = """
DO $$ BEGIN
  IF to_regprocedure('update_updated_at_column()') IS NULL THEN
    CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.updated_at = now(); RETURN NEW; END';
  END IF;
END $$
"""

# Rows that the package writes by itself. They need no yes to go, where nobody has changed them. The rows of later
# revisions have left the ledger before.
OWN_MIGRATIONS = f"""source = 'alembic' AND (
    version IN ({", ".join(f"'{version}'" for version in legacy_versions)})
    OR (migration_id = 35 AND version = '{revision}')
)"""
OWN_LOGS = """category = 'migration' AND coalesce(CAST(metadata AS text), '') LIKE '%"package_version"%'"""
OWN_SETTINGS = """updated_at = created_at AND (key, value, value_type, category, description) IN (VALUES
    ('marketDataRetentionDays', '7', 'number', 'performance', 'Days that market data is kept before it is archived'),
    ('indicationStateRetentionHours', '48', 'number', 'performance', 'Hours that an indication state is kept'),
    ('marketDataQueryMaxMinutes', '60', 'number', 'performance',
     'Longest window of market data one query may read, in minutes'),
    ('enableAutoCleanup', 'true', 'boolean', 'performance', 'Whether retention runs by itself'),
    ('cleanupIntervalHours', '24', 'number', 'performance', 'Hours between two runs of retention')
)"""
OWN_ROWS = {"schema_migrations": OWN_MIGRATIONS, "site_logs": OWN_LOGS, "system_settings": OWN_SETTINGS}

ENGINE_STATUS = ("idle", "starting", "running", "stopping", "stopped", "paused", "error")
ORDER_STATUS = ("pending", "open", "filled", "partially_filled", "cancelled", "rejected", "expired", "failed")
PSEUDO_STATUS = (
    *("active", "open", "closed", "stopped", "archived", "evaluating"),
    *("base_active", "base_closed", "main_active", "main_closed", "real_active", "real_closed", "cancelled"),
)


def exits(*, required: bool = False) -> tuple[sa.schema.SchemaItem, ...]:
    """When a position is closed: at a gain or a loss, or by a stop that trails the price."""
    return (
        *ddl.each(ddl.ratio, "takeprofit_factor", "stoploss_ratio", required=required),
        ddl.flag("trailing_enabled"),
        *ddl.each(ddl.ratio, "trail_start", "trail_stop"),
    )


# Accounts, settings, the ledger and the log.
ACCOUNTS: ddl.Tables = {
    "users": lambda: (
        ddl.text_id(),
        ddl.string("username", required=True),
        ddl.string("email"),
        ddl.string("password_hash", required=True),
        ddl.enum("role", "user", "admin", default="user"),
        ddl.flag("is_active", default=True),
        ddl.each(ddl.string, "api_key", "api_secret"),
        ddl.timestamps(),
        ddl.uniques("username", "email", "api_key"),
    ),
    "schema_migrations": lambda: (
        ddl.log_id(),
        ddl.integer("migration_id"),
        ddl.each(ddl.string, "migration_name", "version"),
        ddl.timestamp("executed_at", now=True),
        ddl.integer("execution_time_ms"),
        ddl.string("checksum"),
        ddl.enum("source", "array", "route", "migrations_table", "alembic", default="array"),
        ddl.uniques("migration_id", "version"),
        sa.CheckConstraint(
            "migration_id IS NOT NULL OR version IS NOT NULL OR migration_name IS NOT NULL", name="identity"
        ),
    ),
    "system_settings": lambda: (
        sa.Column("key", sa.Text(), primary_key=True),
        ddl.string("value"),
        ddl.enum("value_type", "string", "number", "boolean", "json", default="string"),
        ddl.string("category", default="general"),
        ddl.each(ddl.string, "subcategory", "description"),
        ddl.flag("is_editable", default=True),
        ddl.timestamps(),
        ddl.indexes("category, subcategory"),
    ),
    "site_logs": lambda: (
        ddl.log_id(),
        ddl.timestamp("timestamp", now=True),
        ddl.enum("level", "debug", "info", "success", "warn", "warning", "error", "critical", "fatal", default="info"),
        ddl.string("category", default="general"),
        ddl.string("message", required=True),
        ddl.each(ddl.string, "context", "details", "stack", "user_id", "connection_id", "error_message"),
        ddl.string("error_stack"),
        ddl.json("metadata"),
        ddl.each(ddl.string, "url", "user_agent", "ip_address"),
        ddl.flag("resolved"),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("timestamp", "level, timestamp", "category, timestamp", "connection_id, timestamp"),
    ),
}

# Exchanges, the connections to them, and what belongs to one connection.
EXCHANGES: ddl.Tables = {
    "exchanges": lambda: (
        ddl.text_id(),
        ddl.each(ddl.string, "name", "display_name", required=True),
        ddl.each(ddl.flag, "is_active", "supports_spot", default=True),
        ddl.each(ddl.flag, "supports_futures", "supports_margin"),
        ddl.each(ddl.string, "api_endpoint", "websocket_endpoint"),
        ddl.timestamps(),
        ddl.uniques("name"),
        ddl.indexes("is_active, display_name"),
    ),
    "exchange_connections": lambda: (
        ddl.text_id(),
        ddl.string("user_id"),
        ddl.string("name", required=True),
        ddl.reference("exchange_id", "exchanges", "SET NULL"),
        ddl.string("exchange", default="binance"),
        ddl.string("api_type", default="spot"),
        ddl.enum("connection_method", "rest", "websocket", "library", "typescript", default="rest"),
        sa.Column("connection_library", sa.Text(), server_default="ccxt"),
        ddl.each(ddl.string, "api_key", "api_secret", "api_passphrase"),
        ddl.enum("margin_type", "cross", "isolated", default="cross"),
        ddl.enum("position_mode", "hedge", "one_way", "one-way", default="hedge"),
        ddl.each(ddl.flag, "is_testnet", "is_enabled"),
        ddl.flag("is_active", default=True),
        ddl.each(ddl.flag, "is_predefined", "is_dashboard_active", "is_live_trade", "is_preset_trade"),
        ddl.each(ddl.flag, "indication_direction", "indication_move", "indication_active", default=True),
        ddl.each(ddl.flag, "indication_optimal", "indication_active_advanced"),
        ddl.ratio("volume_factor", default=1.0),
        ddl.json("connection_settings", default="{}"),
        ddl.json("api_capabilities", default="[]"),
        ddl.json("rate_limits", default="{}"),
        ddl.json("connection_priority"),
        ddl.timestamp("last_test_timestamp"),
        ddl.string("last_test_status"),
        ddl.money("last_test_balance"),
        ddl.string("last_test_error"),
        ddl.json("last_test_log"),
        ddl.timestamps(),
        ddl.indexes("exchange, name", "is_active, created_at", "is_enabled", "exchange_id"),
    ),
    "volume_configuration": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        sa.Column(
            "base_volume_factor",
            ddl.FiniteNumeric(10, 4),
            sa.CheckConstraint("base_volume_factor > 0", name="base_volume_factor"),
            server_default=sa.text("1.0"),
            nullable=False,
        ),
        ddl.ratio("max_leverage", default=125.0),
        ddl.integer("positions_average", default=50),  # open positions
        ddl.ratio("risk_percentage", default=20.0),
        ddl.flag("enforce_min_volume", default=True),
        ddl.timestamps(),
        ddl.uniques("connection_id"),
    ),
    "data_sync_log": lambda: (
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.each(ddl.string, "symbol", "data_type", required=True),
        ddl.each(ddl.timestamp, "sync_start", "sync_end", required=True),
        ddl.count("records_synced"),
        ddl.enum("status", "success", "partial", "failed", required=True),
        ddl.string("error_message"),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("connection_id, symbol, data_type, sync_end"),
    ),
    "position_volume_calculations": lambda: (
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("symbol", required=True),
        ddl.each(ddl.ratio, "base_volume_factor", "leverage", required=True),
        ddl.money("calculated_volume", required=True),
        ddl.money("exchange_min_volume"),
        ddl.money("final_volume", required=True),
        ddl.flag("volume_adjusted"),
        ddl.string("adjustment_reason"),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("connection_id, symbol, created_at"),
    ),
    "trade_engine_state": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.enum("status", *ENGINE_STATUS, default="stopped"),
        ddl.enum("state", *ENGINE_STATUS, default="stopped"),
        ddl.flag("is_enabled"),
        ddl.string("error_message"),
        ddl.each(ddl.timestamp, "started_at", "stopped_at", "last_indication_run", "last_strategy_run"),
        ddl.each(ddl.timestamp, "last_realtime_run", "last_main_run", "last_preset_run", "last_real_run"),
        ddl.count("indication_cycle_count"),
        sa.Column("indication_avg_duration_ms", sa.Double()),
        ddl.count("strategy_cycle_count"),
        sa.Column("strategy_avg_duration_ms", sa.Double()),
        ddl.count("realtime_cycle_count"),
        sa.Column("realtime_avg_duration_ms", sa.Double()),
        ddl.count("main_cycle_count"),
        ddl.integer("main_cycle_duration_ms"),
        sa.Column("main_avg_duration_ms", sa.Double()),
        ddl.integer("main_symbols_processed"),
        ddl.count("preset_cycle_count"),
        ddl.integer("preset_cycle_duration_ms"),
        sa.Column("preset_avg_duration_ms", sa.Double()),
        ddl.integer("preset_symbols_processed"),
        ddl.count("real_cycle_count"),
        ddl.integer("real_cycle_duration_ms"),
        sa.Column("real_avg_duration_ms", sa.Double()),
        ddl.each(ddl.count, "active_positions_count", "active_real_positions_count"),
        ddl.money("total_volume", default=0),
        ddl.flag("prehistoric_data_loaded"),
        ddl.each(ddl.timestamp, "prehistoric_data_start", "prehistoric_data_end"),
        ddl.each(ddl.string, "health_status", "manager_health_status", "indications_health", "strategies_health"),
        ddl.each(ddl.string, "realtime_health", "main_health", "preset_health"),
        ddl.each(ddl.timestamp, "last_health_check", "last_manager_health_check"),
        sa.Column("last_updated", ddl.Timestamp(), server_default=sa.text("CURRENT_TIMESTAMP")),
        ddl.timestamps(),
        ddl.uniques("connection_id"),
        ddl.indexes("status, updated_at"),
    ),
}

# The instruments of an exchange, and their prices over time.
MARKET: ddl.Tables = {
    "trading_pairs": lambda: (
        ddl.text_id(),
        ddl.reference("exchange_id", "exchanges", "CASCADE"),
        ddl.each(ddl.string, "symbol", "base_currency", "quote_currency", required=True),
        ddl.flag("is_active", default=True),
        ddl.each(ddl.money, "min_order_size", "max_order_size"),
        ddl.each(ddl.integer, "price_precision", "quantity_precision", default=8),  # decimal places
        ddl.timestamps(),
        ddl.uniques("exchange_id, symbol"),
        ddl.indexes("symbol, is_active"),
    ),
    "market_data": lambda: (
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.reference("trading_pair_id", "trading_pairs", "CASCADE"),
        ddl.string("symbol"),
        ddl.timestamp("timestamp", now=True),
        ddl.each(ddl.money, "price", "open", "high", "low", "close", "volume"),
        ddl.enum("interval", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w"),
        ddl.string("timeframe"),  # bar length
        ddl.each(ddl.money, "bid", "ask", "high_24h", "low_24h"),
        ddl.timestamp("created_at", now=True),
        ddl.uniques("trading_pair_id, timestamp, interval"),
        sa.CheckConstraint("connection_id IS NOT NULL OR trading_pair_id IS NOT NULL", name="series"),
        ddl.indexes("connection_id, symbol, timestamp", "symbol, timestamp"),
    ),
}

# Portfolios, orders and positions, simulated and real.
TRADING: ddl.Tables = {
    "portfolios": lambda: (
        ddl.text_id(),
        ddl.reference("user_id", "users", "CASCADE"),
        ddl.string("name", required=True),
        ddl.string("description"),
        ddl.each(ddl.money, "total_value", "initial_value", default=0),
        ddl.flag("is_active", default=True),
        ddl.timestamps(),
        ddl.indexes("user_id, created_at"),
    ),
    "positions": lambda: (
        ddl.text_id(),
        ddl.reference("portfolio_id", "portfolios", "CASCADE"),
        ddl.reference("trading_pair_id", "trading_pairs", "CASCADE"),
        ddl.enum("position_type", "long", "short"),
        ddl.money("entry_price", required=True),
        ddl.money("current_price"),
        ddl.money("quantity", required=True),
        ddl.ratio("leverage", default=1.0),
        ddl.each(ddl.money, "stop_loss", "take_profit"),  # price levels
        ddl.each(ddl.money, "unrealized_pnl", "realized_pnl", default=0),
        ddl.enum("status", "open", "closed", "liquidated", default="open"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamps(),
        ddl.indexes("portfolio_id, status, opened_at", "trading_pair_id", "status, closed_at"),
    ),
    "orders": lambda: (
        ddl.text_id(),
        ddl.reference("user_id", "users", "CASCADE"),
        ddl.reference("portfolio_id", "portfolios", "CASCADE"),
        ddl.reference("trading_pair_id", "trading_pairs", "CASCADE"),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.each(ddl.string, "symbol", "exchange_order_id"),
        ddl.enum("order_type", "market", "limit", "stop_loss", "take_profit", "stop_limit"),
        ddl.enum("side", "buy", "sell"),
        ddl.money("price"),
        ddl.money("quantity", required=True),
        ddl.money("filled_quantity", default=0),
        ddl.each(ddl.money, "remaining_quantity", "average_fill_price"),
        ddl.enum("status", *ORDER_STATUS, default="pending"),
        ddl.enum("time_in_force", "GTC", "IOC", "FOK", default="GTC"),
        ddl.money("fees", default=0),
        ddl.timestamps(),
        ddl.timestamp("executed_at"),
        ddl.indexes("user_id, created_at", "portfolio_id", "trading_pair_id", "connection_id, exchange_order_id"),
        ddl.indexes("status, created_at"),
    ),
    "real_positions": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("exchange_position_id"),
        ddl.each(ddl.string, "symbol", "strategy_type", required=True),
        ddl.each(ddl.money, "volume", "entry_price", "current_price", required=True),
        ddl.each(ddl.money, "takeprofit", "stoploss"),  # price levels
        ddl.money("profit_loss", required=True),
        ddl.enum("status", "open", "closed", "archived", "cancelled", "liquidated", default="open"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.string("indication_type"),
        ddl.ratio("indication_range"),  # steps
        ddl.each(ddl.integer, "indication_interval", "strategy_interval", "position_duration_seconds"),
        ddl.integer("avg_check_interval_ms"),
        ddl.count("total_checks"),
        ddl.each(ddl.money, "initial_profit_loss", "max_profit", "max_loss"),
        ddl.ratio("profit_volatility"),
        ddl.timestamps(),
        ddl.indexes("status, opened_at", "connection_id, symbol"),
    ),
    "pseudo_positions": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("symbol", required=True),
        ddl.string("indication_type"),
        ddl.ratio("indication_range"),  # steps
        ddl.enum("side", "long", "short"),
        ddl.enum("direction", "long", "short"),
        ddl.enum("mode", "main", "preset", default="main"),
        ddl.string("state_key"),
        ddl.each(ddl.money, "entry_price", "current_price", "quantity", "position_cost"),
        exits(),
        ddl.ratio("profit_factor"),
        ddl.enum("status", *PSEUDO_STATUS, default="active"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamps(),
    ),
    "real_pseudo_positions": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("symbol", required=True),
        ddl.enum("mode", "main", "preset", default="main"),
        ddl.enum("side", "long", "short"),
        ddl.reference("main_config_id", "pseudo_positions", "SET NULL"),
        ddl.reference("main_position_id", "pseudo_positions", "SET NULL"),
        ddl.money("entry_price", required=True),
        ddl.money("current_price"),
        ddl.money("quantity", required=True),
        ddl.money("position_cost"),
        ddl.each(ddl.money, "takeprofit", "stoploss"),  # price levels
        exits(),
        ddl.flag("adjust_block_enabled"),
        ddl.integer("block_size"),  # positions
        ddl.ratio("block_adjustment_ratio"),
        ddl.flag("adjust_dca_enabled"),
        ddl.integer("dca_levels"),  # steps of averaging
        ddl.each(ddl.ratio, "profit_factor", "avg_drawdown_time", "win_rate"),  # the time in hours
        ddl.each(ddl.count, "total_trades", "winning_trades", "losing_trades"),
        ddl.each(ddl.money, "unrealized_pnl", "realized_pnl", default=0),
        ddl.flag("is_validated"),
        ddl.ratio("validation_profit_factor"),
        ddl.timestamp("validated_at"),
        ddl.count("previous_positions_count"),
        ddl.string("last_position_state"),
        ddl.count("ongoing_positions_count"),
        ddl.enum("status", "validated", "active", "open", "closed", "stopped", "cancelled", default="active"),
        ddl.string("close_reason"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamps(),
        ddl.indexes("main_config_id", "main_position_id"),
    ),
}

# What the engines calculated, and the states they keep.
INDICATIONS: ddl.Tables = {
    "indications": lambda: (
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.each(ddl.string, "symbol", "indication_type", required=True),
        ddl.string("timeframe", default="1h"),  # bar length
        ddl.enum("mode", "main", "preset", default="main"),
        ddl.money("value", required=True),
        ddl.each(ddl.ratio, "profit_factor", "confidence"),
        ddl.json("metadata"),
        ddl.each(ddl.timestamp, "calculated_at", "created_at", now=True),
        ddl.indexes("connection_id, symbol, calculated_at", "created_at"),
    ),
    "indication_states": lambda: (
        ddl.text_id(),
        ddl.string("state_key", required=True),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.each(ddl.string, "symbol", "indication_type"),
        ddl.enum("direction", "long", "short"),
        ddl.each(ddl.string, "position_range", "state_value"),
        ddl.count("active_positions"),
        ddl.each(ddl.timestamp, "last_position_at", "cooldown_until"),
        ddl.timestamp("validated_at", now=True),
        ddl.timestamps(),
        ddl.uniques("state_key"),
    ),
}

# Configured strategies, their tests, and what the preset engines traded with them.
PRESETS: ddl.Tables = {
    "preset_types": lambda: (
        ddl.text_id(),
        ddl.string("name", required=True),
        ddl.string("description"),
        ddl.string("preset_trade_type", default="automatic"),
        ddl.each(ddl.integer, "max_positions_per_indication", "max_positions_per_direction", default=1),
        ddl.integer("max_positions_per_range", default=1),
        ddl.integer("timeout_per_indication", default=5),  # seconds
        ddl.integer("timeout_after_position", default=10),  # seconds
        ddl.each(ddl.flag, "block_enabled", "block_only", "dca_enabled", "dca_only"),
        ddl.flag("auto_evaluate", default=True),
        ddl.integer("evaluation_interval_hours", default=3),
        ddl.timestamp("last_evaluation_at"),
        ddl.flag("is_active", default=True),
        ddl.timestamps(),
        ddl.uniques("name"),
        ddl.indexes("created_at"),
    ),
    "preset_configuration_sets": lambda: (
        ddl.text_id(),
        ddl.string("name", required=True),
        ddl.string("description"),
        ddl.enum("symbol_mode", "main", "forced", "manual", "exchange", default="main"),
        ddl.json("symbols"),
        ddl.string("exchange_order_by"),
        ddl.integer("exchange_limit", default=10),  # symbols
        ddl.string("indication_type", required=True),
        ddl.json("indication_params", default="{}"),
        ddl.ratio("takeprofit_min", default=2.0),
        ddl.ratio("takeprofit_max", default=30.0),
        ddl.ratio("takeprofit_step", default=2.0),
        ddl.ratio("stoploss_min", default=0.3),
        ddl.ratio("stoploss_max", default=3.0),
        ddl.ratio("stoploss_step", default=0.3),
        ddl.flag("trailing_enabled", default=True),
        ddl.json("trail_starts", default="[0.5,1.0,1.5]"),
        ddl.json("trail_stops", default="[0.2,0.4,0.6]"),
        ddl.integer("range_days", default=7),
        ddl.integer("trades_per_48h_min", default=5),
        ddl.ratio("profit_factor_min", default=0.5),
        ddl.integer("drawdown_time_max", default=12),  # hours
        ddl.integer("evaluation_positions_count1", default=25),
        ddl.integer("evaluation_positions_count2", default=50),
        ddl.integer("database_positions_per_set", default=250),
        ddl.integer("database_threshold_percent", default=20),
        ddl.flag("is_active", default=True),
        ddl.each(ddl.timestamp, "last_evaluation_at", "auto_disabled_at"),
        ddl.string("auto_disabled_reason"),
        ddl.each(ddl.count, "total_completed_positions", "winning_positions", "losing_positions"),
        ddl.timestamps(),
        ddl.indexes("is_active, created_at"),
    ),
    "presets": lambda: (
        ddl.text_id(),
        ddl.string("name", required=True),
        ddl.string("description"),
        ddl.json("indication_types", default='["direction","move","active"]'),
        ddl.json("indication_ranges", default="[3,5,8,12,15,20,25,30]"),
        ddl.json("takeprofit_steps", default="[2,3,4,6,8,12]"),
        ddl.json("stoploss_ratios", default="[0.2,0.4,0.6,0.8,1.0,1.2,1.5]"),
        ddl.flag("trailing_enabled", default=True),
        ddl.json("trail_starts", default="[0.3,0.6,1.0]"),
        ddl.json("trail_stops", default="[0.1,0.2,0.3]"),
        ddl.json("strategy_types", default='["base","main","real"]'),
        ddl.json("last_positions_counts", default="[3,4,5,6,8,12,25]"),
        ddl.json("main_positions_count", default="[1,2,3,4,5]"),
        ddl.flag("block_adjustment_enabled", default=True),
        ddl.json("block_sizes", default="[2,4,6,8]"),
        ddl.json("block_adjustment_ratios", default="[0.5,1.0,1.5,2.0]"),
        ddl.flag("dca_adjustment_enabled"),
        ddl.json("dca_levels", default="[3,5,7]"),
        ddl.json("volume_factors", default="[1,2,3,4,5]"),
        ddl.ratio("min_profit_factor", default=0.4),
        ddl.ratio("min_win_rate", default=0),
        ddl.ratio("max_drawdown", default=50),  # percent
        ddl.integer("backtest_period_days", default=30),
        ddl.each(ddl.flag, "backtest_enabled", "is_active", default=True),
        ddl.flag("is_predefined"),
        ddl.string("created_by"),
        ddl.timestamps(),
        ddl.indexes("is_active, is_predefined, created_at"),
    ),
    "preset_configurations": lambda: (
        ddl.text_id(),
        ddl.reference("preset_id", "presets", "CASCADE"),
        ddl.string("symbol"),
        ddl.each(ddl.ratio, "take_profit", "stop_loss"),  # percent from the entry price
        ddl.ratio("profit_factor", default=0),
        ddl.reference("preset_type_id", "preset_types", "CASCADE"),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.string("indication_type"),
        ddl.json("indication_params"),
        ddl.string("strategy_type"),
        ddl.json("strategy_params"),
        ddl.flag("is_active", default=True),
        ddl.timestamps(),
        ddl.indexes("preset_id, symbol", "preset_type_id, connection_id", "connection_id"),
    ),
    "preset_type_sets": lambda: (
        ddl.text_id(),
        ddl.reference("preset_type_id", "preset_types", "CASCADE", required=True),
        ddl.reference("configuration_set_id", "preset_configuration_sets", "CASCADE", required=True),
        ddl.integer("priority", default=0),  # lowest first
        ddl.flag("is_active", default=True),
        ddl.timestamp("added_at", now=True),
        ddl.uniques("preset_type_id, configuration_set_id"),
        ddl.indexes("configuration_set_id"),
    ),
    "preset_test_results": lambda: (
        ddl.text_id(),
        ddl.reference("preset_id", "presets", "CASCADE", required=True),
        ddl.string("config_id", required=True),
        ddl.string("indicator_type"),
        ddl.json("indicator_params"),
        ddl.each(ddl.string, "symbol", "timeframe"),
        exits(),
        ddl.each(ddl.ratio, "profit_factor", "win_rate", required=True),
        ddl.each(ddl.count, "total_trades", "winning_trades", "losing_trades"),
        ddl.each(ddl.money, "avg_profit", "avg_loss", default=0),
        ddl.ratio("max_drawdown", default=0),  # percent
        ddl.each(ddl.ratio, "drawdown_hours", "sharpe_ratio", default=0),
        ddl.flag("is_validated"),
        ddl.string("validation_reason"),
        ddl.each(ddl.timestamp, "tested_at", "created_at", now=True),
        ddl.uniques("preset_id, config_id"),
    ),
    "preset_active_configs": lambda: (
        ddl.text_id(),
        ddl.reference("preset_id", "presets", "CASCADE", required=True),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("config_id", required=True),
        ddl.reference("test_result_id", "preset_test_results", "SET NULL"),
        ddl.string("indicator_type", required=True),
        ddl.json("indicator_params", default="{}"),
        ddl.each(ddl.string, "symbol", "timeframe", required=True),
        exits(required=True),
        ddl.each(ddl.ratio, "profit_factor", "win_rate", required=True),
        ddl.count("total_trades"),
        ddl.flag("is_active", default=True),
        ddl.timestamp("activated_at", now=True),
        ddl.timestamp("deactivated_at"),
        ddl.timestamp("created_at", now=True),
        ddl.uniques("preset_id, connection_id, config_id"),
        ddl.indexes("connection_id", "test_result_id"),
    ),
    "preset_real_trades": lambda: (
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.reference("preset_type_id", "preset_types", "CASCADE", required=True),
        ddl.reference("configuration_set_id", "preset_configuration_sets", "SET NULL"),
        ddl.string("coordination_result_id"),
        ddl.string("symbol", required=True),
        ddl.enum("direction", "long", "short", required=True),
        ddl.money("entry_price", required=True),
        ddl.money("exit_price"),
        ddl.money("quantity", required=True),
        ddl.ratio("leverage", default=1),
        ddl.string("indication_type"),
        exits(),
        ddl.money("profit_loss", default=0),
        ddl.ratio("profit_factor", default=0),
        ddl.money("fees_paid", default=0),
        ddl.enum("status", "open", "closed", "cancelled", default="open"),
        ddl.string("close_reason"),
        ddl.timestamp("opened_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("preset_type_id, created_at", "configuration_set_id", "connection_id"),
    ),
    "backtest_results": lambda: (
        ddl.text_id(),
        ddl.reference("preset_id", "presets", "CASCADE"),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.each(ddl.timestamp, "start_date", "end_date", required=True),
        ddl.json("symbols", required=True),
        ddl.each(ddl.count, "total_trades", "winning_trades", "losing_trades"),
        ddl.ratio("win_rate"),
        ddl.each(ddl.money, "total_profit", "total_loss", "net_profit", default=0),
        ddl.ratio("profit_factor"),
        ddl.each(ddl.ratio, "max_drawdown", "max_drawdown_duration_hours", "avg_drawdown"),  # drawdowns in percent
        ddl.each(ddl.money, "avg_win", "avg_loss", "largest_win", "largest_loss"),
        ddl.each(ddl.ratio, "avg_trade_duration_minutes", "sharpe_ratio", "sortino_ratio"),
        ddl.enum("status", "pending", "running", "completed", "failed", default="pending"),
        ddl.string("error_message"),
        ddl.timestamp("created_at", now=True),
        ddl.timestamp("completed_at"),
        ddl.indexes("preset_id, created_at", "connection_id"),
    ),
}

# Each comes after those it refers to.
TABLES = tuple((ACCOUNTS | EXCHANGES | MARKET | TRADING | INDICATIONS | PRESETS).items())


def upgrade() -> None:
    if ddl.on_postgresql():
        op.execute(LEGACY_FUNCTION)
    for name, items in TABLES:
        ddl.create_table(revision, name, *items())


def downgrade() -> None:
    with ddl.quiet("schema_migrations"):
        op.execute(sa.table("schema_migrations").delete().where(sa.text(OWN_MIGRATIONS)))
    for name, _ in reversed(TABLES):
        ddl.drop_table(
            revision,
            name,
            key=("key",) if name == "system_settings" else ("id",),
            last_id=name != "schema_migrations",
            own=OWN_ROWS.get(name),
            written_again=name != "site_logs",
        )
