-- Three runners on one database, after the initializer: somebody gave schema_migrations the columns of both runners of 2026-01-03
-- by hand, so that neither failed any more, and the runner of lib/migration-runner.ts made migrations(id TEXT, name, executedAt).
-- Peculiar: one migration may be told by all three, at different times.
CREATE TABLE schema_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  migration_id INTEGER UNIQUE,
  migration_name TEXT,
  executed_at TEXT DEFAULT (datetime('now')),
  version TEXT UNIQUE,
  applied_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE migrations (id TEXT PRIMARY KEY, name TEXT NOT NULL, executedAt TEXT NOT NULL);
