"""What a downgrade takes away comes back with all that hung on it, and nobody gets at it meanwhile."""

from __future__ import annotations

import json
import sqlite3

import pytest
import sqlalchemy as sa

from cts_schema import check, ddl, downgrade, finalize_adoption, repair, status, undo_adoption, upgrade
from cts_schema.exceptions import DataWouldBeDropped, NameTaken, StillNeeded
from cts_schema.schema.snapshot import differences
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.operations import operations
from tests.support.program import alembic, cts_schema

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

CONNECTION = "INSERT INTO exchange_connections (id, name, api_secret) VALUES ('c1', 'main', 'secret')"
HISTORY = "INSERT INTO indication_history (connection_id, symbol, indication_type) VALUES ('c1', 'BTC', 'move')"
STATE = "INSERT INTO indication_states (id, state_key, parabolic_sar_value) VALUES ('s1', 'k1', 0.1), ('s2', 'k2', 0.3)"
SAR = "SELECT id, parabolic_sar_value FROM indication_states ORDER BY id"


def script(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement.replace(":", r"\:")))


def preserved(database: Database) -> set[str]:
    return {name for name in database.tables() if name.startswith("cts_kept_")}


@pytest.fixture
def reader(server: Server, head: Database) -> str:
    """A role of PostgreSQL that may look into the schema."""
    name = f"reader_{head.location.database}"
    server.execute(f"CREATE ROLE {name}")
    script(head, f"GRANT USAGE ON SCHEMA public TO {name}")
    return name


# What hangs on a table


HUNG_ON = {
    "row security": (
        "ALTER TABLE indication_history ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON indication_history TO {reader} USING (symbol = 'ETH')",
    ),
    "grants": ("GRANT SELECT (id, symbol), UPDATE (symbol) ON indication_history TO {reader}",),
    "an index of one's own": ("CREATE INDEX somebodys ON indication_history (lower(symbol) DESC) WHERE id > 5",),
    "a comment": (
        "COMMENT ON TABLE indication_history IS 'mine'",
        "COMMENT ON COLUMN indication_history.symbol IS 'it''s \"100%\" :mine'",
        "COMMENT ON CONSTRAINT fk_indication_history_connection_id ON indication_history IS 'a key'",
    ),
    "a publication": ("CREATE PUBLICATION mine FOR TABLE indication_history",),
    "settings": (
        "ALTER TABLE indication_history SET (fillfactor = 70)",
        "ALTER TABLE indication_history ALTER symbol SET STATISTICS 500",
        "ALTER TABLE indication_history ALTER symbol SET DEFAULT 'BTC'",
        "CREATE STATISTICS pair ON symbol, connection_id FROM indication_history",
    ),
    "a column and a key of one's own": (
        "CREATE TABLE mine (id integer PRIMARY KEY)",
        "ALTER TABLE indication_history ADD mine_id integer REFERENCES mine ON DELETE CASCADE",
    ),
    "triggers and rules": (
        "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER one BEFORE UPDATE ON indication_history FOR EACH ROW EXECUTE FUNCTION noop()",
        "CREATE TRIGGER two BEFORE UPDATE ON indication_history FOR EACH ROW EXECUTE FUNCTION noop()",
        "ALTER TABLE indication_history ENABLE ALWAYS TRIGGER two",
        "CREATE RULE mine AS ON DELETE TO indication_history DO ALSO SELECT 1",
    ),
    "a view": ("CREATE VIEW seen AS SELECT symbol FROM indication_history",),
    "a table that refers to it": ("CREATE TABLE notes (history_id bigint REFERENCES indication_history)",),
}
DUMPED = """
SELECT json_build_array(c.relrowsecurity, c.relacl, c.reloptions, obj_description(c.oid, 'pg_class'),
  (SELECT json_agg(json_build_array(polname, polroles, pg_get_expr(polqual, polrelid)))
     FROM pg_policy WHERE polrelid = c.oid),
  (SELECT json_agg(json_build_array(attname, attacl, attstattarget, col_description(c.oid, attnum),
     (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = c.oid AND adnum = attnum)) ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
  (SELECT json_agg(pg_get_indexdef(indexrelid) ORDER BY 1) FROM pg_index WHERE indrelid = c.oid),
  (SELECT json_agg(json_build_array(conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
     ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid OR confrelid = c.oid),
  (SELECT json_agg(json_build_array(tgname, tgenabled) ORDER BY tgname) FROM pg_trigger
    WHERE tgrelid = c.oid AND NOT tgisinternal),
  (SELECT json_agg(rulename) FROM pg_rewrite WHERE ev_class = c.oid),
  (SELECT json_agg(prpubid) FROM pg_publication_rel WHERE prrelid = c.oid),
  (SELECT json_agg(stxname) FROM pg_statistic_ext WHERE stxrelid = c.oid),
  (SELECT json_agg(pg_get_viewdef(oid)) FROM pg_class WHERE relname = 'seen'))::text
  FROM pg_class c WHERE c.oid = 'indication_history'::regclass
"""


@on_postgresql
@pytest.mark.parametrize("rows", [0, 1])
def test_all_that_hangs_on_a_table_comes_back_with_it(head: Database, reader: str, rows: int) -> None:
    script(head, *(one.format(reader=reader) for statements in HUNG_ON.values() for one in statements))
    script(head, *[CONNECTION, HISTORY][: rows * 2])
    before = head.value(DUMPED)
    for revision in ("057", "base"):
        downgrade(head.engine, revision)
        assert "indication_history" not in head.tables()
        upgrade(head.engine)
        assert json.loads(head.value(DUMPED)) == json.loads(before)
        assert preserved(head) == set()


@on_postgresql
@pytest.mark.parametrize("what", HUNG_ON)
def test_an_empty_table_keeps_whatever_hangs_on_it(head: Database, reader: str, what: str) -> None:
    script(head, *(one.format(reader=reader) for one in HUNG_ON[what]))
    before = head.value(DUMPED)
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert json.loads(head.value(DUMPED)) == json.loads(before)
    assert preserved(head) == set()


OWN = {
    "a column": "ADD COLUMN mine TEXT",
    "a column with a default": "ADD COLUMN mine INTEGER DEFAULT 5 NOT NULL",
    "a constraint": "ADD COLUMN mine INTEGER CONSTRAINT ck_indication_history_mine CHECK (mine > 5)",
    "an index": "CREATE INDEX ix_indication_history_mine ON indication_history (momentum)",
    "another index": "CREATE INDEX ix_indication_history_recorded_at ON indication_history (recorded_at) WHERE id > 5",
}
OWN_ON_POSTGRESQL = {
    "a constraint on a column of ours": "ADD CONSTRAINT ck_indication_history_mine CHECK (length(symbol) < 30)",
    "a unique constraint": "ADD CONSTRAINT uq_indication_history_mine UNIQUE (state_key)",
    "a key": "ADD CONSTRAINT fk_indication_history_mine FOREIGN KEY (symbol) REFERENCES users ON DELETE CASCADE",
    "a default": "ALTER COLUMN momentum SET DEFAULT 5",
    "a counter": "ALTER COLUMN id SET INCREMENT 10",
}


def own_things_come_back(head: Database, change: str) -> None:
    if "recorded_at" in change:
        script(head, "DROP INDEX ix_indication_history_recorded_at")
    script(head, change if change.startswith("CREATE") else f"ALTER TABLE indication_history {change}")
    schema = head.snapshot()
    downgrade(head.engine, "057", yes=False)
    assert preserved(head) == {"cts_kept_058_indication_history"}
    upgrade(head.engine)
    assert differences(head.snapshot(), schema) == {}
    assert preserved(head) == set()


@pytest.mark.parametrize("what", OWN)
def test_an_empty_table_comes_back_with_what_somebody_added_to_it(head: Database, what: str) -> None:
    own_things_come_back(head, OWN[what])


@on_postgresql
@pytest.mark.parametrize("what", OWN_ON_POSTGRESQL)
def test_an_empty_table_comes_back_with_what_somebody_changed_of_it(head: Database, what: str) -> None:
    own_things_come_back(head, OWN_ON_POSTGRESQL[what])


@on_sqlite
def test_own_indexes_triggers_and_columns_come_back_with_a_table_and_rowids_stay(head: Database) -> None:
    script(
        head,
        CONNECTION,
        "CREATE TABLE mine (id INTEGER PRIMARY KEY)",
        "ALTER TABLE preset_types ADD COLUMN [my note] TEXT CHECK ([my note] <> 'references users') "
        "REFERENCES 'mine'(id) ON DELETE CASCADE",
        "CREATE INDEX somebodys ON preset_types (lower(name) DESC) WHERE name > 'a'",
        "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER hears AFTER INSERT ON preset_types BEGIN INSERT INTO log VALUES (NEW.name || ' 100%:x?'); END",
        "CREATE TRIGGER elsewhere AFTER DELETE ON users BEGIN DELETE FROM preset_types; END",
        "CREATE VIEW seen AS SELECT name FROM preset_types",
        "INSERT INTO preset_types (id, name, [my note]) VALUES ('p', 'n', NULL)",
        "UPDATE preset_types SET rowid = 77",
        "DELETE FROM log",
    )
    schema = head.snapshot()
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert differences(head.snapshot(), schema) == {}
    assert head.rows("SELECT rowid, id, name FROM preset_types") == [(77, "p", "n")]
    assert head.rows("SELECT * FROM log") == []
    assert head.rows("SELECT * FROM seen") == [("n",)]
    script(head, "INSERT INTO preset_types (id, name) VALUES ('q', 'm')")
    assert head.rows("SELECT * FROM log") == [("m 100%:x?",)]
    assert preserved(head) == set()


@on_sqlite
def test_a_table_of_another_shape_is_made_anew_and_gets_its_rows_indexes_and_triggers(head: Database) -> None:
    script(
        head,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'name TEXT NOT NULL', 'name VARCHAR(9)') "
        "WHERE name = 'preset_types'",
        "PRAGMA writable_schema = RESET",
        "CREATE INDEX somebodys ON preset_types (lower(name))",
        "CREATE TRIGGER hears AFTER INSERT ON preset_types BEGIN SELECT RAISE(IGNORE); END",
        "DROP TRIGGER hears",
        "CREATE TRIGGER hears AFTER DELETE ON preset_types BEGIN SELECT RAISE(IGNORE); END",
        "INSERT INTO preset_types (id, name) VALUES ('p', 'n')",
    )
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert head.rows("SELECT id, name FROM preset_types") == [("p", "n")]
    names = {name for (name,) in head.rows("SELECT name FROM sqlite_master WHERE tbl_name = 'preset_types'")}
    assert {"somebodys", "hears", "trg_preset_types_updated_at"} <= names
    assert [finding.code for finding in check(head.engine).findings if finding.severity == "error"] == []
    assert preserved(head) == set()


@on_postgresql
def test_a_column_of_another_type_gets_its_own_again(head: Database) -> None:
    script(
        head,
        "ALTER TABLE preset_types ALTER name TYPE varchar(50), ALTER name DROP NOT NULL",
        "DROP INDEX ix_preset_types_created_at",
        "INSERT INTO preset_types (id, name) VALUES ('p', 'n')",
    )
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert head.rows("SELECT id, name FROM preset_types") == [("p", "n")]
    assert [finding.code for finding in check(head.engine).findings if finding.severity != "info"] == []


@on_postgresql
@pytest.mark.parametrize("wider", ["numeric(40,20)", "double precision"])
def test_a_wider_number_stays_as_wide_and_loses_no_digit(head: Database, wider: str) -> None:
    script(
        head,
        CONNECTION,
        HISTORY,
        f"ALTER TABLE indication_history ALTER momentum TYPE {wider}",
        "UPDATE indication_history SET momentum = 0.12345678901234567",
    )
    before = head.value("SELECT momentum::text FROM indication_history")
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert head.value("SELECT momentum::text FROM indication_history") == before


@on_postgresql
def test_rows_of_a_table_that_inherits_stay_in_it_though_their_parent_is_gone(head: Database) -> None:
    script(
        head,
        CONNECTION,
        HISTORY,
        "CREATE TABLE mine (extra TEXT) INHERITS (indication_history)",
        "INSERT INTO mine (id, connection_id, symbol, indication_type, extra) VALUES (9, 'gone', 'X', 'rsi', 'mine')",
    )
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert head.rows("SELECT id, connection_id, extra FROM mine") == [(9, "gone", "mine")]
    assert head.value("SELECT count(*) FROM ONLY indication_history") == 1


@on_postgresql
def test_a_check_that_somebody_dropped_is_put_on_later_rows_alone(head: Database) -> None:
    script(
        head,
        CONNECTION,
        HISTORY,
        "ALTER TABLE indication_history DROP CONSTRAINT ck_indication_history_momentum_finite",
        "UPDATE indication_history SET momentum = 'NaN'",
    )
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert head.value("SELECT momentum::text FROM indication_history") == "NaN"
    query = "SELECT convalidated FROM pg_constraint WHERE conname = 'ck_indication_history_momentum_finite'"
    assert head.value(query) is False


def test_a_value_that_the_revision_requires_and_somebody_does_not_is_no_hindrance(head: Database) -> None:
    script(head, CONNECTION, HISTORY)
    if head.kind == "postgresql":
        script(head, "ALTER TABLE indication_history ALTER symbol DROP NOT NULL, ALTER momentum SET DEFAULT 1")
        script(
            head,
            "UPDATE indication_history SET momentum = 1",
            "ALTER TABLE indication_history ALTER momentum SET NOT NULL",
        )
    else:
        script(
            head,
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'symbol TEXT NOT NULL', 'symbol TEXT') "
            "WHERE name = 'indication_history'",
            "PRAGMA writable_schema = RESET",
        )
    script(head, "UPDATE indication_history SET symbol = NULL")
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert head.rows("SELECT symbol FROM indication_history") == [(None,)]
    required = {
        column["name"]: not column["nullable"] for column in sa.inspect(head.engine).get_columns("indication_history")
    }
    assert required["momentum"] is (head.kind == "postgresql")


@on_postgresql
def test_a_row_whose_key_loses_some_of_its_columns_alone_stays_preserved_whole(head: Database) -> None:
    script(
        head,
        CONNECTION,
        HISTORY,
        "CREATE TABLE mine (a integer, b integer, PRIMARY KEY (a, b))",
        "INSERT INTO mine VALUES (2, 2)",
        "ALTER TABLE indication_history ADD a integer NOT NULL DEFAULT 2, ADD b integer DEFAULT 2",
        "ALTER TABLE indication_history ADD FOREIGN KEY (a, b) REFERENCES mine ON DELETE SET NULL (b)",
    )
    downgrade(head.engine, "057")
    script(head, "DELETE FROM mine")
    upgrade(head.engine)
    assert head.rows("SELECT a, b FROM cts_kept_058_indication_history") == [(2, 2)]


# Who may read


@on_postgresql
def test_default_privileges_open_nothing_that_is_preserved(head: Database, reader: str) -> None:
    script(
        head,
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {reader}, PUBLIC",
        CONNECTION,
        HISTORY,
        "UPDATE exchange_connections SET preset_type_id = 'p' WHERE false",
        "INSERT INTO preset_types (id, name) VALUES ('p', 'p')",
        "UPDATE exchange_connections SET preset_type_id = 'p'",
        f"GRANT INSERT ON indication_history TO {reader}",
    )
    downgrade(head.engine, "054")  # the columns of 055 are copied
    downgrade(head.engine, "base")
    assert {"cts_kept_035_exchange_connections", "cts_kept_055_exchange_connections"} <= preserved(head)
    for table in preserved(head):
        assert head.value(f"SELECT has_table_privilege('{reader}', '{table}', 'SELECT')") is False
    upgrade(head.engine)
    assert preserved(head) == set()
    for table in ("exchange_connections", "indication_history"):
        assert head.value(f"SELECT has_table_privilege('{reader}', '{table}', 'SELECT')") is False
    assert head.value(f"SELECT has_table_privilege('{reader}', 'indication_history', 'INSERT')") is True


@on_postgresql
def test_default_privileges_that_came_later_open_no_table_that_was_made_before_them(
    head: Database, reader: str
) -> None:
    script(head, f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}")
    downgrade(head.engine, "057")
    upgrade(head.engine)
    assert head.value(f"SELECT has_table_privilege('{reader}', 'indication_history', 'SELECT')") is False
    assert preserved(head) == set()


@on_postgresql
def test_rows_that_stay_behind_are_the_owners_alone(head: Database, reader: str) -> None:
    script(head, f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {reader}", CONNECTION, HISTORY)
    downgrade(head.engine, "057")
    script(head, "DELETE FROM exchange_connections")
    upgrade(head.engine)
    assert head.value("SELECT count(*) FROM cts_kept_058_indication_history") == 1
    query = f"SELECT has_table_privilege('{reader}', 'cts_kept_058_indication_history', 'SELECT')"
    assert head.value(query) is False


@on_postgresql
def test_a_publication_of_all_tables_is_no_hindrance(head: Database) -> None:
    script(head, CONNECTION, HISTORY, STATE, "CREATE PUBLICATION everything FOR ALL TABLES")
    before = head.rows(SAR)
    downgrade(head.engine, "055")
    upgrade(head.engine)
    assert head.rows(SAR) == before
    assert preserved(head) == set()


@on_postgresql
@pytest.mark.parametrize("table", ["indication_states", "indication_history"])
@pytest.mark.parametrize("lost", ["REPLICA IDENTITY NOTHING", "DROP CONSTRAINT pk_{table}"])
def test_a_published_table_whose_rows_cannot_be_identified_is_no_hindrance(
    head: Database, table: str, lost: str
) -> None:
    script(head, CONNECTION, HISTORY, STATE, f"CREATE PUBLICATION mine FOR TABLE {table}")
    script(head, f"ALTER TABLE {table} {lost.format(table=table)}")
    identity = f"SELECT relreplident::text FROM pg_class WHERE oid = '{table}'::regclass"
    before, identified = head.rows(SAR), head.value(identity)
    downgrade(head.engine, "055")
    if table == "indication_history":
        script(head, "DELETE FROM exchange_connections")  # its row stays behind
    upgrade(head.engine)
    assert head.rows(SAR) == before
    assert head.value(identity) == identified
    assert head.value(f"SELECT count(*) FROM {table}") == (2 if table == "indication_states" else 0)


# While it is away


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("kind_of", ["TABLE", "VIEW"])
def test_a_table_or_view_that_took_the_name_meanwhile_is_named_with_the_next_step(
    head: Database, rows: int, kind_of: str
) -> None:
    script(head, *[CONNECTION, HISTORY][: rows * 2])
    downgrade(head.engine, "057")
    script(head, f"CREATE {kind_of} indication_history AS SELECT 7 AS id")
    with pytest.raises(NameTaken, match=f"{kind_of.lower()} indication_history") as caught:
        upgrade(head.engine)
    assert caught.value.exit_code == 3
    assert "ALTER" in str(caught.value.next_step) or "DROP VIEW" in str(caught.value.next_step)
    assert head.value("SELECT id FROM indication_history") == 7
    assert status(head.engine).revision == "057"
    script(head, f"DROP {kind_of} indication_history")
    upgrade(head.engine)
    assert head.value("SELECT count(*) FROM indication_history") == rows


@pytest.mark.parametrize("action", ["CASCADE", "RESTRICT"])
def test_the_old_application_may_delete_a_parent_and_deletes_no_preserved_row(head: Database, action: str) -> None:
    script(head, CONNECTION, "INSERT INTO exchange_connections (id, name) VALUES ('c2', 'other')", HISTORY)
    script(head, HISTORY.replace("c1", "c2"))
    if action == "RESTRICT" and head.kind == "postgresql":
        script(
            head,
            "ALTER TABLE indication_history DROP CONSTRAINT fk_indication_history_connection_id",
            "ALTER TABLE indication_history ADD CONSTRAINT fk_indication_history_connection_id "
            "FOREIGN KEY (connection_id) REFERENCES exchange_connections (id) ON DELETE RESTRICT",
        )
    downgrade(head.engine, "057")
    script(head, "DELETE FROM exchange_connections WHERE id = 'c1'")
    upgrade(head.engine)
    assert head.rows("SELECT connection_id FROM indication_history") == [("c2",)]
    assert head.rows("SELECT connection_id FROM cts_kept_058_indication_history") == [("c1",)]
    with pytest.raises(sa.exc.IntegrityError):
        script(head, HISTORY.replace("c1", "nobody"))


def test_ids_go_on_behind_every_one_that_was_given(head: Database) -> None:
    script(head, CONNECTION, HISTORY, HISTORY, HISTORY, "DELETE FROM indication_history WHERE id > 1")
    for _ in range(2):
        downgrade(head.engine, "057")
        upgrade(head.engine)
    script(head, HISTORY)
    assert head.rows("SELECT id FROM indication_history ORDER BY id") == [(1,), (4,)]


# Nobody's trigger or rule acts


PASSES_OVER = {
    "sqlite": (
        "CREATE TRIGGER mine BEFORE UPDATE ON indication_states WHEN OLD.state_key = 'k1' "
        "BEGIN SELECT RAISE(IGNORE); END",
    ),
    "postgresql": (
        "CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF OLD.state_key = ''k1'' THEN RETURN NULL; END IF; RETURN NEW; END'",
        "CREATE TRIGGER mine BEFORE UPDATE ON indication_states FOR EACH ROW EXECUTE FUNCTION pass_over()",
        "CREATE RULE mine AS ON UPDATE TO indication_states WHERE OLD.state_key = 'k2' DO INSTEAD NOTHING",
    ),
}


def test_a_value_comes_back_although_a_trigger_passes_over_its_row(head: Database) -> None:
    script(head, STATE, *PASSES_OVER[head.kind])
    before, schema = head.rows(SAR), head.snapshot()
    downgrade(head.engine, "055")
    upgrade(head.engine)
    assert head.rows(SAR) == before
    assert differences(head.snapshot(), schema) == {}
    assert preserved(head) == set()


def test_a_row_leaves_its_table_although_a_trigger_keeps_it(head: Database) -> None:
    keeps = {
        "sqlite": ("CREATE TRIGGER mine BEFORE DELETE ON indication_history BEGIN SELECT RAISE(IGNORE); END",),
        "postgresql": (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER mine BEFORE DELETE ON indication_history FOR EACH ROW EXECUTE FUNCTION refuse()",
            "ALTER TABLE indication_history ENABLE ALWAYS TRIGGER mine",
        ),
    }
    script(head, CONNECTION, HISTORY, *keeps[head.kind])
    downgrade(head.engine, "057")
    script(head, "DELETE FROM exchange_connections")
    upgrade(head.engine)
    assert head.value("SELECT count(*) FROM indication_history") == 0
    assert head.value("SELECT count(*) FROM cts_kept_058_indication_history") == 1


def test_a_renamed_column_has_its_values_although_a_trigger_passes_over_rows(head: Database) -> None:
    passes = {
        "sqlite": ("CREATE TRIGGER mine BEFORE UPDATE ON exchange_connections BEGIN SELECT RAISE(IGNORE); END",),
        "postgresql": (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER mine BEFORE UPDATE ON exchange_connections FOR EACH ROW EXECUTE FUNCTION refuse()",
        ),
    }
    script(head, CONNECTION, "UPDATE exchange_connections SET indication_auto = true", *passes[head.kind])
    downgrade(head.engine, "053")
    assert bool(head.value("SELECT indication_active_advanced FROM exchange_connections")) is True
    upgrade(head.engine)
    assert bool(head.value("SELECT indication_auto FROM exchange_connections")) is True


def test_revisions_change_and_insert_rows_although_a_trigger_passes_over_them(database: Database) -> None:
    upgrade(database.engine, "051")
    state = "INSERT INTO indication_states (id, state_key, indication_type) VALUES ('s', 'k', 'active_advanced')"
    script(database, state)
    for table, event in (("indication_states", "UPDATE"), ("system_settings", "INSERT")):
        made = {
            "sqlite": (f"CREATE TRIGGER no_{table} BEFORE {event} ON {table} BEGIN SELECT RAISE(IGNORE); END",),
            "postgresql": (
                f"CREATE FUNCTION no_{table}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                f"CREATE TRIGGER mine BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION no_{table}()",
            ),
        }
        script(database, *made[database.kind])
    upgrade(database.engine)
    assert database.rows("SELECT indication_type FROM indication_states") == [("auto",)]
    assert database.value("SELECT count(*) FROM system_settings") == 5


# Whatever road leads back


@pytest.mark.parametrize("revision", ["057", "055", "035"])
def test_rows_come_back_when_the_version_is_lost_and_the_database_is_adopted(head: Database, revision: str) -> None:
    script(head, CONNECTION, HISTORY, STATE)
    script(
        head, "INSERT INTO base_pseudo_positions (id, connection_id, symbol, time_window) VALUES ('b', 'c1', 'X', 5)"
    )
    before = head.rows(SAR)
    downgrade(head.engine, revision)
    script(head, "DROP TABLE alembic_version")
    report = upgrade(head.engine)
    assert report.adopted is not None
    assert head.rows("SELECT connection_id, symbol FROM indication_history") == [("c1", "BTC")]
    assert head.rows(SAR) == before
    assert head.rows("SELECT connection_id, time_window FROM base_pseudo_positions") == [("c1", 5)]
    assert report.preserved == ()


@on_postgresql
@pytest.mark.parametrize("revision", ["057", "055"])
def test_a_table_comes_back_through_an_adoption_with_all_that_hangs_on_it(
    head: Database, reader: str, revision: str
) -> None:
    script(head, *(one.format(reader=reader) for statements in HUNG_ON.values() for one in statements))
    script(head, f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}", CONNECTION, HISTORY)
    before = head.value(DUMPED)
    downgrade(head.engine, revision)
    for _ in range(2):
        script(head, "DROP TABLE IF EXISTS alembic_version")
        assert upgrade(head.engine).adopted is not None
        assert json.loads(head.value(DUMPED)) == json.loads(before)
        assert head.rows("SELECT symbol FROM indication_history") == [("BTC",)]
        assert preserved(head) == set()
        undo_adoption(head.url)
        assert head.value("SELECT count(*) FROM cts_kept_058_indication_history") == 1
    upgrade(head.engine)
    finalize_adoption(head.url)
    assert json.loads(head.value(DUMPED)) == json.loads(before)


@on_sqlite
@pytest.mark.parametrize("revision", ["057", "055"])
def test_a_table_comes_back_through_an_adoption_with_its_indexes_triggers_and_columns(
    head: Database, revision: str
) -> None:
    script(
        head,
        CONNECTION,
        HISTORY,
        "ALTER TABLE indication_history ADD mine TEXT DEFAULT 'm'",
        "CREATE INDEX somebodys ON indication_history (lower(symbol) DESC) WHERE id > 5",
        "CREATE TRIGGER hears AFTER INSERT ON indication_history BEGIN SELECT RAISE(ABORT, 'heard'); END",
    )
    schema = head.snapshot()
    downgrade(head.engine, revision)
    script(head, "DROP TABLE alembic_version")
    upgrade(head.engine)
    assert head.snapshot().tables["indication_history"] == schema.tables["indication_history"]
    assert head.rows("SELECT symbol, mine FROM indication_history") == [("BTC", "m")]
    with pytest.raises(sa.exc.IntegrityError, match="heard"):
        script(head, HISTORY)
    assert preserved(head) == set()


@on_postgresql
def test_a_table_that_later_revisions_have_changed_is_closed_as_it_was_after_an_adoption(
    head: Database, reader: str
) -> None:
    position = "INSERT INTO base_pseudo_positions (id, connection_id, symbol, time_window) VALUES ('b', 'c1', 'X', 5)"
    tables = ("base_pseudo_positions", "indication_history", "optimal_indications")
    script(head, CONNECTION, position, f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}")
    script(head, *(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in tables))
    downgrade(head.engine, "035")
    script(head, "DROP TABLE alembic_version")
    assert upgrade(head.engine).adopted is not None
    for table in tables:
        assert head.value(f"SELECT relrowsecurity FROM pg_class WHERE oid = '{table}'::regclass") is True
        assert head.value(f"SELECT has_table_privilege('{reader}', '{table}', 'SELECT')") is False
    assert head.rows("SELECT connection_id, time_window FROM base_pseudo_positions") == [("c1", 5)]
    assert [finding.code for finding in check(head.engine).findings if finding.severity == "error"] == []


def test_an_adoption_that_is_undone_leaves_preserved_rows_preserved(head: Database) -> None:
    script(head, CONNECTION, HISTORY)
    downgrade(head.engine, "057")
    script(head, "DROP TABLE alembic_version")
    for _ in range(2):
        upgrade(head.engine)
        assert head.value("SELECT count(*) FROM indication_history") == 1
        undo_adoption(head.url)
        assert head.value("SELECT count(*) FROM cts_kept_058_indication_history") == 1
        assert "indication_history" not in head.tables()


def test_rows_that_stay_behind_are_named_by_the_run_by_status_and_by_check(head: Database) -> None:
    script(head, CONNECTION, HISTORY)
    down = downgrade(head.engine, "057")
    assert down.preserved == ("cts_kept_058_indication_history",)
    assert "preserved for an upgrade" in cts_schema("status", url=head.url).out
    found = {finding.code: finding.severity for finding in check(head.engine).findings}
    assert found["preserved-rows"] == "info"
    script(head, "DELETE FROM exchange_connections")
    shown = alembic("upgrade", "head", url=head.url)
    assert "not restored: cts_kept_058_indication_history" in shown.out
    assert status(head.engine).stranded == ("cts_kept_058_indication_history",)
    assert "cts_kept_058" in cts_schema("status", url=head.url).out.split("not restored")[1]
    assert json.loads(cts_schema("status", "--json", url=head.url).out)["preserved"] == [*down.preserved]
    named = {finding.code: finding.examples for finding in check(head.engine).findings}
    assert named["stranded-rows"] == down.preserved


def test_a_stamp_names_what_it_leaves_behind(head: Database) -> None:
    script(head, CONNECTION, HISTORY)
    downgrade(head.engine, "057")
    assert "not restored: cts_kept_058_indication_history" in alembic("stamp", "060", url=head.url).out


# What needs a yes


def test_a_fresh_database_goes_to_base_without_a_yes_and_leaves_its_run_log_alone(database: Database) -> None:
    upgrade(database.url)
    assert downgrade(database.url, "base", yes=False).preserved == ("cts_kept_035_site_logs",)
    assert database.tables() == {"alembic_version", "cts_kept_035_site_logs"}


def test_a_database_without_a_run_log_goes_to_base_and_leaves_nothing(head: Database) -> None:
    assert downgrade(head.url, "base", yes=False).preserved == ()
    assert head.tables() == {"alembic_version"}


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE system_settings SET value = '8' WHERE key = 'cleanupIntervalHours'", "system_settings"),
        ("INSERT INTO site_logs (message, category) VALUES ('mine', 'migration')", "site_logs"),
        (
            "INSERT INTO schema_migrations (version, migration_name, source) VALUES ('mine', 'mine', 'alembic')",
            "schema_migrations",
        ),
        (
            "INSERT INTO schema_migrations (migration_id, migration_name, source) VALUES (12, 'mine', 'alembic')",
            "schema_migrations",
        ),
        (
            "INSERT INTO schema_migrations (migration_id, version, migration_name, source) "
            "VALUES (49, '049', 'mine', 'alembic')",
            "schema_migrations",
        ),
        (
            "INSERT INTO schema_migrations (migration_id, version, migration_name, source) "
            "VALUES (20240102, '20240102', 'mine', 'alembic')",
            "schema_migrations",
        ),
    ],
)
def test_a_row_that_somebody_wrote_or_changed_needs_a_yes_and_comes_back(
    database: Database, change: str, table: str
) -> None:
    upgrade(database.url)
    script(database, change)
    kept = {"system_settings": "value = '8'"}.get(table, "'mine' IN (migration_name, version)")
    query = f"SELECT count(*) FROM {table} WHERE {kept if table != 'site_logs' else 'message = ' + repr('mine')}"
    assert database.value(query) == 1
    with pytest.raises(DataWouldBeDropped, match=f"035  {table}: 1 row"):
        downgrade(database.url, "base", yes=False)
    downgrade(database.url, "base")
    upgrade(database.url)
    assert database.value(query) == 1


# What others have built on it


def test_a_view_over_a_column_that_goes_is_named_and_nothing_is_done(head: Database) -> None:
    script(head, STATE, "CREATE VIEW seen AS SELECT parabolic_sar_value FROM indication_states")
    with pytest.raises(StillNeeded, match="view seen") as caught:
        downgrade(head.engine, "055")
    assert caught.value.exit_code == 5
    assert status(head.engine).at_head
    assert head.value("SELECT count(*) FROM seen") == 2
    script(head, "DROP VIEW seen")
    assert downgrade(head.engine, "055").after == "055"


NEEDING = {
    "view quoted": ['CREATE VIEW quoted AS SELECT "parabolic_sar_value" AS v FROM "indication_states"'],
    "view over": [
        "CREATE VIEW under AS SELECT * FROM indication_states",
        'CREATE VIEW over AS /* as */ SELECT "PARABOLIC_SAR_VALUE" FROM under',
    ],
    "a trigger of users: shown": [
        'CREATE TRIGGER shown AFTER DELETE ON users BEGIN SELECT "parabolic_sar_value" FROM indication_states; END'
    ],
    "a trigger of seen: written": [
        "CREATE VIEW seen AS SELECT id FROM indication_states",
        "CREATE TRIGGER written INSTEAD OF INSERT ON seen "
        "BEGIN UPDATE indication_states SET parabolic_sar_value = 1; END",
    ],
    "a foreign key of table mine": [
        "CREATE UNIQUE INDEX own ON indication_states (parabolic_sar_value)",
        "CREATE TABLE mine (id INT, value NUMERIC REFERENCES INDICATION_STATES (Parabolic_SAR_Value))",
    ],
}


@on_sqlite
@pytest.mark.parametrize("named", NEEDING)
def test_what_sqlite_would_let_go_on_without_its_column_is_named_and_nothing_is_done(
    head: Database, named: str
) -> None:
    script(head, STATE, *NEEDING[named])
    with pytest.raises(StillNeeded, match=named) as caught:
        downgrade(head.engine, "055")
    assert "drop it, repeat" in str(caught.value.next_step)
    assert status(head.engine).at_head


CALCULATED = "ALTER TABLE indication_states ADD COLUMN g NUMERIC GENERATED ALWAYS AS (parabolic_sar_value * 2)"


def test_a_generated_column_over_one_that_goes_is_named_and_nothing_is_done(head: Database) -> None:
    script(head, STATE, f"{CALCULATED} {'VIRTUAL' if head.kind == 'sqlite' else 'STORED'}")
    before = head.rows("SELECT id, g FROM indication_states ORDER BY id")
    with pytest.raises(StillNeeded, match="column g of table indication_states"):
        downgrade(head.engine, "055")
    assert status(head.engine).at_head
    assert head.rows("SELECT id, g FROM indication_states ORDER BY id") == before
    script(head, "ALTER TABLE indication_states DROP COLUMN g")
    assert downgrade(head.engine, "055").after == "055"


@on_sqlite
def test_all_that_needs_a_column_is_named_at_once(head: Database) -> None:
    script(
        head,
        STATE,
        f"{CALCULATED} VIRTUAL",
        "ALTER TABLE indication_states ADD COLUMN [h h] NUMERIC AS ([g] + 1)",
        "ALTER TABLE indication_states ADD COLUMN other NUMERIC AS (length('parabolic_sar_value'))",
        "CREATE VIEW seen AS SELECT PARABOLIC_SAR_VALUE FROM indication_states",
        "CREATE TRIGGER hears AFTER UPDATE OF parabolic_sar_value ON indication_states BEGIN SELECT 1; END",
        "CREATE TRIGGER copies AFTER INSERT ON users BEGIN UPDATE indication_states SET parabolic_sar_value = 1; END",
    )
    with pytest.raises(StillNeeded) as caught:
        downgrade(head.engine, "055")
    named = str(caught.value.place["needed_by"])
    for one in ("column g of", "column h h of", "view seen", "trigger hears", "trigger copies"):
        assert one in named
    assert "other" not in named
    assert status(head.engine).at_head


def test_a_trigger_that_watches_a_column_that_goes_is_named(head: Database) -> None:
    made = {
        "sqlite": (
            "CREATE TRIGGER hears AFTER UPDATE OF parabolic_sar_value ON indication_states BEGIN SELECT 1; END",
        ),
        "postgresql": (
            "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER hears AFTER UPDATE OF parabolic_sar_value ON indication_states "
            "FOR EACH ROW EXECUTE FUNCTION noop()",
        ),
    }
    script(head, *made[head.kind])
    with pytest.raises(StillNeeded, match="trigger hears"):
        downgrade(head.engine, "055")
    assert status(head.engine).at_head


@on_sqlite
def test_an_index_a_check_and_a_view_of_somebody_follow_a_renamed_column(head: Database) -> None:
    script(
        head,
        "CREATE INDEX mine ON exchange_connections (name) WHERE INDICATION_AUTO = 1",
        "ALTER TABLE exchange_connections ADD COLUMN own INTEGER CHECK (own > indication_auto)",
        "CREATE VIEW reader AS SELECT indication_auto AS n FROM exchange_connections",
    )
    before = head.rows("SELECT name, sql FROM sqlite_master WHERE name IN ('mine', 'reader') ORDER BY name")
    downgrade(head.engine, "053")
    assert "indication_active_advanced" in head.value("SELECT sql FROM sqlite_master WHERE name = 'mine'")
    assert head.rows("SELECT n FROM reader") == []
    upgrade(head.engine)
    with pytest.raises(sa.exc.IntegrityError):
        head.execute("INSERT INTO exchange_connections (name, own, indication_auto) VALUES ('n', 0, true)")
    after = head.rows("SELECT name, sql FROM sqlite_master WHERE name IN ('mine', 'reader') ORDER BY name")
    assert [(name, sql.lower().replace('"', "")) for name, sql in after] == [
        (name, sql.lower()) for name, sql in before
    ]


def test_a_view_over_a_table_that_goes_is_told_beforehand_and_works_again_afterwards(head: Database) -> None:
    script(head, CONNECTION, HISTORY, "CREATE VIEW seen AS SELECT symbol FROM indication_history")
    script(head, "CREATE TABLE notes (history_id bigint REFERENCES indication_history (id))")
    with pytest.raises(DataWouldBeDropped) as caught:
        downgrade(head.engine, "057", yes=False)
    told = str(caught.value.place["dropped"])
    assert "058  indication_history: 1 row" in told
    assert "view seen" in told
    assert "table notes" in told
    downgrade(head.engine, "053")  # which drops columns of other tables behind it
    upgrade(head.engine)
    assert head.rows("SELECT * FROM seen") == [("BTC",)]
    script(head, "INSERT INTO notes VALUES (1)")
    with pytest.raises(sa.exc.IntegrityError):
        script(head, "INSERT INTO notes VALUES (2)")


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("CREATE INDEX mine ON indication_states (symbol, parabolic_sar_value)", "index mine"),
        ("CREATE INDEX mine ON indication_states (symbol) WHERE PARABOLIC_SAR_VALUE > 1", "index mine"),
        ("CREATE INDEX mine ON indication_states ((parabolic_sar_value + 1))", "index mine"),
        (
            "ALTER TABLE indication_states ADD COLUMN mine NUMERIC "
            "CONSTRAINT ck_indication_states_mine CHECK (mine > PARABOLIC_SAR_VALUE)",
            "constraint ck_indication_states_mine",
        ),
    ],
)
def test_an_index_or_check_that_goes_with_its_column_is_told_beforehand(head: Database, made: str, named: str) -> None:
    script(head, made)
    with pytest.raises(DataWouldBeDropped, match=f"056  indication_states: {named}.* is dropped with its column"):
        downgrade(head.engine, "055", yes=False)
    assert downgrade(head.engine, "055").after == "055"


@on_sqlite
@pytest.mark.parametrize("named", ['CONSTRAINT "my own" ', ""])
def test_a_unique_of_the_table_that_goes_with_its_column_is_told_beforehand(head: Database, named: str) -> None:
    made = head.value("SELECT sql FROM sqlite_master WHERE name = 'indication_states'")
    assert isinstance(made, str)
    with_unique = f"{made.rstrip().removesuffix(')')}, {named}UNIQUE (symbol, Parabolic_SAR_value))"
    script(head, with_unique.replace("indication_states", "remade", 1), "DROP TABLE indication_states")
    script(head, "ALTER TABLE remade RENAME TO indication_states")
    told = "my own" if named else r"UNIQUE \(symbol, Parabolic_SAR_value\)"
    with pytest.raises(
        DataWouldBeDropped, match=f"056  indication_states: constraint {told} is dropped with its column"
    ):
        downgrade(head.engine, "055", yes=False)
    assert downgrade(head.engine, "055").after == "055"


def test_a_row_of_somebody_elses_that_refers_to_one_that_cannot_go_back_is_not_deleted(
    head: Database,
) -> None:
    script(head, CONNECTION, HISTORY)
    script(head, "CREATE TABLE notes (history_id bigint REFERENCES indication_history (id) ON DELETE CASCADE)")
    script(head, "INSERT INTO notes VALUES (1)")
    downgrade(head.engine, "057")
    script(head, "DELETE FROM exchange_connections")
    with pytest.raises(StillNeeded, match="rows of notes"):
        upgrade(head.engine)
    assert head.rows("SELECT history_id FROM notes") == [(1,)]
    script(head, CONNECTION)
    upgrade(head.engine)
    assert head.rows("SELECT id, connection_id FROM indication_history") == [(1, "c1")]
    assert preserved(head) == set()


@on_sqlite
def test_a_row_of_somebody_elses_that_dangled_while_a_table_was_away_is_no_hindrance(head: Database) -> None:
    script(head, CONNECTION, HISTORY, "CREATE TABLE notes (history_id bigint REFERENCES indication_history (id))")
    script(head, "INSERT INTO notes VALUES (1)")
    downgrade(head.engine, "057")
    connection = sqlite3.connect(str(head.location.database))  # whose foreign keys are off
    connection.execute("INSERT INTO notes VALUES (77)")
    connection.commit()
    connection.close()
    upgrade(head.engine)
    assert head.rows("SELECT history_id FROM notes ORDER BY 1") == [(1,), (77,)]


def test_a_repair_makes_no_empty_table_in_the_place_of_a_preserved_one(head: Database) -> None:
    script(head, "INSERT INTO adoption_leftovers (table_name, reason, payload) VALUES ('orders', 'no_column', '{}')")
    downgrade(head.engine, "058")
    alembic("stamp", "060", url=head.url)
    left = [str(one.reason) for one in repair(head.engine, codes=["missing-table"]).left]
    assert left == ["cts_kept_059_adoption_leftovers has its rows: alembic stamp 058, then: alembic upgrade head"]
    alembic("stamp", "058", url=head.url)
    upgrade(head.engine)
    assert head.value("SELECT count(*) FROM adoption_leftovers") == 1


def test_a_column_that_refers_to_its_own_table_is_added_dropped_and_restored(database: Database) -> None:
    def things() -> None:
        ddl.create_table("900", "things", ddl.text_id(), ddl.string("name", required=True))

    def next_id() -> None:
        ddl.add_columns("901", "things", ddl.reference("next_id", "things", "SET NULL"))

    with operations(database):
        things()
        next_id()
    database.execute("INSERT INTO things (id, name, next_id) VALUES ('a', 'A', NULL), ('b', 'B', 'a'), ('c', 'C', 'b')")
    with operations(database):
        ddl.drop_columns("901", "things", "next_id")
    with operations(database):
        next_id()
    assert database.rows("SELECT id, next_id FROM things ORDER BY id") == [("a", None), ("b", "a"), ("c", "b")]
    (key,) = sa.inspect(database.engine).get_foreign_keys("things")
    assert (key["referred_table"], key["constrained_columns"], key["referred_columns"]) == (
        "things",
        ["next_id"],
        ["id"],
    )
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE things SET next_id = 'nobody'")
