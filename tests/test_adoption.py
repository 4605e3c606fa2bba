"""A plain upgrade adopts legacy databases, and loses nothing of them."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from cts_schema import (
    SchemaError,
    adopt,
    create_engine,
    finalize_adoption,
    plan_adoption,
    status,
    undo_adoption,
    upgrade,
    upgrade_async,
)
from cts_schema.adoption import target
from cts_schema.ddl.triggers import LEGACY_FUNCTION
from cts_schema.exceptions import (
    EXIT_DECISION,
    AdoptionBlocked,
    AdoptionFailed,
    ChangedSince,
    DatabaseLocked,
    DecisionNeeded,
    NoAdoption,
    RevisionFailed,
    UnadoptedDatabase,
    WrongUsage,
)
from cts_schema.models import Base
from cts_schema.schema.scripts import ADOPTION_REVISION, head, revisions
from cts_schema.schema.snapshot import differences
from tests.legacy.catalogue import VARIANTS, Filling, build
from tests.legacy.census import Values, census
from tests.legacy.lost import lost
from tests.support.databases import Database
from tests.support.lines import scripts_in_use
from tests.support.program import alembic
from tests.support.state import catalogue_of

FILLINGS: tuple[Filling, ...] = ("clean", "dirty")
CASES = [(kind, variant, filling) for variant, engines in VARIANTS.items() for kind in engines for filling in FILLINGS]
every_legacy_database = pytest.mark.parametrize(("kind", "variant", "filling"), CASES, indirect=["kind"])


def built(database: Database, variant: str, filling: Filling) -> dict[str, Values]:
    """Build an old database and return its census."""
    with database.engine.connect() as connection:
        build(connection, variant, filling)
    return counted(database)


def counted(database: Database) -> dict[str, Values]:
    with database.engine.connect() as connection:
        return census(connection)


def missing(database: Database, before: dict[str, Values]) -> list[str]:
    with database.engine.connect() as connection:
        return lost(before, connection)


#: Of these some table would lose all its rows, which are orphans.
NEEDS_YES = {("numbered", "sqlite", filling) for filling in FILLINGS} | {
    (variant, kind, "dirty")
    for variant in ("initializer", "array_inline", "initializer_route_half_array", "all_ledgers", "unified")
    for kind in VARIANTS[variant]
}


@every_legacy_database
def test_a_legacy_database_comes_to_head_by_a_plain_upgrade_and_nothing_is_lost(
    database: Database, variant: str, filling: Filling
) -> None:
    before = built(database, variant, filling)
    if (variant, database.kind, filling) in NEEDS_YES:
        with pytest.raises(DecisionNeeded, match="all of the table"):
            upgrade(database.url)
        report = adopt(database.url, yes=True)
    else:
        report = upgrade(database.url)
    assert (report.before, report.after) == (None, head())
    assert report.adopted is not None
    assert missing(database, before) == []
    assert status(database.url).at_head


@pytest.mark.parametrize("variant", ["integer_installation", "all_ledgers"])
def test_the_command_line_adopts_too_and_finds_no_difference_afterwards(database: Database, variant: str) -> None:
    before = built(database, variant, "dirty")
    outcome = alembic("-x", "yes", "upgrade", "head", url=database.url)
    assert (outcome.code, outcome.err) == (0, "")
    assert "verified" in outcome.out
    assert "adoption_leftovers" in outcome.out
    assert missing(database, before) == []
    assert alembic("check", url=database.url).code == 0


def test_an_adopted_schema_is_that_of_a_fresh_installation(database: Database, head: Database) -> None:
    built(database, "integer_installation", "clean")
    upgrade(database.url)
    ours = (*target.tables(), "alembic_version")
    assert differences(database.snapshot().only(ours), head.snapshot().only(ours)) == {}


def test_adopting_twice_finds_nothing_to_do(database: Database) -> None:
    built(database, "initializer", "dirty")
    adopt(database.url, yes=True)
    before = counted(database), catalogue_of(database)
    report = adopt(database.url, yes=True)
    assert (report.applied, report.adopted) == ((), None)
    assert (counted(database), catalogue_of(database)) == before
    assert plan_adoption(database.url) is None


def test_the_old_runner_finds_nothing_left_to_do_and_its_own_rows_keep_their_times(database: Database) -> None:
    built(database, "all_ledgers", "clean")
    rows = "SELECT migration_id, migration_name, version, executed_at, source FROM schema_migrations"
    old = database.rows(
        "SELECT coalesce(migration_name, version), coalesce(executed_at, applied_at) FROM schema_migrations"
    )
    old += database.rows('SELECT name, "executedAt" FROM migrations')
    upgrade(database.url)
    found = database.rows(rows)
    numbers = {row[0] for row in found}
    assert numbers >= {36, 37, 38, 51, 53, 54, 55, 56, 57}
    assert numbers >= {int(revision) for revision in revisions()}
    assert {row[4] for row in found} >= {"array", "migrations_table", "alembic"}
    for name, moment in old:
        kept = [row[3] for row in found if name in (row[1], row[2])]
        assert any(_plain(moment) == _plain(one) for one in kept), name
    # 57 was an example that nobody ran: its number is ours now.
    assert [row[1] for row in found if row[0] == 57] == [revisions()["057"]]


def _plain(moment: Any) -> str:
    text = moment.isoformat(sep=" ") if isinstance(moment, datetime) else str(moment)
    return text.replace("T", " ").replace("Z", "")[:19]


@pytest.mark.parametrize("variant", ["numbered", "initializer_route_half_array"])
def test_a_plan_touches_nothing_and_says_what_then_happens(database: Database, variant: str) -> None:
    built(database, variant, "dirty")
    before = counted(database), catalogue_of(database)
    plan = plan_adoption(database.url)
    assert (counted(database), catalogue_of(database)) == before
    assert plan is not None
    assert json.loads(json.dumps(plan.as_dict()))["rows"] == plan.rows
    report = adopt(database.url, yes=True)
    assert report.adopted is not None
    assert (report.adopted.tables, report.adopted.rows) == (len(plan.tables), plan.rows)
    for table in plan.tables:
        assert table.name in str(plan)
        assert f"{table.rows:,}" in str(plan)


def test_neither_plan_nor_error_shows_a_secret(database: Database) -> None:
    built(database, "initializer", "clean")
    database.execute("UPDATE exchange_connections SET api_key = 'K3Y', api_secret = 'S3CRET', api_type = 'S3CRET'")
    plan = plan_adoption(database.url)
    report = upgrade(database.url)
    for text in (str(plan), repr(plan), json.dumps(plan.as_dict() if plan else None), repr(report)):
        assert "K3Y" not in text
        assert "S3CRET" not in text


PARENT = (
    "CREATE TABLE exchange_connections (id TEXT PRIMARY KEY, name TEXT)",
    "INSERT INTO exchange_connections VALUES ('a', 'fine'), ('b', NULL)",
    "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id TEXT, symbol TEXT, entry_price REAL)",
    "INSERT INTO pseudo_positions VALUES (1, 'a', 'A', 1), (2, 'b', 'B', 1)",
)


def test_a_row_with_children_that_cannot_be_kept_is_for_a_person_to_decide(database: Database) -> None:
    for statement in PARENT:
        database.execute(statement)
    before = counted(database), catalogue_of(database)
    with pytest.raises(DecisionNeeded) as caught:
        upgrade(database.url)
    assert caught.value.exit_code == EXIT_DECISION
    assert "exchange_connections" in str(caught.value)
    assert (counted(database), catalogue_of(database)) == before
    outcome = alembic("upgrade", "head", url=database.url)
    assert outcome.code == EXIT_DECISION
    assert "alembic -x yes upgrade head" in outcome.err
    plan = plan_adoption(database.url)
    assert plan is not None
    assert len(plan.decisions) == 1
    assert alembic("-x", "yes", "upgrade", "head", url=database.url).code == 0
    assert missing(database, before[0]) == []
    assert database.rows("SELECT id FROM exchange_connections") == [("a",)]


def test_orphans_stop_everything_where_that_is_asked_for(database: Database) -> None:
    database.execute(
        "CREATE TABLE pseudo_positions (id INTEGER PRIMARY KEY, connection_id TEXT, symbol TEXT, entry_price REAL)"
    )
    database.execute("INSERT INTO pseudo_positions VALUES (1, 'gone', 'A', 1)")
    before = counted(database), catalogue_of(database)
    with pytest.raises(AdoptionBlocked, match="cannot be adopted"):
        adopt(database.url, orphans="fail", yes=True)
    assert (counted(database), catalogue_of(database)) == before
    with pytest.raises(WrongUsage):
        adopt(database.url, orphans="ignore")
    adopt(database.url, yes=True)
    assert database.value("SELECT reason FROM adoption_leftovers") == "orphan"


def test_a_view_with_the_name_of_a_table_of_ours_stops_everything(database: Database) -> None:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT)")
    database.execute("CREATE VIEW orders AS SELECT id FROM users")
    before = counted(database), catalogue_of(database)
    with pytest.raises(SchemaError, match="cannot be adopted") as caught:
        upgrade(database.url)
    assert caught.value.exit_code == EXIT_DECISION
    assert (counted(database), catalogue_of(database)) == before


def test_a_legacy_database_is_adopted_at_one_revision_and_not_before_it(database: Database) -> None:
    built(database, "route", "clean")
    before = counted(database)
    with pytest.raises(WrongUsage, match=ADOPTION_REVISION):
        upgrade(database.url, "055")
    assert counted(database) == before


@pytest.mark.parametrize("command", [("current",), ("check",), ("stamp", "head"), ("downgrade", "base")])
def test_other_commands_refuse_a_legacy_database(database: Database, command: tuple[str, ...]) -> None:
    built(database, "route", "clean")
    before = counted(database), catalogue_of(database)
    outcome = alembic(*command, url=database.url)
    assert outcome.code == UnadoptedDatabase.exit_code
    assert "alembic upgrade head" in outcome.err
    assert (counted(database), catalogue_of(database)) == before


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg", "aiosqlite"])
def test_an_asynchronous_application_adopts_by_the_same_road(database: Database, driver: str) -> None:
    if (driver == "aiosqlite") != (database.kind == "sqlite"):
        return  # each driver is for one of the databases
    before = built(database, "integer_installation", "dirty")

    async def run() -> None:
        engine = create_async_engine(database.async_url(driver))
        async with engine.connect() as connection:
            plan = await connection.run_sync(plan_adoption)
        assert plan is not None
        report = await upgrade_async(engine)
        await engine.dispose()
        assert report.adopted is not None

    asyncio.run(run())
    assert missing(database, before) == []


def test_an_adoption_goes_with_the_transaction_of_its_caller(database: Database) -> None:
    before = built(database, "initializer", "clean"), catalogue_of(database)
    with database.engine.connect() as connection:
        if database.kind == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        with connection.begin() as transaction:
            upgrade(connection)
            transaction.rollback()
    assert (counted(database), catalogue_of(database)) == before
    with database.engine.connect() as connection:
        if database.kind == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        with connection.begin():
            if database.kind == "postgresql":
                connection.exec_driver_sql("SET LOCAL DateStyle = 'German, DMY'")
            upgrade(connection)
            if database.kind == "postgresql":
                assert connection.exec_driver_sql("SHOW DateStyle").scalar() == "German, DMY"
    assert missing(database, before[0]) == []


@pytest.mark.parametrize("variant", ["integer_installation", "all_ledgers"])
def test_an_adoption_can_be_undone_to_the_last_grant(database: Database, variant: str) -> None:
    before = built(database, variant, "dirty"), catalogue_of(database)
    adopt(database.url, yes=True)
    said = undo_adoption(database.url)
    assert "back" in said
    assert (counted(database), catalogue_of(database)) == before
    with pytest.raises(NoAdoption):
        undo_adoption(database.url)
    adopt(database.url, yes=True)
    assert missing(database, before[0]) == []


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO users (username, password_hash) VALUES ('new', 'x')",
        "UPDATE exchange_connections SET name = 'another'",
        "DELETE FROM site_logs WHERE id = (SELECT min(id) FROM site_logs)",
        "INSERT INTO site_logs (message) VALUES ('new')",
        "UPDATE site_logs SET message = 'X'",
    ],
)
def test_what_was_written_since_keeps_an_undo_from_happening(database: Database, change: str) -> None:
    before = built(database, "initializer", "clean")
    upgrade(database.url)
    database.execute(change)
    changed = counted(database)
    with pytest.raises(ChangedSince) as caught:
        undo_adoption(database.url)
    assert caught.value.exit_code == EXIT_DECISION
    assert counted(database) == changed
    undo_adoption(database.url, discard_new=True)
    assert counted(database) == before


def test_a_finalized_adoption_has_no_way_back_on_postgresql(database: Database) -> None:
    built(database, "initializer", "dirty")
    adopt(database.url, yes=True)
    after = {table: values for table, values in counted(database).items() if not table.startswith("cts_legacy.")}
    dropped = finalize_adoption(database.url)
    assert counted(database) == after
    if database.kind == "sqlite":
        assert dropped == ()
        return
    assert any("exchange_connections" in name for name in dropped)
    with pytest.raises(NoAdoption):
        undo_adoption(database.url)
    assert finalize_adoption(database.url) == ()


def test_what_an_earlier_downgrade_has_kept_stays_as_it_is(database: Database) -> None:
    database.execute("CREATE TABLE cts_kept_035_users (id TEXT, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO cts_kept_035_users VALUES ('k', 'kept', 'x')")
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'old', 'x')")
    upgrade(database.url)
    assert database.rows("SELECT id, username FROM users") == [("1", "old")]
    assert database.rows("SELECT id, username FROM cts_kept_035_users") == [("k", "kept")]


def test_an_adoption_expects_the_schema_that_the_line_builds(database: Database) -> None:
    upgrade(database.url, ADOPTION_REVISION)
    found = differences(target.expected(database.kind), database.snapshot())
    assert found.pop("alembic_version") == "extra"
    assert found.keys() <= {LEGACY_FUNCTION}


def test_the_tables_of_a_trial_are_those_of_an_adoption(database: Database) -> None:
    with database.engine.begin() as connection:
        target.create(connection)
    assert differences(database.snapshot(), target.expected(database.kind)) == {}


def test_a_database_made_from_the_models_and_not_stamped_is_an_old_one_like_any_other(database: Database) -> None:
    Base.metadata.create_all(database.engine)
    database.execute("INSERT INTO users (id, username, password_hash) VALUES ('u', 'me', 'x')")
    before = counted(database)
    assert upgrade(database.url).adopted is not None
    assert missing(database, before) == []
    assert database.value("SELECT id FROM users") == "u"


def test_an_undo_on_sqlite_would_lose_what_was_written_into_any_table(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        database.execute("CREATE TABLE mine (a INTEGER)")
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
        upgrade(database.url)
        database.execute("INSERT INTO mine VALUES (1)")
        with pytest.raises(ChangedSince, match="would lose") as caught:
            undo_adoption(database.url)
        assert caught.value.place["tables"] == "mine"


def test_an_undo_takes_the_backup_of_its_own_database(tmp_path: Path) -> None:
    with (
        Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as one,
        Database(sa.make_url(f"sqlite:///{tmp_path / 'cts-test.db'}")) as other,
    ):
        for database in (one, other):
            database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
            database.execute(f"INSERT INTO users VALUES (1, '{database.location.database}', 'x')")
            upgrade(database.url)
        undo_adoption(one.url)
        assert one.rows("SELECT username FROM users") == [(one.location.database,)]
        assert status(other.url).at_head
        with pytest.raises(NoAdoption):
            undo_adoption(one.url)


def test_a_revision_after_the_adoption_that_fails_is_the_one_that_is_reported(
    database: Database, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'me', 'x')")
    with scripts_in_use(tmp_path / "copy") as scripts:
        scripts.add("fails", "raise RuntimeError('on purpose')")
        with pytest.raises(RevisionFailed, match="061, upgrade"):
            upgrade(database.url)
    # On PostgreSQL the revisions up to the adoption are a transaction of their own.
    assert status(database.url).revision == (None if database.kind == "sqlite" else "060")


def test_a_table_whose_rows_cannot_be_named_is_for_a_person_to_change(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        database.execute("CREATE TABLE users (id TEXT, username TEXT, password_hash TEXT, rowid TEXT, _rowid_, oid)")
        with pytest.raises(AdoptionBlocked, match="table users has columns called rowid"):
            upgrade(database.url)


def test_an_engine_adopts_tables_without_rowid_again(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        database.execute("CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT, password_hash TEXT) WITHOUT ROWID")
        database.execute("INSERT INTO users VALUES ('u', 'me', 'x')")
        engine = create_engine(database.location)
        for _ in range(2):
            assert upgrade(engine).adopted is not None
            undo_adoption(engine)
        engine.dispose()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_plan_waits_no_longer_than_it_is_told(database: Database) -> None:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    with database.engine.connect() as other:
        other.execute(sa.text("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DatabaseLocked):
            plan_adoption(database.url, wait=0.2)
        other.rollback()
    assert plan_adoption(database.url) is not None


def test_a_failed_adoption_leaves_no_backup(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
        engine = create_engine(database.location)
        sa.event.listen(engine, "before_cursor_execute", _fail_at_the_load)
        with pytest.raises(AdoptionFailed, match="rolled back"):
            upgrade(engine)
        engine.dispose()
        assert list((tmp_path / "backups").iterdir()) == []
        assert upgrade(database.url).adopted is not None


def _fail_at_the_load(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith('INSERT INTO "users"'):
        raise RuntimeError("on purpose")


def test_a_table_that_lacks_what_we_require_may_be_of_another_application(database: Database) -> None:
    database.execute("CREATE TABLE users (uid INTEGER PRIMARY KEY, login TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'me')")
    before = counted(database), catalogue_of(database)
    with pytest.raises(DecisionNeeded, match="if you agree") as caught:
        upgrade(database.url)
    assert "another application" in str(caught.value)
    plan = plan_adoption(database.url)
    assert plan is not None
    assert [(one.table, one.rows, one.ids) for one in plan.decisions] == [("users", 1, ("1",))]
    assert (counted(database), catalogue_of(database)) == before


def test_a_ledger_of_names_may_call_its_rows_like_ours(database: Database) -> None:
    database.execute(
        "CREATE TABLE schema_migrations (id INTEGER PRIMARY KEY, version TEXT UNIQUE, applied_at TIMESTAMP)"
    )
    database.execute("INSERT INTO schema_migrations VALUES (1, '036', '2026-01-01 00:00:00'), (2, '001_x', NULL)")
    upgrade(database.url)
    found = database.rows(
        "SELECT migration_id, version, source FROM schema_migrations WHERE version IN ('036', '001_x')"
    )
    assert sorted(found, key=str) == [(None, "001_x", "route"), (None, "036", "route")]
    assert database.rows("SELECT migration_name FROM schema_migrations WHERE migration_id = 36") == [
        (revisions()["036"],)
    ]
    assert status(database.url).at_head
