"""A run by a superuser has the power of the owner of the tables and no more, and leaves him what it makes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import (
    adopt,
    backup,
    check,
    create_async_engine,
    create_engine,
    downgrade,
    downgrade_async,
    initialize,
    initialize_async,
    rehearse,
    repair,
    restore,
    seed,
    status,
    undo_adoption,
    upgrade,
    wait_for_head,
)
from cts_schema.database import handle
from cts_schema.exceptions import MixedOwners, NotPermitted, SchemaError
from cts_schema.maintenance import contents, programs
from cts_schema.maintenance.into_postgresql import into_postgresql
from tests.conftest import Server
from tests.support import client
from tests.support.databases import Database
from tests.support.planted import STEAL, is_power_lent, plant, plant_everything
from tests.support.roles import as_role, give_to, roles

_STEAL = """IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
  ALTER ROLE {role} SUPERUSER; END IF;"""
_FUNCTION = "CREATE FUNCTION {name} RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN {steal} {rest} END $$"
PLANTED = {
    "functions with a better match": [
        ("to_jsonb(text)", "jsonb", "RETURN pg_catalog.to_jsonb($1);"),
        ("to_jsonb(varchar)", "jsonb", "RETURN pg_catalog.to_jsonb($1);"),
        ("set_config(varchar, varchar, boolean)", "text", "RETURN pg_catalog.set_config($1, $2, $3);"),
        ("to_regclass(varchar)", "regclass", "RETURN pg_catalog.to_regclass($1);"),
        ("current_setting(varchar, boolean)", "text", "RETURN pg_catalog.current_setting($1, $2);"),
    ],
    "operators": [
        ("same(name, varchar)", "boolean", "RETURN $1::text OPERATOR(pg_catalog.=) $2::text;"),
        ("joined(text, name)", "text", "RETURN $1 OPERATOR(pg_catalog.||) $2::text;"),
    ],
    "triggers": [("act()", "trigger", "RETURN coalesce(NEW, OLD);")],
}
_AFTERWARDS = {
    "operators": [
        "CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = varchar, FUNCTION = same)",
        "CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = name, FUNCTION = joined)",
    ],
    "triggers": [
        "CREATE TRIGGER mine AFTER INSERT OR UPDATE OR DELETE ON schema_migrations FOR EACH ROW EXECUTE FUNCTION act()",
        "CREATE CONSTRAINT TRIGGER mine_later AFTER INSERT OR DELETE ON schema_migrations "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION act()",
        "CREATE TRIGGER mine AFTER INSERT ON site_logs FOR EACH ROW EXECUTE FUNCTION act()",
        "CREATE TRIGGER mine AFTER INSERT ON system_settings FOR EACH ROW EXECUTE FUNCTION act()",
    ],
}


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


@pytest.fixture
def owner(head: Database, server: Server) -> Iterator[str]:
    """The role that owns a database at head, which a superuser reaches by its URL."""
    with roles(head, server, "owner") as (role,):
        give_to(head, role)
        yield role


def plant_some(database: Database, role: str, what: str) -> None:
    engine = sa.create_engine(as_role(database, role))
    with engine.begin() as connection:
        for name, returns, rest in PLANTED[what]:
            steal = _STEAL.format(role=role)
            connection.exec_driver_sql(_FUNCTION.format(name=name, returns=returns, steal=steal, rest=rest))
        for statement in _AFTERWARDS.get(what, ()):
            connection.exec_driver_sql(statement)
        itself = database.location.database
        connection.exec_driver_sql(f"ALTER DATABASE {itself} SET search_path TO public, pg_catalog")
    engine.dispose()


def is_super(database: Database, role: str) -> bool:
    return bool(database.value(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{role}'"))


def owners(database: Database) -> set[str]:
    query = "SELECT relowner\\:\\:regrole\\:\\:text FROM pg_class WHERE relnamespace = 'public'\\:\\:regnamespace"
    return {owner for (owner,) in database.rows(query)}


@pytest.mark.parametrize("what", PLANTED)
def test_what_the_owner_has_planted_never_runs_as_a_superuser(head: Database, owner: str, what: str) -> None:
    plant_some(head, owner, what)
    with head.engine.begin() as connection:  # the deferred trigger fires when the caller commits
        downgrade(connection, "057")
    upgrade(head.url)
    check(head.url)
    repair(head.url)
    seed(head.url, "test")
    assert not is_super(head, owner)
    assert owners(head) == {owner}


def test_nothing_that_the_server_brings_is_looked_for_where_the_owner_may_have_put_his_own(
    head: Database, owner: str, tmp_path: Path
) -> None:
    plant_everything(head, owner)
    status(head.url)
    check(head.url)
    downgrade(head.url, "055")
    upgrade(head.url)
    repair(head.url)
    seed(head.url, "test")
    wait_for_head(head.url, timeout=0)
    made = backup(head.url, tmp_path)
    with pytest.raises(SchemaError, match="already exists"):  # operators are not moved aside
        restore(made.path, head.url, force=True)
    engine = create_engine(head.url)
    with engine.begin() as connection:
        downgrade(connection, "059")
    engine.dispose()
    assert not is_power_lent(head)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_nor_is_it_by_an_asynchronous_driver(head: Database, owner: str, driver: str) -> None:
    async def act() -> None:
        engine = create_async_engine(head.async_url(driver))
        await downgrade_async(engine, "059")
        await engine.dispose()
        await initialize_async(head.async_url(driver))

    plant_everything(head, owner)
    asyncio.run(act())
    assert not is_power_lent(head)


VERSION = {
    "a view in the place of the version table": [
        "ALTER TABLE alembic_version RENAME TO somewhere",
        "CREATE VIEW alembic_version AS SELECT '060' || stolen(version_num) AS version_num FROM somewhere",
    ],
    "a view in the place of the ledger": [
        "ALTER TABLE schema_migrations RENAME TO somewhere",
        "CREATE VIEW schema_migrations AS SELECT *, stolen('') AS own FROM somewhere",
    ],
    "a type that is cast to numbers": [
        "CREATE TYPE number AS (value integer)",
        "CREATE FUNCTION plain(number) RETURNS integer LANGUAGE sql AS $$ SELECT ($1).value + length(stolen('')) $$",
        "CREATE CAST (number AS integer) WITH FUNCTION plain(number) AS IMPLICIT",
        "ALTER TABLE schema_migrations DROP CONSTRAINT uq_schema_migrations_migration_id",
        "ALTER TABLE schema_migrations ALTER migration_id TYPE number USING ROW(migration_id)::number",
    ],
}


def test_an_expression_that_a_check_compares_lends_no_power(head: Database, owner: str) -> None:
    """The server calculates the constant part of an expression as it plans, which calls the owner's function."""
    stolen = f"LANGUAGE plpgsql AS $$ BEGIN {STEAL} RETURN $1; END $$"
    plant(
        head,
        owner,
        f"CREATE FUNCTION stolen(text) RETURNS text IMMUTABLE {stolen}",
        "ALTER TABLE users DROP CONSTRAINT ck_users_role",
        "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN (stolen('user'), stolen('admin')))",
        "ALTER TABLE users ALTER COLUMN role SET DEFAULT stolen('user')",
    )
    found = check(head.url).findings
    assert [one.where for one in found if one.code.startswith("changed")] == []  # so it was called, and gave the same
    assert not is_power_lent(head)


@pytest.mark.filterwarnings("ignore:Did not recognize type")
@pytest.mark.parametrize("what", VERSION)
def test_a_look_for_the_revision_runs_nothing_of_the_owners(
    head: Database, owner: str, what: str, tmp_path: Path
) -> None:
    stolen = f"LANGUAGE plpgsql AS $$ BEGIN {STEAL} RETURN ''; END $$"
    plant(head, owner, f"CREATE FUNCTION stolen(text) RETURNS text IMMUTABLE {stolen}", *VERSION[what])
    said = []
    for look in (status, wait_once, initialize, check, lambda url: backup(url, tmp_path)):
        try:
            look(head.url)
        except (SchemaError, sa.exc.SQLAlchemyError) as error:
            said.append(str(error))
    assert "read-only" not in "".join(said)  # as the function would be told
    assert not is_power_lent(head)


CALLED = [
    f"CREATE FUNCTION steal() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {STEAL} END $$",
    *(
        f"CREATE FUNCTION {name} RETURNS {given} IMMUTABLE LANGUAGE plpgsql "
        "AS $$ BEGIN PERFORM public.steal(); RETURN {value}; END $$".format(value=value)
        for name, given, value in (("one()", "integer", "1"), ("valid(text)", "boolean", "true"))
    ),
    "CREATE DOMAIN checked AS text CHECK (public.valid(value))",
    "CREATE INDEX ON alembic_version ((one()))",
    *(
        statement.format(table=table)
        for table in ("schema_migrations", "users")
        for statement in (
            "CREATE INDEX ON {table} ((one()))",
            "ALTER TABLE {table} ADD COLUMN own_default integer DEFAULT one(), ADD COLUMN own_type checked DEFAULT ''",
            "ALTER TABLE {table} ADD COLUMN own integer GENERATED ALWAYS AS (one()) STORED, ADD CHECK (valid('own'))",
            "CREATE STATISTICS own_{table} ON own_type, (valid('own')) FROM {table}",
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY own ON {table} USING (valid('own'))",
            "CREATE MATERIALIZED VIEW look_at_{table} AS SELECT one(), {table}.* FROM {table}",
        )
    ),
]


@pytest.fixture
def calling(head: Database, owner: str) -> Database:
    """A database whose tables call functions of its owner wherever a table can."""
    head.execute("INSERT INTO users (id, username, password_hash) VALUES ('u1', 'ann', 'x')")
    plant(head, owner, *CALLED)
    return head


def test_what_tables_call_by_themselves_never_runs_as_a_superuser(calling: Database, tmp_path: Path) -> None:
    wait_once(calling.url)
    initialize(calling.url)
    made = backup(calling.url, tmp_path)
    assert '"public.users": 1' in Path(made.manifest).read_text()
    check(calling.url)
    downgrade(calling.url, "057")
    upgrade(calling.url)
    repair(calling.url)
    assert not is_power_lent(calling)


def test_nor_does_it_in_the_rehearsal_of_a_database_in_use(calling: Database, server: Server) -> None:
    with roles(calling, server, "other") as (other,):
        calling.execute(f"CREATE TABLE others AS SELECT 1 AS one; ALTER TABLE others OWNER TO {other}")
        calling.execute(f"CREATE PUBLICATION everything FOR ALL TABLES; GRANT SELECT ON users TO {other}")
        with calling.engine.connect():  # so that the database cannot be a template
            assert rehearse(calling.url).after == "060"
        assert not is_power_lent(calling)


def test_what_is_restored_as_the_owner_is_whose_it_was(
    calling: Database, owner: str, server: Server, tmp_path: Path
) -> None:
    with roles(calling, server, "other") as (other,):
        calling.execute(f"CREATE TABLE others AS SELECT 1 AS one; ALTER TABLE others OWNER TO {other}")
        made = Path(backup(calling.url, tmp_path).path)
        with Database(server.create()) as copy, ExitStack() as stack:
            stack.callback(server.drop, copy.location)
            copy.execute(f"ALTER DATABASE {copy.location.database} OWNER TO {owner}")
            into_postgresql(handle.Database(copy.url), made, contents.recognize(made), None, force=False, owner=owner)
            assert owners(copy) == {owner, other}
            assert copy.rows("SELECT one FROM others") == [(1,)]


def test_a_superuser_backs_up_rows_that_their_owner_may_not_read(calling: Database, tmp_path: Path) -> None:
    calling.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    made = backup(calling.url, tmp_path)
    assert '"public.users": 1' in Path(made.manifest).read_text()
    assert not is_power_lent(calling)


def wait_once(url: str) -> None:
    wait_for_head(url, timeout=0)


def test_the_search_path_of_a_database_is_no_statement_of_a_rehearsal(head: Database, owner: str) -> None:
    engine = sa.create_engine(as_role(head, owner))
    with engine.begin() as connection:
        path = f"public,x;ALTER/**/ROLE/**/{owner}/**/SUPERUSER"
        connection.exec_driver_sql(f"SELECT set_config('search_path', '{path}', false)")
        connection.exec_driver_sql(f"ALTER DATABASE {head.location.database} SET search_path FROM CURRENT")
    engine.dispose()
    head.engine.dispose()
    assert rehearse(head.url).after == "060"
    assert not is_super(head, owner)


def test_a_rehearsal_and_an_adoption_lend_no_power_either(database: Database, server: Server) -> None:
    with roles(database, server, "owner") as (owner,):
        database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text, own text)")
        database.execute("INSERT INTO users VALUES (1, 'ann', 'x', 'y')")
        give_to(database, owner)
        plant_some(database, owner, "functions with a better match")
        plant_some(database, owner, "operators")
        database.engine.dispose()
        assert rehearse(database.url, yes=True).differences == ()
        adopt(database.url, yes=True)
        assert owners(database) == {owner}
        undo_adoption(database.url)
        assert not is_super(database, owner)
        assert owners(database) == {owner}
        assert database.rows("SELECT username, own FROM users") == [("ann", "y")]


def test_an_empty_schema_is_filled_for_its_owner(database: Database, server: Server) -> None:
    with roles(database, server, "owner", "other") as (owner, other):
        give_to(database, owner)  # of the database, and so of the schema public
        database.execute(f"CREATE SCHEMA apart AUTHORIZATION {other}")
        initialize(database.url)
        initialize(database.url, schema="apart")
        assert owners(database) == {owner}
        assert database.value("SELECT count(*) FROM apart.users") == 0
        engine = sa.create_engine(as_role(database, other))
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO apart.site_logs (level, category, message) VALUES ('info', '', '')")
        engine.dispose()


def test_a_member_of_the_owner_acts_as_him(head: Database, server: Server) -> None:
    with roles(head, server, "owner", "member") as (owner, member):
        give_to(head, owner)
        head.execute(f"GRANT {owner} TO {member}")
        downgrade(as_role(head, member), "057")
        upgrade(as_role(head, member))
        assert owners(head) == {owner}


def test_tables_of_several_owners_are_listed_and_left_alone(head: Database, owner: str) -> None:
    head.execute("ALTER TABLE orders OWNER TO CURRENT_USER")
    with pytest.raises(MixedOwners) as caught:
        downgrade(head.url, "059")
    assert caught.value.exit_code == 3
    assert ": orders\n" in str(caught.value) + "\n"
    assert f"{owner}: " in str(caught.value)


def test_tables_of_several_owners_are_read_with_the_power_to_read_alone(head: Database, owner: str) -> None:
    plant_everything(head, owner)
    head.execute("ALTER TABLE orders OWNER TO CURRENT_USER")
    head.engine.dispose()
    assert status(head.url).at_head
    check(head.url)
    repair(head.url, plan=True)
    assert not is_power_lent(head)


def test_tables_of_several_owners_are_checked(head: Database, owner: str) -> None:
    head.execute("ALTER TABLE orders OWNER TO CURRENT_USER")
    assert check(head.url).findings == ()


def test_an_owner_who_may_not_create_is_told_what_is_missing(head: Database, owner: str) -> None:
    head.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
    with pytest.raises(NotPermitted, match="may not create objects") as caught:
        downgrade(head.url, "059")
    assert str(caught.value.next_step).endswith(f"GRANT USAGE, CREATE ON SCHEMA public TO {owner}")


def test_a_session_of_the_caller_has_its_own_role_and_path_afterwards(head: Database, owner: str) -> None:
    head.execute(f"CREATE SCHEMA {owner}")  # where "$user" would lead
    with head.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT current_user, current_setting('search_path')").one()
        connection.rollback()
        downgrade(connection, "059")
        assert connection.exec_driver_sql("SELECT current_user, current_setting('search_path')").one() == before
    assert owners(head) == {owner}


def test_nobody_else_has_a_say_by_a_schema_of_the_search_path(database: Database, server: Server) -> None:
    with roles(database, server, "owner", "other") as (owner, other):
        give_to(database, owner)
        plant(
            database,
            owner,
            f"CREATE SCHEMA app; GRANT CREATE ON SCHEMA public TO {other}",
            f"ALTER DATABASE {database.location.database} SET search_path TO app, public",
        )
        engine = sa.create_engine(as_role(database, other))
        with engine.begin() as connection:
            for name, returns, rest in PLANTED["operators"]:
                steal = f"IF current_user <> '{other}' THEN RAISE 'run by another'; END IF;"
                connection.exec_driver_sql(
                    _FUNCTION.format(name=f"public.{name}", returns=returns, steal=steal, rest=rest)
                )
            for statement in _AFTERWARDS["operators"]:
                connection.exec_driver_sql(statement)
        engine.dispose()
        upgrade(as_role(database, owner))
        downgrade(as_role(database, owner), "057")
        assert database.value("SELECT version_num FROM app.alembic_version") == "057"


def test_a_role_that_is_not_the_owner_is_refused(head: Database, server: Server, owner: str) -> None:
    with roles(head, server, "other") as (other,):
        head.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {other}")
        for run in (lambda url: downgrade(url, "059"), repair, lambda url: seed(url, "test")):
            with pytest.raises(NotPermitted, match="acts as the owner of the tables") as caught:
                run(as_role(head, other))
            assert f"GRANT {owner} TO {other}" in str(caught.value.next_step)
        assert status(as_role(head, other)).at_head
