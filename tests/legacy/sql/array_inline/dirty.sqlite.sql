INSERT INTO base_pseudo_positions (
  id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio,
  last_position_at, created_at
) VALUES
  (NULL, 'BTCUSDT', 'optimal', 0.5, 'long', 'deep', '5', '1.5', '2026-01-02T10:15:00.000Z', '2026-01-02'),
  (17, 'BTCUSDT', 'auto', '0.5', 'long', x'00', 1, 1, 'x', 1767402000);
INSERT INTO archived_market_data (id, connection_id, symbol, price, timestamp) VALUES
  (21, 'bybit-x03', 'BTCUSDT', 'n/a', '2026-01-02T10:15:00Z'),
  (22, 'gone', 'BTCUSDT', '91250.5', 'x');
INSERT INTO schema_migrations (id, migration_id, migration_name, executed_at) VALUES
  (21, 'next', x'00', '2026-01-02T09:00:00.000Z'),
  (22, 56.5, 'half', 'last week');
