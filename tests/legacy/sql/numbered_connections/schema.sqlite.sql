-- All 71 numbered scripts of 2026-01-03 on SQLite, each failing statement skipped: what 016 and 037 left, with the columns
-- that plain ADD COLUMN brought. No ledger: nothing that ran these files keeps one.
-- Peculiar: ids of connections are text, but their children (scripts 018 to 023) declare INTEGER; presets and
-- preset_configuration_sets are missing, although others refer to them.
CREATE TABLE IF NOT EXISTS exchange_connections (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  exchange TEXT,
  exchange_id INTEGER REFERENCES exchanges(id),
  api_type TEXT DEFAULT 'perpetual_futures',
  connection_method TEXT DEFAULT 'rest',
  connection_library TEXT DEFAULT 'native',
  api_key TEXT,
  api_secret TEXT,
  margin_type TEXT DEFAULT 'cross',
  position_mode TEXT DEFAULT 'hedge',
  testnet BOOLEAN DEFAULT false,
  is_enabled BOOLEAN DEFAULT false,
  is_live_trade BOOLEAN DEFAULT false,
  is_predefined BOOLEAN DEFAULT false,
  volume_factor REAL DEFAULT 1.0,
  connection_priority INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')),
  updated_at TEXT DEFAULT (datetime('now')),
  connection_settings JSONB DEFAULT '{}',
  is_preset_trade BOOLEAN DEFAULT false,
  last_test_at TEXT,
  last_test_status TEXT,
  last_test_log TEXT,
  api_capabilities TEXT,
  is_active BOOLEAN DEFAULT false,
  indication_active_advanced BOOLEAN DEFAULT false
);
