-- What the application wrote into the tables that only the route makes, and one row that fits the initializer's settings too.
INSERT INTO schema_migrations (id, version, applied_at) VALUES
  (1, '001_create_users_table', '2025-11-01 08:00:00'), (2, '016_create_exchange_connections_table', '2025-11-01 08:00:00'),
  (3, '017_create_system_settings_table', '2025-11-01 08:00:01'),
  (4, '019_create_volume_management_tables', '2025-11-01 08:00:01'),
  (5, '020_create_presets_tables', '2025-11-01 08:00:01'), (6, '027_create_preset_performance_tables', '2025-12-05 10:00:00'),
  (7, '029_create_site_logs_table', '2025-12-05 10:00:00'), (8, '048_create_trade_engine_state_table', '2025-12-05 10:00:00.250');
INSERT INTO users (id, username, email, password_hash, created_at, updated_at) VALUES
  (1, 'admin', 'admin@example.com', '$2b$10$N9qo8uLOickgx2ZMRZoMye', '2025-11-01 08:00:00', '2026-01-02 09:30:00'),
  (2, 'trader', 'trader@example.com', '$2b$10$ZMRZoMyeIjZAgcfl7p92ld', '2025-11-03 12:00:00', '2025-11-03 12:00:00');
INSERT INTO volume_configuration (
  id, connection_id, base_volume_factor, target_average_positions, risk_percentage, created_at, updated_at
) VALUES
  ('vc-1', '9f86d081884c7d659a2feaa0c55ad015', 1.5, 40, 15, '2025-11-10 00:00:00', '2025-11-10 00:00:00');
INSERT INTO presets (id, name, description, is_active, created_at, updated_at) VALUES
  ('preset-a', 'Balanced', 'medium risk', 1, '2025-12-01 00:00:00', '2025-12-01 00:00:00'),
  ('preset-b', 'Fast', NULL, 0, '2025-12-02 00:00:00', '2025-12-02 00:00:00');
INSERT INTO preset_configurations (id, preset_id, symbol, take_profit, stop_loss, profit_factor, created_at) VALUES
  ('pc-1', 'preset-a', 'BTCUSDT', 4, 0.5, 1.3, '2025-12-01 00:00:00'),
  ('pc-2', 'preset-a', 'ETHUSDT', 6, 0.5, 0.9, '2025-12-01 00:00:00');
INSERT INTO trade_engine_state (id, connection_id, is_running, last_started_at, last_stopped_at, error_count, last_error, updated_at) VALUES
  ('tes-1', '9f86d081884c7d659a2feaa0c55ad015', 1, '2026-01-02 08:00:00', NULL, 2, 'invalid nonce', '2026-01-03 00:00:00'),
  ('tes-2', 'okx-demo', 0, NULL, '2025-12-31 00:00:00', 0, NULL, '2025-12-31 00:00:00');
INSERT INTO system_settings (key, value, updated_at) VALUES
  ('apiTimeout', '30', '2025-12-24 18:00:00'),
  ('activeAdvancedRange', '5', '2025-11-01 08:00:00');
INSERT INTO preset_configurations (id, preset_id, symbol, take_profit, stop_loss, is_active, created_at) VALUES
  ('pc-3', NULL, 'BTCUSDT', 4, 0.5, 0, '2025-12-03 00:00:00');
