INSERT INTO users (id, username, email, password_hash) VALUES ('abc', 'text id', 'text@example.com', x'00ff');
INSERT INTO portfolios (id, user_id, name) VALUES (21, 'abc', 'of the user with a text id');
INSERT INTO exchange_connections (
  id, name, exchange, testnet, is_enabled, connection_priority, connection_settings, last_test_at, last_test_log,
  api_capabilities, created_at, updated_at
) VALUES
  ('words', 'words', 'bybit', 'true', 'yes', '["rest"]', '{broken', '2026-01-02T10:00:00.000Z', 'connected fine', 'spot,futures', '2026-01-02T10:00:00+01:00', '2026-01-02'),
  (42, 'a number', 'bybit', 2, 'FALSE', 'high', x'00', 'yesterday', '{"a": NaN}', '', 1767402000, 'x');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor
) VALUES
  (31, 'V1StGXR8_Z5jdHi6B-myT', 'BTCUSDT', 'direction', 'long', 1, 1, 1, 1, 1, 1, 1);
INSERT INTO active_exchange_positions (
  id, connection_id, real_pseudo_position_id, main_pseudo_position_id, base_pseudo_position_id, exchange_id, symbol,
  side, entry_price, current_price, quantity, volume_usd, leverage, trailing_enabled, status, opened_at, sync_status,
  trade_mode
) VALUES
  ('aep_lost', 'gone', '1', '999', 'nobody', 'bb-pos-10', 'X', 'long', '1', 'n/a', '0.1', 1e300, '10x', 'on', 'OPEN', '2026-01-02T20:00:05Z', 'SYNCED', 'Main'),
  ('aep_real', '1', '999', NULL, 'bp_1', '', '', 'short', -1, 0, 0, 123456789012.12345678, NULL, 1, 'foo', NULL, NULL, '');
INSERT INTO exchange_position_coordination_log (connection_id, event_type, event_data, old_state, success, event_timestamp) VALUES
  ('gone', 'exploded', '{broken', 'OPEN', 'true', '2026-01-02T20:00:05.123Z'), ('1', '', '', x'01', 2, '20:00');
INSERT INTO exchange_position_statistics (
  id, connection_id, symbol, indication_type, trade_mode, period_start, period_end, period_hours, total_pnl
) VALUES
  ('eps_2', '1', 'BTCUSDT', NULL, 'main', '2026-01-02 00:00:00', '2026-01-03', 24, -1.5),
  ('eps_3', '1', 'BTCUSDT', NULL, 'main', '2026-01-02 00:00:00', 'x', 24, 'n/a'),
  ('eps_4', '1', 'BTCUSDT', 'move', 'main', '2026-01-02T00:00:00.000Z', '2026-01-03', 24, 1);
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
  INSERT INTO site_logs (level, message) VALUES ('info', 'user ' || NEW.username);
END;
