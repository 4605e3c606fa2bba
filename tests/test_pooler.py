"""Behind a proxy that pools transactions: nothing of a session is relied on, and none is left changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import (
    adopt,
    backup,
    downgrade,
    initialize,
    plan_adoption,
    rehearse,
    restore,
    status,
    undo_adoption,
    upgrade,
)
from cts_schema.database.engines import migration_engine
from cts_schema.dialects.postgresql.lock import behind_proxy
from cts_schema.exceptions import ProxyBetween
from cts_schema.schema.scripts import revisions
from tests.legacy.catalogue import build
from tests.legacy.census import census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.support.pooler import Pooler, pooling
from tests.support.program import alembic

LINE = list(revisions())
SETTINGS = ("search_path", "lock_timeout", "client_connection_check_interval", "DateStyle", "row_security")


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
def pooler(database: Database) -> Iterator[Pooler]:
    """A proxy with two sessions, which it gives out in turn."""
    with pooling(database.location) as made:
        before = [made.settings(name) for name in SETTINGS]
        yield made
        assert [made.settings(name) for name in SETTINGS] == before
        assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def url_of(pooler: Pooler) -> str:
    return pooler.url.render_as_string(hide_password=False)


def test_the_proxy_of_these_tests_changes_sessions_and_is_noticed(database: Database, pooler: Pooler) -> None:
    engine = migration_engine(pooler.url)
    with engine.connect() as connection:
        assert behind_proxy(connection)
        seen = set()
        for _ in range(4):
            seen.add(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar())
            connection.commit()
    engine.dispose()
    assert len(seen) == 2
    with database.engine.connect() as connection:
        assert not behind_proxy(connection)


def test_a_database_goes_up_down_and_up(database: Database, pooler: Pooler) -> None:
    assert [step.revision for step in upgrade(url_of(pooler)).applied] == LINE
    assert status(url_of(pooler)).at_head
    assert initialize(url_of(pooler)).applied == ()
    assert alembic("check", url=url_of(pooler)).code == 0
    assert downgrade(url_of(pooler), "053").after == "053"
    assert alembic("upgrade", "head", url=url_of(pooler)).code == 0
    assert status(database.url).at_head


def test_a_schema_of_its_own_is_found_in_each_transaction(database: Database, pooler: Pooler) -> None:
    database.execute("CREATE SCHEMA app")
    assert upgrade(url_of(pooler), schema="app").after == LINE[-1]
    assert status(url_of(pooler), schema="app").at_head
    assert alembic("-x", "schema=app", "check", url=url_of(pooler)).code == 0
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_of_those_who_start_at_once_one_migrates(database: Database, pooler: Pooler) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: initialize(url_of(pooler), wait=300), range(4)))
    assert [[step.revision for step in report.applied] for report in reports if report.applied] == [LINE]
    assert status(database.url).at_head


def test_what_needs_sessions_of_its_own_is_refused(database: Database, pooler: Pooler, tmp_path: Path) -> None:
    """A script and pg_dump set what would stay with whoever gets their session next."""
    upgrade(database.url)
    with pytest.raises(ProxyBetween, match="a proxy is in front of the server"):
        backup(url_of(pooler), tmp_path)
    (tmp_path / "script.sql").write_text("CREATE TABLE one (a integer);\n")
    with pytest.raises(ProxyBetween):
        restore(tmp_path / "script.sql", url_of(pooler), force=True)
    with pytest.raises(ProxyBetween):
        rehearse(url_of(pooler))


def test_an_old_database_comes_in_and_is_brought_back(database: Database, pooler: Pooler) -> None:
    with database.engine.connect() as connection:
        build(connection, "integer_installation", "dirty")
    with database.engine.connect() as connection:
        before = census(connection)
    assert plan_adoption(url_of(pooler)) is not None
    assert adopt(url_of(pooler), yes=True).adopted is not None
    with database.engine.connect() as connection:
        assert lost(before, connection) == []
    undo_adoption(url_of(pooler))
    with database.engine.connect() as connection:
        assert census(connection) == before
