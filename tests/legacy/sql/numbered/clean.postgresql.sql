INSERT INTO presets (id, name, description, is_active, created_by, created_at) VALUES
  (1, 'Balanced', 'medium risk', true, 1, '2025-12-01 00:00:00'), (2, 'Fast', NULL, false, 2, '2025-12-02 00:00:00');
INSERT INTO preset_configuration_sets (id, name, symbol_mode, symbols, indication_type, indication_params, trail_starts, created_at) VALUES
  ('set_direction', 'Direction', 'manual', '{BTCUSDT,ETHUSDT}', 'direction', '{"ranges": [3, 5]}', '{0.5,1.0}', '2025-12-01 00:00:00'),
  ('set_auto', 'Auto', 'main', NULL, 'active_advanced', '{}', NULL, '2025-12-01 00:00:00');
UPDATE exchange_connections SET connection_priority = '["rest","websocket"]', last_test_timestamp = '2026-01-02 10:00:00',
  last_test_balance = 1532.75, preset_type_id = 'pt_automatic' WHERE id = '1';
UPDATE preset_pseudo_positions SET direction = 'long', strength = 0.8, indicators = '{"rsi": 28.5}' WHERE id = 'pp_base';
