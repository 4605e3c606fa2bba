"""A run by a superuser has the power of the owner of the tables and no more, and leaves him what it makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cts_schema import adopt, check, downgrade, initialize, rehearse, repair, seed, undo_adoption, upgrade
from cts_schema.exceptions import MixedOwners, NotPermitted
from tests.conftest import Server
from tests.support.databases import Database
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


@pytest.fixture
def owner(head: Database, server: Server) -> Iterator[str]:
    """The role that owns a database at head, which a superuser reaches by its URL."""
    with roles(head, server, "owner") as (role,):
        give_to(head, role)
        yield role


def plant(database: Database, role: str, what: str) -> None:
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
    plant(head, owner, what)
    with head.engine.begin() as connection:  # the deferred trigger fires when the caller commits
        downgrade(connection, "057")
    upgrade(head.url)
    check(head.url)
    repair(head.url)
    seed(head.url, "test")
    assert not is_super(head, owner)
    assert owners(head) == {owner}


def test_a_rehearsal_and_an_adoption_lend_no_power_either(database: Database, server: Server) -> None:
    with roles(database, server, "owner") as (owner,):
        database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text, own text)")
        database.execute("INSERT INTO users VALUES (1, 'ann', 'x', 'y')")
        give_to(database, owner)
        plant(database, owner, "functions with a better match")
        plant(database, owner, "operators")
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
    assert check(head.url).findings == ()


def test_an_owner_who_may_not_create_is_told_what_is_missing(head: Database, owner: str) -> None:
    head.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
    with pytest.raises(NotPermitted, match="may create nothing") as caught:
        downgrade(head.url, "059")
    assert caught.value.next_step.endswith(f"GRANT USAGE, CREATE ON SCHEMA public TO {owner}")


def test_a_session_of_the_caller_has_its_own_role_and_path_afterwards(head: Database, owner: str) -> None:
    head.execute(f"CREATE SCHEMA {owner}")  # where "$user" would lead
    with head.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT current_user, current_setting('search_path')").one()
        connection.rollback()
        downgrade(connection, "059")
        assert connection.exec_driver_sql("SELECT current_user, current_setting('search_path')").one() == before
    assert owners(head) == {owner}
