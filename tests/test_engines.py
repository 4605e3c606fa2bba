"""The engines: what an application and a migration may rely on, on both databases."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine, NullPool, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

import cts_schema
from cts_schema.database import engines
from cts_schema.dialects.running import BUSY_TIMEOUT
from cts_schema.dialects.sqlite import engine as sqlite_engine
from cts_schema.exceptions import DatabaseUnusable, DriverMissing, MissingFolder, UnknownScheme, WrongUsage
from tests.support.databases import Database

NORMAL, FULL = 1, 2  # of PRAGMA synchronous
VARIABLES = ("DATABASE_TYPE", "DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL", "SQLITE_DB_PATH")


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cts.db"


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is empty, and the environment names no database."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@contextmanager
def application(url: str | None, **kw: Any) -> Iterator[Engine]:
    engine = engines.create_engine(url, **kw)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def migration(url: str) -> Iterator[Engine]:
    engine = engines.migration_engine(make_url(url))
    try:
        yield engine
    finally:
        engine.dispose()


@asynccontextmanager
async def connected(url: str, **kw: Any) -> AsyncIterator[AsyncConnection]:
    engine = engines.create_async_engine(url, **kw)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def asynchronously(url: str, statement: str, **kw: Any) -> Any:
    async def run() -> Any:
        async with connected(url, **kw) as connection:
            return (await connection.execute(text(statement))).scalar()

    return asyncio.run(run())


def scalar(engine: Engine, statement: str) -> Any:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def tables(path: str) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    finally:
        connection.close()


def with_driver(url: str, driver: str) -> str:
    return make_url(url).set(drivername=driver).render_as_string(hide_password=False)


# SQLite


def test_foreign_keys_hold_on_every_sqlite_connection(file_url: str) -> None:
    with application(file_url) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
            connection.execute(text("CREATE TABLE child (parent_id INTEGER REFERENCES parent)"))
        with engine.connect() as first, engine.connect() as second:
            for connection in (first, second):
                with pytest.raises(IntegrityError):
                    connection.execute(text("INSERT INTO child VALUES (1)"))
                connection.rollback()  # else it would go on holding the write lock
    assert asynchronously(file_url, "PRAGMA foreign_keys") == 1


def test_sqlite_waits_thirty_seconds_for_another_writer_unless_the_url_says_otherwise(file_url: str) -> None:
    with application(file_url) as engine, migration(file_url) as bare:
        assert scalar(engine, "PRAGMA busy_timeout") == 30_000
        assert scalar(bare, "PRAGMA busy_timeout") == 30_000
    with application(file_url + "?timeout=2") as engine:
        assert scalar(engine, "PRAGMA busy_timeout") == 2_000
    with application(file_url, connect_args={"timeout": 3}) as engine:
        assert scalar(engine, "PRAGMA busy_timeout") == 3_000
    assert asynchronously(file_url, "PRAGMA busy_timeout") == 30_000


def test_a_table_made_in_a_failed_sqlite_transaction_is_gone(file_url: str, tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        connection.execute(text("INSERT INTO half VALUES (1)"))
        connection.execute(text("CREATE TABLE other (id INTEGER)"))
        raise InterruptedError

    async def fail_asynchronously() -> None:
        async with connected(file_url) as connection, connection.begin():
            await connection.run_sync(fail)

    with application(file_url) as engine, pytest.raises(InterruptedError), engine.begin() as connection:
        fail(connection)
    assert tables(f"{tmp_path}/cts.db") == []
    with pytest.raises(InterruptedError):
        asyncio.run(fail_asynchronously())
    assert tables(f"{tmp_path}/cts.db") == []


def test_the_sqlite_driver_begins_no_transaction_of_its_own(file_url: str) -> None:
    with application(file_url) as engine:
        raw = engine.raw_connection()
        raw.cursor().execute("CREATE TABLE t (id INTEGER)")
        raw.cursor().execute("INSERT INTO t VALUES (1)")
        raw.close()  # rolls back whatever was begun
        assert scalar(engine, "SELECT count(*) FROM t") == 1


def test_a_savepoint_rolls_back_alone_on_sqlite(file_url: str, tmp_path: Path) -> None:
    def change(connection: Connection, prefix: str) -> None:
        connection.execute(text(f"CREATE TABLE {prefix}kept (id INTEGER)"))
        savepoint = connection.begin_nested()
        connection.execute(text(f"CREATE TABLE {prefix}dropped (id INTEGER)"))
        savepoint.rollback()

    async def change_asynchronously() -> None:
        async with connected(file_url) as connection, connection.begin():
            await connection.run_sync(change, "async_")

    with application(file_url) as engine, engine.begin() as connection:
        change(connection, "")
    asyncio.run(change_asynchronously())
    assert tables(f"{tmp_path}/cts.db") == ["kept", "async_kept"]


def test_reads_of_one_sqlite_transaction_see_one_state(file_url: str) -> None:
    with application(file_url) as engine:
        with engine.begin() as connection:
            connection.execute(text("PRAGMA user_version=1"))
        with engine.connect() as reader:
            assert reader.scalar(text("PRAGMA user_version")) == 1
            with closing(sqlite3.connect(engine.url.database or "", timeout=0)) as writer:
                writer.execute("PRAGMA user_version=2")
            assert reader.scalar(text("PRAGMA user_version")) == 1
        assert scalar(engine, "PRAGMA user_version") == 2


@pytest.mark.parametrize("where", ["connection", "engine"])
def test_autocommit_allows_vacuum_on_sqlite_and_ends_with_the_connection(file_url: str, where: str) -> None:
    with application(file_url, **({"isolation_level": "AUTOCOMMIT"} if where == "engine" else {})) as engine:
        with engine.connect() as connection:
            if where == "connection":
                connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("CREATE TABLE first (id INTEGER)"))
            connection.execute(text("VACUUM"))
        if where == "connection":
            with engine.connect() as connection:
                connection.execute(text("CREATE TABLE second (id INTEGER)"))
                connection.rollback()
        assert tables(engine.url.database or "") == ["first"]


# The write-ahead log


def made(file: Path, mode: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
        connection.execute("INSERT INTO t VALUES (1, 0)")
        connection.commit()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_an_engine_gives_a_file_the_write_ahead_log_unless_it_is_told_not_to(
    file_url: str, tmp_path: Path, mode: str
) -> None:
    made(tmp_path / "cts.db", mode)
    with application(file_url, write_ahead=False) as engine:
        assert scalar(engine, "PRAGMA journal_mode") == mode
        assert scalar(engine, "PRAGMA synchronous") == FULL
    with application(file_url) as engine:
        assert (scalar(engine, "PRAGMA journal_mode"), scalar(engine, "PRAGMA synchronous")) == ("wal", NORMAL)
    assert asynchronously(with_driver(file_url, "sqlite+aiosqlite"), "PRAGMA synchronous") == NORMAL


def test_status_and_check_show_the_journal(head: Database) -> None:
    expected = {"sqlite": ("delete", "wal"), "postgresql": (None, None)}[head.kind]
    assert (cts_schema.status(head.url).journal, cts_schema.check(head.url).journal) == (expected[0], expected[0])
    with application(head.url) as engine:
        scalar(engine, "SELECT 1")
    assert (cts_schema.status(head.url).journal, cts_schema.check(head.url).journal) == (expected[1], expected[1])


def test_a_file_in_use_keeps_its_journal_until_nobody_uses_it(file_url: str, tmp_path: Path) -> None:
    made(tmp_path / "cts.db", "delete")
    with closing(sqlite3.connect(tmp_path / "cts.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        start = time.monotonic()
        with application(file_url) as engine:
            assert (scalar(engine, "PRAGMA journal_mode"), scalar(engine, "PRAGMA synchronous")) == ("delete", FULL)
            assert scalar(engine, "PRAGMA busy_timeout") == BUSY_TIMEOUT * 1000
        assert time.monotonic() - start < BUSY_TIMEOUT / 2
    with application(file_url) as engine:
        assert scalar(engine, "PRAGMA journal_mode") == "wal"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_file_that_nobody_may_write_is_read(tmp_path: Path, mode: str) -> None:
    made(tmp_path / "cts.db", mode)
    with application(f"sqlite:///file:{tmp_path}/cts.db?mode=ro&uri=true") as engine:
        assert scalar(engine, "SELECT n FROM t") == 0


def test_many_engines_that_start_at_once_all_get_the_write_ahead_log(file_url: str, tmp_path: Path) -> None:
    made(tmp_path / "cts.db", "delete")
    together = threading.Barrier(8)

    def start() -> None:
        with application(file_url) as engine:
            together.wait()
            with engine.begin() as connection:
                connection.execute(text("UPDATE t SET n = n + 1"))

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(start) for _ in range(8)]:
            one.result()
    with application(file_url) as engine:
        assert (scalar(engine, "PRAGMA journal_mode"), scalar(engine, "SELECT n FROM t")) == ("wal", 8)


def test_a_writer_and_readers_do_not_wait_for_each_other(file_url: str, tmp_path: Path) -> None:
    made(tmp_path / "cts.db", "delete")
    with application(file_url, connect_args={"timeout": 0}) as engine:
        with engine.connect() as reader, engine.begin() as writer:
            assert reader.scalar(text("SELECT n FROM t")) == 0
            writer.execute(text("UPDATE t SET n = 1"))
            assert scalar(engine, "SELECT n FROM t") == 0
        assert scalar(engine, "SELECT n FROM t") == 1


def test_rows_that_only_the_log_holds_are_backed_up_rehearsed_and_adopted(file_url: str, tmp_path: Path) -> None:
    made(tmp_path / "cts.db", "delete")
    with application(file_url) as engine, engine.connect() as reader:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)"))
            connection.execute(text("INSERT INTO users VALUES (1, 'old', 'x')"))
        assert reader.scalar(text("SELECT count(*) FROM users")) == 1
        reader.rollback()
        assert (tmp_path / "cts.db-wal").stat().st_size
        rehearsed = cts_schema.rehearse(file_url)
        assert rehearsed.adopted is not None
        assert rehearsed.adopted.rows == 1
        report = cts_schema.upgrade(file_url)
        assert scalar(engine, "SELECT username FROM users WHERE id = '1'") == "old"
        copy = cts_schema.backup(file_url, tmp_path / "copy.db")
    assert report.adopted is not None
    for saved, key in ((report.adopted.backup, 1), (copy.path, "1")):
        with closing(sqlite3.connect(str(saved))) as connection:
            assert connection.execute("SELECT username FROM users WHERE id = ?", (key,)).fetchall() == [("old",)]


@pytest.mark.parametrize("kind", ["plain", "writing"])
def test_transactions_that_read_and_then_write_take_turns_if_they_say_so(
    file_url: str, tmp_path: Path, kind: str
) -> None:
    made(tmp_path / "cts.db", "delete")

    def count(engine: Engine) -> None:
        for _ in range(25):
            with engine.begin() as connection:
                number = connection.scalar(text("SELECT n FROM t"))
                time.sleep(0.0005)  # so that another one comes between
                connection.execute(text("UPDATE t SET n = :n"), {"n": number + 1})

    with application(file_url) as engine, ThreadPoolExecutor(4) as pool:
        chosen = cts_schema.writing(engine) if kind == "writing" else engine
        counting = [pool.submit(count, chosen) for _ in range(4)]
        if kind == "plain":
            errors = [one.exception() for one in counting]
            assert any("locked" in str(error) for error in errors), errors
        else:
            for one in counting:
                one.result()
            assert scalar(engine, "SELECT n FROM t") == 100


def test_an_asynchronous_engine_for_writing_begins_as_the_only_writer(file_url: str, tmp_path: Path) -> None:
    made(tmp_path / "cts.db", "delete")

    async def second() -> None:
        engine = engines.create_async_engine(file_url, connect_args={"timeout": 0})
        try:
            async with cts_schema.writing(engine).begin():
                with pytest.raises(DBAPIError, match="locked"):
                    async with cts_schema.writing(engine).begin():
                        pass
        finally:
            await engine.dispose()

    asyncio.run(second())


def test_a_database_in_memory_keeps_its_content_between_connections() -> None:
    with application("sqlite://") as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (id INTEGER)"))
        assert scalar(engine, "SELECT count(*) FROM t") == 0
        assert type(engine.pool) is type(sqlalchemy.create_engine("sqlite://").pool)


def test_the_migration_engine_leaves_foreign_keys_and_transactions_to_the_migration(file_url: str) -> None:
    with migration(file_url) as engine, engine.connect() as connection:
        assert isinstance(engine.pool, NullPool)
        assert connection.scalar(text("PRAGMA foreign_keys")) == 0
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails where something else has begun
        assert connection.connection.dbapi_connection is not None
        assert connection.connection.dbapi_connection.in_transaction


def test_the_migration_engine_is_synchronous_whatever_the_url(file_url: str, postgres_url: str) -> None:
    with migration(with_driver(file_url, "sqlite+aiosqlite")) as engine:
        assert scalar(engine, "SELECT 1") == 1
    with migration(with_driver(postgres_url, "postgresql+asyncpg")) as engine:
        assert scalar(engine, "SELECT current_setting('application_name')") == "cts"


def test_the_folder_of_the_default_database_is_created(empty_folder: Path) -> None:
    with application(None) as engine:
        assert scalar(engine, "SELECT 1") == 1
    assert (empty_folder / "data" / "cts.db").is_file()


def test_the_folder_of_any_other_database_is_not_created(empty_folder: Path) -> None:
    for make in (engines.create_engine, engines.create_async_engine):
        with pytest.raises(MissingFolder) as caught:
            make("sqlite:///my folder/cts.db")
        assert "mkdir -p 'my folder'" in str(caught.value)
    with pytest.raises(MissingFolder):
        engines.migration_engine(make_url("sqlite:///my folder/cts.db"))
    assert list(empty_folder.iterdir()) == []


def test_a_default_folder_that_cannot_be_created_is_reported(empty_folder: Path) -> None:
    (empty_folder / "data").symlink_to(empty_folder / "gone" / "data")
    with pytest.raises(MissingFolder, match="cannot be created"):
        engines.create_engine()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_memory_and_uris_need_no_folder(empty_folder: Path, url: str) -> None:
    with application(url) as engine:
        assert scalar(engine, "SELECT 1") == 1
    assert list(empty_folder.iterdir()) == []


def test_an_old_sqlite_library_is_refused() -> None:
    sqlite_engine.check_version((3, 35, 0))
    with pytest.raises(DatabaseUnusable, match=r"too old\n.* 3\.34\.1\n.* 3\.35\n"):
        sqlite_engine.check_version((3, 34, 1))


def test_a_schema_on_sqlite_is_refused(file_url: str) -> None:
    for make in (engines.create_engine, engines.create_async_engine):
        with pytest.raises(WrongUsage, match="no schemas"):
            make(file_url, schema="trading")


# PostgreSQL


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg", "postgresql+psycopg_async"])
def test_the_server_sees_who_is_connected_and_keeps_its_isolation(postgres_url: str, driver: str) -> None:
    url = with_driver(postgres_url, driver)
    seen = "SELECT current_setting('application_name') || ', ' || current_setting('transaction_isolation')"
    assert asynchronously(url, seen) == "cts, read committed"
    with application(url) as engine:
        assert scalar(engine, seen) == "cts, read committed"


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg"])
@pytest.mark.parametrize("schema", ["trading", 'An "odd" \\ name'])
def test_tables_are_looked_for_in_the_given_schema_alone(postgres_url: str, driver: str, schema: str) -> None:
    url = with_driver(postgres_url, driver)
    quoted = '"' + schema.replace('"', '""') + '"'
    path = "SELECT current_setting('search_path')"
    assert asynchronously(url, path, schema=schema) == quoted
    with application(url, schema=schema) as engine:
        assert scalar(engine, path) == quoted


def test_what_the_url_and_the_caller_say_comes_first(postgres_url: str) -> None:
    query = {"application_name": "bot", "options": "-cwork_mem=5MB", "connect_timeout": "3"}
    url = make_url(postgres_url).update_query_dict(query).render_as_string(hide_password=False)
    arguments = {"options": "-clock_timeout=7s", "keepalives_idle": 99}
    with application(url, schema="trading", connect_args=arguments, pool_size=1) as engine:
        settings = "SELECT concat_ws(' ', current_setting('application_name'), current_setting('work_mem'), "
        settings += "current_setting('lock_timeout'), current_setting('search_path'))"
        assert scalar(engine, settings) == 'bot 5MB 7s "trading"'
        assert engine.pool.size() == 1  # type: ignore[attr-defined]
        with engine.connect() as connection:
            parameters = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    assert parameters["connect_timeout"] == "3"
    assert parameters["keepalives_idle"] == "99"
    kept = {"server_settings": {"application_name": "bot"}}
    url = with_driver(postgres_url, "postgresql+asyncpg")
    assert asynchronously(url, "SELECT current_setting('application_name')", connect_args=kept) == "bot"


def test_connecting_does_not_wait_for_ever_and_dead_peers_are_noticed(postgres_url: str) -> None:
    for engine in (engines.create_engine(postgres_url), engines.migration_engine(make_url(postgres_url))):
        with engine.connect() as connection:
            parameters = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        engine.dispose()
        assert parameters["connect_timeout"] == "10"
        assert (parameters["keepalives"], parameters["keepalives_idle"]) == ("1", "30")


def test_a_pooled_connection_that_died_is_replaced(postgres_url: str) -> None:
    with application(postgres_url) as engine, application(postgres_url, poolclass=NullPool) as other:
        pid = scalar(engine, "SELECT pg_backend_pid()")
        assert scalar(engine, "SELECT pg_backend_pid()") == pid
        assert scalar(other, f"SELECT pg_terminate_backend({pid}, 10000)")
        assert scalar(engine, "SELECT pg_backend_pid()") != pid


def test_bound_values_are_not_in_the_text_of_an_error(file_url: str, postgres_url: str) -> None:
    for url in (file_url, postgres_url):
        with application(url) as engine, engine.connect() as connection, pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT :value FROM no_such_table"), {"value": "geheim"})
        assert "geheim" not in str(caught.value)


def test_a_postgresql_driver_nobody_has_tried_is_refused() -> None:
    with pytest.raises(UnknownScheme, match=r"does not know the driver\n.*postgresql\+pg8000"):
        engines.create_engine("postgresql+pg8000://db/cts")


# Drivers that are not installed


@pytest.mark.parametrize(
    ("absent", "call", "package"),
    [
        ("aiosqlite", "create_async_engine('sqlite://')", "cts-schema[asyncio]"),
        ("greenlet", "create_async_engine('sqlite://')", "cts-schema[asyncio]"),
        ("asyncpg", "create_async_engine('postgresql+asyncpg://db/cts')", "cts-schema[asyncpg]"),
        ("psycopg", "create_engine('postgres://db/cts')", "psycopg[binary]"),
        ("psycopg2", "create_engine('postgresql+psycopg2://db/cts')", "psycopg2-binary"),
    ],
)
def test_a_missing_driver_is_named_with_the_command_that_installs_it(absent: str, call: str, package: str) -> None:
    program = f"import sys; sys.modules[{absent!r}] = None\nfrom cts_schema.database import engines\nengines.{call}"
    environment = os.environ | {"PYTHONPATH": str(Path(cts_schema.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    last = done.stderr.split(DriverMissing.__name__ + ": ")[-1]
    assert done.returncode == 1
    assert f"pip install '{package}'" in last
    assert absent in last


def test_a_synchronous_engine_needs_no_greenlet(file_url: str) -> None:
    program = "import sys; sys.modules['greenlet'] = sys.modules['alembic'] = None\n"
    program += f"from cts_schema.database.engines import create_engine\ncreate_engine({file_url!r}).connect().close()"
    environment = os.environ | {"PYTHONPATH": str(Path(cts_schema.__file__).parent.parent)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
