-- What the numbered scripts of 2026-01-03 left on PostgreSQL beside the common tables. See numbered_connections.
CREATE TABLE IF NOT EXISTS presets (
  id SERIAL PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  indication_types JSONB NOT NULL DEFAULT '["direction","move","active"]',
  indication_ranges JSONB NOT NULL DEFAULT '[3,5,8,12,15,20,25,30]',
  takeprofit_steps JSONB NOT NULL DEFAULT '[2,3,4,6,8,12]',
  stoploss_ratios JSONB NOT NULL DEFAULT '[0.2,0.4,0.6,0.8,1.0,1.2,1.5]',
  trailing_enabled BOOLEAN DEFAULT true,
  volume_factors JSONB DEFAULT '[1,2,3,4,5]',
  min_profit_factor DECIMAL(5, 2) DEFAULT 0.4,
  max_drawdown DECIMAL(5, 2) DEFAULT 50.0,
  backtest_period_days INTEGER DEFAULT 30,
  is_active BOOLEAN DEFAULT true,
  created_by INTEGER,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS preset_configuration_sets (
  id VARCHAR(21) PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  symbol_mode VARCHAR(20) DEFAULT 'main',
  symbols TEXT[],
  exchange_order_by VARCHAR(50),
  exchange_limit INTEGER DEFAULT 10,
  indication_type VARCHAR(50) NOT NULL,
  indication_params JSONB NOT NULL DEFAULT '{}',
  takeprofit_min DECIMAL(10, 2) DEFAULT 2.0,
  takeprofit_max DECIMAL(10, 2) DEFAULT 30.0,
  trailing_enabled BOOLEAN DEFAULT true,
  trail_starts DECIMAL(10, 2)[] DEFAULT ARRAY[0.5, 1.0, 1.5],
  trail_stops DECIMAL(10, 2)[] DEFAULT ARRAY[0.2, 0.4, 0.6],
  range_days INTEGER DEFAULT 7,
  profit_factor_min DECIMAL(10, 2) DEFAULT 0.5,
  is_active BOOLEAN DEFAULT true,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
ALTER TABLE preset_pseudo_positions
  ADD COLUMN IF NOT EXISTS direction VARCHAR(10),
  ADD COLUMN IF NOT EXISTS strength DECIMAL(10, 4),
  ADD COLUMN IF NOT EXISTS indicators JSONB,
  ADD COLUMN IF NOT EXISTS common_indicators_used JSONB DEFAULT '[]',
  ADD COLUMN IF NOT EXISTS indicator_signals JSONB DEFAULT '{}';
ALTER TABLE indication_states
  ADD COLUMN IF NOT EXISTS parabolic_sar_value DECIMAL(20, 8),
  ADD COLUMN IF NOT EXISTS parabolic_sar_trend VARCHAR(10);
CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS $$
BEGIN
  NEW.updated_at = CURRENT_TIMESTAMP;
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS update_users_updated_at ON users;
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
