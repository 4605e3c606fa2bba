"""What is named after a table or a column follows its new name; rows, references and views of the user go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import downgrade, status, upgrade
from cts_schema.ddl import preserved_name, shorten
from cts_schema.exceptions import NameTaken, NeedsTheTable, StillNeeded
from tests.support.databases import Database
from tests.support.lines import Scripts, scripts_in_use
from tests.support.operations import operations
from tests.test_offline import run as run_script
from tests.test_one_revision import undeclared
from tests.test_online import cut_off_at, schema, scripted

SHOPS = """
ddl.create_table(
    "061",
    "shops",
    ddl.log_id(),
    ddl.string("name", required=True),
    ddl.enum("kind", "small", "large", default="small"),
    ddl.flag("open"),
    ddl.json("plan", default="{}"),
    ddl.money("rent", default=0),
    sa.Column("parent_id", ddl.BigInt(), sa.ForeignKey("shops.id", ondelete="SET NULL")),
    sa.Column("floor", sa.Integer(), sa.CheckConstraint("floor < 100", name="low")),
    ddl.timestamps(),
    ddl.uniques("name, kind"),
    ddl.indexes("kind, name", "parent_id"),
    sa.Index("ix_of_my_own", "rent"),
    sa.CheckConstraint("rent >= 0 AND length(name) < 100", name="sensible"),
)
ddl.create_updated_at_trigger("shops")
ddl.create_table("061", "sales", ddl.log_id(), sa.Column("shop_id", ddl.BigInt(), sa.ForeignKey("shops.id")))
"""
GONE = """
ddl.drop_table("061", "sales")
ddl.drop_updated_at_trigger("shops")
ddl.drop_table("061", "shops")
"""
RENAMES = {
    "table": ('ddl.rename_table("shops", "stores")', 'ddl.rename_table("stores", "shops")'),
    "table at length": (f'ddl.rename_table("shops", "{"s" * 51}")', f'ddl.rename_table("{"s" * 51}", "shops")'),
    "table in capitals": ('ddl.rename_table("shops", "My %s")', 'ddl.rename_table("My %s", "shops")'),
    "text": (
        'ddl.rename_column("shops", "name", ddl.string("title", required=True))',
        'ddl.rename_column("shops", "title", ddl.string("name", required=True))',
    ),
    "enumeration": (
        'ddl.rename_column("shops", "kind", ddl.enum("Sort %", "small", "large", default="small"))',
        'ddl.rename_column("shops", "Sort %", ddl.enum("kind", "small", "large", default="small"))',
    ),
    "flag": (
        'ddl.rename_column("shops", "open", ddl.flag("closed"))',
        'ddl.rename_column("shops", "closed", ddl.flag("open"))',
    ),
    "json": (
        'ddl.rename_column("shops", "plan", ddl.json("map", default="{}"))',
        'ddl.rename_column("shops", "map", ddl.json("plan", default="{}"))',
    ),
    "money": (
        'ddl.rename_column("shops", "rent", ddl.money("cost", default=0))',
        'ddl.rename_column("shops", "cost", ddl.money("rent", default=0))',
    ),
    "key": (
        'ddl.rename_column("shops", "id", sa.Column("number", ddl.BigInt(), sa.Identity(), primary_key=True))',
        'ddl.rename_column("shops", "number", ddl.log_id())',
    ),
    "reference": (
        'ddl.rename_column("shops", "parent_id", sa.Column("above_id", ddl.BigInt(), sa.ForeignKey("shops.id")))',
        'ddl.rename_column("shops", "above_id", sa.Column("parent_id", ddl.BigInt(), sa.ForeignKey("shops.id")))',
    ),
}


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Scripts]:
    with scripts_in_use(tmp_path / "copy") as copy:
        copy.add("shops", SHOPS, GONE)
        yield copy


@pytest.fixture
def shops(head: Database, line: Scripts) -> Database:
    """A database at 061 with shops, a view and an index of the user, and rows that could not be restored."""
    upgrade(head.engine)
    for statement in (
        "INSERT INTO shops (name, updated_at) VALUES ('a', '2020-01-01 00:00:00')",
        "INSERT INTO shops (name, kind, open, parent_id, updated_at) "
        "VALUES ('b', 'large', true, 1, '2020-01-01 00:00:00')",
        "INSERT INTO sales (shop_id) VALUES (2)",
        "CREATE TABLE cts_kept_059_shops (id text)",
        "CREATE TABLE cts_kept_059_shops_2 (id text)",
        "CREATE VIEW mine AS SELECT s.id, s.name, s.kind, s.open, s.plan, s.rent, s.parent_id FROM shops s",
        "CREATE INDEX mine_too ON shops (floor, name) WHERE kind = 'large'",
    ):
        head.execute(statement)
    return head


def rows(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("SELECT * FROM mine ORDER BY 1")


@pytest.mark.parametrize("rename", RENAMES)
def test_all_that_is_named_after_it_follows(shops: Database, line: Scripts, rename: str) -> None:
    up, down = RENAMES[rename]
    line.add("renamed", up, down)
    before, there = schema(shops), rows(shops)
    upgrade(shops.engine)
    found = undeclared(shops, line)
    (table,) = (name.removesuffix(".index mine_too") for name in found)
    assert rows(shops) == there
    kept = {name for name in shops.tables() if "cts_kept" in name}
    preserved = preserved_name("059", table)
    assert kept == {preserved, shorten(f"{preserved}_2")}
    with shops.engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(table)
        run = connection.exec_driver_sql
        run(f"UPDATE {quoted} SET floor = 2")
        assert run(f"SELECT count(*) FROM {quoted} WHERE updated_at > '2021-01-01'").scalar() == 2
        run(f"UPDATE {quoted} SET updated_at = '2020-01-01 00:00:00', floor = NULL")
    with pytest.raises(sa.exc.IntegrityError):
        shops.execute("INSERT INTO sales (shop_id) VALUES (77)")
    downgrade(shops.engine, "061")
    assert schema(shops) == before
    upgrade(shops.engine)
    assert rows(shops) == there


def test_a_table_that_is_renamed_is_preserved_below_its_revision(shops: Database, line: Scripts) -> None:
    line.add("renamed", *RENAMES["table"])
    upgrade(shops.engine)
    shops.execute("DROP VIEW mine")
    downgrade(shops.engine, "060")
    upgrade(shops.engine)
    assert shops.rows("SELECT count(*), max(name) FROM stores") == [(2, "b")]
    assert shops.value("SELECT count(*) FROM sales") == 1


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("rename", ["table", "text"])
def test_a_broken_view_elsewhere_in_the_file_is_no_hindrance(shops: Database, line: Scripts, rename: str) -> None:
    shops.execute("CREATE TABLE doomed (id)")
    shops.execute("CREATE VIEW broken AS SELECT id FROM doomed")
    shops.execute("DROP TABLE doomed")
    there = rows(shops)
    line.add("renamed", *RENAMES[rename])
    upgrade(shops.engine)
    assert rows(shops) == there


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_view_that_cannot_follow_is_named_and_nothing_is_done(shops: Database, line: Scripts) -> None:
    shops.execute("CREATE VIEW reader AS WITH t AS (SELECT name FROM shops) SELECT t.name FROM t")
    line.add("renamed", *RENAMES["text"])
    before = schema(shops)
    with pytest.raises(StillNeeded, match="view reader"):
        upgrade(shops.engine)
    assert schema(shops) == before


def test_a_name_may_change_its_case_alone(shops: Database, line: Scripts) -> None:
    line.add(
        "renamed",
        """
        ddl.rename_table("shops", "Shops")
        ddl.rename_column("Shops", "name", ddl.string("Name", required=True))
        """,
        """
        ddl.rename_column("Shops", "Name", ddl.string("name", required=True))
        ddl.rename_table("Shops", "shops")
        """,
    )
    before, there = schema(shops), rows(shops)
    upgrade(shops.engine)
    assert undeclared(shops, line).keys() == {"Shops.index mine_too"}
    assert rows(shops) == there
    downgrade(shops.engine, "061")
    assert schema(shops) == before


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_references_and_views_follow_in_the_run_of_an_adoption(shops: Database) -> None:
    with operations(shops) as ddl:
        ddl.connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")  # as an adoption does, because of old views
        ddl.rename_table("shops", "stores")
        assert ddl.connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 1
    assert {key["referred_table"] for key in sa.inspect(shops.engine).get_foreign_keys("sales")} == {"stores"}
    assert len(rows(shops)) == 2


ONLINE = """
ddl.rename_table_online("shops", "stores")
ddl.rename_column_online("stores", "kind", ddl.enum("sort", "small", "large", default="small"))
ddl.create_index_online("ix_stores_floor", "stores", ["floor"])
"""
BACK = """
ddl.drop_index_online("ix_stores_floor", "stores")
ddl.rename_column("stores", "sort", ddl.enum("kind", "small", "large", default="small"))
ddl.rename_table("stores", "shops")
"""


def test_a_rename_stands_before_an_online_operation(shops: Database, line: Scripts) -> None:
    line.add("renamed", ONLINE, BACK)
    before = schema(shops)
    upgrade(shops.engine)
    after = schema(shops)
    downgrade(shops.engine, "061")
    assert schema(shops) == before
    point = 0 if shops.kind == "postgresql" else 40
    while cut_off_at(point, shops, lambda: upgrade(shops.url)):
        point += 4 if shops.kind == "postgresql" else 40
        assert upgrade(shops.url).after == "062"
        assert schema(shops) == after
        downgrade(shops.engine, "061")


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_script_renames_the_same_and_may_start_again(shops: Database, line: Scripts) -> None:
    line.add("renamed", ONLINE, BACK)
    before = schema(shops)
    upgrade(shops.engine)
    after = schema(shops)
    run_script(shops, scripted(line, shops, "downgrade", "062:061"))
    assert schema(shops) == before
    up = scripted(line, shops, "upgrade", "061:062")
    run_script(shops, up[: up.rindex("CREATE INDEX")] + "ROLLBACK;")
    run_script(shops, up)
    assert schema(shops) == after
    assert status(shops.engine).revision == "062"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("rename", ["table", "text"])
def test_a_script_for_sqlite_refuses_a_rename_that_needs_the_table(shops: Database, line: Scripts, rename: str) -> None:
    line.add("renamed", *RENAMES[rename])
    with pytest.raises(NeedsTheTable):
        scripted(line, shops, "upgrade", "061:062")


def test_a_name_that_the_user_has_taken_is_named(shops: Database, line: Scripts) -> None:
    shops.execute("CREATE VIEW stores AS SELECT 1 AS n")
    line.add("renamed", *RENAMES["table"])
    with pytest.raises(NameTaken, match="view stores"):
        upgrade(shops.engine)
    assert status(shops.engine).revision == "061"
