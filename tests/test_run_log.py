"""Every run leaves its record: for logging while it goes on, and in site_logs once it has ended."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from cts_schema import (
    __version__,
    check,
    create_async_engine,
    downgrade,
    downgrade_async,
    initialize,
    repair,
    status,
    upgrade,
    upgrade_async,
)
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseUnreachable,
    DataWouldBeDropped,
    DecisionNeeded,
    LockTimeout,
    RevisionFailed,
    SchemaError,
    UnadoptedDatabase,
)
from cts_schema.models import SiteLog
from cts_schema.schema.scripts import revisions
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.program import alembic

FACTS = {
    "run",
    "database",
    "revision",
    "before",
    "after",
    "direction",
    "duration_ms",
    "statements",
    "outcome",
    "error",
    "host",
    "package_version",
    "revisions",
}


class Collected(logging.Handler):
    """Keeps the records that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records() -> Iterator[list[Any]]:
    """What the logger of the package is told, as any handler gets it."""
    log, handler = logging.getLogger("cts_schema.migration"), Collected()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler.records
    log.removeHandler(handler)
    log.setLevel(level)


def runs(database: Database) -> list[SiteLog]:
    """Return the rows of the run log, the first run first."""
    with Session(database.engine) as session:
        query = sa.select(SiteLog).where(SiteLog.category == "migration").order_by(SiteLog.id)
        return list(session.scalars(query))


def facts(row: SiteLog) -> dict[str, Any]:
    assert isinstance(row.metadata_, dict)
    assert row.metadata_.keys() == FACTS
    return row.metadata_


def break_057(database: Database) -> None:
    """Let revision 057 find a table where it wants to make one."""
    downgrade(database.url, "056")
    database.execute("CREATE TABLE optimal_indications (id text)")


def test_an_upgrade_leaves_a_row_with_what_it_did(database: Database) -> None:
    upgrade(database.url)
    (row,) = runs(database)
    told = facts(row)
    assert (row.level, row.error_message) == ("info", None)
    assert row.message.startswith("upgrade nothing -> 060 in ")
    assert (told["direction"], told["before"], told["after"], told["revision"]) == ("upgrade", None, "060", "060")
    assert (told["outcome"], told["error"]) == ("applied", None)
    assert (told["host"], told["package_version"]) == (socket.gethostname(), __version__)
    assert [step["revision"] for step in told["revisions"]] == list(revisions())
    assert told["duration_ms"] >= sum(step["duration_ms"] for step in told["revisions"]) > 0
    assert told["statements"] >= sum(step["statements"] for step in told["revisions"]) > len(revisions())


def test_each_way_into_the_package_leaves_one(head: Database) -> None:
    downgrade(head.url, "058")
    upgrade(head.engine, "059")
    assert alembic("upgrade", "head", url=head.url).code == 0
    assert alembic("stamp", "059", url=head.url).code == 0
    engine = create_async_engine(head.async_url("aiosqlite" if head.kind == "sqlite" else "asyncpg"))

    async def go() -> None:
        await upgrade_async(engine, "059")
        await downgrade_async(engine, "058")
        await engine.dispose()

    asyncio.run(go())
    told = [(facts(row)["direction"], facts(row)["before"], facts(row)["after"]) for row in runs(head)]
    assert told == [
        ("downgrade", "060", "058"),
        ("upgrade", "058", "059"),
        ("upgrade", "059", "060"),
        ("stamp", "060", "059"),
        ("downgrade", "059", "058"),
    ]


def test_a_failed_run_is_recorded_although_it_was_rolled_back(head: Database, records: list[Any]) -> None:
    break_057(head)
    records.clear()
    with pytest.raises(RevisionFailed):
        upgrade(head.url)
    row = runs(head)[-1]
    told = facts(row)
    assert status(head.url).revision == "056"
    assert (row.level, told["outcome"], told["revision"], told["direction"]) == ("error", "failed", "057", "upgrade")
    assert (told["before"], told["after"], told["revisions"]) == ("056", "056", [])
    assert "optimal_indications" in told["error"]
    assert row.error_message == told["error"]
    assert row.message == f"upgrade failed at 057: {told['error']}"
    ended = records[-1]
    assert (ended.levelname, ended.event, ended.outcome, ended.revision) == ("ERROR", "run_ended", "failed", "057")


def test_check_tells_of_failures_until_a_run_has_brought_the_database_to_head(head: Database) -> None:
    break_057(head)
    with pytest.raises(RevisionFailed):
        upgrade(head.url)

    def failures() -> list[tuple[str, int | None, str]]:
        found = check(head.url).findings
        return [(one.severity, one.count, one.message) for one in found if one.code == "failed-migration"]

    ((severity, count, message),) = failures()
    assert (severity, count) == ("warning", 1)
    assert message.startswith("the last run failed: upgrade failed at 057: ")
    head.execute("DROP TABLE optimal_indications")
    upgrade(head.url)
    ((severity, count, message),) = failures()
    assert (severity, count) == ("info", 1)
    assert message.startswith("a run failed, and a later one succeeded: upgrade failed at 057: ")


def test_a_row_can_be_written_at_every_revision(database: Database) -> None:
    for revision in revisions():
        upgrade(database.url, revision)
    assert [facts(row)["after"] for row in runs(database)] == list(revisions())
    for revision in reversed(list(revisions())[:-1]):
        downgrade(database.url, revision)
        assert facts(runs(database)[-1])["after"] == revision


def test_a_run_with_nothing_to_do_leaves_nothing(head: Database, records: list[Any]) -> None:
    before = len(runs(head))
    initialize(head.url)
    upgrade(head.engine, "060")
    assert alembic("upgrade", "head", url=head.url).code == 0
    assert len(runs(head)) == before
    assert records == []


def test_rows_of_the_ledger_that_are_written_again_are_a_run(head: Database) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id = 60")
    upgrade(head.url)
    told = facts(runs(head)[-1])
    assert (told["outcome"], told["after"], told["revisions"]) == ("applied", "060", [])


def test_logging_gets_each_step_with_its_facts(database: Database, records: list[Any]) -> None:
    upgrade(database.url)
    found = records
    assert [record.event for record in found] == ["run_started", *["revision_applied"] * len(revisions()), "run_ended"]
    assert len({record.run for record in found}) == 1
    assert {record.database for record in found} == {status(database.url).database}
    assert [record.revision for record in found[1:-1]] == list(revisions())
    assert all(record.duration_ms >= 0 and record.statements > 0 for record in found[1:])
    assert found[-1].run == facts(runs(database)[0])["run"]


def test_a_caller_who_owns_the_connection_gets_logging_alone(head: Database, records: list[Any]) -> None:
    before = len(runs(head))
    with head.engine.connect() as connection:
        downgrade(connection, "059")
        assert not connection.in_transaction()
    assert len(runs(head)) == before
    assert records[-1].outcome == "applied"


def test_what_is_refused_leaves_logging_alone(head: Database, records: list[Any]) -> None:
    head.execute("INSERT INTO site_logs (message, category) VALUES ('mine', 'trading')")
    before = len(runs(head))
    with pytest.raises(DataWouldBeDropped):
        downgrade(head.url, "base", yes=False)
    assert len(runs(head)) == before
    assert (records[-1].levelname, records[-1].outcome) == ("WARNING", "refused")


def test_an_old_database_that_needs_a_decision_is_refused_and_has_not_failed(
    database: Database, records: list[Any]
) -> None:
    database.execute("CREATE TABLE trading_pairs (id text, symbol text)")
    database.execute("INSERT INTO trading_pairs VALUES ('1', 'BTCUSDT')")
    with pytest.raises(DecisionNeeded):
        upgrade(database.url)
    assert (records[-1].event, records[-1].levelname, records[-1].outcome) == ("run_ended", "WARNING", "refused")


def test_an_adoption_tells_which_table_it_is_at(database: Database, records: list[Any]) -> None:
    database.execute("CREATE TABLE exchange_connections (id integer PRIMARY KEY, name text NOT NULL, exchange text)")
    database.execute("INSERT INTO exchange_connections VALUES (7, 'main', 'bybit')")
    upgrade(database.url)
    told = [record.part for record in records if record.event == "adopting"]
    assert told.index("examining exchange_connections") < told.index("loading exchange_connections")
    assert told[-1] == "verifying"
    assert facts(runs(database)[0])["outcome"] == "applied"


def test_the_log_survives_a_downgrade_to_nothing(database: Database) -> None:
    upgrade(database.url)
    downgrade(database.url, "base")
    assert "site_logs" not in database.tables()
    upgrade(database.url)
    assert [facts(row)["before"] for row in runs(database)] == [None, None]  # that of before has come back


def test_the_log_of_an_old_database_is_left_alone(database: Database, records: list[Any]) -> None:
    database.execute("CREATE TABLE site_logs (id integer PRIMARY KEY, level text, message text, category text)")
    with pytest.raises(SchemaError):
        upgrade(database.url, "036")
    with pytest.raises(UnadoptedDatabase):
        downgrade(database.url, "base")
    assert database.rows("SELECT * FROM site_logs") == []
    assert [record.outcome for record in records] == ["refused", "refused"]


def test_a_row_that_cannot_be_written_does_not_make_a_run_fail(head: Database, records: list[Any]) -> None:
    if head.kind == "sqlite":
        head.execute("CREATE TRIGGER full BEFORE INSERT ON site_logs BEGIN SELECT RAISE(ABORT, 'no room'); END")
    else:
        head.execute("ALTER TABLE site_logs ADD CONSTRAINT no_room CHECK (false) NOT VALID")
    assert downgrade(head.url, "059").after == "059"
    ended, lost = records[-2:]
    assert (ended.outcome, lost.event, lost.levelname) == ("applied", "row_lost", "WARNING")
    assert "no_room" in lost.error or "no room" in lost.error
    assert status(head.url).revision == "059"


def test_a_lock_that_was_not_had_is_recorded(server: Server, request: pytest.FixtureRequest) -> None:
    with Database(server.create(request.getfixturevalue("_head_postgresql"))) as head:
        downgrade(head.url, "059")
        with head.engine.connect() as other:
            other.exec_driver_sql("SELECT pg_advisory_lock(hashtextextended('cts_schema:' || current_schema(), 0))")
            with pytest.raises(LockTimeout):
                upgrade(head.url, wait=0.1)
        row = runs(head)[-1]
        assert (row.level, facts(row)["outcome"], facts(row)["revision"]) == ("error", "failed", None)
        assert "held the lock" in (row.error_message or "")
    server.drop(head.location)


def test_a_connection_that_was_cut_comes_back_for_the_row(server: Server, request: pytest.FixtureRequest) -> None:
    with Database(server.create(request.getfixturevalue("_head_postgresql"))) as head:
        downgrade(head.url, "055")
        waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with ThreadPoolExecutor() as pool, head.engine.connect() as other:
            other.exec_driver_sql("LOCK TABLE indication_states IN ACCESS EXCLUSIVE MODE")
            run = pool.submit(upgrade, head.url)
            while not other.exec_driver_sql(f"SELECT count(pg_terminate_backend(pid)) {waiting}").scalar_one():
                other.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
                time.sleep(0.02)
            other.rollback()
            with pytest.raises(DatabaseUnreachable):
                run.result()
        row = runs(head)[-1]
        assert (row.level, facts(row)["outcome"], facts(row)["revision"]) == ("error", "failed", "056")
    server.drop(head.location)


def test_a_locked_file_keeps_the_row_out_and_the_error_is_the_runs_own(tmp_path: Path, records: list[Any]) -> None:
    file = tmp_path / "cts.db"
    upgrade(f"sqlite:///{file}", "059")
    records.clear()
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked):
            upgrade(f"sqlite:///{file}", wait=0.1)
    assert [record.event for record in records] == ["run_ended", "row_lost"]


def test_no_password_is_in_it(server: Server, request: pytest.FixtureRequest, records: list[Any]) -> None:
    with Database(server.create(request.getfixturevalue("_head_postgresql"))) as head:
        url = head.location.set(password="hunter2") if head.location.password is None else head.location
        secret = str(url.password)
        break_057(head)
        with pytest.raises(RevisionFailed):
            upgrade(url)
        told = json.dumps([facts(row) | {"message": row.message} for row in runs(head)])
        assert f":{secret}@" not in told
        assert all(f":{secret}@" not in json.dumps(record.__dict__, default=str) for record in records)
    server.drop(head.location)


def test_a_schema_and_a_version_table_of_its_own_are_respected(server: Server) -> None:
    with Database(server.create()) as database:
        database.execute('CREATE SCHEMA "my schema"')
        upgrade(database.url, schema="my schema", version_table="cts_version")
        assert database.value('SELECT count(*) FROM "my schema".site_logs') == 1
        assert "site_logs" not in database.tables()
    server.drop(database.location)


def test_a_repair_leaves_its_record_too(head: Database, records: list[Any]) -> None:
    head.execute("DROP INDEX ix_site_logs_timestamp")
    head.execute("DROP TABLE data_cleanup_log")
    repair(head.url)
    (row,) = runs(head)
    assert isinstance(row.metadata_, dict)
    told = row.metadata_
    assert set(told["repaired"]) == {"missing-index site_logs.ix_site_logs_timestamp", "missing-table data_cleanup_log"}
    assert (row.level, told["direction"], told["outcome"], told["revision"]) == ("info", "repair", "applied", "060")
    assert [record.event for record in records] == ["run_started", "run_ended"]
    repair(head.url)
    repair(head.url, plan=True)
    with head.engine.connect() as connection:
        repair(connection)
    assert len(runs(head)) == 1
