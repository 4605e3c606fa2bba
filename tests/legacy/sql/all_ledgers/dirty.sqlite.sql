INSERT INTO migrations (id, name, executedAt) VALUES
  (NULL, 'no id', 1767402000),
  (x'00', x'01', x'02'),
  (3, 'number', '1767402000');
