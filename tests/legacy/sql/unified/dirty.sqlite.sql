-- The same e-mail address three times and '' twice; one connection with two volume configurations and two engine states; the
-- same state key under two connections; children of connection 99, which is gone.
INSERT INTO users (id, username, email, password_hash, created_at) VALUES
  (11, 'admin', 'admin@example.com', '', '2026-02-01T00:00:00.000Z'),
  (12, 'Zoë "bot" O''Brien', 'admin@example.com', 'x', 'yesterday'),
  (13, '', '', x'00ff', '2026-02-01'),
  (14, '100%\🚀', '', 'x', '2026-02-01 00:00:00+02:00');
INSERT INTO exchange_connections (
  id, name, exchange, api_key, api_secret, position_type, margin_mode, preset_type, is_enabled, testnet, last_test_at,
  last_test_result, minimum_connect_interval, dual_mode_settings, indication_direction, connection_settings, created_at,
  updated_at
) VALUES
  (11, '', '', '', '', '', '', '', 'true', 'yes', '2026-02-01T10:00:00Z', 'OK', 'fast', '{broken', 2, '{broken', '2026-02-01', 'x'),
  (12, 'O''Brien "100%" \ 東京 🚀', 'BYBIT', x'00ff', 42, 'One-Way', 'CROSS', NULL, NULL, 'false', 'never', '', -1, '', NULL, 'plain', '2026-02-01T10:00:00.5+05:30', 1769904000);
INSERT INTO system_settings (id, key, value, category, updated_at) VALUES
  (11, 'autoEnabled', 'yes', 'indication', '2026-02-01T00:00:00Z'),
  (12, '', '', '', NULL),
  (13, 'binary', x'89504e47', NULL, 'x'),
  (14, 'null', NULL, 'ü 100% \ "x"', '2026-02-01');
INSERT INTO site_logs (id, timestamp, level, category, message, details, resolved) VALUES
  (11, '2026-02-01T10:00:00.000Z', 'INFO', NULL, '', '', 'true'),
  (12, 'n/a', 'trace', '', '100% of C:\x — "q" it''s 🚨', x'00', 2);
INSERT INTO volume_configuration (id, connection_id, volume_factor, max_leverage) VALUES
  (11, 1, '2.5', 'max'),
  (12, 99, -1, NULL),
  (13, 1, 1.23456, -5);
INSERT INTO trade_engine_state (id, connection_id, status, state, last_indication_run, indication_cycle_count, updated_at) VALUES
  (11, 1, 'CRASHED', 'foo', '2026-02-01T10:00:00.5', 'many', '2026-02-01 00:00:00'),
  (12, 99, NULL, NULL, 'x', NULL, NULL);
INSERT INTO base_pseudo_positions (id, connection_id, symbol, side, entry_price, volume, strategy_type, status, created_at) VALUES
  (11, 99, 'X', 'BUY', -1, 'n/a', '', 'OPEN', 'x'),
  (12, 1, '', '', '91250.5', 123456789012.12345678, NULL, NULL, '2026-02-01T10:15:00.000Z');
INSERT INTO pseudo_positions (
  id, connection_id, base_position_id, symbol, side, entry_price, current_price, volume, profit_loss,
  profit_loss_percent, status, metadata, opened_at, closed_at
) VALUES
  (11, 99, 1, 'X', 'long', 1, 1, 1, 1, 1, 'open', NULL, '2026-02-01 10:15:00', NULL),
  (12, 1, 11, 'X', 'BUY', '91250.5', '123456789012.12345678', '0.05 BTC', -1.5, 1.23456, 'OPEN', '{broken', '2026-02-01T10:15:00.000Z', 'never'),
  (13, 1, 999, '', '', 1e300, x'01', 0, NULL, NULL, 'foo', '', '', '2026-02-01'),
  (14, '1', 'one', 'ü 100%', 'long', 1, '', 1, 'n/a', 0, NULL, '5', '2026-02-01 10:15:00+01:00', '2026-02-01 10:15:00.5'),
  (15, 'gone', NULL, 'X', 'long', 1, 1, 1, 1, 1, 'open', 'x', NULL, NULL);
INSERT INTO real_pseudo_positions (
  id, connection_id, main_config_id, symbol, side, entry_price, quantity, is_validated, status, opened_at
) VALUES
  (11, 1, 11, 'X', 'flat', 1, 1, 'true', 'VALIDATED', '2026-02-01T10:15:05Z'),
  (12, 99, 999, '', NULL, 'n/a', 1, 2, NULL, NULL);
INSERT INTO preset_type_sets (id, preset_type_id, configuration_set_id, priority, is_active, added_at) VALUES
  ('pts-lost', '1', 'gone', 'first', 'yes', 'x'),
  ('', '', '', NULL, NULL, NULL);
INSERT INTO preset_configurations (id, preset_type_id, connection_id, config_data, is_active) VALUES
  (11, 999, 1, '{broken', 'no'),
  (12, NULL, 99, '', NULL);
INSERT INTO indication_states (id, connection_id, state_key, state_value, updated_at) VALUES
  (11, 3, 'BTCUSDT-direction-long-5', 'other', '2026-02-01T00:00:00Z'),
  (12, 1, 'BTCUSDT-active_advanced-long-1', NULL, 'x'),
  (13, 1, 'BTCUSDT-auto-long-1', x'00', NULL),
  (14, 99, '', '', '2026-02-01');
INSERT INTO indications (id, connection_id, symbol, indication_type, value, metadata, calculated_at) VALUES
  (11, 99, 'X', '', 'high', '{broken', 'x');
INSERT INTO indications_optimal (id, connection_id, symbol, entry_price, optimization_score, status, metadata, calculated_at) VALUES
  (11, 99, 'X', 'n/a', -1, 'OPEN', '{broken', '2026-02-01T00:00:00.000Z'),
  (12, 1, '', NULL, NULL, 'cancelled', '', 'x');
INSERT INTO market_data (id, connection_id, symbol, price, volume, timestamp) VALUES
  (11, 99, 'X', -1, 123456789012.12345678, '2026-02-01T00:00:00.000Z'),
  (12, 1, '', '93010.25', 'n/a', 'now'),
  (13, 1, 'X', x'00', '', NULL);
INSERT INTO archived_market_data (id, connection_id, symbol, price, timestamp) VALUES (11, 99, 'X', 'n/a', 'x');
INSERT INTO orders (id, connection_id, exchange_order_id, symbol, side, type, price, amount, filled, status, created_at) VALUES
  (11, 99, '', 'X', 'flat', 'MARKET', -1, 1, NULL, 'OPEN', 'x'),
  (12, 1, '', '', 'short', 'iceberg', '91250.5', 'n/a', 'some', NULL, '2026-02-01T00:00:00Z');
INSERT INTO trades (id, connection_id, order_id, symbol, price, amount) VALUES (11, 99, 999, '', -1, NULL);
INSERT INTO migrations (id, name, executed_at) VALUES
  (36, 'ü 100% "by hand" \ ✅', '2026-02-01T00:00:00.000Z'),
  (57, 'new_migration_example', 'x'),
  (58, x'00', NULL);
ALTER TABLE orders ADD COLUMN "group by" TEXT;
UPDATE orders SET "group by" = 'nothing' WHERE id = 1;
-- See sqlite_init: no row can be inserted into market_data any more.
CREATE INDEX idx_market_recent ON market_data (symbol) WHERE timestamp > '2026';
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = 'CREATE INDEX idx_market_recent ON market_data (symbol) WHERE timestamp > datetime(''now'', ''-1 hour'')'
 WHERE name = 'idx_market_recent';
PRAGMA writable_schema = RESET;
CREATE TRIGGER coordination_state AFTER UPDATE ON connection_coordination BEGIN
  UPDATE trade_engine_state SET updated_at = datetime('now') WHERE connection_id = NEW.connection_id;
END;
