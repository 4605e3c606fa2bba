"""A migration is done or it is not; and a connection of the caller is left as it was."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine as plain_async_engine

from cts_schema import create_async_engine, create_engine, downgrade, initialize, status, upgrade, upgrade_async
from cts_schema.exceptions import (
    DatabaseUnreachable,
    DecisionNeeded,
    ForeignKeyViolations,
    RevisionFailed,
    SchemaError,
    TransactionRefused,
)
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.lines import Scripts

HALF = "op.create_table('half', sa.Column('id', sa.Integer(), primary_key=True))"
FAIL = "\nraise RuntimeError('in the middle')"


@pytest.fixture
def failing(line: Scripts) -> Scripts:
    """A line whose last revision makes a table, rebuilds another, and then fails."""
    rebuild = "\nwith op.batch_alter_table('system_settings', recreate='always') as batch:\n    pass"
    line.add("failing", HALF + rebuild + FAIL)
    return line


# SQLite: engines set up in every way


def _plain(file: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{file}")


def _ours(file: Path) -> sa.Engine:
    return create_engine(f"sqlite:///{file}")


def _autocommit(file: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")


def _begin_event(file: Path) -> sa.Engine:
    """What SQLAlchemy's documentation recommends."""
    engine = sa.create_engine(f"sqlite:///{file}")

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _in_memory(file: Path) -> sa.Engine:
    return sa.create_engine("sqlite://", poolclass=sa.StaticPool)


def _driver_autocommit(value: bool) -> Callable[[Path], sa.Engine]:
    def make(file: Path) -> sa.Engine:
        return sa.create_engine(f"sqlite:///{file}", connect_args={"autocommit": value})

    return make


ENGINES = [_plain, _ours, _autocommit, _begin_event, _in_memory]
if sys.version_info >= (3, 12):  # where the driver has the parameter
    ENGINES += [_driver_autocommit(True), _driver_autocommit(False)]


@pytest.fixture(params=ENGINES, ids=lambda make: getattr(make, "__name__", "driver").lstrip("_"))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    made: sa.Engine = request.param(tmp_path / "cts.db")
    yield made
    made.dispose()


def master(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT * FROM sqlite_master ORDER BY name, type").all())


def test_a_failure_on_sqlite_leaves_nothing_however_the_engine_was_made(engine: sa.Engine, failing: Scripts) -> None:
    with pytest.raises(RevisionFailed, match="in the middle"):
        upgrade(engine)
    assert master(engine) == []
    assert upgrade(engine, "060").after == "060"
    before = master(engine)
    with pytest.raises(RevisionFailed, match="in the middle"):
        upgrade(engine)
    assert master(engine) == before
    assert status(engine).revision == "060"


def test_a_success_on_sqlite_is_kept_however_the_engine_was_made(engine: sa.Engine, tmp_path: Path) -> None:
    assert upgrade(engine).after == "060"
    assert downgrade(engine, "055").after == "055"
    assert initialize(engine).after == "060"
    if engine.url.database:  # seen by a connection that has nothing to do with the engine
        with closing(sqlite3.connect(tmp_path / "cts.db")) as other:
            assert other.execute("SELECT version_num FROM alembic_version").fetchall() == [("060",)]


def test_a_lock_that_the_engines_own_hook_takes_is_waited_for_too(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 0, "isolation_level": None})

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        enforced = connection.connection.cursor().execute("PRAGMA foreign_keys").fetchone()
        connection.exec_driver_sql("BEGIN" if enforced == (1,) else "BEGIN IMMEDIATE")  # as a run has them off

    upgrade(engine, "059")
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, holder.close)
    timer.start()
    assert upgrade(engine, wait=60).after == "060"
    timer.join()
    engine.dispose()


def test_a_failure_through_aiosqlite_leaves_nothing(tmp_path: Path, failing: Scripts) -> None:
    async def try_both() -> None:
        for make in (create_async_engine, plain_async_engine):
            engine = make(f"sqlite+aiosqlite:///{tmp_path / 'cts.db'}")
            try:
                with pytest.raises(RevisionFailed, match="in the middle"):
                    await upgrade_async(engine)
            finally:
                await engine.dispose()

    asyncio.run(try_both())
    with closing(sqlite3.connect(tmp_path / "cts.db")) as connection:
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []


def test_a_failure_on_postgresql_leaves_nothing(server: Server, line: Scripts) -> None:
    text = (line.folder / "versions" / "060_add_updated_at_triggers.py").read_text()
    text = text.replace("def upgrade() -> None:\n", f"def upgrade() -> None:\n    {'raise RuntimeError(1)'}\n")
    (line.folder / "versions" / "060_add_updated_at_triggers.py").write_text(text)
    with Database(server.create()) as database:
        with pytest.raises(RevisionFailed):
            upgrade(database.engine)
        assert database.tables() == set()
        assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        server_url = database.location
    server.drop(server_url)


def test_on_postgresql_what_is_beyond_adoption_stays_when_a_later_revision_fails(server: Server, line: Scripts) -> None:
    line.add("good", HALF)
    line.add("failing", "op.create_table('more', sa.Column('id', sa.Integer()))" + FAIL)
    url = server.create()
    with Database(url) as database:
        with pytest.raises(RevisionFailed, match="062, upgrade"):
            upgrade(database.engine)
        assert status(database.engine).revision == "061"
        assert "half" in database.tables()
        assert "more" not in database.tables()
    server.drop(url)


# SQLite: foreign keys


@pytest.fixture
def family(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database at head with a parent and a child, through a pool of one connection that checks foreign keys."""
    engine = create_engine(f"sqlite:///{tmp_path / 'cts.db'}", poolclass=sa.QueuePool, pool_size=1, max_overflow=0)
    upgrade(engine, "060")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id, username, password_hash) VALUES ('u', 'satoshi', 'x')")
        connection.exec_driver_sql("INSERT INTO portfolios (id, user_id, name) VALUES ('p', 'u', 'main')")
    yield engine
    engine.dispose()


def pragma(connection: sa.Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


REBUILD = "with op.batch_alter_table('users', recreate='always') as batch:\n    pass"


def test_rebuilding_a_parent_does_not_delete_its_children(family: sa.Engine, line: Scripts) -> None:
    line.add("rebuild", REBUILD)
    upgrade(family)
    with family.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, user_id FROM portfolios").all() == [("p", "u")]
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "busy_timeout") == 30_000


def test_foreign_keys_are_on_again_after_a_failure(family: sa.Engine, failing: Scripts) -> None:
    for _ in range(2):
        with pytest.raises(RevisionFailed):
            upgrade(family, wait=7)
        with family.connect() as connection:
            assert pragma(connection, "foreign_keys") == 1
            assert pragma(connection, "busy_timeout") == 30_000
            with pytest.raises(sa.exc.IntegrityError):
                connection.exec_driver_sql("INSERT INTO portfolios (id, user_id, name) VALUES ('q', 'none', 'x')")


def test_a_revision_that_makes_orphans_is_rolled_back(family: sa.Engine, line: Scripts) -> None:
    line.add("careless", "op.execute('DELETE FROM users')")
    with pytest.raises(ForeignKeyViolations, match="1 of portfolios, without their users"):
        upgrade(family)
    assert status(family).revision == "060"
    with family.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM users").scalar() == 1
        assert pragma(connection, "foreign_keys") == 1


def test_old_orphans_stay_and_stop_nothing(family: sa.Engine, line: Scripts, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cts.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO portfolios (id, user_id, name) VALUES ('orphan', 'gone', 'x')")
        connection.execute("CREATE TABLE broken (id INTEGER, users_email TEXT REFERENCES users(no_such))")
    line.add("rebuild", REBUILD)
    assert upgrade(family).after == "061"
    with family.connect() as again:
        assert again.exec_driver_sql("SELECT count(*) FROM portfolios WHERE user_id = 'gone'").scalar() == 1


# A connection in a transaction of the caller


@pytest.fixture
def callers(database: Database) -> Iterator[sa.Connection]:
    """A connection on which nothing is refused."""
    engine = sa.create_engine(database.location)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_callers_rollback_takes_everything_back(callers: sa.Connection, database: Database) -> None:
    callers.execute(sa.text("CREATE TABLE mine (id integer)"))
    report = upgrade(callers)
    assert len(report.applied) == 13
    callers.execute(sa.text("INSERT INTO mine VALUES (1)"))
    callers.execute(sa.text("INSERT INTO users (username, password_hash) VALUES ('satoshi', 'x')"))
    callers.rollback()
    assert database.tables() - {"mine"} == set()
    # The driver of SQLite begins no transaction before DDL: what came before the run is not in it.
    assert ("mine" in database.tables()) == (database.kind == "sqlite")


def test_the_callers_commit_keeps_everything(callers: sa.Connection, database: Database) -> None:
    with callers.begin():
        upgrade(callers, "055")
        callers.execute(sa.text("INSERT INTO users (username, password_hash) VALUES ('satoshi', 'x')"))
        upgrade(callers)
        downgrade(callers, "058")
        assert callers.in_transaction()
    assert status(database.url).revision == "058"
    assert database.value("SELECT username FROM users") == "satoshi"


def test_a_failure_in_the_callers_transaction_is_his_to_roll_back(
    callers: sa.Connection, database: Database, failing: Scripts
) -> None:
    callers.begin()
    with pytest.raises(RevisionFailed):
        upgrade(callers)
    callers.rollback()
    assert database.tables() == set()
    assert upgrade(callers, "060").after == "060"


def test_a_refusal_leaves_the_callers_transaction_usable(callers: sa.Connection, database: Database) -> None:
    callers.execute(sa.text("CREATE TABLE users (id integer)"))
    callers.execute(sa.text("INSERT INTO users VALUES (1)"))
    settings = _settings(callers)
    with pytest.raises(DecisionNeeded):
        upgrade(callers)
    assert callers.in_transaction()
    assert _settings(callers) == settings
    callers.execute(sa.text("INSERT INTO users VALUES (2)"))
    callers.commit()
    assert database.tables() == {"users"}
    assert database.rows("SELECT id FROM users ORDER BY id") == [(1,), (2,)]


def _settings(connection: sa.Connection) -> list[Any]:
    if connection.dialect.name == "sqlite":
        return [pragma(connection, name) for name in ("foreign_keys", "busy_timeout", "legacy_alter_table")]
    names = (
        "search_path",
        "lock_timeout",
        "transaction_isolation",
        "statement_timeout",
        "DateStyle",
        "TimeZone",
        "row_security",
    )
    return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]


def test_what_the_caller_does_afterwards_has_his_own_settings(callers: sa.Connection, database: Database) -> None:
    if database.kind == "postgresql":
        callers.exec_driver_sql("CREATE SCHEMA app")
        callers.exec_driver_sql("SET search_path TO app, public")
        callers.exec_driver_sql("SET lock_timeout = '7s'")
        callers.commit()
    else:
        callers.exec_driver_sql("PRAGMA busy_timeout = 1234")
        callers.rollback()
    callers.begin()
    before = _settings(callers)
    upgrade(callers, schema="public" if database.kind == "postgresql" else None)
    assert _settings(callers) == before
    callers.commit()
    assert _settings(callers) == before


def test_foreign_keys_in_a_transaction_are_refused_on_sqlite(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'cts.db'}")
    with engine.begin() as connection:
        with pytest.raises(TransactionRefused, match="foreign keys") as caught:
            upgrade(connection)
        assert caught.value.exit_code == 2
    assert master(engine) == []
    engine.dispose()


def test_levels_that_could_lose_data_are_refused_on_postgresql(server: Server) -> None:
    url = server.create()
    for level in ("AUTOCOMMIT", "REPEATABLE READ", "SERIALIZABLE"):
        engine = sa.create_engine(url, isolation_level=level)
        with engine.begin() as connection, pytest.raises(TransactionRefused, match=r"autocommit|isolation"):
            upgrade(connection)
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
        engine.dispose()
    server.drop(url)


# A connection that is in no transaction


def test_a_connection_in_no_transaction_is_left_in_none(callers: sa.Connection) -> None:
    for act in (initialize, initialize, status, lambda connection: downgrade(connection, "058"), upgrade):
        act(callers)
        assert not callers.in_transaction()


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "REPEATABLE READ", "READ COMMITTED"])
@pytest.mark.parametrize("given_to", ["engine", "connection", "nobody"])
def test_a_connection_keeps_its_settings_on_postgresql(server: Server, level: str, given_to: str) -> None:
    url = server.create()
    engine = sa.create_engine(url, **({"isolation_level": level} if given_to == "engine" else {}))
    with engine.connect() as connection:
        if given_to == "connection":
            connection = connection.execution_options(isolation_level=level)
        connection.exec_driver_sql("SET lock_timeout = '7s'")
        connection.exec_driver_sql("SET search_path TO public, pg_catalog")
        connection.commit()
        before = (_settings(connection), connection.get_isolation_level(), _is_autocommit(connection))
        connection.rollback()
        upgrade(connection)
        with pytest.raises(SchemaError):
            upgrade(connection, "no such revision")
        assert (_settings(connection), connection.get_isolation_level(), _is_autocommit(connection)) == before
    engine.dispose()
    server.drop(url)


def _is_autocommit(connection: sa.Connection) -> bool:
    return bool(connection.connection.driver_connection.autocommit)  # type: ignore[union-attr]


@pytest.mark.parametrize("fails", [False, True])
def test_a_connection_keeps_its_settings_on_sqlite(engine: sa.Engine, line: Scripts, fails: bool) -> None:
    line.add("last", HALF + (FAIL if fails else ""))
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        in_driver = connection.connection.driver_connection.in_transaction  # type: ignore[union-attr]
        cursor.execute("PRAGMA busy_timeout = 4321")
        before = _settings(connection)
        connection.rollback()
        try:
            upgrade(connection)
        except RevisionFailed:
            assert fails
        assert not connection.in_transaction()
        assert connection.connection.driver_connection.in_transaction == in_driver  # type: ignore[union-attr]
        assert _settings(connection) == before


# Schemas and version tables


def test_two_schemas_live_side_by_side(server: Server) -> None:
    url = server.create()
    with Database(url) as database:
        for name in ("app one", "app_two"):
            database.execute(f'CREATE SCHEMA "{name}"')
        assert upgrade(database.engine, schema="app one").after == "060"
        assert database.tables() == set()
        assert upgrade(url, "055", schema="app_two").after == "055"
        assert initialize(database.engine, schema="app one").applied == ()
        assert status(database.engine, schema="app_two").revision == "055"
        inspector = sa.inspect(database.engine)
        assert len(inspector.get_table_names(schema="app one")) == 42
        assert len(inspector.get_table_names(schema="app_two")) == 39
        assert downgrade(database.engine, "base", schema="app one").after is None
        assert status(database.engine, schema="app_two").revision == "055"
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW search_path").scalar() == '"$user", public'
    server.drop(url)


def test_the_alembic_of_an_application_is_left_alone(database: Database) -> None:
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.execute("INSERT INTO alembic_version VALUES ('1975ea83b712')")
    report = upgrade(database.engine, version_table="cts_alembic_version")
    assert report.after == "060"
    assert initialize(database.engine, version_table="cts_alembic_version").applied == ()
    assert downgrade(database.engine, "058", version_table="cts_alembic_version").after == "058"
    assert database.rows("SELECT version_num FROM alembic_version") == [("1975ea83b712",)]
    assert database.rows("SELECT version_num FROM cts_alembic_version") == [("058",)]
    seen = status(database.engine, version_table="cts_alembic_version")
    assert seen.unmanaged == ("alembic_version", *[name for name in seen.unmanaged if name.startswith("cts_kept_")])


def test_a_connection_that_the_server_ends_is_reported_as_such(server: Server, line: Scripts) -> None:
    line.add("ended", "op.execute('SELECT pg_terminate_backend(pg_backend_pid())')")
    url = server.create()
    with Database(url) as database:
        for target in (database.engine, url):
            with pytest.raises(DatabaseUnreachable):
                upgrade(target)
            assert status(url).revision == "060"
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
    server.drop(url)
