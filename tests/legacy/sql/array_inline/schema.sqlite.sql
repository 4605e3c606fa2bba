-- The array runner of 2026-01-03 where the scripts were not deployed, so that it ran its inline SQL, after the initializer:
-- 36 to 55 succeeded, and 56 failed, because it alters a table that nothing creates.
-- Peculiar: base_pseudo_positions without connection_id and with phase; live positions without foreign keys; 55 made the stray
-- preset_trade_engine_states instead of the three preset tables.
CREATE TABLE IF NOT EXISTS base_pseudo_positions (
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL,
  indication_range INTEGER NOT NULL,
  direction TEXT NOT NULL,
  drawdown_ratio REAL NOT NULL,
  market_change_range INTEGER NOT NULL,
  last_part_ratio REAL NOT NULL,
  total_positions INTEGER DEFAULT 0,
  winning_positions INTEGER DEFAULT 0,
  win_rate REAL DEFAULT 0,
  status TEXT DEFAULT 'evaluating',
  phase INTEGER DEFAULT 1,
  last_position_at DATETIME,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio)
);
ALTER TABLE pseudo_positions ADD COLUMN base_position_id TEXT;
ALTER TABLE pseudo_positions ADD COLUMN drawdown_ratio REAL;
ALTER TABLE pseudo_positions ADD COLUMN market_change_range INTEGER;
ALTER TABLE pseudo_positions ADD COLUMN last_part_ratio REAL;
CREATE TABLE IF NOT EXISTS active_exchange_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  real_pseudo_position_id TEXT NOT NULL,
  main_pseudo_position_id TEXT,
  base_pseudo_position_id TEXT,
  exchange_id TEXT NOT NULL UNIQUE,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  current_price REAL NOT NULL,
  quantity REAL NOT NULL,
  volume_usd REAL NOT NULL,
  leverage INTEGER DEFAULT 1,
  trailing_enabled INTEGER DEFAULT 0,
  unrealized_pnl REAL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'open',
  opened_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  closed_at DATETIME,
  sync_status TEXT DEFAULT 'synced',
  trade_mode TEXT NOT NULL,
  indication_type TEXT
);
CREATE TABLE IF NOT EXISTS exchange_position_coordination_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL,
  exchange_position_id TEXT,
  event_type TEXT NOT NULL,
  event_data TEXT,
  success INTEGER DEFAULT true,
  event_timestamp DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS exchange_position_statistics (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  indication_type TEXT,
  trade_mode TEXT NOT NULL,
  period_start DATETIME NOT NULL,
  period_end DATETIME NOT NULL,
  period_hours INTEGER NOT NULL,
  total_positions INTEGER DEFAULT 0,
  total_pnl REAL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS archived_market_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, symbol TEXT NOT NULL, price NUMERIC(20, 8) NOT NULL, volume NUMERIC(20, 8), timestamp DATETIME NOT NULL, archived_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS data_cleanup_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, cleanup_type TEXT NOT NULL, records_cleaned INTEGER DEFAULT 0, records_archived INTEGER, cleanup_started_at DATETIME DEFAULT CURRENT_TIMESTAMP, status TEXT DEFAULT 'running'
);
CREATE TABLE IF NOT EXISTS preset_trade_engine_states (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, symbol TEXT NOT NULL, state TEXT, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP, UNIQUE (connection_id, symbol)
);
