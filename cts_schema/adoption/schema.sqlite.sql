CREATE TABLE users (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    username TEXT NOT NULL,
    email TEXT,
    password_hash TEXT NOT NULL,
    role TEXT DEFAULT 'user' NOT NULL CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin')),
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_users_is_active CHECK (is_active IN (0, 1)),
    api_key TEXT,
    api_secret TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_username UNIQUE (username),
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT uq_users_api_key UNIQUE (api_key)
);

CREATE TRIGGER trg_users_updated_at AFTER UPDATE ON users FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE users SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE exchanges (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchanges_is_active CHECK (is_active IN (0, 1)),
    supports_spot BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchanges_supports_spot CHECK (supports_spot IN (0, 1)),
    supports_futures BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchanges_supports_futures CHECK (supports_futures IN (0, 1)),
    supports_margin BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchanges_supports_margin CHECK (supports_margin IN (0, 1)),
    api_endpoint TEXT,
    websocket_endpoint TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_exchanges PRIMARY KEY (id),
    CONSTRAINT uq_exchanges_name UNIQUE (name)
);

CREATE INDEX ix_exchanges_is_active_display_name ON exchanges (is_active, display_name);

CREATE TRIGGER trg_exchanges_updated_at AFTER UPDATE ON exchanges FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE exchanges SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE schema_migrations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    migration_id INTEGER,
    migration_name TEXT,
    version TEXT,
    executed_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    execution_time_ms INTEGER,
    checksum TEXT,
    source TEXT DEFAULT 'array' NOT NULL CONSTRAINT ck_schema_migrations_source CHECK (source IN ('array', 'route', 'migrations_table', 'alembic')),
    CONSTRAINT uq_schema_migrations_migration_id UNIQUE (migration_id),
    CONSTRAINT uq_schema_migrations_version UNIQUE (version),
    CONSTRAINT ck_schema_migrations_identity CHECK (migration_id IS NOT NULL OR version IS NOT NULL OR migration_name IS NOT NULL)
);

CREATE TABLE system_settings (
    "key" TEXT NOT NULL,
    value TEXT,
    value_type TEXT DEFAULT 'string' NOT NULL CONSTRAINT ck_system_settings_value_type CHECK (value_type IN ('string', 'number', 'boolean', 'json')),
    category TEXT DEFAULT 'general' NOT NULL,
    subcategory TEXT,
    description TEXT,
    is_editable BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_system_settings_is_editable CHECK (is_editable IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_system_settings PRIMARY KEY ("key")
);

CREATE INDEX ix_system_settings_category_subcategory ON system_settings (category, subcategory);

CREATE TRIGGER trg_system_settings_updated_at AFTER UPDATE ON system_settings FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE system_settings SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE site_logs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    level TEXT DEFAULT 'info' NOT NULL CONSTRAINT ck_site_logs_level CHECK (level IN ('debug', 'info', 'success', 'warn', 'warning', 'error', 'critical', 'fatal')),
    category TEXT DEFAULT 'general' NOT NULL,
    message TEXT NOT NULL,
    context TEXT,
    details TEXT,
    stack TEXT,
    user_id TEXT,
    connection_id TEXT,
    error_message TEXT,
    error_stack TEXT,
    metadata TEXT CONSTRAINT ck_site_logs_metadata CHECK (metadata IS NULL OR json_valid(metadata)),
    url TEXT,
    user_agent TEXT,
    ip_address TEXT,
    resolved BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_site_logs_resolved CHECK (resolved IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE INDEX ix_site_logs_category_timestamp ON site_logs (category, timestamp);

CREATE INDEX ix_site_logs_connection_id_timestamp ON site_logs (connection_id, timestamp);

CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp);

CREATE INDEX ix_site_logs_level_timestamp ON site_logs (level, timestamp);

CREATE TABLE data_cleanup_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    cleanup_type TEXT NOT NULL,
    records_cleaned INTEGER DEFAULT 0 NOT NULL,
    records_archived INTEGER DEFAULT 0 NOT NULL,
    cleanup_started_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    cleanup_completed_at TEXT,
    status TEXT DEFAULT 'running' NOT NULL CONSTRAINT ck_data_cleanup_log_status CHECK (status IN ('running', 'completed', 'success', 'failed', 'error')),
    error_message TEXT
);

CREATE INDEX ix_data_cleanup_log_cleanup_type_cleanup_started_at ON data_cleanup_log (cleanup_type, cleanup_started_at);

CREATE TABLE adoption_leftovers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    row_key TEXT,
    reason TEXT NOT NULL CONSTRAINT ck_adoption_leftovers_reason CHECK (reason IN ('no_column', 'orphan', 'duplicate', 'check', 'type', 'null', 'precision')),
    payload TEXT NOT NULL CONSTRAINT ck_adoption_leftovers_payload CHECK (payload IS NULL OR json_valid(payload)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE INDEX ix_adoption_leftovers_table_name_row_key ON adoption_leftovers (table_name, row_key);

CREATE TABLE preset_types (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    preset_trade_type TEXT DEFAULT 'automatic' NOT NULL,
    max_positions_per_indication INTEGER DEFAULT 1 NOT NULL,
    max_positions_per_direction INTEGER DEFAULT 1 NOT NULL,
    max_positions_per_range INTEGER DEFAULT 1 NOT NULL,
    timeout_per_indication INTEGER DEFAULT 5 NOT NULL,
    timeout_after_position INTEGER DEFAULT 10 NOT NULL,
    block_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_types_block_enabled CHECK (block_enabled IN (0, 1)),
    block_only BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_types_block_only CHECK (block_only IN (0, 1)),
    dca_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_types_dca_enabled CHECK (dca_enabled IN (0, 1)),
    dca_only BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_types_dca_only CHECK (dca_only IN (0, 1)),
    auto_evaluate BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_types_auto_evaluate CHECK (auto_evaluate IN (0, 1)),
    evaluation_interval_hours INTEGER DEFAULT 3 NOT NULL,
    last_evaluation_at TEXT,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_types_is_active CHECK (is_active IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_types PRIMARY KEY (id),
    CONSTRAINT uq_preset_types_name UNIQUE (name)
);

CREATE INDEX ix_preset_types_created_at ON preset_types (created_at);

CREATE TRIGGER trg_preset_types_updated_at AFTER UPDATE ON preset_types FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE preset_types SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_configuration_sets (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    symbol_mode TEXT DEFAULT 'main' NOT NULL CONSTRAINT ck_preset_configuration_sets_symbol_mode CHECK (symbol_mode IN ('main', 'forced', 'manual', 'exchange')),
    symbols TEXT CONSTRAINT ck_preset_configuration_sets_symbols CHECK (symbols IS NULL OR json_valid(symbols)),
    exchange_order_by TEXT,
    exchange_limit INTEGER DEFAULT 10 NOT NULL,
    indication_type TEXT NOT NULL,
    indication_params TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_preset_configuration_sets_indication_params CHECK (indication_params IS NULL OR json_valid(indication_params)),
    takeprofit_min NUMERIC(10, 4) DEFAULT (2.0) NOT NULL,
    takeprofit_max NUMERIC(10, 4) DEFAULT (30.0) NOT NULL,
    takeprofit_step NUMERIC(10, 4) DEFAULT (2.0) NOT NULL,
    stoploss_min NUMERIC(10, 4) DEFAULT (0.3) NOT NULL,
    stoploss_max NUMERIC(10, 4) DEFAULT (3.0) NOT NULL,
    stoploss_step NUMERIC(10, 4) DEFAULT (0.3) NOT NULL,
    trailing_enabled BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_configuration_sets_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_starts TEXT DEFAULT '[0.5,1.0,1.5]' NOT NULL CONSTRAINT ck_preset_configuration_sets_trail_starts CHECK (trail_starts IS NULL OR json_valid(trail_starts)),
    trail_stops TEXT DEFAULT '[0.2,0.4,0.6]' NOT NULL CONSTRAINT ck_preset_configuration_sets_trail_stops CHECK (trail_stops IS NULL OR json_valid(trail_stops)),
    range_days INTEGER DEFAULT 7 NOT NULL,
    trades_per_48h_min INTEGER DEFAULT 5 NOT NULL,
    profit_factor_min NUMERIC(10, 4) DEFAULT (0.5) NOT NULL,
    drawdown_time_max INTEGER DEFAULT 12 NOT NULL,
    evaluation_positions_count1 INTEGER DEFAULT 25 NOT NULL,
    evaluation_positions_count2 INTEGER DEFAULT 50 NOT NULL,
    database_positions_per_set INTEGER DEFAULT 250 NOT NULL,
    database_threshold_percent INTEGER DEFAULT 20 NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_configuration_sets_is_active CHECK (is_active IN (0, 1)),
    last_evaluation_at TEXT,
    auto_disabled_at TEXT,
    auto_disabled_reason TEXT,
    total_completed_positions INTEGER DEFAULT 0 NOT NULL,
    winning_positions INTEGER DEFAULT 0 NOT NULL,
    losing_positions INTEGER DEFAULT 0 NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_configuration_sets PRIMARY KEY (id)
);

CREATE INDEX ix_preset_configuration_sets_is_active_created_at ON preset_configuration_sets (is_active, created_at);

CREATE TRIGGER trg_preset_configuration_sets_updated_at AFTER UPDATE ON preset_configuration_sets FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE preset_configuration_sets SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE presets (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    indication_types TEXT DEFAULT '["direction","move","active"]' NOT NULL CONSTRAINT ck_presets_indication_types CHECK (indication_types IS NULL OR json_valid(indication_types)),
    indication_ranges TEXT DEFAULT '[3,5,8,12,15,20,25,30]' NOT NULL CONSTRAINT ck_presets_indication_ranges CHECK (indication_ranges IS NULL OR json_valid(indication_ranges)),
    takeprofit_steps TEXT DEFAULT '[2,3,4,6,8,12]' NOT NULL CONSTRAINT ck_presets_takeprofit_steps CHECK (takeprofit_steps IS NULL OR json_valid(takeprofit_steps)),
    stoploss_ratios TEXT DEFAULT '[0.2,0.4,0.6,0.8,1.0,1.2,1.5]' NOT NULL CONSTRAINT ck_presets_stoploss_ratios CHECK (stoploss_ratios IS NULL OR json_valid(stoploss_ratios)),
    trailing_enabled BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_presets_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_starts TEXT DEFAULT '[0.3,0.6,1.0]' NOT NULL CONSTRAINT ck_presets_trail_starts CHECK (trail_starts IS NULL OR json_valid(trail_starts)),
    trail_stops TEXT DEFAULT '[0.1,0.2,0.3]' NOT NULL CONSTRAINT ck_presets_trail_stops CHECK (trail_stops IS NULL OR json_valid(trail_stops)),
    strategy_types TEXT DEFAULT '["base","main","real"]' NOT NULL CONSTRAINT ck_presets_strategy_types CHECK (strategy_types IS NULL OR json_valid(strategy_types)),
    last_positions_counts TEXT DEFAULT '[3,4,5,6,8,12,25]' NOT NULL CONSTRAINT ck_presets_last_positions_counts CHECK (last_positions_counts IS NULL OR json_valid(last_positions_counts)),
    main_positions_count TEXT DEFAULT '[1,2,3,4,5]' NOT NULL CONSTRAINT ck_presets_main_positions_count CHECK (main_positions_count IS NULL OR json_valid(main_positions_count)),
    block_adjustment_enabled BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_presets_block_adjustment_enabled CHECK (block_adjustment_enabled IN (0, 1)),
    block_sizes TEXT DEFAULT '[2,4,6,8]' NOT NULL CONSTRAINT ck_presets_block_sizes CHECK (block_sizes IS NULL OR json_valid(block_sizes)),
    block_adjustment_ratios TEXT DEFAULT '[0.5,1.0,1.5,2.0]' NOT NULL CONSTRAINT ck_presets_block_adjustment_ratios CHECK (block_adjustment_ratios IS NULL OR json_valid(block_adjustment_ratios)),
    dca_adjustment_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_presets_dca_adjustment_enabled CHECK (dca_adjustment_enabled IN (0, 1)),
    dca_levels TEXT DEFAULT '[3,5,7]' NOT NULL CONSTRAINT ck_presets_dca_levels CHECK (dca_levels IS NULL OR json_valid(dca_levels)),
    volume_factors TEXT DEFAULT '[1,2,3,4,5]' NOT NULL CONSTRAINT ck_presets_volume_factors CHECK (volume_factors IS NULL OR json_valid(volume_factors)),
    min_profit_factor NUMERIC(10, 4) DEFAULT (0.4) NOT NULL,
    min_win_rate NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(10, 4) DEFAULT 50 NOT NULL,
    backtest_period_days INTEGER DEFAULT 30 NOT NULL,
    backtest_enabled BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_presets_backtest_enabled CHECK (backtest_enabled IN (0, 1)),
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_presets_is_active CHECK (is_active IN (0, 1)),
    is_predefined BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_presets_is_predefined CHECK (is_predefined IN (0, 1)),
    created_by TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_presets PRIMARY KEY (id)
);

CREATE INDEX ix_presets_is_active_is_predefined_created_at ON presets (is_active, is_predefined, created_at);

CREATE TRIGGER trg_presets_updated_at AFTER UPDATE ON presets FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE presets SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE exchange_connections (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    user_id TEXT,
    name TEXT NOT NULL,
    exchange_id TEXT,
    exchange TEXT DEFAULT 'binance' NOT NULL,
    api_type TEXT DEFAULT 'spot' NOT NULL,
    connection_method TEXT DEFAULT 'rest' NOT NULL CONSTRAINT ck_exchange_connections_connection_method CHECK (connection_method IN ('rest', 'websocket', 'library', 'typescript')),
    connection_library TEXT DEFAULT 'ccxt',
    api_key TEXT,
    api_secret TEXT,
    api_passphrase TEXT,
    margin_type TEXT DEFAULT 'cross' NOT NULL CONSTRAINT ck_exchange_connections_margin_type CHECK (margin_type IN ('cross', 'isolated')),
    position_mode TEXT DEFAULT 'hedge' NOT NULL CONSTRAINT ck_exchange_connections_position_mode CHECK (position_mode IN ('hedge', 'one_way', 'one-way')),
    is_testnet BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_testnet CHECK (is_testnet IN (0, 1)),
    is_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_enabled CHECK (is_enabled IN (0, 1)),
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchange_connections_is_active CHECK (is_active IN (0, 1)),
    is_predefined BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_predefined CHECK (is_predefined IN (0, 1)),
    is_dashboard_active BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_dashboard_active CHECK (is_dashboard_active IN (0, 1)),
    is_live_trade BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_live_trade CHECK (is_live_trade IN (0, 1)),
    is_preset_trade BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_is_preset_trade CHECK (is_preset_trade IN (0, 1)),
    preset_type_id TEXT,
    indication_direction BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchange_connections_indication_direction CHECK (indication_direction IN (0, 1)),
    indication_move BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchange_connections_indication_move CHECK (indication_move IN (0, 1)),
    indication_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchange_connections_indication_active CHECK (indication_active IN (0, 1)),
    indication_optimal BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_indication_optimal CHECK (indication_optimal IN (0, 1)),
    indication_auto BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_exchange_connections_indication_auto CHECK (indication_auto IN (0, 1)),
    volume_factor NUMERIC(10, 4) DEFAULT (1.0) NOT NULL,
    connection_settings TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_exchange_connections_connection_settings CHECK (connection_settings IS NULL OR json_valid(connection_settings)),
    api_capabilities TEXT DEFAULT '[]' NOT NULL CONSTRAINT ck_exchange_connections_api_capabilities CHECK (api_capabilities IS NULL OR json_valid(api_capabilities)),
    rate_limits TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_exchange_connections_rate_limits CHECK (rate_limits IS NULL OR json_valid(rate_limits)),
    connection_priority TEXT CONSTRAINT ck_exchange_connections_connection_priority CHECK (connection_priority IS NULL OR json_valid(connection_priority)),
    last_test_timestamp TEXT,
    last_test_status TEXT,
    last_test_balance NUMERIC(20, 8),
    last_test_error TEXT,
    last_test_log TEXT CONSTRAINT ck_exchange_connections_last_test_log CHECK (last_test_log IS NULL OR json_valid(last_test_log)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_exchange_connections PRIMARY KEY (id),
    CONSTRAINT fk_exchange_connections_exchange_id FOREIGN KEY(exchange_id) REFERENCES exchanges (id) ON DELETE SET NULL,
    CONSTRAINT fk_exchange_connections_preset_type_id FOREIGN KEY(preset_type_id) REFERENCES preset_types (id) ON DELETE SET NULL
);

CREATE INDEX ix_exchange_connections_exchange_name ON exchange_connections (exchange, name);

CREATE INDEX ix_exchange_connections_preset_type_id ON exchange_connections (preset_type_id);

CREATE INDEX ix_exchange_connections_exchange_id ON exchange_connections (exchange_id);

CREATE INDEX ix_exchange_connections_is_enabled ON exchange_connections (is_enabled);

CREATE INDEX ix_exchange_connections_is_active_created_at ON exchange_connections (is_active, created_at);

CREATE TRIGGER trg_exchange_connections_updated_at AFTER UPDATE ON exchange_connections FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE exchange_connections SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE trading_pairs (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    exchange_id TEXT,
    symbol TEXT NOT NULL,
    base_currency TEXT NOT NULL,
    quote_currency TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_trading_pairs_is_active CHECK (is_active IN (0, 1)),
    min_order_size NUMERIC(20, 8),
    max_order_size NUMERIC(20, 8),
    price_precision INTEGER DEFAULT 8 NOT NULL,
    quantity_precision INTEGER DEFAULT 8 NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_trading_pairs PRIMARY KEY (id),
    CONSTRAINT uq_trading_pairs_exchange_id_symbol UNIQUE (exchange_id, symbol),
    CONSTRAINT fk_trading_pairs_exchange_id FOREIGN KEY(exchange_id) REFERENCES exchanges (id) ON DELETE CASCADE
);

CREATE INDEX ix_trading_pairs_symbol_is_active ON trading_pairs (symbol, is_active);

CREATE TRIGGER trg_trading_pairs_updated_at AFTER UPDATE ON trading_pairs FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE trading_pairs SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_type_sets (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_type_id TEXT NOT NULL,
    configuration_set_id TEXT NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_type_sets_is_active CHECK (is_active IN (0, 1)),
    added_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_type_sets PRIMARY KEY (id),
    CONSTRAINT uq_preset_type_sets_preset_type_id_configuration_set_id UNIQUE (preset_type_id, configuration_set_id),
    CONSTRAINT fk_preset_type_sets_preset_type_id FOREIGN KEY(preset_type_id) REFERENCES preset_types (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_type_sets_configuration_set_id FOREIGN KEY(configuration_set_id) REFERENCES preset_configuration_sets (id) ON DELETE CASCADE
);

CREATE INDEX ix_preset_type_sets_configuration_set_id ON preset_type_sets (configuration_set_id);

CREATE TABLE preset_test_results (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_id TEXT NOT NULL,
    config_id TEXT NOT NULL,
    indicator_type TEXT,
    indicator_params TEXT CONSTRAINT ck_preset_test_results_indicator_params CHECK (indicator_params IS NULL OR json_valid(indicator_params)),
    symbol TEXT,
    timeframe TEXT,
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_test_results_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    profit_factor NUMERIC(10, 4) NOT NULL,
    win_rate NUMERIC(10, 4) NOT NULL,
    total_trades INTEGER DEFAULT 0 NOT NULL,
    winning_trades INTEGER DEFAULT 0 NOT NULL,
    losing_trades INTEGER DEFAULT 0 NOT NULL,
    avg_profit NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    drawdown_hours NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    sharpe_ratio NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    is_validated BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_test_results_is_validated CHECK (is_validated IN (0, 1)),
    validation_reason TEXT,
    tested_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_test_results PRIMARY KEY (id),
    CONSTRAINT uq_preset_test_results_preset_id_config_id UNIQUE (preset_id, config_id),
    CONSTRAINT fk_preset_test_results_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE
);

CREATE TABLE portfolios (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    user_id TEXT,
    name TEXT NOT NULL,
    description TEXT,
    total_value NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    initial_value NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_portfolios_is_active CHECK (is_active IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_portfolios PRIMARY KEY (id),
    CONSTRAINT fk_portfolios_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_portfolios_user_id_created_at ON portfolios (user_id, created_at);

CREATE TRIGGER trg_portfolios_updated_at AFTER UPDATE ON portfolios FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE portfolios SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE volume_configuration (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    base_volume_factor NUMERIC(10, 4) DEFAULT (1.0) NOT NULL CONSTRAINT ck_volume_configuration_base_volume_factor CHECK (base_volume_factor > 0),
    max_leverage NUMERIC(10, 4) DEFAULT (125.0) NOT NULL,
    positions_average INTEGER DEFAULT 50 NOT NULL,
    risk_percentage NUMERIC(10, 4) DEFAULT (20.0) NOT NULL,
    enforce_min_volume BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_volume_configuration_enforce_min_volume CHECK (enforce_min_volume IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_volume_configuration PRIMARY KEY (id),
    CONSTRAINT uq_volume_configuration_connection_id UNIQUE (connection_id),
    CONSTRAINT fk_volume_configuration_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE TRIGGER trg_volume_configuration_updated_at AFTER UPDATE ON volume_configuration FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE volume_configuration SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE data_sync_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    data_type TEXT NOT NULL,
    sync_start TEXT NOT NULL,
    sync_end TEXT NOT NULL,
    records_synced INTEGER DEFAULT 0 NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_data_sync_log_status CHECK (status IN ('success', 'partial', 'failed')),
    error_message TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT fk_data_sync_log_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_data_sync_log_connection_id_symbol_data_type_sync_end ON data_sync_log (connection_id, symbol, data_type, sync_end);

CREATE TABLE position_volume_calculations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base_volume_factor NUMERIC(10, 4) NOT NULL,
    leverage NUMERIC(10, 4) NOT NULL,
    calculated_volume NUMERIC(20, 8) NOT NULL,
    exchange_min_volume NUMERIC(20, 8),
    final_volume NUMERIC(20, 8) NOT NULL,
    volume_adjusted BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_position_volume_calculations_volume_adjusted CHECK (volume_adjusted IN (0, 1)),
    adjustment_reason TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT fk_position_volume_calculations_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_position_volume_calculations_connection_id_symbol_created_at ON position_volume_calculations (connection_id, symbol, created_at);

CREATE TABLE trade_engine_state (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    status TEXT DEFAULT 'stopped' NOT NULL CONSTRAINT ck_trade_engine_state_status CHECK (status IN ('idle', 'starting', 'running', 'stopping', 'stopped', 'paused', 'error')),
    state TEXT DEFAULT 'stopped' NOT NULL CONSTRAINT ck_trade_engine_state_state CHECK (state IN ('idle', 'starting', 'running', 'stopping', 'stopped', 'paused', 'error')),
    is_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_trade_engine_state_is_enabled CHECK (is_enabled IN (0, 1)),
    error_message TEXT,
    started_at TEXT,
    stopped_at TEXT,
    last_indication_run TEXT,
    last_strategy_run TEXT,
    last_realtime_run TEXT,
    last_main_run TEXT,
    last_preset_run TEXT,
    last_real_run TEXT,
    indication_cycle_count INTEGER DEFAULT 0 NOT NULL,
    indication_avg_duration_ms DOUBLE,
    strategy_cycle_count INTEGER DEFAULT 0 NOT NULL,
    strategy_avg_duration_ms DOUBLE,
    realtime_cycle_count INTEGER DEFAULT 0 NOT NULL,
    realtime_avg_duration_ms DOUBLE,
    main_cycle_count INTEGER DEFAULT 0 NOT NULL,
    main_cycle_duration_ms INTEGER,
    main_avg_duration_ms DOUBLE,
    main_symbols_processed INTEGER,
    preset_cycle_count INTEGER DEFAULT 0 NOT NULL,
    preset_cycle_duration_ms INTEGER,
    preset_avg_duration_ms DOUBLE,
    preset_symbols_processed INTEGER,
    real_cycle_count INTEGER DEFAULT 0 NOT NULL,
    real_cycle_duration_ms INTEGER,
    real_avg_duration_ms DOUBLE,
    active_positions_count INTEGER DEFAULT 0 NOT NULL,
    active_real_positions_count INTEGER DEFAULT 0 NOT NULL,
    total_volume NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    prehistoric_data_loaded BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_trade_engine_state_prehistoric_data_loaded CHECK (prehistoric_data_loaded IN (0, 1)),
    prehistoric_data_start TEXT,
    prehistoric_data_end TEXT,
    health_status TEXT,
    manager_health_status TEXT,
    indications_health TEXT,
    strategies_health TEXT,
    realtime_health TEXT,
    main_health TEXT,
    preset_health TEXT,
    last_health_check TEXT,
    last_manager_health_check TEXT,
    last_updated TEXT DEFAULT CURRENT_TIMESTAMP,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_trade_engine_state PRIMARY KEY (id),
    CONSTRAINT uq_trade_engine_state_connection_id UNIQUE (connection_id),
    CONSTRAINT fk_trade_engine_state_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_trade_engine_state_status_updated_at ON trade_engine_state (status, updated_at);

CREATE TRIGGER trg_trade_engine_state_updated_at AFTER UPDATE ON trade_engine_state FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE trade_engine_state SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE indications (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    indication_type TEXT NOT NULL,
    timeframe TEXT DEFAULT '1h' NOT NULL,
    mode TEXT DEFAULT 'main' NOT NULL CONSTRAINT ck_indications_mode CHECK (mode IN ('main', 'preset')),
    value NUMERIC(20, 8) NOT NULL,
    profit_factor NUMERIC(10, 4),
    confidence NUMERIC(10, 4),
    metadata TEXT CONSTRAINT ck_indications_metadata CHECK (metadata IS NULL OR json_valid(metadata)),
    calculated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT fk_indications_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_indications_connection_id_symbol_calculated_at ON indications (connection_id, symbol, calculated_at);

CREATE INDEX ix_indications_created_at ON indications (created_at);

CREATE TABLE indication_states (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    state_key TEXT NOT NULL,
    connection_id TEXT,
    symbol TEXT,
    indication_type TEXT,
    direction TEXT CONSTRAINT ck_indication_states_direction CHECK (direction IN ('long', 'short')),
    position_range TEXT,
    state_value TEXT,
    active_positions INTEGER DEFAULT 0 NOT NULL,
    last_position_at TEXT,
    cooldown_until TEXT,
    parabolic_sar_value NUMERIC(20, 8),
    parabolic_sar_trend TEXT,
    validated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_indication_states PRIMARY KEY (id),
    CONSTRAINT uq_indication_states_state_key UNIQUE (state_key),
    CONSTRAINT fk_indication_states_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_indication_states_validated_at ON indication_states (validated_at);

CREATE INDEX ix_indication_states_connection_id_symbol_indication_type ON indication_states (connection_id, symbol, indication_type);

CREATE TRIGGER trg_indication_states_updated_at AFTER UPDATE ON indication_states FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE indication_states SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE market_data (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT,
    trading_pair_id TEXT,
    symbol TEXT,
    timestamp TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    price NUMERIC(20, 8),
    open NUMERIC(20, 8),
    high NUMERIC(20, 8),
    low NUMERIC(20, 8),
    close NUMERIC(20, 8),
    volume NUMERIC(20, 8),
    interval TEXT CONSTRAINT ck_market_data_interval CHECK (interval IN ('1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '12h', '1d', '1w')),
    timeframe TEXT,
    bid NUMERIC(20, 8),
    ask NUMERIC(20, 8),
    high_24h NUMERIC(20, 8),
    low_24h NUMERIC(20, 8),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT uq_market_data_trading_pair_id_timestamp_interval UNIQUE (trading_pair_id, timestamp, interval),
    CONSTRAINT ck_market_data_series CHECK (connection_id IS NOT NULL OR trading_pair_id IS NOT NULL),
    CONSTRAINT fk_market_data_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_market_data_trading_pair_id FOREIGN KEY(trading_pair_id) REFERENCES trading_pairs (id) ON DELETE CASCADE
);

CREATE INDEX ix_market_data_symbol_timestamp ON market_data (symbol, timestamp);

CREATE INDEX ix_market_data_connection_id_symbol_timestamp ON market_data (connection_id, symbol, timestamp);

CREATE INDEX ix_market_data_timestamp ON market_data (timestamp);

CREATE INDEX ix_market_data_connection_id_timestamp ON market_data (connection_id, timestamp);

CREATE TABLE archived_market_data (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT,
    trading_pair_id TEXT,
    symbol TEXT,
    timestamp TEXT NOT NULL,
    price NUMERIC(20, 8),
    open NUMERIC(20, 8),
    high NUMERIC(20, 8),
    low NUMERIC(20, 8),
    close NUMERIC(20, 8),
    volume NUMERIC(20, 8),
    interval TEXT,
    timeframe TEXT,
    bid NUMERIC(20, 8),
    ask NUMERIC(20, 8),
    high_24h NUMERIC(20, 8),
    low_24h NUMERIC(20, 8),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP,
    archived_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT fk_archived_market_data_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_archived_market_data_trading_pair_id FOREIGN KEY(trading_pair_id) REFERENCES trading_pairs (id) ON DELETE CASCADE
);

CREATE INDEX ix_archived_market_data_archived_at ON archived_market_data (archived_at);

CREATE INDEX ix_archived_market_data_connection_id_symbol_timestamp ON archived_market_data (connection_id, symbol, timestamp);

CREATE INDEX ix_archived_market_data_trading_pair_id_timestamp ON archived_market_data (trading_pair_id, timestamp);

CREATE TABLE preset_configurations (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_id TEXT,
    symbol TEXT,
    take_profit NUMERIC(10, 4),
    stop_loss NUMERIC(10, 4),
    profit_factor NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    preset_type_id TEXT,
    connection_id TEXT,
    indication_type TEXT,
    indication_params TEXT CONSTRAINT ck_preset_configurations_indication_params CHECK (indication_params IS NULL OR json_valid(indication_params)),
    strategy_type TEXT,
    strategy_params TEXT CONSTRAINT ck_preset_configurations_strategy_params CHECK (strategy_params IS NULL OR json_valid(strategy_params)),
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_configurations_is_active CHECK (is_active IN (0, 1)),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_configurations PRIMARY KEY (id),
    CONSTRAINT fk_preset_configurations_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_configurations_preset_type_id FOREIGN KEY(preset_type_id) REFERENCES preset_types (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_configurations_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_preset_configurations_preset_id_symbol ON preset_configurations (preset_id, symbol);

CREATE INDEX ix_preset_configurations_preset_type_id_connection_id ON preset_configurations (preset_type_id, connection_id);

CREATE INDEX ix_preset_configurations_connection_id ON preset_configurations (connection_id);

CREATE TRIGGER trg_preset_configurations_updated_at AFTER UPDATE ON preset_configurations FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE preset_configurations SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_trade_engine_state (
    connection_id TEXT NOT NULL,
    preset_id TEXT NOT NULL,
    mode TEXT DEFAULT 'automatic' NOT NULL CONSTRAINT ck_preset_trade_engine_state_mode CHECK (mode IN ('automatic', 'configured', 'manual')),
    status TEXT DEFAULT 'stopped' NOT NULL CONSTRAINT ck_preset_trade_engine_state_status CHECK (status IN ('idle', 'starting', 'testing', 'running', 'stopping', 'stopped', 'paused', 'error')),
    config TEXT CONSTRAINT ck_preset_trade_engine_state_config CHECK (config IS NULL OR json_valid(config)),
    testing_progress INTEGER DEFAULT 0 NOT NULL,
    testing_message TEXT,
    error_message TEXT,
    started_at TEXT,
    stopped_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_trade_engine_state PRIMARY KEY (connection_id, preset_id),
    CONSTRAINT fk_preset_trade_engine_state_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_preset_trade_engine_state_preset_id ON preset_trade_engine_state (preset_id);

CREATE TRIGGER trg_preset_trade_engine_state_updated_at AFTER UPDATE ON preset_trade_engine_state FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE preset_trade_engine_state SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_pseudo_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    preset_id TEXT,
    preset_type_id TEXT,
    configuration_set_id TEXT,
    coordination_result_id TEXT,
    symbol TEXT NOT NULL,
    type TEXT DEFAULT 'base' NOT NULL CONSTRAINT ck_preset_pseudo_positions_type CHECK (type IN ('base', 'main', 'real', 'active')),
    direction TEXT CONSTRAINT ck_preset_pseudo_positions_direction CHECK (direction IN ('long', 'short', 'neutral')),
    strength NUMERIC(10, 4),
    indicators TEXT CONSTRAINT ck_preset_pseudo_positions_indicators CHECK (indicators IS NULL OR json_valid(indicators)),
    indication_category TEXT DEFAULT 'main' NOT NULL CONSTRAINT ck_preset_pseudo_positions_indication_category CHECK (indication_category IN ('main', 'common')),
    indication_type TEXT,
    indication_range NUMERIC(10, 4),
    indication_step NUMERIC(10, 4),
    indication_params TEXT CONSTRAINT ck_preset_pseudo_positions_indication_params CHECK (indication_params IS NULL OR json_valid(indication_params)),
    common_indicators_used TEXT DEFAULT '[]' NOT NULL CONSTRAINT ck_preset_pseudo_positions_common_indicators_used CHECK (common_indicators_used IS NULL OR json_valid(common_indicators_used)),
    indicator_signals TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_preset_pseudo_positions_indicator_signals CHECK (indicator_signals IS NULL OR json_valid(indicator_signals)),
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_pseudo_positions_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    entry_price NUMERIC(20, 8),
    current_price NUMERIC(20, 8),
    exit_price NUMERIC(20, 8),
    price_high NUMERIC(20, 8),
    price_low NUMERIC(20, 8),
    quantity NUMERIC(20, 8),
    leverage NUMERIC(10, 4) DEFAULT 1 NOT NULL,
    position_cost NUMERIC(20, 8),
    profit_factor NUMERIC(10, 4),
    profit_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    unrealized_pnl NUMERIC(20, 8),
    unrealized_pnl_percent NUMERIC(10, 4),
    realized_pnl NUMERIC(20, 8),
    realized_pnl_percent NUMERIC(10, 4),
    max_drawdown NUMERIC(10, 4),
    base_position_id TEXT,
    main_position_id TEXT,
    status TEXT DEFAULT 'active' NOT NULL CONSTRAINT ck_preset_pseudo_positions_status CHECK (status IN ('active', 'open', 'closed', 'stopped', 'archived', 'cancelled')),
    close_reason TEXT,
    exit_reason TEXT,
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_pseudo_positions PRIMARY KEY (id),
    CONSTRAINT fk_preset_pseudo_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_pseudo_positions_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_pseudo_positions_preset_type_id FOREIGN KEY(preset_type_id) REFERENCES preset_types (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_pseudo_positions_configuration_set_id FOREIGN KEY(configuration_set_id) REFERENCES preset_configuration_sets (id) ON DELETE SET NULL,
    CONSTRAINT fk_preset_pseudo_positions_base_position_id FOREIGN KEY(base_position_id) REFERENCES preset_pseudo_positions (id) ON DELETE SET NULL,
    CONSTRAINT fk_preset_pseudo_positions_main_position_id FOREIGN KEY(main_position_id) REFERENCES preset_pseudo_positions (id) ON DELETE SET NULL
);

CREATE INDEX ix_preset_pseudo_positions_connection_id_preset_id_status_type ON preset_pseudo_positions (connection_id, preset_id, status, type);

CREATE INDEX ix_preset_pseudo_positions_configuration_set_id ON preset_pseudo_positions (configuration_set_id);

CREATE INDEX ix_preset_pseudo_positions_preset_type_id ON preset_pseudo_positions (preset_type_id);

CREATE INDEX ix_preset_pseudo_positions_main_position_id ON preset_pseudo_positions (main_position_id);

CREATE INDEX ix_preset_pseudo_positions_connection_id_preset_type_id_status ON preset_pseudo_positions (connection_id, preset_type_id, status);

CREATE INDEX ix_preset_pseudo_positions_preset_id ON preset_pseudo_positions (preset_id);

CREATE INDEX ix_preset_pseudo_positions_base_position_id ON preset_pseudo_positions (base_position_id);

CREATE TRIGGER trg_preset_pseudo_positions_updated_at AFTER UPDATE ON preset_pseudo_positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE preset_pseudo_positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_active_configs (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    config_id TEXT NOT NULL,
    test_result_id TEXT,
    indicator_type TEXT NOT NULL,
    indicator_params TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_preset_active_configs_indicator_params CHECK (indicator_params IS NULL OR json_valid(indicator_params)),
    symbol TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    takeprofit_factor NUMERIC(10, 4) NOT NULL,
    stoploss_ratio NUMERIC(10, 4) NOT NULL,
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_active_configs_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    profit_factor NUMERIC(10, 4) NOT NULL,
    win_rate NUMERIC(10, 4) NOT NULL,
    total_trades INTEGER DEFAULT 0 NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_preset_active_configs_is_active CHECK (is_active IN (0, 1)),
    activated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    deactivated_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_active_configs PRIMARY KEY (id),
    CONSTRAINT uq_preset_active_configs_preset_id_connection_id_config_id UNIQUE (preset_id, connection_id, config_id),
    CONSTRAINT fk_preset_active_configs_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_active_configs_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_active_configs_test_result_id FOREIGN KEY(test_result_id) REFERENCES preset_test_results (id) ON DELETE SET NULL
);

CREATE INDEX ix_preset_active_configs_test_result_id ON preset_active_configs (test_result_id);

CREATE INDEX ix_preset_active_configs_connection_id ON preset_active_configs (connection_id);

CREATE TABLE preset_real_trades (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    preset_type_id TEXT NOT NULL,
    configuration_set_id TEXT,
    coordination_result_id TEXT,
    symbol TEXT NOT NULL,
    direction TEXT NOT NULL CONSTRAINT ck_preset_real_trades_direction CHECK (direction IN ('long', 'short')),
    entry_price NUMERIC(20, 8) NOT NULL,
    exit_price NUMERIC(20, 8),
    quantity NUMERIC(20, 8) NOT NULL,
    leverage NUMERIC(10, 4) DEFAULT 1 NOT NULL,
    indication_type TEXT,
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_real_trades_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    profit_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    profit_factor NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    fees_paid NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL CONSTRAINT ck_preset_real_trades_status CHECK (status IN ('open', 'closed', 'cancelled')),
    close_reason TEXT,
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_real_trades PRIMARY KEY (id),
    CONSTRAINT fk_preset_real_trades_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_real_trades_preset_type_id FOREIGN KEY(preset_type_id) REFERENCES preset_types (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_real_trades_configuration_set_id FOREIGN KEY(configuration_set_id) REFERENCES preset_configuration_sets (id) ON DELETE SET NULL
);

CREATE INDEX ix_preset_real_trades_preset_type_id_created_at ON preset_real_trades (preset_type_id, created_at);

CREATE INDEX ix_preset_real_trades_connection_id ON preset_real_trades (connection_id);

CREATE INDEX ix_preset_real_trades_configuration_set_id ON preset_real_trades (configuration_set_id);

CREATE TABLE backtest_results (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_id TEXT,
    connection_id TEXT,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    symbols TEXT NOT NULL CONSTRAINT ck_backtest_results_symbols CHECK (symbols IS NULL OR json_valid(symbols)),
    total_trades INTEGER DEFAULT 0 NOT NULL,
    winning_trades INTEGER DEFAULT 0 NOT NULL,
    losing_trades INTEGER DEFAULT 0 NOT NULL,
    win_rate NUMERIC(10, 4),
    total_profit NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    total_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    net_profit NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    profit_factor NUMERIC(10, 4),
    max_drawdown NUMERIC(10, 4),
    max_drawdown_duration_hours NUMERIC(10, 4),
    avg_drawdown NUMERIC(10, 4),
    avg_win NUMERIC(20, 8),
    avg_loss NUMERIC(20, 8),
    largest_win NUMERIC(20, 8),
    largest_loss NUMERIC(20, 8),
    avg_trade_duration_minutes NUMERIC(10, 4),
    sharpe_ratio NUMERIC(10, 4),
    sortino_ratio NUMERIC(10, 4),
    status TEXT DEFAULT 'pending' NOT NULL CONSTRAINT ck_backtest_results_status CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    error_message TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    completed_at TEXT,
    CONSTRAINT pk_backtest_results PRIMARY KEY (id),
    CONSTRAINT fk_backtest_results_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE,
    CONSTRAINT fk_backtest_results_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_backtest_results_preset_id_created_at ON backtest_results (preset_id, created_at);

CREATE INDEX ix_backtest_results_connection_id ON backtest_results (connection_id);

CREATE TABLE positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    portfolio_id TEXT,
    trading_pair_id TEXT,
    position_type TEXT CONSTRAINT ck_positions_position_type CHECK (position_type IN ('long', 'short')),
    entry_price NUMERIC(20, 8) NOT NULL,
    current_price NUMERIC(20, 8),
    quantity NUMERIC(20, 8) NOT NULL,
    leverage NUMERIC(10, 4) DEFAULT (1.0) NOT NULL,
    stop_loss NUMERIC(20, 8),
    take_profit NUMERIC(20, 8),
    unrealized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    realized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL CONSTRAINT ck_positions_status CHECK (status IN ('open', 'closed', 'liquidated')),
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_positions PRIMARY KEY (id),
    CONSTRAINT fk_positions_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES portfolios (id) ON DELETE CASCADE,
    CONSTRAINT fk_positions_trading_pair_id FOREIGN KEY(trading_pair_id) REFERENCES trading_pairs (id) ON DELETE CASCADE
);

CREATE INDEX ix_positions_status_closed_at ON positions (status, closed_at);

CREATE INDEX ix_positions_portfolio_id_status_opened_at ON positions (portfolio_id, status, opened_at);

CREATE INDEX ix_positions_trading_pair_id ON positions (trading_pair_id);

CREATE TRIGGER trg_positions_updated_at AFTER UPDATE ON positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE orders (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    user_id TEXT,
    portfolio_id TEXT,
    trading_pair_id TEXT,
    connection_id TEXT,
    symbol TEXT,
    exchange_order_id TEXT,
    order_type TEXT CONSTRAINT ck_orders_order_type CHECK (order_type IN ('market', 'limit', 'stop_loss', 'take_profit', 'stop_limit')),
    side TEXT CONSTRAINT ck_orders_side CHECK (side IN ('buy', 'sell')),
    price NUMERIC(20, 8),
    quantity NUMERIC(20, 8) NOT NULL,
    filled_quantity NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    remaining_quantity NUMERIC(20, 8),
    average_fill_price NUMERIC(20, 8),
    status TEXT DEFAULT 'pending' NOT NULL CONSTRAINT ck_orders_status CHECK (status IN ('pending', 'open', 'filled', 'partially_filled', 'cancelled', 'rejected', 'expired', 'failed')),
    time_in_force TEXT DEFAULT 'GTC' NOT NULL CONSTRAINT ck_orders_time_in_force CHECK (time_in_force IN ('GTC', 'IOC', 'FOK')),
    fees NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    executed_at TEXT,
    CONSTRAINT pk_orders PRIMARY KEY (id),
    CONSTRAINT fk_orders_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_orders_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES portfolios (id) ON DELETE CASCADE,
    CONSTRAINT fk_orders_trading_pair_id FOREIGN KEY(trading_pair_id) REFERENCES trading_pairs (id) ON DELETE CASCADE,
    CONSTRAINT fk_orders_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_orders_status_created_at ON orders (status, created_at);

CREATE INDEX ix_orders_user_id_created_at ON orders (user_id, created_at);

CREATE INDEX ix_orders_portfolio_id ON orders (portfolio_id);

CREATE INDEX ix_orders_trading_pair_id ON orders (trading_pair_id);

CREATE INDEX ix_orders_connection_id_exchange_order_id ON orders (connection_id, exchange_order_id);

CREATE TRIGGER trg_orders_updated_at AFTER UPDATE ON orders FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE orders SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE real_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    exchange_position_id TEXT,
    symbol TEXT NOT NULL,
    strategy_type TEXT NOT NULL,
    volume NUMERIC(20, 8) NOT NULL,
    entry_price NUMERIC(20, 8) NOT NULL,
    current_price NUMERIC(20, 8) NOT NULL,
    takeprofit NUMERIC(20, 8),
    stoploss NUMERIC(20, 8),
    profit_loss NUMERIC(20, 8) NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL CONSTRAINT ck_real_positions_status CHECK (status IN ('open', 'closed', 'archived', 'cancelled', 'liquidated')),
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    indication_type TEXT,
    indication_range NUMERIC(10, 4),
    indication_interval INTEGER,
    strategy_interval INTEGER,
    position_duration_seconds INTEGER,
    avg_check_interval_ms INTEGER,
    total_checks INTEGER DEFAULT 0 NOT NULL,
    initial_profit_loss NUMERIC(20, 8),
    max_profit NUMERIC(20, 8),
    max_loss NUMERIC(20, 8),
    profit_volatility NUMERIC(10, 4),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_real_positions PRIMARY KEY (id),
    CONSTRAINT fk_real_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_real_positions_connection_id_symbol ON real_positions (connection_id, symbol);

CREATE INDEX ix_real_positions_status_opened_at ON real_positions (status, opened_at);

CREATE TRIGGER trg_real_positions_updated_at AFTER UPDATE ON real_positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE real_positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE base_pseudo_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT,
    symbol TEXT NOT NULL,
    indication_type TEXT CONSTRAINT ck_base_pseudo_positions_indication_type CHECK (indication_type IN ('direction', 'move', 'active', 'optimal', 'auto', 'active_advanced')),
    indication_range NUMERIC(10, 4),
    direction TEXT CONSTRAINT ck_base_pseudo_positions_direction CHECK (direction IN ('long', 'short')),
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_base_pseudo_positions_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    drawdown_ratio NUMERIC(10, 4),
    market_change_range INTEGER,
    last_part_ratio NUMERIC(10, 4),
    activity_ratio NUMERIC(10, 4),
    time_window INTEGER,
    activity_calculated INTEGER,
    activity_lastpart INTEGER,
    entry_price NUMERIC(20, 8),
    total_positions INTEGER DEFAULT 0 NOT NULL,
    winning_positions INTEGER DEFAULT 0 NOT NULL,
    losing_positions INTEGER DEFAULT 0 NOT NULL,
    total_profit_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    win_rate NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    avg_profit NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'evaluating' NOT NULL CONSTRAINT ck_base_pseudo_positions_status CHECK (status IN ('evaluating', 'active', 'paused', 'failed')),
    evaluation_count INTEGER DEFAULT 0 NOT NULL,
    phase INTEGER DEFAULT 1 NOT NULL,
    last_position_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_base_pseudo_positions PRIMARY KEY (id),
    CONSTRAINT fk_base_pseudo_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_base_pseudo_positions_status_win_rate ON base_pseudo_positions (status, win_rate);

CREATE INDEX ix_base_pseudo_positions_connection_id_symbol_indication_bfe707 ON base_pseudo_positions (connection_id, symbol, indication_type, indication_range, direction);

CREATE TRIGGER trg_base_pseudo_positions_updated_at AFTER UPDATE ON base_pseudo_positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE base_pseudo_positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE exchange_position_coordination_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    exchange_position_id TEXT,
    exchange_id TEXT,
    event_type TEXT NOT NULL CONSTRAINT ck_exchange_position_coordination_log_event_type CHECK (event_type IN ('position_opened', 'position_updated', 'position_closed', 'sync_success', 'sync_failed', 'price_updated', 'trailing_activated', 'trailing_adjusted', 'stop_loss_hit', 'take_profit_hit', 'manual_close')),
    event_data TEXT CONSTRAINT ck_exchange_position_coordination_log_event_data CHECK (event_data IS NULL OR json_valid(event_data)),
    old_state TEXT CONSTRAINT ck_exchange_position_coordination_log_old_state CHECK (old_state IS NULL OR json_valid(old_state)),
    new_state TEXT CONSTRAINT ck_exchange_position_coordination_log_new_state CHECK (new_state IS NULL OR json_valid(new_state)),
    success BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_exchange_position_coordination_log_success CHECK (success IN (0, 1)),
    error_message TEXT,
    event_timestamp TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    processing_duration_ms INTEGER,
    triggered_by TEXT,
    CONSTRAINT fk_exchange_position_coordination_log_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE INDEX ix_exchange_position_coordination_log_connection_id_even_a39461 ON exchange_position_coordination_log (connection_id, event_timestamp);

CREATE INDEX ix_exchange_position_coordination_log_connection_id_exch_51cd88 ON exchange_position_coordination_log (connection_id, exchange_id, event_timestamp);

CREATE TABLE exchange_position_statistics (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    indication_type TEXT,
    trade_mode TEXT NOT NULL CONSTRAINT ck_exchange_position_statistics_trade_mode CHECK (trade_mode IN ('main', 'preset')),
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    period_hours INTEGER NOT NULL,
    total_positions INTEGER DEFAULT 0 NOT NULL,
    winning_positions INTEGER DEFAULT 0 NOT NULL,
    losing_positions INTEGER DEFAULT 0 NOT NULL,
    cancelled_positions INTEGER DEFAULT 0 NOT NULL,
    liquidated_positions INTEGER DEFAULT 0 NOT NULL,
    total_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    total_fees NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    net_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    win_rate NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    profit_factor NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    avg_winning_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_losing_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_hold_duration_seconds INTEGER DEFAULT 0 NOT NULL,
    best_trade_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    worst_trade_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_drawdown NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    sharpe_ratio NUMERIC(10, 4),
    total_volume_usd NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    avg_position_size_usd NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    last_calculated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    position_count_at_calc INTEGER DEFAULT 0 NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_exchange_position_statistics PRIMARY KEY (id),
    CONSTRAINT uq_exchange_position_statistics_connection_id_symbol_ind_23fa40 UNIQUE (connection_id, symbol, indication_type, trade_mode, period_start),
    CONSTRAINT fk_exchange_position_statistics_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE
);

CREATE TABLE optimal_indications (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base_position_id TEXT,
    indication_range NUMERIC(10, 4) NOT NULL,
    direction TEXT NOT NULL CONSTRAINT ck_optimal_indications_direction CHECK (direction IN ('long', 'short')),
    drawdown_ratio NUMERIC(10, 4) NOT NULL,
    market_change_range INTEGER NOT NULL,
    last_part_ratio NUMERIC(10, 4) NOT NULL,
    last_part_percent NUMERIC(10, 4) DEFAULT 20 NOT NULL,
    min_calculation_seconds INTEGER DEFAULT 3 NOT NULL,
    positions_limit INTEGER DEFAULT 250 NOT NULL,
    initial_min_win_rate NUMERIC(10, 4) DEFAULT (0.4) NOT NULL,
    expanded_min_win_rate NUMERIC(10, 4) DEFAULT (0.45) NOT NULL,
    expanded_min_profit_ratio NUMERIC(10, 4) DEFAULT (1.2) NOT NULL,
    production_min_win_rate NUMERIC(10, 4) DEFAULT (0.42) NOT NULL,
    production_max_drawdown NUMERIC(10, 4) DEFAULT (0.3) NOT NULL,
    pause_threshold_win_rate NUMERIC(10, 4) DEFAULT (0.38) NOT NULL,
    resume_threshold_win_rate NUMERIC(10, 4) DEFAULT (0.43) NOT NULL,
    entry_price NUMERIC(20, 8),
    current_price NUMERIC(20, 8),
    profit_factor NUMERIC(10, 4),
    confidence NUMERIC(10, 4),
    win_rate NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(10, 4) DEFAULT 0 NOT NULL,
    total_positions INTEGER DEFAULT 0 NOT NULL,
    winning_positions INTEGER DEFAULT 0 NOT NULL,
    losing_positions INTEGER DEFAULT 0 NOT NULL,
    evaluation_count INTEGER DEFAULT 0 NOT NULL,
    phase INTEGER DEFAULT 1 NOT NULL CONSTRAINT ck_optimal_indications_phase CHECK (phase IN (1, 2, 3)),
    status TEXT DEFAULT 'evaluating' NOT NULL CONSTRAINT ck_optimal_indications_status CHECK (status IN ('evaluating', 'active', 'paused', 'failed')),
    calculated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_optimal_indications PRIMARY KEY (id),
    CONSTRAINT uq_optimal_indications_connection_id_symbol_indication_r_a73c0b UNIQUE (connection_id, symbol, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio),
    CONSTRAINT fk_optimal_indications_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_optimal_indications_base_position_id FOREIGN KEY(base_position_id) REFERENCES base_pseudo_positions (id) ON DELETE SET NULL
);

CREATE INDEX ix_optimal_indications_base_position_id ON optimal_indications (base_position_id);

CREATE INDEX ix_optimal_indications_status_win_rate ON optimal_indications (status, win_rate);

CREATE TRIGGER trg_optimal_indications_updated_at AFTER UPDATE ON optimal_indications FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE optimal_indications SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE preset_trades (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    preset_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    active_config_id TEXT,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL CONSTRAINT ck_preset_trades_side CHECK (side IN ('long', 'short', 'buy', 'sell')),
    entry_price NUMERIC(20, 8) NOT NULL,
    exit_price NUMERIC(20, 8),
    quantity NUMERIC(20, 8) NOT NULL,
    takeprofit NUMERIC(20, 8),
    stoploss NUMERIC(20, 8),
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_preset_trades_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    indicator_type TEXT NOT NULL,
    indicator_params TEXT DEFAULT '{}' NOT NULL CONSTRAINT ck_preset_trades_indicator_params CHECK (indicator_params IS NULL OR json_valid(indicator_params)),
    profit_loss NUMERIC(20, 8),
    profit_factor NUMERIC(10, 4),
    fees_paid NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL CONSTRAINT ck_preset_trades_status CHECK (status IN ('open', 'closed', 'cancelled')),
    close_reason TEXT,
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_preset_trades PRIMARY KEY (id),
    CONSTRAINT fk_preset_trades_preset_id FOREIGN KEY(preset_id) REFERENCES presets (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_trades_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_preset_trades_active_config_id FOREIGN KEY(active_config_id) REFERENCES preset_active_configs (id) ON DELETE SET NULL
);

CREATE INDEX ix_preset_trades_preset_id_status_opened_at ON preset_trades (preset_id, status, opened_at);

CREATE INDEX ix_preset_trades_active_config_id ON preset_trades (active_config_id);

CREATE INDEX ix_preset_trades_connection_id_symbol ON preset_trades (connection_id, symbol);

CREATE TABLE pseudo_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    indication_type TEXT,
    indication_range NUMERIC(10, 4),
    side TEXT CONSTRAINT ck_pseudo_positions_side CHECK (side IN ('long', 'short')),
    direction TEXT CONSTRAINT ck_pseudo_positions_direction CHECK (direction IN ('long', 'short')),
    mode TEXT DEFAULT 'main' NOT NULL CONSTRAINT ck_pseudo_positions_mode CHECK (mode IN ('main', 'preset')),
    type TEXT DEFAULT 'base' NOT NULL CONSTRAINT ck_pseudo_positions_type CHECK (type IN ('base', 'main', 'real', 'active')),
    position_level TEXT DEFAULT 'base' NOT NULL CONSTRAINT ck_pseudo_positions_position_level CHECK (position_level IN ('base', 'main', 'real')),
    strategy_type TEXT,
    state_key TEXT,
    base_position_id TEXT,
    configuration_set_id TEXT,
    entry_price NUMERIC(20, 8),
    current_price NUMERIC(20, 8),
    quantity NUMERIC(20, 8),
    position_cost NUMERIC(20, 8),
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    take_profit NUMERIC(20, 8),
    stop_loss NUMERIC(20, 8),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_pseudo_positions_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    trailing_stop_price NUMERIC(20, 8),
    profit_factor NUMERIC(10, 4),
    profit_loss NUMERIC(20, 8),
    profit_loss_percent NUMERIC(10, 4),
    status TEXT DEFAULT 'active' NOT NULL CONSTRAINT ck_pseudo_positions_status CHECK (status IN ('active', 'open', 'closed', 'stopped', 'archived', 'evaluating', 'base_active', 'base_closed', 'main_active', 'main_closed', 'real_active', 'real_closed', 'cancelled')),
    close_reason TEXT,
    drawdown_ratio NUMERIC(10, 4),
    market_change_range INTEGER,
    last_part_ratio NUMERIC(10, 4),
    activity_ratio NUMERIC(10, 4),
    time_window INTEGER,
    overall_change NUMERIC(10, 4),
    last_part_change NUMERIC(10, 4),
    volatility NUMERIC(10, 4),
    momentum NUMERIC(12, 6),
    continuation_ratio NUMERIC(10, 4),
    eight_hour_trend TEXT CONSTRAINT ck_pseudo_positions_eight_hour_trend CHECK (eight_hour_trend IN ('bullish', 'bearish', 'neutral')),
    market_direction_short TEXT CONSTRAINT ck_pseudo_positions_market_direction_short CHECK (market_direction_short IN ('up', 'down', 'sideways')),
    market_direction_long TEXT CONSTRAINT ck_pseudo_positions_market_direction_long CHECK (market_direction_long IN ('up', 'down', 'sideways')),
    progressive_activity NUMERIC(10, 4),
    block_neutral_count INTEGER DEFAULT 0 NOT NULL,
    level_volume_ratio NUMERIC(10, 4),
    dca_step INTEGER DEFAULT 1 NOT NULL,
    dca_total_steps INTEGER DEFAULT 4 NOT NULL,
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_pseudo_positions PRIMARY KEY (id),
    CONSTRAINT fk_pseudo_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_pseudo_positions_base_position_id FOREIGN KEY(base_position_id) REFERENCES base_pseudo_positions (id) ON DELETE SET NULL,
    CONSTRAINT fk_pseudo_positions_configuration_set_id FOREIGN KEY(configuration_set_id) REFERENCES preset_configuration_sets (id) ON DELETE SET NULL
);

CREATE INDEX ix_pseudo_positions_base_position_id_position_level_status ON pseudo_positions (base_position_id, position_level, status);

CREATE INDEX ix_pseudo_positions_strategy_type_status_created_at ON pseudo_positions (strategy_type, status, created_at);

CREATE INDEX ix_pseudo_positions_status_closed_at ON pseudo_positions (status, closed_at);

CREATE INDEX ix_pseudo_positions_connection_id_status_created_at ON pseudo_positions (connection_id, status, created_at);

CREATE INDEX ix_pseudo_positions_configuration_set_id ON pseudo_positions (configuration_set_id);

CREATE INDEX ix_pseudo_positions_connection_id_symbol_indication_type_status ON pseudo_positions (connection_id, symbol, indication_type, status);

CREATE TRIGGER trg_pseudo_positions_updated_at AFTER UPDATE ON pseudo_positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE pseudo_positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE indication_history (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    indication_type TEXT NOT NULL,
    event TEXT DEFAULT 'calculated' NOT NULL CONSTRAINT ck_indication_history_event CHECK (event IN ('calculated', 'validated', 'market_change', 'signal', 'expired', 'closed')),
    state_key TEXT,
    optimal_indication_id TEXT,
    indication_range NUMERIC(10, 4),
    direction TEXT CONSTRAINT ck_indication_history_direction CHECK (direction IN ('long', 'short', 'neutral')),
    timeframe TEXT,
    price NUMERIC(20, 8),
    entry_price NUMERIC(20, 8),
    value NUMERIC(20, 8),
    profit_factor NUMERIC(10, 4),
    confidence NUMERIC(10, 4),
    signal_strength NUMERIC(10, 4),
    market_change NUMERIC(10, 4),
    last_part_change NUMERIC(10, 4),
    drawdown_ratio NUMERIC(10, 4),
    activity_ratio NUMERIC(10, 4),
    time_window INTEGER,
    volatility NUMERIC(10, 4),
    momentum NUMERIC(12, 6),
    continuation_ratio NUMERIC(10, 4),
    metadata TEXT CONSTRAINT ck_indication_history_metadata CHECK (metadata IS NULL OR json_valid(metadata)),
    recorded_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT fk_indication_history_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_indication_history_optimal_indication_id FOREIGN KEY(optimal_indication_id) REFERENCES optimal_indications (id) ON DELETE SET NULL
);

CREATE INDEX ix_indication_history_connection_id_symbol_indication_ty_be066a ON indication_history (connection_id, symbol, indication_type, recorded_at);

CREATE INDEX ix_indication_history_optimal_indication_id ON indication_history (optimal_indication_id);

CREATE INDEX ix_indication_history_recorded_at ON indication_history (recorded_at);

CREATE TABLE real_pseudo_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    mode TEXT DEFAULT 'main' NOT NULL CONSTRAINT ck_real_pseudo_positions_mode CHECK (mode IN ('main', 'preset')),
    side TEXT CONSTRAINT ck_real_pseudo_positions_side CHECK (side IN ('long', 'short')),
    main_config_id TEXT,
    main_position_id TEXT,
    base_config_id TEXT,
    entry_price NUMERIC(20, 8) NOT NULL,
    current_price NUMERIC(20, 8),
    quantity NUMERIC(20, 8) NOT NULL,
    position_cost NUMERIC(20, 8),
    takeprofit NUMERIC(20, 8),
    stoploss NUMERIC(20, 8),
    takeprofit_factor NUMERIC(10, 4),
    stoploss_ratio NUMERIC(10, 4),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_real_pseudo_positions_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    adjust_block_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_real_pseudo_positions_adjust_block_enabled CHECK (adjust_block_enabled IN (0, 1)),
    block_size INTEGER,
    block_adjustment_ratio NUMERIC(10, 4),
    adjust_dca_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_real_pseudo_positions_adjust_dca_enabled CHECK (adjust_dca_enabled IN (0, 1)),
    dca_levels INTEGER,
    profit_factor NUMERIC(10, 4),
    avg_drawdown_time NUMERIC(10, 4),
    win_rate NUMERIC(10, 4),
    total_trades INTEGER DEFAULT 0 NOT NULL,
    winning_trades INTEGER DEFAULT 0 NOT NULL,
    losing_trades INTEGER DEFAULT 0 NOT NULL,
    unrealized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    realized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    is_validated BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_real_pseudo_positions_is_validated CHECK (is_validated IN (0, 1)),
    validation_profit_factor NUMERIC(10, 4),
    validated_at TEXT,
    previous_positions_count INTEGER DEFAULT 0 NOT NULL,
    last_position_state TEXT,
    ongoing_positions_count INTEGER DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'active' NOT NULL CONSTRAINT ck_real_pseudo_positions_status CHECK (status IN ('validated', 'active', 'open', 'closed', 'stopped', 'cancelled')),
    close_reason TEXT,
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_real_pseudo_positions PRIMARY KEY (id),
    CONSTRAINT fk_real_pseudo_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_real_pseudo_positions_main_config_id FOREIGN KEY(main_config_id) REFERENCES pseudo_positions (id) ON DELETE SET NULL,
    CONSTRAINT fk_real_pseudo_positions_main_position_id FOREIGN KEY(main_position_id) REFERENCES pseudo_positions (id) ON DELETE SET NULL,
    CONSTRAINT fk_real_pseudo_positions_base_config_id FOREIGN KEY(base_config_id) REFERENCES base_pseudo_positions (id) ON DELETE SET NULL
);

CREATE INDEX ix_real_pseudo_positions_main_config_id ON real_pseudo_positions (main_config_id);

CREATE INDEX ix_real_pseudo_positions_connection_id_status ON real_pseudo_positions (connection_id, status);

CREATE INDEX ix_real_pseudo_positions_base_config_id ON real_pseudo_positions (base_config_id);

CREATE INDEX ix_real_pseudo_positions_main_position_id ON real_pseudo_positions (main_position_id);

CREATE TRIGGER trg_real_pseudo_positions_updated_at AFTER UPDATE ON real_pseudo_positions FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') BEGIN UPDATE real_pseudo_positions SET updated_at = replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '') WHERE rowid = NEW.rowid; END;

CREATE TABLE active_exchange_positions (
    id TEXT DEFAULT (lower(hex(randomblob(16)))) NOT NULL,
    connection_id TEXT NOT NULL,
    real_pseudo_position_id TEXT NOT NULL,
    main_pseudo_position_id TEXT,
    base_pseudo_position_id TEXT,
    exchange_id TEXT NOT NULL,
    exchange_order_id TEXT,
    exchange_position_id TEXT,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL CONSTRAINT ck_active_exchange_positions_side CHECK (side IN ('long', 'short')),
    position_type TEXT DEFAULT 'market' NOT NULL CONSTRAINT ck_active_exchange_positions_position_type CHECK (position_type IN ('market', 'limit', 'stop')),
    entry_price NUMERIC(20, 8) NOT NULL,
    current_price NUMERIC(20, 8) NOT NULL,
    quantity NUMERIC(20, 8) NOT NULL,
    volume_usd NUMERIC(20, 8) NOT NULL,
    leverage NUMERIC(10, 4) DEFAULT 1 NOT NULL,
    takeprofit NUMERIC(20, 8),
    stoploss NUMERIC(20, 8),
    trailing_enabled BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_active_exchange_positions_trailing_enabled CHECK (trailing_enabled IN (0, 1)),
    trail_start NUMERIC(10, 4),
    trail_stop NUMERIC(10, 4),
    trail_activated BOOLEAN DEFAULT false NOT NULL CONSTRAINT ck_active_exchange_positions_trail_activated CHECK (trail_activated IN (0, 1)),
    trail_high_price NUMERIC(20, 8),
    unrealized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    realized_pnl NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    fees_paid NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    funding_fees NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_profit NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_loss NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    max_drawdown NUMERIC(20, 8) DEFAULT 0 NOT NULL,
    price_high NUMERIC(20, 8),
    price_low NUMERIC(20, 8),
    status TEXT DEFAULT 'open' NOT NULL CONSTRAINT ck_active_exchange_positions_status CHECK (status IN ('open', 'closing', 'closed', 'cancelled', 'liquidated')),
    opened_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    last_updated_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    closed_at TEXT,
    hold_duration_seconds INTEGER,
    sync_status TEXT DEFAULT 'synced' NOT NULL CONSTRAINT ck_active_exchange_positions_sync_status CHECK (sync_status IN ('synced', 'pending_update', 'error', 'out_of_sync')),
    last_sync_at TEXT DEFAULT CURRENT_TIMESTAMP,
    sync_error_message TEXT,
    sync_retry_count INTEGER DEFAULT 0 NOT NULL,
    trade_mode TEXT NOT NULL CONSTRAINT ck_active_exchange_positions_trade_mode CHECK (trade_mode IN ('main', 'preset')),
    indication_type TEXT,
    profit_loss NUMERIC(20, 8),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_active_exchange_positions PRIMARY KEY (id),
    CONSTRAINT uq_active_exchange_positions_exchange_id UNIQUE (exchange_id),
    CONSTRAINT fk_active_exchange_positions_connection_id FOREIGN KEY(connection_id) REFERENCES exchange_connections (id) ON DELETE CASCADE,
    CONSTRAINT fk_active_exchange_positions_real_pseudo_position_id FOREIGN KEY(real_pseudo_position_id) REFERENCES real_pseudo_positions (id),
    CONSTRAINT fk_active_exchange_positions_main_pseudo_position_id FOREIGN KEY(main_pseudo_position_id) REFERENCES pseudo_positions (id) ON DELETE SET NULL,
    CONSTRAINT fk_active_exchange_positions_base_pseudo_position_id FOREIGN KEY(base_pseudo_position_id) REFERENCES base_pseudo_positions (id) ON DELETE SET NULL
);

CREATE INDEX ix_active_exchange_positions_main_pseudo_position_id ON active_exchange_positions (main_pseudo_position_id);

CREATE INDEX ix_active_exchange_positions_connection_id_status ON active_exchange_positions (connection_id, status);

CREATE INDEX ix_active_exchange_positions_real_pseudo_position_id ON active_exchange_positions (real_pseudo_position_id);

CREATE INDEX ix_active_exchange_positions_connection_id_symbol_opened_at ON active_exchange_positions (connection_id, symbol, opened_at);

CREATE INDEX ix_active_exchange_positions_base_pseudo_position_id ON active_exchange_positions (base_pseudo_position_id);
