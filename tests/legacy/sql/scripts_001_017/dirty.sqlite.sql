-- What only SQLite took: it stores any value in any column.
INSERT INTO users (id, username, email, password_hash, role, is_active, created_at, updated_at) VALUES
  (NULL, 'no id', 'noid1@example.com', 'x', 'user', 'true', '2026-01-03T01:00:00.000Z', '2026-01-03'),
  (NULL, 'no id either', 'noid2@example.com', 'x', 'user', 'yes', '2026-01-03 01:00:00+02:00', 'yesterday'),
  (NULL, 'third without id', 'textid@example.com', x'00ff', 'admin', 2, '2026-01-03T01:00:00.5+05:30', 1767402000);
INSERT INTO positions (
  id, portfolio_id, trading_pair_id, position_type, entry_price, quantity, leverage, status, opened_at, closed_at
) VALUES
  (21, '1', 1, 'long', 'a lot', '0.5 BTC', '1.23456', 'open', '2026-01-03T01:00:00Z', 'soon'),
  (22, 1, 'one', 'long', 1e300, '1,5', 1.23456, 'open', '2026-13-45 99:00:00', ''),
  (23, 1, 1, 'long', x'01', 1, 1, 'open', '', '2026-01-03');
INSERT INTO market_data (id, trading_pair_id, timestamp, open, high, low, close, volume, interval) VALUES
  (21, 1, '2026-01-02T12:00:00.000Z', '91000.5', '123456789012.12345678', '', 'NaN', 'n/a', '1h');
INSERT INTO system_settings (id, category, subcategory, key, value, value_type, updated_at, minimum_connect_interval) VALUES
  (NULL, 'general', 'x', 'binary', x'89504e47', 'string', '2026-01-02T00:00:00.000Z', 'fast'),
  (NULL, 'general', 'x', 'number', 42.5, 'number', '2026-01-02', '250');
INSERT INTO site_logs (id, timestamp, level, message, context, metadata, created_at) VALUES
  (21, '2026-01-03T01:00:00.000Z', 'warn', 'iso time', 'plain words', '{broken', '2026-01-03 01:00:00-08:00'),
  (22, 'n/a', 'info', x'feedface', '{"a":1', 'true-ish', '2026-01-03'),
  (NULL, '2026-01-03T01:00:00+02:00', 'error', 'no id', '', '', 1767402000);
