INSERT INTO exchange_connections (
  id, name, exchange, exchange_id, api_type, connection_method, api_key, api_secret, margin_type, is_enabled,
  volume_factor, connection_settings, last_test_status, created_at
) VALUES
  ('', '', '', NULL, '', '', '', '', '', NULL, -1, NULL, '', NULL),
  ('x''"%\ ö🚀', 'O''Brien "100%" \ 東京', 'BYBIT', 999, 'foo', 'GRPC', 'key%s', 'p\w', 'CROSS', true, 123456.78, '"text"', 'ok?', '1970-01-01 00:00:00');
ALTER TABLE exchange_connections ADD COLUMN "my note" TEXT;
ALTER TABLE users ADD COLUMN telegram_chat VARCHAR(50);
UPDATE exchange_connections SET "my note" = 'ask Zoë about the fees' WHERE id = '1';
UPDATE users SET telegram_chat = '@zoe' WHERE id = 1;
