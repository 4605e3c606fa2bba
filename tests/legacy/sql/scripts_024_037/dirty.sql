-- The second state key becomes one that is there already when active_advanced becomes auto.
INSERT INTO preset_trade_engine_state (connection_id, preset_id, status, testing_progress) VALUES
  ('gone', 'x', 'WARM', -1),
  ('', '', '', NULL);
INSERT INTO indication_states (id, state_key, validated_at) VALUES
  (11, '2:ETHUSDT-auto-long-1', NULL), (12, '', '1970-01-01 00:00:00'), (13, '100% "quoted" it''s \ 🧪', NULL);
INSERT INTO preset_types (id, name, description, preset_trade_type, evaluation_interval_hours, is_active, created_at) VALUES
  ('', '', '', '', NULL, NULL, NULL), ('pt_"x''%\', 'ünïcode 日本', NULL, NULL, -1, false, '9999-12-31 23:59:59');
INSERT INTO preset_type_sets (id, preset_type_id, configuration_set_id, priority) VALUES
  ('pts_dup', 'pt_automatic', 'set_direction', 2), ('pts_lost', 'gone', 'gone', NULL), ('pts_empty', '', '', 0);
INSERT INTO preset_pseudo_positions (
  id, connection_id, preset_id, symbol, type, indication_type, indication_range, takeprofit_factor, stoploss_ratio,
  entry_price, current_price, base_position_id, main_position_id, opened_at
) VALUES
  ('pp_lost', 'gone', '1', 'X', 'base', 'move', 5, 6, 0.5, 1, 1, NULL, NULL, '2026-01-02 10:15:00'),
  ('pp_lost_child', '1', '1', 'X', 'main', 'move', 5, 6, 0.5, 1, 1, 'pp_lost', 'nobody', '2026-01-02 10:15:00'),
  ('pp_preset', '1', 'gone', '', 'real', 'active', -5, -6.5, 0.1235, 123456789012.12345678, -1, '', '', '2026-01-02 10:15:00.5');
INSERT INTO preset_real_trades (
  id, connection_id, preset_type_id, configuration_set_id, symbol, direction, entry_price, quantity, indication_type,
  takeprofit_factor, stoploss_ratio, status
) VALUES
  ('prt_lost', 'gone', 'pt_automatic', 'gone', '', 'up', 1, 1, '', 1, 1, 'OPEN'),
  ('prt_type', '1', 'gone', NULL, 'X', 'long', 1, 1, 'x', 1, 1, NULL);
INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range,
  last_part_ratio, win_rate, status
) VALUES
  ('bp_lost', 'gone', 'X', 'optimal', 12, 'long', 0.3, 5, 1.5, NULL, 'OPEN'),
  ('bp_same', '1', 'BTCUSDT', 'optimal', 12, 'long', 0.3, 5, 1.5, -0.5, NULL);
INSERT INTO preset_balance_history (id, preset_id, connection_id, balance) VALUES (11, 'gone', 'gone', -1);
INSERT INTO auto_optimal_configurations (id, name, configuration) VALUES ('', '', NULL);
