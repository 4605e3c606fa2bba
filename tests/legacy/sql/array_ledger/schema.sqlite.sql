-- The ledger as the array runner of 2026-01-03 makes it at start-up: by number.
CREATE TABLE IF NOT EXISTS schema_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  migration_id INTEGER UNIQUE NOT NULL,
  migration_name TEXT NOT NULL,
  executed_at TEXT DEFAULT (datetime('now'))
);
