"""check says what is wrong with a database, that alone, and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from cts_schema import Finding, Health, adopt, check, dialects, downgrade, upgrade
from cts_schema.cli.output import worded
from cts_schema.database.options import Options
from cts_schema.dialects.postgresql import session
from cts_schema.exceptions import DatabaseLocked, SchemaMissing
from cts_schema.health import files, indexes, references, times
from cts_schema.models import Base
from cts_schema.schema.scripts import head as newest
from cts_schema.schema.scripts import revisions, script_location
from tests.conftest import Server
from tests.legacy.catalogue import build
from tests.support.damage import BOTH, POSTGRESQL, REWRITTEN, SQLITE, damaged, rewrite
from tests.support.databases import Database
from tests.support.program import cts_schema
from tests.support.rows import fill

USER = "INSERT INTO users (id, username, password_hash, api_key, api_secret) VALUES ('u', 'me', 'x', 'K3Y', 'S3CRET')"
CONNECTION = "INSERT INTO exchange_connections (id, name, exchange, api_type) VALUES ('c', 'c', 'binance', 'spot')"


def shown(health: Health) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in health.findings]


CASES = [
    *((kind, what) for kind in ("sqlite", "postgresql") for what in BOTH),
    *(("postgresql", what) for what in POSTGRESQL),
    *(("sqlite", what) for what in (*SQLITE, *REWRITTEN)),
]


@pytest.mark.parametrize(("kind", "what"), CASES, indirect=["kind"])
def test_what_is_wrong_is_found_and_nothing_else(head: Database, what: str) -> None:
    if head.kind == "sqlite" and what in REWRITTEN:
        change, expected = REWRITTEN[what]
        rewrite(head, *change)
    else:
        statements, expected = {**BOTH, **(POSTGRESQL if head.kind == "postgresql" else SQLITE)}[what]
        damaged(head, statements)
    in_rows = expected[0] in ("orphans", "sequence-behind", "time-form", "wrong-id-type", "refused-values")
    for deep in (False, True) if in_rows else (False,):
        found = check(head.url, deep=deep)
        assert [one for one in shown(found) if one[0] != "unmanaged-tables"] == [expected]
        assert found.healthy == (found.findings[0].severity == "info")


def test_a_database_at_head_is_healthy_whether_empty_or_full(head: Database) -> None:
    assert shown(check(head.url)) == shown(check(head.engine, deep=True)) == []
    head.execute(USER)
    head.execute(CONNECTION)
    assert shown(check(head.url)) == shown(check(head.url, deep=True)) == []
    found = check(head.url, deep=True)
    assert {table.name: table.rows for table in found.tables}["users"] == 1
    assert (found.revision, found.head, found.bytes > 0) == (newest(), newest(), True)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_rows_are_counted_however_a_table_is_written(head: Database) -> None:
    head.execute("CREATE TABLE bare (id TEXT PRIMARY KEY) WITHOUT /* */\n ROWID")
    head.execute("CREATE TABLE named (rowid TEXT, oid TEXT)")
    head.execute("INSERT INTO named VALUES ('x', 'y'), ('z', '1')")
    head.execute("CREATE TABLE told (n INTEGER, without_rowid TEXT DEFAULT ' WITHOUT ROWID ')")
    head.execute("CREATE /* */ VIRTUAL TABLE found USING fts5 (a)")
    for deep in (False, True):
        rows = {table.name: table.rows for table in check(head.url, deep=deep).tables}
        assert (rows["named"], rows["told"]) == (2, 0)
        assert not {"bare", "found"} & rows.keys()


def test_a_database_that_went_down_and_up_again_is_healthy(database: Database) -> None:
    upgrade(database.url)
    downgrade(database.url, "base")
    upgrade(database.url)
    assert shown(check(database.url, deep=True)) == []


@pytest.mark.parametrize("variant", ["initializer", "numbered"])
def test_a_database_that_was_adopted_is_healthy(database: Database, variant: str) -> None:
    with database.engine.connect() as connection:
        build(connection, variant, "clean")
    assert shown(check(database.url)) == [("old-database", "alembic_version")]
    adopt(database.url, yes=True)
    found = check(database.url, deep=True)
    assert found.healthy, found.findings
    assert {finding.code for finding in found.findings} <= {"unmanaged-tables", "orphans", "foreign-key-without-index"}


def test_tables_made_from_the_models_are_healthy_once_they_are_stamped(database: Database) -> None:
    Base.metadata.create_all(database.engine)
    assert shown(check(database.url)) == [("old-database", "alembic_version")]
    config = Config()
    config.set_main_option("script_location", str(script_location()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = database.engine
    command.stamp(config, newest())
    assert shown(check(database.url, deep=True)) == []


def test_a_database_that_is_not_at_head_is_told_to_be_so_and_not_more(database: Database) -> None:
    assert shown(check(database.url)) == [("empty-database", "alembic_version")]
    upgrade(database.url, "055")
    found = check(database.url)
    assert shown(found) == [("not-at-head", "alembic_version")]
    assert worded(found.findings[0].repair) == "cts-schema upgrade"
    assert str(found.findings[0].repair) == "cts_schema.upgrade(target)"
    database.execute("CREATE TABLE alembic_version_2 AS SELECT * FROM alembic_version")
    upgrade(database.url)
    for table in reversed(Base.metadata.sorted_tables):
        database.execute(f"DROP TABLE {table.name}")
    assert ("false-version", "alembic_version") in shown(check(database.url))


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = check(f"sqlite:///{tmp_path / 'cts.db'}")
    assert shown(found) == [("empty-database", "alembic_version")]
    assert found.database.endswith("cts.db")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written(head: Database) -> None:
    damaged(head, ["INSERT INTO portfolios (id, user_id, name) VALUES ('p', 'gone', 'p')"])
    if head.kind == "sqlite":
        file = Path(str(head.location.database))
        before = file.read_bytes(), sorted(file.parent.iterdir())
        url = head.location
    else:  # what PostgreSQL refuses then, it would refuse on a hot standby
        url = head.location.update_query_dict({"options": "-c default_transaction_read_only=on"})
    for deep in (False, True):
        assert shown(check(url, deep=deep)) == [("orphans", "portfolios.user_id")]
    if head.kind == "sqlite":
        assert (file.read_bytes(), sorted(file.parent.iterdir())) == before


def test_what_would_write_is_refused_while_it_looks(head: Database) -> None:
    with head.engine.connect() as connection:
        options = Options()
        with (
            dialects.of(connection).session.reading_only(connection, options, deep=False),
            pytest.raises(sa.exc.DBAPIError, match=r"read-?\s?only"),
        ):
            connection.exec_driver_sql("DELETE FROM users")
        assert not connection.in_transaction()
    head.execute("DELETE FROM users")


@pytest.mark.parametrize("level", [None, "AUTOCOMMIT"])
def test_a_connection_is_left_as_it_was(head: Database, level: str | None) -> None:
    engine = head.engine if level is None else head.engine.execution_options(isolation_level=level)
    with engine.connect() as connection:
        assert shown(check(connection)) == []
        assert not connection.in_transaction()
        if level is None:
            connection.execute(sa.text(USER))
            assert {table.name: table.rows for table in check(connection, deep=True).tables}["users"] == 1
            assert connection.in_transaction()
        connection.execute(sa.text(CONNECTION))  # it may write again
        if level is None:
            connection.commit()
    assert head.value("SELECT count(*) FROM exchange_connections") == 1


def test_no_value_of_a_row_is_shown_but_keys(head: Database) -> None:
    head.execute(USER)
    damaged(
        head,
        [
            "INSERT INTO exchange_connections (id, name, exchange, api_type, exchange_id, api_key, api_secret, "
            "api_passphrase) VALUES ('c', 'c', 'binance', 'spot', 'gone', 'K3Y', 'S3CRET', 'PHR4SE')",
            "ALTER TABLE users DROP COLUMN api_secret",
            "DROP INDEX ix_orders_portfolio_id",
        ],
    )
    for arguments in (["check"], ["check", "--deep"], ["check", "--json"]):
        done = cts_schema(*arguments, url=head.url)
        assert done.code == 1
        assert "exchange_connections.exchange_id" in done.out
        assert "gone" in done.out
        assert not any(secret in done.out + done.err for secret in ("K3Y", "S3CRET", "PHR4SE"))


def test_the_command_shows_the_worst_first_and_what_mends_it(head: Database) -> None:
    done = cts_schema("check", url=head.url)
    assert (done.code, done.err) == (0, "")
    assert "nothing found" in done.out
    damaged(head, ["DROP INDEX ix_orders_portfolio_id", "DROP TABLE data_sync_log", "CREATE TABLE own (id int)"])
    done = cts_schema("check", url=head.url)
    lines = done.out.splitlines()
    assert done.code == 1
    assert [line.split()[:2] for line in lines[:4]] == [
        ["severity", "code"],
        ["error", "missing-table"],
        ["warning", "missing-index"],
        ["info", "unmanaged-tables"],
    ]
    assert any("repair" in line and "cts-schema repair missing-table" in line for line in lines)
    assert "1 error, 1 warning, 1 info" in lines[-1]
    answer = json.loads(cts_schema("check", "--json", url=head.url).out)
    assert answer["healthy"] is False
    assert [finding["code"] for finding in answer["findings"]] == ["missing-table", "missing-index", "unmanaged-tables"]


def test_what_a_repair_says_mends_it(head: Database) -> None:
    broken = [
        "DROP INDEX ix_orders_portfolio_id",
        "DROP TABLE indication_history",
        "INSERT INTO portfolios (id, user_id, name) VALUES ('p', 'gone', 'p')",
        "DELETE FROM schema_migrations WHERE migration_id = 56",
        "CREATE INDEX own ON exchanges (is_active, display_name)",
        "INSERT INTO exchange_connections (id, name, exchange, api_type, exchange_id) "
        "VALUES ('c', 'c', 'binance', 'spot', 'gone')",
    ]
    if head.kind == "postgresql":
        broken += [
            "ALTER TABLE users DROP COLUMN api_secret",
            "ALTER TABLE users ALTER COLUMN role DROP DEFAULT",
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "DROP TRIGGER trg_users_updated_at ON users",
            "ALTER TABLE positions DISABLE TRIGGER trg_positions_updated_at",
            "INSERT INTO site_logs (id, level, category, message) VALUES (7, 'info', 'x', 'x')",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_site_logs_timestamp'\\:\\:regclass",
        ]
    else:
        broken += [
            "DROP TRIGGER trg_users_updated_at",
            "INSERT INTO site_logs (level, category, message, timestamp) "
            "VALUES ('info', 'x', 'x', '2026-01-03T01:00:00.000Z')",
        ]
    damaged(head, broken)
    found = check(head.url, deep=True)
    assert len(found.findings) == len(broken)
    for finding in found.findings:
        program, *arguments = str(worded(finding.repair)).split()
        if program == "cts-schema":
            cts_schema(*arguments, url=head.url)
        elif finding.repair is not None:
            run_by_hand(head, finding)
    assert shown(check(head.url, deep=True)) == []


def run_by_hand(database: Database, finding: Finding) -> None:
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(str(finding.repair)))


def test_what_a_shallow_look_did_not_see_a_deep_one_does(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index that leads to them, only the first rows are looked at; with one, only so many values."""
    for module in (references, times):
        monkeypatch.setattr(module, "PROBE", 2)
    damaged(
        head,
        [
            *(f"INSERT INTO users (id, username, password_hash) VALUES ('{n}', '{n}', 'x')" for n in "abc"),
            *(f"INSERT INTO portfolios (id, user_id, name) VALUES ('{n}', '{n}', 'p')" for n in "abcd"),
            *(
                f"INSERT INTO site_logs (level, category, message, user_id) VALUES ('info', 'x', 'x', '{n}')"
                for n in "abcd"
            ),
        ],
    )
    assert shown(check(head.url)) == []
    assert shown(check(head.url, deep=True)) == [("orphans", "portfolios.user_id"), ("orphans", "site_logs.user_id")]
    head.execute("INSERT INTO users (id, username, password_hash) VALUES ('d', 'd', 'x')")
    assert shown(check(head.url, deep=True)) == []


def test_orphans_are_counted_and_named(head: Database) -> None:
    damaged(
        head,
        [f"INSERT INTO portfolios (id, user_id, name) VALUES ('{n}', 'gone-{n % 7}', 'p')" for n in range(20)],
    )
    (shallow,), (deep,) = check(head.url).findings, check(head.url, deep=True).findings
    assert (shallow.count, deep.count) == (7, 20)
    assert shallow.examples == deep.examples == tuple(f"gone-{n}" for n in range(5))
    assert shallow.message.endswith("(at least)")


def test_an_index_that_is_there_twice_is_found(head: Database) -> None:
    head.execute("CREATE INDEX own ON orders (portfolio_id)")
    head.execute("CREATE INDEX other ON orders (portfolio_id) WHERE quantity > 1")
    found = check(head.url).findings
    duplicates = [finding for finding in found if finding.code == "duplicate-index"]
    assert [finding.where for finding in duplicates] == ["orders.own"]
    assert "ix_orders_portfolio_id" in duplicates[0].message


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_damaged_file_is_told_to_be_so_and_nothing_else_that_it_says(head: Database) -> None:
    fill(head.engine, rows=40)
    page = head.value("SELECT rootpage FROM sqlite_master WHERE name = 'ix_orders_portfolio_id'")
    size = head.value("PRAGMA page_size")
    file = Path(str(head.location.database))
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : (page - 1) * size + 100] = b"\xff" * 100
    file.write_bytes(content)
    for deep in (False, True):
        assert shown(check(head.url, deep=deep)) == [("corrupt", "the file")]
    assert cts_schema("check", url=head.url).code == 1


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_the_pages_of_a_large_file_are_read_only_where_that_is_asked_for(
    head: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    assert shown(check(head.url)) == [("not-checked", "the file")]
    assert check(head.url).healthy
    assert shown(check(head.url, deep=True)) == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_lock_is_not_waited_for(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LOCK_TIMEOUT", "50ms")
    with head.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseLocked):
            check(head.url)
    assert shown(check(head.url)) == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_role_that_may_only_read_can_ask(head: Database, server: Server) -> None:
    role = f"cts_reader_{head.location.database}"
    server.execute(f"CREATE ROLE {role} LOGIN")
    try:
        head.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        url = head.location.update_query_dict({"options": f"-c role={role}"})
        assert shown(check(url)) == shown(check(url, deep=True)) == []
        head.execute(f"REVOKE SELECT ON users FROM {role}")
        assert shown(check(url)) == [("not-checked", "references"), ("not-checked", "values")]
        assert "may not read" in check(url).findings[0].message
    finally:
        server.drop(head.location)
        server.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_dead_rows_and_large_indexes_that_nobody_reads_are_found(
    head: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "LARGE", 100_000)
    damaged(
        head,
        [
            "ALTER TABLE site_logs SET (autovacuum_enabled = false)",
            "INSERT INTO site_logs (level, category, message) SELECT 'info', 'x', md5(n\\:\\:text) "
            "FROM generate_series(1, 20000) n",
            "CREATE INDEX own ON site_logs (message)",
            "DELETE FROM site_logs",
            "SELECT pg_stat_force_next_flush()",
        ],
    )
    found = {(finding.code, finding.where): finding for finding in check(head.url).findings}
    assert found["bloat", "site_logs"].count == 20000
    assert "since" in found["unused-index", "site_logs.own"].message
    assert worded(found["unused-index", "site_logs.own"].repair) == 'DROP INDEX CONCURRENTLY "own"'
    assert found["unused-index", "the schema"].repair is None


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_another_schema_is_looked_at_by_its_name(database: Database) -> None:
    database.execute('CREATE SCHEMA "own schema"')
    upgrade(database.url, schema="own schema")
    assert shown(check(database.url, schema="own schema", deep=True)) == []
    assert shown(check(database.url)) == [("empty-database", "alembic_version")]
    with pytest.raises(SchemaMissing):
        check(database.url, schema="nowhere")


def test_whatever_else_is_in_the_database_is_no_trouble(head: Database) -> None:
    statements = [
        """CREATE TABLE "odd ""t"" 100%\\: x" ("a b" int PRIMARY KEY, c text)""",
        """CREATE INDEX "odd i" ON "odd ""t"" 100%\\: x" (lower(c), "a b" DESC) WHERE c <> 'x'""",
        """CREATE VIEW own AS SELECT id FROM users""",
    ]
    if head.kind == "postgresql":
        statements += [
            "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)",
            "CREATE MATERIALIZED VIEW seen AS SELECT id FROM users",
            "CREATE TABLE parts (n serial, at date) PARTITION BY RANGE (at)",
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            "CREATE INDEX ON parts (at)",
        ]
    else:
        statements += [
            "CREATE VIRTUAL TABLE words USING fts5 (word)",
            "CREATE TABLE bare (id TEXT PRIMARY KEY, n int GENERATED ALWAYS AS (1)) WITHOUT ROWID",
        ]
    damaged(head, statements)
    for deep in (False, True):
        found = check(head.url, deep=deep)
        assert shown(found) == [("unmanaged-tables", "the schema")]
        assert {table.name: table.rows for table in found.tables}['odd "t" 100%: x'] == 0


def test_it_tells_how_much_each_index_is_used_and_how_long_each_revision_took(database: Database) -> None:
    upgrade(database.url)
    with database.engine.begin() as connection:
        if database.kind == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        for _ in range(3):
            connection.exec_driver_sql("SELECT * FROM orders WHERE user_id = 'u'").all()
    found = check(database.url)
    assert [one.revision for one in found.migrations] == list(revisions())
    assert all(one.duration_ms is not None and one.duration_ms >= 0 for one in found.migrations)
    if database.kind == "sqlite":
        assert found.indexes == ()
        return
    used = {(one.table, one.name): one for one in found.indexes}
    assert used["orders", "ix_orders_user_id_created_at"].scans >= 3
    assert used["orders", "ix_orders_user_id_created_at"].bytes > 0


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_what_has_changed_of_a_counter_is_shown(head: Database) -> None:
    damaged(head, ["ALTER TABLE site_logs ALTER id SET INCREMENT BY 10"])
    (finding,) = [one for one in check(head.url).findings if one.code == "changed-identity"]
    assert finding.found == "bigint, increment and start 10 1"
    assert finding.expected == "bigint, increment and start 1 1"
