INSERT INTO users (id, username, email, password_hash, role, api_key, created_at, updated_at) VALUES
  (1, 'admin', 'admin@example.com', '$2b$10$N9qo8uLOickgx2ZMRZoMye', 'admin', 'ak_live_1', '2025-11-01 08:00:00', '2026-01-02 09:30:00'),
  (2, 'trader', 'trader@example.com', '$2b$10$ZMRZoMyeIjZAgcfl7p92ld', 'user', NULL, '2025-11-03 12:00:00', '2025-11-03 12:00:00');
INSERT INTO exchanges (id, name, display_name, api_url, websocket_url, is_active, created_at) VALUES
  (1, 'bybit', 'Bybit', 'https://api.bybit.com', 'wss://stream.bybit.com', 1, '2025-11-01 08:00:00'),
  (2, 'bingx', 'BingX', 'https://open-api.bingx.com', NULL, 0, '2025-11-01 08:00:00');
INSERT INTO preset_types (
  id, name, description, symbol_selection_mode, symbols, max_positions_per_config, evaluation_update_interval,
  created_at
) VALUES
  (1, 'Automatic', 'all symbols', 'main', '["BTCUSDT"]', 2, 10800, '2025-12-01 00:00:00'),
  (2, 'Fast', NULL, 'forced', NULL, 1, 3600, '2025-12-01 00:00:00');
INSERT INTO exchange_connections (
  id, user_id, name, exchange, exchange_id, api_type, api_key, api_secret, is_enabled, preset_type_id,
  connection_settings, connection_priority, last_test_timestamp, last_test_status, last_test_balance, created_at,
  updated_at
) VALUES
  ('bybit-main', 1, 'Bybit main', 'bybit', 1, 'unified', 'bybit-key', 'bybit-secret', 1, 1, '{"leverage": 10}', '["rest","websocket"]', '2026-01-02 10:00:00', 'success', 1532.75, '2025-11-10 00:00:00', '2026-01-02 10:00:00'),
  ('bingx-1', 1, 'BingX', NULL, 2, 'perpetual_futures', NULL, NULL, 0, NULL, NULL, '["rest"]', NULL, NULL, NULL, '2025-11-10 00:00:00', '2025-11-10 00:00:00');
INSERT INTO system_settings (id, key, value, description, created_at, updated_at) VALUES
  (1, 'theme', 'dark', NULL, '2025-11-01 08:00:00', '2025-12-24 18:00:00'),
  (2, 'activeAdvancedEnabled', 'true', NULL, '2025-11-01 08:00:00', '2025-11-01 08:00:00'),
  (3, 'marketDataRetentionDays', '14', 'days', '2025-11-01 08:00:00', '2025-11-01 08:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id, ip_address) VALUES
  (1, '2026-01-02 09:30:00', 'info', 'auth', 'admin logged in', NULL, 1, NULL, '10.0.0.5'),
  (2, '2026-01-02 23:59:59', 'error', 'engine', 'tick timed out', '{}', NULL, 'bybit-main', NULL);
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, status, opened_at, closed_at
) VALUES
  (1, 'bybit-main', 'BTCUSDT', 'direction', 'long', 91250.5, 93010.25, 0.05, 4562.525, 6, 0.5, 1.0193, 'active', '2026-01-02 10:15:00', NULL),
  (2, 'bybit-main', 'ETHUSDT', 'active_advanced', 'short', 3120.75, 3098.5, 1.5, 4681.125, 4, 0.3, 1.0072, 'closed', '2026-01-01 07:00:00', '2026-01-01 19:42:11'),
  (3, 'bingx-1', 'BTCUSDT', 'move', 'long', 91000, 91000, 0.01, 910, 3, 1, 1, 'stopped', '2026-01-01 00:00:00', '2026-01-01 00:00:30');
INSERT INTO real_pseudo_positions (
  id, connection_id, indication_id, strategy_id, symbol, side, entry_price, current_price, quantity, takeprofit_price,
  stoploss_price, highest_price, lowest_price, status, opened_at
) VALUES
  (1, 'bybit-main', 1, 1, 'BTCUSDT', 'long', 91250.5, 93010.25, 0.05, 96725.5, 90800, 93100, 91200, 'open', '2026-01-02 10:15:05');
INSERT INTO trade_engine_state (id, connection_id, status, started_at, prehistoric_data_loaded, last_indication_run, updated_at) VALUES
  (1, 'bybit-main', 'running', '2026-01-02 08:00:00', 1, '2026-01-03 00:00:05', '2026-01-03 00:00:05'),
  (2, 'bingx-1', 'stopped', NULL, 0, NULL, '2025-12-01 00:00:00');
INSERT INTO presets (id, name, indication_types, position_ranges, partial_positions_counts, created_at) VALUES
  (1, 'Balanced', '["direction","move"]', '[3,5,8]', '[1,2]', '2025-12-01 00:00:00');
INSERT INTO configuration_sets (
  id, name, indication_type, indication_params, indication_ranges, position_ranges, trailing_config,
  calculation_settings, evaluation_settings, created_at, updated_at
) VALUES
  (1, 'Direction', 'direction', '{"step": 1}', '[3,5]', '[1,2]', '{"start": 0.5}', '{}', '{"count": 25}', '2025-12-01 00:00:00', '2025-12-01 00:00:00');
INSERT INTO preset_type_sets (id, preset_type_id, configuration_set_id, is_enabled, created_at) VALUES
  (1, 1, 1, 1, '2025-12-03 00:00:00');
INSERT INTO preset_real_trades (
  id, connection_id, preset_type_id, configuration_set_id, symbol, side, entry_price, exit_price, quantity, pnl, status,
  opened_at, closed_at
) VALUES
  (1, 'bybit-main', 1, 1, 'BTCUSDT', 'long', 90000, 90900, 0.01, 9, 'closed', '2025-12-22 00:00:00', '2025-12-22 05:00:00');
INSERT INTO indication_states (id, connection_id, indication_type, symbol, direction, position_range, active_positions, created_at) VALUES
  (1, 'bybit-main', 'direction', 'BTCUSDT', 'long', '5', 1, '2026-01-01 00:00:00'),
  (2, 'bybit-main', 'active_advanced', 'ETHUSDT', 'short', '1', 0, '2026-01-01 00:00:00');
INSERT INTO indications (id, connection_id, symbol, indication_type, value, confidence, metadata, calculated_at) VALUES
  (1, 'bybit-main', 'BTCUSDT', 'direction', 0.75, 82.5, '{"step": 3}', '2026-01-02 23:00:00');
INSERT INTO historical_data (id, connection_id, symbol, timeframe, timestamp, open, high, low, close, volume) VALUES
  (1, 'bybit-main', 'BTCUSDT', '1h', '2026-01-02 10:00:00', 91000, 91300, 90950.5, 91250.5, 812.4),
  (2, 'bybit-main', 'BTCUSDT', '1h', '2026-01-02 11:00:00', 91250.5, 91900, 91200, 91811.25, 655.125);
INSERT INTO position_limits (id, connection_id, symbol, max_positions) VALUES (1, 'bybit-main', 'BTCUSDT', 3);
INSERT INTO strategies (id, connection_id, name, type, config, is_enabled) VALUES (1, 'bybit-main', 'Momentum', 'trend', '{}', 1);
