-- An old installation whose connections were still counted: SERIAL on PostgreSQL, INTEGER AUTOINCREMENT on SQLite, with
-- every child by number and, on PostgreSQL, real foreign keys. Comes between scripts 001-017 and 018-023.
-- Peculiar: the ledger of the 2026-01-30 migration runner: migrations(id counted, name, executed_at), a row for each pass.
CREATE TABLE IF NOT EXISTS exchange_connections (
  id SERIAL PRIMARY KEY,
  user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,
  name VARCHAR(255) NOT NULL,
  exchange_id INTEGER REFERENCES exchanges(id),
  exchange VARCHAR(50),
  api_type VARCHAR(50) DEFAULT 'spot',
  connection_method VARCHAR(50) DEFAULT 'rest',
  api_key TEXT,
  api_secret TEXT,
  passphrase TEXT,
  margin_mode VARCHAR(20) DEFAULT 'cross',
  position_mode VARCHAR(20) DEFAULT 'hedge',
  is_testnet BOOLEAN DEFAULT false,
  is_enabled BOOLEAN DEFAULT false,
  is_live_trade BOOLEAN DEFAULT false,
  settings JSONB,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS presets (
  id SERIAL PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  indication_types JSONB NOT NULL DEFAULT '["direction","move","active"]',
  takeprofit_steps JSONB NOT NULL DEFAULT '[2,3,4,6,8,12]',
  min_profit_factor DECIMAL(5, 2) DEFAULT 0.4,
  is_active BOOLEAN DEFAULT true,
  created_by INTEGER REFERENCES users(id),
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS base_pseudo_positions (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  indication_type VARCHAR(50),
  indication_range INTEGER,
  direction VARCHAR(10),
  drawdown_ratio DECIMAL(10, 4),
  status VARCHAR(20) DEFAULT 'evaluating',
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS migrations (
  id SERIAL PRIMARY KEY,
  name VARCHAR(255) UNIQUE NOT NULL,
  executed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
