INSERT INTO exchange_connections (
  id, name, exchange, exchange_id, api_type, api_key, api_secret, is_enabled, is_active, volume_factor,
  connection_settings, api_capabilities, last_test_status, created_at, updated_at
) VALUES
  ('1', 'Bybit main', 'bybit', 1, 'unified', 'bybit-key', 'bybit-secret', true, true, 1.5, '{"leverage": 10}', '["spot","futures"]', 'success', '2025-11-10 00:00:00', '2026-01-02 10:00:00'),
  ('2', 'BingX', 'bingx', 2, 'perpetual_futures', 'bingx-key', 'bingx-secret', true, true, 1, '{}', '[]', NULL, '2025-11-10 00:00:00', '2025-11-10 00:00:00'),
  ('3', 'OKX demo', NULL, 3, 'spot', NULL, NULL, false, false, 1, '{}', NULL, 'failed', '2025-12-01 00:00:00', '2025-12-01 00:00:00'),
  ('V1StGXR8_Z5jdHi6B-myT', 'Second Bybit', 'bybit', 1, 'unified', NULL, NULL, false, true, 1, '{}', NULL, NULL, '2025-12-31 00:00:00', '2025-12-31 00:00:00');
