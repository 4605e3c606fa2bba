INSERT INTO preset_trade_engine_state (connection_id, preset_id, status, testing_progress, started_at, updated_at) VALUES
  ('1', '1', 'running', 100, '2026-01-02 08:00:00', '2026-01-03 00:00:00');
INSERT INTO indication_states (id, state_key, validated_at, created_at) VALUES
  (1, '1:BTCUSDT-direction-long-5', '2026-01-02 23:00:00', '2026-01-01 00:00:00'),
  (2, '2:ETHUSDT-active_advanced-long-1', '2026-01-02 23:00:00', '2026-01-01 00:00:00');
INSERT INTO preset_types (id, name, description, block_enabled, evaluation_interval_hours, created_at) VALUES
  ('pt_automatic', 'Automatic', 'all symbols', false, 3, '2025-12-01 00:00:00'),
  ('pt_blocks', 'Blocks', NULL, true, 6, '2025-12-02 00:00:00');
INSERT INTO preset_type_sets (id, preset_type_id, configuration_set_id, priority, added_at) VALUES
  ('pts_1', 'pt_automatic', 'set_direction', 1, '2025-12-03 00:00:00');
INSERT INTO preset_pseudo_positions (
  id, connection_id, preset_id, symbol, type, indication_type, indication_range, takeprofit_factor, stoploss_ratio,
  entry_price, current_price, base_position_id, status, opened_at
) VALUES
  ('pp_base', '1', '1', 'BTCUSDT', 'base', 'direction', 5, 6, 0.5, 91250.5, 93010.25, NULL, 'active', '2026-01-02 10:15:00'),
  ('pp_main', '1', '1', 'BTCUSDT', 'main', 'direction', 5, 6, 0.5, 91250.5, 93010.25, 'pp_base', 'closed', '2026-01-02 10:16:00');
INSERT INTO preset_real_trades (
  id, connection_id, preset_type_id, configuration_set_id, symbol, direction, entry_price, exit_price, quantity,
  indication_type, takeprofit_factor, stoploss_ratio, profit_loss, status, opened_at, closed_at
) VALUES
  ('prt_1', '1', 'pt_automatic', 'set_direction', 'BTCUSDT', 'long', 90000, 90900, 0.01, 'direction', 4, 0.5, 9, 'closed', '2025-12-22 00:00:00', '2025-12-22 05:00:00');
INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range,
  last_part_ratio, total_positions, winning_positions, win_rate, status, created_at
) VALUES
  ('bp_1', '1', 'BTCUSDT', 'optimal', 12, 'long', 0.3, 5, 1.5, 50, 23, 0.46, 'active', '2026-01-01 00:00:00'),
  ('bp_2', '2', 'ETHUSDT', 'optimal', 8, 'short', 0.1, 1, 1, 10, 2, 0.2, 'failed', '2026-01-01 00:00:00');
INSERT INTO preset_balance_history (id, preset_id, connection_id, balance, recorded_at) VALUES
  (1, '1', '1', 10000.5, '2026-01-01 00:00:00');
INSERT INTO preset_coordination_results (id, preset_type_id, symbol, profit_factor, is_valid) VALUES
  ('pcr_1', 'pt_automatic', 'BTCUSDT', 1.25, true);
INSERT INTO auto_optimal_configurations (id, name, configuration) VALUES ('ao_1', 'first', '{"runs": 3}');
INSERT INTO market_cap_rankings (symbol, "rank", market_cap) VALUES ('BTC', 1, 1850000000000.55);
