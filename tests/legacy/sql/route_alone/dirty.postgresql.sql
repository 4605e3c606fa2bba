INSERT INTO exchange_connections (id, name, exchange, testnet, is_enabled, is_predefined, created_at, updated_at) VALUES
  ('words-1', 'true', 'bybit', 2, 2, 'true', '2026-01-02T10:00:00.000Z', '2026-01-02'),
  ('words-2', 'yes', 'bybit', -1, 0, 'yes', 'x', ''),
  ('words-3', 'two', 'bybit', 0, 1, '2', '2026-01-02 10:00:00', '2026-01-02 10:00:00');
