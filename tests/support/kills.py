"""Adoptions that are killed at one statement after the other. Run as a program: what it forks must have no threads.

python -m tests.support.kills URL SERVER STEP    prints what each kill has left, as JSON
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import alembic.command  # noqa: F401  loaded once, for all processes
import psycopg
import sqlalchemy as sa

import cts_schema.adoption.adopt
import cts_schema.migration.environment  # noqa: F401
from cts_schema import adopt, status
from tests.legacy.census import Values, census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.support.state import catalogue_of

# What else changes something outside of the process; the copy of a SQLite file is made beside SQLAlchemy.
_EVENTS = ("sqlite3.connect/handle", "os.rename", "os.remove", "os.mkdir")


def killed(url: str, server: str, step: int) -> list[dict[str, Any]]:
    """Kill adoptions of one database at every ``step``-th statement; after each, look, and let a copy of it come in."""
    with _opened(url) as database:
        old = _counted(database), catalogue_of(database)
    with _copied(url, server) as copy:
        statements = int(_adopted(copy, 0))
    found = []
    for number, point in enumerate(range(1, statements + 1, step)):
        said = _adopted(url, point)
        backups = _backups(url)
        with _opened(url) as database:
            _wait_for_the_server(database)
            kept = (_counted(database), catalogue_of(database)) == old
        result = {"statement": f"{point} of {statements}", "said": said, "kept": kept}
        result["false backups"] = [file.name for file in backups if _counted_in(file) != old[0]]
        for file in backups:
            file.unlink()
        # A second run takes as long as all else; where every statement is tried, not every one needs it.
        if step > 1 or number % 10 == 0:
            result["lost"] = _second_run(url, server, old[0])
        found.append(result)
    return found


def _second_run(url: str, server: str, before: dict[str, Values]) -> list[str]:
    with _copied(url, server) as copy:
        said = _adopted(copy, 0)
        if not said.isdigit():
            return [said]
        with _opened(copy) as database, database.engine.connect() as connection:
            return lost(before, connection) + ([] if status(copy).at_head else ["it is not at head"])


def _adopted(url: str, point: int) -> str:
    """Adopt in a process that dies at a statement; return how many there were, or what went wrong, if it lived."""
    answer, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        with os.fdopen(answer) as stream:
            said = stream.read()
        os.waitpid(pid, 0)
        return said
    done = 0

    def count(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    sa.event.listen(sa.Engine, "commit", count)
    sys.addaudithook(lambda event, arguments: count() if event in _EVENTS else None)
    try:
        adopt(url, yes=True)
        said = str(done)
    except Exception:
        said = traceback.format_exc()
    with os.fdopen(say, "w") as stream:
        stream.write(said)
    os._exit(0)


def _counted(database: Database) -> dict[str, Values]:
    with database.engine.connect() as connection:
        return census(connection)


def _counted_in(file: Path) -> dict[str, Values]:
    with _opened(f"sqlite:///{file}") as database:
        return _counted(database)


def _backups(url: str) -> list[Path]:
    made = sa.make_url(url)
    if made.get_backend_name() != "sqlite":
        return []
    return sorted(Path(made.database or "").parent.joinpath("backups").glob("*.db"))


def _wait_for_the_server(database: Database) -> None:
    """PostgreSQL notices only after its statement that nobody is there any more."""
    if database.kind == "sqlite":
        return
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while database.value(others):
        time.sleep(0.01)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    with Database(sa.make_url(url)) as database:
        yield database


@contextmanager
def _copied(url: str, server: str) -> Iterator[str]:
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        folder = Path(made.database or "").with_suffix(".copy")
        folder.mkdir()
        shutil.copy(made.database or "", folder / "cts.db")
        yield f"sqlite:///{folder / 'cts.db'}"
        shutil.rmtree(folder)
        return
    with closing(psycopg.connect(server.replace("+psycopg", ""), autocommit=True)) as connection:
        name = f"{made.database}_copy"
        others = b"SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        while connection.execute(others, (made.database,)).fetchone() != (0,):
            time.sleep(0.01)
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {made.database} STRATEGY wal_log".encode())
        yield made.set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


if __name__ == "__main__":
    json.dump(killed(sys.argv[1], sys.argv[2], int(sys.argv[3])), sys.stdout)
