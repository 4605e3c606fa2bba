-- Two exchanges of one name, each with a connection; two engine states of one connection; states that are the same once a key
-- is made of their parts.
INSERT INTO users (id, username, email, password_hash, role, is_active, api_key, created_at) VALUES
  (11, '', '', x'00ff', 'owner', 'true', '', '2026-01-03T01:00:00.000Z'),
  (12, 'Zoë "the bot" O''Brien 🚀', '100%\@example.com', '', NULL, 2, NULL, 'yesterday');
INSERT INTO exchanges (id, name, display_name, api_url, is_active, created_at) VALUES
  (11, 'bybit', 'Bybit again', '', 'yes', '2026-01-03'), (12, '', '币安', 'x', NULL, '2026-01-03 01:00:00+02:00');
INSERT INTO preset_types (id, name, symbols, evaluation_update_interval, is_active) VALUES
  (11, '', 'BTCUSDT,ETHUSDT', 5000, NULL),
  (12, 'text', '{broken', 'hourly', 'no');
INSERT INTO exchange_connections (
  id, user_id, name, exchange, exchange_id, connection_method, margin_type, is_testnet, is_enabled, preset_type_id,
  volume_factor, connection_settings, connection_priority, last_test_timestamp, last_test_balance, last_test_log,
  created_at, updated_at
) VALUES
  ('dup-exchange', 11, 'on the second bybit', 'bybit', 11, 'GRPC', 'CROSS', 'true', 'false', 999, '1.23456', '{broken', 'rest', '2026-01-02T10:00:00Z', '123456789012.12345678', 'connected fine', '2026-01-02', 'x'),
  (NULL, 999, '', NULL, 999, '', '', 2, NULL, NULL, -1.5, '', '', '', 'n/a', '', NULL, NULL),
  (7, 12, 'number as id', '', NULL, NULL, NULL, 0, 1, NULL, 1, '5', '3', '2026-01-02 10:00:00.5-03:00', -1, x'7b', 1767402000, '2026-01-02T10:00:00.123456+01:00');
INSERT INTO system_settings (id, key, value, updated_at) VALUES
  (11, 'autoEnabled', 'yes', '2026-01-03T00:00:00Z'),
  (12, '', '', NULL),
  (13, 'binary', x'89504e47', 'x'),
  (14, '100% "quoted" it''s \', 42, '2026-01-03');
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id) VALUES
  (11, '2026-01-03T01:00:00.000Z', 'info', NULL, '', '{broken', 999, 'gone'),
  (12, 'n/a', 'warn', '', '100% of C:\x — "q" it''s 🚨', x'00', 'seven', '');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, trailing_enabled, status, opened_at, closed_at
) VALUES
  (11, 'gone', 'X', 'foo', 'BUY', -1, 123456789012.12345678, '0.05', 'free', 1.23456, '0.33333', 1, 'true', 'OPEN', '2026-01-02T10:15:00.000Z', 'never'),
  (12, '', '', '', '', 0, 1e300, x'01', 1, 1, 1, 1, 2, 'foo', '', '2026-01-02'),
  (13, 'dup-exchange', 'BTCUSDT', 'auto', 'long', 1, 1, 1, 1, 1, 1, 1, 'yes', 'active', '2026-01-02 10:15:00+01:00', '2026-01-02 10:15:00.5');
INSERT INTO real_pseudo_positions (
  id, connection_id, indication_id, symbol, side, entry_price, quantity, takeprofit_price, status, closed_at
) VALUES
  (11, 'gone', 999, 'X', 'flat', 1, 1, 'n/a', 'open', 'x'),
  (12, 'dup-exchange', 'x', '', '', '1.5', 1, NULL, 'closed', '2026-01-02T10:15:00Z');
INSERT INTO trade_engine_state (id, connection_id, status, started_at, prehistoric_data_loaded) VALUES
  (11, 'bybit-main', 'error', '2026-01-01 00:00:00', 'true'),
  (12, 'gone', 'paused', 'x', 2),
  (13, 'dup-exchange', NULL, '2026-01-01T00:00:00Z', NULL);
INSERT INTO presets (id, name, indication_types, position_ranges, is_active) VALUES (11, '', 'direction', '{broken', 'true');
INSERT INTO configuration_sets (id, name, indication_type, indication_params, indication_ranges) VALUES
  (11, '', '', '{broken', 'x'),
  (12, 'ü 100% "x"', 'active_advanced', '', x'00');
INSERT INTO preset_type_sets (id, preset_type_id, configuration_set_id, is_enabled) VALUES
  (11, 1, 1, 0),
  (12, 999, 1, 'yes'),
  (13, 1, 999, NULL);
INSERT INTO preset_real_trades (
  id, connection_id, preset_type_id, configuration_set_id, symbol, side, entry_price, quantity, pnl, status
) VALUES
  (11, 'gone', 1, 1, 'X', 'up', 1, 1, 'n/a', 'OPEN'),
  (12, 'dup-exchange', 999, 999, 'X', 'long', 1, 1, -123456789012.12345678, NULL);
INSERT INTO indication_states (id, connection_id, indication_type, symbol, direction, position_range, created_at) VALUES
  (11, 'bybit-main', 'direction', 'BTCUSDT', 'long', '5', '2026-01-02 00:00:00'),
  (12, 'bybit-main', 'auto', 'ETHUSDT', 'short', '1', '2026-01-02T00:00:00Z'),
  (13, 'gone', '', '', 'up', NULL, 'x');
INSERT INTO indications (id, connection_id, symbol, indication_type, value, metadata, calculated_at) VALUES
  (11, 'gone', 'X', 'x', 'high', '{broken', 'x');
INSERT INTO historical_data (id, connection_id, symbol, timeframe, timestamp, open, high, low, close, volume) VALUES
  (11, 'bybit-main', 'BTCUSDT', '1h', '2026-01-02T10:00:00.000Z', '91000', 'n/a', -1, 123456789012.12345678, ''),
  (12, 'gone', '', '', '', 0, 0, 0, 0, 0);
INSERT INTO position_limits (id, connection_id, symbol, max_positions) VALUES (11, 'gone', '', 'many');
ALTER TABLE pseudo_positions ADD COLUMN "order" INTEGER;
UPDATE pseudo_positions SET "order" = id * 10;
-- SQLite refuses to build an index on an expression that changes, but reads one that is in the file: then every INSERT into
-- the table fails. Files made by older versions have them.
CREATE INDEX idx_historical_recent ON historical_data (symbol) WHERE timestamp > '2026';
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = 'CREATE INDEX idx_historical_recent ON historical_data (symbol) WHERE timestamp > datetime(''now'', ''-7 days'')'
 WHERE name = 'idx_historical_recent';
PRAGMA writable_schema = RESET;
CREATE TRIGGER strategies_switch AFTER UPDATE ON strategies BEGIN
  UPDATE exchange_connections SET is_enabled = NEW.is_enabled WHERE id = NEW.connection_id;
END;
