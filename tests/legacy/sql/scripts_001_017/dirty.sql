-- What both databases took. SQLite has foreign keys off, PostgreSQL had its triggers off during an import: hence orphans.
INSERT INTO users (id, username, email, password_hash, role, is_active, api_key, api_secret, created_at, updated_at) VALUES
  (11, 'Zoë "the bot" O''Brien', '', '', 'owner', NULL, '', '', NULL, NULL),
  (12, '100%_real\n', 'ADMIN@example.com', '-', NULL, false, 'ak %s {x} $1', NULL, '1970-01-01 00:00:00', '9999-12-31 23:59:59');
INSERT INTO exchanges (id, name, display_name, is_active, created_at) VALUES
  (11, '', '', NULL, NULL),
  (12, '币安 🚀', 'Binance 币安', true, '2025-11-01 08:00:00.123456');
INSERT INTO trading_pairs (id, exchange_id, symbol, base_currency, quote_currency, is_active, min_order_size, price_precision) VALUES
  (11, NULL, 'ORPHANUSDT', '', '', NULL, -1, NULL),
  (12, NULL, 'ORPHANUSDT', 'ORPHAN', 'USDT', true, 123456789012.12345678, -3),
  (13, 999, 'LOSTUSDT', 'LOST', 'USDT', true, 0.00000001, 8);
INSERT INTO portfolios (id, user_id, name, total_value, initial_value, is_active, created_at) VALUES
  (11, 999, 'of a user who is gone', 1.5, NULL, true, '2025-12-01 00:00:00'),
  (12, NULL, '', -123456789012.12345678, 0, NULL, NULL);
INSERT INTO positions (
  id, portfolio_id, trading_pair_id, position_type, entry_price, current_price, quantity, leverage, status, opened_at
) VALUES
  (11, 12, 13, NULL, 123456789012.12345678, -0.00000001, -5, 999.99, 'OPEN', '2026-01-03 01:00:00'),
  (12, 998, 998, 'short', 0, 0, 0, NULL, 'foo', NULL),
  (13, 11, NULL, 'long', 0.12345678, 1, 1, 1, NULL, NULL);
INSERT INTO orders (id, user_id, portfolio_id, trading_pair_id, order_type, side, price, quantity, status, time_in_force, fees) VALUES
  (11, 999, 11, 13, 'MARKET', 'long', 0.1, 1, 'OPEN', 'GTX', NULL),
  (12, NULL, NULL, NULL, '', '', NULL, 123456789012.12345678, '', NULL, -0.5),
  (13, 12, 999, NULL, 'limit', 'buy', 1, 1, NULL, 'GTC', 0);
INSERT INTO trades (id, order_id, price, quantity) VALUES (11, 999, -1, 1), (12, NULL, 1, 1);
INSERT INTO market_data (id, trading_pair_id, timestamp, open, high, low, close, volume, interval) VALUES
  (11, 1, '2026-01-02 10:00:00', 91000.00000001, 91300, 90950.5, 91250.5, 812.4, '1h'),
  (12, 999, '2026-01-02 10:00:00', 1, 1, 1, 1, 1, '1h'),
  (13, NULL, '2026-01-02 10:00:00', 2, 2, 2, 2, 2, '1h'),
  (14, 2, '2026-01-02 10:00:00.5', 2, 2, 2, 2, 2, '90s');
INSERT INTO system_settings (id, category, subcategory, key, value, value_type, created_at, updated_at, minimum_connect_interval) VALUES
  (11, 'general', NULL, 'theme', 'light', 'string', '2025-11-01 08:00:00', '2026-01-02 00:00:00', 350),
  (12, 'ui', 'look', 'theme', 'dark', 'string', '2025-11-01 08:00:00', '2025-12-31 00:00:00', NULL),
  (13, 'ui', '', 'theme', '', 'colour', NULL, NULL, 200),
  (14, 'indication', 'auto', 'autoEnabled', 'yes', 'boolean', NULL, '2026-01-01 00:00:00', 200),
  (15, 'indication', 'auto', 'activeAdvancedEnabled', 'FALSE', 'BOOLEAN', NULL, '2026-01-01 00:00:00', 200),
  (16, '', NULL, '', 'key without a name', NULL, NULL, NULL, 200),
  (17, 'naïve', '100%', 'back\slash "quoted" it''s 🤖', '{not json', 'json', NULL, '2026-01-03 00:00:00', -1);
INSERT INTO site_logs (id, timestamp, level, category, message, context, user_id, connection_id, metadata) VALUES
  (11, NULL, 'INFO', NULL, '', NULL, 999, 'gone', NULL),
  (12, '2026-01-02 10:15:00.123456', 'trace', '', '100% of C:\temp\%s — "quoted" it''s 🚨 日本語', '[]', NULL, '', '"text"'),
  (13, '1970-01-01 00:00:00', '', 'x', 'null', 'null', -1, '1', '5');
