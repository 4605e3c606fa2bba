-- The migrate route behind the Settings button, on PostgreSQL: eight tables and the ledger by version.
-- PostgreSQL refuses the route's own DDL because of lower(hex(randomblob(16))), so somebody had put in its SQLite tables by hand.
-- Peculiar: text ids without a default, times and some numbers and switches as TEXT, other switches as INTEGER; users without
-- role and api_key and with nothing unique, trade_engine_state with is_running instead of status, system_settings without
-- categories, site_logs without category.
CREATE TABLE IF NOT EXISTS schema_migrations (
  id SERIAL PRIMARY KEY, version VARCHAR(255) NOT NULL UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS users (
  id SERIAL PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL, password_hash TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  exchange TEXT NOT NULL,
  api_type TEXT DEFAULT 'perpetual_futures',
  connection_library TEXT DEFAULT 'native',
  api_key TEXT,
  api_secret TEXT,
  margin_type TEXT DEFAULT 'cross',
  position_mode TEXT DEFAULT 'hedge',
  testnet INTEGER DEFAULT 0,
  is_enabled INTEGER DEFAULT 0,
  is_predefined TEXT DEFAULT '0',
  volume_factor DECIMAL(20, 8) DEFAULT 1.0,
  connection_priority INTEGER DEFAULT 0,
  created_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
  updated_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS system_settings (
  id SERIAL PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT,
  created_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
  updated_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS volume_configuration (
  id TEXT PRIMARY KEY,
  connection_id TEXT REFERENCES exchange_connections(id) ON DELETE CASCADE,
  base_volume_factor DECIMAL(20, 8) DEFAULT 1.0,
  target_average_positions INTEGER DEFAULT 50,
  risk_percentage DECIMAL(20, 8) DEFAULT 20.0,
  created_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
  updated_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS presets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, is_active INTEGER DEFAULT 0,
  created_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
  updated_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS preset_configurations (
  id TEXT PRIMARY KEY,
  preset_id TEXT REFERENCES presets(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  take_profit REAL NOT NULL,
  stop_loss TEXT NOT NULL,
  profit_factor DECIMAL(20, 8) DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS site_logs (
  id SERIAL PRIMARY KEY, level TEXT NOT NULL, message TEXT NOT NULL, context TEXT,
  timestamp TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id TEXT PRIMARY KEY,
  connection_id TEXT REFERENCES exchange_connections(id) ON DELETE CASCADE,
  is_running INTEGER DEFAULT 0,
  last_started_at TEXT,
  last_stopped_at TEXT,
  error_count INTEGER DEFAULT 0,
  last_error TEXT,
  updated_at TEXT DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
);
