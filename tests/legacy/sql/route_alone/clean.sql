-- What was written where the route came first, so that these two tables have its shape.
INSERT INTO exchange_connections (id, name, exchange, api_type, api_key, api_secret, is_enabled, created_at) VALUES
  ('9f86d081884c7d659a2feaa0c55ad015', 'Bybit', 'bybit', 'unified', 'bybit-key', 'bybit-secret', 1, '2025-11-10 00:00:00'),
  ('okx-demo', 'OKX demo', 'okx', 'spot', '', '', 0, '2025-12-01 00:00:00');
INSERT INTO site_logs (id, level, message, context, timestamp) VALUES
  (1, 'info', 'admin logged in', '{}', '2026-01-02 09:30:00'),
  (2, 'error', 'tick timed out', NULL, '2026-01-02 23:59:59');
