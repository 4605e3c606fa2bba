INSERT INTO exchange_connections_new (id, name, exchange_id, exchange, position_mode, is_testnet, connection_settings, created_at) VALUES
  ('3', 'OKX, but changed in the copy', 999, '', NULL, NULL, NULL, NULL),
  ('', '', NULL, NULL, 'hedge', true, '"x"', '2026-01-04 00:00:00.25');
UPDATE volume_configuration SET connection_id_new = 'V1StGXR8_Z5jdHi6B-myT' WHERE id = 14;
UPDATE volume_configuration SET connection_id_new = '' WHERE id = 12;
UPDATE volume_configuration SET connection_id_new = 'nobody' WHERE id = 13;
UPDATE trade_engine_state SET connection_id_new = '2' WHERE id = 12;
