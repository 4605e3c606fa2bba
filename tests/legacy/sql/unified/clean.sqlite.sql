INSERT INTO migrations (id, name, executed_at) VALUES
  (1, 'unified_complete_setup', '2026-01-30 06:00:00'),
  (2, '056_add_parabolic_sar_and_common_indicators.sql', '2026-01-30 06:00:01'),
  (3, '072_add_engine_tracking_columns', '2026-02-01 00:00:00');
INSERT INTO users (id, username, email, password_hash, created_at) VALUES
  (1, 'admin', 'admin@example.com', '$2b$10$N9qo8uLOickgx2ZMRZoMye', '2026-01-30 06:00:00'),
  (2, 'guest', NULL, 'x', '2026-01-31 00:00:00');
INSERT INTO exchanges (id, name, display_name) VALUES (1, 'bybit', 'Bybit'), (2, 'bingx', 'BingX');
INSERT INTO exchange_connections (
  id, name, exchange, api_key, api_secret, position_type, margin_mode, preset_type, is_enabled, is_active, testnet,
  last_test_at, last_test_result, last_test_message, dual_mode_enabled, dual_mode_settings, indication_active_advanced,
  connection_settings, created_at
) VALUES
  (1, 'Bybit', 'bybit', 'bybit-key', 'bybit-secret', 'hedge', 'cross', 'automatic', 1, 1, 0, '2026-02-01 10:00:00', 'success', NULL, 1, '{"main": true}', 1, '{"leverage": 10}', '2026-01-30 06:00:00'),
  (2, 'Bybit', 'bybit', '', '', 'one-way', 'isolated', 'standard', 0, 0, 1, NULL, NULL, 'not tested', 0, NULL, 0, NULL, '2026-01-30 06:00:00'),
  (3, 'BingX', 'bingx', 'k', 's', 'hedge', 'cross', NULL, 1, 1, 0, NULL, NULL, NULL, 0, NULL, 0, '{}', '2026-01-30 06:00:00');
INSERT INTO system_settings (id, key, value, category, updated_at) VALUES
  (1, 'theme', 'dark', 'general', '2026-01-30 06:00:00'),
  (2, 'activeAdvancedEnabled', 'true', 'indication', '2026-01-30 06:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, details, resolved) VALUES
  (1, '2026-02-01 09:30:00', 'info', 'auth', 'admin logged in', NULL, 0),
  (2, '2026-02-01 23:59:59', 'error', 'engine', 'tick timed out', '{"ms": 5000}', 1);
INSERT INTO volume_configuration (id, connection_id, volume_factor, max_leverage) VALUES (1, 1, 1.5, 100), (2, 3, 2, 125);
INSERT INTO trade_engine_state (id, connection_id, status, state, last_indication_run, indication_cycle_count, updated_at) VALUES
  (1, 1, 'running', 'running', '2026-02-02 00:00:00', 1234, '2026-02-02 00:00:00'),
  (2, 3, 'stopped', 'stopped', NULL, 0, '2026-02-01 00:00:00');
INSERT INTO base_pseudo_positions (id, connection_id, symbol, side, entry_price, volume, strategy_type, status, created_at) VALUES
  (1, 1, 'BTCUSDT', 'long', 91250.5, 0.05, 'base', 'open', '2026-02-01 10:15:00'),
  (2, 1, 'ETHUSDT', 'short', 3120.75, 1.5, 'block', 'closed', '2026-02-01 07:00:00');
INSERT INTO pseudo_positions (
  id, connection_id, base_position_id, symbol, side, entry_price, current_price, volume, profit_loss,
  profit_loss_percent, stop_loss, take_profit, status, metadata, opened_at, closed_at
) VALUES
  (1, 1, 1, 'BTCUSDT', 'long', 91250.5, 93010.25, 0.05, 87.9875, 1.93, 90800, 96725.5, 'open', '{"level": 1}', '2026-02-01 10:15:00', NULL),
  (2, 1, 2, 'ETHUSDT', 'short', 3120.75, 3098.5, 1.5, 33.375, 0.71, NULL, NULL, 'closed', NULL, '2026-02-01 07:00:00', '2026-02-01 19:42:11'),
  (3, 3, NULL, 'BTCUSDT', 'long', 91000, NULL, 0.01, 0, 0, NULL, NULL, 'open', NULL, '2026-02-02 00:00:00', NULL);
INSERT INTO real_pseudo_positions (
  id, connection_id, main_config_id, symbol, side, entry_price, quantity, is_validated, status, opened_at
) VALUES
  (1, 1, 1, 'BTCUSDT', 'long', 91250.5, 0.05, 1, 'validated', '2026-02-01 10:15:05');
INSERT INTO preset_types (id, name, description, created_at) VALUES
  (1, 'automatic', 'all symbols', '2026-01-30 06:00:00'),
  (2, 'standard', NULL, '2026-01-30 06:00:00');
INSERT INTO preset_configurations (id, preset_type_id, connection_id, config_data, is_active, created_at) VALUES
  (1, 1, 1, '{"takeProfit": 4}', 1, '2026-01-30 06:00:00');
INSERT INTO indication_states (id, connection_id, state_key, state_value, updated_at) VALUES
  (1, 1, 'BTCUSDT-direction-long-5', '{"count": 3}', '2026-02-02 00:00:00'),
  (2, 3, 'BTCUSDT-move-long-5', 'idle', '2026-02-02 00:00:00');
INSERT INTO indications (id, connection_id, symbol, indication_type, value, metadata, calculated_at) VALUES
  (1, 1, 'BTCUSDT', 'direction', 0.75, '{"step": 3}', '2026-02-01 23:00:00');
INSERT INTO indications_optimal (
  id, connection_id, symbol, entry_price, current_price, optimization_score, recommended_action, metadata, status,
  calculated_at, closed_at
) VALUES
  (1, 1, 'BTCUSDT', 91250.5, 93010.25, 0.82, 'hold', '{"runs": 12}', 'active', '2026-02-01 23:00:00', NULL),
  (2, 1, 'ETHUSDT', 3120.75, 3098.5, 0.4, 'close', NULL, 'closed', '2026-02-01 07:00:00', '2026-02-01 19:42:11');
INSERT INTO indications_direction (id, connection_id, symbol, value) VALUES (1, 1, 'BTCUSDT', 0.75);
INSERT INTO strategies_main (id, connection_id, name) VALUES (1, 1, 'trailing');
INSERT INTO market_data (id, connection_id, symbol, price, bid, ask, high_24h, low_24h, volume, timestamp) VALUES
  (1, 1, 'BTCUSDT', 93010.25, 93010, 93010.5, 93100, 90950.5, 812.4, '2026-02-02 00:00:00'),
  (2, 1, 'BTCUSDT', 93011.75, NULL, NULL, NULL, NULL, NULL, '2026-02-02 00:00:01');
INSERT INTO archived_market_data (id, connection_id, symbol, price, volume, timestamp, archived_at) VALUES
  (1, 1, 'BTCUSDT', 90000, 1.5, '2026-01-01 00:00:00', '2026-02-01 00:00:00');
INSERT INTO orders (id, connection_id, exchange_order_id, symbol, side, type, price, amount, filled, remaining, status, created_at) VALUES
  (1, 1, 'bb-1001', 'BTCUSDT', 'long', 'limit', 91250.5, 0.05, 0.05, 0, 'filled', '2026-02-01 10:14:00'),
  (2, 3, NULL, 'ETHUSDT', 'sell', 'market', NULL, 1.5, 0, 1.5, 'open', '2026-02-02 00:00:00');
INSERT INTO trades (id, connection_id, order_id, symbol, price, amount) VALUES (1, 1, 1, 'BTCUSDT', 91250.5, 0.05);
INSERT INTO connection_coordination (id, connection_id, state) VALUES (1, 1, 'leader');
INSERT INTO data_cleanup_log (id, cleanup_type, records_cleaned, status, cleanup_started_at) VALUES
  (1, 'market_data', 1000, 'completed', '2026-02-01 00:00:00');
