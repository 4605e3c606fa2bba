INSERT INTO schema_migrations (id, migration_id, migration_name, executed_at, version, applied_at) VALUES
  (11, 57, 'new_migration_example', '2026-01-03 00:00:00', NULL, NULL),
  (12, NULL, NULL, NULL, NULL, NULL),
  (13, 38, '', NULL, '', '1970-01-01 00:00:00'),
  (14, 999, '100% "x" \ 🚀', '2026-01-03 00:00:00.5', '037', NULL);
INSERT INTO migrations (id, name, "executedAt") VALUES
  ('', '', ''),
  ('date', 'date only', '2026-01-30'),
  ('zone', 'with a zone', '2026-01-30T06:00:00.5+05:30'),
  ('garbage', 'ü', 'last week'),
  ('36', 'again', '2026-01-30 06:00:00+00:00');
