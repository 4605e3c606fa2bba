-- What a user has beside CTS, in every dirty database: tables of his own with unlikely names, views and triggers over managed
-- tables, another role that may read, comments, another schema.
CREATE TABLE "order" (id INTEGER PRIMARY KEY, "select" TEXT, "from" TEXT DEFAULT 'here');
INSERT INTO "order" VALUES (1, 'a', 'b'), (2, NULL, '');
CREATE TABLE "my ""quoted"" table, 100%" ("the id" TEXT PRIMARY KEY, "it's" TEXT, "a;b" BYTEA);
INSERT INTO "my ""quoted"" table, 100%" VALUES ('1', 'O''Brien', '\x00ff'), ('ü', NULL, NULL);
CREATE TABLE many_types (
  id UUID PRIMARY KEY, span INTERVAL, address INET, during TSRANGE, place POINT, bits BIT(3), tags TEXT[], j JSON, f DOUBLE PRECISION, d DATE
);
INSERT INTO many_types VALUES
  ('6f1c0f0e-0000-4000-8000-000000000001', '1 day 02:00:00', '10.0.0.5', '[2026-01-01,2026-01-02)', '(1.5,2)', B'101', '{a,NULL}', '{"b" : 1}', 'NaN', 'infinity');
CREATE SCHEMA reports;
CREATE TABLE reports.daily (day DATE PRIMARY KEY, lines INTEGER);
INSERT INTO reports.daily VALUES ('2026-01-02', 3);
CREATE TABLE what_happened (at TIMESTAMPTZ DEFAULT now(), what TEXT);
CREATE VIEW "my connections" AS SELECT id, name AS "the name", exchange FROM exchange_connections WHERE exchange <> 'okx';
CREATE VIEW reports.errors_by_day AS SELECT timestamp::date AS day, count(*) AS errors FROM public.site_logs WHERE level = 'error' GROUP BY 1;
CREATE VIEW names_of_errors AS SELECT c."the name", e.errors FROM "my connections" c CROSS JOIN reports.errors_by_day e;
CREATE MATERIALIZED VIEW connection_names AS SELECT id, name FROM exchange_connections;
CREATE FUNCTION tell_me() RETURNS TRIGGER AS $$
BEGIN
  INSERT INTO what_happened (what) VALUES ('new connection ' || NEW.name);
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER "tell me" AFTER INSERT ON exchange_connections FOR EACH ROW EXECUTE FUNCTION tell_me();
CREATE FUNCTION order_to_log() RETURNS TRIGGER AS $$
BEGIN
  UPDATE exchange_connections SET name = name WHERE id::text = NEW."from";
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER order_to_log AFTER INSERT ON "order" FOR EACH ROW EXECUTE FUNCTION order_to_log();
-- A role belongs to the whole server: another test may have made it, or be making it.
DO $$
BEGIN
  CREATE ROLE cts_legacy_reader;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END;
$$;
GRANT USAGE ON SCHEMA public, reports TO cts_legacy_reader;
GRANT SELECT ON exchange_connections, site_logs, "my connections" TO cts_legacy_reader;
GRANT SELECT (id, name), UPDATE (name) ON exchange_connections TO cts_legacy_reader WITH GRANT OPTION;
COMMENT ON TABLE exchange_connections IS 'accounts: don''t touch "50%" of them';
COMMENT ON COLUMN site_logs.message IS 'what happened, im Klartext 🚀';
