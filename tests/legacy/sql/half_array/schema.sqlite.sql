-- Half of the array of 2026-01-03 with its script files, after the initializer and the route: 36, and two of the three tables
-- of 37. Nothing of it is recorded: schema_migrations has the route's columns, so the INSERT of the mark failed.
-- Peculiar: a later version left its own ledger too, migrations(id, name, executed_at), numbered by its array.
CREATE TABLE IF NOT EXISTS base_pseudo_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL CHECK (indication_type = 'optimal'),
  indication_range INTEGER NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  drawdown_ratio REAL NOT NULL,
  market_change_range INTEGER NOT NULL,
  last_part_ratio REAL NOT NULL,
  status TEXT DEFAULT 'evaluating',
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
ALTER TABLE pseudo_positions ADD COLUMN base_position_id TEXT;
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
CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL, executed_at DATETIME DEFAULT CURRENT_TIMESTAMP);
