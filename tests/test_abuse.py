"""Odd names, odd files and narrow rights: each just works, or is one clear error; nothing is lost or left behind."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import (
    SchemaError,
    backup,
    downgrade,
    initialize_async,
    rehearse,
    restore,
    status,
    undo_adoption,
    upgrade,
    wait_for_head,
)
from cts_schema.exceptions import (
    BackupPlaceTaken,
    DatabaseLocked,
    NotABackup,
    NotPermitted,
    OtherSchema,
    ReadOnlyDatabase,
    WrongUrl,
    WrongUsage,
)
from cts_schema.maintenance import programs
from tests.conftest import Server
from tests.support import client
from tests.support.databases import Database
from tests.support.program import alembic, cts_schema, python

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

ODD = ["a \"b\" 'c'; --", "100% :d %(e)s {f}", "$aside$ \\ $verify$", "new\nline", "ü" * 29 + "x"]
with_odd_names = pytest.mark.parametrize("name", ODD, ids=["quotes", "signs", "dollars", "lines", "59 bytes"])


@pytest.fixture(autouse=True)
def _client_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the programs that come with the server of the tests."""
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


def quoted(name: str) -> str:
    """A name as SQL takes it, executed by `Server` or `Database`."""
    return '"' + name.replace('"', '""') + '"'


# Names


@with_odd_names
@on_postgresql
def test_a_schema_may_have_any_name(head: Database, server: Server, name: str, tmp_path: Path) -> None:
    owner = f"the owner {uuid.uuid4().hex[:8]}"  # a listing of pg_restore puts him right behind the name
    head.execute(f'CREATE ROLE "{owner}"')
    escaped = quoted(name).replace(":", r"\:")
    head.execute(f"ALTER SCHEMA public RENAME TO {escaped}")
    head.execute(f'ALTER SCHEMA {escaped} OWNER TO "{owner}"')
    with_schema = alembic("-x", f"schema={name}", "check", url=head.url)
    assert with_schema.out == "No new upgrade operations detected.\n", with_schema
    assert downgrade(head.url, "055", schema=name).after == "055"
    assert upgrade(head.url, schema=name).after == "060"
    made = backup(head.url, tmp_path / "one", schema=name)
    with pytest.raises(SchemaError, match="not empty"):
        restore(made.path, head.url)
    restored = restore(made.path, head.url, force=True)
    assert (restored.revision, restored.tables) == ("060", made.tables)
    assert status(head.url, schema=name).at_head
    script = alembic("-x", f"schema={name}", "upgrade", "head", "--sql", url=head.url).out
    assert f"SET search_path TO {quoted(name)};" in script
    head.engine.dispose()
    server.execute(f"DROP DATABASE {head.location.database} WITH (FORCE)")
    server.execute(f'DROP ROLE "{owner}"')


@with_odd_names
def test_a_version_table_may_have_any_name(head: Database, name: str, tmp_path: Path) -> None:
    head.execute(f"ALTER TABLE alembic_version RENAME TO {quoted(name)}".replace(":", r"\:"))
    assert upgrade(head.url, version_table=name).applied == ()
    assert downgrade(head.url, "059", version_table=name).after == "059"
    assert upgrade(head.url, version_table=name).after == "060"
    made = backup(head.url, tmp_path / "copy", version_table=name)
    assert restore(made.path, head.url, force=True, version_table=name).revision == "060"


@pytest.mark.parametrize("name", ["", "a\0b", "users", "schema_migrations"])
def test_a_version_table_that_cannot_be_one_is_refused(database: Database, name: str) -> None:
    with pytest.raises(WrongUsage, match="version_table"):
        upgrade(database.url, version_table=name)
    assert database.tables() == set()


@on_sqlite
def test_a_name_that_sqlite_keeps_for_itself_is_refused(database: Database) -> None:
    with pytest.raises(WrongUsage, match="SQLite reserves names"):
        upgrade(database.url, version_table="sqlite_version")


@on_postgresql
def test_a_name_that_postgresql_would_cut_off_is_refused(database: Database) -> None:
    options: list[dict[str, Any]] = [
        {"version_table": "v" * 60},
        {"version_table": "ü" * 30},
        {"schema": "s" * 64},
        {"schema": ""},
    ]
    for option in options:
        for call in (upgrade, status, backup, rehearse):
            with pytest.raises(WrongUsage, match=next(iter(option))):
                call(database.url, **option)
    assert database.tables() == set()


OLD = (
    "CREATE TABLE users (id integer PRIMARY KEY, username varchar(50) NOT NULL, password_hash text)",
    "INSERT INTO users VALUES (1, 'satoshi', 'x')",
)
NAMES_OF_FILES = ["my 'own' \"trades\" 50% #1;z.db", "-rf.sqlite", "n" * 240 + ".db", "\u8868\n.db"]


@pytest.mark.parametrize("name", NAMES_OF_FILES, ids=["signs", "option", "long", "unicode"])
@on_sqlite
def test_a_file_may_have_any_name(database: Database, name: str, tmp_path: Path) -> None:
    file = tmp_path / "place" / name
    file.parent.mkdir()
    url = sa.URL.create("sqlite", database=str(file))
    with Database(url) as old:
        for statement in OLD:
            old.execute(statement)
    rehearsed = rehearse(url)
    assert (rehearsed.after, rehearsed.differences) == ("060", ())
    assert rehearsed.bytes_after > rehearsed.bytes_before > 0
    assert upgrade(url).adopted is not None
    assert undo_adoption(url)
    assert status(url).unadopted == ("users",)
    assert upgrade(url).after == "060"
    made = backup(url)
    assert restore(made.path, url, force=True).revision == "060"
    assert {path.parent.name for path in file.parent.rglob("*.db*")} <= {"place", "backups"}
    assert not list(tmp_path.rglob("*.unfinished"))


@on_postgresql
def test_a_nul_in_a_url_is_refused_before_another_database_is_taken(database: Database) -> None:
    location = database.location
    named = f"{location.database}\0x"
    for given in (location.set(database=named), location.set(username=named), "sqlite:///a\0b"):
        for call in (upgrade, status, backup):
            with pytest.raises(WrongUrl, match="NUL"):
                call(given)


def test_bytes_that_are_no_text_are_refused() -> None:
    for given in (sa.make_url("sqlite:///a\udcff"), "sqlite:///a\udcff"):
        with pytest.raises(WrongUrl, match="UTF-8"):
            status(given)


# Search paths and rights


def in_front(database: Database, path: str) -> None:
    """Set a search path for whoever connects from now on."""
    database.execute(f"ALTER DATABASE {database.location.database} SET search_path = {path}")
    database.engine.dispose()


@on_postgresql
def test_tables_are_never_spread_over_two_schemas_of_a_search_path(head: Database) -> None:
    assert downgrade(head.url, "055").after == "055"
    head.execute("CREATE SCHEMA app")
    in_front(head, "app, public")
    before = head.snapshot()
    for call in (upgrade, lambda url: downgrade(url, "035")):
        with pytest.raises(OtherSchema) as caught:
            call(head.url)
        assert "cts_schema.upgrade(target, schema='public')" in str(caught.value.next_step)
    assert head.snapshot() == before
    assert head.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'app'") == 0
    assert upgrade(head.url, schema="public").after == "060"
    assert upgrade(head.url).applied == ()


@on_postgresql
def test_tables_of_others_behind_the_first_schema_are_not_taken_for_ours(database: Database) -> None:
    database.execute("CREATE TABLE public.users (id integer)")
    database.execute("CREATE SCHEMA app")
    in_front(database, "app, public")
    done = alembic("upgrade", "head", url=database.url)
    assert (done.code, "-x schema=public" in done.err, "Traceback" in done.err) == (3, True, False), done
    assert upgrade(database.url, schema="app").after == "060"
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1


@pytest.mark.parametrize("path", ["nowhere, public", "app, public"])
@on_postgresql
def test_the_first_schema_that_there_is_gets_everything(database: Database, path: str, tmp_path: Path) -> None:
    in_front(database, path)
    if path.startswith("app"):
        database.execute("CREATE SCHEMA app")
    assert upgrade(database.url).after == "060"
    made = backup(database.url, tmp_path / "copy")
    assert downgrade(database.url, "055").after == "055"
    assert restore(made.path, database.url, force=True).revision == "060"
    found = database.rows("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('users', 'alembic_version')")
    assert ("app",) in found if path.startswith("app") else ("public",) in found
    assert alembic("check", url=database.url).code == 0


@pytest.fixture
def guest(head: Database, server: Server) -> Iterator[sa.URL]:
    """The URL of a database at head, for a user who owns nothing in it and has an odd name."""
    role = f"the 'odd' \"guest\" 50% :@/ {uuid.uuid4().hex[:8]}"
    server.execute(f"CREATE ROLE {quoted(role)} LOGIN PASSWORD 'geheim'".replace("%", "%%"))
    yield head.location.set(username=role, password="geheim")
    head.engine.dispose()
    server.drop(head.location)
    server.execute(f"DROP ROLE {quoted(role)}".replace("%", "%%"))


@on_postgresql
def test_whoever_may_not_read_is_told_and_not_asked_for_the_wrong_right(guest: sa.URL, tmp_path: Path) -> None:
    url = guest.render_as_string(hide_password=False)
    for command in (
        "upgrade",
        "downgrade 055 --yes",
        "status",
        "history",
        "adopt",
        "adopt --plan",
        f"backup {tmp_path}",
    ):
        done = cts_schema(*command.split(), url=url)
        assert (done.code, "lacks a privilege" in done.err) == (3, True), (command, done)
        assert "as the owner of the reported object" in done.err
        assert "geheim" not in done.err
        assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


@on_postgresql
def test_whoever_may_only_read_can_look_and_changes_nothing(head: Database, guest: sa.URL, tmp_path: Path) -> None:
    role = quoted(guest.username or "").replace(":", r"\:")
    for what in ("TABLES", "SEQUENCES"):
        head.execute(f"GRANT SELECT ON ALL {what} IN SCHEMA public TO {role}")
    before = head.snapshot()
    assert status(guest).at_head
    assert upgrade(guest).applied == ()
    made = backup(guest, tmp_path)
    with pytest.raises(NotPermitted):
        downgrade(guest, "055")
    with pytest.raises(SchemaError) as caught:
        restore(made.path, guest, force=True)
    assert caught.value.exit_code == 3
    with pytest.raises(NotPermitted) as missing:
        rehearse(guest)
    assert role.replace(r"\:", ":") in str(missing.value.next_step)
    assert head.snapshot() == before


@on_postgresql
def test_the_command_that_gives_a_right_can_be_pasted(head: Database, guest: sa.URL) -> None:
    head.execute('CREATE SCHEMA "the schema"')
    head.execute(f'GRANT USAGE ON SCHEMA "the schema" TO {quoted(guest.username or "")}'.replace(":", r"\:"))
    with pytest.raises(NotPermitted) as caught:
        upgrade(guest, schema="the schema")
    command = str(caught.value.next_step).partition(": ")[2]
    assert command.startswith('GRANT USAGE, CREATE ON SCHEMA "the schema" TO ')
    head.execute(command.replace(":", r"\:"))
    assert upgrade(guest, schema="the schema").after == "060"


@on_postgresql
def test_a_server_that_may_only_be_read_is_told_by_whatever_would_write(head: Database, tmp_path: Path) -> None:
    head.execute(f"ALTER DATABASE {head.location.database} SET default_transaction_read_only = on")
    head.engine.dispose()
    before = head.snapshot()
    made = backup(head.url, tmp_path)
    assert made.revision == "060"
    for call in (lambda: downgrade(head.url, "055"), lambda: restore(made.path, head.url, force=True)):
        with pytest.raises(ReadOnlyDatabase, match="is read-only"):
            call()
    assert cts_schema("adopt", "--plan", url=head.url).code == 0
    assert cts_schema("history", url=head.url).code == 0
    assert head.snapshot() == before


def test_what_others_have_keeps_its_odd_names_and_values_through_everything(database: Database, tmp_path: Path) -> None:
    long = "l" * 63
    odd = "o \"dd\" 'x' 50% %s :p; {f} \\ $$"
    values = ['it\'s "50%" :p; {x} $$ \\ %(a)s', "\u8868 \U0001f600\nx\t--", ""]
    names = [quoted(f"{odd} {kind}").replace(":", r"\:") for kind in ("table", "column", "index", "trigger")]
    table, column, index, trigger = names
    action = (
        f"BEGIN UPDATE {long} SET {long} = {long} WHERE 0; END"
        if database.kind == "sqlite"
        else "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    )
    for statement in (
        *OLD,
        f"CREATE TABLE {table} ({column} text, user_id integer REFERENCES users (id))",
        f"CREATE INDEX {index} ON {table} ({column})",
        f"CREATE TABLE {long} ({long} text)",
        f"CREATE INDEX {long[1:]}i ON {long} ({long})",
        f"CREATE TRIGGER {trigger} {'AFTER' if database.kind == 'sqlite' else 'BEFORE'} UPDATE ON {table} {action}",
    ):
        database.execute(statement)
    for value in values:
        database.execute(f"INSERT INTO {table} VALUES (:value, 1)", {"value": value})
        database.execute(f"INSERT INTO {long} VALUES (:value)", {"value": value})

    def there() -> bool:
        found = [database.rows(f"SELECT {name} FROM {of}") for name, of in ((column, table), (long, long))]
        return [sorted(rows) for rows in found] == [sorted((value,) for value in values)] * 2

    assert upgrade(database.url, wait=5).adopted is not None
    assert there()
    assert status(database.url).unmanaged == tuple(sorted([f"{odd} table", long]))
    made = backup(database.url, tmp_path / "copy")
    assert undo_adoption(database.url)
    assert there()
    assert upgrade(database.url).after == "060"
    assert downgrade(database.url, "055").after == "055"
    assert upgrade(database.url).after == "060"
    database.execute(f"DELETE FROM {table}")
    assert restore(made.path, database.url, force=True).revision == "060"
    assert there()


# Places


@on_sqlite
def test_a_link_to_a_file_that_is_missing_is_looked_at_and_left_alone(database: Database, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "disk.db")
    url = f"sqlite:///{tmp_path / 'link.db'}"
    assert status(url).revision is None
    assert alembic("current", url=url).code == 0
    assert not (tmp_path / "disk.db").exists()


@on_sqlite
def test_two_points_behind_a_link_mean_the_file_that_sqlalchemy_opens(database: Database, tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    url = f"sqlite:///{tmp_path / 'link' / '..' / 'new.db'}"
    assert upgrade(url).after == "060"
    assert status(url).at_head
    wait_for_head(url, timeout=0)
    assert Path(backup(url, tmp_path / "copy").path).exists()
    assert (tmp_path / "new.db").exists()


@on_sqlite
def test_a_link_to_the_file_stays_one(head: Database, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "far" / "link.db"
    link.symlink_to(str(head.location.database))
    url = f"sqlite:///{link}"
    made = backup(url, tmp_path / "copy")
    assert downgrade(url, "055").after == "055"
    assert restore(made.path, url, force=True).revision == "060"
    assert link.is_symlink()
    assert status(head.url).at_head
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == ["link.db"]


@pytest.mark.parametrize("kind_of_place", ["pipe", "loop"])
def test_what_is_no_file_is_no_database(kind_of_place: str, tmp_path: Path) -> None:
    made = backup(_at_head(tmp_path), tmp_path / "copy")
    place = tmp_path / "place.db"
    if kind_of_place == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place)
    before = sorted(tmp_path.iterdir())
    url = f"sqlite:///{place}"
    for call in (upgrade, status, backup, rehearse, lambda url: restore(made.path, url)):
        with pytest.raises(SchemaError) as caught:
            call(url)
        assert caught.value.exit_code in (2, 3)
        assert str(place) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_file_is_no_backup(database: Database, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotABackup, match="ordinary"):
        restore(tmp_path / "pipe", database.url)


def test_a_manifest_overwrites_nothing(head: Database, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("mine")
    with pytest.raises(BackupPlaceTaken):
        backup(head.url, tmp_path / "settings")
    assert [(path.name, path.read_text()) for path in tmp_path.glob("settings*")] == [("settings.json", "mine")]


def _at_head(folder: Path) -> str:
    url = f"sqlite:///{folder / 'cts.db'}"
    upgrade(url)
    return url


# Damaged files


@pytest.mark.parametrize("content", ["half", "noise", "text"])
def test_a_file_that_is_damaged_is_told_by_every_command_and_left_alone(content: str, tmp_path: Path) -> None:
    file = tmp_path / "cts.db"
    upgrade(f"sqlite:///{file}")
    whole = file.read_bytes()
    contents = {"half": whole[: len(whole) // 2 + 100], "noise": Random(1).randbytes(40_000), "text": b"hello\n" * 1000}
    file.write_bytes(contents[content])
    for command in ("upgrade", "downgrade 055 --yes", "status", "history", "adopt", "adopt --plan", "adopt --undo",
                    "backup", "rehearse"):  # fmt: skip
        done = cts_schema(*command.split(), url=f"sqlite:///{file}")
        assert (done.code, "is not a SQLite database" in done.err) == (3, True), (command, done)
        assert "Traceback" not in done.err
    assert alembic("current", url=f"sqlite:///{file}").code == 3
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("cts.db", contents[content])]


def test_what_a_killed_writer_has_left_is_rolled_back_by_whatever_comes_first(tmp_path: Path) -> None:
    calls: list[Callable[[str], object]] = [status, upgrade, backup, rehearse]
    for number, call in enumerate(calls):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        upgrade(url)
        killed = f"""
import os, sqlite3
connection = sqlite3.connect({str(tmp_path / f"{number}.db")!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.executescript("BEGIN; DELETE FROM alembic_version; CREATE TABLE x AS WITH RECURSIVE r (n) AS "
    "(SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 300) SELECT randomblob(2000) FROM r")
os.kill(os.getpid(), 9)
"""
        assert python(killed).code == -9
        assert (tmp_path / f"{number}.db-journal").stat().st_size > 0
        call(url)
        assert (status(url).revision, status(url).unmanaged) == ("060", ())


# A table that somebody keeps locked


@pytest.mark.parametrize("table", ["alembic_version", "schema_migrations"])
@on_postgresql
def test_a_table_that_somebody_keeps_locked_is_given_up_in_time(head: Database, table: str) -> None:
    with head.engine.begin() as holder:
        holder.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        for call in (upgrade, status, lambda url, wait: asyncio.run(initialize_async(url, wait=wait))):
            with pytest.raises(DatabaseLocked):
                call(head.url, wait=0)
        for command in ("upgrade", "status"):
            assert cts_schema(command, "--wait", "0", url=head.url).code == 4
    assert upgrade(head.url, wait=0).applied == ()
