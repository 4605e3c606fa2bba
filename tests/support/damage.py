"""What people and crashes do to a database at head, and what is found then."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tests.support.databases import Database
from tests.support.operations import operations


def damaged(database: Database, statements: Sequence[str]) -> None:
    """Run statements as somebody would by hand, without what keeps rows consistent."""
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        off = "PRAGMA foreign_keys = OFF" if database.kind == "sqlite" else "SET session_replication_role = replica"
        for statement in (off, *statements):
            connection.execute(sa.text(statement))
        connection.exec_driver_sql(off.replace("OFF", "ON").replace("= replica", "= origin"))


def rewrite(database: Database, table: str, old: str, new: str) -> None:
    """Make a table of SQLite anew with another definition, as no ALTER can, and the same rows."""
    rest = "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY type <> 'table'"
    with operations(database) as ddl:
        first, *others = ddl.connection.execute(sa.text(rest), {"table": table}).scalars().all()
        assert first.count(old) == 1, first
        rows = f"CREATE TEMP TABLE rewritten AS SELECT * FROM {table}", f"INSERT INTO {table} SELECT * FROM rewritten"
        for statement in (rows[0], f"DROP TABLE {table}", first.replace(old, new), rows[1], *others):
            ddl.connection.exec_driver_sql(statement)
        ddl.connection.exec_driver_sql("DROP TABLE rewritten")


# What is done to a database at head, and all that is found then.
BOTH: dict[str, tuple[list[str], tuple[str, str]]] = {
    "a table dropped": (["DROP TABLE data_sync_log"], ("missing-table", "data_sync_log")),
    "a column dropped": (["ALTER TABLE users DROP COLUMN api_secret"], ("missing-column", "users.api_secret")),
    "a column added": (["ALTER TABLE users ADD COLUMN own TEXT"], ("extra-column", "users.own")),
    "an index dropped": (
        ["DROP INDEX ix_orders_portfolio_id"],
        ("missing-index", "orders.ix_orders_portfolio_id"),
    ),
    "an index in another order": (
        ["DROP INDEX ix_site_logs_timestamp", "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp DESC)"],
        ("changed-index", "site_logs.ix_site_logs_timestamp"),
    ),
    "an index with a predicate": (
        [
            "DROP INDEX ix_site_logs_timestamp",
            "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp) WHERE resolved",
        ],
        ("changed-index", "site_logs.ix_site_logs_timestamp"),
    ),
    "an index added": (["CREATE INDEX own ON site_logs (message)"], ("extra-index", "site_logs.own")),
    "a table of somebody else's with an uncovered key": (
        ["CREATE TABLE own (id int PRIMARY KEY, user_id TEXT REFERENCES users (id))"],
        ("foreign-key-without-index", "own.user_id"),
    ),
    "a row deleted from the ledger": (
        ["DELETE FROM schema_migrations WHERE migration_id = 56"],
        ("ledger-row-missing", "schema_migrations"),
    ),
    "every row deleted from the ledger": (
        ["DELETE FROM schema_migrations"],
        ("ledger-row-missing", "schema_migrations"),
    ),
    "a revision that took long": (
        ["UPDATE schema_migrations SET execution_time_ms = 90000 WHERE migration_id = 56"],
        ("slow-migration", "schema_migrations"),
    ),
    "a row without its parent": (
        ["INSERT INTO portfolios (id, user_id, name) VALUES ('p', 'gone', 'p')"],
        ("orphans", "portfolios.user_id"),
    ),
    "a log line of a user who is gone": (
        ["INSERT INTO site_logs (level, category, message, user_id) VALUES ('info', 'x', 'x', 'gone')"],
        ("orphans", "site_logs.user_id"),
    ),
    "another revision": (["UPDATE alembic_version SET version_num = '999'"], ("unknown-revision", "alembic_version")),
}
POSTGRESQL: dict[str, tuple[list[str], tuple[str, str]]] = {
    "a type changed": (
        ["ALTER TABLE volume_configuration ALTER COLUMN max_leverage TYPE numeric(10, 3)"],
        ("changed-column", "volume_configuration.max_leverage"),
    ),
    "a default changed": (
        ["ALTER TABLE users ALTER COLUMN role SET DEFAULT 'admin'"],
        ("changed-column", "users.role"),
    ),
    "NULL allowed": (["ALTER TABLE users ALTER COLUMN username DROP NOT NULL"], ("changed-column", "users.username")),
    "ids that are numbers": (
        ["ALTER TABLE site_logs ALTER COLUMN user_id TYPE integer USING NULL"],
        ("wrong-id-type", "site_logs.user_id"),
    ),
    "a check changed": (
        [
            "ALTER TABLE users DROP CONSTRAINT ck_users_role",
            "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin', 'root'))",
        ],
        ("changed-check", "users.ck_users_role"),
    ),
    "a check not validated": (
        [
            "ALTER TABLE users DROP CONSTRAINT ck_users_role",
            "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin')) NOT VALID",
        ],
        ("not-validated", "users.ck_users_role"),
    ),
    "a foreign key dropped": (
        ["ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id"],
        ("missing-foreign-key", "orders.fk_orders_user_id"),
    ),
    "another action on delete": (
        [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "ALTER TABLE orders ADD CONSTRAINT fk_orders_user_id FOREIGN KEY (user_id) REFERENCES users (id)",
        ],
        ("changed-foreign-key", "orders.fk_orders_user_id"),
    ),
    "a unique key dropped": (
        ["ALTER TABLE users DROP CONSTRAINT uq_users_email"],
        ("missing-unique", "users.uq_users_email"),
    ),
    "a trigger dropped": (
        ["DROP TRIGGER trg_users_updated_at ON users"],
        ("missing-trigger", "users.trg_users_updated_at"),
    ),
    "a trigger disabled": (
        ["ALTER TABLE users DISABLE TRIGGER trg_users_updated_at"],
        ("changed-trigger", "users.trg_users_updated_at"),
    ),
    "a table that a crash empties": (
        ["ALTER TABLE volume_configuration SET UNLOGGED"],
        ("changed-table", "volume_configuration"),
    ),
    "a function changed": (
        ["CREATE OR REPLACE FUNCTION cts_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"],
        ("changed-function", "cts_set_updated_at"),
    ),
    "an identity dropped": (
        ["ALTER TABLE site_logs ALTER COLUMN id DROP IDENTITY"],
        ("changed-column", "site_logs.id"),
    ),
    "an index that is not valid": (
        ["UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_site_logs_timestamp'\\:\\:regclass"],
        ("invalid-index", "site_logs.ix_site_logs_timestamp"),
    ),
    "a sequence behind": (
        ["INSERT INTO site_logs (id, level, category, message) VALUES (7, 'info', 'x', 'x')"],
        ("sequence-behind", "site_logs.id"),
    ),
}
SQLITE: dict[str, tuple[list[str], tuple[str, str]]] = {
    "a trigger dropped": (["DROP TRIGGER trg_users_updated_at"], ("missing-trigger", "users.trg_users_updated_at")),
    "a trigger changed": (
        [
            "DROP TRIGGER trg_users_updated_at",
            "CREATE TRIGGER trg_users_updated_at AFTER UPDATE ON users BEGIN SELECT 1; END",
        ],
        ("changed-trigger", "users.trg_users_updated_at"),
    ),
    "times of the old application": (
        [
            "INSERT INTO site_logs (level, category, message, timestamp) "
            "VALUES ('info', 'x', 'x', '2026-01-03T01:00:00.000Z')"
        ],
        ("time-form", "site_logs.timestamp"),
    ),
    "an id that is a blob": (
        ["INSERT INTO users (id, username, password_hash) VALUES (x'6162', 'me', 'x')"],
        ("wrong-id-type", "users.id"),
    ),
    "a value that a check refuses": (
        [
            "PRAGMA ignore_check_constraints = ON",
            "INSERT INTO users (id, username, password_hash, role) VALUES ('u', 'me', 'x', 'root')",
            "PRAGMA ignore_check_constraints = OFF",
        ],
        ("refused-values", "users"),
    ),
}
# SQLite has no ALTER for these.
REWRITTEN = {
    "a type changed": (
        ("volume_configuration", "max_leverage NUMERIC(10, 4)", "max_leverage NUMERIC(10, 3)"),
        ("changed-column", "volume_configuration.max_leverage"),
    ),
    "a default changed": (
        ("users", "role TEXT DEFAULT 'user'", "role TEXT DEFAULT 'admin'"),
        ("changed-column", "users.role"),
    ),
    "ids that are numbers": (("orders", "user_id TEXT", "user_id INTEGER"), ("wrong-id-type", "orders.user_id")),
    "a check changed": (
        ("users", "role IN ('user', 'admin')", "role IN ('user', 'admin', 'root')"),
        ("changed-check", "users.ck_users_role"),
    ),
    "another action on delete": (
        ("orders", "REFERENCES users (id) ON DELETE CASCADE", "REFERENCES users (id)"),
        ("changed-foreign-key", "orders.user_id"),
    ),
    "a unique key dropped": (
        (("users"), "CONSTRAINT uq_users_email UNIQUE (email), ", ""),
        ("missing-unique", "users.email"),
    ),
    "ids given again": (("site_logs", " AUTOINCREMENT", ""), ("changed-table", "site_logs")),
}
