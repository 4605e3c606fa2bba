"""What the revisions make is known without a database, and what the models mean in whatever words it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic import op

from cts_schema import check, ddl, dialects, upgrade
from cts_schema.ddl.triggers import LEGACY_FUNCTION
from cts_schema.exceptions import NotDeclared
from cts_schema.schema.declared import declared, replay, statements
from cts_schema.schema.scripts import head as head_revision
from cts_schema.schema.scripts import revisions
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.operations import operations

REVISIONS = list(revisions())


@pytest.mark.parametrize("revision", [REVISIONS[0], REVISIONS[6], REVISIONS[-1]])
def test_the_declared_state_of_a_revision_is_what_its_upgrade_makes(database: Database, revision: str) -> None:
    upgrade(database.url, revision)
    wanted = dialects.named(database.kind).shape.expected(declared(revision))
    found = differences(wanted, database.snapshot())
    assert found.pop("alembic_version") == "extra"
    assert found.keys() <= {LEGACY_FUNCTION}


def things() -> None:
    """Make two tables, of which one refers to the other."""
    ddl.create_table(
        "900",
        "boxes",
        ddl.text_id(),
        sa.Column("code", sa.String(20), unique=True),
        sa.Column("size", sa.Integer(), sa.CheckConstraint("size % 2 = 0 OR size > 100", name="even"), index=True),
    )
    ddl.create_table(
        "900",
        "things",
        ddl.text_id(),
        ddl.reference("box_id", "boxes", "CASCADE"),
        ddl.enum("state", "new", "old", default="new"),
        ddl.money("price", default=0),
        ddl.string("name", required=True),
        ddl.timestamps(),
        ddl.uniques("box_id, name"),
        sa.Index("ix_things_newest", sa.text("created_at DESC"), postgresql_where=sa.text("state = 'new'")),
        sa.CheckConstraint("price >= 0 AND length(name) < 100", name="sensible"),
    )


def trigger() -> None:
    op.execute(ddl.CreateUpdatedAtFunction())
    ddl.create_updated_at_trigger("things")


CHANGES: dict[str, Callable[[], None]] = {
    "nothing": lambda: None,
    "columns added": lambda: ddl.add_columns(
        "901", "things", ddl.flag("sold"), ddl.reference("next_id", "things", "SET NULL"), ddl.json("more")
    ),
    "a column added by Alembic": lambda: op.add_column("things", sa.Column("n", sa.Integer(), server_default="3")),
    "a column dropped": lambda: op.drop_column("things", "name"),
    "a column renamed": lambda: ddl.rename_column("things", "name", sa.Column("title", sa.Text(), nullable=False)),
    "a column of another type": lambda: op.alter_column("boxes", "size", type_=sa.BigInteger()),
    "a column that may be NULL": lambda: op.alter_column("things", "name", nullable=True),
    "a column with another default": lambda: op.alter_column("things", "state", server_default="old"),
    "a column without its default": lambda: op.alter_column("things", "state", server_default=None),
    "a CHECK replaced": lambda: ddl.replace_checks(
        "things", drop=["ck_things_sensible"], add=[("ck_things_dear", "price > 1.5")]
    ),
    "a CHECK of a column dropped": lambda: op.drop_constraint("ck_things_state", "things"),
    "a unique key added": lambda: op.create_unique_constraint("uq_things_name", "things", ["name"]),
    "a foreign key dropped": lambda: op.drop_constraint("fk_things_box_id", "things"),
    "a foreign key added": lambda: op.create_foreign_key(
        "fk_boxes_code", "boxes", "boxes", ["code"], ["code"], onupdate="CASCADE", deferrable=True
    ),
    "an index added": lambda: op.create_index("ix_things_lower", "things", [sa.text("lower(name)"), "price"]),
    "an index dropped": lambda: op.drop_index("ix_things_newest"),
    "an enumeration renamed": lambda: ddl.rename_column(
        "things", "state", ddl.enum("phase", "new", "old", default="new")
    ),
    "a price renamed": lambda: ddl.rename_column("things", "price", ddl.money("cost", default=0)),
    "a key renamed": lambda: ddl.rename_column("boxes", "id", ddl.string("box", required=True)),
    "a reference renamed": lambda: ddl.rename_column("things", "box_id", ddl.reference("crate_id", "boxes", "CASCADE")),
    "a table renamed": lambda: ddl.rename_table("things", "goods"),
    "a parent renamed": lambda: ddl.rename_table("boxes", "crates of 100%"),
    "a table renamed at length": lambda: ddl.rename_table("boxes", "crates" * 10),
    "a table dropped": lambda: op.drop_table("things"),
    "a trigger": lambda: trigger(),
}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("change", CHANGES)
def test_a_replay_follows_every_operation(database: Database, change: str) -> None:
    with operations(database):
        things()
        CHANGES[change]()
    shape = dialects.named(database.kind).shape
    wanted, there = shape.expected(replay([things, CHANGES[change]])), database.snapshot()
    with database.engine.connect() as connection:
        assert differences(shape.worded(connection, wanted, there), there) == {}


BLOCK = "DO $$ BEGIN EXECUTE 'ALTER TABLE things ADD n INTEGER'; END $$"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE things ADD COLUMN n INTEGER",
        "/* first */ UPDATE things SET name = 'a'; create unique index x ON things (name)",
        BLOCK,
        "COMMENT ON COLUMN things.name IS 'a'",
        "DROP TABLE IF EXISTS things",
    ],
)
def test_a_replay_refuses_what_it_cannot_follow(statement: str) -> None:
    with pytest.raises(NotDeclared) as caught:
        replay([things, lambda: op.execute(statement)])
    assert "ddl.execute_declared" in str(caught.value)


@pytest.mark.parametrize(
    "change", [lambda: op.rename_table("things", "x"), lambda: op.alter_column("things", "name", new_column_name="x")]
)
def test_a_replay_names_the_rename_that_it_can_follow(change: Callable[[], None]) -> None:
    with pytest.raises(NotDeclared, match=r"use ddl.rename_"):
        replay([things, change])


def test_a_replay_follows_sql_that_says_what_it_changes(database: Database) -> None:
    def change() -> None:
        ddl.execute_declared(
            'ALTER TABLE "things" ADD COLUMN n INTEGER',
            declares=lambda: ddl.add_columns("901", "things", sa.Column("n", sa.Integer())),
        )

    with operations(database):
        things()
        change()
    assert "n" in {column["name"] for column in sa.inspect(database.engine).get_columns("things")}
    assert "n" in replay([things, change]).tables["things"].columns


def test_rows_are_no_part_of_a_declared_state() -> None:
    things_only = replay([things])
    with_rows = replay([things, lambda: op.execute("INSERT INTO boxes (id) VALUES ('drop table things')")])
    assert list(with_rows.tables) == list(things_only.tables)


def test_the_statements_of_the_declared_state_make_it(database: Database) -> None:
    metadata = declared(head_revision())
    with database.engine.begin() as connection:
        for statement in statements(metadata, database.kind):
            connection.exec_driver_sql(statement)
    assert differences(database.snapshot(), dialects.named(database.kind).shape.expected(metadata)) == {}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("NOT role NOT IN ('user', 'admin')", None),
        ("role IN ('user', 'admin') OR role IS NULL", "changed-check"),
        ("role IN ('admin', 'user')", "changed-check"),
    ],
)
def test_a_condition_in_other_words_is_told_as_what_it_is(head: Database, condition: str, found: str | None) -> None:
    head.execute("ALTER TABLE users DROP CONSTRAINT ck_users_role")
    head.execute(f"ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK ({condition})")
    codes = [one.code for one in check(head.url).findings if one.where == "users.ck_users_role"]
    assert codes == ([found] if found else [])
