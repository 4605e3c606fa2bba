"""A session of PostgreSQL reads alike, however role, database, server and environment would set it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.orm import Session

from cts_schema import (
    adopt,
    check,
    create_async_engine,
    create_engine,
    downgrade,
    repair,
    seed,
    status,
    undo_adoption,
    upgrade,
    upgrade_async,
)
from cts_schema.database.engines import migration_engine
from cts_schema.exceptions import DatabaseUnusable, SchemaMissing
from cts_schema.migration.command import quiet_config
from cts_schema.models import SiteLog
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.program import alembic, cts_schema

ODD = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Kathmandu",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "client_encoding": "LATIN1",
    "quote_all_identifiers": "on",
    "exit_on_error": "on",
}
MOMENT = datetime(2024, 2, 1, 3, 4, 5, 678900, UTC)


@pytest.fixture
def kind() -> str:
    return "postgresql"


def set_oddly(database: Database, style: str = "German, DMY") -> None:
    for name, value in (ODD | {"DateStyle": style}).items():
        database.execute(f"ALTER DATABASE {database.location.database} SET {name} = '{value}'")


@pytest.fixture
def odd(head: Database) -> Database:
    """A database at head whose sessions would write and read otherwise than usual."""
    set_oddly(head)
    return head


@pytest.mark.parametrize("style", ["German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY"])
def test_times_are_read_through_the_models_in_any_style_of_dates(head: Database, style: str) -> None:
    set_oddly(head, style)
    engine = create_engine(head.location)
    with Session(engine) as session:
        session.add(SiteLog(level="info", category="x", message="zażółć ₿", timestamp=MOMENT))
        session.commit()
        session.expire_all()
        [found] = session.scalars(sa.select(SiteLog)).all()
        assert (found.timestamp, found.message) == (MOMENT, "zażółć ₿")
        assert session.execute(sa.text("SELECT CAST('0.1' AS float8) + CAST('0.2' AS float8)")).scalar() == 0.1 + 0.2
    engine.dispose()


@pytest.mark.parametrize("in_transaction", [False, True])
def test_status_reads_the_times_of_an_engine_of_the_callers_in_any_style_of_dates(
    odd: Database, in_transaction: bool
) -> None:
    engine = sa.create_engine(odd.location)
    with engine.connect() as connection:
        if in_transaction:
            connection.begin()
        assert status(connection).revision == status(odd.engine).revision
        assert connection.exec_driver_sql("SHOW DateStyle").scalar() == "German, DMY"
    engine.dispose()


FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York"])
def test_the_first_and_the_last_time_of_python_are_read_in_any_time_zone(head: Database, zone: str) -> None:
    head.execute(f"ALTER DATABASE {head.location.database} SET TimeZone = '{zone}'")
    engine = create_engine(head.location)
    with Session(engine) as session:
        session.add_all(SiteLog(level="info", category="x", message="x", timestamp=at) for at in (FIRST, LAST))
        session.commit()
        times = sa.select(SiteLog.timestamp).order_by(SiteLog.timestamp)
        assert session.scalars(times).all() == [FIRST, LAST]
    engine.dispose()

    async def act() -> None:
        for driver in ("psycopg", "asyncpg"):
            engine = create_async_engine(head.async_url(driver))
            async with engine.connect() as connection:
                assert (await connection.scalars(times)).all() == [FIRST, LAST]
                assert (await connection.exec_driver_sql("SHOW TimeZone")).scalar() == "UTC"
            await engine.dispose()

    asyncio.run(act())


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_asynchronous_engine_reads_them_too(odd: Database, driver: str) -> None:
    async def act() -> None:
        engine = create_async_engine(odd.async_url(driver))
        async with engine.begin() as connection:
            await connection.execute(
                sa.insert(SiteLog).values(level="info", category="x", message="₿", timestamp=MOMENT)
            )
            assert (await connection.execute(sa.select(SiteLog.timestamp, SiteLog.message))).all() == [(MOMENT, "₿")]
            assert str((await connection.exec_driver_sql("SHOW DateStyle")).scalar()).startswith("ISO")
        await engine.dispose()

    asyncio.run(act())


def test_the_environment_of_libpq_changes_nothing(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {name: value for name, value in ODD.items() if name not in ("client_encoding", "DateStyle")}
    options = " ".join(f"-c {name}={value}" for name, value in odd.items())
    for name, value in {
        "PGCLIENTENCODING": "LATIN1",
        "PGDATESTYLE": "SQL",
        "PGOPTIONS": f"{options} -c statement_timeout=54321",
    }.items():
        monkeypatch.setenv(name, value)
    for engine in (create_engine(head.location), migration_engine(head.location)):
        with engine.connect() as connection:
            shown = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in ODD}
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "54321ms"
        engine.dispose()
        assert shown.pop("DateStyle").startswith("ISO")
        assert shown == {
            "client_encoding": "UTF8",
            "IntervalStyle": "postgres",
            "TimeZone": "UTC",
            "standard_conforming_strings": "on",
            "extra_float_digits": "1",
            "bytea_output": "hex",
            "quote_all_identifiers": "off",
            "exit_on_error": "off",
        }
    assert check(head.url).findings == ()


def test_every_command_works_in_sessions_that_are_set_oddly(odd: Database) -> None:
    assert status(odd.url).at_head
    assert check(odd.url, deep=True).findings == ()
    assert cts_schema("status", url=odd.url).code == 0
    assert cts_schema("check", url=odd.url).code == 0
    assert repair(odd.url).steps == ()
    assert seed(odd.url, "test").rows
    downgrade(odd.url, "057")
    assert alembic("upgrade", "head", url=odd.url).code == 0
    assert alembic("-x", "version_table=alembic_version", "current", url=odd.url).out == "060 (head)\n"
    assert alembic("check", url=odd.url).code == 0


@pytest.mark.parametrize("within", [False, True])
def test_a_connection_of_the_caller_is_set_for_the_run_alone(head: Database, within: bool) -> None:
    set_oddly(head)
    downgrade(head.url, "059")
    engine = sa.create_engine(head.location)
    with engine.connect() as connection:
        before = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ODD]
        if not within:
            connection.rollback()
        assert status(connection).revision == "059"
        upgrade(connection)
        assert check(connection).findings == ()
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ODD] == before
        connection.commit()
    engine.dispose()


def test_alembic_compares_on_a_connection_of_the_caller_too(odd: Database) -> None:
    engine = sa.create_engine(odd.location)
    with engine.connect() as connection:
        command.check(quiet_config(connection=connection))
        assert connection.exec_driver_sql("SHOW quote_all_identifiers").scalar() == "on"
    engine.dispose()


def test_an_old_database_is_adopted_and_brought_back_in_sessions_that_are_set_oddly(database: Database) -> None:
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text, created_at text)")
    database.execute("INSERT INTO users VALUES (1, 'ann', 'x', '2024-02-01 03:04:05')")
    set_oddly(database)
    adopt(database.url, yes=True)
    assert database.rows("SELECT id, created_at FROM users") == [("1", MOMENT.replace(microsecond=0))]
    assert check(database.url, deep=True).findings == ()
    undo_adoption(database.url)
    assert database.rows("SELECT * FROM users") == [(1, "ann", "x", "2024-02-01 03:04:05")]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_old_database_is_adopted_by_an_engine_where_each_error_would_end_the_session(
    database: Database, driver: str
) -> None:
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text)")
    database.execute(f"ALTER DATABASE {database.location.database} SET exit_on_error = on")

    async def act() -> None:
        engine = create_async_engine(database.async_url(driver))
        assert (await upgrade_async(engine)).adopted is not None
        await engine.dispose()

    asyncio.run(act())


@pytest.mark.parametrize("path", ["", "no_such_schema"])
def test_a_search_path_without_a_schema_is_told_as_one(head: Database, path: str) -> None:
    head.execute(f"ALTER DATABASE {head.location.database} SET search_path = '{path}'")
    for act in (upgrade, adopt):
        with pytest.raises(SchemaMissing, match="no schema of the search path") as caught:
            act(head.url)
        assert caught.value.place["search_path"] == repr(path or '""')
        assert "schema='public'" in str(caught.value.next_step)
    assert upgrade(head.url, schema="public").applied == ()


# Encodings


@pytest.fixture
def encoded(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database in another encoding than UTF-8."""
    url = server.create()
    server.drop(url)
    server.execute(
        f"CREATE DATABASE {url.database} TEMPLATE template0 ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with Database(url) as made:
        yield made
    server.drop(url)


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
def test_a_database_that_does_not_know_its_characters_is_refused_in_words(encoded: Database) -> None:
    for done in (
        alembic("upgrade", "head", url=encoded.url),
        alembic("current", url=encoded.url),
        cts_schema("status", url=encoded.url),
        cts_schema("check", url=encoded.url),
        cts_schema("adopt", "--plan", url=encoded.url),
    ):
        assert done.code == 3, done
        assert "SQL_ASCII" in done.err
        assert "ENCODING 'UTF8'" in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
def test_an_engine_of_the_caller_is_refused_there_too(encoded: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="SQL_ASCII"):
        upgrade(sa.create_engine(encoded.location))

    async def act() -> None:
        engine = create_async_engine(encoded.async_url("asyncpg"))
        try:
            with pytest.raises(DatabaseUnusable, match="SQL_ASCII"):
                await upgrade_async(engine)
        finally:
            await engine.dispose()

    asyncio.run(act())


@pytest.mark.parametrize("encoded", ["LATIN1"], indirect=True)
def test_a_database_whose_characters_can_be_told_is_used(encoded: Database) -> None:
    encoded.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text)")
    encoded.execute("INSERT INTO users VALUES (1, 'Zoë', 'x')")
    adopt(encoded.url, yes=True)
    assert encoded.rows("SELECT username FROM users") == [("Zoë",)]
    assert check(encoded.url).findings == ()
