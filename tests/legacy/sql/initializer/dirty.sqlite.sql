INSERT INTO exchange_connections (
  id, name, exchange, api_type, connection_method, api_key, api_secret, is_enabled, is_live_trade, created_at
) VALUES
  (NULL, 'no id', 'bybit', 'spot', 'rest', 'k', 's', 'true', 'yes', '2026-01-02T10:00:00.000Z'),
  (42, x'00ff', 'bybit', 'spot', 'rest', 42, 1.5, 2, 'false', 'yesterday');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, entry_price, current_price, trailing_enabled,
  position_cost, last_check_timestamp, created_at, updated_at
) VALUES
  ('pp-text', 'bybit-x03', 'BTCUSDT', 'auto', 0.5, '91250.5', 'n/a', 'true', x'01', 'x', '2026-01-02T10:15:00.000Z', '2026-01-02'),
  (17, 42, 'BTCUSDT', 'auto', 'wide', 1e300, '123456789012.12345678', 2, '', '2026-01-02T10:15:00+05:30', '2026-01-02 10:15:00+01:00', 1767402000);
INSERT INTO system_settings (key, value, updated_at) VALUES
  ('binary', x'89504e47', 'x'),
  ('number', 42.5, '2026-01-02T00:00:00Z'),
  (NULL, 'no key', '2026-01-02');
INSERT INTO market_data (id, connection_id, symbol, price, volume, timestamp) VALUES
  (21, 'bybit-x03', 'BTCUSDT', '93010.25', 'n/a', '2026-01-03T00:00:00.000Z'), (22, 'bybit-x03', 'BTCUSDT', '', x'00', 'now');
INSERT INTO errors (id, timestamp, type, message, resolved) VALUES
  (21, '2026-01-02T08:00:02Z', 'x', 'iso', 'true'),
  (22, 'x', 'x', x'00', 2);
CREATE TRIGGER logs_copy AFTER INSERT ON preset_trade_engine_state BEGIN
  INSERT INTO site_logs (level, category, message) VALUES ('info', 'preset', NEW.preset_id);
END;
