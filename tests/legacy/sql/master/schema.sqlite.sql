-- 000_master_initialization.sql of 2026-01-30 on SQLite: 22 tables, and beside them the ledger of that time's array runner,
-- migrations(id, name, executed_at) with the number as id.
-- Peculiar: preset types with category and config, preset_configurations by preset type and connection, indication_states without
-- state_key, historical_data, and a table for each kind of indication and strategy.
CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL, executed_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL, password_hash TEXT NOT NULL,
  role TEXT DEFAULT 'user', is_active INTEGER DEFAULT 1, api_key TEXT UNIQUE, created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_types (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, category TEXT, config TEXT, is_active INTEGER DEFAULT 1, created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  exchange TEXT,
  api_type TEXT DEFAULT 'spot',
  connection_method TEXT DEFAULT 'rest',
  library_package TEXT,
  api_key TEXT,
  api_secret TEXT,
  api_passphrase TEXT,
  is_testnet INTEGER DEFAULT 0,
  is_enabled INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  preset_type_id TEXT REFERENCES preset_types(id),
  connection_priority TEXT,
  last_test_balance REAL,
  last_test_error TEXT,
  engine_running INTEGER DEFAULT 0,
  engine_started_at TEXT,
  engine_stopped_at TEXT,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now')),
  UNIQUE (user_id, name)
);
CREATE TABLE IF NOT EXISTS system_settings (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS site_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT DEFAULT (datetime('now')),
  level TEXT NOT NULL,
  category TEXT,
  message TEXT NOT NULL,
  details TEXT,
  context TEXT,
  stack TEXT,
  url TEXT,
  resolved INTEGER DEFAULT 0,
  user_id INTEGER,
  connection_id TEXT,
  error_message TEXT,
  error_stack TEXT,
  metadata TEXT,
  ip_address TEXT,
  user_agent TEXT
);
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  status TEXT DEFAULT 'stopped', prehistoric_data_loaded INTEGER DEFAULT 0, prehistoric_data_start TEXT, updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_configurations (
  id TEXT PRIMARY KEY,
  preset_type_id TEXT REFERENCES preset_types(id) ON DELETE CASCADE,
  connection_id TEXT REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol_mode TEXT DEFAULT 'main',
  forced_symbols TEXT,
  arrangement_type TEXT,
  arrangement_count INTEGER,
  indication_type TEXT,
  indication_params TEXT,
  strategy_type TEXT,
  strategy_params TEXT,
  volume_factor_ratio REAL,
  min_profit_factor REAL,
  max_drawdown_time_hours INTEGER,
  use_block INTEGER DEFAULT 0,
  use_dca INTEGER DEFAULT 0,
  use_trailing INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS pseudo_positions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  current_price REAL NOT NULL,
  quantity REAL NOT NULL,
  profit_factor REAL,
  trailing_enabled INTEGER DEFAULT 0,
  status TEXT DEFAULT 'active',
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT
);
CREATE TABLE IF NOT EXISTS indication_states (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, indication_type TEXT NOT NULL, symbol TEXT NOT NULL,
  direction TEXT, position_range TEXT, active_positions INTEGER DEFAULT 0, created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS historical_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, symbol TEXT NOT NULL, timeframe TEXT NOT NULL,
  timestamp TEXT NOT NULL, open REAL, high REAL, low REAL, close REAL NOT NULL, volume REAL
);
CREATE TABLE IF NOT EXISTS indications_optimal (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  range_value REAL,
  direction TEXT,
  drawdown_ratio REAL,
  market_change_range INTEGER,
  last_part_ratio REAL,
  profit_factor REAL,
  confidence REAL,
  status TEXT DEFAULT 'evaluating',
  calculated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS indications_direction (id TEXT PRIMARY KEY, connection_id TEXT, symbol TEXT, range_value REAL, calculated_at TEXT);
CREATE TABLE IF NOT EXISTS indications_move (id TEXT PRIMARY KEY, connection_id TEXT, symbol TEXT, range_value REAL, calculated_at TEXT);
CREATE TABLE IF NOT EXISTS indications_active (id TEXT PRIMARY KEY, connection_id TEXT, symbol TEXT, range_value REAL, calculated_at TEXT);
CREATE TABLE IF NOT EXISTS indications_auto (id TEXT PRIMARY KEY, connection_id TEXT, symbol TEXT, range_value REAL, calculated_at TEXT);
CREATE TABLE IF NOT EXISTS strategies_base (id TEXT PRIMARY KEY, indication_id TEXT, config TEXT);
CREATE TABLE IF NOT EXISTS strategies_main (id TEXT PRIMARY KEY, base_id TEXT REFERENCES strategies_base(id), config TEXT);
CREATE TABLE IF NOT EXISTS strategies_real (id TEXT PRIMARY KEY, main_id TEXT REFERENCES strategies_main(id), config TEXT);
CREATE TABLE IF NOT EXISTS strategies_block (id TEXT PRIMARY KEY, config TEXT);
CREATE TABLE IF NOT EXISTS strategies_dca (id TEXT PRIMARY KEY, config TEXT);
CREATE TABLE IF NOT EXISTS strategies_trailing (id TEXT PRIMARY KEY, config TEXT);
CREATE TABLE IF NOT EXISTS position_statistics (id TEXT PRIMARY KEY, connection_id TEXT REFERENCES exchange_connections(id), total INTEGER);
CREATE INDEX IF NOT EXISTS idx_master_positions ON pseudo_positions (connection_id, status, opened_at DESC) WHERE closed_at IS NULL;
