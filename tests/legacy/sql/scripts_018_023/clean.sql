INSERT INTO trade_engine_state (id, connection_id, status, last_indication_run, main_cycle_count, created_at, updated_at) VALUES
  (1, 1, 'running', '2026-01-03 00:00:05', 1234, '2025-11-10 00:00:00', '2026-01-03 00:00:05'),
  (2, 2, 'stopped', NULL, 0, '2025-11-10 00:00:00', '2025-12-01 00:00:00');
INSERT INTO indications (
  id, connection_id, symbol, indication_type, timeframe, value, profit_factor, confidence, metadata, calculated_at
) VALUES
  (1, 1, 'BTCUSDT', 'direction', '1h', 0.75, 1.2, 82.5, '{"step": 3}', '2026-01-02 23:00:00'),
  (2, 2, 'ETHUSDT', 'active_advanced', '15m', 12.125, NULL, NULL, NULL, '2026-01-02 23:15:00');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, trailing_enabled, trail_start, trail_stop, status, opened_at,
  closed_at, created_at, updated_at, state_key, indication_range, direction, position_level
) VALUES
  (1, 1, 'BTCUSDT', 'direction', 'long', 91250.5, 93010.25, 0.05, 4562.525, 6, 0.5, 1.0193, false, NULL, NULL, 'active', '2026-01-02 10:15:00', NULL, '2026-01-02 10:15:00', '2026-01-03 00:00:00', '1:BTCUSDT-direction-long-5', 5, 'long', 'base'),
  (2, 1, 'BTCUSDT', 'move', 'short', 93500, 93010.25, 0.02, 1870, 4, 0.3, 1.0052, true, 0.6, 0.2, 'active', '2026-01-02 20:00:00', NULL, '2026-01-02 20:00:00', '2026-01-03 00:00:00', '1:BTCUSDT-move-short-8', 8, NULL, 'main'),
  (3, 2, 'ETHUSDT', 'active_advanced', 'long', 3098.5, 3120.75, 1.5, 4647.75, 3, 1, 1.0071, false, NULL, NULL, 'closed', '2026-01-01 07:00:00', '2026-01-01 19:42:11', '2026-01-01 07:00:00', '2026-01-01 19:42:11', '2:ETHUSDT-active_advanced-long-1', 1, 'long', 'base'),
  (4, 2, 'ETHUSDT', 'optimal', 'short', 3120, 3098.5, 0.4, 1248, 8, 0.4, 1.0069, false, NULL, NULL, 'stopped', '2026-01-01 01:00:00', '2026-01-01 02:00:00', '2026-01-01 01:00:00', '2026-01-01 02:00:00', NULL, 12, 'short', 'base');
INSERT INTO backtest_results (
  id, preset_id, connection_id, start_date, end_date, symbols, total_trades, win_rate, net_profit,
  max_drawdown_duration_hours, status, created_at, completed_at
) VALUES
  (1, 1, 1, '2025-12-01 00:00:00', '2025-12-31 00:00:00', '["BTCUSDT","ETHUSDT"]', 40, 57.5, 312.75, 11, 'completed', '2026-01-01 00:00:00', '2026-01-01 00:03:20');
INSERT INTO volume_configuration (
  id, connection_id, base_volume_factor, max_leverage, positions_average, risk_percentage, created_at
) VALUES
  (1, 1, 1.5, 100, 40, 15, '2025-11-10 00:00:00'), (2, 2, 2, 125, 50, 20, '2025-11-10 00:00:00');
INSERT INTO data_sync_log (id, connection_id, symbol, data_type, sync_start, sync_end, records_synced, status, created_at) VALUES
  (1, 1, 'BTCUSDT', 'klines', '2026-01-01 00:00:00', '2026-01-02 00:00:00', 1440, 'success', '2026-01-02 00:00:10');
INSERT INTO position_volume_calculations (
  id, connection_id, symbol, base_volume_factor, leverage, calculated_volume, exchange_min_volume, final_volume,
  volume_adjusted, created_at
) VALUES
  (1, 1, 'BTCUSDT', 1.5, 10, 0.0004, 0.001, 0.001, true, '2026-01-02 10:14:59');
INSERT INTO preset_test_results (
  id, preset_id, config_id, indicator_type, indicator_params, symbol, timeframe, takeprofit_factor, stoploss_ratio,
  profit_factor, win_rate, total_trades, is_validated, tested_at
) VALUES
  (1, 1, 'rsi-14-a', 'rsi', '{"period": 14}', 'BTCUSDT', '1h', 4, 0.5, 1.3, 61.5, 26, true, '2025-12-20 00:00:00'),
  (2, 1, 'macd-b', 'macd', '{"fast": 12, "slow": 26}', 'BTCUSDT', '1h', 6, 0.5, 0.9, 40, 10, false, '2025-12-20 00:00:00');
INSERT INTO preset_active_configs (
  id, preset_id, connection_id, config_id, test_result_id, indicator_type, indicator_params, symbol, timeframe,
  takeprofit_factor, stoploss_ratio, profit_factor, win_rate, activated_at
) VALUES
  (1, 1, 1, 'rsi-14-a', 1, 'rsi', '{"period": 14}', 'BTCUSDT', '1h', 4, 0.5, 1.3, 61.5, '2025-12-21 00:00:00');
INSERT INTO preset_trades (
  id, preset_id, connection_id, active_config_id, symbol, side, entry_price, exit_price, quantity, takeprofit_factor,
  stoploss_ratio, indicator_type, profit_loss, status, opened_at, closed_at
) VALUES
  (1, 1, 1, 1, 'BTCUSDT', 'long', 90000, 90900, 0.01, 4, 0.5, 'rsi', 9, 'closed', '2025-12-22 00:00:00', '2025-12-22 05:00:00');
INSERT INTO real_pseudo_positions (
  id, connection_id, symbol, base_config_id, main_config_id, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, is_validated, validation_drawdown_hours, validated_at, status,
  opened_at
) VALUES
  (1, 1, 'BTCUSDT', NULL, 2, 'short', 93500, 93010.25, 0.02, 1870, 4, 0.3, 1.0052, true, 3.5, '2026-01-02 20:00:01', 'active', '2026-01-02 20:00:02');
INSERT INTO preset_strategies (id, preset_id, connection_id, symbol, profit_factor) VALUES (1, 1, 1, 'BTCUSDT', 1.3);
