-- Script 048 (fix_connection_id_type) on an integer installation, stopped half way: the copy of the connections with text ids
-- is there, two children have connection_id_new, and the old table was never dropped.
-- Peculiar: three truths about a connection: the old row, the copy, and rows that only the copy has; connection_id_new is
-- filled in some rows and NULL in others.
CREATE TABLE exchange_connections_new (
  id VARCHAR(21) PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  exchange_id INTEGER REFERENCES exchanges(id),
  exchange VARCHAR(50),
  api_type VARCHAR(50) DEFAULT 'perpetual_futures',
  api_key TEXT,
  api_secret TEXT,
  position_mode VARCHAR(20) DEFAULT 'hedge' CHECK (position_mode IN ('hedge', 'one_way', 'one-way')),
  is_testnet BOOLEAN DEFAULT false,
  is_enabled BOOLEAN DEFAULT false,
  connection_settings JSONB DEFAULT '{}',
  api_capabilities JSONB DEFAULT '[]',
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
ALTER TABLE volume_configuration ADD COLUMN connection_id_new VARCHAR(21);
ALTER TABLE trade_engine_state ADD COLUMN connection_id_new VARCHAR(21);
