"""The program ``alembic``: what it prints, what it leaves behind, and how it refuses."""

from __future__ import annotations

import re
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import downgrade, initialize, status, upgrade
from cts_schema.database.urls import normalize
from cts_schema.exceptions import (
    DatabaseNewer,
    DecisionNeeded,
    ForeignRevision,
    SchemaError,
    SeveralHeads,
    UnadoptedDatabase,
    UnknownRevision,
    WrongUsage,
)
from tests.conftest import Server
from tests.support.databases import Database
from tests.support.lines import Scripts
from tests.support.program import Outcome, alembic


def refused(outcome: Outcome, code: int, *texts: str, next_step: str) -> None:
    """Check that a command ended with one clear message, its exit code, and no password."""
    assert outcome.code == code, outcome
    assert "Traceback" not in outcome.err
    assert outcome.err.startswith("error: ")
    assert outcome.out == ""
    assert "geheim" not in outcome.err
    for text in texts:
        assert text in outcome.err
    assert next_step in outcome.err.partition("  next ")[2], outcome.err


def contents(database: Database) -> object:
    """Everything in a database, to be compared."""
    if database.kind == "sqlite":
        with closing(sqlite3.connect(database.location.database or "")) as connection:
            return "\n".join(connection.iterdump())
    catalog = database.rows(
        "SELECT c.relname, c.relkind, c.oid, c.relfilenode, c.reltuples >= 0 FROM pg_class c "
        "WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.oid"
    )
    return catalog, [database.rows(f'SELECT * FROM "{table}"') for table in sorted(database.tables())]


# What a new user sees


def test_the_first_command_a_person_types_says_what_it_has_done(database: Database) -> None:
    first = alembic("upgrade", "head", url=database.url, itself=True)
    assert (first.code, first.err) == (0, "")
    *steps, last = first.out.splitlines()
    assert steps[0].startswith("+ 035  baseline ")
    assert steps[-1].startswith("+ 060  add_updated_at_triggers ")
    assert len(steps) == 13
    assert len({len(step) for step in steps}) == 1  # aligned
    assert all(re.search(r" \d+ ms$", step) for step in steps)
    assert re.search(r": revision 060 \(head\), 41 tables, \d+\.\d s$", last)
    assert database.location.database is not None
    assert database.location.database in last

    second = alembic("upgrade", "head", url=database.url)
    assert (second.code, second.err) == (0, "")
    assert second.out.startswith("nothing to do\n")

    quiet = alembic("-q", "downgrade", "058", url=database.url)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert status(database.url).revision == "058"


def test_going_down_and_stamping_are_told_apart(head: Database) -> None:
    down = alembic("downgrade", "-2", url=head.url)
    assert [line[:5] for line in down.out.splitlines()[:2]] == ["- 060", "- 059"]
    assert "revision 058, 40 tables" in down.out
    stamped = alembic("stamp", "head", url=head.url)
    assert stamped.out.startswith("= 060  add_updated_at_triggers")
    assert "stamped" in stamped.out


def test_no_database_named_means_a_file_in_the_folder_data(tmp_path: Path) -> None:
    looked = alembic("current", cwd=tmp_path)
    assert (looked.code, looked.out, looked.err) == (0, "", "")
    assert not (tmp_path / "data").exists()
    done = alembic("upgrade", "head", cwd=tmp_path, itself=True)
    assert done.code == 0, done
    assert "sqlite:///data/cts.db: revision 060 (head), 41 tables" in done.out
    assert (tmp_path / "data" / "cts.db").is_file()


def test_a_url_may_be_given_to_one_command(head: Database, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'not_this_one.db'}"
    done = alembic("-x", f"url={head.url}", "current", url=other)
    assert (done.code, done.out) == (0, "060 (head)\n")
    assert not (tmp_path / "not_this_one.db").exists()


def test_a_password_with_special_characters_is_used_and_never_shown(head: Database, kind: str) -> None:
    url = head.location if kind == "sqlite" else head.location.set(password="ge%heim@/:")
    given = url.render_as_string(hide_password=False)
    assert kind == "sqlite" or "ge%25heim%40%2F" in given
    for arguments in (("-x", f"url={given}", "upgrade", "head"), ("upgrade", "head")):
        done = alembic(*arguments, url=given)
        assert (done.code, done.err) == (0, "")
        assert "heim" not in done.out
        assert (":***@" in done.out) == (kind == "postgresql")


def test_no_password_is_pretended_where_there_is_none(head: Database) -> None:
    done = alembic("upgrade", "head", url=head.url)
    assert "***" not in done.out
    assert "%2F" not in done.out


def test_schema_and_version_table_are_options(server: Server) -> None:
    url = server.create()
    given = url.render_as_string(hide_password=False)
    options = ("-x", "schema=app one", "-x", "version_table=cts_version")
    with Database(url) as database:
        database.execute('CREATE SCHEMA "app one"')
        done = alembic(*options, "upgrade", "head", url=given)
        assert (done.code, done.err) == (0, "")
        assert "revision 060 (head), 41 tables" in done.out
        assert database.tables() == set()
        assert database.value('SELECT version_num FROM "app one".cts_version') == "060"
        assert alembic(*options, "current", url=given) == Outcome(0, "060 (head)\n", "")
        assert alembic(*options, "check", url=given).out == "No new upgrade operations detected.\n"
        assert "revision 037, " in alembic(*options, "downgrade", "037", url=given).out
        assert "nothing to do" in alembic(*options, "stamp", "037", url=given).out
        assert alembic("current", url=given) == Outcome(0, "", "")
    server.drop(url)


# Looking does not touch


def test_looking_at_an_empty_database_leaves_it_empty(database: Database) -> None:
    for arguments in (("current",), ("current", "--verbose"), ("check",), ("history", "--indicate-current")):
        done = alembic(*arguments, url=database.url)
        assert "Traceback" not in done.err
        assert done.code == (1 if arguments == ("check",) else 0), done
    assert database.tables() == set()


def test_looking_at_a_file_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    assert alembic("current", url=url) == Outcome(0, "", "")
    assert "does not have all revisions" in alembic("check", url=url).err
    assert status(url).revision is None
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_may_only_be_read_answers(head: Database, kind: str) -> None:
    if kind == "sqlite":
        url = f"sqlite:///file:{head.location.database}?mode=ro&uri=true"
    else:
        head.execute(f"ALTER DATABASE {head.location.database} SET default_transaction_read_only = on")
        url = head.url
    assert alembic("current", url=url) == Outcome(0, "060 (head)\n", "")
    checked = alembic("check", url=url)
    assert (checked.code, checked.out) == (0, "No new upgrade operations detected.\n")
    assert status(url).at_head
    assert initialize(url).applied == ()
    refused(alembic("downgrade", "055", url=url), 3, "the database is read-only", next_step="")


# A database of the old application


@pytest.fixture
def old(database: Database) -> Database:
    """A database as the old application leaves it: its tables and its ledger, and no alembic_version."""
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username varchar(50) NOT NULL, email varchar(100))")
    database.execute("INSERT INTO users VALUES (1, 'satoshi', NULL)")
    database.execute("CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users(id))")
    database.execute(
        "CREATE TABLE schema_migrations (id integer PRIMARY KEY, migration_id integer UNIQUE NOT NULL, "
        "migration_name text NOT NULL)"
    )
    database.execute("INSERT INTO schema_migrations VALUES (1, 36, 'create_optimal_indication_tables')")
    return database


def test_an_old_database_that_needs_a_decision_is_left_as_it_is(old: Database) -> None:
    before = contents(old)
    file = Path(old.location.database or "")
    bytes_before = file.read_bytes() if old.kind == "sqlite" else b""
    done = alembic("upgrade", "head", url=old.url, itself=True)
    refused(done, 5, "users has no password_hash", next_step="cts-schema adopt --plan")
    assert str(old.location.database) in done.err
    for arguments in (("downgrade", "base"), ("stamp", "head"), ("current",), ("check",)):
        refused(alembic(*arguments, url=old.url), 5, "CTS tables", next_step="adopt it")
    calls: list[tuple[Callable[[str], object], type[SchemaError]]] = [
        (initialize, DecisionNeeded),
        (upgrade, DecisionNeeded),
        (lambda url: downgrade(url, "base"), UnadoptedDatabase),
    ]
    for call, refusal in calls:
        with pytest.raises(refusal, match="nothing was touched") as caught:
            call(old.url)
        assert caught.value.exit_code == 5
    assert status(old.url).revision is None
    assert contents(old) == before
    if old.kind == "sqlite":
        assert file.read_bytes() == bytes_before
        assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_database_with_tables_of_others_only_is_brought_up(database: Database) -> None:
    database.execute("CREATE TABLE invoices (id integer PRIMARY KEY)")
    database.execute("INSERT INTO invoices VALUES (7)")
    assert upgrade(database.url).after == "060"
    assert database.rows("SELECT id FROM invoices") == [(7,)]
    assert status(database.url).unmanaged == ("invoices",)


# The version table says something else


@pytest.mark.parametrize(
    ("rows", "kind_of_error", "texts", "next_step"),
    [
        (["064"], DatabaseNewer, ["revision 064", "knows up to 060"], "alembic downgrade 060"),
        (["1975ea83b712"], ForeignRevision, ["alembic_version", "1975ea83b712"], "version_table=cts_alembic_version"),
        (["049"], ForeignRevision, ["049"], "version_table="),
        (["055", "060"], SeveralHeads, ["055, 060"], "alembic stamp --purge REVISION"),
    ],
)
def test_a_version_that_is_not_ours_is_refused(
    head: Database, rows: list[str], kind_of_error: type[SchemaError], texts: list[str], next_step: str
) -> None:
    head.execute("DELETE FROM alembic_version")
    for row in rows:
        head.execute("INSERT INTO alembic_version VALUES (:row)", {"row": row})
    before = contents(head)
    refused(alembic("upgrade", "head", url=head.url), 3, *texts, next_step=next_step)
    refused(alembic("current", url=head.url), 3, *texts, next_step=next_step)
    for call in (initialize, lambda url: downgrade(url, "055")):
        with pytest.raises(kind_of_error):
            call(head.url)
    assert contents(head) == before


@pytest.mark.parametrize("revision", ["999", "+1", "-1", "-30", "nonsense", "035:036", "060@main"])
def test_a_revision_that_there_is_not_is_wrong_usage(head: Database, revision: str) -> None:
    if revision == "999":
        for verb in ("upgrade", "downgrade", "stamp"):
            done = alembic(verb, revision, url=head.url)
            refused(done, 2, "there is no such revision", "999", next_step="alembic history")
    change = upgrade if revision == "+1" else downgrade
    if revision == "-1":
        assert downgrade(head.url, revision).after == "059"
        return
    with pytest.raises(UnknownRevision):
        change(head.url, revision)
    assert status(head.url).at_head


def test_several_newest_scripts_are_refused(database: Database, tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    scripts.add("mine", "pass")
    scripts.head = "060"
    scripts.add("yours", "pass", number="062")
    done = alembic("upgrade", "head", url=database.url, ini=scripts.ini())
    refused(done, 3, "two revisions follow the same one", "061, 062", next_step="give the later one the number")
    assert database.tables() == set()


def test_two_scripts_of_one_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cts_schema.schema import scripts

    copy = Scripts(tmp_path)
    copy.add("mine", "pass")
    copy.head = "060"
    copy.add("yours", "pass")
    monkeypatch.setattr(scripts, "script_location", lambda: copy.folder)
    with pytest.raises(SeveralHeads, match=r"061_mine\.py, 061_yours\.py"):
        scripts.revisions.__wrapped__()


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("-x", "pasword=geheim", "upgrade", "head"), ["-x pasword=...", "-x wait=..."]),
        (("-x", "postgresql://u:geheim@db/cts", "upgrade", "head"), ["postgresql://u:***@db/cts"]),
        (("-x", "wait=soon", "upgrade", "head"), ["wait=soon", "a number of seconds"]),
        (("-x", "wait=nan", "upgrade", "head"), ["wait=nan"]),
        (("-x", "schema=app", "upgrade", "head"), ["only PostgreSQL has schemas"]),
        (("-x", "schema=app", "current"), ["only PostgreSQL has schemas"]),
        (("revision",), ["-m", "name of the revision"]),
        (("ensure_version",), ["first revision creates the version table"]),
        (("-x", "url=mysql://u:geheim@db/cts", "upgrade", "head"), ["neither SQLite nor PostgreSQL"]),
        (("-x", "url=postgresql//u:geheim@db", "upgrade", "head"), ["URL cannot be read"]),
        (("-x", "url=postgresql://u:gehe@im@db/cts", "upgrade", "head"), ["holds an @"]),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, arguments: tuple[str, ...], texts: list[str]) -> None:
    refused(alembic(*arguments, url=f"sqlite:///{tmp_path / 'cts.db'}"), 2, *texts, next_step="")
    assert list(tmp_path.iterdir()) == []


def test_an_error_comes_with_its_story_when_asked_for(tmp_path: Path) -> None:
    done = alembic("--raiseerr", "-x", "wait=soon", "upgrade", "head", url=f"sqlite:///{tmp_path / 'cts.db'}")
    assert done.code == 1
    assert "Traceback" in done.err
    assert "WrongUsage" in done.err


def test_a_failing_revision_is_named(database: Database, tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    scripts.add("broken", "op.execute(\"INSERT INTO users (username, password_hash) VALUES ('geheim', NULL)\")")
    done = alembic("upgrade", "head", url=database.url, ini=scripts.ini())
    assert done.code == 70, done
    assert "061, upgrade" in done.err
    assert "alembic --raiseerr" in done.err
    assert "Traceback" not in done.err
    assert "geheim" not in done.err  # PostgreSQL reports the whole row


# A place that cannot be used


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'no' / 'cts.db'}"
    for arguments in (("upgrade", "head"), ("current",)):
        refused(alembic(*arguments, url=url), 3, "folder", next_step=f"mkdir -p {tmp_path / 'no'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_place_that_may_not_be_written_is_named(tmp_path: Path, place: str) -> None:
    file = tmp_path / "cts.db"
    if place == "file":
        file.touch(mode=0o444)
    else:
        tmp_path.chmod(0o555)
    done = alembic("upgrade", "head", url=f"sqlite:///{file}", restrained=True)
    tmp_path.chmod(0o755)
    refused(done, 3, str(file), next_step=f"ls -la {tmp_path}")


def test_a_file_at_head_that_may_not_be_written_answers(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    upgrade(f"sqlite:///{file}")
    file.chmod(0o444)
    tmp_path.chmod(0o555)
    looked = [alembic(word, url=f"sqlite:///{file}", restrained=True) for word in ("current", "check")]
    tmp_path.chmod(0o755)
    assert [(one.code, one.out) for one in looked] == [
        (0, "060 (head)\n"),
        (0, "No new upgrade operations detected.\n"),
    ]


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("shopping list\n" * 100)
    for arguments in (("upgrade", "head"), ("current",)):
        refused(alembic(*arguments, url=f"sqlite:///{file}"), 3, "not a SQLite database", next_step=str(file))
    assert file.read_text() == "shopping list\n" * 100


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but not listening
        port = closed.getsockname()[1]
        done = alembic("upgrade", "head", url=f"postgresql://cts:geheim@127.0.0.1:{port}/cts")
    refused(done, 3, "cannot be reached", "cts:***@127.0.0.1", next_step=f"pg_isready -h 127.0.0.1 -p {port}")


def test_wrong_credentials_are_named(postgres_url: str) -> None:
    url = normalize(postgres_url).set(username="nobody_at_all", password="geheim")
    given = url.render_as_string(hide_password=False)
    refused(
        alembic("upgrade", "head", url=given), 3, "refused the user", "nobody_at_all:***@", next_step="-U nobody_at_all"
    )


def test_a_missing_database_and_a_missing_schema_are_named(server: Server, postgres_url: str) -> None:
    missing = normalize(postgres_url).set(database="no_such_database").render_as_string(hide_password=False)
    refused(alembic("current", url=missing), 3, "no database of this name", next_step="createdb")
    for arguments in (("upgrade", "head"), ("current",)):
        done = alembic("-x", "schema=nowhere", *arguments, url=postgres_url)
        refused(done, 3, "no schema of this name", "nowhere", next_step="CREATE SCHEMA nowhere")


@pytest.fixture
def guest(server: Server) -> Iterator[sa.URL]:
    """A database in which the user of the URL may create nothing."""
    role = f"guest_{uuid.uuid4().hex[:8]}"
    url = server.create()
    server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'geheim'")
    with Database(url) as database:
        database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # the default since PostgreSQL 15
    yield url.set(username=role, password="geheim")
    server.drop(url)
    server.execute(f"DROP ROLE {role}")


def test_a_user_who_may_create_nothing_is_told_what_is_missing(guest: sa.URL) -> None:
    url = guest.render_as_string(hide_password=False)
    step = f"GRANT USAGE, CREATE ON SCHEMA public TO {guest.username}"
    refused(alembic("upgrade", "head", url=url), 3, "lacks a privilege", next_step=step)


# Somebody else is there


@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_that_another_program_keeps_locked_is_given_up_in_time(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "cts.db"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute(f"BEGIN {mode}")
    done = alembic("-x", "wait=1", "upgrade", "head", url=f"sqlite:///{file}")
    holder.close()
    refused(done, 4, "locked", str(file), next_step=f"fuser -v {file}")
    assert file.read_bytes() == b""


def test_a_wait_is_said_of_functions_too(tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SchemaError) as caught:
        initialize(f"sqlite:///{file}", wait=0.2)
    holder.close()
    assert caught.value.exit_code == 4


def test_options_of_functions_are_checked_like_those_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        upgrade(f"sqlite:///{tmp_path / 'cts.db'}", schema="app")
