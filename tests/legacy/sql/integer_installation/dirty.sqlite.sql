INSERT INTO exchange_connections (id, name, is_testnet, is_enabled, settings, created_at, updated_at) VALUES
  (21, 'words', 'true', 'yes', '{broken', '2026-01-02T10:00:00.000Z', '2026-01-02'),
  (22, x'00ff', 2, 'no', x'7b', 'x', 1767402000);
INSERT INTO base_pseudo_positions (id, connection_id, symbol, indication_range, drawdown_ratio) VALUES
  (21, 'bybit', 'X', '0.5', '1.23456');
INSERT INTO migrations (name, executed_at) VALUES ('iso', '2026-02-01T00:00:00.000Z'), ('words', 'last week');
CREATE TRIGGER pseudo_positions_stamp AFTER UPDATE ON base_pseudo_positions BEGIN
  UPDATE exchange_connections SET updated_at = datetime('now') WHERE id = NEW.connection_id;
END;
