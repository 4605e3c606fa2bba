"""Where an operation runs: a folder, and a database in it or on the server, copied for each point."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tests.faults.driver import connect_postgresql, connect_sqlite
from tests.faults.server import Server
from tests.support.databases import Database

_PATIENCE = 60  # seconds until what should have ended counts as left behind


@dataclass
class Place:
    """A database and the files that belong to it.

    Attributes:
        folder: holds the SQLite file, and what an operation writes beside a database.
        url: of the database.
    """

    folder: Path
    url: str

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """Open the database; SQLite undoes then what a dead process has left half done."""
        with Database(sa.make_url(self.url)) as database:
            yield database

    def files(self) -> set[str]:
        """Return the names of the files in the folder, without what is other each time, but for the database itself."""
        files = [str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file()]
        named = (re.sub(r"\d{8}T\d{6}(-\d+)?", "TIME", name) for name in files)
        return {re.sub(r"\.\w{8}\.unfinished", ".unfinished", name) for name in named} - {"cts.db"}

    def copies(self) -> list[Path]:
        """Return the finished copies of a SQLite file that lie beside it."""
        return sorted(self.folder.glob("backups/*.db"))

    def copied(self, name: str) -> Place:
        """Return a copy of the whole place, under another name."""
        raise NotImplementedError

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self) -> list[str]:
        """Wait until the end of a process is noticed everywhere; return what stays locked or open all the same."""
        raise NotImplementedError


@dataclass
class SqlitePlace(Place):
    """A SQLite file in a folder."""

    @classmethod
    def made(cls, root: Path, name: str) -> SqlitePlace:
        """Make an empty one."""
        folder = root / name
        folder.mkdir()
        (folder / "cts.db").touch()
        return cls(folder, f"sqlite:///{folder / 'cts.db'}")

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "cts.db"

    def copied(self, name: str) -> SqlitePlace:
        folder = self.folder.with_name(name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return SqlitePlace(folder, f"sqlite:///{folder / 'cts.db'}")

    def settle(self) -> list[str]:
        with closing(connect_sqlite(self.file, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                return [f"the file is still locked: {error}"]
        return []


@dataclass
class PostgresqlPlace(Place):
    """A database on the server, and a folder."""

    server: Server = field(repr=False)
    name: str

    @classmethod
    def made(cls, root: Path, name: str, server: Server) -> PostgresqlPlace:
        """Make an empty one."""
        (root / name).mkdir()
        return cls._created(root / name, name, "template1", server)

    @classmethod
    def _created(cls, folder: Path, name: str, template: str, server: Server) -> PostgresqlPlace:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        # One that is struck is on the disk that may be full; the prepared ones are not.
        space = server.tablespace if name == "struck" else "pg_default"
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log TABLESPACE {space}")
        url = server.url.set(database=name).render_as_string(hide_password=False)
        return cls(folder, url, server, name)

    @property
    def dsn(self) -> str:
        """The URL as libpq writes it."""
        return Server.dsn(sa.make_url(self.url))

    def copied(self, name: str) -> PostgresqlPlace:
        folder = self.folder.with_name(name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return self._created(folder, name, self.name, self.server)

    def remove(self) -> None:
        super().remove()
        self.server.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def settle(self) -> list[str]:
        sessions = (
            "SELECT state || ' ' || query FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        )
        end = time.monotonic() + _PATIENCE
        with self.server.connect("postgres") as connection:
            while left := connection.execute(sessions, (self.name,)).fetchall():
                if time.monotonic() > end:
                    return [f"a session is left: {said}" for (said,) in left]
                time.sleep(0.005)
        with connect_postgresql(self.dsn, autocommit=True) as connection:
            invalid = connection.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
            prepared = connection.execute("SELECT gid FROM pg_prepared_xacts")
            locks = connection.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")
            return [
                *(f"an invalid index is left: {name}" for (name,) in invalid),
                *(f"a prepared transaction is left: {name}" for (name,) in prepared),
                *(f"an advisory lock is left, of process {pid}" for (pid,) in locks),
            ]
