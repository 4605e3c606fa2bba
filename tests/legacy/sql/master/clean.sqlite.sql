INSERT INTO migrations (id, name, executed_at) VALUES
  (1, 'master_initialization', '2026-01-30 06:00:00'),
  (36, 'create_optimal_indication_tables', '2026-01-30 06:00:01'),
  (37, 'create_exchange_positions_table', '2026-01-30 06:00:01'),
  (72, 'add_engine_tracking_columns', '2026-02-01 00:00:00');
INSERT INTO users (id, username, email, password_hash, role, api_key, created_at) VALUES
  (1, 'admin', 'admin@example.com', '$2b$10$N9qo8uLOickgx2ZMRZoMye', 'admin', 'ak_live_1', '2026-01-30 06:00:00');
INSERT INTO preset_types (id, name, category, config, created_at) VALUES
  ('automatic', 'Automatic', 'trade', '{"hours": 3}', '2026-01-30 06:00:00'),
  ('standard', 'Standard', NULL, NULL, '2026-01-30 06:00:00');
INSERT INTO exchange_connections (
  id, user_id, name, exchange, api_type, library_package, api_key, api_secret, is_enabled, preset_type_id,
  connection_priority, last_test_balance, engine_running, engine_started_at, created_at
) VALUES
  ('bybit-x03', 1, 'Bybit X03', 'bybit', 'unified', 'ccxt', 'bybit-key', 'bybit-secret', 1, 'automatic', '["rest"]', 1532.75, 1, '2026-02-01 08:00:00', '2026-01-30 06:00:00'),
  ('bingx-x01', 1, 'BingX X01', 'bingx', 'spot', NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL, '2026-01-30 06:00:00');
INSERT INTO system_settings (id, key, value, updated_at) VALUES
  (1, 'theme', 'dark', '2026-01-30 06:00:00'),
  (2, 'activeAdvancedEnabled', 'true', '2026-01-30 06:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, details, context, user_id, metadata, ip_address) VALUES
  (1, '2026-02-01 09:30:00', 'info', 'auth', 'admin logged in', NULL, NULL, 1, NULL, '10.0.0.5'),
  (2, '2026-02-01 23:59:59', 'error', 'engine', 'tick timed out', 'loop', '{}', NULL, '{"ms": 5000}', NULL);
INSERT INTO trade_engine_state (id, connection_id, status, prehistoric_data_loaded, prehistoric_data_start, updated_at) VALUES
  (1, 'bybit-x03', 'running', 1, '2026-01-01 00:00:00', '2026-02-02 00:00:00');
INSERT INTO preset_configurations (
  id, preset_type_id, connection_id, forced_symbols, arrangement_type, arrangement_count, indication_type,
  indication_params, strategy_type, volume_factor_ratio, min_profit_factor, use_block, created_at
) VALUES
  ('pc-1', 'automatic', 'bybit-x03', '["BTCUSDT"]', 'market_cap', 10, 'direction', '{"range": 5}', 'trailing', 1.5, 0.6, 1, '2026-01-30 06:00:00'),
  ('pc-2', 'standard', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, '2026-01-30 06:00:00');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, profit_factor, status,
  opened_at, closed_at
) VALUES
  (1, 'bybit-x03', 'BTCUSDT', 'direction', 'long', 91250.5, 93010.25, 0.05, 1.0193, 'active', '2026-02-01 10:15:00', NULL),
  (2, 'bybit-x03', 'ETHUSDT', 'active_advanced', 'short', 3120.75, 3098.5, 1.5, 1.0072, 'closed', '2026-02-01 07:00:00', '2026-02-01 19:42:11');
INSERT INTO indication_states (id, connection_id, indication_type, symbol, direction, position_range, created_at) VALUES
  (1, 'bybit-x03', 'direction', 'BTCUSDT', 'long', '5', '2026-02-01 00:00:00');
INSERT INTO historical_data (id, connection_id, symbol, timeframe, timestamp, open, high, low, close, volume) VALUES
  (1, 'bybit-x03', 'BTCUSDT', '1h', '2026-02-01 10:00:00', 91000, 91300, 90950.5, 91250.5, 812.4),
  (2, 'bybit-x03', 'BTCUSDT', '1h', '2026-02-01 11:00:00', NULL, NULL, NULL, 91811.25, NULL);
INSERT INTO indications_optimal (
  id, connection_id, symbol, range_value, direction, drawdown_ratio, market_change_range, last_part_ratio, profit_factor,
  confidence, status, calculated_at
) VALUES
  ('io-1', 'bybit-x03', 'BTCUSDT', 12, 'long', 0.3, 5, 1.5, 1.2, 82.5, 'active', '2026-02-01 23:00:00'),
  ('io-2', 'bybit-x03', 'ETHUSDT', 8, 'short', 0.1, 1, 1, NULL, NULL, 'evaluating', '2026-02-01 23:00:00');
INSERT INTO indications_direction (id, connection_id, symbol, range_value, calculated_at) VALUES
  ('id-1', 'bybit-x03', 'BTCUSDT', 5, '2026-02-01 23:00:00');
INSERT INTO strategies_base (id, indication_id, config) VALUES ('sb-1', 'id-1', '{}');
INSERT INTO position_statistics (id, connection_id, total) VALUES ('ps-1', 'bybit-x03', 812);
