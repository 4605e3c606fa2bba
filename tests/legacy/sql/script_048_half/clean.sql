INSERT INTO exchange_connections_new (
  id, name, exchange_id, exchange, api_type, api_key, api_secret, position_mode, is_enabled, connection_settings,
  created_at
) VALUES
  ('1', 'Bybit main', 1, 'bybit', 'unified', 'bybit-key', 'bybit-secret', 'one-way', true, '{"leverage": 10}', '2025-11-10 00:00:00'),
  ('2', 'BingX', 2, 'bingx', 'perpetual_futures', 'bingx-key', 'bingx-secret', 'hedge', true, '{}', '2025-11-10 00:00:00'),
  ('V1StGXR8_Z5jdHi6B-myT', 'made after the stop', 1, 'bybit', 'spot', NULL, NULL, 'hedge', false, '{}', '2026-01-04 00:00:00');
UPDATE volume_configuration SET connection_id_new = '1' WHERE id = 1;
UPDATE trade_engine_state SET connection_id_new = '1' WHERE id = 1;
