-- The connections of the route's rows, written into the initializer's shape of the table.
INSERT INTO exchange_connections (id, name, exchange, api_type, connection_method, api_key, api_secret, is_enabled, created_at) VALUES
  ('9f86d081884c7d659a2feaa0c55ad015', 'Bybit', 'bybit', 'unified', 'rest', 'bybit-key', 'bybit-secret', true, '2025-11-10 00:00:00'),
  ('okx-demo', 'OKX demo', 'okx', 'spot', 'rest', '', '', false, '2025-12-01 00:00:00');
