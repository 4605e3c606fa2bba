"""The routes: where a database stands and how it is, and a migration, over HTTP and on both databases."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from cts_schema import create_engine, status, upgrade
from cts_schema.migration.run import upgrade as upgrade_in_run
from cts_schema.models import Base
from cts_schema.web import create_app, database_router, state
from cts_schema.web.logs import SiteLogs
from cts_schema.web.place import Place
from cts_schema.web.records import LOGGER, collecting
from cts_schema.web.schemas import StatusSchema
from tests.support.databases import Database
from tests.support.served import (
    BEARER,
    MIGRATE,
    SETTINGS,
    STATS,
    STATUS,
    TOKEN,
    client_of,
    ended,
    migrating,
    problem,
    served,
)

# Where it stands


def test_a_database_at_head_is_initialized_and_every_migration_executed(head: Database) -> None:
    with client_of(head.url) as client:
        found = client.get(STATUS).json()
    assert (found["initialized"], found["at_head"], found["revision"]) == (True, True, found["head"])
    assert found["pending"] == found["missing_in_ledger"] == found["unmanaged"] == found["unadopted"] == []
    assert {table["name"] for table in found["tables"]} == set(Base.metadata.tables)
    assert all(table["exists"] for table in found["tables"])
    assert found["migrations"][0]["id"] == 35
    assert found["migrations"][0]["name"] == "baseline"
    for migration in found["migrations"]:
        assert migration["executed"]
        assert migration["duration_ms"] >= 0
        assert datetime.fromisoformat(migration["executed_at"]).utcoffset() == timedelta(0)


def test_an_empty_database_is_told_as_such(database: Database) -> None:
    for table in ("of_somebody_else", "cts_kept_058_notes"):
        database.execute(f"CREATE TABLE {table} (id integer)")
    with client_of(database.url) as client:
        found = client.get(STATUS).json()
        settings = client.get(SETTINGS).json()
        stats = client.get(STATS).json()
    assert (found["initialized"], found["at_head"], found["revision"]) == (False, False, None)
    assert found["pending"] == [f"{migration['id']:03}" for migration in found["migrations"]]
    assert not any(table["exists"] for table in found["tables"])
    assert not any(migration["executed"] for migration in found["migrations"])
    assert (found["unmanaged"], found["preserved"], found["stranded"]) == (
        ["of_somebody_else"],
        ["cts_kept_058_notes"],
        [],
    )
    assert (settings["type"], settings["isConnected"], settings["tableCount"]) == (database.kind, True, 2)
    assert stats["stats"]["summary"]["totalLogs"] == 0
    assert stats["stats"]["summary"]["healthScore"] == 100
    assert [one["code"] for one in stats["findings"]["list"]] == ["empty-database", "preserved-rows"]
    assert stats["notes"] == ["site_logs was not read: the database has no revision of this package"]


def test_an_old_database_is_told_as_such_and_its_logs_are_not_read(database: Database) -> None:
    database.execute("CREATE TABLE users (id integer, name text)")
    database.execute("CREATE TABLE site_logs (id integer, level text, message text)")
    with client_of(database.url) as client:
        found = client.get(STATUS).json()
        stats = client.get(STATS).json()
    assert (found["initialized"], found["unadopted"]) == (False, ["site_logs", "users"])
    assert [finding["code"] for finding in stats["findings"]["list"]] == ["old-database"]
    assert len(stats["notes"]) == 1


def test_a_file_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    for target in (f"sqlite:///{file}", create_engine(f"sqlite:///{file}")):
        with client_of(target) as client:
            assert client.get(STATUS).json()["initialized"] is False
            settings = client.get(SETTINGS).json()
            assert (settings["isConfigured"], settings["isConnected"], settings["error"]) == (True, False, None)
            assert client.get(STATS).json()["database"]["tables"] == []
    assert not file.exists()


def test_only_what_nobody_has_named_is_not_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with served(create_app(token=TOKEN)) as client:
        found = client.get(SETTINGS).json()
    assert (found["isConfigured"], found["isConnected"], found["url"]) == (False, False, "sqlite:///data/cts.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cts.db")
    with served(create_app(token=TOKEN)) as client:
        assert client.get(SETTINGS).json()["isConfigured"] is True


def test_a_database_that_cannot_be_read_is_told_with_what_to_do(server: Any) -> None:
    url = sa.make_url("postgresql://cts:geheim@127.0.0.1:1/cts").render_as_string(hide_password=False)
    with client_of(url) as client:
        responses = [client.get(route) for route in (STATUS, STATS, SETTINGS)]
        responses.append(client.post(MIGRATE, headers=BEARER))
    for response in responses[:2]:
        assert problem(response, 503)["next"].endswith("pg_isready -h 127.0.0.1 -p 1")
    settings = responses[2].json()
    assert responses[2].status_code == 200
    assert (settings["type"], settings["isConnected"], settings["tableCount"]) == ("postgresql", False, 0)
    assert settings["url"] == "postgresql://cts:***@127.0.0.1:1/cts"
    assert settings["error"] == problem(responses[0], 503)
    run = responses[3].json()
    assert responses[3].status_code == 503
    assert (run["state"], run["success"], run["error"]["exit_code"]) == ("failed", False, 3)
    assert not any("geheim" in response.text for response in responses)


def test_no_password_is_in_any_answer(head: Database, server: Any) -> None:
    if head.kind == "postgresql":
        head.execute("DROP ROLE IF EXISTS cts_web")
        head.execute("CREATE ROLE cts_web LOGIN SUPERUSER PASSWORD 'geheim'")
    url = head.location.set(username="cts_web", password="geheim") if head.kind == "postgresql" else head.location
    engine = create_engine(url)
    try:
        with client_of(engine) as client:
            routes = [STATUS, SETTINGS, STATS, "/openapi.json", "/", f"{MIGRATE}/nothing"]
            texts = [client.get(route, headers=BEARER).text for route in routes]
            texts.append(client.post(MIGRATE, headers=BEARER).text)
        assert not any("geheim" in text or TOKEN in text for text in texts)
    finally:
        engine.dispose()
        if head.kind == "postgresql":
            head.execute("DROP ROLE cts_web")


def test_a_locked_file_is_told_and_not_waited_for_long(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    upgrade(url)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, client_of(url) as client:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        told = problem(client.get(STATUS), 503)
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()
    assert told["exit_code"] == 4
    assert "SQLite cannot name it" in told["error"]


# How it is


def log(database: Database, level: str, ago: timedelta, message: str, category: str = "api", **more: Any) -> None:
    time = datetime.now(UTC) - ago
    shown: Any = f"{time:%Y-%m-%d %H:%M:%S.%f}" if database.kind == "sqlite" else time
    values = {"time": shown, "level": level, "category": category, "message": message, "more": None, **more}
    database.execute(
        "INSERT INTO site_logs (timestamp, level, category, message, metadata) "
        "VALUES (:time, :level, :category, :message, :more)",
        values,
    )


def test_the_logs_of_a_day_are_counted_by_level_category_and_hour(head: Database) -> None:
    head.execute("DELETE FROM site_logs")
    minute = timedelta(minutes=1)
    for level in ("error", "critical", "fatal", "warn", "warning", "info", "success", "debug"):
        log(head, level, 0 * minute, f"it was {level}")
    for ago in (0, 61, 62):
        log(head, "error", ago * minute, "no answer from the exchange", category="exchange")
    log(head, "error", timedelta(hours=24, minutes=1), "too long ago")
    log(head, "error", timedelta(hours=-2), "not yet")
    with client_of(head.url) as client:
        found = client.get(STATS).json()["stats"]
    assert found["summary"] == {
        "totalLogs": 11,
        "errorCount": 6,
        "warningCount": 2,
        "infoCount": 3,
        "errorPercentage": 54.55,
        "healthScore": 40.91,
    }
    assert {row["level"]: row["count"] for row in found["byLevel"]} == {
        "error": 4,
        **dict.fromkeys(("critical", "fatal", "warn", "warning", "info", "success", "debug"), 1),
    }
    assert {row["category"]: row["count"] for row in found["errorsByCategory"]} == {"api": 3, "exchange": 3}
    hours = found["errorRate"]
    assert len(hours) == 24
    assert [one["hour"] for one in hours] == sorted(one["hour"] for one in hours)
    assert all(datetime.fromisoformat(one["hour"]).minute == 0 for one in hours)
    assert (sum(one["errors"] for one in hours), sum(one["total"] for one in hours)) == (6, 11)
    assert hours[-1]["total"] < 11
    top = found["topErrors"][0]
    assert (top["message"], top["category"], top["count"]) == ("no answer from the exchange", "exchange", 3)
    assert {entry["level"] for entry in found["criticalErrors"]} == {"critical", "fatal"}
    assert set(found["criticalErrors"][0]) == {"id", "timestamp", "level", "category", "message"}
    newest = [entry["timestamp"] for entry in found["recentActivity"]]
    assert len(newest) == 11
    assert newest == sorted(newest, reverse=True)


def test_the_logs_of_a_day_are_read_by_their_indexes(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        upgrade(database.url)
        asked: list[tuple[str, Any]] = []
        sa.event.listen(
            database.engine, "before_cursor_execute", lambda _c, _d, query, values, *_: asked.append((query, values))
        )
        with database.engine.connect() as connection:
            logs = SiteLogs(connection, datetime.now(UTC))
            assert logs.of_a_day().summary.totalLogs == 1
            logs.migrations()
            plans = [
                (row[3], query)
                for query, values in asked.copy()
                if "site_logs" in query
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
            ]
    assert len(plans) > 5
    assert [plan for plan in plans if plan[0].startswith("SCAN site_logs")] == []


def test_times_with_a_t_are_in_their_hour(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        upgrade(database.url)
        database.execute("DELETE FROM site_logs")
        now = datetime.now(UTC)
        for ago in (0, 1, 23, 24, 30):
            time = now - timedelta(hours=ago)
            log(database, "error", timedelta(0), f"{ago} hours", time=f"{time:%Y-%m-%dT%H:%M:%S.000Z}")
        with client_of(database.url) as client:
            found = client.get(STATS).json()["stats"]
    assert [entry["message"] for entry in found["recentActivity"]] == ["0 hours", "1 hours", "23 hours"]
    hours = [one["total"] for one in found["errorRate"]]
    assert (hours[0], hours[-2], hours[-1], sum(hours)) == (1, 1, 1, 3)


def test_secrets_that_were_logged_are_not_told(head: Database) -> None:
    for number, message in enumerate(
        [
            'POST {"api_key": "geheim1234", "symbol": "BTC"}',
            "api_secret=geheim1234 refused",
            "apiKey: geheim1234",
            "Authorization: Bearer geheim1234",
            "sent bearer geheim1234 to it",
            "postgresql://cts:geheim1234@db/cts is down",
            "passphrase='geheim1234'",
            "https://exchange.example/?signature=geheim1234&x=1",
            r'sent "{\"api_key\":\"geheim1234\",\"api_passphrase\": \"my \\\"geheim\"}"',
            '"password": "my \\" geheim"',
            "password='my geheim'",
            "OK-ACCESS-KEY: geheim1234",
            "X-BAPI-SIGN: geheim1234",
            "API key: geheim1234",
            "'private_key': 'geheim1234",
            f"{'x' * 480} postgresql://cts:geheim1234@db/cts",
            "pwd=geheim1234",
            "GET /?key=geheim1234",
            "Cookie: session=geheim1234; other=geheim1234",
            'apiSecret "geheim1234" refused',
        ]
    ):
        more = json.dumps({"api_key": "geheim1234"})
        log(head, "critical", timedelta(seconds=number), message, "api_key=geheim1234", more=more)
    with client_of(head.url) as client:
        answer = client.get(STATS)
    assert len(answer.json()["stats"]["criticalErrors"]) == 20
    assert len(answer.json()["stats"]["topErrors"]) == 20
    assert "geheim" not in answer.text


def test_runs_that_were_logged_are_told_and_other_logs_of_migrations_are_none(head: Database) -> None:
    facts = {"run": "1", "outcome": "applied", "revision": "060", "direction": "upgrade", "duration_ms": 12.5}
    more = {"statements": 7, "error": None, "host": "trader", "package_version": "0.1.0"}
    head.execute("DELETE FROM site_logs")
    log(head, "info", timedelta(days=3), "done", "migration", more=json.dumps(facts | more))
    failed = {**facts, **more, "outcome": "failed", "error": "password=geheim", "revision": "058"}
    log(head, "error", timedelta(days=2), "failed", "migration", more=json.dumps(failed))
    for odd in (None, '"text"', "[1]", '{"outcome": null}'):
        log(head, "info", timedelta(days=1), "somebody else's", "migration", more=odd)
    with client_of(head.url) as client:
        found = client.get(STATS).json()["migrations"]
    assert (found["runs"], found["failed"]) == (2, 1)
    last = next(one for one in found["recent"] if one["outcome"] == "failed")
    del failed["run"]
    assert last == failed | {"error": "password=***", "timestamp": last["timestamp"]}
    assert found["last"] == found["recent"][0] == last
    assert found["history"][0]["revision"] == "035"


@pytest.mark.parametrize(
    "row",
    [
        "('error', 'x', CAST(x'ff61' AS text), NULL)",
        "('error', x'ff', x'ff61', NULL)",
        """('info', 'migration', 'm', '{"outcome": "applied", "error": "\\ud800"}')""",
        """('info', 'migration', 'm', '{"outcome": "applied", "duration_ms": 1e999, "statements": -1e999}')""",
    ],
)
def test_whatever_stands_in_the_logs_of_a_file_can_be_told(tmp_path: Path, row: str) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        upgrade(database.url)
        engine = sa.create_engine(database.location)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO site_logs (level, category, message, metadata) VALUES {row}")
        engine.dispose()
        with client_of(database.url) as client:
            found = client.get(STATS).raise_for_status().json()
    newest = found["stats"]["recentActivity"][0]
    assert newest["message"] in ("\N{REPLACEMENT CHARACTER}a", "m")
    assert (newest["message"] == "m") == (found["migrations"]["runs"] == 2)


def test_sizes_orphans_and_findings_are_those_of_check(head: Database) -> None:
    if head.kind == "sqlite":
        head.execute("PRAGMA foreign_keys = OFF")
        connection = sa.create_engine(head.location)
        with connection.begin() as other:
            other.exec_driver_sql("INSERT INTO portfolios (user_id, name) VALUES ('gone', 'mine')")
        connection.dispose()
    else:
        head.execute("ALTER TABLE portfolios DISABLE TRIGGER ALL")
        head.execute("INSERT INTO portfolios (user_id, name) VALUES ('gone', 'mine')")
        head.execute("ALTER TABLE portfolios ENABLE TRIGGER ALL")
    with client_of(head.url) as client:
        found = client.get(STATS).json()
    (orphans,) = found["orphans"]
    assert (orphans["where"], orphans["count"]) == ("portfolios.user_id", 1)
    assert found["findings"]["error"] == 1
    finding = next(one for one in found["findings"]["list"] if one["code"] == "orphans")
    assert set(finding) == {"code", "severity", "where", "message", "count", "repair"}
    assert {table["name"] for table in found["database"]["tables"]} >= set(Base.metadata.tables)
    assert found["database"]["bytes"] > 0
    assert found["database"]["deep"] is False


@pytest.mark.parametrize(
    ("change", "note"), [("DROP TABLE site_logs", "no such table"), (None, "lacks the column category")]
)
def test_logs_that_cannot_be_read_are_noted(head: Database, change: str | None, note: str) -> None:
    if change is None:
        head.execute("DROP INDEX ix_site_logs_category_timestamp")
    head.execute(change or "ALTER TABLE site_logs DROP COLUMN category")
    with client_of(head.url) as client:
        found = client.get(STATS).json()
    assert note in found["notes"][0]
    assert found["stats"]["summary"]["totalLogs"] == 0


def test_those_who_ask_for_statistics_together_share_a_look(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    look = state.status

    def counted(place: Place) -> StatusSchema:
        reads.append(time.monotonic())
        time.sleep(0.5)  # as where there are many logs
        return look(place)

    monkeypatch.setattr("cts_schema.web.statistics.status", counted)
    with client_of(head.url) as client, ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: client.get(STATS).status_code, range(16)))
        assert answers == [200] * 16
        assert len(reads) < 16
        log(head, "error", timedelta(0), "after them")
        assert "after them" in client.get(STATS).text


def test_what_check_found_is_shown_again_for_a_moment_and_until_a_migration_ends(database: Database) -> None:
    with client_of(database.url) as client:
        assert client.get(STATS).json()["findings"]["error"] == 1
        upgrade(database.url)
        assert client.get(STATS).json()["findings"]["error"] == 1
        ended(client, client.post(MIGRATE, headers=BEARER).json())
        assert client.get(STATS).json()["findings"]["error"] == 0


# A migration


def test_a_migration_brings_the_database_to_head_and_a_second_finds_nothing_to_do(database: Database) -> None:
    with client_of(database.url) as client:
        answer = client.post(MIGRATE, headers=BEARER)
        assert answer.status_code in (200, 202)
        assert answer.headers["Location"] == f"{MIGRATE}/{answer.json()['run_id']}"
        first = ended(client, answer.json())
        again = client.post(MIGRATE, headers=BEARER, json={})
        found = client.get(STATUS).json()
    assert (first["state"], first["success"], first["errors"], first["error"]) == ("succeeded", True, [], None)
    assert (first["database_type"], first["total_tables"]) == (database.kind, len(Base.metadata.tables))
    assert first["migrations_applied"] == len(found["migrations"])
    assert first["revision"] == found["head"]
    assert first["progress"]["current"] is None
    assert again.status_code == 200
    assert (again.json()["success"], again.json()["migrations_applied"]) == (True, 0)
    assert again.json()["logs"][-1]["message"].startswith("nothing to do")
    assert found["at_head"]


def test_an_old_database_is_adopted_on_the_way(database: Database) -> None:
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, email text, password_hash text)")
    database.execute("INSERT INTO users VALUES (1, 'ada', 'ada@example.org', 'x')")
    with client_of(database.url) as client:
        run = ended(client, client.post(MIGRATE, headers=BEARER).json())
    assert run["success"], run
    assert any(line["message"].startswith("adopted 1 rows of 1 legacy table") for line in run["logs"])
    assert database.rows("SELECT id FROM users") == [("1",)]


def test_while_one_waits_for_the_lock_another_is_refused_and_it_can_be_asked_for_until_it_ends(
    database: Database,
) -> None:
    with client_of(database.url) as client:
        with migrating(database):
            first = client.post(MIGRATE, headers=BEARER)
            second = client.post(MIGRATE, headers=BEARER)
            meanwhile = client.get(first.headers["Location"], headers=BEARER).json()
            assert client.get(SETTINGS).status_code == 200
        run = ended(client, first.json())
    assert (first.status_code, second.status_code) == (202, 409)
    assert (meanwhile["state"], meanwhile["success"], meanwhile["ended_at"]) == ("running", None, None)
    refusal = second.json()
    assert refusal["success"] is False
    assert len(refusal["errors"]) == 1
    assert refusal["holder"]["run_id"] == run["run_id"]
    assert refusal["holder"]["started_at"] == run["started_at"]
    assert set(refusal["holder"]["progress"]) == {"done", "total", "current"}
    assert (run["state"], run["errors"]) == ("succeeded", [])


def test_who_holds_the_lock_is_told_when_the_time_is_over(database: Database) -> None:
    with client_of(database.url, wait=0.1) as client, migrating(database):
        answer = client.post(MIGRATE, headers=BEARER)
        run = ended(client, answer.json())
    assert answer.status_code in (202, 503)
    assert (run["state"], run["success"], run["error"]["exit_code"]) == ("failed", False, 4)
    if database.kind == "postgresql":
        assert run["error"]["place"]["holder"].startswith("process ")
    assert "error" in {line["level"] for line in run["logs"]}


def test_a_failure_is_told_with_cause_place_and_what_to_do(database: Database) -> None:
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('999')")
    with client_of(database.url) as client:
        answer = client.post(MIGRATE, headers=BEARER)
        run = ended(client, answer.json())
    assert answer.status_code in (202, 503)
    assert run["error"]["error"] == "the database is newer than this package"
    assert run["error"]["next"].startswith("install the version that made it")
    assert "cts-schema downgrade" in run["error"]["next"]
    assert run["errors"] == [run["error"]["error"]]
    assert (run["migrations_applied"], run["revision"], run["database_type"]) == (0, "999", database.kind)


def test_a_fault_of_the_program_is_told_and_ends_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=geheim\nmore")

    monkeypatch.setattr("cts_schema.web.jobs.upgrade", fail)
    with client_of(database.url) as client:
        answer = client.post(MIGRATE, headers=BEARER)
        monkeypatch.undo()
        again = client.post(MIGRATE, headers=BEARER)
    assert answer.status_code == 500
    assert answer.json()["error"]["place"] == {"reported": "RuntimeError: password=***"}
    assert answer.json()["error"]["exit_code"] == 70
    assert again.status_code in (200, 202)
    assert "because of a bug in this program" in caplog.text
    assert "geheim" not in caplog.text


def test_only_the_last_twenty_runs_are_remembered(head: Database) -> None:
    with client_of(head.url) as client:
        runs = [ended(client, client.post(MIGRATE, headers=BEARER).json())["run_id"] for _ in range(21)]
        known = [client.get(f"{MIGRATE}/{run}", headers=BEARER).status_code for run in runs]
    assert known == [404] + [200] * 20


# What a run says


def test_a_run_gathers_its_records_and_its_progress(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    said, go_on = threading.Event(), threading.Event()

    def migrate(*args: Any, **options: Any) -> Any:
        LOGGER.info("begins", extra={"event": "run_started", "revision": None, "steps": 13})
        LOGGER.info("password=geheim", extra={"event": "revision_applied", "revision": "035"})
        said.set()
        assert go_on.wait(60)
        return upgrade_in_run(*args, **options)

    monkeypatch.setattr("cts_schema.web.jobs.upgrade", migrate)
    with client_of(database.url) as client:
        answer = client.post(MIGRATE, headers=BEARER)
        assert said.wait(60)
        LOGGER.error("of another thread")
        running = client.get(answer.headers["Location"], headers=BEARER).json()
        go_on.set()
        run = ended(client, answer.json())
    assert running["progress"] == {"done": 1, "total": 13, "current": "036"}
    assert [(line["level"], line["message"]) for line in running["logs"]] == [
        ("info", "begins"),
        ("info", "password=***"),
    ]
    assert run["success"]
    assert all("of another thread" not in line["message"] for line in run["logs"])


def test_gathering_records_changes_nothing_for_the_handlers_of_the_application() -> None:
    heard: list[str] = []
    taken: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    handler, before = Handler(), LOGGER.level
    logging.getLogger().addHandler(handler)
    try:
        with collecting(lambda record: taken.append(record.getMessage())):
            LOGGER.info("one")
            LOGGER.error("two")
            other = threading.Thread(target=LOGGER.error, args=("three",))
            other.start()
            other.join()
        LOGGER.info("four")
    finally:
        logging.getLogger().removeHandler(handler)
    assert taken == ["one", "two"]
    assert heard == ["two", "three"]
    assert (LOGGER.level, LOGGER.filters) == (before, [])


# In an application


def test_an_application_mounts_the_routes(head: Database) -> None:
    own = FastAPI()

    @own.get("/own")
    def answer() -> str:
        return "own"

    own.include_router(database_router(head.engine, token=TOKEN), prefix="/cts")
    with served(own) as client:
        assert client.get("/own").json() == "own"
        assert client.get(f"/cts{STATUS}").json()["initialized"] is True
        problem(client.post(f"/cts{MIGRATE}"), 401)
        run = client.post(f"/cts{MIGRATE}", headers=BEARER)
        assert run.json()["success"] is True
        assert client.get(run.headers["Location"], headers=BEARER).json() == run.json()
        assert client.post(f"/cts{MIGRATE}", headers=BEARER, content=b"x" * 5000).status_code == 413


def test_an_application_mounts_the_page(head: Database) -> None:
    own = FastAPI()
    own.mount("/database", create_app(head.engine, token=TOKEN))
    with served(own) as client:
        assert client.get("/database/").status_code == 200
        run = client.post(f"/database{MIGRATE}", headers=BEARER)
        assert client.get(run.headers["Location"], headers=BEARER).json()["success"] is True


def test_an_application_that_ends_waits_for_the_migration(database: Database) -> None:
    own = FastAPI()
    own.include_router(database_router(database.url, token=TOKEN))
    held = ExitStack()

    class Release(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.getMessage() == "a migration is running; waiting until it has ended"
            held.close()

    logger, release = logging.getLogger("cts_schema.web"), Release()
    logger.addHandler(release)
    try:
        with served(own) as client:
            held.enter_context(migrating(database))
            assert client.post(MIGRATE, headers=BEARER).status_code == 202
    finally:
        logger.removeHandler(release)
    assert status(database.url).at_head
