"""Odd names, odd files and narrow rights: each just works, or is one clear error; nothing is lost or left behind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import SchemaError, backup, downgrade, rehearse, restore, status, upgrade
from cts_schema.exceptions import WrongUsage
from cts_schema.maintenance import programs
from tests.conftest import Server
from tests.support import client
from tests.support.databases import Database
from tests.support.program import alembic, cts_schema, run

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
    with pytest.raises(WrongUsage, match="SQLite keeps names"):
        upgrade(database.url, version_table="sqlite_version")


@on_postgresql
def test_a_name_that_postgresql_would_cut_off_is_refused(database: Database) -> None:
    for option in ({"version_table": "v" * 60}, {"version_table": "ü" * 30}, {"schema": "s" * 64}, {"schema": ""}):
        for call in (upgrade, status, backup, rehearse):
            with pytest.raises(WrongUsage, match=next(iter(option))):
                call(database.url, **option)
    assert database.tables() == set()
