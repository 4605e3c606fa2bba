INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range,
  last_part_ratio, status
) VALUES
  ('bp-lost', 'gone', '', 'optimal', -1, 'long', 1.23456, -5, 123456789012.12345678, 'OPEN');
UPDATE pseudo_positions SET base_position_id = 'nobody' WHERE id = 'pp-2';
INSERT INTO active_exchange_positions (
  id, connection_id, real_pseudo_position_id, exchange_id, symbol, side, entry_price, current_price, quantity,
  volume_usd, status, trade_mode
) VALUES
  ('aep-1', 'bybit-x03', 'rpp-1', 'bb-pos-9', 'BTCUSDT', 'long', 91250.5, 93010.25, 0.05, 4562.525, 'OPEN', 'main');
INSERT INTO exchange_position_coordination_log (id, connection_id, event_type, event_data) VALUES
  (11, 'gone', 'exploded', '{broken');
INSERT INTO migrations (id, name, executed_at) VALUES
  (37, '', NULL),
  (57, 'new_migration_example', '2026-01-30 06:00:00.5'),
  (-1, 'ü "100%" \ 🚀', '1970-01-01 00:00:00');
