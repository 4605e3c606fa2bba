-- The inline DDL of lib/database.ts and lib/db-initializer.ts, run at every start of the application, and the preset tables
-- of lib/db-migrations-additions.ts. Keeps no ledger.
-- Peculiar: text ids without a default, ten columns in exchange_connections and its keys NOT NULL, pseudo_positions with
-- counters that no other shape has; logs and errors beside site_logs; times are TIMESTAMP without zone.
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  exchange TEXT NOT NULL,
  api_type TEXT NOT NULL,
  connection_method TEXT NOT NULL,
  api_key TEXT NOT NULL,
  api_secret TEXT NOT NULL,
  is_enabled BOOLEAN DEFAULT false,
  is_live_trade BOOLEAN DEFAULT false,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
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
  takeprofit_factor DECIMAL(20, 8),
  stoploss_ratio DECIMAL(20, 8),
  trailing_enabled BOOLEAN DEFAULT false,
  trail_start DECIMAL(20, 8),
  trail_stop DECIMAL(20, 8),
  entry_price DECIMAL(20, 8) NOT NULL,
  current_price DECIMAL(20, 8),
  profit_factor DECIMAL(20, 8),
  position_cost DECIMAL(20, 8),
  status TEXT DEFAULT 'active',
  position_age_seconds INTEGER DEFAULT 0,
  last_update_interval INTEGER,
  avg_update_interval DECIMAL(20, 8),
  total_updates INTEGER DEFAULT 0,
  initial_profit_factor DECIMAL(20, 8),
  max_profit_factor DECIMAL(20, 8),
  min_profit_factor DECIMAL(20, 8),
  avg_profit_factor DECIMAL(20, 8),
  profit_factor_volatility DECIMAL(20, 8),
  last_check_timestamp TIMESTAMP,
  checks_per_minute DECIMAL(20, 8),
  price_updates_count INTEGER DEFAULT 0,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS real_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  exchange_position_id TEXT,
  symbol TEXT NOT NULL,
  strategy_type TEXT NOT NULL,
  volume DECIMAL(20, 8) NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  current_price DECIMAL(20, 8) NOT NULL,
  takeprofit DECIMAL(20, 8),
  stoploss DECIMAL(20, 8),
  profit_loss DECIMAL(20, 8) NOT NULL,
  status TEXT DEFAULT 'open',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP,
  indication_type TEXT,
  indication_range INTEGER,
  total_checks INTEGER DEFAULT 0,
  max_profit DECIMAL(20, 8)
);
CREATE TABLE IF NOT EXISTS system_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS site_logs (
  id SERIAL PRIMARY KEY,
  timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
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
  id SERIAL PRIMARY KEY, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, level TEXT NOT NULL, category TEXT NOT NULL, message TEXT NOT NULL, details TEXT
);
CREATE TABLE IF NOT EXISTS errors (
  id SERIAL PRIMARY KEY, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, type TEXT NOT NULL, message TEXT NOT NULL, stack TEXT, context TEXT, resolved BOOLEAN DEFAULT false
);
CREATE TABLE IF NOT EXISTS market_data (
  id SERIAL PRIMARY KEY, connection_id TEXT NOT NULL, symbol TEXT NOT NULL, price DECIMAL(20, 8) NOT NULL, volume DECIMAL(20, 8), timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_trade_engine_state (
  connection_id TEXT NOT NULL, preset_id TEXT NOT NULL, status TEXT DEFAULT 'stopped', started_at TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (connection_id, preset_id)
);
CREATE TABLE IF NOT EXISTS preset_trades (
  id TEXT PRIMARY KEY,
  preset_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  exit_price DECIMAL(20, 8),
  quantity DECIMAL(20, 8) NOT NULL,
  takeprofit DECIMAL(20, 8),
  stoploss DECIMAL(20, 8),
  indicator_type TEXT NOT NULL,
  indicator_params TEXT,
  profit_loss DECIMAL(20, 8),
  status TEXT DEFAULT 'open',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS idx_pseudo_status ON pseudo_positions (status, created_at DESC);
CREATE INDEX IF NOT EXISTS idx_market_data_symbol ON market_data (connection_id, symbol, timestamp);
