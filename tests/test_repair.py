"""repair repairs what check finds, loses nothing on the way, and explains what it cannot repair."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import Health, Repair, check, repair, upgrade
from cts_schema.cli.output import worded
from cts_schema.database.engines import migration_engine
from cts_schema.ddl.text import run
from cts_schema.dialects.facts import Part
from cts_schema.dialects.sqlite import transaction as sqlite
from cts_schema.exceptions import DatabaseLocked, LockTimeout, RepairFailed, SchemaError, WrongUsage
from cts_schema.health.repair import alter, execution
from cts_schema.health.repair.plan import CODES
from cts_schema.health.repair.report import RepairStep
from cts_schema.health.report import REPAIRABLE
from cts_schema.maintenance import programs
from cts_schema.migration import run_log
from tests.support import client
from tests.support.damage import BOTH, POSTGRESQL, REWRITTEN, SQLITE, damaged, rewrite
from tests.support.databases import Database
from tests.support.program import ROOT, cts_schema
from tests.support.rows import fill, managed

USER = "INSERT INTO users (id, username, password_hash, api_key, api_secret) VALUES ('u', 'me', 'x', 'K3Y', 'S3CRET')"
CONNECTION = (
    "INSERT INTO exchange_connections (id, name, exchange, api_type, api_key, api_secret, api_passphrase) "
    "VALUES ('c', 'c', 'binance', 'spot', 'K3Y', 'S3CRET', 'PHR4SE')"
)
NOT_REPAIRABLE = {
    "a column added",
    "an index added",
    "a table of somebody else's with an uncovered key",
    "a revision that took long",
    "a log line of a user who is gone",
    "another revision",
    "a row without its parent",
    "a value that a check refuses",
}
Change = list[str] | tuple[str, str, str]
MORE_POSTGRESQL: dict[str, tuple[Change, str]] = {
    "a primary key dropped": (["ALTER TABLE site_logs DROP CONSTRAINT pk_site_logs"], "site_logs"),
    "a primary key with all that needs it": (["ALTER TABLE users DROP CONSTRAINT pk_users CASCADE"], "*"),
    "a table with all that needs it": (["DROP TABLE indication_history CASCADE"], "indication_history"),
    "a check dropped": (["ALTER TABLE users DROP CONSTRAINT ck_users_role"], "users"),
    "the function with all that needs it": (["DROP FUNCTION cts_set_updated_at CASCADE"], "*"),
    "a foreign key not validated": (
        [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "ALTER TABLE orders ADD CONSTRAINT fk_orders_user_id FOREIGN KEY (user_id) REFERENCES users (id) "
            "ON DELETE CASCADE NOT VALID",
        ],
        "orders",
    ),
    "a column with its foreign key": (["ALTER TABLE orders DROP COLUMN portfolio_id"], "orders"),
    "an integer of half the size": (["ALTER TABLE data_sync_log ALTER COLUMN id TYPE integer"], "data_sync_log"),
    "what a REINDEX has left": (
        [
            "CREATE INDEX ix_site_logs_timestamp_ccnew ON site_logs (timestamp)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_site_logs_timestamp_ccnew'\\:\\:regclass",
        ],
        "site_logs",
    ),
}
MORE_SQLITE: dict[str, tuple[Change, str]] = {
    "a key dropped": (("users", "CONSTRAINT pk_users PRIMARY KEY (id), ", ""), "users"),
    "a foreign key dropped": (
        (
            "orders",
            "CONSTRAINT fk_orders_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, ",
            "",
        ),
        "orders",
    ),
    "NULL allowed": (("users", "username TEXT NOT NULL", "username TEXT"), "users"),
    "other names": (("users", "CONSTRAINT uq_users_email ", ""), "users"),
    "a foreign key changed": (("portfolios", "ON DELETE CASCADE", "ON DELETE SET NULL"), "portfolios"),
}
# These write other values, or write the same ones otherwise.
REWRITES = {
    "times of the old application": "timestamp",
    "an id that is a blob": "id",
    "a type changed": "max_leverage",
}


def _cases(kind: str) -> dict[str, tuple[Change, str]]:
    of_kind: dict[str, Any] = {**BOTH, **(POSTGRESQL if kind == "postgresql" else {**SQLITE, **REWRITTEN})}
    found = {what: (change, where.partition(".")[0]) for what, (change, (_, where)) in of_kind.items()}
    found |= MORE_POSTGRESQL if kind == "postgresql" else MORE_SQLITE
    return {what: case for what, case in found.items() if what not in NOT_REPAIRABLE}


def _groups(kind: str) -> list[list[str]]:
    """Put together what is about different tables: many breakages in one database are cheaper, and harder."""
    groups: list[tuple[set[str], list[str]]] = []
    for what, (_, table) in _cases(kind).items():
        group = next((one for one in groups if table != "*" and not {table, "*"} & one[0]), None)
        if group is None:
            groups.append(group := (set(), []))
        group[0].add(table)
        group[1].append(what)
    return [names for _, names in groups]


GROUPS = [(kind, group) for kind in ("sqlite", "postgresql") for group in _groups(kind)]


def codes(found: Health) -> list[str]:
    return [finding.code for finding in found.findings if finding.severity != "info"]


def values(database: Database, columns: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    """Return the values of all managed tables but the ledger and the run log as text; of given columns, or of all."""
    found = {}
    with database.engine.connect() as connection:
        for table, names in (columns or managed(database.engine)).items():
            if table != "schema_migrations":
                value = 'hex("{}")' if database.kind == "sqlite" else 'CAST("{}" AS TEXT)'
                listed = ", ".join(map(value.format, names))
                where = f"WHERE {run_log.OTHER_ROWS}" if table == run_log.TABLE else ""
                found[table] = sorted(map(repr, run(connection, f'SELECT {listed} FROM "{table}" {where}')))
    return found


def filled(head: Database) -> None:
    """Fill it with rows, none of which is an orphan, or has a time in the form T...Z."""
    fill(head.engine)
    if head.kind == "sqlite":
        repair(head.url, ["time-form"], deep=True, backup=False)


def damage(head: Database, change: Change) -> None:
    if isinstance(change, tuple):
        rewrite(head, *change)
    else:
        damaged(head, change)


@pytest.mark.parametrize(("kind", "group"), GROUPS, indirect=["kind"], ids=str)
def test_what_is_found_is_mended_and_no_value_is_lost(head: Database, group: list[str]) -> None:
    cases = _cases(head.kind)
    filled(head)
    for what in group:
        damage(head, cases[what][0])
    rewritten = {REWRITES.get(what) for what in group}
    columns = {
        table: [name for name in names if name not in rewritten] for table, names in managed(head.engine).items()
    }
    before, shape = values(head, columns), head.snapshot()
    found = check(head.url, deep=True)
    assert len(codes(found)) >= len(group)
    planned = repair(head.url, plan=True, deep=True)
    assert (values(head, columns), head.snapshot()) == (before, shape)
    repaired = {finding for step in planned.steps for finding in step.repairs}
    assert {(one.code, one.where) for one in repaired} == {
        (one.code, one.where) for one in found.findings if one.severity != "info"
    }
    done = repair(head.url, deep=True)
    assert (planned.done, done.done, done.complete) == (False, True, True)
    assert [step.statements for step in done.steps] == [step.statements for step in planned.steps]
    assert codes(check(head.url, deep=True)) == []
    assert values(head, columns) == before


def left(made: Repair) -> dict[str, str]:
    return {f"{one.finding.code} {one.finding.where}": str(worded(one.reason)) for one in made.left}


UNMENDABLE: dict[str, dict[str, tuple[list[Change], str, str]]] = {
    "postgresql": {
        "a required column without a default": (
            [["ALTER TABLE site_logs DROP COLUMN message"]],
            "missing-column site_logs.message",
            "would have no value",
        ),
        "ids that are gone": (
            [["ALTER TABLE portfolios DROP COLUMN id CASCADE"]],
            "missing-column portfolios.id",
            "4 rows have lost it, and new ids would match no reference",
        ),
        "NULL where a value is needed": (
            [["ALTER TABLE users ALTER username DROP NOT NULL", "UPDATE users SET username = NULL WHERE id = 'row-1'"]],
            "changed-column users.username",
            "1 row (row-1) have no value",
        ),
        "two rows with one key": (
            [["ALTER TABLE users DROP CONSTRAINT uq_users_username", "UPDATE users SET username = 'same'"]],
            "missing-unique users.uq_users_username",
            "1 group of rows (row-0)",
        ),
        "a word that a check refuses": (
            [["ALTER TABLE users DROP CONSTRAINT ck_users_role", "UPDATE users SET role = 'root' WHERE id = 'row-2'"]],
            "missing-check users.ck_users_role",
            "1 row (row-2) violate",
        ),
        "orphans under a foreign key": (
            [["ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id", "UPDATE orders SET user_id = 'gone'"]],
            "missing-foreign-key orders.fk_orders_user_id",
            "4 rows (row-0, row-1, row-2, row-3) refer to missing users",
        ),
        "a type that loses digits": (
            [
                [
                    "ALTER TABLE volume_configuration ALTER max_leverage TYPE numeric(10, 5)",
                    "UPDATE volume_configuration SET max_leverage = 0.00001 WHERE id = 'row-3'",
                ]
            ],
            "changed-column volume_configuration.max_leverage",
            "1 row (row-3) have more digits",
        ),
        "a type that loses the lowest number, which has no opposite": (
            [
                [
                    "ALTER TABLE volume_configuration ALTER max_leverage TYPE bigint USING max_leverage::bigint",
                    "UPDATE volume_configuration SET max_leverage = -9223372036854775808 WHERE id = 'row-3'",
                ]
            ],
            "changed-column volume_configuration.max_leverage",
            "have more digits",
        ),
    },
    "sqlite": {
        "a required column without a default": (
            [["ALTER TABLE site_logs DROP COLUMN message"]],
            "missing-column site_logs.message",
            "would have no value",
        ),
        "NULL where a value is needed": (
            [
                ("users", "username TEXT NOT NULL", "username TEXT"),
                ["UPDATE users SET username = NULL WHERE id = 'row-1'"],
            ],
            "changed-column users.username",
            "1 row (row-1) have no value",
        ),
        "two rows with one key": (
            [
                ("users", "CONSTRAINT uq_users_username UNIQUE (username), ", ""),
                ["UPDATE users SET username = 'same'"],
            ],
            "missing-unique users.username",
            "1 group of rows (row-0)",
        ),
        "a word that a check refuses": (
            [
                ("users", "role IN ('user', 'admin')", "role IN ('user', 'admin', 'root')"),
                ["UPDATE users SET role = 'root' WHERE id = 'row-2'"],
            ],
            "changed-check users.ck_users_role",
            "1 row (row-2) violate",
        ),
        "a time that is unreadable": (
            [["UPDATE site_logs SET timestamp = '2026-02-30T01:00:00Z' WHERE id = 1"]],
            "time-form site_logs.timestamp",
            "1 row (1) have a time that is unreadable",
        ),
        "keys that are no text": (
            [["INSERT INTO users (id, username, password_hash) VALUES (x'ff00', 'me', 'x')"]],
            "wrong-id-type users.id",
            "not readable text",
        ),
        "half of what a table needs": (
            [
                ("users", "role TEXT DEFAULT 'user'", "role TEXT DEFAULT 'admin'"),
                ["ALTER TABLE users DROP COLUMN api_secret"],
            ],
            "missing-column users.api_secret",
            "request these codes, too: changed-column",
        ),
    },
}


@pytest.mark.parametrize(
    ("kind", "what"), [(kind, what) for kind, cases in UNMENDABLE.items() for what in cases], indirect=["kind"]
)
def test_what_cannot_be_mended_is_explained_and_left_alone(head: Database, what: str) -> None:
    changes, finding, reason = UNMENDABLE[head.kind][what]
    filled(head)
    for change in changes:
        damage(head, change)
    before, shape = values(head), head.snapshot()
    asked = [finding.partition(" ")[0]]
    made = repair(head.url, asked, deep=True)
    assert reason in left(made)[finding]
    assert (made.steps, made.complete, made.backup) == ((), False, None)
    assert (values(head), head.snapshot()) == (before, shape)


def test_every_code_of_the_guide_can_be_asked_for() -> None:
    guide = (ROOT / "docs" / "health.md").read_text()
    rows = [line.split("|")[1] for line in guide.splitlines() if re.match(r"\| `[a-z-]+`", line)]
    codes = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    assert {"missing-table", "failed-migration", "not-checked"} <= codes <= set(CODES)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_ids_that_are_gone_are_not_invented(head: Database) -> None:
    filled(head)
    damaged(
        head,
        [
            "CREATE TABLE other AS SELECT connection_id, created_at FROM volume_configuration",
            "DROP TABLE volume_configuration",
            "ALTER TABLE other RENAME TO volume_configuration",
        ],
    )
    before = values(head)
    made = repair(head.url, deep=True)
    assert (
        "4 rows have lost id, and new ids would match no reference"
        in (left(made)["missing-column volume_configuration.id"])
    )
    assert values(head) == before


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_what_is_somebody_elses_comes_along_when_a_table_is_made_anew(head: Database) -> None:
    filled(head)
    damage(head, ("users", "email TEXT,", "email TEXT CHECK (length(email) < 999) UNIQUE, -- mine, too\n"))
    damage(head, ("users", "role TEXT DEFAULT 'user'", "role TEXT DEFAULT 'admin'"))
    damage(head, ("site_logs", "level TEXT DEFAULT 'info'", "level TEXT DEFAULT 'debug'"))
    damaged(
        head,
        [
            """ALTER TABLE users ADD "my, (own" VARCHAR(9) DEFAULT 'a,b' COLLATE NOCASE CHECK ("my, (own" <> '')""",
            "ALTER TABLE users ADD COLUMN twice AS (username || username)",
            """CREATE INDEX own ON users (lower("my, (own") DESC) WHERE twice <> 'x'""",
            "CREATE TRIGGER own_trigger AFTER INSERT ON users BEGIN SELECT 1; END",
            "CREATE TRIGGER own_in_capitals AFTER INSERT ON USERS BEGIN SELECT 1; END",
            "CREATE VIEW own_view AS SELECT twice FROM users",
            """UPDATE users SET "my, (own" = id, updated_at = '2020-01-01 00:00:00'""",
            "DELETE FROM site_logs WHERE id = 4",
        ],
    )
    before, there = values(head), head.snapshot()
    assert repair(head.url).done
    assert codes(check(head.url)) == ["extra-check", "extra-check", "extra-column", "extra-column"]
    assert values(head) == before
    after = head.snapshot()
    users, now = there.tables["users"], after.tables["users"]
    mine = {part for part in users.parts if "own" in part.name or "twice" in part.name}
    assert Part("trigger", "own_in_capitals") in mine
    assert {part: now.parts[part] for part in mine} == {part: users.parts[part] for part in mine}
    own = [name for name in users.columns if "own" in name or "twice" in name]
    assert own
    assert [now.columns[name] for name in own] == [users.columns[name] for name in own]
    assert after.views["own_view"] == there.views["own_view"]
    last = head.value("SELECT seq FROM sqlite_sequence WHERE name = 'site_logs'")
    head.execute("INSERT INTO site_logs (level, category, message) VALUES ('info', 'x', 'x')")
    assert head.value("SELECT max(id) FROM site_logs") == last + 1 > 5  # 4 is never given twice


ORPHANS = [
    "UPDATE portfolios SET user_id = 'gone' WHERE id IN ('row-0', 'row-1')",
    "UPDATE exchange_connections SET exchange_id = 'gone' WHERE id = 'row-1'",
]


def test_orphans_are_left_alone_unless_they_are_asked_for(head: Database) -> None:
    filled(head)
    damaged(head, ORPHANS)
    before = values(head)
    for asked in ([], ["orphans"]):
        made = repair(head.url, asked, deep=True)
        assert "move the rows to adoption_leftovers" in left(made)["orphans portfolios.user_id"]
        assert (made.steps, made.complete) == ((), False)
    assert values(head) == before
    assert cts_schema("repair", "orphans", url=head.url).code == 1


def test_a_quarantined_row_is_readable_whole_and_its_children_follow_it(head: Database) -> None:
    filled(head)
    damaged(head, ["UPDATE orders SET portfolio_id = id, user_id = NULL", *ORPHANS])
    names = ("id", "user_id", "name", "updated_at")
    text = ", ".join(f"CAST({name} AS TEXT)" for name in names)
    rows = {row[0]: row for row in head.rows(f"SELECT {text} FROM portfolios")}
    times = head.rows("SELECT id, CAST(updated_at AS TEXT) FROM exchange_connections ORDER BY id")
    kept = head.value("SELECT count(*) FROM adoption_leftovers")
    counts = {table: len(found) for table, found in values(head).items()}
    done = repair(head.url, ["orphans"], orphans="quarantine", deep=True)
    assert done.complete
    assert codes(check(head.url, deep=True)) == []
    leftovers = {
        (table, key): payload if isinstance(payload, dict) else json.loads(payload)
        for table, key, payload in head.rows(
            f"SELECT table_name, row_key, payload FROM adoption_leftovers WHERE id > {kept} AND reason = 'orphan'"
        )
    }
    assert {"row-0", "row-1"} == {key for table, key in leftovers if table == "portfolios"}
    for key in ("row-0", "row-1"):
        whole = leftovers["portfolios", key]
        assert (whole["id"], whole["user_id"], whole["name"]) == rows[key][:3]
        assert whole["updated_at"][:10] == rows[key][3][:10]
        assert ("orders", key) in leftovers
    assert leftovers["exchange_connections", "row-1"] == {"exchange_id": "gone"}
    assert head.value("SELECT exchange_id FROM exchange_connections WHERE id = 'row-1'") is None
    assert head.rows("SELECT id, CAST(updated_at AS TEXT) FROM exchange_connections ORDER BY id") == times
    after = {table: len(found) for table, found in values(head).items()}
    moved = {table: sum(one == table for one, _ in leftovers) for table in counts}
    moved["exchange_connections"] = 0
    moved["adoption_leftovers"] = -len(leftovers)
    assert {table: counts[table] - moved[table] for table in counts} == after


def test_a_key_of_two_columns_may_be_referred_to(head: Database) -> None:
    head.execute(
        "CREATE TABLE notes (id integer PRIMARY KEY, c text, p text, "
        "FOREIGN KEY (c, p) REFERENCES preset_trade_engine_state)"
    )
    damaged(head, ["INSERT INTO preset_trade_engine_state (connection_id, preset_id) VALUES ('gone', 'p')"])
    assert repair(head.url, ["orphans"], orphans="quarantine").complete
    assert head.value("SELECT count(*) FROM preset_trade_engine_state") == 0
    assert head.value("SELECT count(*) FROM adoption_leftovers WHERE reason = 'orphan'") == 1


def test_a_row_that_somebody_elses_row_refers_to_is_not_taken_away(head: Database) -> None:
    filled(head)
    damaged(head, ORPHANS)
    head.execute("CREATE TABLE own (id int PRIMARY KEY, p TEXT REFERENCES portfolios (id) ON DELETE CASCADE)")
    head.execute("INSERT INTO own VALUES (1, 'row-1')")
    before = values(head)
    with pytest.raises(RepairFailed, match="would have changed other rows"):
        repair(head.url, ["orphans"], orphans="quarantine", deep=True)
    assert (values(head), head.value("SELECT count(*) FROM own")) == (before, 1)


@pytest.mark.parametrize("columns", ["p", "c, p"])
def test_orphans_in_unmanaged_tables_do_not_hinder_those_that_are_mended(head: Database, columns: str) -> None:
    filled(head)
    end = "" if head.kind == "sqlite" else " NOT VALID"
    parent = "portfolios (id)" if columns == "p" else "preset_trade_engine_state (connection_id, preset_id)"
    head.execute("CREATE TABLE own (id int PRIMARY KEY, c text, p text)")
    damaged(head, [*ORPHANS, "INSERT INTO own VALUES (1, 'gone', 'gone')"])
    if head.kind == "postgresql":
        head.execute(f"ALTER TABLE own ADD CONSTRAINT k FOREIGN KEY ({columns}) REFERENCES {parent}{end}")
    else:
        head.execute("DROP TABLE own")
        head.execute(f"CREATE TABLE own (id int, c text, p text, FOREIGN KEY ({columns}) REFERENCES {parent})")
        damaged(head, ["INSERT INTO own VALUES (1, 'gone', 'gone')"])
    where = f"orphans own.{columns}"
    assert where in left(repair(head.url, ["orphans"], orphans="quarantine", plan=True, deep=True))
    made = repair(head.url, ["orphans"], orphans="quarantine", deep=True)
    assert "unmanaged" in left(made)[where]
    assert not made.complete
    assert codes(check(head.url, deep=True)) == ["orphans"]
    assert head.rows("SELECT * FROM own") == [(1, "gone", "gone")]
    assert repair(head.url, orphans="quarantine", deep=True).steps == ()


def test_who_refers_to_a_row_that_would_leave_is_named_wherever_his_table_is(head: Database) -> None:
    """And whoever refers to another row, or to none, is not in the way."""
    filled(head)
    damaged(head, ORPHANS)
    own = '"My.own"'
    if head.kind == "postgresql":
        head.execute("CREATE SCHEMA elsewhere")
        own = 'elsewhere."My.own"'
    head.execute(f"CREATE TABLE {own} (id int PRIMARY KEY, p TEXT REFERENCES PORTFOLIOS (ID) ON DELETE SET NULL)")
    head.execute(f"INSERT INTO {own} VALUES (1, 'row-1'), (2, NULL)")
    before = values(head)
    with pytest.raises(RepairFailed) as refused:
        repair(head.url, ["orphans"], orphans="quarantine", deep=True)
    assert str(refused.value.place["refers"]).endswith("My.own.p")
    assert refused.value.place["rows"] == 1
    assert (values(head), head.rows(f"SELECT p FROM {own} ORDER BY id")) == (before, [("row-1",), (None,)])
    head.execute(f"UPDATE {own} SET p = NULL")
    assert repair(head.url, ["orphans"], orphans="quarantine", deep=True).complete
    assert codes(check(head.url, deep=True)) == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("gone", ["site_logs.id", "schema_migrations.version", "schema_migrations.source"])
def test_a_column_that_a_check_itself_reads_comes_back_with_its_constraints(head: Database, gone: str) -> None:
    table, _, column = gone.partition(".")
    shape = head.snapshot().tables[table]
    head.execute(f"ALTER TABLE {table} DROP COLUMN {column} CASCADE")
    assert f"missing-column {gone}" in [f"{one.code} {one.where}" for one in check(head.url).findings]
    repair(head.url)
    assert head.snapshot().tables[table] == shape
    assert codes(check(head.url)) == []


OWN_TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER own_{event} AFTER {event} ON Portfolios BEGIN DELETE FROM own; "
        "UPDATE users SET email = ''; END"
        for event in ("DELETE", "UPDATE")
    ],
    "postgresql": [
        "CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN DELETE FROM own; UPDATE users SET email = 'x'; RETURN NULL; END$$",
        "CREATE TRIGGER own_delete AFTER DELETE ON portfolios FOR EACH ROW EXECUTE FUNCTION own()",
        "CREATE TRIGGER own_always AFTER DELETE ON portfolios FOR EACH ROW EXECUTE FUNCTION own()",
        "ALTER TABLE portfolios ENABLE ALWAYS TRIGGER own_always",
    ],
}


def test_a_trigger_of_somebody_elses_does_not_fire_and_is_as_it_was_afterwards(head: Database) -> None:
    filled(head)
    damaged(head, ORPHANS)
    if head.kind == "sqlite":
        head.execute("UPDATE portfolios SET created_at = '2020-01-01T00:00:00Z' WHERE id = 'row-2'")
    head.execute("CREATE TABLE own (id int)")
    head.execute("INSERT INTO own VALUES (1)")
    for statement in OWN_TRIGGERS[head.kind]:
        with head.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    users, shape = values(head)["users"], head.snapshot()
    assert repair(head.url, orphans="quarantine", deep=True).complete
    assert (values(head)["users"], head.value("SELECT count(*) FROM own")) == (users, 1)
    assert head.snapshot() == shape


def test_where_another_command_goes_on_nothing_is_touched(database: Database) -> None:
    for revision, code, next_step in (
        (None, "empty-database", "cts-schema upgrade"),
        ("055", "not-at-head", "cts-schema upgrade"),
    ):
        if revision is not None:
            upgrade(database.url, revision)
        shape = database.snapshot()
        made = repair(database.url)
        assert ([one.finding.code for one in made.left], made.steps) == ([code], ())
        assert worded(made.left[0].finding.repair) == next_step
        assert database.snapshot() == shape
    assert cts_schema("repair", url=database.url).code == 1


def test_a_code_says_what_is_mended_and_one_that_is_not_known_is_refused(head: Database) -> None:
    damaged(head, ["DROP INDEX ix_orders_portfolio_id", "DROP TABLE data_sync_log", "CREATE INDEX own ON users (role)"])
    done = cts_schema("repair", "missing-indexes", url=head.url)
    assert (done.code, done.out) == (2, "")
    assert all(code in done.err for code in REPAIRABLE)
    assert repair(head.url, ["slow-migration"]).complete
    assert repair(head.url, ["missing-index"]).complete
    assert codes(check(head.url)) == ["missing-table"]
    made = repair(head.url, ["extra-index"])
    assert "somebody added it" in left(made)["extra-index users.own"]
    with pytest.raises(WrongUsage):
        repair(head.url, ["nonsense"])


def test_the_plan_is_a_command_that_shows_statements_and_no_secrets(head: Database) -> None:
    filled(head)
    head.execute(USER)
    head.execute(CONNECTION)
    damaged(head, ["DROP INDEX ix_orders_portfolio_id", "ALTER TABLE users DROP COLUMN api_secret", *ORPHANS])
    before = values(head)
    url = head.location
    if head.kind == "postgresql":  # what PostgreSQL refuses then, it would refuse on a hot standby
        url = url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    said = cts_schema("repair", "--plan", "--orphans", "quarantine", url=url.render_as_string(hide_password=False))
    assert said.code == 1
    assert "ix_orders_portfolio_id ON orders (portfolio_id)" in said.out
    answer = json.loads(cts_schema("repair", "--plan", "--json", url=head.url).out)
    assert (answer["done"], answer["complete"]) == (False, False)
    assert {finding["code"] for step in answer["steps"] for finding in step["repairs"]} == {
        "missing-index",
        "missing-column",
    }
    assert values(head) == before
    done = cts_schema("repair", "--orphans", "quarantine", url=head.url)
    assert (done.code, done.err) == (0, "")
    for text in (said.out, json.dumps(answer), done.out):
        assert not any(secret in text for secret in ("K3Y", "S3CRET", "PHR4SE"))
    done = cts_schema("repair", "--plan", url=head.url)
    assert (done.code, "0 to repair" in done.out) == (0, True)
    assert cts_schema("repair", url=head.url).code == 0


def test_a_copy_is_made_before_and_has_what_was_there(
    head: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))
    damaged(head, ["DROP INDEX ix_orders_portfolio_id"])
    made = repair(head.url, backup=False)
    assert made.backup is None
    damaged(head, ["DROP INDEX ix_orders_portfolio_id"])
    made = repair(head.url, backup=None if head.kind == "sqlite" else tmp_path)
    assert made.backup is not None
    assert Path(made.backup).is_file()
    if head.kind == "sqlite":
        with Database(sa.make_url(f"sqlite:///{made.backup}")) as copy:
            assert codes(check(copy.url)) == ["missing-index"]


def test_a_repair_that_does_not_prove_itself_is_undone(head: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(head)
    damaged(head, ["ALTER TABLE users DROP COLUMN api_secret"])
    before, shape = values(head), head.snapshot()
    original = execution.execute
    for spoiling in ("DELETE FROM users WHERE id = 'row-3'", "DROP INDEX ix_orders_portfolio_id", "SELECT nonsense"):

        def spoilt(connection: sa.Connection, step: RepairStep, spoiling: str = spoiling) -> None:
            original(connection, step)
            run(connection, spoiling)

        monkeypatch.setattr(execution, "execute", spoilt)
        with pytest.raises((RepairFailed, sa.exc.SQLAlchemyError)):
            repair(head.url)
        assert (values(head), head.snapshot()) == (before, shape)
    if head.kind == "sqlite":
        assert not list(Path(str(head.location.database)).parent.glob("backups/*"))
    monkeypatch.undo()
    assert repair(head.url).complete


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_what_fails_after_the_commit_does_not_take_the_copy_away(
    head: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged(head, ["ALTER TABLE users DROP COLUMN api_secret"])
    pragma = sqlite._raw
    before = pragma_of(head, "foreign_keys")

    def failing(connection: sa.Connection, statement: str) -> Any:
        if statement == f"PRAGMA foreign_keys = {before}":  # as it was before the run
            raise sqlite3.OperationalError("disk I/O error")
        return pragma(connection, statement)

    monkeypatch.setattr(sqlite, "_raw", failing)
    with pytest.raises(SchemaError):
        repair(migration_engine(head.location))
    monkeypatch.undo()
    assert codes(check(head.url)) == []
    assert len(list(Path(str(head.location.database)).parent.glob("backups/*.db"))) == 1


def pragma_of(head: Database, name: str) -> int:
    with migration_engine(head.location).connect() as connection:
        return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def test_in_a_transaction_of_the_caller_everything_is_his_to_roll_back(head: Database) -> None:
    filled(head)
    damaged(head, ["ALTER TABLE users DROP COLUMN api_secret", "DROP INDEX ix_orders_portfolio_id"])
    if head.kind == "postgresql":
        damaged(head, ["ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id"])
    shape = head.snapshot()
    engine = migration_engine(head.location)
    with engine.connect() as connection:
        transaction = connection.begin()
        assert repair(connection).complete
        assert codes(check(connection)) == []
        transaction.rollback()
        assert head.snapshot() == shape
        with connection.begin():
            assert repair(connection).complete
    engine.dispose()
    assert codes(check(head.url)) == []


KILLED = """
import os, signal, sys
import cts_schema.health.repair.execution as execution
from cts_schema import repair
left, original = int(sys.argv[1]), execution.run
def counted(connection, statement):
    global left
    left -= 1
    if left < 0 or (sys.argv[3:] and sys.argv[3] in statement):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(connection, statement)
execution.run = counted
repair(sys.argv[2], orphans="quarantine")
"""


def test_a_repair_that_is_killed_leaves_the_old_state_and_the_next_one_ends_it(head: Database) -> None:
    filled(head)
    damaged(head, ["ALTER TABLE users DROP COLUMN api_secret", *ORPHANS, "DROP INDEX ix_orders_portfolio_id"])
    before, shape = values(head), head.snapshot()
    planned = repair(head.url, plan=True, orphans="quarantine")
    statements = sum(len(step.statements) for step in planned.steps if not step.apart)
    for point in (1, statements // 2, statements):
        command = [sys.executable, "-c", KILLED, str(point), head.url]
        assert subprocess.run(command, cwd=ROOT, check=False, timeout=600).returncode == -signal.SIGKILL
        assert (values(head), head.snapshot()) == (before, shape)
    assert repair(head.url, orphans="quarantine").complete
    assert codes(check(head.url)) == []
    again = repair(head.url, orphans="quarantine")
    assert (again.steps, again.backup) == ((), None)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_what_is_done_beside_the_traffic_is_ended_by_the_next_repair(head: Database) -> None:
    filled(head)
    damaged(
        head,
        [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "ALTER TABLE users DROP CONSTRAINT ck_users_role",
            "DROP INDEX ix_orders_portfolio_id",
        ],
    )
    before = values(head)
    for statement, still in (
        ("VALIDATE CONSTRAINT", ["missing-index", "not-validated", "not-validated"]),
        ("CONCURRENTLY", ["missing-index"]),
    ):
        command = [sys.executable, "-c", KILLED, "999", head.url, statement]
        assert subprocess.run(command, cwd=ROOT, check=False, timeout=600).returncode == -signal.SIGKILL
        assert sorted(codes(check(head.url))) == still
    assert repair(head.url).complete
    assert codes(check(head.url)) == []
    assert values(head) == before


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_foreign_key_that_rows_refuse_after_all_is_taken_away_again(
    head: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(head)
    damaged(
        head,
        [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "UPDATE orders SET user_id = 'gone' WHERE id = 'row-1'",
        ],
    )
    monkeypatch.setattr(alter, "_orphans", lambda *given: None)
    shape, before = head.snapshot(), values(head)
    with pytest.raises(RepairFailed, match="the steps before it are done") as caught:
        repair(head.url, ["missing-foreign-key"])
    assert "gone" not in str(caught.value)
    assert (head.snapshot(), values(head)) == (shape, before)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_another_schema_is_mended_by_its_name(database: Database) -> None:
    database.execute('CREATE SCHEMA "own schema"')
    upgrade(database.url, schema="own schema")
    damaged(
        database,
        [
            'DROP INDEX "own schema".ix_orders_portfolio_id',
            'ALTER TABLE "own schema".orders DROP CONSTRAINT fk_orders_user_id',
            'DROP TABLE "own schema".indication_history',
            'ALTER TABLE "own schema".site_logs ALTER COLUMN id DROP IDENTITY',
        ],
    )
    assert repair(database.url, schema="own schema").complete
    assert codes(check(database.url, schema="own schema", deep=True)) == []
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_migration_is_waited_for_and_not_for_ever(head: Database) -> None:
    damaged(head, ["DROP INDEX ix_orders_portfolio_id"])
    with head.engine.connect() as connection:
        if head.kind == "sqlite":
            connection.exec_driver_sql("UPDATE users SET role = role")
        else:
            key = "hashtextextended('cts_schema:' || current_schema(), 0)"
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")
        with pytest.raises((LockTimeout, DatabaseLocked)):
            repair(head.url, wait=0.1)
        done: list[Repair] = []
        waiter = threading.Thread(target=lambda: done.append(repair(head.url)))
        waiter.start()
        waiter.join(0.5)
        assert waiter.is_alive()
        assert done == []
        connection.rollback()
        waiter.join(60)
    assert done[0].complete
    assert codes(check(head.url)) == []
