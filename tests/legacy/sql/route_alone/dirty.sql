INSERT INTO exchange_connections (id, name, exchange, api_type, api_key, api_secret, is_enabled, created_at) VALUES
  ('route "x''%\ ö🚀', 'O''Brien 100%', 'BYBIT', 'foo', 'key%s', 'p\w', NULL, NULL);
INSERT INTO site_logs (id, level, message, context, timestamp) VALUES
  (11, 'INFO', '', '{broken', NULL),
  (12, '', '100% of C:\x — "q" it''s 🚨', '', '2026-01-02 10:15:00.123');
