-- The inline DDL of lib/database.ts and lib/db-initializer.ts, run at every start of the application, and the preset tables
-- of lib/db-migrations-additions.ts. Keeps no ledger.
-- Peculiar: text ids without a default, ten columns in exchange_connections and its keys NOT NULL, pseudo_positions with
-- counters that no other shape has; logs and errors beside site_logs; times are text, switches are INTEGER.
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  exchange TEXT NOT NULL,
  api_type TEXT NOT NULL,
  connection_method TEXT NOT NULL,
  api_key TEXT NOT NULL,
  api_secret TEXT NOT NULL,
  is_enabled INTEGER DEFAULT 0,
  is_live_trade INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS pseudo_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL,
  indication_range INTEGER,
  indication_interval INTEGER,
  indication_timeout INTEGER,
  strategy_step INTEGER,
  strategy_interval INTEGER,
  takeprofit_factor REAL,
  stoploss_ratio REAL,
  trailing_enabled INTEGER DEFAULT 0,
  trail_start REAL,
  trail_stop REAL,
  entry_price REAL NOT NULL,
  current_price REAL,
  profit_factor REAL,
  position_cost REAL,
  status TEXT DEFAULT 'active',
  position_age_seconds INTEGER DEFAULT 0,
  last_update_interval INTEGER,
  avg_update_interval REAL,
  total_updates INTEGER DEFAULT 0,
  initial_profit_factor REAL,
  max_profit_factor REAL,
  min_profit_factor REAL,
  avg_profit_factor REAL,
  profit_factor_volatility REAL,
  last_check_timestamp TEXT,
  checks_per_minute REAL,
  price_updates_count INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS real_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  exchange_position_id TEXT,
  symbol TEXT NOT NULL,
  strategy_type TEXT NOT NULL,
  volume REAL NOT NULL,
  entry_price REAL NOT NULL,
  current_price REAL NOT NULL,
  takeprofit REAL,
  stoploss REAL,
  profit_loss REAL NOT NULL,
  status TEXT DEFAULT 'open',
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT,
  indication_type TEXT,
  indication_range INTEGER,
  total_checks INTEGER DEFAULT 0,
  max_profit REAL
);
CREATE TABLE IF NOT EXISTS system_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT DEFAULT (datetime('now')));
CREATE TABLE IF NOT EXISTS site_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT DEFAULT (datetime('now')),
  level TEXT NOT NULL,
  category TEXT NOT NULL,
  message TEXT NOT NULL,
  context TEXT,
  user_id TEXT,
  connection_id TEXT,
  error_message TEXT,
  error_stack TEXT,
  metadata TEXT
);
CREATE TABLE IF NOT EXISTS logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT DEFAULT (datetime('now')), level TEXT NOT NULL, category TEXT NOT NULL, message TEXT NOT NULL, details TEXT
);
CREATE TABLE IF NOT EXISTS errors (
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT DEFAULT (datetime('now')), type TEXT NOT NULL, message TEXT NOT NULL, stack TEXT, context TEXT, resolved INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS market_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, symbol TEXT NOT NULL, price REAL NOT NULL, volume REAL, timestamp TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS preset_trade_engine_state (
  connection_id TEXT NOT NULL, preset_id TEXT NOT NULL, status TEXT DEFAULT 'stopped', started_at TEXT, updated_at TEXT DEFAULT (datetime('now')),
  PRIMARY KEY (connection_id, preset_id)
);
CREATE TABLE IF NOT EXISTS preset_trades (
  id TEXT PRIMARY KEY,
  preset_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  exit_price REAL,
  quantity REAL NOT NULL,
  takeprofit REAL,
  stoploss REAL,
  indicator_type TEXT NOT NULL,
  indicator_params TEXT,
  profit_loss REAL,
  status TEXT DEFAULT 'open',
  opened_at TEXT DEFAULT (datetime('now')),
  closed_at TEXT
);
CREATE INDEX IF NOT EXISTS idx_pseudo_status ON pseudo_positions (status, created_at DESC);
CREATE INDEX IF NOT EXISTS idx_market_data_symbol ON market_data (connection_id, symbol, timestamp);
