-- What only PostgreSQL's types hold.
INSERT INTO users (id, username, email, password_hash, created_at, updated_at) VALUES
  (21, 'forever', 'forever@example.com', 'x', '-infinity', 'infinity'),
  (22, 'caesar', 'caesar@example.com', 'x', '0044-03-15 12:00:00 BC', '294276-12-31 23:59:59.999999');
INSERT INTO portfolios (id, user_id, name, total_value) VALUES (21, 21, 'not a number', 'NaN');
