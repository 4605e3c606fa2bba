INSERT INTO exchange_connections (
  id, name, exchange, testnet, is_enabled, is_predefined, volume_factor, connection_priority, created_at, updated_at
) VALUES
  ('words', x'00ff', 'bybit', 'true', 'yes', 'false', '1.23456', '["rest"]', '2026-01-02T10:00:00.000Z', '2026-01-02'),
  (17, 'n', 'bybit', 2, 'on', 0, 'n/a', 'rest', 'x', 1767402000);
INSERT INTO site_logs (id, level, message, context, timestamp) VALUES
  (21, 'info', x'00', 5, '2026-01-02T10:15:00.000Z'),
  (22, 'info', 'x', 'x', 'n/a');
