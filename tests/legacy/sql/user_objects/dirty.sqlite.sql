-- What a user has beside CTS, in every dirty file: tables of his own with unlikely names, views and triggers over managed
-- tables, foreign keys onto them.
CREATE TABLE "order" (id INTEGER PRIMARY KEY, "select" TEXT, "from" TEXT DEFAULT 'here');
INSERT INTO "order" VALUES (1, 'a', 'b'), (2, NULL, '');
CREATE TABLE "my ""quoted"" table, 100%" ("the id" TEXT PRIMARY KEY, "it's" TEXT, "a;b" BLOB);
INSERT INTO "my ""quoted"" table, 100%" VALUES ('1', 'O''Brien', x'00ff'), ('ü', CAST(x'ff41' AS TEXT), 'a' || char(0) || 'b');
CREATE TABLE pairs_of_mine (base TEXT, quote TEXT, weight REAL, PRIMARY KEY (base, quote)) WITHOUT ROWID;
INSERT INTO pairs_of_mine VALUES ('BTC', 'USDT', 1.5), ('ETH', 'BTC', NULL);
CREATE TABLE sums (a INTEGER, b INTEGER, total INTEGER GENERATED ALWAYS AS (a + b) STORED);
INSERT INTO sums (a, b) VALUES (1, 2), (3, NULL);
CREATE TABLE notes_on_connections (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection REFERENCES exchange_connections(id) ON DELETE CASCADE,
  note TEXT
);
INSERT INTO notes_on_connections (connection, note) SELECT id, 'about ' || name FROM exchange_connections WHERE id IS NOT NULL LIMIT 2;
INSERT INTO notes_on_connections (connection, note) VALUES ('nobody', 'of a connection that is gone'), (NULL, '');
CREATE TABLE what_happened (at TEXT DEFAULT (datetime('now')), what TEXT);
CREATE VIEW "my connections" AS SELECT id, name AS "the name", exchange FROM exchange_connections WHERE exchange <> 'okx';
CREATE VIEW errors_by_day AS SELECT date(timestamp) AS day, count(*) AS errors FROM site_logs WHERE level = 'error' GROUP BY 1;
CREATE VIEW names_of_errors AS SELECT c."the name", e.errors FROM "my connections" c CROSS JOIN errors_by_day e;
CREATE TRIGGER "tell me" AFTER INSERT ON exchange_connections BEGIN
  INSERT INTO what_happened (what) VALUES ('new connection ' || NEW.name);
END;
CREATE TRIGGER no_loud_logs BEFORE INSERT ON site_logs WHEN NEW.level = 'LOUD' BEGIN
  SELECT RAISE(IGNORE);
END;
CREATE TRIGGER order_to_log AFTER INSERT ON "order" WHEN NEW."select" = 'log' BEGIN
  UPDATE exchange_connections SET name = name WHERE id = NEW."from";
END;
