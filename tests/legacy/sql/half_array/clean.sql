INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range,
  last_part_ratio, status, created_at
) VALUES
  ('bp-1', 'bybit-x03', 'BTCUSDT', 'optimal', 12, 'long', 0.3, 5, 1.5, 'active', '2026-01-01 00:00:00');
UPDATE pseudo_positions SET base_position_id = 'bp-1' WHERE id = 'pp-1';
INSERT INTO exchange_position_coordination_log (id, connection_id, event_type, event_data, event_timestamp) VALUES
  (1, 'bybit-x03', 'sync_success', '{"positions": 0}', '2026-01-02 20:00:05');
INSERT INTO migrations (id, name, executed_at) VALUES
  (36, 'create_optimal_indication_tables', '2026-01-30 06:00:00'),
  (71, 'add_coordination_tables', '2026-01-30 06:00:01');
