INSERT INTO schema_migrations (id, migration_id, migration_name, executed_at) VALUES
  (1, 36, 'create_optimal_indication_tables', '2025-12-20 06:00:00'),
  (2, 37, 'create_exchange_positions_table', '2025-12-20 06:00:00'),
  (3, 38, 'fix_pseudo_positions_schema', '2025-12-20 06:00:01'), (4, 51, 'add_performance_indexes', '2025-12-28 07:30:00'),
  (5, 53, 'add_market_data_optimization', '2025-12-28 07:30:00'),
  (6, 54, 'rename_active_advanced_to_auto', '2026-01-02 09:00:00'),
  (7, 55, 'create_preset_trade_engine_tables', '2026-01-02 09:00:00');
INSERT INTO base_pseudo_positions (
  id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio,
  total_positions, winning_positions, win_rate, status, phase, last_position_at, created_at
) VALUES
  ('bp-1', 'BTCUSDT', 'optimal', 12, 'long', 0.3, 5, 1.5, 50, 23, 0.46, 'active', 2, '2026-01-02 10:15:00', '2026-01-01 00:00:00'),
  ('bp-2', 'ETHUSDT', 'optimal', 8, 'short', 0.1, 1, 1, 10, 2, 0.2, 'failed', 1, NULL, '2026-01-01 00:00:00');
UPDATE pseudo_positions SET base_position_id = 'bp-1', drawdown_ratio = 0.3, market_change_range = 5, last_part_ratio = 1.5 WHERE id = 'pp-1';
INSERT INTO exchange_position_coordination_log (id, connection_id, exchange_position_id, event_type, event_data, event_timestamp) VALUES
  (1, 'bybit-x03', NULL, 'sync_success', '{"positions": 0}', '2026-01-02 20:00:05');
INSERT INTO exchange_position_statistics (
  id, connection_id, symbol, indication_type, trade_mode, period_start, period_end, period_hours, total_positions,
  total_pnl
) VALUES
  ('eps-1', 'bybit-x03', 'BTCUSDT', 'move', 'main', '2026-01-02 00:00:00', '2026-01-03 00:00:00', 24, 3, 12.5);
INSERT INTO data_cleanup_log (id, cleanup_type, records_cleaned, records_archived, cleanup_started_at, status) VALUES
  (1, 'market_data', 1000, 0, '2026-01-03 00:00:00', 'completed');
INSERT INTO preset_trade_engine_states (id, connection_id, symbol, state, updated_at) VALUES
  (1, 'bybit-x03', 'BTCUSDT', '{"open": 1}', '2026-01-03 00:00:00'),
  (2, 'bybit-x03', 'ETHUSDT', NULL, '2026-01-03 00:00:00');
