-- 99 is a connection that was deleted. Duplicates: volume_configuration of connection 1, and the test result rsi-14-a,
-- to whose second row a configuration points.
INSERT INTO trade_engine_state (id, connection_id, status, last_indication_run, main_cycle_count, created_at, updated_at) VALUES
  (11, 99, 'RUNNING', NULL, NULL, NULL, NULL),
  (12, 3, 'crashed', '2026-01-02 10:15:00.999', -1, NULL, NULL),
  (13, 3, 'error', NULL, 2147483647, '2025-11-10 00:00:00', '2026-01-02 00:00:00');
INSERT INTO indications (
  id, connection_id, symbol, indication_type, timeframe, mode, value, profit_factor, confidence, metadata, calculated_at
) VALUES
  (11, 99, '', '', NULL, 'foo', -123456789012.12345678, -1.2346, 999.99, '"a string"', NULL),
  (12, 1, 'BTC/USDT:"perp" 100%', 'it''s \ new 🎯', '1h', NULL, 0.00000001, NULL, NULL, 'null', '1970-01-01 00:00:00');
INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, trailing_enabled, status, opened_at, created_at, updated_at,
  state_key, indication_range, direction, mode, base_position_id, position_level, type, eight_hour_trend
) VALUES
  (11, 99, 'BTCUSDT', 'direction', 'long', 1, 1, 1, 1, 1, 1, 1, false, 'active', '2026-01-02 10:15:00', NULL, NULL, 'x', 5, 'long', 'main', NULL, 'base', 'base', NULL),
  (12, 99, '', '', '', -1, 0, 123456789012.12345678, 0, 999999.9999, -0.0001, 0, NULL, 'OPEN', NULL, NULL, NULL, '', NULL, '', '', '', '', '', ''),
  (13, 1, 'ETHUSDT 🚀', 'active_advanced', 'BUY', 1, 1, 1, 1, 1, 1, 1, NULL, 'foo', '2026-01-02 10:15:00.123', NULL, NULL, '1:BTCUSDT-active_advanced-long-5', -2147483648, 'sideways', 'turbo', 'no-such-base', 'top', 'other', 'crab'),
  (14, 2, 'BTCUSDT', 'direction', 'short', 1, 1, 1, 1, 1, 1, 1, true, 'liquidated', '2026-01-02 10:15:00', '2026-01-02 10:15:00', '2026-01-02 10:15:00', '1:BTCUSDT-direction-long-5', 5, 'long', 'main', NULL, 'base', 'base', NULL);
INSERT INTO backtest_results (id, preset_id, connection_id, start_date, end_date, symbols, status) VALUES
  (11, 99, 99, '2025-12-01 00:00:00', '2025-11-01 00:00:00', '{}', 'OK'),
  (12, NULL, NULL, '2025-12-01 00:00:00', '2025-12-01 00:00:00', '"BTCUSDT"', NULL);
INSERT INTO volume_configuration (id, connection_id, base_volume_factor, max_leverage, risk_percentage, created_at, updated_at) VALUES
  (11, 1, 3.75, 50, 10, '2025-12-10 00:00:00', '2026-01-01 00:00:00'),
  (12, 1, 1.25, NULL, NULL, NULL, NULL),
  (13, 99, 10, -5, 999.99, NULL, NULL),
  (14, NULL, 1, 1, 1, NULL, NULL);
INSERT INTO data_sync_log (id, connection_id, symbol, data_type, sync_start, sync_end, records_synced, status, error_message) VALUES
  (11, 99, 'BTCUSDT', '', '2026-01-01 00:00:00', '2026-01-02 00:00:00', NULL, 'Success', ''),
  (12, 1, '', 'klines', '2026-01-01 00:00:00', '2026-01-01 00:00:00', -1, 'failed', '100% "lost" at C:\x');
INSERT INTO position_volume_calculations (
  id, connection_id, symbol, base_volume_factor, leverage, calculated_volume, final_volume, volume_adjusted
) VALUES
  (11, 99, 'BTCUSDT', 999.99, -1, 0, -123456789012.12345678, NULL);
INSERT INTO preset_test_results (
  id, preset_id, config_id, indicator_type, indicator_params, symbol, timeframe, takeprofit_factor, stoploss_ratio,
  profit_factor, win_rate, tested_at
) VALUES
  (11, 1, 'rsi-14-a', 'rsi', '{"period": 14}', 'BTCUSDT', '1h', 4, 0.5, 1.45, 63, '2026-01-01 00:00:00'),
  (12, 99, 'of a preset that is gone', 'rsi', '[]', '', '', 0, 0, 0, 0, NULL);
INSERT INTO preset_active_configs (
  id, preset_id, connection_id, config_id, test_result_id, indicator_type, indicator_params, symbol, timeframe,
  takeprofit_factor, stoploss_ratio, profit_factor, win_rate, is_active
) VALUES
  (11, 1, 2, 'rsi-14-a', 11, 'rsi', NULL, 'BTCUSDT', '1h', 4, 0.5, 1.45, 63, NULL),
  (12, 1, 2, 'rsi-14-a', 999, 'rsi', '{}', 'BTCUSDT', '1h', 4, 0.5, 1.45, 63, false),
  (13, 99, 99, '', NULL, '', '{}', '', '', 0, 0, 0, 0, true);
INSERT INTO preset_trades (
  id, preset_id, connection_id, active_config_id, symbol, side, entry_price, quantity, takeprofit_factor, stoploss_ratio,
  indicator_type, status
) VALUES
  (11, 1, 1, 12, 'BTCUSDT', 'SELL', 1, 1, 1, 1, '', 'done'),
  (12, 99, 1, 13, 'BTCUSDT', 'sell', 1, 1, 1, 1, 'rsi', NULL);
INSERT INTO real_pseudo_positions (
  id, connection_id, symbol, base_config_id, main_config_id, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, is_validated, validation_drawdown_hours, status, mode
) VALUES
  (11, 1, 'BTCUSDT', 77, 11, 'long', 1, 1, 1, 1, 1, 1, 1, NULL, -1.5, 'validated', NULL),
  (12, 99, 'BTCUSDT', NULL, 999, 'flat', -1, 0, 0, 0, 0, 0, 0, false, NULL, 'VALIDATED', 'x');
INSERT INTO preset_strategies (id, preset_id, connection_id, symbol, profit_factor) VALUES (11, 99, 99, '', -1);
