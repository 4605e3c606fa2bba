INSERT INTO schema_migrations (id, migration_id, migration_name, executed_at, version, applied_at) VALUES
  (1, 36, 'create_optimal_indication_tables', '2025-12-20 06:00:00', NULL, NULL),
  (2, 37, 'create_exchange_positions_table', '2025-12-20 06:00:00', NULL, NULL),
  (3, NULL, NULL, NULL, '001_create_users_table', '2025-11-01 08:00:00'),
  (4, NULL, NULL, NULL, '016_create_exchange_connections_table', '2025-11-01 08:00:00'),
  (5, NULL, NULL, NULL, '029_create_site_logs_table', '2025-12-05 10:00:00');
INSERT INTO migrations (id, name, "executedAt") VALUES
  ('036', 'create_optimal_indication_tables', '2026-01-30T06:00:00.000Z'),
  ('coordination', 'add coordination tables', '2026-01-30T06:00:01.250Z'),
  ('38', 'fix_pseudo_positions_schema', '2026-01-30 06:00:02');
