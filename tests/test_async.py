"""The same for asyncio: psycopg, asyncpg and aiosqlite."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as plain_async_engine

import cts_schema
from cts_schema import (
    adopt_async,
    backup_async,
    check_async,
    create_async_engine,
    downgrade_async,
    finalize_adoption_async,
    initialize_async,
    plan_adoption_async,
    rehearse_async,
    repair_async,
    restore_async,
    seed_async,
    status,
    status_async,
    undo_adoption_async,
    upgrade_async,
    wait_for_head_async,
)
from cts_schema.exceptions import (
    DecisionNeeded,
    MissingFolder,
    TransactionRefused,
    UnknownRevision,
    WrongCredentials,
    WrongUsage,
)
from cts_schema.maintenance import programs
from cts_schema.schema.scripts import revisions
from tests.conftest import Server
from tests.support import client
from tests.support.databases import Database
from tests.support.program import python

LINE = list(revisions())


@pytest.fixture(params=["aiosqlite", "psycopg", "asyncpg"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kind(driver: str) -> str:
    return "sqlite" if driver == "aiosqlite" else "postgresql"


def with_engine(
    url: sa.URL, act: Callable[[AsyncEngine], Awaitable[None]], make: Callable[..., AsyncEngine] = plain_async_engine
) -> None:
    """Run ``act`` on an engine, in an event loop."""

    async def run() -> None:
        engine = make(url)
        try:
            await act(engine)
        finally:
            await engine.dispose()

    asyncio.run(run())


async def the_whole_life(target: Any) -> None:
    first = await initialize_async(target)
    assert (first.before, first.after) == (None, "060")
    assert [done.revision for done in first.applied] == LINE
    assert (await initialize_async(target)).applied == ()
    down = await downgrade_async(target, "058")
    assert [(done.revision, done.direction) for done in down.applied] == [("060", "downgrade"), ("059", "downgrade")]
    seen = await status_async(target)
    assert (seen.revision, seen.pending) == ("058", ("059", "060"))
    assert (await upgrade_async(target, "+1")).after == "059"
    assert (await upgrade_async(target)).before == "059"


@pytest.mark.parametrize("make", [plain_async_engine, create_async_engine])
def test_an_engine_is_brought_to_head(database: Database, driver: str, make: Callable[..., AsyncEngine]) -> None:
    with_engine(database.async_url(driver), the_whole_life, make)
    assert status(database.url).at_head


def test_every_function_has_an_asynchronous_one_that_says_the_same() -> None:
    of_engines = ("create_engine", "create_async_engine", "writing")  # which takes both kinds
    for name in cts_schema.__all__:
        if f"{name}_async" in cts_schema.__all__:
            one, other = getattr(cts_schema, name), getattr(cts_schema, f"{name}_async")
            assert asyncio.iscoroutinefunction(other)
            assert list(inspect.signature(one).parameters) == list(inspect.signature(other).parameters)
        else:
            assert name.endswith("_async") or not inspect.isfunction(getattr(cts_schema, name)) or name in of_engines


def test_a_database_at_head_is_looked_at_filled_repaired_and_copied(
    head: Database, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))

    async def act(engine: AsyncEngine) -> None:
        assert (await check_async(engine, deep=True)).findings == ()
        assert (await seed_async(engine, "test")).rows
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP INDEX ix_orders_status_created_at")
        assert [one.code for one in (await check_async(engine)).findings] == ["missing-index"]
        assert (await repair_async(engine)).complete
        assert await wait_for_head_async(engine, timeout=0) < 60
        made = await backup_async(engine, tmp_path / "made")
        assert (await rehearse_async(engine)).differences == ()
        assert (await restore_async(made.path, engine, force=True)).revision == "060"
        assert await plan_adoption_async(engine) is None
        assert await finalize_adoption_async(engine) == ()

    with_engine(head.async_url(driver), act)
    runs = "SELECT count(*) FROM site_logs WHERE category = 'migration' AND message LIKE 'repair%'"
    assert head.value(runs) == 1  # its connection was not the caller's


def test_a_legacy_database_is_adopted_and_comes_back(database: Database, driver: str) -> None:
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text)")
    database.execute("INSERT INTO users VALUES (1, 'ann', 'x')")

    async def act(engine: AsyncEngine) -> None:
        plan = await plan_adoption_async(engine)
        assert plan is not None
        assert not plan.decisions
        assert (await adopt_async(engine)).adopted is not None
        assert "is back" in await undo_adoption_async(engine) or driver != "aiosqlite"

    with_engine(database.async_url(driver), act)
    assert database.tables() >= {"users"}
    assert database.rows("SELECT id, username FROM users") == [(1, "ann")]


def test_a_connection_is_brought_to_head_and_left_as_it_was(database: Database, driver: str) -> None:
    async def act(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await the_whole_life(connection)
            assert not connection.in_transaction()
            assert (await connection.exec_driver_sql("SELECT count(*) FROM users")).scalar() == 0

    with_engine(database.async_url(driver), act)


def test_urls_and_the_environment_are_understood(
    database: Database, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = database.url.replace("+psycopg", "")
    monkeypatch.setenv("DATABASE_URL", plain)

    async def act() -> None:
        await the_whole_life(database.async_url(driver))
        await downgrade_async(plain, "base")
        await the_whole_life(None)

    asyncio.run(act())


def test_a_transaction_of_the_caller_is_his(database: Database, driver: str) -> None:
    async def act(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            transaction = await connection.begin()
            assert (await upgrade_async(connection)).after == "060"
            await connection.exec_driver_sql("INSERT INTO users (username, password_hash) VALUES ('satoshi', 'x')")
            await transaction.rollback()
            assert database.tables() == set()
            async with connection.begin():
                await upgrade_async(connection, "055")
                await connection.exec_driver_sql("INSERT INTO users (username, password_hash) VALUES ('hal', 'x')")
        async with engine.connect() as other:
            assert (await other.exec_driver_sql("SELECT username FROM users")).scalar() == "hal"
            assert (await status_async(other)).revision == "055"

    with_engine(database.async_url(driver), act)


def test_what_could_lose_data_is_refused(database: Database, driver: str) -> None:
    async def act(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            if driver != "aiosqlite":
                await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                with pytest.raises(TransactionRefused):
                    await upgrade_async(connection)

    with_engine(database.async_url(driver), act, create_async_engine)  # ours has foreign keys on
    assert database.tables() == set()


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
@pytest.mark.parametrize("level", ["AUTOCOMMIT", "REPEATABLE READ", None])
def test_a_connection_keeps_its_settings(database: Database, driver: str, level: str | None) -> None:
    async def settings(connection: AsyncConnection) -> list[Any]:
        found = [
            (await connection.exec_driver_sql(f"SHOW {name}")).scalar()
            for name in ("search_path", "lock_timeout", "transaction_isolation")
        ]
        raw = await connection.get_raw_connection()
        found.append(raw.dbapi_connection.autocommit)  # type: ignore[union-attr]
        await connection.rollback()
        return found

    async def act(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            if level:
                await connection.execution_options(isolation_level=level)
            await connection.exec_driver_sql("SET lock_timeout = '7s'")
            await connection.commit()
            before = await settings(connection)
            await upgrade_async(connection)
            with pytest.raises(UnknownRevision):
                await upgrade_async(connection, "999")
            assert await settings(connection) == before

    with_engine(database.async_url(driver), act)


def test_a_schema_is_an_option_here_too(server: Server) -> None:
    url = server.create()

    async def act(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("CREATE SCHEMA app")
        assert (await initialize_async(engine, schema="app", version_table="cts_version")).after == "060"
        assert (await initialize_async(engine, schema="app", version_table="cts_version")).applied == ()
        assert (await status_async(engine)).revision is None

    with_engine(url.set(drivername="postgresql+asyncpg"), act)
    server.drop(url)


def test_errors_are_those_of_the_package(database: Database, driver: str, tmp_path: Path) -> None:
    database.execute("CREATE TABLE orders (id integer PRIMARY KEY)")
    database.execute("INSERT INTO orders VALUES (1)")

    async def act(engine: AsyncEngine) -> None:
        for target in (engine, database.async_url(driver)):
            with pytest.raises(DecisionNeeded):
                await initialize_async(target)
        with pytest.raises(WrongUsage, match=r"without await"):
            await upgrade_async(database.engine)  # type: ignore[arg-type]
        with pytest.raises(MissingFolder):
            await upgrade_async(f"sqlite:///{tmp_path / 'no' / 'cts.db'}")

    with_engine(database.async_url(driver), act)
    assert database.tables() == {"orders"}


def test_wrong_credentials_are_not_tried_again(postgres_url: str, driver: str) -> None:
    if driver == "aiosqlite":
        return
    url = sa.make_url(postgres_url).set(drivername=f"postgresql+{driver}", username="nobody_at_all", password="geheim")
    with pytest.raises(WrongCredentials) as caught:
        asyncio.run(asyncio.wait_for(initialize_async(url, deadline=300), 60))
    assert "geheim" not in str(caught.value)


def test_looking_at_a_file_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    seen = asyncio.run(status_async(f"sqlite:///{tmp_path / 'cts.db'}"))
    assert seen.revision is None
    assert list(tmp_path.iterdir()) == []


def test_cancelling_a_migration_leaves_nothing_and_frees_the_locks(database: Database, driver: str) -> None:
    async def act(engine: AsyncEngine) -> None:
        task = asyncio.create_task(upgrade_async(engine))

        def cancel(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if "CREATE TABLE presets" in statement:
                task.cancel()

        sa.event.listen(engine.sync_engine, "before_cursor_execute", cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        sa.event.remove(engine.sync_engine, "before_cursor_execute", cancel)
        seen = await status_async(engine)
        assert seen.revision is None
        assert (await upgrade_async(engine, wait=30)).after == "060"

    with_engine(database.async_url(driver), act)


def _without_greenlet(code: str) -> str:
    return f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "greenlet":
            raise ModuleNotFoundError("No module named 'greenlet'", name="greenlet")
sys.meta_path.insert(0, Blocked())
{code}
"""


@pytest.mark.parametrize("driver", ["aiosqlite", "psycopg"], indirect=True)
def test_without_greenlet_everything_but_the_async_functions_works(database: Database, tmp_path: Path) -> None:
    code = """
import asyncio
import cts_schema
from cts_schema.exceptions import DriverMissing
assert cts_schema.initialize().after == "060"
assert cts_schema.downgrade(None, "058").after == "058"
for call in (cts_schema.initialize_async, cts_schema.status_async):
    try:
        asyncio.run(call())
    except DriverMissing as error:
        assert "pip install 'cts-schema[asyncio]'" in str(error), error
        assert error.exit_code == 2
    else:
        raise AssertionError("it worked")
print("done")
"""
    done = python(_without_greenlet(code), url=database.url, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "done\n", "")
