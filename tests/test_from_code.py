"""initialize, upgrade, downgrade and status, called by an application."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import cts_schema
from cts_schema import AppliedRevision, Report, create_engine, downgrade, initialize, status, upgrade
from cts_schema.exceptions import WrongUsage
from cts_schema.schema.scripts import revisions
from tests.support.databases import Database
from tests.support.program import python

LINE = list(revisions())


# Ways to name the database


@pytest.fixture(params=["text", "URL", "plain engine", "our engine", "connection", "environment"])
def target(
    request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str | sa.URL | sa.Engine | sa.Connection | None]:
    if request.param == "text":
        yield database.url.replace("+psycopg", "")
    elif request.param == "URL":
        yield database.location
    elif request.param == "our engine":
        yield database.engine
    elif request.param == "environment":
        monkeypatch.setenv("DATABASE_URL", database.url)
        yield None
    else:
        engine = sa.create_engine(database.location)
        if request.param == "plain engine":
            yield engine
        else:
            with engine.connect() as connection:
                yield connection
        engine.dispose()


def test_every_way_to_name_a_database_leads_to_the_same_report(
    target: str | sa.URL | sa.Engine | sa.Connection | None, database: Database
) -> None:
    first = initialize(target)
    assert (first.before, first.after) == (None, "060")
    assert [done.revision for done in first.applied] == LINE
    assert initialize(target).applied == ()
    down = downgrade(target, "058")
    assert [(done.revision, done.direction) for done in down.applied] == [("060", "downgrade"), ("059", "downgrade")]
    seen = status(target)
    assert (seen.revision, seen.pending, seen.at_head) == ("058", ("059", "060"), False)
    assert upgrade(target, "+1").after == "059"
    assert upgrade(target).after == "060"
    assert len(database.tables() - set(seen.unmanaged)) == 42


def test_a_database_of_another_kind_is_wrong_usage(database: Database) -> None:
    for call in (initialize, upgrade, status):
        with pytest.raises(WrongUsage, match=r"await upgrade_async"):
            call(object())  # type: ignore[arg-type]


def test_a_url_with_special_characters_in_the_password_works(head: Database) -> None:
    url = head.location if head.kind == "sqlite" else head.location.set(password="p%40ss@w/rd?")
    text = url.render_as_string(hide_password=False)
    for given in (text, url):
        assert status(given).at_head
        report = downgrade(given, "-1")
        assert upgrade(given).after == "060"
        assert "w/rd" not in report.database


# The report


def test_the_report_says_what_was_done(database: Database) -> None:
    report = upgrade(database.url, "053")
    assert isinstance(report, Report)
    assert (report.before, report.after, report.healed) == (None, "053", ())
    expected = [(number, name) for number, name in revisions().items() if number <= "053"]
    assert [(done.revision, done.name) for done in report.applied] == expected
    for done in report.applied:
        assert isinstance(done, AppliedRevision)
        assert done.direction == "upgrade"
        assert 0 < done.duration_ms <= report.duration_ms
    assert sum(done.duration_ms for done in report.applied) <= report.duration_ms
    assert database.location.database is not None
    assert database.location.database in report.database
    again = upgrade(database.url, "053")
    assert (again.before, again.after, again.applied) == ("053", "053", ())
    back = downgrade(database.url, "base")
    assert (back.before, back.after) == ("053", None)
    assert [done.revision for done in back.applied] == [number for number, _ in reversed(expected)]


def test_reports_and_states_are_plain_values(head: Database) -> None:
    report, seen = initialize(head.engine), status(head.engine)
    for value in (report, seen):
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)
        assert hash(value) == hash(copy.deepcopy(value))
        with pytest.raises(AttributeError):
            value.database = "x"  # type: ignore[misc]


def test_the_status_of_an_empty_database_has_everything_pending(database: Database) -> None:
    seen = status(database.url)
    assert (seen.revision, seen.head, seen.pending, seen.at_head) == (None, "060", tuple(LINE), False)
    assert seen.missing_in_ledger == seen.unmanaged == ()
    assert database.tables() == set()


def test_the_status_names_tables_that_are_not_ours(head: Database) -> None:
    head.execute("CREATE TABLE invoices (id integer PRIMARY KEY)")
    seen = status(head.engine)
    assert seen.unmanaged == ("invoices",)
    assert seen.at_head


# What an application does not notice


def test_nothing_is_printed_and_logging_is_left_alone(database: Database, capfd: pytest.CaptureFixture[str]) -> None:
    mine = logging.getLogger("my.application")
    alembics = logging.getLogger("alembic")
    before = [(log.level, log.disabled, log.propagate, list(log.handlers)) for log in (logging.root, mine, alembics)]
    initialize(database.url)
    downgrade(database.url, "055")
    upgrade(database.engine)
    status(database.url)
    after = [(log.level, log.disabled, log.propagate, list(log.handlers)) for log in (logging.root, mine, alembics)]
    assert after == before
    assert capfd.readouterr() == ("", "")


def test_a_password_reaches_neither_log_nor_report(head: Database, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    caplog.set_level(logging.DEBUG)
    url = head.location if kind == "sqlite" else head.location.set(password="geheim")
    shown = [repr(downgrade(url, "058")), repr(upgrade(url)), repr(status(url))]
    assert "geheim" not in "".join(shown) + caplog.text


def test_at_head_one_query_is_sent_on_an_open_connection(head: Database) -> None:
    sent: list[str] = []
    with head.engine.connect() as connection:
        if head.kind == "postgresql":
            connection.exec_driver_sql("SET ROLE pg_read_all_data")  # a superuser would work as the owner
            connection.commit()
        sa.event.listen(head.engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]), named=False)
        initialize(connection)
        assert not connection.in_transaction()
    # Our engine begins its transactions on SQLite by itself, where the driver of PostgreSQL does.
    assert [statement.split()[0] for statement in sent if statement != "BEGIN"] == ["SELECT"]


def test_at_head_alembic_is_not_imported(head: Database, tmp_path: Path) -> None:
    code = """
import sys
from cts_schema import initialize, status
report = initialize()
assert (report.before, report.after, report.applied) == ("060", "060", ()), report
assert status().at_head
assert "alembic" not in sys.modules
assert "mako" not in sys.modules
"""
    done = python(code, url=head.url, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_fresh_database_loads_nothing_that_adopts(database: Database, tmp_path: Path) -> None:
    code = "import sys, cts_schema; cts_schema.upgrade(); print([m for m in sys.modules if 'adopt' in m])"
    done = python(code, url=database.url, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "[]\n", "")


def test_importing_the_package_costs_nothing(tmp_path: Path) -> None:
    done = python("import sys, cts_schema; print('sqlalchemy' in sys.modules, dir(cts_schema))", cwd=tmp_path)
    assert done.out.startswith("False [")


def test_a_whole_migration_works_from_another_folder(database: Database, tmp_path: Path) -> None:
    code = "import cts_schema; print(cts_schema.initialize().after, cts_schema.status().at_head)"
    done = python(code, url=database.url, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "060 True\n", "")
    assert {path.name for path in tmp_path.iterdir()} <= {"cts.db"}


def test_every_public_name_is_there() -> None:
    for name in cts_schema.__all__:
        assert getattr(cts_schema, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cts_schema.nothing  # noqa: B018


def test_an_application_goes_on_with_its_own_engine(database: Database) -> None:
    engine = create_engine(database.url)
    initialize(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO users (username, password_hash) VALUES ('satoshi', 'x')"))
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar() == 1
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    engine.dispose()
