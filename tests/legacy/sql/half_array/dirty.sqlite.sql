INSERT INTO migrations (id, name, executed_at) VALUES (90, x'00', '2026-01-30T06:00:00.000Z'), (91, 'words', 'last week');
