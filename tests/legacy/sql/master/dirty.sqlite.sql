INSERT INTO migrations (id, name, executed_at) VALUES
  (57, 'new_migration_example', '2026-02-01T00:00:00.000Z'),
  (-1, '', 'x'),
  (38, x'00', '2026-02-01'),
  (90, 'ü 100% "by hand" \ ✅', NULL);
INSERT INTO users (id, username, email, password_hash, role, is_active, api_key, created_at) VALUES
  (11, '', 'admin@example.com', x'00ff', 'owner', 'true', '', '2026-02-01T00:00:00.000Z'),
  (12, 'Zoë "bot" 100%\🚀', 'admin@example.com', '', NULL, 2, NULL, 'yesterday');
INSERT INTO preset_types (id, name, category, config, is_active, created_at) VALUES
  ('', '', '', '{broken', 'yes', '2026-02-01'),
  (NULL, 'no id', NULL, x'00', NULL, 'x'),
  (7, 'number', 'ü', '5', 'false', '2026-02-01 00:00:00+02:00');
INSERT INTO exchange_connections (
  id, user_id, name, exchange, connection_method, is_testnet, is_enabled, preset_type_id, connection_priority,
  last_test_balance, engine_running, engine_started_at, created_at, updated_at
) VALUES
  (NULL, 999, '', NULL, 'GRPC', 'true', 'no', 'gone', 'rest', '123456789012.12345678', 'yes', 'x', '2026-02-01T10:00:00.5+05:30', 1769904000),
  ('odd "x''%\ ö🚀', 11, 'O''Brien', 'BYBIT', '', 2, NULL, '', '{broken', '-1.23456', NULL, '', '', '2026-02-01');
INSERT INTO system_settings (id, key, value, updated_at) VALUES
  (11, 'autoEnabled', 'yes', '2026-02-01T00:00:00Z'),
  (12, '', '', NULL),
  (13, 'binary', x'89504e47', 'x');
INSERT INTO site_logs (id, timestamp, level, message, context, resolved, user_id, connection_id, metadata) VALUES
  (11, '2026-02-01T10:00:00.000Z', 'INFO', '', '{broken', 'true', 'me', 'gone', '{broken'),
  (12, 'n/a', '', '100% of C:\x — "q" it''s 🚨', '', 2, 999, '', x'00');
INSERT INTO trade_engine_state (id, connection_id, status, prehistoric_data_loaded, prehistoric_data_start, updated_at) VALUES
  (11, 'bybit-x03', 'CRASHED', 'true', '2026-01-01T00:00:00Z', '2026-02-03 00:00:00'),
  (12, 'gone', NULL, 2, 'x', NULL);
INSERT INTO preset_configurations (
  id, preset_type_id, connection_id, forced_symbols, indication_params, strategy_params, volume_factor_ratio, use_block,
  is_active, created_at
) VALUES
  ('pc-lost', 'gone', 'bybit-x03', 'BTC,ETH', '{broken', 'x', 'n/a', 'yes', 'true', 'x'),
  (NULL, NULL, 'gone', '', '', x'00', -1, NULL, NULL, NULL);
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, profit_factor,
  trailing_enabled, status, opened_at, closed_at
) VALUES
  (11, 'gone', 'X', 'foo', 'BUY', -1, 123456789012.12345678, '0.05', 1.23456, 'true', 'OPEN', '2026-02-01T10:15:00.000Z', 'never'),
  (12, 'bybit-x03', '', '', '', '91250.5', 'n/a', x'01', NULL, 2, 'foo', '2026-02-01', ''),
  (13, 'bybit-x03', 'X', 'auto', 'long', 1e300, 1, 1, '1.5', 'yes', NULL, '2026-02-01 10:15:00+01:00', '2026-02-01 10:15:00.5');
INSERT INTO indication_states (id, connection_id, indication_type, symbol, direction, position_range, created_at) VALUES
  (11, 'bybit-x03', 'direction', 'BTCUSDT', 'long', '5', '2026-02-01T00:00:00Z'),
  (12, 'gone', '', '', 'up', NULL, 'x');
INSERT INTO historical_data (id, connection_id, symbol, timeframe, timestamp, open, high, low, close, volume) VALUES
  (11, 'bybit-x03', 'BTCUSDT', '1h', '2026-02-01T10:00:00.000Z', '91000', 'n/a', -1, 123456789012.12345678, ''),
  (12, 'gone', '', '', '', NULL, NULL, NULL, 0, NULL);
INSERT INTO indications_optimal (
  id, connection_id, symbol, range_value, direction, drawdown_ratio, market_change_range, last_part_ratio, status,
  calculated_at
) VALUES
  ('io-dup', 'bybit-x03', 'BTCUSDT', 12, 'long', 0.3, 5, 1.5, 'active', '2026-02-02 00:00:00'),
  ('io-lost', 'gone', 'X', NULL, 'up', 'deep', 'x', NULL, 'OPEN', 'x'),
  (NULL, 'bybit-x03', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
ALTER TABLE site_logs ADD COLUMN "table" TEXT;
UPDATE site_logs SET "table" = 'unknown column' WHERE id = 1;
-- See sqlite_init: no row can be inserted into pseudo_positions any more.
CREATE INDEX idx_positions_recent ON pseudo_positions (symbol) WHERE opened_at > '2026';
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = 'CREATE INDEX idx_positions_recent ON pseudo_positions (symbol) WHERE opened_at > datetime(''now'', ''-1 day'')'
 WHERE name = 'idx_positions_recent';
PRAGMA writable_schema = RESET;
CREATE TRIGGER statistics_touch AFTER UPDATE ON position_statistics BEGIN
  UPDATE exchange_connections SET updated_at = datetime('now') WHERE id = NEW.connection_id;
END;
