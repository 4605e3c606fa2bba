-- What the numbered scripts of 2026-01-03 left on SQLite after all others: the live positions of 037. See numbered_connections.
CREATE TABLE IF NOT EXISTS active_exchange_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  real_pseudo_position_id TEXT NOT NULL,
  main_pseudo_position_id TEXT,
  base_pseudo_position_id TEXT,
  exchange_id TEXT NOT NULL UNIQUE,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('long', 'short')),
  entry_price REAL NOT NULL,
  current_price REAL NOT NULL,
  quantity REAL NOT NULL,
  volume_usd REAL NOT NULL,
  leverage INTEGER DEFAULT 1,
  takeprofit REAL,
  stoploss REAL,
  trailing_enabled INTEGER DEFAULT 0,
  trail_activated INTEGER DEFAULT 0,
  unrealized_pnl REAL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'open',
  opened_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  closed_at DATETIME,
  sync_status TEXT DEFAULT 'synced',
  trade_mode TEXT NOT NULL,
  indication_type TEXT,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (connection_id) REFERENCES exchange_connections(id) ON DELETE CASCADE,
  FOREIGN KEY (real_pseudo_position_id) REFERENCES real_pseudo_positions(id)
);
CREATE TABLE IF NOT EXISTS exchange_position_coordination_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id TEXT NOT NULL,
  exchange_position_id TEXT,
  event_type TEXT NOT NULL,
  event_data TEXT,
  old_state TEXT,
  new_state TEXT,
  success INTEGER DEFAULT 1,
  event_timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
  triggered_by TEXT
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
  total_pnl REAL DEFAULT 0,
  win_rate REAL DEFAULT 0,
  UNIQUE (connection_id, symbol, indication_type, trade_mode, period_start)
);
CREATE VIEW IF NOT EXISTS v_active_exchange_positions_monitoring AS
  SELECT a.id, a.symbol, a.entry_price, a.current_price, c.name AS connection_name
    FROM active_exchange_positions a JOIN exchange_connections c ON c.id = a.connection_id WHERE a.status = 'open';
