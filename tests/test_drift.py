"""``alembic check`` is clean at head, and reports whatever has drifted from the models, on both databases alike."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from cts_schema.models import Base
from cts_schema.schema.scripts import head as newest
from cts_schema.schema.scripts import script_location
from tests.support.databases import Database
from tests.support.drift import differences, words


def test_a_database_that_was_upgraded_has_not_drifted(head: Database) -> None:
    assert differences(head) == []


def test_a_database_made_from_the_models_and_stamped_has_not_drifted(database: Database) -> None:
    Base.metadata.create_all(database.engine)
    config = Config()
    config.set_main_option("script_location", str(script_location()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = database.engine
    command.stamp(config, newest())
    assert differences(database) == []


def test_a_check_writes_nothing_and_runs_where_nothing_can_be_written(head: Database) -> None:
    """A hot standby refuses whatever a read-only transaction refuses."""
    if head.kind == "sqlite":
        read_only = sa.make_url(f"sqlite:///file:{head.location.database}?mode=ro&uri=true")
    else:
        read_only = head.location.update_query_dict({"options": "-c default_transaction_read_only=on"})
    with Database(read_only) as database:
        assert differences(database) == []


def made_otherwise(database: Database, table: str, old: str, new: str) -> None:
    """Make an empty SQLite table anew with another definition, as no ALTER of SQLite can."""
    with database.engine.begin() as connection:
        query = (
            f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL ORDER BY type = 'table' DESC"
        )
        first, *others = connection.exec_driver_sql(query).scalars().all()
        assert old in first, first
        connection.exec_driver_sql(f"DROP TABLE {table}")
        for sql in (first.replace(old, new), *others):
            connection.exec_driver_sql(sql)


# What was done, on SQLite (a statement, or table, old text, new text) and on PostgreSQL, and what the check says of it.
DRIFTS: dict[str, tuple[str | tuple[str, str, str], str, str]] = {
    "a trigger was dropped": (
        "DROP TRIGGER trg_orders_updated_at",
        "DROP TRIGGER trg_orders_updated_at ON orders",
        "trigger orders.trg_orders_updated_at is missing in the database",
    ),
    "a trigger was changed": (
        "DROP TRIGGER trg_orders_updated_at; CREATE TRIGGER trg_orders_updated_at AFTER UPDATE OF price ON orders "
        "BEGIN UPDATE orders SET updated_at = 'now' WHERE rowid = NEW.rowid; END",
        "DROP TRIGGER trg_orders_updated_at ON orders; CREATE TRIGGER trg_orders_updated_at BEFORE UPDATE OF price "
        "ON orders FOR EACH ROW EXECUTE FUNCTION cts_set_updated_at()",
        "trigger orders.trg_orders_updated_at is CREATE TRIGGER",
    ),
    "a trigger was added under a name of ours": (
        "CREATE TRIGGER trg_site_logs_updated_at AFTER UPDATE ON site_logs BEGIN SELECT 1; END",
        "CREATE TRIGGER trg_site_logs_updated_at BEFORE UPDATE ON site_logs FOR EACH ROW "
        "EXECUTE FUNCTION cts_set_updated_at()",
        "trigger site_logs.trg_site_logs_updated_at is in no revision",
    ),
    "an index was dropped": (
        "DROP INDEX ix_orders_portfolio_id",
        "DROP INDEX ix_orders_portfolio_id",
        "index orders.ix_orders_portfolio_id is missing in the database",
    ),
    "an index has another order": (
        "DROP INDEX ix_site_logs_timestamp; CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp DESC)",
        "DROP INDEX ix_site_logs_timestamp; CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp DESC)",
        "index site_logs.ix_site_logs_timestamp is CREATE INDEX",
    ),
    "an index covers some rows only": (
        "DROP INDEX ix_site_logs_timestamp; "
        "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp) WHERE resolved",
        "DROP INDEX ix_site_logs_timestamp; "
        "CREATE INDEX ix_site_logs_timestamp ON site_logs (timestamp) WHERE resolved",
        "index site_logs.ix_site_logs_timestamp is CREATE INDEX",
    ),
    "an index has other columns": (
        "DROP INDEX ix_orders_portfolio_id; CREATE INDEX ix_orders_portfolio_id ON orders (portfolio_id, symbol)",
        "DROP INDEX ix_orders_portfolio_id; CREATE INDEX ix_orders_portfolio_id ON orders (portfolio_id, symbol)",
        "index orders.ix_orders_portfolio_id is CREATE INDEX",
    ),
    "somebody's index is unique, and so refuses rows": (
        "CREATE UNIQUE INDEX theirs ON orders (exchange_order_id)",
        "CREATE UNIQUE INDEX theirs ON orders (exchange_order_id)",
        "index orders.theirs is in no revision",
    ),
    "a column was dropped": (
        "ALTER TABLE orders DROP COLUMN fees",
        "ALTER TABLE orders DROP COLUMN fees",
        "column orders.fees is missing in the database",
    ),
    "a column was added": (
        "ALTER TABLE orders ADD COLUMN theirs TEXT",
        "ALTER TABLE orders ADD COLUMN theirs TEXT",
        "column orders.theirs is in no revision",
    ),
    "a column may be null": (
        ("orders", "quantity NUMERIC(20, 8) NOT NULL", "quantity NUMERIC(20, 8)"),
        "ALTER TABLE orders ALTER COLUMN quantity DROP NOT NULL",
        "column orders.quantity is",
    ),
    "a column may not be null": (
        ("orders", "price NUMERIC(20, 8)", "price NUMERIC(20, 8) NOT NULL"),
        "ALTER TABLE orders ALTER COLUMN price SET NOT NULL",
        "column orders.price is",
    ),
    "a default was changed": (
        ("orders", "DEFAULT 'GTC'", "DEFAULT 'IOC'"),
        "ALTER TABLE orders ALTER COLUMN time_in_force SET DEFAULT 'IOC'",
        "column orders.time_in_force is",
    ),
    "a default was dropped": (
        ("orders", "DEFAULT (lower(hex(randomblob(16)))) ", ""),
        "ALTER TABLE orders ALTER COLUMN id DROP DEFAULT",
        "column orders.id is",
    ),
    "the default of a json column was changed": (
        ("exchange_connections", "rate_limits TEXT DEFAULT '{}'", "rate_limits TEXT DEFAULT '[]'"),
        "ALTER TABLE exchange_connections ALTER COLUMN rate_limits SET DEFAULT '[]'",
        "column exchange_connections.rate_limits is",
    ),
    "a type has fewer digits": (
        ("orders", "price NUMERIC(20, 8)", "price NUMERIC(10, 2)"),
        "ALTER TABLE orders ALTER COLUMN price TYPE NUMERIC(10, 2)",
        "column orders.price is",
    ),
    "a type is another one": (
        ("orders", "symbol TEXT", "symbol INTEGER"),
        "ALTER TABLE orders ALTER COLUMN symbol TYPE INTEGER USING symbol::integer",
        "column orders.symbol is",
    ),
    "a foreign key was dropped": (
        (
            "positions",
            "CONSTRAINT fk_positions_portfolio_id FOREIGN KEY(portfolio_id) "
            "REFERENCES portfolios (id) ON DELETE CASCADE, ",
            "",
        ),
        "ALTER TABLE positions DROP CONSTRAINT fk_positions_portfolio_id",
        "foreign key positions.",
    ),
    "a foreign key does something else on delete": (
        ("positions", "portfolios (id) ON DELETE CASCADE", "portfolios (id) ON DELETE SET NULL"),
        "ALTER TABLE positions DROP CONSTRAINT fk_positions_portfolio_id; ALTER TABLE positions ADD CONSTRAINT "
        "fk_positions_portfolio_id FOREIGN KEY (portfolio_id) REFERENCES portfolios (id) ON DELETE SET NULL",
        "foreign key positions.",
    ),
    "a check was dropped": (
        ("orders", " CONSTRAINT ck_orders_side CHECK (side IN ('buy', 'sell'))", ""),
        "ALTER TABLE orders DROP CONSTRAINT ck_orders_side",
        "check orders.ck_orders_side is missing in the database",
    ),
    "a check has other words": (
        ("orders", "side IN ('buy', 'sell')", "side IN ('buy', 'sold')"),
        "ALTER TABLE orders DROP CONSTRAINT ck_orders_side; "
        "ALTER TABLE orders ADD CONSTRAINT ck_orders_side CHECK (side IN ('buy', 'sold'))",
        "check orders.ck_orders_side is CHECK",
    ),
    "a check has other numbers": (
        ("optimal_indications", "phase IN (1, 2, 3)", "phase IN (1, 2, 4)"),
        "ALTER TABLE optimal_indications DROP CONSTRAINT ck_optimal_indications_phase; ALTER TABLE "
        "optimal_indications ADD CONSTRAINT ck_optimal_indications_phase CHECK (phase IN (1, 2, 4))",
        "check optimal_indications.ck_optimal_indications_phase is CHECK",
    ),
    "a check says and where it said or": (
        ("market_data", "connection_id IS NOT NULL OR", "connection_id IS NOT NULL AND"),
        "ALTER TABLE market_data DROP CONSTRAINT ck_market_data_series; ALTER TABLE market_data ADD CONSTRAINT "
        "ck_market_data_series CHECK (connection_id IS NOT NULL AND trading_pair_id IS NOT NULL)",
        "check market_data.ck_market_data_series is CHECK",
    ),
    "a check was added under a name of ours": (
        ("orders", "ck_orders_side CHECK", "ck_orders_theirs CHECK (quantity > 0) CONSTRAINT ck_orders_side CHECK"),
        "ALTER TABLE orders ADD CONSTRAINT ck_orders_theirs CHECK (quantity > 0)",
        "check orders.ck_orders_theirs is in no revision",
    ),
    "a unique constraint was dropped": (
        ("trading_pairs", "CONSTRAINT uq_trading_pairs_exchange_id_symbol UNIQUE (exchange_id, symbol), ", ""),
        "ALTER TABLE trading_pairs DROP CONSTRAINT uq_trading_pairs_exchange_id_symbol",
        "unique trading_pairs.",
    ),
    "a table was dropped": (
        "DROP TABLE portfolios",
        "DROP TABLE portfolios CASCADE",
        "table portfolios is missing in the database",
    ),
}
ONLY_POSTGRESQL = {
    "a trigger was switched off": (
        "ALTER TABLE orders DISABLE TRIGGER trg_orders_updated_at",
        "trigger orders.trg_orders_updated_at is CREATE TRIGGER",
    ),
    "a trigger calls another function": (
        "CREATE FUNCTION theirs_cts_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "DROP TRIGGER trg_orders_updated_at ON orders; CREATE TRIGGER trg_orders_updated_at BEFORE UPDATE ON orders "
        "FOR EACH ROW EXECUTE FUNCTION theirs_cts_set_updated_at()",
        "trigger orders.trg_orders_updated_at is CREATE TRIGGER",
    ),
    "the triggers' function was dropped with them": (
        "DROP FUNCTION cts_set_updated_at CASCADE",
        "trigger orders.trg_orders_updated_at is missing in the database",
    ),
}


def script(database: Database, statements: str) -> None:
    """Execute several statements; a trigger's own semicolons are followed by END."""
    with database.engine.begin() as connection:
        if database.kind == "postgresql":
            connection.exec_driver_sql(statements)
            return
        for statement in statements.split("; "):
            if statement.startswith("END"):
                continue
            connection.exec_driver_sql(f"{statement}; END" if statement.startswith("CREATE TRIGGER") else statement)


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_check_reports_that(drift: str, head: Database) -> None:
    on_sqlite, on_postgresql, reported = DRIFTS[drift]
    if head.kind == "postgresql":
        script(head, on_postgresql)
    elif isinstance(on_sqlite, str):
        script(head, on_sqlite)
    else:
        made_otherwise(head, *on_sqlite)
    assert reported in words(differences(head))


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("drift", ONLY_POSTGRESQL)
def test_a_check_reports_on_postgresql_that(drift: str, head: Database) -> None:
    done, reported = ONLY_POSTGRESQL[drift]
    script(head, done)
    assert reported in words(differences(head))


THEIRS = {
    "sqlite": (
        "CREATE TABLE theirs (id INTEGER PRIMARY KEY, odd WHATEVER(1,2), order_id TEXT REFERENCES orders (id), "
        "user_id TEXT REFERENCES users (id) ON DELETE CASCADE)",
        "CREATE INDEX theirs_partial ON theirs (lower(odd)) WHERE odd IS NOT NULL",
        "CREATE TABLE cts_kept_036_orders AS SELECT * FROM orders",
        "CREATE VIEW their_view AS SELECT id, price FROM orders",
        "CREATE TRIGGER their_trigger AFTER INSERT ON orders BEGIN SELECT 1; END",
    ),
    "postgresql": (
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE TABLE theirs (id uuid PRIMARY KEY, odd mood, place point, range int4range, words tsvector, "
        "order_id text REFERENCES orders (id), user_id text REFERENCES users (id) ON DELETE CASCADE)",
        "CREATE INDEX theirs_partial ON theirs (lower(order_id)) WHERE odd IS NOT NULL",
        "CREATE INDEX theirs_gin ON theirs USING gin (words)",
        "CREATE TABLE cts_kept_036_orders AS SELECT * FROM orders",
        "CREATE VIEW their_view AS SELECT id, price FROM orders",
        "CREATE MATERIALIZED VIEW their_cache AS SELECT id, price FROM orders",
        "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER their_trigger BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION theirs()",
        "CREATE SCHEMA theirs CREATE TABLE orders (id integer)",
    ),
}


def test_what_others_have_built_beside_the_schema_is_never_a_difference(head: Database) -> None:
    for statement in THEIRS[head.kind]:
        script(head, statement)
    assert differences(head) == []


def test_an_index_that_no_revision_made_is_left_alone_but_not_in_silence(
    head: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """It makes somebody's queries faster and refuses no row; a revision that drops it would fail on other databases."""
    head.execute("CREATE INDEX their_index ON orders (symbol, price)")
    with caplog.at_level(logging.WARNING):
        assert differences(head) == []
    assert caplog.messages == ["index their_index of orders is in no revision, and is ignored"]
