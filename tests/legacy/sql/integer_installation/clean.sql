INSERT INTO exchange_connections (
  id, user_id, name, exchange_id, exchange, api_type, api_key, api_secret, is_enabled, settings, created_at
) VALUES
  (1, 1, 'Bybit main', 1, 'bybit', 'unified', 'bybit-key', 'bybit-secret', true, '{"leverage": 10}', '2025-11-10 00:00:00'),
  (2, 1, 'BingX', 2, NULL, 'perpetual_futures', 'bingx-key', 'bingx-secret', true, NULL, '2025-11-10 00:00:00'),
  (3, 2, 'OKX demo', NULL, 'okx', 'spot', NULL, NULL, false, '{}', '2025-12-01 00:00:00');
INSERT INTO presets (id, name, description, created_by, created_at) VALUES
  (1, 'Balanced', 'medium risk', 1, '2025-12-01 00:00:00'), (2, 'Fast', NULL, 2, '2025-12-02 00:00:00');
INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, status, created_at
) VALUES
  (1, 1, 'BTCUSDT', 'optimal', 12, 'long', 0.3, 'active', '2026-01-01 00:00:00'),
  (2, 2, 'ETHUSDT', 'optimal', 8, 'short', 0.1, 'failed', '2026-01-01 00:00:00');
INSERT INTO migrations (id, name, executed_at) VALUES
  (1, 'unified_complete_setup', '2026-01-30 06:00:00'), (2, '071_add_coordination_tables', '2026-01-30 06:00:01'),
  (3, '056_add_parabolic_sar_and_common_indicators', '2026-02-01 00:00:00');
