"""A rehearsal does to a copy what an upgrade would do, says what it took, and touches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import create_engine, downgrade, rehearse, status, upgrade
from cts_schema.exceptions import DecisionNeeded, NotPermitted, RevisionFailed
from cts_schema.maintenance import programs
from cts_schema.schema.scripts import revisions
from tests.legacy.catalogue import build
from tests.legacy.census import census
from tests.support import client
from tests.support.databases import Database
from tests.support.lines import scripts_in_use
from tests.support.program import cts_schema
from tests.support.state import catalogue_of


@pytest.fixture(autouse=True)
def _client_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the programs that come with the server of the tests."""
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


@contextmanager
def untouched(database: Database) -> Iterator[None]:
    """Check that a database is as it was afterwards, and that no copy is left."""

    def state() -> Any:
        with database.engine.connect() as connection:
            found = census(connection), catalogue_of(database)
        if database.kind == "sqlite":
            return found, sorted(path.name for path in Path(database.location.database or "").parent.rglob("*"))
        return found, database.rows("SELECT datname FROM pg_database WHERE datname LIKE 'cts\\_rehearsal%'")

    before = state()
    database.engine.dispose()
    yield
    assert state() == before


def test_an_adoption_is_rehearsed_step_by_step(database: Database) -> None:
    with database.engine.connect() as connection:
        build(connection, "integer_installation", "dirty")
    with untouched(database):
        done = rehearse(database.url)
    assert [step.revision for step in done.applied] == list(revisions())
    assert (done.before, done.after, done.differences) == (None, "060", ())
    assert done.bytes_after > done.bytes_before > 0
    assert done.duration_ms > 0
    assert ("the whole file" if database.kind == "sqlite" else "pseudo_positions") in done.locks
    real = upgrade(database.url)
    assert done.adopted is not None
    assert real.adopted is not None
    assert (real.adopted.rows, real.adopted.leftovers) == (done.adopted.rows, done.adopted.leftovers)


def test_a_database_in_use_is_rehearsed_too(head: Database) -> None:
    downgrade(head.url, "053")
    head.execute("INSERT INTO users (username, password_hash) VALUES ('me', 'x')")
    with head.engine.connect() as user:
        assert user.execute(sa.text("SELECT count(*) FROM users")).scalar() == 1
        done = rehearse(head.url)
    assert (done.before, done.after, done.differences) == ("053", "060", ())
    assert status(head.url).revision == "053"


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_search_path_of_the_database_is_that_of_the_copy(database: Database) -> None:
    database.execute("CREATE SCHEMA app")
    database.execute(f'ALTER DATABASE "{database.location.database}" SET search_path = app, public')
    database.engine.dispose()
    upgrade(database.url, "058")
    assert [step.revision for step in rehearse(database.url).applied] == ["059", "060"]
    with database.engine.connect() as user:  # then it is copied by a dump
        user.execute(sa.text("SELECT 1"))
        assert [step.revision for step in rehearse(database.url).applied] == ["059", "060"]


def test_what_would_stop_the_upgrade_stops_the_rehearsal(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database.execute("CREATE TABLE users (uid INTEGER PRIMARY KEY, login TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'me')")
    with untouched(database):
        with pytest.raises(DecisionNeeded, match="was not touched") as caught:
            rehearse(database.url)
        assert "rehearsal" not in str(caught.value.place["database"])
        assert rehearse(database.url, yes=True).after == "060"
        with scripts_in_use(tmp_path_factory.mktemp("copy")) as scripts:
            scripts.add("fails", "raise RuntimeError('on purpose')")
            with pytest.raises(RevisionFailed, match="on purpose"):
                rehearse(database.url, yes=True)


def test_what_differs_from_the_models_in_the_end_is_told(head: Database) -> None:
    head.execute("ALTER TABLE portfolios ADD COLUMN mine integer")
    head.execute("DELETE FROM schema_migrations WHERE migration_id = 36")
    with untouched(head):
        done = rehearse(head.url)
    assert "mine" in " ".join(done.differences)
    head.engine.dispose()
    outcome = cts_schema("rehearse", url=head.url)
    assert outcome.code == 1, outcome
    assert "differs: " in outcome.out


def test_the_command_tells_what_it_took(head: Database) -> None:
    downgrade(head.url, "058")
    with untouched(head):
        shown = cts_schema("rehearse", url=head.url)
        report = json.loads(cts_schema("rehearse", "059", "--json", url=head.url).out)
    assert shown.code == 0, shown
    assert shown.out.startswith("on a copy, which will be removed\n+ 059  create_adoption_leftovers")
    assert "the real run  about" in shown.out
    assert [step["revision"] for step in report["applied"]] == ["059"]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_who_may_not_create_a_database_is_told_what_is_missing(database: Database) -> None:
    role = f"{database.location.database}_plain"
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'geheim'")
    try:
        engine = create_engine(database.location.set(username=role, password="geheim"))
        with pytest.raises(NotPermitted, match=f"ALTER ROLE {role} CREATEDB"):
            rehearse(engine)
    finally:
        database.execute(f"DROP ROLE {role}")
