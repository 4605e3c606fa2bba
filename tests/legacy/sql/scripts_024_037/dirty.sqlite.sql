INSERT INTO indication_states (id, state_key, validated_at, created_at) VALUES
  (NULL, 'iso', '2026-01-02T23:00:00.000Z', '2026-01-02'), (NULL, x'00', 'bad', '2026-01-02 23:00:00+09:00');
INSERT INTO base_pseudo_positions (
  id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, market_change_range,
  last_part_ratio, total_positions, status, created_at
) VALUES
  (NULL, '1', 'BTCUSDT', 'optimal', '0.5', 'long', 'deep', '5', 1.23456, 'many', 'active', '2026-01-02T23:00:00Z'),
  (17, 1, 'BTCUSDT', 'optimal', 0.5, 'long', '0.1', 5.5, '1.5', '3', 'active', 'x');
INSERT INTO preset_types (id, name, block_enabled, dca_enabled, auto_evaluate, is_active) VALUES
  ('words', 'words', 'true', 'yes', 'false', 2);
