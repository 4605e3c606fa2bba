INSERT INTO active_exchange_positions (
  id, connection_id, real_pseudo_position_id, main_pseudo_position_id, exchange_id, symbol, side, entry_price,
  current_price, quantity, volume_usd, leverage, status, opened_at, trade_mode, indication_type
) VALUES
  ('aep_1', '1', '1', '2', 'bb-pos-9', 'BTCUSDT', 'short', 93500, 93010.25, 0.02, 1870, 10, 'open', '2026-01-02 20:00:05', 'main', 'move');
INSERT INTO exchange_position_coordination_log (
  connection_id, exchange_position_id, event_type, event_data, success, event_timestamp, triggered_by
) VALUES
  ('1', 'aep_1', 'position_opened', '{"order": "bb-1003"}', 1, '2026-01-02 20:00:05', 'system'),
  ('1', 'aep_1', 'price_updated', '{"price": 93010.25}', 1, '2026-01-03 00:00:00', 'exchange');
INSERT INTO exchange_position_statistics (
  id, connection_id, symbol, indication_type, trade_mode, period_start, period_end, period_hours, total_positions,
  total_pnl, win_rate
) VALUES
  ('eps_1', '1', 'BTCUSDT', 'move', 'main', '2026-01-02 00:00:00', '2026-01-03 00:00:00', 24, 3, 12.5, 66.6667);
UPDATE exchange_connections SET connection_priority = 2, last_test_at = '2026-01-02 10:00:00', indication_active_advanced = 1 WHERE id = '1';
