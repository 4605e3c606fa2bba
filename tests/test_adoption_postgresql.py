"""What depends on tables of PostgreSQL by object id is put on the new ones; an undo brings all of it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import adopt, downgrade, plan_adoption, upgrade
from cts_schema.adoption.engine import Dependents, Engine
from cts_schema.adoption.legacy import postgresql_undo
from cts_schema.exceptions import AdoptionBlocked, LegacySchemaTaken, NoAdoption, NotPermitted, StillInUse
from tests.legacy.catalogue import build
from tests.support.carrying import OLD, carry_over, execute, names, old_tables, prepare, run_of, tried, undo
from tests.support.databases import Database

EVERYTHING = Path(__file__).with_name("support").joinpath("dependents.postgresql.sql").read_text(encoding="utf-8")
ROLE = "DO $$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
FUNCTION = "CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"

_MINE = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
STATE = (
    f"SELECT n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner), c.relacl::text, c.reloptions::text, "
    f"c.relispopulated, c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid, 'pg_class'), "
    f"CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, "
    f"CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END "
    f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_MINE}",
    "SELECT a.attrelid::regclass::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "a.attacl::text, col_description(a.attrelid, a.attnum), pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a "
    "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    f"LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE NOT a.attisdropped AND {_MINE}",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
    "WHERE conrelid <> 0",
    "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text, "
    "obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT ev_class::regclass::text, rulename, pg_get_ruledef(oid), ev_enabled::text FROM pg_rewrite "
    "WHERE rulename <> '_RETURN'",
    "SELECT polrelid::regclass::text, polname, polcmd::text, polpermissive, polroles::regrole[]::text, "
    "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy') "
    "FROM pg_policy",
    "SELECT p.pubname, r.prrelid::regclass::text, r.prattrs::text, pg_get_expr(r.prqual, r.prrelid) "
    "FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid",
    "SELECT objid::regclass::text, refobjid::regclass::text, refobjsubid FROM pg_depend WHERE deptype = 'a' "
    "AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjsubid > 0 AND objid >= 16384",
    f"SELECT n.nspname, p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_MINE}",
    f"SELECT n.nspname, n.nspacl::text FROM pg_namespace n WHERE {_MINE}",
)


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
def old(database: Database) -> Database:
    """The small legacy database with everything that may depend on it."""
    prepare(database, EVERYTHING)
    return database


def state(database: Database) -> list[list[str]]:
    """Return all that is in the catalogue."""
    with database.engine.connect() as connection:
        return [sorted(map(repr, connection.exec_driver_sql(query.replace("%", "%%")))) for query in STATE]


def seen_by(database: Database, role: str, query: str) -> list[Any]:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def lines(database: Database, number: int, *words: str) -> list[str]:
    """Return what one query of the state says where it mentions all of some words."""
    return [line for line in state(database)[number] if all(word in line for word in words)]


# Carried over


def test_everything_is_carried_over(old: Database) -> None:
    before = state(old)
    outcome = carry_over(old)
    assert (outcome.refused, outcome.failed) == ([], [])
    after = state(old)
    for number in (3, 4, 5, 6):  # triggers, rules, policies, publications
        lost = [line for line in before[number] if line not in after[number]]
        # A column is at another place in the table; an id that is text needs no cast.
        assert [line for line in lost if "'some'" not in line and "(users.id)::text" not in line] == []
    for line in before[0]:
        if "'v'" in line or "'m'" in line:
            assert line in after[0]


def test_roles_may_do_with_the_new_tables_what_they_could(old: Database) -> None:
    execute_all(old, "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO cts_test_reader")
    before = grants(old)
    carry_over(old)
    after = grants(old)
    gone = {("users", "nickname", "cts_test_reader", "INSERT", False)}
    assert {one for one in before if one[0] in ("users", '"my users"', "reports.names")} - gone == {
        one for one in after if one[0] in ("users", '"my users"', "reports.names")
    }
    assert seen_by(old, "cts_test_reader", "SELECT username FROM users") == [("ann",), ("bob",)]


def grants(database: Database) -> set[tuple[Any, ...]]:
    query = """
    SELECT c.oid::regclass::text, NULL, coalesce(r.rolname, 'PUBLIC'), g.privilege_type, g.is_grantable
      FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
      LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE c.relnamespace IN ('public'::regnamespace, 'reports'::regnamespace) AND c.relkind IN ('r', 'v', 'm')
     UNION ALL
    SELECT a.attrelid::regclass::text, a.attname, coalesce(r.rolname, 'PUBLIC'), g.privilege_type, g.is_grantable
      FROM pg_attribute a, aclexplode(a.attacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE a.attrelid >= 16384
    """
    return set(database.rows(query.replace("::", r"\:\:")))


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_default_privileges_do_not_open_what_is_left_over_of_closed_tables(database: Database) -> None:
    granted = (
        "SELECT a.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee <> c.relowner "
        "AND c.oid = 'adoption_leftovers'::regclass"
    )
    for statement in (
        "CREATE TABLE exchange_connections (id integer PRIMARY KEY, name text, exchange text, my_secret text)",
        "INSERT INTO exchange_connections VALUES (1, 'a', 'bybit', 'of the owner')",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC, pg_monitor",
    ):
        database.execute(statement)
    adopt(database.url, yes=True)
    assert database.rows("SELECT payload FROM adoption_leftovers") == [({"my_secret": "of the owner"},)]
    assert database.rows(granted) == []
    database.execute("GRANT SELECT ON adoption_leftovers TO pg_monitor")
    downgrade(database.url, "058")
    upgrade(database.url)
    assert database.rows(granted) == [("pg_monitor",)]


def test_comments_and_row_level_security_are_carried_over(old: Database) -> None:
    carry_over(old)
    assert old.value("SELECT obj_description(CAST('users' AS regclass))") == 'it\'s 5% of "them" :all'
    comments = "SELECT description FROM pg_description WHERE objoid = CAST('users' AS regclass) AND objsubid > 0"
    assert old.rows(comments) == [("a name",)]
    [line] = lines(old, 0, "'public', 'users', 'r'")
    assert "'cts_test_owner'" in line
    assert "True, True" in line


def test_an_owner_whom_policies_bind_loads_all_rows(old: Database) -> None:
    execute_all(old, "DROP POLICY all_of_them ON users", "GRANT USAGE ON SCHEMA public TO cts_test_owner")
    seen = []

    def count(connection: sa.Connection, found: Dependents) -> None:
        execute(connection, "GRANT USAGE ON SCHEMA cts_legacy TO cts_test_owner", "SET LOCAL ROLE cts_test_owner")
        seen.append(connection.exec_driver_sql("SELECT count(*) FROM cts_legacy.users").scalar())
        execute(connection, "RESET ROLE", "REVOKE ALL ON SCHEMA cts_legacy FROM cts_test_owner")

    carry_over(old, during=count)
    assert seen == [2]
    assert seen_by(old, "cts_test_owner", "SELECT count(*) FROM users") == [(0,)]


def test_a_view_keeps_what_is_said_about_it(old: Database) -> None:
    carry_over(old)
    old.execute("INSERT INTO users (id, username, password_hash) VALUES ('3', 'cid', '')")
    assert old.rows('SELECT id, "the name" FROM "my users" ORDER BY 1') == [("1", "ann"), ("2", "bob"), ("3", "cid")]
    assert old.rows("SELECT n, c FROM reports.names ORDER BY 1") == [("ann", 1), ("bob", 1)]
    old.execute("REFRESH MATERIALIZED VIEW reports.names")
    assert old.value('SELECT count(*) FROM reports."my users"') == 3
    assert old.rows("SELECT name, note FROM joined") == [("one", "of one")]


def test_a_view_is_filled_with_what_its_owner_may_see(old: Database) -> None:
    execute_all(old, "DROP POLICY all_of_them ON users", "CREATE POLICY ann ON users USING (username = 'ann')")
    outcome = carry_over(old, during=lambda connection, found: execute(connection, "SET LOCAL row_security = off"))
    assert outcome.failed == []
    assert old.rows("SELECT n, c FROM reports.names") == [("ann", 1)]


def test_a_view_of_somebody_else_is_refused_and_stays_with_the_legacy_tables(database: Database) -> None:
    prepare(database, ROLE.format("cts_test_migrator"), ROLE.format("cts_test_owner"))
    execute_all(
        database,
        f'GRANT CREATE ON DATABASE "{database.location.database}" TO cts_test_migrator',
        "GRANT ALL ON SCHEMA public TO cts_test_migrator, cts_test_owner",
        *(f"ALTER TABLE {table} OWNER TO cts_test_migrator" for table in ("users", "exchange_connections", "notes")),
        "CREATE VIEW not_mine AS SELECT nickname FROM users",
        "ALTER VIEW not_mine OWNER TO cts_test_owner",
    )
    with run_of(database) as connection:
        execute(connection, "SET LOCAL ROLE cts_test_migrator")
        found = Engine(connection).dependents.read(connection, old_tables(connection))
        assert ("view", "not_mine") in names(found.refused(connection))
        found.detach(connection)
        Engine(connection).legacy.move(connection, old_tables(connection))
        assert connection.exec_driver_sql("SELECT to_regclass('not_mine') IS NOT NULL").scalar()


def test_a_reference_to_an_id_becomes_text_and_keeps_its_row(old: Database) -> None:
    old.execute("INSERT INTO exchange_connections (id, name) VALUES (7, 'stays behind')")
    old.execute("INSERT INTO notes VALUES (8, 7, 'an orphan afterwards')")
    carry_over(old)
    assert old.rows("SELECT id, connection_id FROM notes ORDER BY id") == [(1, "1"), (3, None), (8, "7")]
    [key] = lines(old, 2, "to it")
    assert "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID', False" in key
    old.execute("INSERT INTO notes (id) VALUES (9)")
    assert old.value("SELECT connection_id FROM notes WHERE id = 9") == "1"
    with pytest.raises(sa.exc.IntegrityError):
        old.execute("INSERT INTO notes (id, connection_id) VALUES (10, 'nobody')")
    old.execute("DELETE FROM exchange_connections")
    assert old.rows("SELECT id FROM notes ORDER BY id") == [(3,), (8,)]
    [unsure] = lines(old, 2, "'unsure'")
    assert unsure.endswith("REFERENCES users(id) NOT VALID', False)")


def test_a_key_whose_rows_all_came_over_stays_valid(old: Database) -> None:
    carry_over(old)
    [key] = lines(old, 2, "to it")
    assert key.endswith("DEFERRED', True)")


def test_other_tables_are_free_of_the_old_ones(old: Database) -> None:
    carry_over(old)
    old.execute("DELETE FROM tags")  # was referred to by an old table
    old.execute("INSERT INTO numbered DEFAULT VALUES")
    assert old.value("SELECT count(*) FROM cts_legacy.exchange_connections") == 2
    with run_of(old) as connection:
        postgresql_undo.drop(connection)
    old.execute("INSERT INTO numbered DEFAULT VALUES")
    assert old.rows("SELECT id FROM numbered") == [(1,), (2,)]


def test_tables_of_two_schemas_are_kept_apart(old: Database) -> None:
    old.execute('CREATE SCHEMA "Other: 5%"')
    with run_of(old, schema="Other: 5%") as connection:
        execute(connection, *OLD, "CREATE VIEW mine AS SELECT username FROM users")
    for schema in (None, "Other: 5%"):
        assert carry_over(old, schema=schema).failed == []
    held = "SELECT schemaname FROM pg_tables WHERE tablename = 'users' ORDER BY 1"
    assert [name for (name,) in old.rows(held)] == ["Other: 5%", "cts_legacy", "cts_legacy_Other: 5%", "public"]
    assert old.rows('SELECT username FROM "Other\\: 5%".mine') == [("ann",), ("bob",)]
    undo(old, schema="Other: 5%")
    assert old.value('SELECT count(nickname) FROM "Other\\: 5%".users') == 1
    assert old.value("SELECT count(*) FROM cts_legacy.users") == 2


def test_a_long_schema_name_has_a_legacy_schema_of_its_own(database: Database) -> None:
    for name in ("x" * 63, "x" * 62 + "y"):
        database.execute(f"CREATE SCHEMA {name}")
        with run_of(database, schema=name) as connection:
            execute(connection, *OLD)
        assert carry_over(database, schema=name).failed == []


# Refused


# What is made, and what of it is refused.
REFUSED = {
    "CREATE FUNCTION whole() RETURNS users LANGUAGE sql AS 'SELECT * FROM users'": {"function whole()"},
    "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users; END": {
        "function counts()"
    },
    "CREATE TABLE child () INHERITS (users)": {"table child"},
    "CREATE TABLE holds (one users)": {"column one of table holds"},
    "CREATE TABLE parent (name TEXT); ALTER TABLE exchange_connections INHERIT parent": {
        "exchange_connections inherits parent"
    },
    "CREATE TABLE part (c INTEGER REFERENCES exchange_connections) PARTITION BY LIST (c)": {
        "part.c",
        "part_c_fkey of part",
    },
    "CREATE TABLE a1 (c INTEGER PRIMARY KEY); "
    "CREATE TABLE a2 (c INTEGER REFERENCES exchange_connections REFERENCES a1)": {"a2.c", "a2_c_fkey of a2"},
    "CREATE TABLE b (c INTEGER REFERENCES exchange_connections CHECK (c > 0))": {"b.c", "b_c_fkey of b"},
    "CREATE TABLE c (c INTEGER GENERATED ALWAYS AS IDENTITY REFERENCES exchange_connections)": {"c.c", "c_c_fkey of c"},
    "CREATE TABLE d (c INTEGER REFERENCES exchange_connections, e INTEGER GENERATED ALWAYS AS (c + 1) STORED)": {
        "d.c",
        "d_c_fkey of d",
    },
    "CREATE TABLE e (c INTEGER REFERENCES exchange_connections); CREATE MATERIALIZED VIEW over_e AS SELECT c FROM e": {
        "e.c",
        "e_c_fkey of e",
    },
    "CREATE TABLE f (c INTEGER REFERENCES exchange_connections); CREATE VIEW sum AS SELECT sum(c) FROM f": {"sum"},
    "CREATE TRIGGER t AFTER UPDATE ON users FOR EACH ROW WHEN (NEW.nickname = '') EXECUTE FUNCTION pass()": {
        "t on users"
    },
    "CREATE RULE r AS ON UPDATE TO users DO ALSO DELETE FROM notes WHERE note = OLD.nickname": {"r on users"},
    "CREATE RULE r AS ON UPDATE TO notes DO ALSO UPDATE users SET nickname = ''": {"r on notes"},
    "CREATE POLICY p ON users USING (nickname = '')": {"p on users"},
    "CREATE POLICY p ON notes USING (EXISTS (SELECT 1 FROM users WHERE nickname = note))": {"p on notes"},
    "CREATE PUBLICATION q FOR TABLE users (id, nickname)": {"q on users"},
    "CREATE SCHEMA cts_legacy": {'"cts_legacy"'},
}


def test_what_cannot_be_made_again_is_refused(database: Database) -> None:
    prepare(database, FUNCTION, *REFUSED)
    assert {one.name for one in tried(database)} == set().union(*REFUSED.values())


def test_a_view_over_a_refused_one_does_not_pass_for_reading_the_old_one(old: Database) -> None:
    old.execute("CREATE VIEW reports.nicknames AS SELECT nickname FROM users")
    old.execute("CREATE VIEW counted AS SELECT count(*) FROM reports.nicknames")
    old.execute("CREATE TRIGGER t INSTEAD OF DELETE ON reports.nicknames FOR EACH ROW EXECUTE FUNCTION pass()")
    outcome = carry_over(old)
    assert names(outcome.refused) == {
        ("view", "reports.nicknames"),
        ("view", "counted"),
        ("trigger", "t on reports.nicknames"),
    }
    assert outcome.failed == []


def test_what_a_user_may_not_do_is_refused(old: Database) -> None:
    execute_all(old, ROLE.format("cts_test_migrator"), "GRANT ALL ON SCHEMA public TO cts_test_migrator")
    with run_of(old) as connection:
        execute(connection, "SET LOCAL ROLE cts_test_migrator")
        found = Engine(connection).dependents.read(connection, old_tables(connection)).refused(connection)
    refused = names(found)
    assert ("schema", '"cts_legacy"') in refused
    assert {("table", "users"), ("view", '"my users"'), ("table", "notes")} <= refused


def test_an_owner_who_may_no_longer_create_is_refused(old: Database) -> None:
    execute_all(
        old,
        ROLE.format("cts_test_migrator"),
        f'GRANT CREATE ON DATABASE "{old.location.database}" TO cts_test_migrator',
        "GRANT cts_test_owner TO cts_test_migrator",
        "REVOKE ALL ON SCHEMA reports FROM cts_test_owner",
        "GRANT ALL ON SCHEMA reports TO cts_test_migrator",
    )
    with run_of(old) as connection:
        execute(connection, "SET LOCAL ROLE cts_test_migrator")
        found = Engine(connection).dependents.read(connection, ["users"]).refused(connection)
    assert "may no longer create" in next(one.reason for one in found if one.name == "reports.names")


def test_a_view_that_fails_over_the_rows_is_reported_without_their_values(database: Database) -> None:
    prepare(database, "CREATE MATERIALIZED VIEW m AS SELECT exchange::numeric FROM exchange_connections WITH NO DATA")
    # Filled when there was nothing wrong.
    execute_all(database, "UPDATE exchange_connections SET exchange = '1'", "REFRESH MATERIALIZED VIEW m")
    load = ["INSERT INTO exchange_connections (id, name, exchange) VALUES ('1', 'a', 'a secret')"]
    outcome = carry_over(database, load)
    assert (outcome.refused, names(outcome.failed)) == ([], {("materialized view", "m")})
    assert "secret" not in str(outcome.failed[0])


# Undo and finalize


@pytest.mark.parametrize("variant", ["numbered", "integer_installation", "route"])
def test_undo_brings_a_legacy_database_back_as_it_was(database: Database, variant: str) -> None:
    with database.engine.connect() as connection:
        build(connection, variant, "dirty")
    before = state(database)
    carry_over(database, load=())
    undo(database)
    after = state(database)
    # Some rows do not meet their foreign key, which PostgreSQL believes them to. It will not believe that again.
    after[2] = sorted(line.replace(" NOT VALID', False)", "', True)") for line in after[2])
    assert after == before


def test_undo_brings_everything_back_as_it_was(old: Database) -> None:
    before = state(old)
    carry_over(old)
    old.execute(r"INSERT INTO users (username, password_hash) VALUES ('new', '')")
    undo(old)
    assert state(old) == before
    assert old.rows("SELECT id, username FROM users ORDER BY 1") == [(1, "ann"), (2, "bob")]
    assert old.rows("SELECT id, connection_id FROM notes ORDER BY 1") == [(1, 1), (3, None)]
    carry_over(old)
    undo(old)
    assert state(old) == before


def test_undo_brings_back_what_was_refused(old: Database) -> None:
    execute_all(old, "CREATE VIEW nicknames AS SELECT nickname FROM users", "CREATE VIEW over_it AS TABLE nicknames")
    before = state(old)
    assert len(carry_over(old).refused) == 2
    undo(old)
    assert state(old) == before


def test_undo_keeps_functions_that_were_there(old: Database) -> None:
    old.execute("CREATE FUNCTION cts_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    carry_over(old)
    undo(old)
    assert old.value("SELECT count(*) FROM pg_proc WHERE proname = 'cts_set_updated_at'") == 1


def test_undo_refers_to_what_is_gone_by_a_key_that_was_not_checked(old: Database) -> None:
    carry_over(old)
    execute_all(
        old,
        "INSERT INTO exchange_connections (id, name) VALUES ('5', 'new')",
        "INSERT INTO notes (id, connection_id) VALUES (5, '5')",
        "DROP VIEW joined",
        "DROP TABLE reports.unsure CASCADE",
        "DROP TABLE numbered",
        "DROP SEQUENCE numbers",
    )
    undo(old)
    assert old.rows("SELECT connection_id FROM notes WHERE id = 5") == [(5,)]
    [key] = lines(old, 2, "to it")
    assert key.endswith("NOT VALID', False)")
    assert old.rows("SELECT name FROM joined") == [("one",)]


IN_THE_WAY = [
    ("CREATE VIEW later AS SELECT id FROM users", "later"),
    ('CREATE VIEW later AS SELECT "the name" FROM "my users"', "later"),
    ("CREATE TABLE later (id TEXT REFERENCES users)", "later"),
    (
        "INSERT INTO exchange_connections (id, name) VALUES ('no number', 'x'); "
        "INSERT INTO notes (id, connection_id) VALUES (5, 'no number'); SET CONSTRAINTS ALL IMMEDIATE",
        "integer",
    ),
    ("CREATE TABLE cts_legacy.later (id TEXT)", "later"),
    ("CREATE TRIGGER later BEFORE UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION cts_set_updated_at()", "later"),
]


def test_undo_refuses_to_drop_what_was_made_since(old: Database) -> None:
    carry_over(old)
    before = state(old)
    for made, named in IN_THE_WAY:
        with run_of(old) as connection, connection.begin_nested() as savepoint:
            execute(connection, made)
            with pytest.raises(StillInUse) as error:
                postgresql_undo.bring_back(connection, old_tables(connection))
            savepoint.rollback()
        assert named in str(error.value)
        assert "no number" not in str(error.value)
    assert state(old) == before


def test_undo_needs_an_adoption(database: Database) -> None:
    with pytest.raises(NoAdoption), run_of(database) as connection:
        postgresql_undo.bring_back(connection, [])


def test_finalize_drops_the_legacy_tables_and_nothing_else(old: Database) -> None:
    carry_over(old)
    before = state(old)
    with run_of(old) as connection:
        dropped = postgresql_undo.drop(connection)
        assert postgresql_undo.drop(connection) == []
    assert {'table "cts_legacy"."users"', 'view "cts_legacy"."reports.my users"'} <= set(dropped)
    after = state(old)
    assert not any("cts_legacy" in line for lines in after for line in lines)
    for lines_before, lines_after in zip(before, after, strict=True):
        assert [line for line in lines_before if "cts_legacy" not in line and "pg_toast" not in line] == [
            line for line in lines_after if "pg_toast" not in line
        ]


def test_finalize_refuses_to_drop_what_somebody_still_uses(old: Database) -> None:
    carry_over(old)
    before = state(old)
    for made in (
        "CREATE VIEW later AS SELECT nickname FROM cts_legacy.users",
        "CREATE TABLE cts_legacy.later (id TEXT)",
        "CREATE TABLE later (id INTEGER REFERENCES cts_legacy.users)",
    ):
        with run_of(old) as connection, connection.begin_nested() as savepoint:
            execute(connection, made)
            with pytest.raises(StillInUse, match="depends") as error:
                postgresql_undo.drop(connection)
            savepoint.rollback()
        assert "later" in str(error.value)
    assert state(old) == before


def test_a_second_adoption_needs_the_first_to_be_finished(old: Database) -> None:
    carry_over(old)
    with run_of(old) as connection:
        found = Engine(connection).dependents.read(connection, ["users"])
        assert ("schema", '"cts_legacy"') in names(found.refused(connection))
        for step in (lambda: found.detach(connection), lambda: Engine(connection).legacy.move(connection, ["users"])):
            with pytest.raises(LegacySchemaTaken, match="finalize_adoption"):
                step()


def execute_all(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        execute(connection, *statements)


def as_role(database: Database, role: str) -> str:
    return database.location.set(username=role, password="geheim").render_as_string(hide_password=False)


def test_a_user_who_may_only_read_learns_whose_the_tables_are(database: Database) -> None:
    prepare(database, ROLE.format("cts_test_reader"), "ALTER ROLE cts_test_reader LOGIN PASSWORD 'geheim'")
    execute_all(database, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO cts_test_reader")
    with pytest.raises(NotPermitted, match="does not own all of the legacy tables") as error:
        upgrade(as_role(database, "cts_test_reader"))
    assert "table users belongs to another user" in str(error.value)
    plan = plan_adoption(as_role(database, "cts_test_reader"))
    assert plan is not None
    assert "table users belongs to another user" in plan.blockers


def test_a_user_who_may_not_make_temporary_tables_is_refused_before_anything_is_done(database: Database) -> None:
    prepare(database, ROLE.format("cts_test_bare"), "ALTER ROLE cts_test_bare LOGIN PASSWORD 'geheim'")
    name = database.location.database
    execute_all(
        database,
        f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC',
        f'GRANT CREATE ON DATABASE "{name}" TO cts_test_bare',
        "GRANT ALL ON SCHEMA public TO cts_test_bare",
        *(f"ALTER TABLE {table} OWNER TO cts_test_bare" for table in ("users", "exchange_connections", "notes")),
    )
    before = state(database)
    with pytest.raises(AdoptionBlocked, match="GRANT TEMPORARY ON DATABASE is missing"):
        upgrade(as_role(database, "cts_test_bare"))
    assert state(database) == before


def test_a_table_called_like_ours_in_other_letters_is_another_one_and_stays(database: Database) -> None:
    execute_all(database, 'CREATE TABLE "Users" (id integer)', 'INSERT INTO "Users" VALUES (7)')
    assert upgrade(database.url).after == "060"
    assert database.rows('SELECT id FROM "Users"') == [(7,)]


def test_a_partitioned_table_alone_is_named(database: Database) -> None:
    execute_all(database, "CREATE TABLE users (id integer) PARTITION BY LIST (id)")
    with pytest.raises(AdoptionBlocked, match="partitioned table users"):
        upgrade(database.url)
