INSERT INTO pseudo_positions (
  id, connection_id, symbol, indication_type, side, entry_price, current_price, quantity, position_cost,
  takeprofit_factor, stoploss_ratio, profit_factor, trailing_enabled, status, opened_at, closed_at, indication_range,
  created_at
) VALUES
  (21, '1', 'BTCUSDT', 'direction', 'long', '91250.5', '123456789012.12345678', '0.05', 'free', 1.23456, '0.33333', 1, 'true', 'active', '2026-01-02T10:15:00.000Z', '2026-01-02', 0.5, '2026-01-02 10:15:00+01:00'),
  (22, 1, 'BTCUSDT', 'direction', 'long', 1, 1, 1, 1, 1, 1, 1, 'false', 'active', '2026-01-02T10:15:00Z', 'never', '1.5', 'now-ish'),
  (23, 1, 'BTCUSDT', 'auto', 'long', 1, x'ff00', 1, 1, 1, 1, 1, 2, 'active', '', NULL, 'wide', 1767402000),
  (24, 1, 'BTCUSDT', 'auto', 'long', 1, 1, 1, 1, 1, 1, 1, 'yes', 'active', '2026-01-02T10:15:00.5-03:00', NULL, 2.5, '2026-01-02 10:15:00.5');
INSERT INTO indications (id, connection_id, symbol, indication_type, value, metadata, calculated_at) VALUES
  (21, 'gone', 'BTCUSDT', 'direction', 'high', '{broken', '2026-01-02T10:15:00.000Z'),
  (22, 1, 'BTCUSDT', 'direction', '0.5', x'7b7d', 'x');
INSERT INTO volume_configuration (id, connection_id, base_volume_factor, max_leverage, enforce_min_volume) VALUES
  (21, 'gone', '2.5', 'max', 'yes');
