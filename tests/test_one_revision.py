"""One revision carries a whole change of the models: online operations first, on both databases, with rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from cts_schema import dialects, downgrade, status, upgrade
from cts_schema.database.engines import migration_engine
from cts_schema.exceptions import NeedsTheTable, RevisionFailed, RevisionIncomplete, RowsRefused
from cts_schema.schema.declared import replay
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.lines import Scripts
from tests.test_offline import run as run_script
from tests.test_online import cut_off_at, schema, scripted

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
ROWS = 7

REQUIRED = """
ddl.create_table_online(
    "061", "venues", ddl.text_id(), ddl.string("name", required=True), ddl.uniques("name"), comment="where"
)
ddl.add_columns_online(
    "061",
    "orders",
    ddl.reference("venue_id", "venues", "CASCADE"),
    ddl.enum("state", "open", "shut"),
    ddl.money("tip"),
    sa.Column("note", sa.Text(), comment="100% free"),
    ddl.indexes("venue_id, note"),
    ddl.uniques("note"),
    sa.CheckConstraint("tip >= 0", name="tip_is_given"),
)
ddl.backfill("orders", {"state": "open"}, where="state IS NULL", batch=3)
ddl.set_not_null_online("orders", "state")
"""
BACK = """
ddl.drop_columns("061", "orders", "venue_id", "state", "tip", "note")
ddl.drop_table("061", "venues")
"""


@pytest.fixture
def orders(head: Database) -> Database:
    """A database at head with orders."""
    with head.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO exchange_connections (id, name) VALUES ('c', 'c')")
        for number in range(ROWS):
            connection.exec_driver_sql(
                "INSERT INTO orders (id, connection_id, quantity, price, status, updated_at) "
                f"VALUES ('o{number}', 'c', 1, {number}, '{'pending' if number else 'filled'}', '2020-01-01 00:00:00')"
            )
    return head


def declared_by(line: Scripts) -> sa.MetaData:
    revisions = reversed(list(ScriptDirectory(str(line.folder)).walk_revisions()))
    return replay([revision.module.upgrade for revision in revisions])


def undeclared(database: Database, line: Scripts) -> dict[str, str]:
    """Return what the tables of the database have otherwise than the replay of the revisions says."""
    shape, there = dialects.named(database.kind).shape, schema(database)
    wanted = shape.expected(declared_by(line))
    with database.engine.connect() as connection:
        found = differences(shape.worded(connection, wanted, there).only(wanted.tables), there)
    assert found.pop("alembic_version") == "extra"
    return found


def test_a_table_a_required_column_and_all_that_it_needs_stand_in_one_revision(orders: Database, line: Scripts) -> None:
    line.add("venues", REQUIRED, BACK)
    before = schema(orders)
    upgrade(orders.engine)
    after = schema(orders)
    assert undeclared(orders, line) == {}
    assert orders.rows("SELECT DISTINCT state FROM orders") == [("open",)]
    orders.execute("INSERT INTO venues (id, name) VALUES ('v', 'V')")
    orders.execute("UPDATE orders SET venue_id = 'v', note = 'mine', tip = 2 WHERE id = 'o1'")
    downgrade(orders.engine, "060")
    assert schema(orders) == before
    upgrade(orders.engine)
    assert schema(orders) == after
    assert orders.rows("SELECT venue_id, note, state FROM orders WHERE id = 'o1'") == [("v", "mine", "open")]
    assert orders.rows("SELECT name FROM venues") == [("V",)]


@on_postgresql
def test_cut_off_anywhere_such_a_revision_goes_on_to_the_same_end(orders: Database, line: Scripts) -> None:
    line.add("venues", REQUIRED, BACK)
    upgrade(orders.engine)
    after = schema(orders)
    orders.execute("INSERT INTO venues (id, name) VALUES ('v', 'V')")
    orders.execute("UPDATE orders SET venue_id = 'v' WHERE id = 'o1'")
    downgrade(orders.engine, "060")
    point = 3
    while cut_off_at(point, orders, lambda: upgrade(orders.url)):
        point += 7
        assert upgrade(orders.url).after == "061"
        assert schema(orders) == after
        assert orders.value("SELECT venue_id FROM orders WHERE id = 'o1'") == "v"
        downgrade(orders.engine, "060")
    assert point > 30


@on_postgresql
def test_a_script_of_such_a_revision_does_the_same_and_may_start_again(orders: Database, line: Scripts) -> None:
    line.add("venues", REQUIRED, BACK)
    upgrade(orders.engine)
    after = schema(orders)
    downgrade(orders.engine, "060")
    up = scripted(line, orders, "upgrade", "060:061")
    run_script(orders, up[: up.rindex("DO $backfill$")] + "ROLLBACK;")
    assert status(orders.engine).revision == "060"
    run_script(orders, up)
    assert schema(orders) == after


@on_postgresql
def test_a_table_of_that_name_with_other_columns_is_not_taken_for_the_new_one(orders: Database, line: Scripts) -> None:
    orders.execute("CREATE TABLE venues (id text)")
    line.add("venues", REQUIRED, BACK)
    with pytest.raises(RevisionFailed, match="table venues has the name"):
        upgrade(orders.engine)
    assert orders.rows("SELECT count(*) FROM venues") == [(0,)]


# A value that only the author knows

INCOMPLETE = """
ddl.add_columns_online("061", "orders", ddl.string("venue"))
ddl.backfill("orders", {"venue": ddl.TO_COMPLETE}, where="venue IS NULL")
ddl.set_not_null_online("orders", "venue")
"""


def test_a_revision_that_lacks_a_value_does_nothing_and_says_where_to_write_it(orders: Database, line: Scripts) -> None:
    line.add("venue", INCOMPLETE)
    before = schema(orders)
    runs: list[Callable[[], object]] = [
        lambda: upgrade(orders.engine),
        lambda: scripted(line, orders, "upgrade", "060:061"),
    ]
    for run in runs:
        with pytest.raises(RevisionIncomplete) as caught:
            run()
        text = str(caught.value)
        assert "061_venue.py" in text
        assert 'ddl.backfill("orders", {"venue": ddl.TO_COMPLETE}, where="venue IS NULL")' in text
        assert schema(orders) == before
    assert declared_by(line).tables["orders"].columns["venue"].nullable is False


# Constraints and indexes

CONSTRAINTS = """
ddl.add_unique_online("orders", ["id", "symbol"], name="uq_orders_both", nulls_not_distinct=True)
ddl.add_unique_online("positions", ["id", "status"], deferrable=True, initially="DEFERRED")
ddl.add_columns_online("061", "orders", sa.Column("Mixed %", sa.Text()), sa.Column("next_id", sa.Text()))
ddl.add_foreign_key_online("orders", ["next_id", "Mixed %"], "orders", ["id", "symbol"], name="fk_next",
                           onupdate="CASCADE", ondelete="SET NULL", deferrable=True, initially="DEFERRED")
ddl.create_index_online("ix_orders_words", "orders", [sa.text("lower(symbol)"), sa.text("created_at DESC"), "Mixed %"],
                        include=["price"], where="status = 'pending'")
ddl.create_index_online("ux_orders_next", "orders", ["next_id"], unique=True, nulls_not_distinct=False)
"""
CONSTRAINTS_BACK = """
ddl.drop_index_online("ux_orders_next", "orders")
ddl.drop_index_online("ix_orders_words", "orders")
with ddl.alter_table("orders") as batch:
    batch.drop_constraint("fk_next", type_="foreignkey")
ddl.drop_columns("061", "orders", "Mixed %", "next_id")
with ddl.alter_table("positions") as batch:
    batch.drop_constraint("uq_positions_id_status", type_="unique")
with ddl.alter_table("orders") as batch:
    batch.drop_constraint("uq_orders_both", type_="unique")
"""


def test_constraints_and_indexes_of_every_form_come_and_go_online(orders: Database, line: Scripts) -> None:
    line.add("constraints", CONSTRAINTS, CONSTRAINTS_BACK)
    before = schema(orders)
    for _ in range(2):
        upgrade(orders.engine)
        if orders.kind == "postgresql":
            assert undeclared(orders, line) == {}
        (key,) = [one for one in sa.inspect(orders.engine).get_foreign_keys("orders") if one["name"] == "fk_next"]
        assert key["options"] == {
            "onupdate": "CASCADE",
            "ondelete": "SET NULL",
            "deferrable": True,
            "initially": "DEFERRED",
        }
        downgrade(orders.engine, "060")
        assert schema(orders) == before


def test_a_check_and_a_key_of_the_same_name_are_replaced(orders: Database, line: Scripts) -> None:
    line.add(
        "replaced",
        """
        ddl.add_check_online("orders", "ck_orders_price", "price >= 0")
        ddl.add_foreign_key_online("orders", ["connection_id"], "exchange_connections", ondelete="SET NULL")
        """,
    )
    line.add("again", """ddl.add_check_online("orders", "ck_orders_price", "price > -1")""")
    orders.execute("INSERT INTO orders (id, connection_id, quantity, price) VALUES ('x', NULL, 1, 1)")
    upgrade(orders.engine)
    assert undeclared(orders, line) == {}
    orders.execute("DELETE FROM exchange_connections")
    assert orders.value("SELECT count(*) FROM orders") == ROWS + 1
    with pytest.raises(sa.exc.IntegrityError):
        orders.execute("UPDATE orders SET price = -1")


@pytest.mark.parametrize(("step", "by"), [("set_not_null_online", "backfill"), ("set_not_null", "fill")])
def test_rows_without_a_value_are_counted_before_their_column_becomes_required(
    orders: Database, line: Scripts, step: str, by: str
) -> None:
    before = schema(orders)
    line.add("required", f"""ddl.{step}("orders", "symbol")""")
    with pytest.raises(RowsRefused, match="rows have no value in a column") as caught:
        upgrade(orders.engine)
    assert caught.value.place["refused"] == "7 rows"
    assert f"""ddl.{by}("orders", {{"symbol": VALUE}}, where="symbol IS NULL")""" in str(caught.value)
    assert schema(orders) == before
    orders.execute("UPDATE orders SET symbol = 'x'")
    upgrade(orders.engine)
    assert undeclared(orders, line) == {}


@pytest.mark.parametrize(
    "step",
    [
        """ddl.create_index_online("ux_orders", "orders", ["price"], unique=True, where="quantity > 0")""",
        """ddl.add_unique_online("orders", ["price"], name="ux_orders")""",
    ],
)
def test_values_that_several_rows_have_are_counted(orders: Database, line: Scripts, step: str) -> None:
    orders.execute("UPDATE orders SET price = 1 WHERE id < 'o3'")
    before = schema(orders)
    line.add("unique", step)
    with pytest.raises(RowsRefused, match="rows have the same values") as caught:
        upgrade(orders.engine)
    assert caught.value.place["refused"] == "values that several rows have: 1"
    (query,) = (row for row in str(caught.value).splitlines() if "SELECT" in row)
    assert [row[1] for row in orders.rows(query[query.index("SELECT") :])] == [3]
    assert schema(orders) == before


@on_postgresql
def test_rows_that_refer_to_nothing_are_counted(orders: Database, line: Scripts) -> None:
    orders.execute("UPDATE orders SET symbol = 'nowhere' WHERE id < 'o2'")
    before = schema(orders)
    line.add("key", """ddl.add_foreign_key_online("orders", ["symbol"], "exchange_connections")""")
    with pytest.raises(RowsRefused, match="rows refer to rows that do not exist") as caught:
        upgrade(orders.engine)
    assert caught.value.place["refused"] == "2 rows"
    (query,) = (row for row in str(caught.value).splitlines() if "SELECT" in row)
    assert len(orders.rows(query[query.index("SELECT") :])) == 2
    assert schema(orders) == before


# Enumerations

WORDS = "status IN ('pending', 'open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired', 'late')"
LONGER = f"""ddl.add_check_online("orders", "ck_orders_status", "{WORDS}")"""
SHORTER = """ddl.add_check_online("orders", "ck_orders_status", "status IN ('filled', 'cancelled')")"""


def test_words_that_rows_have_do_not_go_and_are_named_with_their_rows(orders: Database, line: Scripts) -> None:
    before = schema(orders)
    line.add("shorter", SHORTER)
    with pytest.raises(RowsRefused) as caught:
        upgrade(orders.engine)
    assert caught.value.place["refused"] == "'pending' in 6 rows"
    assert """ddl.backfill("orders", {"status": "filled"}, where="status = 'pending'")""" in str(caught.value)
    with (
        migration_engine(orders.location).connect() as connection,
        connection.begin(),
        pytest.raises(RowsRefused, match="'pending' in 6 rows"),
    ):
        upgrade(connection)
    assert schema(orders) == before
    assert orders.value("SELECT count(*) FROM orders") == ROWS


def test_words_that_rows_have_go_when_the_revision_maps_them(orders: Database, line: Scripts) -> None:
    mapped = """ddl.backfill("orders", {"status": "cancelled"}, where="status = 'pending'")"""
    line.add("shorter", f"{mapped}\n{SHORTER}")
    upgrade(orders.engine)
    assert undeclared(orders, line) == {}
    assert orders.value("SELECT count(*) FROM orders WHERE status = 'cancelled'") == ROWS - 1


def test_a_new_word_that_rows_have_is_named_by_the_downgrade(orders: Database, line: Scripts) -> None:
    before = orders.value("SELECT count(*) FROM orders")
    words = WORDS.replace(", 'late'", "")
    line.add(
        "longer",
        LONGER,
        f"""ddl.replace_checks("orders", drop=["ck_orders_status"], add=[
    ("ck_orders_status", "{words}")])""",
    )
    upgrade(orders.engine)
    assert undeclared(orders, line) == {}
    orders.execute("UPDATE orders SET status = 'late' WHERE id IN ('o1', 'o2')")
    with pytest.raises(RowsRefused, match="'late' in 2 rows") as caught:
        downgrade(orders.engine, "060")
    assert """ddl.fill("orders", {"status": "pending"}, where="status = 'late'")""" in str(caught.value)
    orders.execute("UPDATE orders SET status = 'expired' WHERE status = 'late'")
    downgrade(orders.engine, "060")
    assert orders.value("SELECT count(*) FROM orders") == before


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_script_for_sqlite_refuses_what_needs_the_table(orders: Database, line: Scripts) -> None:
    line.add("unique", """ddl.add_unique_online("orders", ["id", "symbol"])""")
    with pytest.raises(NeedsTheTable):
        scripted(line, orders, "upgrade", "060:061")
