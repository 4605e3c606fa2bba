-- 57 is the stub of the old array; 400 is nobody's. No table real_pseudo_positions exists: every live position is an orphan.
INSERT INTO schema_migrations (id, migration_id, migration_name, executed_at) VALUES
  (8, 57, 'new_migration_example', NULL),
  (9, 400, '', '2026-01-03 00:00:00.5'),
  (10, -1, '100% "by hand" \ ✅', '1970-01-01 00:00:00');
INSERT INTO base_pseudo_positions (
  id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio,
  win_rate, status, phase
) VALUES
  ('bp-foo', '', 'foo', -1, 'up', 1.23456, -5, 123456789012.12345678, NULL, 'OPEN', NULL),
  ('', 'ü🚀', 'active_advanced', 0, '', 0, 0, 0, -1, NULL, 9);
UPDATE pseudo_positions SET base_position_id = 'nobody' WHERE id = 'pp-2';
UPDATE pseudo_positions SET base_position_id = '' WHERE id = 'pp-3';
INSERT INTO active_exchange_positions (
  id, connection_id, real_pseudo_position_id, main_pseudo_position_id, base_pseudo_position_id, exchange_id, symbol,
  side, entry_price, current_price, quantity, volume_usd, leverage, trailing_enabled, status, sync_status, trade_mode
) VALUES
  ('aep-1', 'bybit-x03', 'rpp-1', 'pp-1', 'bp-1', 'bb-pos-9', 'BTCUSDT', 'long', 91250.5, 93010.25, 0.05, 4562.525, 10, NULL, 'open', 'synced', 'main'),
  ('aep-lost', 'gone', 'rpp-2', 'nobody', 'nobody', '', 'X', 'BUY', -1, 0, 0, -123456789012.12345678, NULL, true, 'OPEN', NULL, 'Main');
INSERT INTO exchange_position_coordination_log (id, connection_id, event_type, event_data, success, event_timestamp) VALUES
  (11, 'gone', 'exploded', '{broken', NULL, NULL),
  (12, 'bybit-x03', '', '', false, '2026-01-02 20:00:05.123');
INSERT INTO exchange_position_statistics (
  id, connection_id, symbol, indication_type, trade_mode, period_start, period_end, period_hours, total_pnl
) VALUES
  ('eps-dup', 'bybit-x03', 'BTCUSDT', 'move', 'main', '2026-01-02 00:00:00', '2026-01-04 00:00:00', 48, -1.5),
  ('eps-lost', 'gone', '', NULL, 'x', '2026-01-02 00:00:00', '2026-01-01 00:00:00', -24, NULL);
INSERT INTO archived_market_data (id, connection_id, symbol, price, volume, timestamp) VALUES
  (1, 999, 'BTCUSDT', -1, 123456789012.12345678, '2026-01-01 00:00:00'),
  (2, NULL, '', 0.00000001, NULL, '2026-01-01 00:00:00.5');
INSERT INTO data_cleanup_log (id, cleanup_type, records_cleaned, status) VALUES (11, '', NULL, 'DONE');
