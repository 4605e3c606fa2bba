"""schema_migrations says what is applied, after every upgrade, downgrade and stamp, to old readers and to new ones."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import Script
from sqlalchemy.sql.dml import Insert

from cts_schema import downgrade, initialize, status, upgrade
from cts_schema.database.options import Options
from cts_schema.exceptions import FalseVersion, LedgerNotWritten, RevisionFailed, UnadoptedDatabase
from cts_schema.migration import ledger
from cts_schema.migration.command import Command
from cts_schema.schema.scripts import revisions, script_location
from tests.support.databases import Database
from tests.support.lines import Scripts, scripts_in_use

LINE = list(revisions())
ROUTE = [
    "001_create_users_table",
    "016_create_exchange_connections_table",
    "017_create_system_settings_table",
    "019_create_volume_management_tables",
    "020_create_presets_tables",
    "027_create_preset_performance_tables",
    "029_create_site_logs_table",
    "048_create_trade_engine_state_table",
]


def recorded(database: Database) -> list[str]:
    """The revisions in the ledger, in order; checks what every row has to say."""
    rows = database.rows(
        "SELECT migration_id, migration_name, version, source FROM schema_migrations "
        "WHERE migration_id IS NOT NULL ORDER BY migration_id"
    )
    for number, name, version, source in rows:
        assert (version, name, source) == (f"{number:03d}", revisions()[version], "alembic")
    return [row[2] for row in rows]


def version(database: Database) -> str | None:
    rows = database.rows("SELECT version_num FROM alembic_version")
    return rows[0][0] if rows else None


def configured(database: Database, folder: Path | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder or script_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = database.engine
    return config


def stamp(database: Database, revision: str, *, purge: bool = False) -> None:
    command.stamp(configured(database), revision, purge=purge)


# Upgrade and downgrade


def test_an_upgrade_records_every_revision_with_its_time(head: Database) -> None:
    assert recorded(head) == LINE
    times = head.rows("SELECT execution_time_ms FROM schema_migrations WHERE migration_id IS NOT NULL")
    assert all(time is not None and 0 <= time < 60_000 for (time,) in times)
    assert head.value("SELECT execution_time_ms FROM schema_migrations WHERE migration_id = 35") > 0


def test_the_time_of_a_revision_is_its_own(database: Database, tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    slow = scripts.add("slow", "import time\ntime.sleep(0.3)")
    quick = scripts.add("quick", "pass")
    began = time.monotonic()
    command.upgrade(configured(database, scripts.folder), "head")
    took = (time.monotonic() - began) * 1000
    times = dict(database.rows("SELECT version, execution_time_ms FROM schema_migrations"))
    assert times[slow] >= 300
    assert sum(one or 0 for one in times.values()) <= took + len(times)  # each is rounded
    assert times.keys() >= {slow, quick}


@pytest.mark.parametrize("revision", ["055", "036", "035"])
def test_a_downgrade_takes_the_rows_of_what_it_undoes_and_an_upgrade_brings_them_back(
    head: Database, revision: str
) -> None:
    downgrade(head.engine, revision)
    assert version(head) == revision
    assert recorded(head) == LINE[: LINE.index(revision) + 1]
    upgrade(head.engine)
    assert version(head) == "060"
    assert recorded(head) == LINE


def test_going_below_the_baseline_takes_the_ledger_away(head: Database) -> None:
    downgrade(head.engine, "base")
    assert version(head) is None
    assert "schema_migrations" not in head.tables()
    upgrade(head.engine)
    assert recorded(head) == LINE


# Stamp


@pytest.mark.parametrize(
    ("start", "target"), [("035", "060"), ("060", "035"), ("060", "038"), ("038", "055"), ("055", "055")]
)
def test_a_stamp_records_all_it_jumps_over(head: Database, start: str, target: str) -> None:
    stamp(head, start)
    stamp(head, target)
    assert version(head) == target
    assert recorded(head) == LINE[: LINE.index(target) + 1]


def test_stamped_revisions_have_no_time(head: Database) -> None:
    stamp(head, "053")
    stamp(head, "056")
    times = dict(head.rows("SELECT version, execution_time_ms FROM schema_migrations WHERE migration_id IS NOT NULL"))
    assert times["053"] is not None
    assert [times[revision] for revision in ("054", "055", "056")] == [None, None, None]


def test_a_stamp_to_the_base_empties_the_ledger_of_our_rows(head: Database) -> None:
    stamp(head, "base")
    assert version(head) is None
    assert recorded(head) == []


def test_a_stamp_on_an_empty_database_makes_a_ledger(database: Database) -> None:
    stamp(database, "053")
    assert version(database) == "053"
    assert recorded(database) == LINE[: LINE.index("053") + 1]
    assert database.tables() == {"alembic_version", "schema_migrations"}


@pytest.mark.parametrize("target", ["038", "060", "base"])
def test_a_stamp_with_purge_leaves_a_true_ledger(head: Database, target: str) -> None:
    head.execute("INSERT INTO alembic_version (version_num) VALUES ('f00dfeed')")  # what purging is for
    stamp(head, target, purge=True)
    assert recorded(head) == (LINE[: LINE.index(target) + 1] if target in LINE else [])
    assert version(head) == (target if target in LINE else None)


def test_a_stamp_is_believed_of_a_database_made_from_the_models(database: Database) -> None:
    from cts_schema.models import Base

    Base.metadata.create_all(database.engine)
    stamp(database, "head")
    assert recorded(database) == LINE
    assert upgrade(database.engine).applied == ()


def test_a_stamp_is_not_believed_of_a_database_of_the_old_application(database: Database) -> None:
    database.execute(
        "CREATE TABLE schema_migrations (id integer PRIMARY KEY, migration_id integer, migration_name text)"
    )
    database.execute("INSERT INTO schema_migrations VALUES (1, 36, 'create_optimal_indication_tables')")
    with pytest.raises(UnadoptedDatabase):
        stamp(database, "head")
    assert database.tables() == {"schema_migrations"}
    assert database.rows("SELECT * FROM schema_migrations") == [(1, 36, "create_optimal_indication_tables")]


# One transaction with the version


@pytest.fixture(params=["the revision fails", "the ledger fails"])
def broken(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """Revisions of which the last one fails, by itself or when its ledger row is written."""
    scripts = Scripts(tmp_path)
    up = "op.create_table('half', sa.Column('id', sa.Integer(), primary_key=True))"
    down = "op.drop_table('half')"
    fails = "\nop.execute('SELECT no_such_column FROM half')" if request.param == "the revision fails" else ""
    scripts.add("broken", up + fails, down)
    if not fails:
        original = ledger._rows

        def failing(dialect: sa.Dialect, script: Script, duration: float | None) -> Iterator[Insert]:
            if script.revision == scripts.head:
                raise RuntimeError("the ledger cannot be written")
            return original(dialect, script, duration)

        monkeypatch.setattr(ledger, "_rows", failing)
    return scripts


def test_a_failure_leaves_neither_version_nor_ledger_nor_table(head: Database, broken: Scripts) -> None:
    before = head.rows("SELECT * FROM schema_migrations ORDER BY id")
    with pytest.raises(RevisionFailed, match="revision failed") as caught:
        command.upgrade(configured(head, broken.folder), "head")
    assert caught.value.place["revision"] == "061, upgrade"
    assert version(head) == "060"
    assert head.rows("SELECT * FROM schema_migrations ORDER BY id") == before
    assert "half" not in head.tables()


def test_a_failing_downgrade_leaves_version_and_ledger(head: Database, tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    scripts.add("no_way_back", "pass", "op.drop_table('system_settings')\nraise ValueError('no way back')")
    command.upgrade(configured(head, scripts.folder), "head")
    with pytest.raises(RevisionFailed, match="ValueError: no way back"):
        command.downgrade(configured(head, scripts.folder), "060")
    assert version(head) == "061"
    assert head.value("SELECT count(*) FROM schema_migrations WHERE migration_id = 61") == 1
    assert "system_settings" in head.tables()


# Rows deleted by hand


def test_rows_deleted_by_hand_are_seen_and_written_again(head: Database) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id >= 56")
    seen = status(head.engine)
    assert seen.missing_in_ledger == ("056", "057", "058", "059", "060")
    assert (seen.revision, seen.at_head, seen.pending) == ("060", False, ())
    report = initialize(head.engine)
    assert report.healed == seen.missing_in_ledger
    assert report.applied == ()
    assert recorded(head) == LINE
    assert status(head.engine).at_head


def test_a_lost_ledger_is_made_again(head: Database) -> None:
    head.execute("DROP TABLE schema_migrations")
    assert status(head.engine).missing_in_ledger == tuple(LINE)
    assert upgrade(head.engine).healed == tuple(LINE)
    assert recorded(head) == LINE
    assert [row[0] for row in head.rows("SELECT version FROM schema_migrations WHERE migration_id IS NULL")] == ROUTE


def test_rows_of_other_runners_are_left_alone(head: Database) -> None:
    head.execute("INSERT INTO schema_migrations (migration_id, migration_name) VALUES (900, 'my_own')")
    head.execute("INSERT INTO schema_migrations (version) VALUES ('my_own_version')")
    head.execute("DELETE FROM schema_migrations WHERE migration_id = 60")
    upgrade(head.engine)
    downgrade(head.engine, "055")
    upgrade(head.engine)
    kept = "SELECT count(*) FROM schema_migrations WHERE migration_id = 900 OR version = 'my_own_version'"
    assert head.value(kept) == 2


# Somebody else's trigger or rule lets a row pass in silence


def swallow(database: Database, table: str, event: str, when: str = "true", *, rule: bool = False) -> None:
    """Let a trigger, or a rule of PostgreSQL, leave out what is written, and tell nobody."""
    if database.kind == "sqlite":
        statement = f'CREATE TRIGGER "the watch" BEFORE {event} ON {table} WHEN {when} BEGIN SELECT RAISE(IGNORE); END'
        database.execute(statement)
    elif rule:
        database.execute(f'CREATE RULE "the watch" AS ON {event} TO {table} WHERE {when} DO INSTEAD NOTHING')
    else:
        body = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        database.execute(body)
        begin = f'CREATE TRIGGER "the watch" BEFORE {event} ON {table} FOR EACH ROW'
        database.execute(f"{begin} WHEN ({when}) EXECUTE FUNCTION nothing()")


def refused(database: Database, work: Callable[[], object]) -> LedgerNotWritten:
    """Return how it was refused; nothing has changed."""
    tables = ("schema_migrations", "alembic_version")
    before = database.snapshot(), [database.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
    with pytest.raises(LedgerNotWritten) as error:
        work()
    assert (database.snapshot(), [database.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]) == before
    assert re.search(r'DROP (TRIGGER|RULE) "the watch"', str(error.value.next_step))
    return error.value


HOW = [("sqlite", False), ("postgresql", False), ("postgresql", True)]


@pytest.mark.parametrize(("kind", "rule"), HOW, indirect=["kind"])
@pytest.mark.parametrize("when", ["true", "NEW.migration_id = 58", "NEW.version = '058'"])
def test_a_ledger_that_does_not_take_a_row_stops_the_upgrade(head: Database, when: str, *, rule: bool) -> None:
    downgrade(head.engine, "056")
    swallow(head, "schema_migrations", "INSERT", when, rule=rule)
    said = refused(head, lambda: upgrade(head.engine, "059"))
    assert "058" in str(said.place["revisions"])
    head.execute('DROP RULE "the watch" ON schema_migrations' if rule else drop_watch(head))
    upgrade(head.engine)
    assert recorded(head) == LINE


@pytest.mark.parametrize(("kind", "rule"), HOW, indirect=["kind"])
@pytest.mark.parametrize("when", ["NEW.migration_id = 61", "NEW.migration_id = 62"])
def test_a_ledger_that_does_not_take_the_row_of_a_later_revision_stops_there(
    head: Database, tmp_path: Path, when: str, *, rule: bool
) -> None:
    with scripts_in_use(tmp_path) as scripts:
        for name in ("first", "second"):
            scripts.add(name, "pass")
        swallow(head, "schema_migrations", "INSERT", when, rule=rule)
        with pytest.raises(LedgerNotWritten) as error:
            upgrade(head.engine)
        assert error.value.place["revisions"] == f"0{when[-2:]}"
        alone = head.kind == "postgresql" and when.endswith("62")  # each has a transaction of its own there
        assert status(head.engine).revision == ("061" if alone else "060")
        head.execute('DROP RULE "the watch" ON schema_migrations' if rule else drop_watch(head))
        assert [one.revision for one in upgrade(head.engine).applied] == (["062"] if alone else ["061", "062"])
        numbers = "SELECT migration_id FROM schema_migrations WHERE migration_id > 60 ORDER BY 1"
        assert head.rows(numbers) == [(61,), (62,)]


def drop_watch(database: Database) -> str:
    return 'DROP TRIGGER "the watch"' + ("" if database.kind == "sqlite" else " ON schema_migrations")


@pytest.mark.parametrize(("kind", "rule"), HOW, indirect=["kind"])
def test_a_ledger_that_does_not_let_a_row_go_stops_the_downgrade(head: Database, *, rule: bool) -> None:
    swallow(head, "schema_migrations", "DELETE", "OLD.migration_id = 59", rule=rule)
    assert refused(head, lambda: downgrade(head.engine, "056")).place["revisions"] == "059"
    assert refused(head, lambda: stamp(head, "base")).place["revisions"] == "059"


@pytest.mark.parametrize(("kind", "rule"), HOW, indirect=["kind"])
def test_a_ledger_that_does_not_take_what_is_missing_is_not_called_healed(head: Database, *, rule: bool) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id >= 59")
    swallow(head, "schema_migrations", "INSERT", rule=rule)
    assert refused(head, lambda: upgrade(head.engine)).place["revisions"] == "059, 060"


@pytest.mark.parametrize(
    ("kind", "rule", "event"),
    # A rule about INSERT PostgreSQL refuses by itself, for Alembic has the row returned.
    [*((*how, event) for how in HOW for event in ("UPDATE", "DELETE")), *((*how, "INSERT") for how in HOW[:2])],
    indirect=["kind"],
)
def test_a_version_that_does_not_move_stops_the_run(head: Database, event: str, *, rule: bool) -> None:
    swallow(head, "alembic_version", event, rule=rule)
    if event == "UPDATE":
        refused(head, lambda: stamp(head, "058"))
        refused(head, lambda: downgrade(head.engine, "058"))
    elif event == "DELETE":
        refused(head, lambda: stamp(head, "base"))
    else:
        head.execute("DELETE FROM alembic_version")
        refused(head, lambda: stamp(head, "060"))


# The old application


def test_the_old_settings_button_finds_nothing_to_do(head: Database) -> None:
    found = [row[0] for row in head.rows("SELECT version FROM schema_migrations ORDER BY version")]
    assert set(ROUTE) <= set(found)
    assert found == sorted(found)
    for name in ROUTE:
        head.execute("INSERT INTO schema_migrations (version) VALUES (:name) ON CONFLICT DO NOTHING", {"name": name})
    assert len(head.rows("SELECT 1 FROM schema_migrations")) == len(found)


def test_the_old_array_runner_finds_nothing_to_do(head: Database) -> None:
    names = dict(head.rows("SELECT migration_id, migration_name FROM schema_migrations"))
    for number, name in {
        36: "create_optimal_indication_tables",
        37: "create_exchange_positions_table",
        38: "fix_pseudo_positions_schema",
        51: "add_performance_indexes",
        53: "add_market_data_optimization",
        54: "rename_active_advanced_to_auto",
        55: "create_preset_trade_engine_tables",
        56: "add_parabolic_sar_and_common_indicators",
    }.items():
        assert names[number] == name
        query = "SELECT migration_id FROM schema_migrations WHERE migration_id = :number"
        assert head.rows(query, {"number": number}) == [(number,)]
    assert 57 in names  # the number of the old stub is taken, so that it never runs


def test_the_old_runners_can_still_write(head: Database) -> None:
    head.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (id integer PRIMARY KEY, migration_id INTEGER UNIQUE NOT NULL)"
    )
    head.execute("INSERT INTO schema_migrations (migration_id, migration_name) VALUES (58000, 'later')")
    head.execute("INSERT INTO schema_migrations (version) VALUES ('100_later') ON CONFLICT DO NOTHING")
    row = head.rows("SELECT source, executed_at IS NOT NULL FROM schema_migrations WHERE migration_id = 58000")[0]
    assert (row[0], bool(row[1])) == ("array", True)
    with pytest.raises(sa.exc.IntegrityError):
        head.execute("INSERT INTO schema_migrations (migration_id, migration_name) VALUES (36, 'again')")


def test_the_old_rollback_procedure_is_undone_by_the_next_start(head: Database) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id >= 56")
    run = Command("upgrade", "head", Options())
    with head.engine.connect() as connection:
        assert not run.has_nothing_to_do(connection)
    assert initialize(head.url).healed[0] == "056"


# Offline


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_offline_script_writes_the_ledger_without_times(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{kind}://u:geheim@db/cts" if kind == "postgresql" else "sqlite:///none.db")
    config = Config(output_buffer=(script := (tmp_path / "script.sql").open("w+")))
    config.set_main_option("script_location", str(script_location()))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head", sql=True)
    command.downgrade(config, "060:055", sql=True)
    with script:
        script.seek(0)
        lines = [
            line
            for line in script.read().splitlines()
            if line.startswith("INSERT INTO schema_migrations") and "VALUES" in line
        ]
    assert [revision for revision in LINE if any(f"'{revision}', NULL, 'alembic'" in line for line in lines)] == LINE
    assert len(lines) == len(LINE) + len(ROUTE)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_offline_stamp_records_all_it_jumps_over(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{kind}://db/cts" if kind == "postgresql" else "sqlite:///none.db")
    script = io.StringIO()
    config = Config(output_buffer=script)
    config.set_main_option("script_location", str(script_location()))
    config.set_main_option("path_separator", "os")
    command.stamp(config, "055:060", sql=True)
    up = script.getvalue()
    assert [revision for revision in LINE if f"'{revision}', NULL, 'alembic'" in up] == LINE[LINE.index("056") :]
    command.stamp(config, "060:055", sql=True)
    down = script.getvalue().removeprefix(up)
    assert "DELETE FROM schema_migrations WHERE schema_migrations.migration_id IN (56, 57, 58, 59, 60)" in down


@pytest.mark.parametrize("revision", ["035", "060"])
def test_a_version_that_was_only_written_is_not_believed(database: Database, revision: str) -> None:
    """Else the ledger would be healed, and an upgrade would say that an old database is at head."""
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text)")
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    database.execute(f"INSERT INTO alembic_version VALUES ('{revision}')")
    with pytest.raises(FalseVersion, match="has never been at") as caught:
        upgrade(database.url)
    assert caught.value.exit_code == 3
    assert database.tables() == {"users", "alembic_version"}
    database.execute("DROP TABLE alembic_version")
    assert upgrade(database.url).adopted is not None


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_times_that_python_has_no_year_for_are_told_as_they_are(head: Database) -> None:
    times = {35: "infinity", 36: "0044-03-15 BC", 37: "20000-01-02", 38: "2026-01-03 12:00:00+05:30"}
    for revision, moment in times.items():
        head.execute(f"UPDATE schema_migrations SET executed_at = '{moment}' WHERE migration_id = {revision}")
    told = status(head.url).executed_at
    assert told["035"] == "infinity"
    assert told["036"].startswith("0044-03-15")
    assert told["037"].startswith("20000-01-02")
    assert told["038"] == "2026-01-03 06:30:00"
    assert upgrade(head.url).applied == ()
