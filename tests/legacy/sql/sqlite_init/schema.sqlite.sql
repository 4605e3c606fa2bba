-- scripts/sqlite_init.sql, which the installer runs on an empty SQLite file: 19 tables, and no ledger.
-- Peculiar: configuration_sets instead of preset_configuration_sets, historical_data instead of market_data, indication_states
-- without state_key, intervals of preset types in seconds; counted ids but for connections.
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role TEXT DEFAULT 'user',
  is_active INTEGER DEFAULT 1,
  api_key TEXT UNIQUE,
  api_secret TEXT,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS exchanges (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  api_url TEXT NOT NULL,
  websocket_url TEXT,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_types (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  symbol_selection_mode TEXT DEFAULT 'main',
  symbols TEXT,
  symbol_limit INTEGER DEFAULT 10,
  max_positions_per_config INTEGER DEFAULT 1,
  position_timeout INTEGER DEFAULT 5,
  coordination_timeout INTEGER DEFAULT 10,
  evaluation_update_interval INTEGER DEFAULT 10800,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  exchange TEXT,
  exchange_id INTEGER REFERENCES exchanges(id),
  api_type TEXT DEFAULT 'spot',
  connection_method TEXT DEFAULT 'rest',
  library_package TEXT DEFAULT 'ccxt',
  api_key TEXT,
  api_secret TEXT,
  api_passphrase TEXT,
  margin_type TEXT DEFAULT 'cross',
  position_mode TEXT DEFAULT 'hedge',
  is_testnet INTEGER DEFAULT 0,
  is_enabled INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  is_live_trade INTEGER DEFAULT 0,
  is_preset_trade INTEGER DEFAULT 0,
  preset_type_id INTEGER REFERENCES preset_types(id),
  volume_factor REAL DEFAULT 1.0,
  connection_settings TEXT,
  connection_priority TEXT DEFAULT '["rest"]',
  last_test_timestamp TEXT,
  last_test_status TEXT,
  last_test_balance REAL,
  last_test_error TEXT,
  last_test_log TEXT,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now')),
  UNIQUE (user_id, name)
);
CREATE TABLE IF NOT EXISTS system_settings (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT,
  created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS site_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT DEFAULT (datetime('now')),
  level TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'warning', 'error', 'critical')),
  category TEXT,
  message TEXT NOT NULL,
  context TEXT,
  user_id INTEGER,
  connection_id TEXT,
  stack TEXT,
  ip_address TEXT,
  user_agent TEXT
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
  position_cost REAL NOT NULL,
  takeprofit_factor REAL NOT NULL,
  stoploss_ratio REAL NOT NULL,
  profit_factor REAL NOT NULL,
  trailing_enabled INTEGER DEFAULT 0,
  trail_start REAL,
  trail_stop REAL,
  status TEXT DEFAULT 'active',
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT
);
CREATE TABLE IF NOT EXISTS real_pseudo_positions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  indication_id INTEGER,
  strategy_id INTEGER,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  current_price REAL,
  quantity REAL NOT NULL,
  takeprofit_price REAL,
  stoploss_price REAL,
  trail_update REAL,
  highest_price REAL,
  lowest_price REAL,
  status TEXT DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT
);
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  status TEXT DEFAULT 'stopped' CHECK (status IN ('starting', 'running', 'stopped', 'paused', 'error')),
  started_at TEXT,
  prehistoric_data_loaded INTEGER DEFAULT 0,
  last_indication_run TEXT,
  error_message TEXT,
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS presets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  indication_types TEXT,
  position_ranges TEXT,
  partial_positions_counts TEXT,
  trailing_enabled INTEGER DEFAULT 1,
  block_enabled INTEGER DEFAULT 1,
  dca_enabled INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS configuration_sets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  indication_type TEXT NOT NULL,
  indication_params TEXT,
  indication_ranges TEXT,
  position_ranges TEXT,
  trailing_config TEXT,
  calculation_settings TEXT,
  evaluation_settings TEXT,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_type_sets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  preset_type_id INTEGER NOT NULL REFERENCES preset_types(id) ON DELETE CASCADE,
  configuration_set_id INTEGER NOT NULL REFERENCES configuration_sets(id) ON DELETE CASCADE,
  is_enabled INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_real_trades (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  preset_type_id INTEGER NOT NULL REFERENCES preset_types(id),
  configuration_set_id INTEGER REFERENCES configuration_sets(id),
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  exit_price REAL,
  quantity REAL NOT NULL,
  pnl REAL DEFAULT 0,
  status TEXT DEFAULT 'open',
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT
);
CREATE TABLE IF NOT EXISTS indication_states (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL,
  indication_type TEXT NOT NULL,
  symbol TEXT NOT NULL,
  direction TEXT,
  position_range TEXT,
  active_positions INTEGER DEFAULT 0,
  last_position_at TEXT,
  cooldown_until TEXT,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS indications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL,
  timeframe TEXT DEFAULT '1h',
  value REAL NOT NULL,
  profit_factor REAL,
  confidence REAL,
  metadata TEXT,
  calculated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS historical_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  volume REAL NOT NULL,
  UNIQUE (connection_id, symbol, timeframe, timestamp)
);
CREATE TABLE IF NOT EXISTS position_limits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT REFERENCES exchange_connections(id), symbol TEXT, max_positions INTEGER
);
CREATE TABLE IF NOT EXISTS strategies (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT REFERENCES exchange_connections(id), name TEXT NOT NULL, type TEXT,
  config TEXT, is_enabled INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS preset_coordination_results (
  id INTEGER PRIMARY KEY AUTOINCREMENT, preset_type_id INTEGER REFERENCES preset_types(id), symbol TEXT, profit_factor REAL
);
CREATE INDEX IF NOT EXISTS idx_pseudo_positions_connection ON pseudo_positions (connection_id);
CREATE INDEX IF NOT EXISTS idx_historical_time ON historical_data (timestamp DESC);
