-- The ledger as the array runner of 2026-01-03 makes it at start-up: by number.
CREATE TABLE IF NOT EXISTS schema_migrations (
  id SERIAL PRIMARY KEY,
  migration_id INTEGER UNIQUE NOT NULL,
  migration_name VARCHAR(255) NOT NULL,
  executed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
