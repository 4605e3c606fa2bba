-- Duplicates: two users of one name, three of one e-mail address, two volume configurations of one connection, two engine states.
INSERT INTO schema_migrations (id, version, applied_at) VALUES
  (11, '', NULL),
  (12, '057_new_migration_example', '2026-01-03 00:00:00.5'),
  (13, 'hand made: 100% "ü" \ 🧪', '1970-01-01 00:00:00');
INSERT INTO users (id, username, email, password_hash, created_at, updated_at) VALUES
  (11, 'admin', 'second@example.com', '', NULL, NULL),
  (12, 'third', 'admin@example.com', 'x', '2025-12-01 00:00:00', '2026-01-03 00:00:00'),
  (13, '', '', '', NULL, NULL), (14, 'fourth', 'admin@example.com', 'x', NULL, NULL), (15, '', '', 'x', NULL, NULL);
INSERT INTO volume_configuration (
  id, connection_id, base_volume_factor, target_average_positions, risk_percentage, created_at, updated_at
) VALUES
  ('vc-dup', '9f86d081884c7d659a2feaa0c55ad015', -2.123456, NULL, NULL, '2025-12-10 00:00:00', '2026-01-01 00:00:00'),
  ('vc-lost', 'gone', 123456789012.12345678, -1, 1.23456, NULL, NULL),
  ('vc-null', NULL, NULL, NULL, NULL, NULL, NULL),
  ('', '', 1, 1, 1, NULL, NULL);
INSERT INTO presets (id, name, description, is_active, created_at) VALUES
  ('', '', '', NULL, NULL),
  ('p ü"%\', '100% it''s', '日本', 1, '2025-12-01 00:00:00.123456');
INSERT INTO preset_configurations (id, preset_id, symbol, take_profit, stop_loss, profit_factor, is_active) VALUES
  ('pc-lost', 'gone', '', -1, 1.23456, NULL, NULL), ('', '', 'X', 0, 123456789012.12345678, -1, 1);
INSERT INTO trade_engine_state (id, connection_id, is_running, last_started_at, error_count, last_error) VALUES
  ('tes-dup', '9f86d081884c7d659a2feaa0c55ad015', 0, '2026-01-01 00:00:00', -1, ''),
  ('tes-lost', 'gone', 1, NULL, NULL, '{broken'),
  ('tes-null', NULL, NULL, NULL, 0, '"q" 100% \ 🚨');
ALTER TABLE presets ADD COLUMN "group" TEXT;
UPDATE presets SET "group" = 'mine' WHERE id = 'preset-a';
