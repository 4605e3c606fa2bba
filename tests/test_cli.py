"""The program ``cts-schema``: what it prints, how it exits, and how it asks and refuses."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cts_schema import exceptions, seed, status, upgrade
from cts_schema.cli.options import EXIT_CODES
from cts_schema.cli.options import VERSION_TABLE as DEFAULT_VERSION_TABLE
from cts_schema.database.options import VERSION_TABLE
from cts_schema.database.urls import normalize
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.program import ROOT, Outcome, alembic, cts_schema, environment, installed, python, run

COMMANDS = ("upgrade", "downgrade", "status", "history", "check", "adopt", "rehearse", "seed")


def answer(outcome: Outcome, code: int = 0) -> Any:
    """Check that a command printed one JSON object and nothing else; return it."""
    assert (outcome.code, outcome.err) == (code, "")
    found = json.loads(outcome.out)
    assert isinstance(found, dict)
    return found


DOCUMENTATION = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def refused(outcome: Outcome, code: int, *texts: str) -> None:
    """Check that a command ended with one clear message, its exit code, and no password."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err
    assert "geheim" not in outcome.err
    for text in (*texts, "\n  next "):
        assert text in outcome.err, outcome.err


def at_a_terminal(*arguments: str, url: str, typed: str = "", columns: int = 80, **variables: str) -> tuple[int, str]:
    """Run the program at a terminal of its own; return its exit code and what the terminal got."""
    ours, its = pty.openpty()
    env = {**environment(url), "TERM": "xterm-256color", "COLUMNS": str(columns), **variables}
    if "NO_COLOR" not in variables:
        env.pop("NO_COLOR", None)
    program = subprocess.Popen([installed("cts-schema"), *arguments], stdin=its, stdout=its, stderr=its, env=env)
    os.close(its)
    patience = threading.Timer(60, program.kill)
    patience.start()
    os.write(ours, typed.encode())
    shown = b""
    with suppress(OSError):  # which is how the terminal says that the program has closed it
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    code = program.wait()
    patience.cancel()
    return code, shown.decode().replace("\r\n", "\n")


def without_times(text: str) -> str:
    return re.sub(r" +\d+(\.\d)? m?s$", " TIME", text, flags=re.MULTILINE)


# Up


def test_an_upgrade_prints_what_alembic_prints(database: Database, server: Server, tmp_path: Path) -> None:
    done = cts_schema("upgrade", url=database.url, itself=True)
    assert (done.code, done.err) == (0, "")
    assert database.location.database is not None
    if database.kind == "sqlite":
        other = f"sqlite:///{tmp_path / 'other.db'}"
        names = (str(tmp_path / "other.db"), database.location.database)
    else:
        url = server.create()
        other, names = url.render_as_string(hide_password=False), (str(url.database), database.location.database)
    expected = alembic("upgrade", "head", url=other).out.replace(*names)
    assert without_times(done.out) == without_times(expected)
    assert done.out.startswith("+ 035  baseline ")
    if database.kind == "postgresql":
        server.drop(url)

    again = cts_schema("upgrade", url=database.url)
    assert (again.code, again.err) == (0, "")
    assert again.out.splitlines()[0] == "nothing to do"
    assert "revision 060 (head), 41 tables" in again.out


def test_an_upgrade_goes_as_far_as_it_is_told(database: Database) -> None:
    report = answer(cts_schema("upgrade", "037", "--json", url=database.url))
    assert (report["before"], report["after"]) == (None, "037")
    assert [step["revision"] for step in report["applied"]] == ["035", "036", "037"]
    assert report["applied"][0]["direction"] == "upgrade"
    assert answer(cts_schema("upgrade", "+1", "--json", "--url", database.url))["after"] == "038"


# Down


LEFT_OVER = "INSERT INTO adoption_leftovers (table_name, reason, payload) VALUES ('orders', 'no_column', '{}')"


def test_a_downgrade_that_would_drop_values_needs_a_yes_and_says_which(head: Database) -> None:
    head.execute(LEFT_OVER)
    done = cts_schema("downgrade", "057", url=head.url, itself=True)
    refused(done, 5, "needs a yes", "059  adoption_leftovers: 1 row", "cts_kept_", "downgrade 057 --yes")
    for arguments in (("-2",), ("base",), ("056", "--json")):
        assert cts_schema("downgrade", *arguments, url=head.url).code == 5
    assert status(head.url).at_head
    assert cts_schema("downgrade", "059", url=head.url).code == 0  # which drops nothing


def test_a_downgrade_tells_where_the_rows_are_kept(head: Database) -> None:
    head.execute(LEFT_OVER)
    report = answer(cts_schema("downgrade", "-2", "--yes", "--json", url=head.url))
    assert (report["after"], report["newly_preserved"]) == ("058", ["cts_kept_059_adoption_leftovers"])
    assert head.value("SELECT count(*) FROM cts_kept_059_adoption_leftovers") == 1

    down = cts_schema("downgrade", "055", "-y", url=head.url)
    assert (down.code, down.err) == (0, "")
    assert [line[:5] for line in down.out.splitlines()[:3]] == ["- 058", "- 057", "- 056"]
    assert "kept for" not in down.out  # nothing was in these tables
    assert "cts_kept_059_adoption_leftovers" in cts_schema("status", url=head.url).out

    nothing = cts_schema("downgrade", "055", url=head.url)  # which needs no yes
    assert (nothing.code, nothing.out.splitlines()[0]) == (0, "nothing to do")


@pytest.mark.parametrize(
    ("typed", "code", "revision"), [("y\n", 0, "058"), ("n\n", 5, "060"), ("\n", 5, "060"), ("\x04", 130, "060")]
)
def test_at_a_terminal_a_downgrade_asks(head: Database, typed: str, code: int, revision: str) -> None:
    head.execute(LEFT_OVER)
    ended, shown = at_a_terminal("downgrade", "058", url=head.url, typed=typed)
    assert "059  adoption_leftovers: 1 row" in shown
    assert "cts_kept_" in shown
    assert "Continue? [y/N]" in shown
    assert (ended, status(head.url).revision) == (code, revision)


# Looking


def test_the_status_of_a_database_is_its_exit_code(head: Database) -> None:
    found = cts_schema("status", url=head.url, itself=True)
    assert (found.code, found.err) == (0, "")
    assert re.search(r"^revision +060 \(head\)$", found.out, re.MULTILINE)
    assert "next" not in found.out

    head.execute("DELETE FROM schema_migrations WHERE migration_id = 36")
    head.execute("CREATE TABLE invoices (id integer)")
    lacking = cts_schema("status", url=head.url)
    assert lacking.code == 1
    assert re.search(r"^not in the ledger +036$", lacking.out, re.MULTILINE)
    assert re.search(r"^unmanaged +invoices$", lacking.out, re.MULTILINE)

    assert cts_schema("downgrade", "058", "--yes", url=head.url).code == 0
    below = answer(cts_schema("status", "--json", url=head.url), 1)
    assert (below["revision"], below["head"], below["at_head"]) == ("058", "060", False)
    assert below["pending"] == ["059", "060"]
    assert below["unmanaged"] == ["invoices"]
    shown = cts_schema("status", url=head.url)
    assert shown.code == 1
    assert re.search(r"^next +cts-schema upgrade$", shown.out, re.MULTILINE)


def test_a_status_touches_nothing(database: Database) -> None:
    assert cts_schema("status", url=database.url).code == 1
    assert cts_schema("history", url=database.url).code == 0
    assert database.tables() == set()


def test_a_database_of_the_old_application_is_told_by_its_own_exit_code(database: Database) -> None:
    database.execute("CREATE TABLE users (id integer PRIMARY KEY)")
    found = cts_schema("status", url=database.url)
    assert (found.code, found.err) == (5, "")
    assert re.search(r"^to be adopted +users$", found.out, re.MULTILINE)
    assert re.search(r"^next +cts-schema adopt --plan$", found.out, re.MULTILINE)
    assert answer(cts_schema("status", "--json", url=database.url), 5)["unadopted"] == ["users"]


def test_a_revision_of_others_is_told(head: Database) -> None:
    head.execute("UPDATE alembic_version SET version_num = '064'")
    found = cts_schema("status", url=head.url)
    assert found.code == 1
    assert "064, unknown to this package, which has 035 to 060" in found.out
    assert {line.split()[2] for line in cts_schema("history", url=head.url).out.splitlines()[1:]} == {"unknown"}
    refused(cts_schema("upgrade", url=head.url), 3, "newer than this package", "cts-schema downgrade 060")


def test_the_history_tells_what_is_applied_since_when(head: Database) -> None:
    if head.kind == "postgresql":
        head.execute(f"ALTER DATABASE {head.location.database} SET timezone = 'Asia/Tokyo'")
    utc = "+00" if head.kind == "postgresql" else ""
    head.execute(f"UPDATE schema_migrations SET executed_at = '2026-01-03 12:34:56{utc}' WHERE migration_id = 36")
    assert cts_schema("downgrade", "059", "--yes", url=head.url).code == 0
    shown = cts_schema("history", url=head.url).out.splitlines()
    assert shown[0].split() == ["revision", "name", "state", "executed", "at", "(UTC)"]
    assert shown[2].split() == ["036", "create_optimal_indication_tables", "applied", "2026-01-03", "12:34:56"]
    assert shown[-1].split() == ["060", "add_updated_at_triggers", "pending"]
    found = answer(cts_schema("history", "--json", url=head.url))
    assert found["revision"] == "059"
    assert found["revisions"][1] == {
        "revision": "036",
        "name": "create_optimal_indication_tables",
        "state": "applied",
        "executed_at": "2026-01-03 12:34:56",
    }
    assert found["revisions"][-1]["executed_at"] is None


def test_schema_and_version_table_are_options(server: Server) -> None:
    url = server.create()
    given = url.render_as_string(hide_password=False)
    options = ("--schema", "app one", "--version-table", "cts_version")
    with Database(url) as database:
        database.execute('CREATE SCHEMA "app one"')
        assert cts_schema("upgrade", *options, url=given).code == 0
        assert database.tables() == set()
        assert database.value('SELECT version_num FROM "app one".cts_version') == "060"
        assert cts_schema("status", *options, url=given).code == 0
        assert len(answer(cts_schema("history", *options, "--json", url=given))["revisions"][0]["executed_at"]) == 19
        assert cts_schema("downgrade", "059", "-y", *options, url=given).code == 0
        assert cts_schema("status", url=given).code == 1
    server.drop(url)
    assert DEFAULT_VERSION_TABLE == VERSION_TABLE


# In


@pytest.fixture
def old(database: Database) -> Database:
    """A database as the old application leaves it, small."""
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text, nickname text)")
    database.execute("INSERT INTO users VALUES (1, 'satoshi', 'x', 'sat')")
    return database


def test_a_plan_is_shown_and_touches_nothing(old: Database) -> None:
    shown = cts_schema("adopt", "--plan", url=old.url, itself=True)
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^ +users +1 +\S", shown.out, re.MULTILINE)
    plan = answer(cts_schema("adopt", "--plan", "--json", "--orphans", "fail", url=old.url))["plan"]
    assert (plan["rows"], plan["orphans"], plan["tables"][0]["name"]) == (1, "fail", "users")
    assert old.tables() == {"users"}
    if old.kind == "sqlite":
        assert [file.name for file in Path(old.location.database or "").parent.iterdir()] == ["cts.db"]


def test_where_there_is_nothing_to_adopt_the_plan_says_so(head: Database) -> None:
    assert cts_schema("adopt", "--plan", url=head.url) == Outcome(0, "nothing to adopt\n", "")
    assert answer(cts_schema("adopt", "--plan", "--json", url=head.url)) == {"plan": None}


def test_an_old_database_comes_in(old: Database) -> None:
    report = answer(cts_schema("adopt", "--json", url=old.url))
    assert (report["before"], report["after"], report["adopted"]["rows"]) == (None, "060", 1)
    assert old.rows("SELECT id, username FROM users") == [("1", "satoshi")]
    assert status(old.url).at_head
    assert cts_schema("adopt", url=old.url).out.startswith("nothing to do\n")


def test_an_open_decision_stops_everything_until_it_is_accepted(old: Database) -> None:
    old.execute("CREATE VIEW nicknames AS SELECT nickname FROM users")
    planned = cts_schema("adopt", "--plan", url=old.url)
    assert (planned.code, planned.err) == (5, "")
    assert "nicknames" in planned.out
    assert answer(cts_schema("adopt", "--plan", "--json", url=old.url), 5)["plan"]["decisions"]
    for command in ("upgrade", "adopt"):
        refused(cts_schema(command, url=old.url), 5, "nicknames", "cts-schema adopt --plan", "cts-schema adopt --yes")
    assert old.tables() == {"users"}
    done = cts_schema("adopt", "--yes", url=old.url)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("+ 035  baseline ")
    assert status(old.url).at_head


def test_an_adoption_can_be_undone_until_it_is_finalized(old: Database) -> None:
    refused(cts_schema("adopt", "--undo", url=old.url), 2, "no adoption to undo", "cts-schema status")
    assert cts_schema("upgrade", url=old.url).code == 0
    undone = cts_schema("adopt", "--undo", url=old.url)
    assert (undone.code, undone.err, len(undone.out.splitlines())) == (0, "", 1)
    assert old.rows("SELECT id, username FROM users") == [(1, "satoshi")]

    assert cts_schema("upgrade", url=old.url).code == 0
    old.execute("UPDATE users SET username = 'hal'")
    refused(cts_schema("adopt", "--undo", url=old.url), 5, "changed since", "--discard-new")
    assert old.value("SELECT username FROM users") == "hal"
    assert set(answer(cts_schema("adopt", "--undo", "--discard-new", "--json", url=old.url))) == {"undone"}
    assert old.value("SELECT username FROM users") == "satoshi"

    assert cts_schema("upgrade", url=old.url).code == 0
    dropped = answer(cts_schema("adopt", "--finalize", "--json", url=old.url))["dropped"]
    assert bool(dropped) == (old.kind == "postgresql")
    assert status(old.url).at_head
    if old.kind == "postgresql":
        refused(cts_schema("adopt", "--undo", url=old.url), 2, "no adoption to undo")


# Refused


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ("upgrad", ["no such command", "Did you mean 'upgrade'", "cts-schema --help"]),
        ("upgrade --pasword geheim", ["no such option: --pasword", "cts-schema upgrade --help"]),
        ("upgrade --url", ["--url", "requires an argument"]),
        ("upgrade --wait soon", ["--wait", "cts-schema upgrade --help"]),
        ("upgrade --wait nan", ["--wait", "0 or more"]),
        ("status --wait -1", ["--wait", "0 or more"]),
        ("upgrade 036 037", ["unexpected extra argument"]),
        ("upgrade 999", ["no such revision", "999", "cts-schema history"]),
        ("downgrade 999 --yes", ["no such revision", "999", "cts-schema history"]),
        ("downgrade 06 --yes", ["no such revision", "a number of three digits"]),
        ("downgrade head-2", ["no such revision", "-N, or base"]),
        ("downgrade --yess", ["no such revision", "--yess"]),
        ("downgrade 036 --yess", ["unexpected extra argument", "--yess"]),
        ("downgrade", ["missing argument", "REV", "cts-schema downgrade --help"]),
        ("upgrade --schema app", ["only PostgreSQL has schemas"]),
        ("status --url postgresql//u:geheim@db", ["URL cannot be read"]),
        ("status --url mysql://u:geheim@db/cts", ["neither SQLite nor PostgreSQL"]),
        ("status --url postgresql://u:gehe@im@db/cts", ["holds an @"]),
        ("upgrade postgresql://u:geheim@db/cts", ["no such revision", "u:***@db"]),
        ("adopt --plan --undo", ["exclude each other", "--plan, --undo", "cts-schema adopt --help"]),
        ("adopt --finalize --yes", ["exclude each other", "--finalize, --yes"]),
        ("adopt --discard-new", ["--discard-new", "--undo"]),
        ("adopt --orphans drop", ["--orphans", "quarantine"]),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, arguments: str, texts: list[str]) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    given = arguments.split()
    refused(cts_schema(*given, url=url), 2, *texts)
    told = cts_schema(*given, "--json", url=url)
    assert (told.code, told.out) == (2, "")
    if given[-1] == "--url":
        return  # then "--json" is its value, and no URL
    error = json.loads(told.err)
    assert set(error) == {"error", "place", "next", "exit_code"}
    assert error["exit_code"] == 2
    assert "geheim" not in told.err
    assert all(file.stat().st_size == 0 for file in tmp_path.iterdir())


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path, postgres_url: str) -> None:
    missing = f"sqlite:///{tmp_path / 'no' / 'cts.db'}"
    wrong = normalize(postgres_url).set(username="nobody_at_all", password="geheim")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but not listening
        port = closed.getsockname()[1]
        for command in (("upgrade",), ("downgrade", "base", "--yes"), ("status",), ("history",)):
            refused(cts_schema(*command, url=missing), 3, "folder", f"mkdir -p {tmp_path / 'no'}")
            silent = f"postgresql://cts:geheim@127.0.0.1:{port}/cts"
            refused(cts_schema(*command, url=silent), 3, "cannot be reached", f"pg_isready -h 127.0.0.1 -p {port}")
            given = wrong.render_as_string(hide_password=False)
            refused(cts_schema(*command, url=given), 3, "refused the user or the password", "nobody_at_all:***@")
    told = json.loads(cts_schema("status", "--json", url=given).err)
    assert told["exit_code"] == 3
    assert "nobody_at_all:***@" in told["place"]["database"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_program_keeps_locked_is_given_up_in_time(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for command in (("upgrade",), ("status",)):
        done = cts_schema(*command, "--wait", "0.2", url=f"sqlite:///{file}")
        refused(done, 4, "locked", str(file), f"fuser -v {file}")
    holder.close()


def test_an_error_comes_with_its_story_when_asked_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'no' / 'cts.db'}"
    done = cts_schema("status", "--debug", url=url)
    assert done.code == 3
    assert done.err.startswith("Traceback")
    assert "\nerror: the folder" in done.err
    assert "MissingFolder" in json.loads(cts_schema("status", "--debug", "--json", url=url).err)["traceback"]


def test_a_fault_of_ours_is_told_with_its_story() -> None:
    code = (
        "import sys, cts_schema.cli; sys.modules['cts_schema.cli.upgrade'] = None; sys.exit(cts_schema.cli.main([{}]))"
    )
    done = python(code.format("'status'"))
    assert (done.code, done.out) == (70, "")
    assert "Traceback" in done.err
    assert "error: a bug in this program" in done.err
    assert "cts_schema.cli.upgrade" in json.loads(python(code.format("'status', '--json'")).err)["traceback"]


# Without the extra


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_extra_the_program_says_how_to_get_it(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; import cts_schema.cli; sys.exit(cts_schema.cli.main({{}}))"
    done = python(code.format(["status"]))
    refused(done, 2, library, "pip install 'cts-schema[cli]'")
    told = json.loads(python(code.format(["status", "--json"])).err)
    assert told["next"] == "pip install 'cts-schema[cli]'"


def test_the_program_starts_as_a_module_and_imports_no_more_than_it_needs(head: Database) -> None:
    assert run(sys.executable, "-m", "cts_schema", "status", url=head.url).code == 0
    code = "import sys, cts_schema.cli; cts_schema.cli.main({}); print([m for m in {} if m in sys.modules])"
    assert python(code.format(["upgrade", "--help"], ["sqlalchemy", "alembic", "rich.console"])).out.endswith("\n[]\n")
    for command in ("upgrade", "status", "wait"):
        there = python(code.format([command], ["alembic", "rich.console", "cts_schema.models"]), url=head.url)
        assert there.out.endswith("\n[]\n"), there
    run_it = "import sys, alembic.config; alembic.config.main(['upgrade', 'head'])"
    assert python(f"{run_it}; print('cts_schema.models' in sys.modules)", url=head.url).out.endswith("\nFalse\n")


# Help


def test_the_help_has_every_command_and_every_exit_code() -> None:
    shown = cts_schema("--help", itself=True)
    assert (shown.code, shown.err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command}  ", shown.out, re.MULTILINE)
        help_text = cts_schema(command, "--help")
        assert help_text.code == 0
        for option in ("--url", "--json", "--schema", "--version-table", "--wait", "--debug"):
            assert f"  {option}" in help_text.out
        assert "Exit codes:" in help_text.out
    documented = {int(number) for number in re.findall(r"^  (\d+) ", EXIT_CODES, re.MULTILINE)}
    assert documented == {code for name, code in vars(exceptions).items() if name.startswith("EXIT_")} | {130}
    assert cts_schema() == cts_schema("-h")
    assert cts_schema("--version").out.startswith("cts-schema 0.1.0, revision 060")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_run(command: str, tmp_path: Path) -> None:
    examples = re.findall(r"^ +\$ cts-schema (.+)$", cts_schema(command, "--help").out, re.MULTILINE)
    assert len(examples) >= 2
    (tmp_path / "data").mkdir()
    url = f"sqlite:///{tmp_path / 'data' / 'cts.db'}"
    upgrade(url)
    seed(url, "test")
    for example in examples:
        if command == "upgrade":
            cts_schema("downgrade", "057", "--yes", url=url)
        done = cts_schema(*shlex.split(example), cwd=tmp_path)
        # Nobody is there to be asked for a yes, and there is no adoption to undo.
        assert done.code == {"downgrade 058": 5, "adopt --undo": 2}.get(example, 0), done


# Streams


def test_what_is_piped_has_no_colours_and_no_wrapped_lines(head: Database) -> None:
    head.execute('CREATE TABLE "red\x1b[31m\nÄ" (id integer)')
    env: Mapping[str, str] = {**environment(head.url), "COLUMNS": "20", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([installed("cts-schema"), "status"], env=env, capture_output=True, check=True)
    assert not re.search(rb"[^\n -~]", done.stdout), done.stdout
    for command in (["history"], ["upgrade", "--json"], ["status", "--json"]):
        assert not re.search(r"[^\n -~]", cts_schema(*command, url=head.url).out)
    shown = cts_schema("status", url=head.url).out
    assert re.search(r"^unmanaged +red\\x1b\[31m\\nÄ$", shown, re.MULTILINE)


def test_a_terminal_gets_colours_unless_it_wants_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    _, coloured = at_a_terminal("history", url=url, columns=30)
    assert re.search(r"^\x1b\[33m060  +add_updated_at_triggers  +pending\x1b\[0m$", coloured, re.MULTILINE)
    _, plain = at_a_terminal("history", url=url, columns=30, NO_COLOR="1")
    assert "060       add_updated_at_triggers                  pending\n" in plain
    assert "\x1b[3" not in plain
    code, error = at_a_terminal("upgrade", "--wait", "nan", url=url)
    assert code == 2
    assert error.startswith("\x1b[1;31merror: ")


def test_work_goes_on_when_nobody_reads_any_more(database: Database) -> None:
    with subprocess.Popen(
        [installed("cts-schema"), "upgrade"],
        env=environment(database.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == ""
    assert program.returncode == 0
    assert status(database.url).at_head


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("alembic upgrade head --sql", 3),
        ("alembic upgrade head", 0),
        ("alembic current", 0),
        ("cts-schema --help", 0),
        ("cts-schema upgrade --json", 0),
    ],
)
def test_whoever_reads_may_go_and_nobody_complains(program: str, lines: int, unbuffered: str, tmp_path: Path) -> None:
    name, *arguments = program.split()
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    with subprocess.Popen(
        [installed(name), *arguments],
        cwd=ROOT,
        env={**environment(url), "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(lines):
            assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    if "upgrade" in program and "--sql" not in program:
        assert status(url).at_head


def test_output_that_has_no_room_undoes_the_work(database: Database) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [installed("cts-schema"), "upgrade"],
            env=environment(database.url),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    refused(Outcome(done.returncode, "", done.stderr), 6, "output cannot be written")
    assert database.tables() <= {"alembic_version"}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_the_object_of_each_command_is_the_documented_one(head: Database, tmp_path: Path) -> None:
    documented: dict[str, set[str]] = {}
    for commands, keys in re.findall(r"^\| (`[^|]*`) \| ((?:`|the).*?) \|$", DOCUMENTATION, re.MULTILINE):
        named = set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", keys)))
        documented |= dict.fromkeys(re.findall(r"`(\w+)`", commands), named)
    documented["downgrade"] |= documented["upgrade"]
    backup = tmp_path / "b.db"
    for arguments in (
        "status", "check", "history", "wait --timeout 0", "seed test", "repair", "rehearse", "downgrade 059 --yes",
        "upgrade", f"backup {backup}", f"restore {backup} --force",
    ):  # fmt: skip
        answer = json.loads(cts_schema(*arguments.split(), "--json", url=head.url).out)
        assert set(answer) == documented[arguments.split()[0]], arguments


@pytest.mark.parametrize(
    "program",
    [
        "alembic upgrade head --sql",
        "alembic stamp head --sql",
        "alembic upgrade head",
        "cts-schema --help",
        "cts-schema --version",
        "cts-schema status",
    ],
)
def test_output_that_has_no_room_is_told(program: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [installed(program.split()[0]), *program.split()[1:]],
            cwd=ROOT,
            env=environment(url),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    refused(Outcome(done.returncode, "", done.stderr), 6, "output cannot be written")
    assert "Exception" not in done.stderr
    assert not status(url).at_head


def test_an_error_that_has_no_room_keeps_its_exit_code(tmp_path: Path) -> None:
    cause = f"{installed('cts-schema')} upgrade 999 2>/dev/full"
    assert run("bash", "-c", cause, url=f"sqlite:///{tmp_path / 'cts.db'}").code == 2


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    "program",
    ["alembic upgrade head", "alembic upgrade head --sql", "alembic check", "alembic current -v", "cts-schema upgrade"],
)
def test_a_program_without_an_output_does_its_work(program: str, streams: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    if "upgrade" not in program:
        upgrade(url)
    name, arguments = program.split(maxsplit=1)
    done = run("bash", "-c", f"{installed(name)} {arguments} {streams}", url=url)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert status(url).at_head == ("--sql" not in program)


@pytest.mark.parametrize(
    "command", ["cts-schema downgrade 059 --yes --wait 300", "alembic -x yes -x wait=300 downgrade 059"]
)
def test_an_interrupted_wait_ends_at_once_without_a_traceback(head: Database, command: str) -> None:
    if head.kind == "sqlite":
        holder: Any = sqlite3.connect(head.location.database or "", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
    else:
        holder = head.engine.connect()
        holder.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('cts_schema:public', 0))")
    name, *arguments = command.split()
    with subprocess.Popen(
        [installed(name), *arguments],
        cwd=ROOT,
        env=environment(head.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's job behind & ignores it
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        if head.kind == "postgresql":
            assert program.stdout.readline().startswith("waiting for another migration")
        else:
            _wait_until_open(program.pid, head.location.database or "")
        program.send_signal(signal.SIGINT)
        told = program.stderr.read()
    holder.close()
    assert program.returncode == 130
    assert told.startswith("error: interrupted")
    assert "Traceback" not in told
    assert status(head.url).at_head


def _wait_until_open(pid: int, file: str) -> None:
    """Wait until a process has opened a file."""
    while not any(os.path.realpath(link) == file for link in Path(f"/proc/{pid}/fd").glob("*")):
        time.sleep(0.01)
