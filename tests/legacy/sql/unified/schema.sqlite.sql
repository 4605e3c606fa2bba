-- unified_complete_setup.sql of 2026-01-30 on SQLite: 32 tables, its ledger among them (a counted id, names unique).
-- Peculiar: counted ids everywhere, connections too; base_pseudo_positions is another thing of the same name; orders and trades
-- belong to a connection; indications_optimal has neither range nor direction; e-mail addresses may be NULL.
CREATE TABLE IF NOT EXISTS migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, executed_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, email TEXT, password_hash TEXT NOT NULL,
  created_at TEXT DEFAULT CURRENT_TIMESTAMP, updated_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS exchanges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, is_active INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS exchange_connections (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  exchange TEXT NOT NULL,
  api_key TEXT NOT NULL,
  api_secret TEXT NOT NULL,
  api_passphrase TEXT,
  api_type TEXT DEFAULT 'perpetual_futures',
  position_type TEXT DEFAULT 'hedge',
  margin_mode TEXT DEFAULT 'cross',
  preset_type TEXT,
  is_enabled INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 0,
  testnet INTEGER DEFAULT 0,
  last_test_at TEXT,
  last_test_result TEXT,
  last_test_message TEXT,
  last_connection_at TEXT,
  minimum_connect_interval INTEGER DEFAULT 200,
  dual_mode_enabled INTEGER DEFAULT 0,
  dual_mode_settings TEXT,
  indication_direction INTEGER DEFAULT 1,
  indication_active_advanced INTEGER DEFAULT 0,
  connection_settings TEXT,
  created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (name, preset_type)
);
CREATE TABLE IF NOT EXISTS system_settings (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT, category TEXT DEFAULT 'general',
  updated_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS site_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT DEFAULT CURRENT_TIMESTAMP, level TEXT NOT NULL, category TEXT,
  message TEXT NOT NULL, details TEXT, stack TEXT, url TEXT, resolved INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS volume_configuration (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  volume_factor REAL DEFAULT 1.0, max_leverage INTEGER DEFAULT 125
);
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  status TEXT DEFAULT 'stopped', state TEXT, last_indication_run TEXT, indication_cycle_count INTEGER DEFAULT 0,
  updated_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS base_pseudo_positions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL, side TEXT NOT NULL, entry_price REAL NOT NULL, volume REAL, strategy_type TEXT, status TEXT DEFAULT 'open',
  created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS pseudo_positions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  base_position_id INTEGER,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  entry_price REAL NOT NULL,
  current_price REAL,
  volume REAL NOT NULL,
  profit_loss REAL DEFAULT 0,
  profit_loss_percent REAL DEFAULT 0,
  stop_loss REAL,
  take_profit REAL,
  status TEXT DEFAULT 'open',
  metadata TEXT,
  opened_at TEXT DEFAULT CURRENT_TIMESTAMP,
  closed_at TEXT
);
CREATE TABLE IF NOT EXISTS real_pseudo_positions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  main_config_id INTEGER, symbol TEXT NOT NULL, side TEXT, entry_price REAL NOT NULL, quantity REAL NOT NULL,
  is_validated INTEGER DEFAULT 0, status TEXT DEFAULT 'active', opened_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_types (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, description TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_type_sets (
  id TEXT PRIMARY KEY, preset_type_id TEXT NOT NULL, configuration_set_id TEXT NOT NULL, priority INTEGER DEFAULT 0,
  is_active INTEGER DEFAULT 1, added_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_configurations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, preset_type_id INTEGER REFERENCES preset_types(id),
  connection_id INTEGER REFERENCES exchange_connections(id), config_data TEXT, is_active INTEGER DEFAULT 1,
  created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS indication_states (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  state_key TEXT NOT NULL, state_value TEXT, updated_at TEXT DEFAULT CURRENT_TIMESTAMP, UNIQUE (connection_id, state_key)
);
CREATE TABLE IF NOT EXISTS indications (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL, indication_type TEXT NOT NULL, value REAL NOT NULL, metadata TEXT, calculated_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS indications_optimal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL, entry_price REAL, current_price REAL, optimization_score REAL, recommended_action TEXT, metadata TEXT,
  status TEXT DEFAULT 'active', calculated_at TEXT DEFAULT CURRENT_TIMESTAMP, closed_at TEXT
);
CREATE TABLE IF NOT EXISTS indications_direction (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, symbol TEXT, value REAL);
CREATE TABLE IF NOT EXISTS indications_move (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, symbol TEXT, value REAL);
CREATE TABLE IF NOT EXISTS indications_active (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, symbol TEXT, value REAL);
CREATE TABLE IF NOT EXISTS indications_auto (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, symbol TEXT, value REAL);
CREATE TABLE IF NOT EXISTS strategies_base (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, name TEXT);
CREATE TABLE IF NOT EXISTS strategies_main (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, name TEXT);
CREATE TABLE IF NOT EXISTS strategies_real (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, name TEXT);
CREATE TABLE IF NOT EXISTS market_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol TEXT NOT NULL, price REAL NOT NULL, bid REAL, ask REAL, high_24h REAL, low_24h REAL, volume REAL,
  timestamp TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS archived_market_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL, symbol TEXT NOT NULL, price REAL NOT NULL, volume REAL,
  timestamp TEXT NOT NULL, archived_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  exchange_order_id TEXT, symbol TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, price REAL, amount REAL NOT NULL,
  filled REAL DEFAULT 0, remaining REAL, status TEXT DEFAULT 'open', created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (connection_id, exchange_order_id)
);
CREATE TABLE IF NOT EXISTS trades (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, order_id INTEGER REFERENCES orders(id), symbol TEXT, price REAL, amount REAL
);
CREATE TABLE IF NOT EXISTS preset_strategies (
  id INTEGER PRIMARY KEY AUTOINCREMENT, preset_type_id INTEGER REFERENCES preset_types(id), name TEXT, is_active INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS connection_coordination (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE, state TEXT
);
CREATE TABLE IF NOT EXISTS data_cleanup_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, cleanup_type TEXT NOT NULL, records_cleaned INTEGER DEFAULT 0, status TEXT DEFAULT 'running',
  cleanup_started_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS performance_metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id INTEGER, metric TEXT, value REAL);
CREATE INDEX IF NOT EXISTS idx_unified_pseudo ON pseudo_positions (connection_id, status, opened_at DESC);
CREATE INDEX IF NOT EXISTS idx_unified_market ON market_data (connection_id, symbol, timestamp);
