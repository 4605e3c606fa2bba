INSERT INTO exchange_connections (id, name, exchange, api_type, connection_method, api_key, api_secret, is_enabled, created_at) VALUES
  ('bybit-x03', 'Bybit X03', 'bybit', 'perpetual_futures', 'rest', 'bybit-key', 'bybit-secret', true, '2025-11-10 00:00:00'),
  ('bingx-x01', 'BingX X01', 'bingx', 'perpetual_futures', 'rest', 'bingx-key', 'bingx-secret', false, '2025-11-10 00:00:00');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, indication_interval, strategy_interval,
  takeprofit_factor, stoploss_ratio, entry_price, current_price, profit_factor, position_cost, status,
  position_age_seconds, total_updates, initial_profit_factor, max_profit_factor, last_check_timestamp, created_at,
  updated_at
) VALUES
  ('pp-1', 'bybit-x03', 'BTCUSDT', 'direction', 5, 1, 10, 6, 0.5, 91250.5, 93010.25, 1.0193, 0.1, 'active', 49500, 812, 1, 1.0221, '2026-01-03 00:00:00', '2026-01-02 10:15:00', '2026-01-03 00:00:00'),
  ('pp-2', 'bybit-x03', 'ETHUSDT', 'active', 1, 1, 10, 3, 1, 3120.75, 3098.5, 0.9929, 0.1, 'closed', 45731, 640, 1, 1, '2026-01-01 19:42:11', '2026-01-01 07:00:00', '2026-01-01 19:42:11'),
  ('pp-3', 'bingx-x01', 'BTCUSDT', 'move', 8, 1, 10, 4, 0.3, 91000, NULL, NULL, 0.1, 'active', 0, 0, NULL, NULL, NULL, '2026-01-03 00:00:00', '2026-01-03 00:00:00');
INSERT INTO real_positions (
  id, connection_id, exchange_position_id, symbol, strategy_type, volume, entry_price, current_price, profit_loss,
  status, opened_at, closed_at, indication_type, indication_range
) VALUES
  ('rp-1', 'bybit-x03', 'bb-pos-9', 'BTCUSDT', 'trailing', 0.05, 91250.5, 93010.25, 87.9875, 'open', '2026-01-02 10:15:05', NULL, 'direction', 5),
  ('rp-2', 'bybit-x03', NULL, 'ETHUSDT', 'block', 1.5, 3120.75, 3098.5, -33.375, 'closed', '2026-01-01 07:00:05', '2026-01-01 19:42:12', 'active', 1);
INSERT INTO system_settings (key, value, updated_at) VALUES
  ('theme', 'dark', '2025-12-24 18:00:00'),
  ('activeAdvancedEnabled', 'true', '2025-11-01 08:00:00'),
  ('mainSymbols', '["BTC","ETH"]', '2025-11-01 08:00:00'),
  ('minimum_connect_interval', '200', '2025-11-01 08:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id, metadata) VALUES
  (1, '2026-01-02 09:30:00', 'info', 'auth', 'admin logged in', NULL, '1', NULL, NULL),
  (2, '2026-01-02 23:59:59', 'error', 'engine', 'tick timed out', 'loop', NULL, 'bybit-x03', '{"ms": 5000}');
INSERT INTO logs (id, timestamp, level, category, message, details) VALUES
  (1, '2026-01-02 08:00:00', 'info', 'system', 'started', NULL),
  (2, '2026-01-02 08:00:01', 'debug', 'database', 'tables created', '{"tables": 10}');
INSERT INTO errors (id, timestamp, type, message, stack, context, resolved) VALUES
  (1, '2026-01-02 08:00:02', 'ApiError', 'invalid nonce', 'at sign (bybit.ts:12)', '{}', true);
INSERT INTO market_data (id, connection_id, symbol, price, volume, timestamp) VALUES
  (1, 'bybit-x03', 'BTCUSDT', 93010.25, 1.5, '2026-01-03 00:00:00'),
  (2, 'bybit-x03', 'BTCUSDT', 93011.75, NULL, '2026-01-03 00:00:01'),
  (3, 'bybit-x03', 'ETHUSDT', 3120.75, 20, '2026-01-03 00:00:00');
INSERT INTO preset_trade_engine_state (connection_id, preset_id, status, started_at, updated_at) VALUES
  ('bybit-x03', 'preset-a', 'running', '2026-01-02 08:00:00', '2026-01-03 00:00:00');
