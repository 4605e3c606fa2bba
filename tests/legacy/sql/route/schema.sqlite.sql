-- The migrate route behind the Settings button, on SQLite: eight tables and the ledger by version.
-- Peculiar: ids by lower(hex(randomblob(16))), users without role and api_key and with nothing unique, trade_engine_state with
-- is_running instead of status, system_settings without categories, site_logs without category.
CREATE TABLE IF NOT EXISTS schema_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL UNIQUE, applied_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, email TEXT NOT NULL, password_hash TEXT NOT NULL,
  created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
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
  is_predefined INTEGER DEFAULT 0,
  volume_factor REAL DEFAULT 1.0,
  connection_priority INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS system_settings (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT,
  created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS volume_configuration (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  connection_id TEXT REFERENCES exchange_connections(id) ON DELETE CASCADE,
  base_volume_factor REAL DEFAULT 1.0,
  target_average_positions INTEGER DEFAULT 50,
  risk_percentage REAL DEFAULT 20.0,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS presets (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))), name TEXT NOT NULL, description TEXT, is_active INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_configurations (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  preset_id TEXT REFERENCES presets(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  take_profit REAL NOT NULL,
  stop_loss REAL NOT NULL,
  profit_factor REAL DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS site_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, level TEXT NOT NULL, message TEXT NOT NULL, context TEXT, timestamp TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  connection_id TEXT REFERENCES exchange_connections(id) ON DELETE CASCADE,
  is_running INTEGER DEFAULT 0,
  last_started_at TEXT,
  last_stopped_at TEXT,
  error_count INTEGER DEFAULT 0,
  last_error TEXT,
  updated_at TEXT DEFAULT (datetime('now'))
);
