-- Numbered scripts 018, 019, 021 and 023: children with an INTEGER connection_id, and presets by number.
-- Peculiar: PostgreSQL refuses them all where exchange_connections.id is text, SQLite takes them. Later scripts added
-- state_key, mode, position_level, base_position_id and the activity columns to pseudo_positions.
CREATE TABLE IF NOT EXISTS trade_engine_state (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  status VARCHAR(20) DEFAULT 'stopped',
  last_indication_run TIMESTAMP,
  last_strategy_run TIMESTAMP,
  last_realtime_run TIMESTAMP,
  main_cycle_count INTEGER DEFAULT 0,
  error_message TEXT,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS indications (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  indication_type VARCHAR(50) NOT NULL,
  timeframe VARCHAR(10) DEFAULT '1h',
  mode VARCHAR(10) DEFAULT 'main',
  value DECIMAL(20, 8) NOT NULL,
  profit_factor DECIMAL(10, 4),
  confidence DECIMAL(5, 2),
  metadata JSONB,
  calculated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS pseudo_positions (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  indication_type VARCHAR(50) NOT NULL,
  side VARCHAR(10) NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  current_price DECIMAL(20, 8) NOT NULL,
  quantity DECIMAL(20, 8) NOT NULL,
  position_cost DECIMAL(20, 8) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  profit_factor DECIMAL(10, 4) NOT NULL,
  trailing_enabled BOOLEAN DEFAULT false,
  trail_start DECIMAL(10, 4),
  trail_stop DECIMAL(10, 4),
  status VARCHAR(20) DEFAULT 'active',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  state_key VARCHAR(255),
  indication_range INTEGER,
  direction VARCHAR(10),
  mode VARCHAR(10) DEFAULT 'main',
  base_position_id TEXT,
  position_level VARCHAR(10) DEFAULT 'base',
  type VARCHAR(20) DEFAULT 'base',
  activity_ratio DECIMAL(10, 4),
  eight_hour_trend VARCHAR(20),
  dca_step INTEGER DEFAULT 1
);
CREATE INDEX IF NOT EXISTS idx_pseudo_positions_connection ON pseudo_positions (connection_id, status);
CREATE INDEX IF NOT EXISTS idx_pseudo_positions_symbol ON pseudo_positions (symbol);
CREATE INDEX IF NOT EXISTS idx_pseudo_positions_open ON pseudo_positions (opened_at DESC) WHERE status = 'active';
CREATE TABLE IF NOT EXISTS backtest_results (
  id SERIAL PRIMARY KEY,
  preset_id INTEGER,
  connection_id INTEGER REFERENCES exchange_connections(id) ON DELETE CASCADE,
  start_date TIMESTAMP NOT NULL,
  end_date TIMESTAMP NOT NULL,
  symbols JSONB NOT NULL,
  total_trades INTEGER DEFAULT 0,
  win_rate DECIMAL(5, 2),
  net_profit DECIMAL(20, 8) DEFAULT 0,
  max_drawdown_duration_hours INTEGER,
  status VARCHAR(20) DEFAULT 'pending',
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  completed_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS volume_configuration (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER REFERENCES exchange_connections(id) ON DELETE CASCADE,
  base_volume_factor DECIMAL(5, 2) DEFAULT 1.0 CHECK (base_volume_factor >= 1 AND base_volume_factor <= 10),
  max_leverage INTEGER DEFAULT 125,
  positions_average INTEGER DEFAULT 50,
  risk_percentage DECIMAL(5, 2) DEFAULT 20.0,
  enforce_min_volume BOOLEAN DEFAULT true,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS data_sync_log (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  data_type VARCHAR(50) NOT NULL,
  sync_start TIMESTAMP NOT NULL,
  sync_end TIMESTAMP NOT NULL,
  records_synced INTEGER DEFAULT 0,
  status VARCHAR(20) NOT NULL,
  error_message TEXT,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS position_volume_calculations (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  base_volume_factor DECIMAL(5, 2) NOT NULL,
  leverage INTEGER NOT NULL,
  calculated_volume DECIMAL(20, 8) NOT NULL,
  exchange_min_volume DECIMAL(20, 8),
  final_volume DECIMAL(20, 8) NOT NULL,
  volume_adjusted BOOLEAN DEFAULT false,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_test_results (
  id SERIAL PRIMARY KEY,
  preset_id INTEGER NOT NULL,
  config_id VARCHAR(255) NOT NULL,
  indicator_type VARCHAR(50) NOT NULL,
  indicator_params JSONB NOT NULL,
  symbol VARCHAR(50) NOT NULL,
  timeframe VARCHAR(10) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  profit_factor DECIMAL(10, 4) NOT NULL,
  win_rate DECIMAL(5, 2) NOT NULL,
  total_trades INTEGER DEFAULT 0,
  is_validated BOOLEAN DEFAULT false,
  tested_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_active_configs (
  id SERIAL PRIMARY KEY,
  preset_id INTEGER NOT NULL,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  config_id VARCHAR(255) NOT NULL,
  test_result_id INTEGER REFERENCES preset_test_results(id) ON DELETE SET NULL,
  indicator_type VARCHAR(50) NOT NULL,
  indicator_params JSONB,
  symbol VARCHAR(50) NOT NULL,
  timeframe VARCHAR(10) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  profit_factor DECIMAL(10, 4) NOT NULL,
  win_rate DECIMAL(5, 2) NOT NULL,
  is_active BOOLEAN DEFAULT true,
  activated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_trades (
  id SERIAL PRIMARY KEY,
  preset_id INTEGER NOT NULL,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  active_config_id INTEGER REFERENCES preset_active_configs(id) ON DELETE SET NULL,
  symbol VARCHAR(50) NOT NULL,
  side VARCHAR(10) NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  exit_price DECIMAL(20, 8),
  quantity DECIMAL(20, 8) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  indicator_type VARCHAR(50) NOT NULL,
  profit_loss DECIMAL(20, 8),
  status VARCHAR(20) DEFAULT 'open',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS real_pseudo_positions (
  id SERIAL PRIMARY KEY,
  connection_id INTEGER NOT NULL REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  base_config_id INTEGER,
  main_config_id INTEGER REFERENCES pseudo_positions(id) ON DELETE SET NULL,
  side VARCHAR(10) NOT NULL,
  entry_price DECIMAL(20, 8) NOT NULL,
  current_price DECIMAL(20, 8) NOT NULL,
  quantity DECIMAL(20, 8) NOT NULL,
  position_cost DECIMAL(20, 8) NOT NULL,
  takeprofit_factor DECIMAL(10, 4) NOT NULL,
  stoploss_ratio DECIMAL(10, 4) NOT NULL,
  profit_factor DECIMAL(10, 4) NOT NULL,
  is_validated BOOLEAN DEFAULT false,
  validation_drawdown_hours DECIMAL(10, 2),
  validated_at TIMESTAMP,
  status VARCHAR(20) DEFAULT 'active',
  mode VARCHAR(10) DEFAULT 'main',
  opened_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  closed_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_strategies (
  id SERIAL PRIMARY KEY,
  preset_id INTEGER,
  connection_id INTEGER REFERENCES exchange_connections(id) ON DELETE CASCADE,
  symbol VARCHAR(50) NOT NULL,
  profit_factor DECIMAL(10, 4) NOT NULL
);
