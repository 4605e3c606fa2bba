-- One of each that may hang on an old table of tests/support/carrying.py, in two schemas, with whatever can be said of it.
DO $$ BEGIN CREATE ROLE cts_test_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE cts_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE SCHEMA reports;
GRANT ALL ON SCHEMA public, reports TO cts_test_owner;
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;

CREATE SEQUENCE numbers OWNED BY users.id;
CREATE TABLE numbered (id INTEGER DEFAULT nextval('numbers'));

ALTER TABLE users OWNER TO cts_test_owner;
GRANT SELECT ON users TO PUBLIC;
GRANT SELECT, UPDATE ON users TO cts_test_reader WITH GRANT OPTION;
REVOKE DELETE ON users FROM cts_test_owner;
GRANT INSERT (username, nickname), UPDATE (username) ON users TO cts_test_reader;
COMMENT ON TABLE users IS 'it''s 5% of "them" :all';
COMMENT ON COLUMN users.username IS 'a name';
COMMENT ON COLUMN users.nickname IS 'gone';
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON users AS RESTRICTIVE FOR UPDATE TO cts_test_reader, cts_test_owner
  USING (username = CURRENT_USER)
  WITH CHECK (EXISTS (SELECT 1 FROM exchange_connections c WHERE c.name = username));
COMMENT ON POLICY own ON users IS 'mine';
CREATE POLICY all_of_them ON users USING (true);

CREATE VIEW "my users" WITH (security_barrier, check_option = local) AS
  SELECT id, username AS "the name" FROM users WHERE username <> '';
ALTER VIEW "my users" ALTER COLUMN "the name" SET DEFAULT 'nobody';
ALTER VIEW "my users" OWNER TO cts_test_owner;
GRANT SELECT (id), INSERT ON "my users" TO cts_test_reader;
COMMENT ON VIEW "my users" IS 'view';
COMMENT ON COLUMN "my users"."the name" IS 'column';
CREATE MATERIALIZED VIEW reports.names WITH (fillfactor = 70) AS
  SELECT "the name" AS n, count(*) AS c FROM "my users" GROUP BY 1;
CREATE UNIQUE INDEX users_pkey ON reports.names (n) WHERE c > 0;
ALTER MATERIALIZED VIEW reports.names OWNER TO cts_test_owner;
COMMENT ON MATERIALIZED VIEW reports.names IS 'materialized view';
CREATE MATERIALIZED VIEW reports.unfilled AS SELECT n FROM reports.names WITH NO DATA;
CREATE VIEW reports."my users" AS
  SELECT n.n, u.id FROM reports.names n JOIN public."my users" u ON u."the name" = n.n;
CREATE VIEW joined AS SELECT c.name, o.note FROM exchange_connections c JOIN notes o ON o.connection_id = c.id;

CREATE TRIGGER disabled BEFORE UPDATE OF username ON users
  FOR EACH ROW WHEN (NEW.username <> '') EXECUTE FUNCTION pass();
ALTER TABLE users DISABLE TRIGGER disabled;
CREATE TRIGGER always AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION pass();
ALTER TABLE users ENABLE ALWAYS TRIGGER always;
COMMENT ON TRIGGER always ON users IS 'always';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pass();
CREATE TRIGGER instead INSTEAD OF UPDATE ON "my users" FOR EACH ROW EXECUTE FUNCTION pass();
CREATE RULE silent AS ON DELETE TO users DO INSTEAD NOTHING;
ALTER TABLE users DISABLE RULE silent;
CREATE RULE elsewhere AS ON INSERT TO notes DO ALSO
  UPDATE users SET username = 'noted' WHERE id::text = NEW.note;
CREATE POLICY elsewhere ON notes USING (EXISTS (SELECT 1 FROM users u WHERE u.username = note));

DELETE FROM notes WHERE connection_id = 2;
ALTER TABLE notes ADD CONSTRAINT "to it" FOREIGN KEY (connection_id) REFERENCES exchange_connections
  ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE notes ALTER connection_id SET DEFAULT 1;
CREATE INDEX of_connection ON notes (connection_id);
CREATE TRIGGER on_column AFTER UPDATE OF connection_id ON notes FOR EACH ROW EXECUTE FUNCTION pass();
CREATE TABLE reports.unsure (user_id INTEGER);
INSERT INTO reports.unsure VALUES (404);
ALTER TABLE reports.unsure ADD CONSTRAINT unsure FOREIGN KEY (user_id) REFERENCES public.users NOT VALID;
CREATE VIEW of_unsure AS SELECT user_id AS last FROM reports.unsure;
CREATE TABLE tags (tag TEXT PRIMARY KEY);
INSERT INTO tags VALUES ('bybit'), ('okx');
ALTER TABLE exchange_connections ADD CONSTRAINT tagged FOREIGN KEY (exchange) REFERENCES tags ON DELETE CASCADE;

CREATE PUBLICATION "some" FOR TABLE users (id, username) WHERE (id IS NOT NULL), TABLE exchange_connections;
