INSERT INTO exchange_connections (id, name, exchange, api_type, connection_method, api_key, api_secret, is_enabled, created_at) VALUES
  ('', '', '', '', '', '', '', NULL, NULL),
  ('x''"%\ ö🚀', 'O''Brien "100%" \ 東京', 'BYBIT', 'foo', 'GRPC', 'key%s', 'p\w', true, '1970-01-01 00:00:00');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, indication_interval, takeprofit_factor, trailing_enabled,
  entry_price, current_price, profit_factor, status, total_updates, max_profit_factor, created_at, updated_at
) VALUES
  ('pp-lost', 'gone', 'X', 'foo', -5, -1, 1.23456, NULL, -1, 123456789012.12345678, -0.5, 'OPEN', NULL, 1.23456, NULL, NULL),
  ('', '', '', '', NULL, NULL, NULL, true, 0, NULL, NULL, '', 0, NULL, '2026-01-02 10:15:00.5', '2026-01-02 10:15:00.123456'),
  ('PP-1 "ü"', 'x''"%\ ö🚀', '100% 日本', 'active_advanced', 1, 1, 1, false, 1, 1, 1, 'foo', 1, 1, '2026-01-02 10:15:00', '2026-01-02 10:15:00');
INSERT INTO real_positions (
  id, connection_id, symbol, strategy_type, volume, entry_price, current_price, profit_loss, status, opened_at,
  indication_range
) VALUES
  ('rp-lost', 'gone', '', '', -123456789012.12345678, 0, 0, -1, 'OPEN', NULL, NULL),
  ('rp-foo', 'bingx-x01', 'X', 'x', 1, 1, 1, 1, NULL, '2026-01-02 10:15:00.25', -1);
INSERT INTO system_settings (key, value, updated_at) VALUES
  ('', '', NULL),
  ('autoEnabled', 'yes', '2026-01-03 00:00:00'),
  ('100% "x" it''s \ 🤖', '{broken', '1970-01-01 00:00:00');
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id, metadata) VALUES
  (11, NULL, 'INFO', '', '', '', '', '', ''),
  (12, '2026-01-02 10:15:00.123', 'trace', 'x', '100% of C:\x — "q" it''s 🚨', '{broken', 'nobody', 'gone', '{broken');
INSERT INTO logs (id, timestamp, level, category, message, details) VALUES
  (11, NULL, 'LOUD', '', '', '{broken'),
  (12, '2026-01-02 08:00:00.5', 'warn', 'ü', '日本 "x" \ 100%', '');
INSERT INTO errors (id, timestamp, type, message, stack, context, resolved) VALUES (11, NULL, '', '', '', 'no json', NULL);
INSERT INTO market_data (id, connection_id, symbol, price, volume, timestamp) VALUES
  (11, 'gone', 'X', -1, 123456789012.12345678, NULL),
  (12, '', '', 0, -0.00000001, '2026-01-03 00:00:00.001');
INSERT INTO preset_trade_engine_state (connection_id, preset_id, status) VALUES ('gone', 'preset-a', 'WARM'), ('', '', NULL);
INSERT INTO preset_trades (
  id, preset_id, connection_id, symbol, side, entry_price, quantity, indicator_type, indicator_params, profit_loss,
  status, opened_at
) VALUES
  ('pt-lost', 'gone', 'gone', 'X', 'UP', 1, 1, '', '{broken', -1, 'done', NULL),
  ('pt-preset', 'gone', 'bybit-x03', 'X', 'sell', 1, 1, 'rsi', '', NULL, NULL, '2026-01-02 10:15:00');
ALTER TABLE market_data ADD COLUMN "select" TEXT;
UPDATE market_data SET "select" = 'chosen' WHERE id = 1;
