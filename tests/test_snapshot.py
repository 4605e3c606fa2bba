"""The models and the line of revisions make the same schema, and the snapshot that says so overlooks nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from cts_schema.models import Base
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.operations import operations

FUNCTION = "CREATE OR REPLACE FUNCTION cts_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
TAMPERING = {
    "both": {
        "a table dropped": ["DROP TABLE adoption_leftovers"],
        "a table added": ["CREATE TABLE own (id int)"],
        "a column added": ["ALTER TABLE users ADD COLUMN own TEXT"],
        "a column dropped": ["ALTER TABLE users DROP COLUMN api_secret"],
        "a column renamed": ["ALTER TABLE users RENAME COLUMN api_secret TO secret"],
        "an index dropped": ["DROP INDEX ix_site_logs_timestamp"],
        "an index in another order": [
            "DROP INDEX ix_site_logs_timestamp",
            "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp DESC)",
        ],
        "an index over other columns": [
            "DROP INDEX ix_site_logs_timestamp",
            "CREATE INDEX ix_site_logs_timestamp ON site_logs (created_at)",
        ],
        "an index with a predicate": [
            "DROP INDEX ix_site_logs_timestamp",
            "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp) WHERE resolved",
        ],
        "an index made unique": [
            "DROP INDEX ix_site_logs_timestamp",
            "CREATE UNIQUE INDEX ix_site_logs_timestamp ON site_logs (timestamp)",
        ],
        "a view added": ["CREATE VIEW own AS SELECT id FROM users"],
    },
    "postgresql": {
        "a type changed": ["ALTER TABLE volume_configuration ALTER COLUMN max_leverage TYPE numeric(10, 3)"],
        "a default changed": ["ALTER TABLE users ALTER COLUMN role SET DEFAULT 'admin'"],
        "a default dropped": ["ALTER TABLE users ALTER COLUMN id DROP DEFAULT"],
        "NULL allowed": ["ALTER TABLE users ALTER COLUMN username DROP NOT NULL"],
        "an identity dropped": ["ALTER TABLE site_logs ALTER COLUMN id DROP IDENTITY"],
        "an identity for ever": ["ALTER TABLE site_logs ALTER COLUMN id SET GENERATED ALWAYS"],
        "a key renamed": ["ALTER TABLE users RENAME CONSTRAINT uq_users_email TO own"],
        "a check changed": [
            "ALTER TABLE users DROP CONSTRAINT ck_users_role",
            "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'root'))",
        ],
        "a check not validated": [
            "ALTER TABLE users DROP CONSTRAINT ck_users_role",
            "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin')) NOT VALID",
        ],
        "a foreign key dropped": ["ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id"],
        "another action on delete": [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "ALTER TABLE orders ADD CONSTRAINT fk_orders_user_id FOREIGN KEY (user_id) REFERENCES users (id)",
        ],
        "a trigger dropped": ["DROP TRIGGER trg_users_updated_at ON users"],
        "a trigger disabled": ["ALTER TABLE users DISABLE TRIGGER trg_users_updated_at"],
        "a function changed": [FUNCTION],
        "a function added": ["CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    },
    "sqlite": {
        "a trigger dropped": ["DROP TRIGGER trg_users_updated_at"],
        "a trigger changed": [
            "DROP TRIGGER trg_users_updated_at",
            "CREATE TRIGGER trg_users_updated_at AFTER UPDATE ON users BEGIN SELECT 1; END",
        ],
    },
}
# SQLite has no ALTER for these: the table is made anew from its own text with one change in it.
REWRITTEN = {
    "a type changed": ("max_leverage NUMERIC(10, 4)", "max_leverage NUMERIC(10, 3)", "volume_configuration"),
    "a default changed": ("role TEXT DEFAULT 'user'", "role TEXT DEFAULT 'admin'", "users"),
    "a default dropped": (" DEFAULT (lower(hex(randomblob(16))))", "", "users"),
    "NULL allowed": ("username TEXT NOT NULL", "username TEXT", "users"),
    "a key dropped": ("CONSTRAINT uq_users_email UNIQUE (email), ", "", "users"),
    "a key renamed": ("CONSTRAINT uq_users_email", "CONSTRAINT own", "users"),
    "a key in another order": ("UNIQUE (exchange_id, symbol)", "UNIQUE (symbol, exchange_id)", "trading_pairs"),
    "a check changed": ("role IN ('user', 'admin')", "role IN ('user', 'root')", "users"),
    "a check renamed": ("CONSTRAINT ck_users_role", "CONSTRAINT own", "users"),
    "another action on delete": ("REFERENCES users (id) ON DELETE CASCADE", "REFERENCES users (id)", "orders"),
    "a deferred foreign key": (
        "REFERENCES users (id) ON DELETE CASCADE",
        "REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        "orders",
    ),
    "ids given again": (" AUTOINCREMENT", "", "site_logs"),
    "another collation": ("email TEXT", "email TEXT COLLATE NOCASE", "users"),
}
CASES = [
    *((kind, what) for kind in ("sqlite", "postgresql") for what in [*TAMPERING["both"], *TAMPERING[kind]]),
    *(("sqlite", what) for what in REWRITTEN),
]


def test_the_models_and_the_line_of_revisions_make_the_same_schema(database: Database, head: Database) -> None:
    Base.metadata.create_all(database.engine)
    found = differences(database.snapshot(), head.snapshot())
    assert found.pop("alembic_version") == "extra"
    if head.kind == "postgresql":  # for triggers of the old application; no model has one
        assert "update_updated_at_column()" in found.pop("update_updated_at_column")
    assert found == {}


@pytest.mark.parametrize(("kind", "what"), CASES, indirect=["kind"])
def test_the_snapshot_notices(head: Database, what: str) -> None:
    before = head.snapshot()
    if head.kind == "sqlite" and what in REWRITTEN:
        old, new, table = REWRITTEN[what]
        rewrite(head, table, old, new)
    else:
        for statement in {**TAMPERING["both"], **TAMPERING[head.kind]}[what]:
            head.execute(statement)
    assert differences(before, head.snapshot()) != {}


def test_the_snapshot_does_not_depend_on_the_order_of_columns_or_the_place_of_a_constraint(
    database: Database,
) -> None:
    checks = "CONSTRAINT fk REFERENCES a (id) ON DELETE CASCADE", "CONSTRAINT ck CHECK (n > 0)"
    database.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    database.execute(f"CREATE TABLE b (id INTEGER PRIMARY KEY, n INTEGER {checks[1]}, a_id INTEGER {checks[0]})")
    one = database.snapshot()
    database.execute("DROP TABLE b")
    database.execute(
        f"CREATE TABLE b (a_id INTEGER, id INTEGER PRIMARY KEY, n INTEGER, {checks[1]}, "
        "CONSTRAINT fk FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE CASCADE)"
    )
    assert differences(one, database.snapshot()) == {}


def rewrite(database: Database, table: str, old: str, new: str) -> None:
    rest = "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND type IN ('index', 'trigger') AND sql IS NOT NULL"
    with operations(database) as ddl:
        text = ddl.connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"), {"table": table}
        ).scalar_one()
        others = ddl.connection.execute(sa.text(rest), {"table": table}).scalars().all()
        assert text.count(old) == 1, text
        ddl.connection.exec_driver_sql(f"DROP TABLE {table}")
        for statement in (text.replace(old, new), *others):
            ddl.connection.exec_driver_sql(statement)
