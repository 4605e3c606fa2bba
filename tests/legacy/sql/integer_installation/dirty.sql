-- 4 has children nowhere, 99 is gone, 010 is text that looks like a number.
INSERT INTO exchange_connections (
  id, user_id, name, exchange_id, exchange, api_type, connection_method, api_key, passphrase, margin_mode, position_mode,
  is_testnet, is_enabled, settings, created_at
) VALUES
  (4, 999, '', 999, '', '', '', '', '', '', '', NULL, NULL, 'null', NULL),
  (2147483647, NULL, 'O''Brien "100%" \ 東京 🚀', NULL, NULL, 'foo', 'telegraph', '010', NULL, 'CROSS', 'One-Way', true, true, '[]', '1970-01-01 00:00:00');
INSERT INTO presets (id, name, created_by, is_active) VALUES (11, '', 999, NULL);
INSERT INTO base_pseudo_positions (id, connection_id, symbol, indication_type, indication_range, direction, drawdown_ratio, status) VALUES
  (11, 99, 'X', 'foo', -1, 'up', -0.0001, 'OPEN'), (12, NULL, '', '', NULL, '', NULL, '');
INSERT INTO migrations (id, name, executed_at) VALUES
  (36, 'by hand: 100% "done" ✅', NULL),
  (57, 'new_migration_example', '2026-02-01 00:00:00');
ALTER TABLE exchange_connections ADD COLUMN "Order" INTEGER;
UPDATE exchange_connections SET "Order" = 7 WHERE id = 1;
