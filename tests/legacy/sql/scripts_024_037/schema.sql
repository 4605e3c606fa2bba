-- Numbered scripts 022 to 037 that need no integer connection: they run on both databases.
-- Peculiar: base_pseudo_positions knows one type only; preset_pseudo_positions is script 025's, since IF NOT EXISTS keeps
-- the first; references to presets and connections are mostly not declared.
CREATE TABLE IF NOT EXISTS preset_trade_engine_state (
  connection_id TEXT NOT NULL,
  preset_id TEXT NOT NULL,
  status TEXT DEFAULT 'stopped',
  testing_progress INTEGER DEFAULT 0,
  testing_message TEXT,
  error_message TEXT,
  started_at TIMESTAMP,
  stopped_at TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (connection_id, preset_id)
);
CREATE TABLE IF NOT EXISTS indication_states (
  id SERIAL PRIMARY KEY,
  state_key VARCHAR(255) UNIQUE NOT NULL,
  validated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_pseudo_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  preset_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('base', 'main', 'real', 'active')),
  indication_type TEXT NOT NULL CHECK (indication_type IN ('direction', 'move', 'active')),
  indication_range INTEGER NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  trailing_enabled BOOLEAN DEFAULT false,
  entry_price DECIMAL(20, 8) NOT NULL,
  current_price DECIMAL(20, 8) NOT NULL,
  position_cost DECIMAL(20, 8) NOT NULL DEFAULT 0.001,
  profit_loss DECIMAL(20, 8) DEFAULT 0,
  base_position_id TEXT,
  main_position_id TEXT,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed', 'archived')),
  close_reason TEXT,
  opened_at TIMESTAMP NOT NULL,
  closed_at TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_types (
  id VARCHAR(21) PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  preset_trade_type VARCHAR(50) DEFAULT 'automatic',
  max_positions_per_indication INTEGER DEFAULT 1,
  max_positions_per_direction INTEGER DEFAULT 1,
  timeout_per_indication INTEGER DEFAULT 5,
  timeout_after_position INTEGER DEFAULT 10,
  block_enabled BOOLEAN DEFAULT false,
  dca_enabled BOOLEAN DEFAULT false,
  auto_evaluate BOOLEAN DEFAULT true,
  evaluation_interval_hours INTEGER DEFAULT 3,
  last_evaluation_at TIMESTAMP,
  is_active BOOLEAN DEFAULT true,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_type_sets (
  id VARCHAR(21) PRIMARY KEY,
  preset_type_id VARCHAR(21) NOT NULL,
  configuration_set_id VARCHAR(21) NOT NULL,
  priority INTEGER DEFAULT 0,
  is_active BOOLEAN DEFAULT true,
  added_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_real_trades (
  id VARCHAR(21) PRIMARY KEY,
  connection_id VARCHAR(255) NOT NULL,
  preset_type_id VARCHAR(21) NOT NULL,
  configuration_set_id VARCHAR(21),
  symbol VARCHAR(50) NOT NULL,
  direction VARCHAR(10) NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  exit_price DECIMAL(20, 8),
  quantity DECIMAL(20, 8) NOT NULL,
  leverage INTEGER DEFAULT 1,
  indication_type VARCHAR(50) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  profit_loss DECIMAL(20, 8) DEFAULT 0,
  status VARCHAR(20) DEFAULT 'open',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS base_pseudo_positions (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  indication_type TEXT NOT NULL CHECK (indication_type = 'optimal'),
  indication_range INTEGER NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  drawdown_ratio DECIMAL(10, 4) NOT NULL,
  market_change_range INTEGER NOT NULL,
  last_part_ratio DECIMAL(10, 4) NOT NULL,
  activity_calculated INTEGER,
  activity_lastpart INTEGER,
  total_positions INTEGER DEFAULT 0,
  winning_positions INTEGER DEFAULT 0,
  win_rate DECIMAL(10, 4) DEFAULT 0,
  status TEXT DEFAULT 'evaluating',
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_balance_history (
  id SERIAL PRIMARY KEY, preset_id TEXT, connection_id TEXT, balance DECIMAL(20, 8), recorded_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_coordination_results (
  id VARCHAR(21) PRIMARY KEY, preset_type_id VARCHAR(21), symbol VARCHAR(50), profit_factor DECIMAL(10, 4), is_valid BOOLEAN
);
CREATE TABLE IF NOT EXISTS auto_optimal_configurations (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, configuration JSONB
);
CREATE TABLE IF NOT EXISTS market_cap_rankings (symbol VARCHAR(50) PRIMARY KEY, "rank" INTEGER, market_cap DECIMAL(30, 2));
