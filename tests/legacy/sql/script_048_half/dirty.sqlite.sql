INSERT INTO exchange_connections_new (id, name, is_testnet, connection_settings, api_capabilities, created_at) VALUES
  (77, 'a number', 'true', '{broken', x'00', '2026-01-04T00:00:00.000Z');
