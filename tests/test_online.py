"""Operations for tables with traffic: they end alike on both databases, and go on where an interrupted run stopped."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command, op
from alembic.config import Config

from benchmarks.traffic import Load, add_revisions, seed
from cts_schema import create_async_engine, downgrade, status, upgrade, upgrade_async
from cts_schema.database.engines import migration_engine
from cts_schema.dialects.facts import Snapshot
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseUnreachable,
    ForeignKeyViolations,
    NeedsTheTable,
    RevisionFailed,
)
from tests.support.databases import Database
from tests.support.lines import Scripts, scripts_in_use
from tests.support.statements import count_statements
from tests.test_offline import run as run_script

ROWS = 25
#: On SQLite it is one transaction all the same; a few of its many statements will do.
STRIDE = {"sqlite": 40, "postgresql": 2}
COLUMN = """ddl.add_columns("061", "orders", sa.Column("venue_id", sa.Text()))"""
BACKFILL = """ddl.backfill("orders", {"venue_id": sa.text("connection_id")}, where="venue_id IS NULL", batch=10)"""
KEY = """ddl.add_foreign_key_online("orders", ["venue_id"], "exchange_connections", ondelete="CASCADE")"""
CHECK = """ddl.add_check_online("orders", "ck_orders_venue_id", "venue_id <> ':none%'")"""
NOT_NULL = """ddl.set_not_null_online("orders", "venue_id")"""
INDEX = """ddl.create_index_online("ix_orders_venue_id", "orders", ["venue_id", sa.text("price DESC")])"""
UNIQUE = """ddl.create_index_online("ux_orders_venue_id", "orders", ["venue_id"], unique=True)"""
PARTIAL = """ddl.create_index_online("ux_orders_open", "orders", ["id"], unique=True, where="status = 'pending'")"""
DOWN_WITHOUT_CHECK = """
ddl.drop_index_online("ix_orders_venue_id", "orders")
with ddl.alter_table("orders") as batch:
    batch.alter_column("venue_id", nullable=True)
    batch.drop_constraint("fk_orders_venue_id", type_="foreignkey")
"""
DOWN = """
ddl.drop_index_online("ux_orders_open", "orders")
ddl.drop_index_online("ix_orders_venue_id", "orders")
with ddl.alter_table("orders") as batch:
    batch.alter_column("venue_id", nullable=True)
    batch.drop_constraint(op.f("ck_orders_venue_id"), type_="check")
    batch.drop_constraint("fk_orders_venue_id", type_="foreignkey")
"""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Scripts]:
    """The revisions and 061, which adds a column."""
    with scripts_in_use(tmp_path / "copy") as copy:
        copy.add("add_venue", COLUMN, """ddl.drop_columns("061", "orders", "venue_id")""")
        yield copy


@pytest.fixture
def orders(head: Database, line: Scripts) -> Database:
    """A database at 061 with orders, of which none has a venue."""
    with head.engine.begin() as connection:
        for number in range(3):
            connection.exec_driver_sql(f"INSERT INTO exchange_connections (id, name) VALUES ('c{number}', 'c')")
        for number in range(ROWS):
            connection.exec_driver_sql(
                "INSERT INTO orders (id, connection_id, quantity, price, updated_at) "
                f"VALUES ('o{number:03d}', 'c{number % 3}', 1, {number}, '2020-01-01 00:00:00.000001')"
            )
    upgrade(head.engine)
    return head


@pytest.fixture
def postgres(orders: Database) -> Database:
    """The same, for what there is on PostgreSQL alone."""
    return orders


on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


def online(line: Scripts, *steps: str, down: str = "pass") -> str:
    """Add the revision 062, which takes ``steps``."""
    return line.add("online", "\n".join(steps), down)


def schema(database: Database) -> Snapshot:
    """Return the schema without what a downgrade has kept."""
    found = database.snapshot()
    return found.only([name for name in found.tables if "cts_kept_" not in name])


def without_venue(database: Database) -> int:
    return int(database.value("SELECT count(*) FROM orders WHERE venue_id IS NULL"))


def index_states(database: Database) -> dict[str, bool]:
    """Return which indexes of orders there are beyond those of 060, and whether they are valid."""
    query = (
        "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = 'orders'::regclass AND c.relname ~ 'venue|open'"
    )
    return {str(name): valid for name, valid in database.rows(query)}


def constraint_states(database: Database) -> dict[str, bool]:
    """Return which constraints of orders mention the column, and whether they are validated."""
    query = "SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'orders'::regclass AND conname ~ 'venue'"
    return {str(name): valid for name, valid in database.rows(query)}


@contextmanager
def transaction(database: Database, statement: str) -> Iterator[sa.Connection]:
    """Keep another transaction open that has executed ``statement``."""
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(statement)
        yield connection


# What they do


def test_a_line_with_online_revisions_goes_up_and_down_and_up_again(orders: Database, line: Scripts) -> None:
    before = schema(orders)
    online(line, BACKFILL, KEY, CHECK, NOT_NULL, INDEX, PARTIAL, down=DOWN)
    line.add("after", "op.create_table('after', sa.Column('id', sa.Integer()))", "op.drop_table('after')")
    assert [done.revision for done in upgrade(orders.engine).applied] == ["062", "063"]
    after = schema(orders)
    assert orders.rows("SELECT count(*) FROM orders WHERE venue_id = connection_id") == [(ROWS,)]
    inspector = sa.inspect(orders.engine)
    assert {"ix_orders_venue_id", "ux_orders_open"} <= {str(i["name"]) for i in inspector.get_indexes("orders")}
    assert {"fk_orders_venue_id"} <= {str(key["name"]) for key in inspector.get_foreign_keys("orders")}
    assert [c["nullable"] for c in inspector.get_columns("orders") if c["name"] == "venue_id"] == [False]
    for statement in (
        "UPDATE orders SET venue_id = NULL",
        "UPDATE orders SET venue_id = 'nowhere'",
        "UPDATE orders SET venue_id = ':none%'",
    ):
        with pytest.raises(sa.exc.IntegrityError), orders.engine.begin() as connection:
            connection.execute(sa.text(statement.replace(":", r"\:")))
    if orders.kind == "postgresql":
        assert set(index_states(orders).values()) == {True}
        assert constraint_states(orders) == {"ck_orders_venue_id": True, "fk_orders_venue_id": True} | (
            {name: True for name in constraint_states(orders) if "not_null" in name and not name.startswith("ck_")}
        )
    assert downgrade(orders.engine, "061").after == "061"
    assert schema(orders) == before
    upgrade(orders.engine)
    assert schema(orders) == after
    assert status(orders.engine).missing_in_ledger == ()
    downgrade(orders.engine, "060")
    assert upgrade(orders.engine).after == "063"
    assert without_venue(orders) == 0


def test_a_backfill_leaves_updated_at_and_an_update_moves_it(orders: Database, line: Scripts) -> None:
    before = orders.rows("SELECT id, updated_at FROM orders ORDER BY id")
    online(line, BACKFILL)
    upgrade(orders.engine)
    assert without_venue(orders) == 0
    assert orders.rows("SELECT id, updated_at FROM orders ORDER BY id") == before
    orders.execute("UPDATE orders SET price = 5")
    assert orders.rows("SELECT id, updated_at FROM orders ORDER BY id") != before


def test_a_backfill_may_set_updated_at_itself(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL.replace('"connection_id")', '"connection_id"), "updated_at": "2021-01-01 00:00:00"'))
    upgrade(orders.engine)
    assert {str(moment)[:10] for (moment,) in orders.rows("SELECT updated_at FROM orders")} == {"2021-01-01"}


def test_they_run_on_asynchronous_drivers(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL.replace("batch=10", "batch=10, pause=0.01"), KEY, NOT_NULL, INDEX, down=DOWN_WITHOUT_CHECK)

    async def up(driver: str) -> None:
        engine = create_async_engine(orders.async_url(driver))
        assert (await upgrade_async(engine)).after == "062"
        await engine.dispose()

    for driver in ["aiosqlite"] if orders.kind == "sqlite" else ["psycopg", "asyncpg"]:
        asyncio.run(up(driver))
        assert without_venue(orders) == 0
        downgrade(orders.engine, "061")
        orders.execute("UPDATE orders SET venue_id = NULL")


@on_postgresql
def test_a_backfill_takes_its_batches_in_transactions_of_their_own(postgres: Database, line: Scripts) -> None:
    telling = "seen = []\n" + BACKFILL.replace("batch=10", "batch=10, progress=seen.append")
    online(line, telling, "assert seen == [10, 20, 25], seen")
    with count_statements(postgres.engine) as statements:
        upgrade(postgres.engine)
    assert statements.count("COMMIT") >= 3


@on_postgresql
def test_a_backfill_passes_over_rows_that_others_have_locked_and_takes_them_last(
    postgres: Database, line: Scripts
) -> None:
    online(line, BACKFILL, NOT_NULL)
    with ThreadPoolExecutor(1) as pool:
        with transaction(postgres, "UPDATE orders SET price = 77 WHERE id IN ('o003', 'o004')"):
            run = pool.submit(upgrade, postgres.url)
            while without_venue(postgres) > 2 and not run.done():
                time.sleep(0.01)
        run.result()
    assert status(postgres.engine).revision == "062"
    assert postgres.rows("SELECT count(*), count(venue_id) FROM orders WHERE price = 77") == [(2, 2)]


# Longer than a change waits for a table.
BUILDING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND query LIKE 'CREATE INDEX%' AND clock_timestamp() - query_start > interval '2.5 s'"
)


@on_postgresql
def test_a_build_waits_for_old_transactions_longer_than_ddl_waits_for_tables(postgres: Database, line: Scripts) -> None:
    online(line, INDEX)
    with count_statements(postgres.engine) as statements, ThreadPoolExecutor(1) as pool:
        with transaction(postgres, "UPDATE orders SET price = 1 WHERE id = 'o001'"):
            run = pool.submit(upgrade, postgres.engine)
            while not postgres.value(BUILDING):
                time.sleep(0.01)
            assert not run.done()
        run.result()
    assert index_states(postgres) == {"ix_orders_venue_id": True}
    assert len([statement for statement in statements if statement.startswith("CREATE INDEX")]) == 1


# Interrupted


def test_cut_off_at_any_statement_an_upgrade_goes_on_to_the_same_end(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL.replace("batch=10", "batch=20"), KEY, NOT_NULL, INDEX, down=DOWN_WITHOUT_CHECK)
    upgrade(orders.engine)
    after = schema(orders)
    downgrade(orders.engine, "061")
    point = 0
    while cut_off_at(point, orders, lambda: upgrade(orders.url)):
        point += STRIDE[orders.kind]
        assert upgrade(orders.url).after == "062"
        assert schema(orders) == after
        assert without_venue(orders) == 0
        downgrade(orders.engine, "061")
        orders.execute("UPDATE orders SET venue_id = NULL")
    assert point > 30


def test_cut_off_at_any_statement_a_downgrade_goes_on_to_the_same_end(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL.replace("batch=10", "batch=20"), KEY, NOT_NULL, INDEX, down=DOWN_WITHOUT_CHECK)
    before = schema(orders)
    upgrade(orders.engine)
    point = 0
    while cut_off_at(point, orders, lambda: downgrade(orders.url, "061")):
        point += STRIDE[orders.kind]
        assert downgrade(orders.url, "061").after == "061"
        assert schema(orders) == before
        upgrade(orders.engine)
    assert point > 8


def cut_off_at(point: int, database: Database, run: Callable[[], object]) -> bool:
    """Run, with the connection cut before the statement of this number in a revision; tell whether there is one."""
    count = 0

    def cut(connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal count
        if connection.engine is database.engine or op._proxy is None:  # type: ignore[attr-defined]
            return
        count += 1
        if count != point + 1:
            return
        if database.kind == "sqlite":
            raise RuntimeError("cut off")
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        database.execute(f"SELECT pg_terminate_backend({pid}, 5000)")

    sa.event.listen(sa.Engine, "before_cursor_execute", cut)
    try:
        with suppress(*(RevisionFailed, RuntimeError) if database.kind == "sqlite" else (DatabaseUnreachable,)):
            run()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", cut)
    return count > point


@on_postgresql
@pytest.mark.parametrize("unique", [True, False])
def test_an_index_that_an_interrupted_build_has_left_is_built_anew(
    postgres: Database, line: Scripts, unique: bool
) -> None:
    invalid_index(postgres, "ix_orders_venue_id")
    online(line, INDEX.replace("])", f"], unique={unique})"))
    upgrade(postgres.engine)
    assert index_states(postgres) == {"ix_orders_venue_id": True}
    definition = postgres.value("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_orders_venue_id'")
    assert definition.endswith("(venue_id, price DESC)")
    assert ("UNIQUE" in definition) == unique


def invalid_index(database: Database, name: str) -> None:
    """Leave an index as a build does that has found duplicates."""
    engine = migration_engine(database.location).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.exec_driver_sql(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON orders (connection_id)")
    assert index_states(database) == {name: False}


@on_postgresql
def test_a_valid_index_is_left_as_it_is(postgres: Database, line: Scripts) -> None:
    postgres.execute("CREATE INDEX ix_orders_venue_id ON orders (venue_id, price DESC)")
    query = "SELECT 'ix_orders_venue_id'::regclass::oid"
    before = postgres.value(query)
    online(line, INDEX)
    upgrade(postgres.engine)
    assert postgres.value(query) == before


@on_postgresql
def test_an_index_of_that_name_on_another_table_is_not_taken_for_it(postgres: Database, line: Scripts) -> None:
    postgres.execute("CREATE INDEX ix_orders_venue_id ON users (username)")
    online(line, INDEX)
    with pytest.raises(RevisionFailed, match='relation "ix_orders_venue_id" already exists'):
        upgrade(postgres.engine)
    assert postgres.value("SELECT tablename FROM pg_indexes WHERE indexname = 'ix_orders_venue_id'") == "users"


@on_postgresql
def test_a_build_that_is_given_up_is_built_anew_by_the_next_run(postgres: Database, line: Scripts) -> None:
    online(line, INDEX)
    with transaction(postgres, "UPDATE orders SET price = 1 WHERE id = 'o001'"):
        with pytest.raises(DatabaseLocked):
            upgrade(postgres.url, wait=0)
        assert index_states(postgres) == {"ix_orders_venue_id": False}
    assert status(postgres.url).revision == "061"
    assert upgrade(postgres.url).after == "062"
    assert index_states(postgres) == {"ix_orders_venue_id": True}


@on_postgresql
def test_a_constraint_that_was_not_yet_validated_is_validated(postgres: Database, line: Scripts) -> None:
    postgres.execute(
        "ALTER TABLE orders ADD CONSTRAINT fk_orders_venue_id FOREIGN KEY (venue_id) "
        "REFERENCES exchange_connections (id) ON DELETE CASCADE NOT VALID"
    )
    online(line, KEY)
    upgrade(postgres.engine)
    assert constraint_states(postgres) == {"fk_orders_venue_id": True}


@on_postgresql
def test_a_backfill_resumes_where_it_stopped(postgres: Database, line: Scripts, tmp_path: Path) -> None:
    told = tmp_path / "told"
    progress = f"""
def progress(filled):
    with open({str(told)!r}, "a") as file:
        print(filled, file=file)
    if filled == 20:
        raise RuntimeError("enough")
"""
    online(line, progress, BACKFILL.replace("batch=10", "batch=10, progress=progress"))
    with pytest.raises(RevisionFailed, match="enough"):
        upgrade(postgres.engine)
    assert without_venue(postgres) == ROWS - 20
    upgrade(postgres.engine)
    assert told.read_text().split() == ["10", "20", "5"]
    assert without_venue(postgres) == 0


# Refused


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (UNIQUE, "UNIQUE|unique"),
        (CHECK.replace("<>", "="), "ck_orders_venue_id"),
        (KEY, "orphans|fk_orders_venue_id|without their exchange_connections"),
        (NOT_NULL, "NOT NULL|ck_orders_venue_id_not_null"),
    ],
)
def test_what_the_rows_refuse_leaves_nothing(orders: Database, line: Scripts, step: str, error: str) -> None:
    value = None if step == NOT_NULL else "nowhere"
    orders.execute("UPDATE orders SET venue_id = :value", {"value": value})
    before = schema(orders)
    online(line, step)
    with pytest.raises((RevisionFailed, ForeignKeyViolations), match=error):
        upgrade(orders.engine)
    assert schema(orders) == before
    assert status(orders.engine).revision == "061"


@on_postgresql
def test_a_backfill_that_a_trigger_keeps_from_a_row_ends_and_says_so(postgres: Database, line: Scripts) -> None:
    postgres.execute("CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    postgres.execute("CREATE TRIGGER mine BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION pass_over()")
    online(line, BACKFILL)
    with pytest.raises(RevisionFailed, match="still meets its condition"):
        upgrade(postgres.engine)


@on_postgresql
def test_a_backfill_without_end_is_refused(postgres: Database, line: Scripts) -> None:
    online(line, BACKFILL.replace('"connection_id"', '"NULL"'))
    with pytest.raises(RevisionFailed, match="still meets its condition"):
        upgrade(postgres.engine)


@on_postgresql
def test_an_online_operation_after_another_change_is_refused(postgres: Database, line: Scripts) -> None:
    online(line, "op.drop_column('orders', 'fees')", INDEX)
    with pytest.raises(RevisionFailed, match="must come first in its revision"):
        upgrade(postgres.engine)
    assert index_states(postgres) == {}
    assert postgres.rows("SELECT DISTINCT fees FROM orders") == [(0,)]


# Where they do the plain thing


def test_in_a_transaction_of_the_caller_they_do_the_plain_thing(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL, KEY, CHECK, NOT_NULL, INDEX, PARTIAL, down=DOWN)
    before = schema(orders)
    upgrade(orders.url)
    after = schema(orders)
    downgrade(orders.url, "061")
    orders.execute("UPDATE orders SET venue_id = NULL, updated_at = '2020-01-01 00:00:00'")
    moments = orders.rows("SELECT updated_at FROM orders")
    with migration_engine(orders.location).connect() as connection:
        with connection.begin() as outer:
            assert upgrade(connection).after == "062"
            outer.rollback()
        assert (schema(orders), without_venue(orders)) == (before, ROWS)
        with connection.begin():
            assert upgrade(connection).after == "062"
        assert (schema(orders), without_venue(orders)) == (after, 0)
        assert orders.rows("SELECT updated_at FROM orders") == moments
        with connection.begin():
            assert downgrade(connection, "061").after == "061"
    assert schema(orders) == before


@on_postgresql
def test_in_a_transaction_of_the_caller_they_finish_what_was_interrupted(postgres: Database, line: Scripts) -> None:
    invalid_index(postgres, "ix_orders_venue_id")
    online(line, INDEX)
    with migration_engine(postgres.location).connect() as connection, connection.begin():
        upgrade(connection)
    assert index_states(postgres) == {"ix_orders_venue_id": True}


# Offline


def scripted(line: Scripts, database: Database, direction: str, span: str) -> str:
    out = io.StringIO()
    config = Config(stdout=io.StringIO(), output_buffer=out)
    config.set_main_option("script_location", str(line.folder))
    config.set_main_option("sqlalchemy.url", database.location.set(password=None).render_as_string().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    getattr(command, direction)(config, span, sql=True)
    return out.getvalue()


@on_postgresql
def test_a_script_does_the_same_online_and_may_start_again(postgres: Database, line: Scripts) -> None:
    online(line, BACKFILL, KEY, CHECK, NOT_NULL, INDEX, PARTIAL, down=DOWN)
    before = schema(postgres)
    upgrade(postgres.engine)
    after = schema(postgres)
    down = scripted(line, postgres, "downgrade", "062:061")
    run_script(postgres, down)
    assert schema(postgres) == before
    postgres.execute("UPDATE orders SET venue_id = NULL")
    up = scripted(line, postgres, "upgrade", "061:062")
    assert "CREATE INDEX CONCURRENTLY" in up
    run_script(postgres, up[: up.rindex("CREATE UNIQUE INDEX")] + "ROLLBACK;")
    assert status(postgres.engine).revision == "061"
    run_script(postgres, up)
    assert schema(postgres) == after
    assert without_venue(postgres) == 0
    assert status(postgres.engine).revision == "062"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_script_for_sqlite_does_the_plain_thing_or_is_refused(orders: Database, line: Scripts) -> None:
    online(line, BACKFILL, INDEX, PARTIAL)
    run_script(orders, scripted(line, orders, "upgrade", "061:062"))
    assert without_venue(orders) == 0
    assert {"ix_orders_venue_id", "ux_orders_open"} <= {
        str(index["name"]) for index in sa.inspect(orders.engine).get_indexes("orders")
    }
    for number, step in enumerate((KEY, CHECK, NOT_NULL), 63):
        line.add("refused", step)
        with pytest.raises(NeedsTheTable):
            scripted(line, orders, "upgrade", f"{number - 1:03d}:{number:03d}")


# Under traffic


@on_postgresql
def test_no_statement_of_a_load_fails_during_an_online_upgrade_and_a_downgrade(head: Database, tmp_path: Path) -> None:
    seed(head.location, 500)
    load = Load(head.location, 500)
    with scripts_in_use(tmp_path / "copy") as scripts, load.running():
        add_revisions(scripts)
        assert [done.revision for done in upgrade(head.url, wait=300).applied] == ["061", "062"]
        assert without_venue(head) == 0
        assert index_states(head) == {"ix_orders_venue_id": True}
        assert downgrade(head.url, "061", wait=300).after == "061"
    assert load.failures == []
    assert load.waits


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_another_index_of_the_same_name_is_not_taken_for_the_right_one(head: Database, tmp_path: Path) -> None:
    head.execute("CREATE INDEX ux_orders_number ON orders (symbol)")
    with scripts_in_use(tmp_path / "copy") as scripts:
        scripts.add(
            "index", 'ddl.create_index_online("ux_orders_number", "orders", ["exchange_order_id"], unique=True)'
        )
        with pytest.raises(RevisionFailed, match="another index"):
            upgrade(head.url)
    assert status(head.url).revision == "060"
