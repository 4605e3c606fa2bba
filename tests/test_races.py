"""Many who start at once, others who are in the way, and processes that are killed: one migration, done or not done."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from cts_schema import (
    Report,
    create_async_engine,
    downgrade,
    initialize,
    initialize_async,
    status,
    upgrade,
    upgrade_async,
)
from cts_schema.exceptions import DatabaseLocked, LockTimeout
from cts_schema.migration import command
from cts_schema.schema.scripts import revisions
from tests.conftest import Server
from tests.legacy.catalogue import build
from tests.legacy.census import census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.support.lines import Scripts
from tests.support.program import ROOT, alembic, environment, run

LINE = list(revisions())


@pytest.fixture
def postgres(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A PostgreSQL database at head."""
    url = server.create(request.getfixturevalue("_head_postgresql"))
    with Database(url) as database:
        yield database
    server.drop(url)


def applied_once(reports: list[Report], revisions: list[str] = LINE) -> None:
    """Check that one run has applied everything, and the others nothing."""
    did = [[done.revision for done in report.applied] for report in reports if report.applied]
    assert did == [revisions]
    assert {report.after for report in reports} == {revisions[-1]}


# Processes


@pytest.mark.parametrize("state", ["empty", "behind", "old"])
def test_of_32_processes_that_start_at_once_one_migrates_and_none_fails(database: Database, state: str) -> None:
    due = LINE
    if state == "behind":
        upgrade(database.url, "053")
        due = LINE[LINE.index("053") + 1 :]
    elif state == "old":
        with database.engine.connect() as connection:
            build(connection, "integer_installation", "dirty")
            before = census(connection)
    database.engine.dispose()
    done = run(sys.executable, "-m", "tests.support.starters", "together", database.url, "32")
    outcomes = json.loads(done.out)
    assert sorted(outcomes, key=len) == [[]] * 31 + [due], done
    if state == "old":
        with database.engine.connect() as connection:
            assert lost(before, connection) == []
    assert status(database.url).at_head
    assert len(database.rows("SELECT 1 FROM schema_migrations WHERE migration_id IS NOT NULL")) == len(LINE)


def test_a_killed_process_leaves_the_old_state_or_the_new_one(database: Database) -> None:
    done = run(sys.executable, "-m", "tests.support.starters", "killed", database.url, "20261123", "6")
    assert done.code == 0, done.err
    base: list[Any] = [None, 0, []]
    head: list[Any] = ["060", 41, []]
    for kill in json.loads(done.out):
        assert kill["left"] in (base, head), kill
        assert kill["then"] == (base if kill["down"] else head), kill


# Threads and tasks


@pytest.fixture
def many(server: Server, tmp_path: Path) -> Iterator[list[str]]:
    """The URLs of sixteen empty databases, half of them of each kind."""
    made = [server.create() for _ in range(8)]
    files = [f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(8)]
    yield files + [url.render_as_string(hide_password=False) for url in made]
    for url in made:
        server.drop(url)


def test_sixteen_threads_migrate_sixteen_databases(many: list[str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        reports = list(pool.map(lambda url: initialize(url, wait=300), many))
    for url, report in zip(many, reports, strict=True):
        applied_once([report])
        assert status(url).at_head


def test_sixteen_tasks_migrate_sixteen_databases_while_the_loop_goes_on(many: list[str]) -> None:
    async def migrate() -> tuple[list[Report], int]:
        async with _heartbeat() as ticks:
            reports = await asyncio.gather(*(initialize_async(url, wait=300) for url in many))
        return reports, len(ticks)

    reports, ticks = asyncio.run(migrate())
    for url, report in zip(many, reports, strict=True):
        applied_once([report])
        assert status(url).at_head
    assert ticks > 16 * 10  # a run that kept the loop to itself would let it tick once or twice


@asynccontextmanager
async def _heartbeat() -> AsyncIterator[list[float]]:
    """Tick in the loop; yields the list of the ticks, which grows as long as the loop goes on."""
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.001)

    task = asyncio.create_task(tick())
    yield ticks
    task.cancel()


def test_threads_and_tasks_share_one_database(database: Database) -> None:
    drivers = ["aiosqlite"] if database.kind == "sqlite" else ["psycopg", "asyncpg"]

    async def migrate() -> list[Report]:
        engines: list[AsyncEngine] = [create_async_engine(database.async_url(driver)) for driver in drivers * 3]
        reports = await asyncio.gather(
            *(upgrade_async(engine) for engine in engines),
            *(asyncio.to_thread(upgrade, database.url) for _ in range(6)),
        )
        for engine in engines:
            await engine.dispose()
        return list(reports)

    applied_once(asyncio.run(migrate()))


def test_a_thread_that_waits_too_long_for_another_is_told(database: Database, line: Scripts, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    line.add("slow", f"import time\nfrom pathlib import Path\nwhile not Path({str(gate)!r}).exists(): time.sleep(0.01)")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(upgrade, database.url)
        while not command._process_lock.locked():
            time.sleep(0.01)
        try:
            with pytest.raises(LockTimeout, match=f"this process \\({os.getpid()}\\)"):
                upgrade(database.url, wait=0.1)
            with pytest.raises(LockTimeout, match="in another thread or task"):
                asyncio.run(upgrade_async(database.url, wait=0.1))
        finally:
            gate.touch()
        assert slow.result().after == "061"


# Another run on PostgreSQL


@contextmanager
def running(database: Database, scripts: Scripts) -> Iterator[subprocess.Popen[str]]:
    """Run ``alembic upgrade head`` beside, until it holds the lock; end it by force if need be."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("alembic"), "-c", scripts.ini(), "upgrade", "head"],
        cwd=ROOT,
        env=environment(database.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _until(lambda: bool(_holders(database)))
        yield process
    finally:
        process.kill()
        process.communicate()


def _holders(database: Database) -> list[int]:
    rows = database.rows(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return [pid for (pid,) in rows]


def _until(true: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.05)


@pytest.mark.parametrize("slow", ["import time\ntime.sleep(600)", "op.execute('SELECT pg_sleep(600)')"])
def test_the_holder_of_the_lock_is_named_and_when_killed_it_gives_way(
    postgres: Database, tmp_path: Path, slow: str
) -> None:
    scripts = Scripts(tmp_path)
    scripts.add("slow", slow)
    with running(postgres, scripts) as holder:
        (pid,) = _holders(postgres)
        _until(lambda: "idle in transaction" in _states(postgres) or "pg_sleep" in _states(postgres))
        with pytest.raises(LockTimeout) as caught:
            downgrade(postgres.url, "058", wait=0.5)
        assert f"process {pid} (cts) from local, since 20" in str(caught.value)
        done = alembic("-x", "wait=1", "upgrade", "head", url=postgres.url)
        assert done.code == 4
        assert done.out.startswith(f"waiting for another migration: process {pid} (cts)")
        assert "another migration held the lock for too long" in done.err
        assert f"process {pid} (cts) from local" in done.err
        assert "Traceback" not in done.err
        os.kill(holder.pid, signal.SIGKILL)
        # The statement alone would go on for ten minutes.
        assert downgrade(postgres.url, "058", wait=60).before == "060"


def _states(database: Database) -> str:
    return str(database.rows("SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"))


def test_two_schemas_do_not_wait_for_each_other(postgres: Database, tmp_path: Path) -> None:
    postgres.execute("CREATE SCHEMA other")
    scripts = Scripts(tmp_path)
    scripts.add("slow", "import time\ntime.sleep(60)")
    with running(postgres, scripts):
        assert upgrade(postgres.url, schema="other", wait=0).after == "060"


# A table that other sessions use


class _Waits(logging.Handler):
    """Notes when a run says that it waits, and lets go at the last of so many times."""

    def __init__(self, most: int | None, let_go: Callable[[], object]) -> None:
        super().__init__()
        self.times: list[float] = []
        self._most, self._let_go = most, let_go

    def emit(self, record: logging.LogRecord) -> None:
        if vars(record).get("event") == "waiting":
            self.times.append(time.monotonic())
            if len(self.times) == self._most:
                self._let_go()


@contextmanager
def locked(database: Database, table: str, mode: str, waits: int | None = None) -> Iterator[list[float]]:
    """Have another session lock a table for the time of the block, or until a run has waited so many times.

    Yields the times at which it said so, after each try that had failed.
    """
    logger = logging.getLogger("cts_schema.migration")
    with database.engine.connect() as connection:
        connection.execute(sa.text(f"LOCK TABLE {table} IN {mode} MODE"))
        handler = _Waits(waits, connection.rollback)
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield handler.times
        finally:
            logger.setLevel(level)
            logger.removeHandler(handler)


def test_a_long_reader_delays_a_downgrade_which_delays_nobody_for_long(postgres: Database) -> None:
    reads: list[float] = []
    stop = threading.Event()

    def trade() -> None:
        with postgres.engine.connect() as connection:
            while not stop.is_set():
                try:
                    connection.execute(sa.text("SELECT count(*) FROM system_settings"))
                except sa.exc.ProgrammingError:
                    return  # the table has gone
                connection.rollback()
                reads.append(time.monotonic())
                time.sleep(0.02)

    trader = threading.Thread(target=trade)
    with locked(postgres, "system_settings", "ACCESS SHARE", waits=3) as waited:
        trader.start()
        report = downgrade(postgres.url, "base")
        ended = time.monotonic()
    stop.set()
    trader.join()
    assert [done.revision for done in report.applied] == LINE[::-1]
    # The last try alone counts.
    assert sum(done.duration_ms for done in report.applied) < (ended - waited[2]) * 1000
    # Whoever reads waits behind the one who wants the table for himself. He gives way again and again.
    assert [read for read in reads if waited[0] < read < waited[1]]
    assert [read for read in reads if waited[1] < read < waited[2]]


def test_a_table_that_stays_locked_ends_the_run_with_nothing_done(postgres: Database) -> None:
    before = postgres.rows("SELECT * FROM schema_migrations ORDER BY id")
    with locked(postgres, "system_settings", "ACCESS SHARE"):
        done = alembic("-x", "wait=1", "-x", "yes", "downgrade", "base", url=postgres.url)
        assert done.code == 4
        assert "other sessions held locks" in done.err
        assert "Traceback" not in done.err
        with pytest.raises(DatabaseLocked):
            downgrade(postgres.url, "base", wait=0)
    assert postgres.rows("SELECT * FROM schema_migrations ORDER BY id") == before
    assert _holders(postgres) == []


# Beyond the adoption revision each revision has its own transaction


@pytest.fixture
def online(line: Scripts, tmp_path: Path) -> Callable[[], list[str]]:
    """Three more revisions, one of them outside of a transaction; returns which were tried, in order."""
    log = tmp_path / "tried"
    log.touch()
    note = f"from pathlib import Path\nwith Path({str(log)!r}).open('a') as file:\n    file.write('{{}}\\n')\n"
    line.add(
        "columns",
        note.format("+061") + "op.execute('ALTER TABLE system_settings ADD COLUMN note text')",
        note.format("-061") + "op.execute('ALTER TABLE system_settings DROP COLUMN note')",
    )
    index = "ix_system_settings_note"
    line.add(
        "index_online",
        note.format("+062") + "with op.get_context().autocommit_block():\n"
        f"    op.execute('DROP INDEX CONCURRENTLY IF EXISTS {index}')\n"
        f"    op.execute('CREATE INDEX CONCURRENTLY {index} ON system_settings (note)')",
        note.format("-062") + "with op.get_context().autocommit_block():\n"
        f"    op.execute('DROP INDEX CONCURRENTLY IF EXISTS {index}')",
    )
    line.add(
        "audit",
        note.format("+063") + "op.execute('ALTER TABLE users ADD COLUMN audit text')",
        note.format("-063") + "op.execute('ALTER TABLE users DROP COLUMN audit')",
    )

    def tried() -> list[str]:
        lines = log.read_text().split()
        log.write_text("")
        return lines

    return tried


def numbers(report: Report) -> list[str]:
    assert all(done.duration_ms > 0 for done in report.applied)
    return [done.revision for done in report.applied]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_revisions_with_and_without_a_transaction_run_in_one_command(
    server: Server, online: Callable[[], list[str]], driver: str
) -> None:
    url = server.create()

    def act(function: Callable[..., Any], function_async: Callable[..., Any], *arguments: str) -> Report:
        if driver == "psycopg":
            return function(url, *arguments)  # type: ignore[no-any-return]
        return asyncio.run(function_async(url.set(drivername="postgresql+asyncpg"), *arguments))  # type: ignore[no-any-return]

    from cts_schema import downgrade_async

    assert numbers(act(upgrade, upgrade_async)) == [*LINE, "061", "062", "063"]
    assert online() == ["+061", "+062", "+063"]
    with Database(url) as database:
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_system_settings_note'::regclass"
        assert database.value(valid) is True
        times = dict(database.rows("SELECT version, execution_time_ms FROM schema_migrations"))
        assert {"061", "062", "063"} <= times.keys()
        assert numbers(act(downgrade, downgrade_async, "-2")) == ["063", "062"]
        assert numbers(act(upgrade, upgrade_async, "+2")) == ["062", "063"]
        online()
        assert numbers(act(downgrade, downgrade_async, "base")) == ["063", "062", "061", *LINE[::-1]]
        assert online() == ["-063", "-062", "-061"]
        assert database.tables() == {"alembic_version"} | {
            name for name in database.tables() if name.startswith("cts_kept_")
        }
    server.drop(url)


def test_a_step_that_has_to_wait_is_done_again_and_no_other(
    postgres: Database, online: Callable[[], list[str]]
) -> None:
    with locked(postgres, "users", "ACCESS EXCLUSIVE", waits=2) as waited:
        report = upgrade(postgres.url)
        ended = time.monotonic()
    assert numbers(report) == ["061", "062", "063"]
    tried = online()
    assert tried[:3] == ["+061", "+062", "+063"]
    assert tried[3:] == ["+063", "+063"]
    assert report.applied[-1].duration_ms < (ended - waited[1]) * 1000  # the last try alone counts
    assert upgrade(postgres.url).applied == ()


def test_what_was_done_before_a_lock_stays_done(postgres: Database, online: Callable[[], list[str]]) -> None:
    with locked(postgres, "users", "ACCESS EXCLUSIVE"), pytest.raises(DatabaseLocked):
        upgrade(postgres.url, wait=1)
    assert status(postgres.url).revision == "062"
    assert postgres.value("SELECT max(migration_id) FROM schema_migrations") == 62
    assert online()[:2] == ["+061", "+062"]
    assert numbers(upgrade(postgres.url)) == ["063"]
    assert online() == ["+063"]


def test_an_index_that_must_wait_for_old_transactions_is_built_in_the_end(
    postgres: Database, online: Callable[[], list[str]]
) -> None:
    with postgres.engine.connect() as reader:
        reader.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        reader.execute(sa.text("SELECT 1 FROM pg_class"))  # a snapshot, and no lock on the table
        timer = threading.Timer(5, reader.rollback)
        timer.start()
        report = upgrade(postgres.url)
        timer.join()
    assert numbers(report) == ["061", "062", "063"]
    assert online().count("+061") == 1
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_system_settings_note'::regclass"
    assert postgres.value(valid) is True
