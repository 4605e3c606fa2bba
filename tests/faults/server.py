"""A PostgreSQL server that may be stopped at any moment, and a disk for its databases that may be full."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.faults.driver import connect_postgresql
from tests.support.postgres import Postgres

_DISK_BYTES = 96 * 1024 * 1024  # two databases with what grows in them


class Disk:
    """A small file system in memory, which is the tablespace of the databases that faults strike."""

    def __init__(self, folder: Path, owner: str) -> None:
        """Mount it, which only root may."""
        self._mount = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "cts_faults", str(folder)], check=True)
        folder.chmod(0o755)
        self.tablespace = folder / "tablespace"
        self.tablespace.mkdir()
        user = pwd.getpwnam(owner)
        os.chown(self.tablespace, user.pw_uid, user.pw_gid)

    def fill(self) -> Callable[[], Any]:
        """Leave no byte free; return what makes room again."""
        ballast = self._mount / "ballast"
        free = os.statvfs(self._mount)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
        return ballast.unlink


class Server:
    """The server; run by root, it has a disk of its own for the databases."""

    def __init__(self) -> None:
        self._postgres = Postgres()
        self.url = self._postgres.url
        self.disk: Disk | None = None
        self.wait_for_disk(False)
        if self._postgres.user is not None:  # root lets it run as another user
            mount = self._postgres.folder / "disk"
            mount.mkdir()
            self.disk = Disk(mount, self._postgres.user)
            self.execute(f"CREATE TABLESPACE cts_faults LOCATION '{self.disk.tablespace}'")

    @property
    def tablespace(self) -> str:
        """The tablespace for databases that faults strike."""
        return "pg_default" if self.disk is None else "cts_faults"

    def wait_for_disk(self, wait: bool) -> None:
        """Say whether files are written for good at each commit: a server that is stopped at once must do so."""
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self.execute(f"ALTER SYSTEM SET {setting} = {'on' if wait else 'off'}")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(statement.encode())

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Connect in autocommit; not counted as a call."""
        return connect_postgresql(self.dsn(self.url.set(database=database)), autocommit=True)

    @staticmethod
    def dsn(url: sa.URL) -> str:
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    def stop_at_once(self) -> None:
        """Stop as if the power had gone."""
        self._postgres.stop_at_once()

    def start(self) -> None:
        """Start, unless it runs; whoever will clean up must have called this after the last start."""
        self._postgres.start()

    def close(self) -> None:
        """Take everything away."""
        self.start()
        self._postgres.close()
