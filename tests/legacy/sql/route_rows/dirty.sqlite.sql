INSERT INTO users (id, username, email, password_hash, created_at, updated_at) VALUES
  (21, 'blob', x'00ff', 42, '2026-01-03T01:00:00.000Z', 'yesterday');
INSERT INTO volume_configuration (id, connection_id, base_volume_factor, target_average_positions, created_at, updated_at) VALUES
  (NULL, 'okx-demo', '2.5', 'fifty', '2026-01-03T01:00:00+02:00', '2026-01-03'), (17, 'okx-demo', 'n/a', '40', '', 'x');
INSERT INTO presets (id, name, is_active, created_at, updated_at) VALUES
  ('words', x'01', 'true', '2026-01-03T01:00:00Z', '2026-01-03 01:00:00+02:00'),
  ('two', 'two', 2, '2026-01-03', 'x');
INSERT INTO trade_engine_state (id, connection_id, is_running, last_started_at, last_error) VALUES
  ('tes-yes', 'okx-demo', 'yes', '2026-01-02T08:00:00.000Z', x'00'), ('tes-text', 'okx-demo', 'false', 'never', 7);
INSERT INTO schema_migrations (id, version, applied_at) VALUES (21, x'00', '2026-01-03T00:00:00Z'), (22, 36, 'x');
CREATE TRIGGER presets_log AFTER DELETE ON presets BEGIN
  UPDATE volume_configuration SET updated_at = datetime('now');
END;
