"""The operations of revisions change what they say and nothing else: not on SQLite either, where a table is copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from cts_schema import ddl as cts_ddl
from cts_schema.dialects.facts import Snapshot
from cts_schema.exceptions import RowsRefused
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.operations import Ddl, operations

LITERAL = "it's 100% :safe"


def build(ddl: Ddl) -> None:
    """Make a table with everything a rebuild could lose, and its surroundings."""
    ddl.create_table("900", "parents", sa.Column("id", sa.Text(), primary_key=True))
    ddl.create_table(
        "900",
        "things",
        sa.Column("id", cts_ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text(), server_default=LITERAL, nullable=False),
        sa.Column("mode", cts_ddl.TextEnum("active", "parked", "level"), server_default="active", nullable=False),
        sa.Column("level", sa.Integer(), sa.CheckConstraint("level > 0", name="level")),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("price", cts_ddl.ExactNumeric(20, 8)),
        sa.Column("data", cts_ddl.Json(), server_default="{}", nullable=False),
        sa.Column("token", sa.Text(), server_default=cts_ddl.uuid_text(), nullable=False),
        sa.Column("first_id", sa.Text(), sa.ForeignKey("parents.id", ondelete="CASCADE")),
        sa.Column("updated_at", cts_ddl.Timestamp(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.UniqueConstraint("name", "mode"),
        sa.CheckConstraint("name <> 'no' OR mode = 'parked'", name="named"),
        sa.Index(None, "first_id"),
    )
    ddl.create_table(
        "900",
        "children",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("thing_id", cts_ddl.BigInt(), sa.ForeignKey("things.id", ondelete="CASCADE"), nullable=False),
    )
    # ADD COLUMN writes its foreign key and CHECK inline.
    ddl.add_columns(
        "901",
        "things",
        sa.Column("second_id", sa.Text(), sa.ForeignKey("parents.id", ondelete="SET NULL")),
        sa.Column("kind", cts_ddl.TextEnum("level", "price")),
    )
    ddl.create_updated_at_trigger("things") if ddl.connection.dialect.name == "sqlite" else None
    run = ddl.connection.exec_driver_sql
    run("CREATE INDEX ix_desc ON things (price DESC, name)")
    run("CREATE INDEX ix_lower ON things (lower(name))")
    run("CREATE UNIQUE INDEX ix_partial ON things (token) WHERE mode = 'level' AND active")
    run("CREATE VIEW cheap AS SELECT id, name FROM things WHERE price < 10")
    if ddl.connection.dialect.name == "sqlite":
        run("CREATE TRIGGER own AFTER INSERT ON things BEGIN UPDATE parents SET id = id; END")
        run("CREATE TRIGGER capitals AFTER DELETE ON THINGS BEGIN UPDATE parents SET id = id; END")
        run(
            "CREATE TRIGGER of_parents AFTER DELETE ON parents "
            "BEGIN UPDATE things SET level = 1 WHERE level IS NULL; END"
        )
    run("INSERT INTO parents VALUES ('p1'), ('p2')")
    run(
        "INSERT INTO things (name, mode, level, price, first_id, second_id, kind, updated_at) VALUES "
        "('a', 'level', 1, 12.34567891, 'p1', 'p2', 'price', '2020-01-01 00:00:00'), "
        "('b', 'parked', NULL, NULL, NULL, NULL, NULL, '2020-01-01 00:00:00'), "
        "('gone', 'parked', NULL, NULL, NULL, NULL, NULL, '2020-01-01 00:00:00')"
    )
    run("INSERT INTO children VALUES ('c1', 1), ('c2', 2)")
    run("DELETE FROM things WHERE name = 'gone'")


@pytest.fixture
def built(database: Database) -> Database:
    with operations(database) as ddl:
        build(ddl)
    return database


def state(database: Database) -> tuple[Snapshot, dict[str, Any]]:
    with database.engine.connect() as connection:
        rows = {
            table: sorted(
                (dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()),
                key=lambda row: str(row["id"]),
            )
            for table in ("parents", "things", "children", "cheap")
        }
    return database.snapshot(), rows


def changes(before: Snapshot, database: Database) -> dict[str, str]:
    """Return what differs in table things; there must be nothing else."""
    found = differences(before, database.snapshot())
    assert {name.partition(".")[0] for name in found} <= {"things"}
    return {name.partition(".")[2]: what for name, what in found.items()}


def works(database: Database) -> None:
    """The table still does what it did: it counts on, stamps, restricts, and its view reads it."""
    with database.engine.begin() as connection:
        run = connection.exec_driver_sql
        assert run("INSERT INTO things (name) VALUES ('new') RETURNING id").scalar_one() == 4
        assert run("SELECT mode FROM things WHERE id = 4").scalar_one() == "active"
        if database.kind == "sqlite":
            run("UPDATE things SET level = 7 WHERE id = 1")
            assert str(run("SELECT updated_at FROM things WHERE id = 1").scalar_one()) > "2026"
            assert run("PRAGMA foreign_key_check").all() == []
            assert run("PRAGMA integrity_check").scalar_one() == "ok"
        assert run("SELECT count(*) FROM cheap").scalar_one() == 0
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("UPDATE things SET mode = 'other'")
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("INSERT INTO things (name, first_id) VALUES ('x', 'nobody')")
    database.execute("DELETE FROM things WHERE id = 1")
    assert database.rows("SELECT id FROM children") == [("c2",)]


# alter_table


def test_a_rebuild_that_changes_nothing_changes_nothing(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl, ddl.alter_table("things") as batch:
        batch.alter_column("level", existing_type=sa.Integer(), nullable=True)
    assert changes(schema, built) == {}
    assert state(built)[1] == rows
    works(built)


def test_a_rebuild_changes_what_it_is_asked_to_and_nothing_else(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl, ddl.alter_table("things") as batch:
        batch.alter_column("token", existing_type=sa.Text(), nullable=True)
        batch.alter_column("name", existing_type=sa.Text(), existing_nullable=False, server_default="other")
    assert changes(schema, built).keys() == {"column token", "column name"}
    assert state(built)[1] == rows
    works(built)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_each_rebuild_writes_the_table_in_the_same_order(built: Database) -> None:
    texts = []
    for _ in range(5):
        with operations(built) as ddl, ddl.alter_table("things") as batch:
            batch.alter_column("level", existing_type=sa.Integer(), nullable=True)
        texts.append(built.value("SELECT sql FROM sqlite_master WHERE name = 'things'"))
    assert set(texts) == {texts[0]}


def test_a_column_is_written_with_its_checks_in_the_same_order() -> None:
    """One that its type implies for PostgreSQL leaves a blank on SQLite, before the other or behind it."""
    tables = [
        cts_ddl.frozen_table("t", sa.Column("n", cts_ddl.FiniteNumeric(10, 4), sa.CheckConstraint("n > 0", name="a")))
        for _ in range(50)  # all of them alive, each at a place of its own
    ]
    assert len({str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in tables}) == 1


def test_an_empty_table_with_an_identity_counts_on_after_a_rebuild(built: Database) -> None:
    built.execute("DELETE FROM things")
    with operations(built) as ddl, ddl.alter_table("things") as batch:
        batch.alter_column("token", existing_type=sa.Text(), nullable=True)
    with built.engine.begin() as connection:
        assert connection.exec_driver_sql("INSERT INTO things (name) VALUES ('new') RETURNING id").scalar_one() == 4


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_rebuild_leaves_the_connection_as_it_was(built: Database) -> None:
    with operations(built) as ddl:
        for value in (0, 1):
            ddl.connection.exec_driver_sql(f"PRAGMA legacy_alter_table = {value}")
            with ddl.alter_table("things") as batch:
                batch.alter_column("token", existing_type=sa.Text(), nullable=True)
            assert ddl.connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == value


# add_columns


def test_added_columns_come_with_their_constraints_and_indexes(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl:
        ddl.add_columns(
            "902",
            "things",
            sa.Column("third_id", sa.Text(), sa.ForeignKey("parents.id", ondelete="CASCADE")),
            sa.Column("size", sa.Integer(), sa.CheckConstraint("size < 100", name="size"), server_default="5"),
            sa.Column("flag", sa.Boolean(), server_default=sa.text("false"), nullable=False),
            sa.Column("more", cts_ddl.Json()),
            sa.Index(None, "third_id"),
        )
    found = changes(schema, built)
    assert {name for name in found if name.startswith("column ")} == {
        "column third_id",
        "column size",
        "column flag",
        "column more",
    }
    assert "index ix_things_third_id" in found
    after = state(built)[1]
    new = {"third_id": None, "size": 5, "flag": 0, "more": None}
    assert after["things"] == [{**row, **new} for row in rows["things"]]
    for broken in ("size = 100", "third_id = 'nobody'"):
        with pytest.raises(sa.exc.IntegrityError):
            built.execute(f"UPDATE things SET {broken}")
    works(built)


def test_a_column_whose_default_is_no_constant_fills_every_row_with_a_value_of_its_own(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl:
        ddl.add_columns(
            "902",
            "things",
            sa.Column("key", sa.Text(), server_default=cts_ddl.uuid_text(), nullable=False),
            sa.Column("at", cts_ddl.Timestamp(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
            sa.Column("third_id", sa.Text(), sa.ForeignKey("parents.id", ondelete="SET NULL")),
            sa.Column("shade", cts_ddl.TextEnum("dark", "light"), server_default="dark", nullable=False),
        )
    found = changes(schema, built)
    assert {"column key", "column at", "column third_id", "column shade"} <= found.keys()
    assert not any(name.startswith(("index", "trigger")) for name in found)
    after = state(built)[1]["things"]
    assert len({row["key"] for row in after}) == len(after) == 2
    assert all(row["at"] and row["shade"] == "dark" for row in after)
    new = ("key", "at", "third_id", "shade")
    assert [{name: row[name] for name in row if name not in new} for row in after] == rows["things"]
    for broken in ("shade = 'red'", "third_id = 'nobody'"):
        with pytest.raises(sa.exc.IntegrityError):
            built.execute(f"UPDATE things SET {broken}")
    works(built)


def test_columns_added_by_a_rebuild_and_by_alter_make_the_same_schema(built: Database) -> None:
    def columns() -> list[sa.Column[Any]]:
        return [
            sa.Column("third_id", sa.Text(), sa.ForeignKey("parents.id", ondelete="SET NULL")),
            sa.Column("shade", cts_ddl.TextEnum("dark", "light"), server_default="dark", nullable=False),
            sa.Column("more", cts_ddl.Json()),
        ]

    before = built.snapshot()
    with operations(built) as ddl:
        ddl.add_columns("902", "things", *columns())
    altered = built.snapshot()
    with operations(built) as ddl:
        ddl.drop_columns("902", "things", "third_id", "shade", "more")
    assert differences(before, built.snapshot()) == {"cts_kept_902_things": "extra"}
    with operations(built) as ddl:
        # Its default makes SQLite rebuild the table for all four.
        ddl.add_columns("902", "things", *columns(), sa.Column("key", sa.Text(), server_default=cts_ddl.uuid_text()))
    with operations(built) as ddl:
        ddl.drop_columns("902", "things", "key")
    assert differences(altered, built.snapshot()) == {"cts_kept_902_things": "extra"}


# drop_columns, rename_column, replace_checks


def test_dropped_columns_take_nothing_else_with_them(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl:
        for index in ("ix_desc", "ix_things_first_id"):
            ddl.connection.exec_driver_sql(f"DROP INDEX {index}")
        ddl.connection.exec_driver_sql("DROP VIEW cheap")
        ddl.drop_columns("902", "things", "price", "first_id")
        ddl.connection.exec_driver_sql("CREATE VIEW cheap AS SELECT id, name FROM things WHERE id < 0")
    found = differences(schema, built.snapshot())
    key = {"sqlite": {"things", "things.foreign-key first_id"}, "postgresql": {"things.foreign-key fk_things_first_id"}}
    assert found.keys() == {
        "cheap",
        "cts_kept_902_things",
        "things.column price",
        "things.column first_id",
        "things.index ix_desc",
        "things.index ix_things_first_id",
        *key[built.kind],
    }
    after = state(built)[1]["things"]
    assert after == [{k: v for k, v in row.items() if k not in ("price", "first_id")} for row in rows["things"]]


def test_a_column_that_a_constraint_of_the_table_mentions_is_dropped_and_the_words_that_read_like_it_stay(
    built: Database,
) -> None:
    # The CHECKs of mode and kind, and the predicate of ix_partial, have the word 'level' in them.
    with operations(built) as ddl, ddl.alter_table("things") as batch:
        batch.alter_column("token", existing_type=sa.Text(), nullable=True)
    if built.kind == "sqlite":  # its body would name a column that is gone
        built.execute("DROP TRIGGER of_parents")
    schema, rows = state(built)
    with operations(built) as ddl:
        ddl.drop_columns("902", "things", "level")
    built.execute("DROP TABLE cts_kept_902_things")
    names = {"sqlite": {""}, "postgresql": set[str]()}[built.kind]
    assert changes(schema, built).keys() == {"column level", "check ck_things_level"} | names
    assert state(built)[1]["things"] == [{k: v for k, v in row.items() if k != "level"} for row in rows["things"]]


def test_a_renamed_column_keeps_its_values_and_its_rows_their_updated_at(built: Database) -> None:
    rows = state(built)[1]["things"]
    with operations(built) as ddl:
        flag: sa.Column[Any] = sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False)
        ddl.connection.exec_driver_sql("DROP INDEX ix_partial")
        ddl.connection.exec_driver_sql("UPDATE things SET active = false, updated_at = '2021-01-01' WHERE id = 2")
        ddl.rename_column("things", "active", flag)
    after = {row["id"]: row for row in state(built)[1]["things"]}
    assert [bool(after[key]["enabled"]) for key in (1, 2)] == [True, False]
    assert "active" not in after[1]
    assert after[1]["updated_at"] == rows[0]["updated_at"]


def test_replaced_checks_hold_and_the_others_stay(built: Database) -> None:
    schema, rows = state(built)
    with operations(built) as ddl:
        words = "mode IN ('active', 'parked', 'level', 'it''s :new 100%')"
        ddl.replace_checks("things", drop=["ck_things_mode", "ck_things_named"], add=[("ck_things_mode", words)])
    found = changes(schema, built)
    assert found.keys() - {""} == {"check ck_things_mode", "check ck_things_named"}
    assert state(built)[1] == rows
    built.execute("UPDATE things SET mode = :word WHERE id = 2", {"word": "it's :new 100%"})
    built.execute("UPDATE things SET name = 'no' WHERE id = 2")
    works(built)


def test_a_check_that_a_row_breaks_is_refused_and_changes_nothing(built: Database) -> None:
    before = state(built)
    with pytest.raises(RowsRefused, match="1 row"), operations(built) as ddl:
        ddl.replace_checks("things", add=[("ck_things_new", "name = 'a'")])
    assert state(built) == before


CHANGES: dict[str, Callable[[Any], None]] = {
    "add": lambda ddl: ddl.add_columns(
        "902", "things", sa.Column("key", sa.Text(), server_default=cts_ddl.uuid_text(), nullable=False)
    ),
    "checks": lambda ddl: ddl.replace_checks("things", add=[("ck_things_new", "name <> 'z'")]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_view_elsewhere_in_the_file_is_no_hindrance(built: Database, change: str) -> None:
    if built.kind == "sqlite":  # PostgreSQL lets no view break
        built.execute("CREATE TABLE doomed (id)")
        built.execute("CREATE VIEW broken AS SELECT id FROM doomed")
        built.execute("DROP TABLE doomed")
    rows = state(built)[1]["things"]
    with operations(built) as ddl:
        CHANGES[change](ddl)
    with operations(built) as ddl:
        if change == "add":
            ddl.drop_columns("902", "things", "key")
    assert state(built)[1]["things"] == rows
    works(built)
