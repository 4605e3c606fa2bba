"""Row security: who decides from rows sees them all, or is refused before anything begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import adopt, check, downgrade, plan_adoption, repair, seed, status, undo_adoption, upgrade
from cts_schema.exceptions import RowsHidden
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.program import alembic, cts_schema
from tests.support.roles import as_role, give_to, roles

POLICY = "CREATE POLICY mine ON {0} USING ({1} = current_setting('app.symbol', true))"


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
def app(head: Database, server: Server) -> Iterator[str]:
    """A database at head that belongs to an ordinary role, as whom it is reached."""
    with roles(head, server, "app") as (app,):
        give_to(head, app)
        yield as_role(head, app)


def hide(database: Database, table: str, column: str) -> None:
    """Hide the rows of a table from its owner too."""
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        POLICY.format(table, column),
    ):
        database.execute(statement)


def fill(database: Database) -> None:
    database.execute("INSERT INTO exchange_connections (id, name, exchange) VALUES ('c', 'a', 'bybit')")
    database.execute(
        "INSERT INTO indication_history (connection_id, indication_type, symbol) "
        "SELECT 'c', 'move', 'BTC' || n FROM generate_series(1, 100) n"
    )


def test_a_downgrade_that_cannot_see_all_rows_is_refused_by_name(head: Database, app: str) -> None:
    fill(head)
    hide(head, "indication_history", "symbol")
    for arguments in (("downgrade", "057"), ("-x", "yes", "downgrade", "057"), ("-x", "yes", "downgrade", "055")):
        done = alembic(*arguments, url=app)
        assert done.code == 3, done
        assert "indication_history" in done.err
        assert "BYPASSRLS" in done.err
        assert "NO FORCE ROW LEVEL SECURITY" in done.err
    assert head.value("SELECT count(*) FROM indication_history") == 100
    assert status(head.url).revision == "060"


def test_as_a_role_that_sees_all_rows_the_same_loses_none(head: Database, app: str, server: Server) -> None:
    fill(head)
    hide(head, "indication_history", "symbol")
    role = sa.make_url(app).username
    server.execute(f"ALTER ROLE {role} BYPASSRLS")
    downgrade(app, "057")
    upgrade(app)
    assert head.value("SELECT count(*) FROM indication_history") == 100


DECIDES: dict[str, Callable[[str], Any]] = {
    "upgrade": lambda url: upgrade(url, "060"),
    "repair": lambda url: repair(url, orphans="quarantine"),
    "the plan of a repair": lambda url: repair(url, plan=True),
    "check": check,
    "seed": lambda url: seed(url, "test"),
}


@pytest.mark.parametrize("what", DECIDES)
def test_whatever_decides_from_rows_is_refused_where_a_policy_hides_some(head: Database, app: str, what: str) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id = 58")  # something to do for an upgrade
    hide(head, "orders", "symbol")
    with pytest.raises(RowsHidden) as caught:
        DECIDES[what](app)
    assert (caught.value.exit_code, caught.value.place["tables"]) == (3, "orders")


def test_sound_rows_whose_parents_are_hidden_stay(head: Database, app: str) -> None:
    fill(head)
    hide(head, "exchange_connections", "name")
    done = cts_schema("repair", "orphans", "--orphans", "quarantine", url=app)
    assert done.code == 3, done
    assert "exchange_connections" in done.err
    assert head.value("SELECT count(*) FROM indication_history") == 100


def test_policies_on_tables_of_another_role_and_behind_a_foreign_key_count(head: Database, server: Server) -> None:
    with roles(head, server, "owner", "member", "other") as (owner, member, other):
        give_to(head, owner)
        head.execute(f"GRANT {owner} TO {member}")
        url = as_role(head, member)
        assert check(url).findings == ()
        head.execute("CREATE SCHEMA apart")
        head.execute("CREATE TABLE apart.mine (id int, symbol text, user_id text REFERENCES users (id))")
        head.execute(f"ALTER TABLE apart.mine OWNER TO {other}")
        head.execute("ALTER TABLE apart.mine ENABLE ROW LEVEL SECURITY")
        head.execute("CREATE TABLE nobodys (id int)")
        hide(head, "nobodys", "id::text".replace(":", r"\:"))  # no run reads it
        with pytest.raises(RowsHidden) as caught:
            downgrade(url, "059")
        assert caught.value.place["tables"] == "apart.mine"
        head.execute("ALTER TABLE apart.mine DISABLE ROW LEVEL SECURITY")
        head.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")  # binds everybody but the owner and his members
        assert downgrade(url, "059").after == "059"


def test_a_transaction_of_the_caller_goes_on_after_the_refusal(head: Database, app: str) -> None:
    hide(head, "orders", "symbol")
    engine = sa.create_engine(sa.make_url(app))
    with engine.begin() as connection:
        with pytest.raises(RowsHidden):
            downgrade(connection, "059")
        assert connection.exec_driver_sql("SHOW row_security").scalar() == "on"
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    engine.dispose()


def test_an_adoption_and_its_way_back_see_all_rows(database: Database, server: Server) -> None:
    with roles(database, server, "app") as (app,):
        database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, symbol text)")
        database.execute("INSERT INTO users VALUES (1, 'ann', 'BTC')")
        give_to(database, app)
        url = as_role(database, app)
        hide(database, "users", "symbol")
        for act in (plan_adoption, lambda url: adopt(url, yes=True)):
            with pytest.raises(RowsHidden):
                act(url)
        database.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")
        database.execute("DROP POLICY mine ON users")
        adopt(url, yes=True)
        hide(database, "users", "username")
        database.execute("INSERT INTO users (id, username, password_hash) VALUES ('new', 'bob', '')")
        for discard in (False, True):
            with pytest.raises(RowsHidden):
                undo_adoption(url, discard_new=discard)
        assert database.rows("SELECT username FROM users") == [("bob",)]  # for the other had no password


def test_a_ledger_that_is_hidden_is_not_taken_for_an_empty_one(head: Database, app: str) -> None:
    hide(head, "schema_migrations", "migration_name")
    with pytest.raises(RowsHidden):
        status(app)


def test_an_offline_script_fails_rather_than_lose_what_it_cannot_see(head: Database) -> None:
    script = alembic("downgrade", "060:057", "--sql", url="postgresql://nobody@nowhere.invalid/cts").out
    assert script.index("'row_security', 'off'") < script.index("indication_history")
