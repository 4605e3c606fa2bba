"""Types, defaults, expressions and keys of columns change on both databases, with rows, and as the replay says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from cts_schema import ddl, dialects
from cts_schema.ddl.scripting import script
from cts_schema.exceptions import RowsRefused
from cts_schema.schema.declared import replay
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.operations import operations
from tests.test_offline import run as run_script

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


def things() -> None:
    ddl.create_table("900", "boxes", ddl.each(ddl.integer, "a", "b", required=True), sa.PrimaryKeyConstraint("a", "b"))
    ddl.create_table(
        "900",
        "Things %",
        ddl.log_id(),
        ddl.integer("width", default=2),
        ddl.integer("order"),
        ddl.string("words"),
        ddl.enum("state", "new", "old", default="new"),
        sa.Column("code", sa.String(5), server_default="x"),
        sa.Column("twice", sa.Integer(), sa.Computed("width * 2", persisted=True)),
        ddl.indexes("twice, width", "order"),
        sa.CheckConstraint("width < 100", name="narrow"),
    )
    op.execute(sa.text("""INSERT INTO boxes (a, b) VALUES (2, 1)"""))
    op.execute(sa.text("""INSERT INTO "Things %" (width, "order", words, code) VALUES (2, 1, '{"n": 1}', 'a')"""))
    op.execute(sa.text("""INSERT INTO "Things %" (width, "order", words, code) VALUES (3, 0, NULL, 'b')"""))


@pytest.fixture
def made(database: Database) -> Database:
    with operations(database):
        things()
    return database


def undeclared(database: Database, *changes: Callable[[], None]) -> dict[str, str]:
    shape, there = dialects.named(database.kind).shape, database.snapshot()
    with database.engine.connect() as connection:
        wanted = shape.worded(connection, shape.expected(replay([things, *changes])), there)
        return differences(wanted.only(wanted.tables), there)


TYPES: dict[str, tuple[Callable[[], None], str, list[Any]]] = {
    "a wider integer": (
        lambda: ddl.change_type("Things %", sa.Column("order", sa.BigInteger(), server_default="2"), was=sa.Integer()),
        '"order"',
        [1, 0],
    ),
    "a longer text with another default": (
        lambda: ddl.change_type(
            "Things %", sa.Column("code", sa.String(50), server_default="it's 100%"), was=sa.String(5)
        ),
        "code",
        ["a", "b"],
    ),
    "JSON of a text": (
        lambda: ddl.change_type("Things %", ddl.json("words"), was=sa.Text()),
        "json_extract(words, '$.n')",
        [1, None],
    ),
    "a flag of a number": (
        lambda: ddl.change_type("Things %", sa.Column("order", sa.Boolean()), was=sa.Integer, using='"order" <> 0'),
        '"order"',
        [True, False],
    ),
    "a text of an enumeration": (
        lambda: ddl.change_type("Things %", ddl.string("state"), was=ddl.TextEnum("new", "old")),
        "state",
        ["new", "new"],
    ),
    "money of a number": (
        lambda: ddl.change_type("Things %", ddl.money("order"), was=sa.Integer()),
        '"order"',
        [1, 0],
    ),
}


@pytest.mark.parametrize("change", TYPES)
def test_a_type_comes_with_its_check_and_its_default_and_keeps_the_values(made: Database, change: str) -> None:
    run, expression, values = TYPES[change]
    with operations(made):
        run()
    assert undeclared(made, run) == {}
    if made.kind == "postgresql":
        expression = expression.replace("json_extract(words, '$.n')", "CAST(words ->> 'n' AS integer)")
    assert [row[0] for row in made.rows(f'SELECT {expression} FROM "Things %" ORDER BY id')] == values


@pytest.mark.parametrize(
    ("was", "becomes", "value"),
    [
        (sa.Text(), sa.Integer(), "'soon'"),
        (sa.Text(), sa.Integer(), "'1.5'"),
        (sa.Text(), sa.Numeric(10, 1), "'1.55'"),
        (sa.Text(), sa.String(3), "'four'"),
        (sa.Numeric(10, 2), sa.Integer(), "1.5"),
        (sa.Numeric(10, 2), ddl.ExactNumeric(10, 1), "1.55"),
        (sa.Integer(), sa.Boolean(), "2"),
        (sa.DateTime(), sa.Date(), "'2020-01-01 00:00:01'"),
        (sa.Text(), sa.Float(), "'123456789.123456789'"),
        (sa.Text(), sa.Boolean(), "'maybe'"),
        (sa.Text(), sa.Integer(), "'NaN'"),
        (sa.Numeric(20, 8), ddl.ExactNumeric(5, 2), "16777217"),
        (sa.BigInteger(), sa.Double(), "9007199254740993"),
        (sa.Double(), sa.Numeric(10, 1), "0.30000000000000004"),
        (sa.Text(), sa.Date(), "'2020-01-01 12:00:00'"),
        (sa.DateTime(), sa.Time(), "'2020-01-01 12:00:00'"),
        (ddl.Json(), sa.Integer(), "'1.5'"),
    ],
)
def test_a_value_that_would_not_be_the_same_in_the_new_type_is_refused(
    made: Database, was: TypeEngine[Any], becomes: TypeEngine[Any], value: str
) -> None:
    with operations(made):
        ddl.add_columns("901", "Things %", sa.Column("it", was))
    made.execute(f'UPDATE "Things %" SET it = {value} WHERE width = 2')
    before, rows = made.snapshot(), made.rows('SELECT * FROM "Things %" ORDER BY id')
    with pytest.raises(RowsRefused, match="1 row") as refused, operations(made):
        ddl.change_type("Things %", sa.Column("it", becomes), was=was)
    assert (made.snapshot(), made.rows('SELECT * FROM "Things %" ORDER BY id')) == (before, rows)
    query = str(refused.value.next_step.about({})).rpartition("to see them: ")[2]
    assert len(made.rows(query)) == 1


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("was", "becomes", "value"),
    [
        (sa.Text(), sa.Date(), "'2024-02-30'"),
        (sa.Text(), sa.DateTime(), "'2024-01-01 24:00:00'"),
        (sa.Text(), ddl.Timestamp(), "'soon'"),
        (sa.Text(), sa.Time(), "'24:00:00'"),
        (sa.Integer(), ddl.Timestamp(), "1"),
        (sa.DateTime(), sa.Integer(), "'2024-01-01 00:00:00'"),
        (sa.JSON(), sa.Integer(), "'[1]'"),
        (sa.LargeBinary(), sa.Text(), "x'00ff'"),
        (sa.Text(), ddl.Json(), "'{'"),
        (sa.Text(), sa.Numeric(), "'1e400'"),
    ],
)
def test_sqlite_refuses_a_value_that_nobody_could_read_in_the_new_type(
    made: Database, was: TypeEngine[Any], becomes: TypeEngine[Any], value: str
) -> None:
    test_a_value_that_would_not_be_the_same_in_the_new_type_is_refused(made, was, becomes, value)


@pytest.mark.parametrize(
    ("was", "becomes", "value", "there"),
    [
        (sa.Text(), sa.Integer(), "' 12 '", 12),
        (sa.Text(), sa.Integer(), "'1.0'", 1),
        (sa.Text(), sa.Boolean(), "'Yes'", True),
        (sa.Boolean(), sa.Text(), "false", "false"),
        (sa.Boolean(), sa.BigInteger(), "true", 1),
        (sa.Text(), sa.DateTime(), "'2020-01-02 03:04:05'", datetime(2020, 1, 2, 3, 4, 5)),
        (sa.Date(), sa.DateTime(), "'2020-01-02'", datetime(2020, 1, 2)),
        (sa.DateTime(), sa.Date(), "'2020-01-02 00:00:00'", date(2020, 1, 2)),
        (sa.Numeric(10, 2), sa.Integer(), "2.00", 2),
        (sa.Double(), sa.Text(), "0.30000000000000004", "0.30000000000000004"),
        (sa.Text(), ddl.Timestamp(), "'2020-01-02 03:04:05.600000'", datetime(2020, 1, 2, 3, 4, 5, 600000, UTC)),
        (ddl.Timestamp(), sa.DateTime(), "'2020-01-02 03:04:05'", datetime(2020, 1, 2, 3, 4, 5)),
        (sa.DateTime(), ddl.Timestamp(), "'2020-01-02 03:04:05'", datetime(2020, 1, 2, 3, 4, 5, 0, UTC)),
        (sa.Date(), ddl.Timestamp(), "'2020-01-02'", datetime(2020, 1, 2, tzinfo=UTC)),
        (sa.BigInteger(), sa.Double(), "9007199254740992", 9007199254740992.0),
        (sa.Text(), sa.Double(), "'-0.25'", -0.25),
        (sa.BigInteger(), sa.Text(), "9007199254740993", "9007199254740993"),
        (sa.Text(), sa.BigInteger(), "'9007199254740993'", 9007199254740993),
    ],
)
def test_a_value_is_the_same_in_the_new_type(
    made: Database, was: TypeEngine[Any], becomes: TypeEngine[Any], value: str, there: object
) -> None:
    with operations(made):
        ddl.add_columns("901", "Things %", sa.Column("it", was))
    made.execute(f'UPDATE "Things %" SET it = {value} WHERE width = 2')
    with operations(made):
        ddl.change_type("Things %", sa.Column("it", becomes), was=was)
    column = sa.column("it", becomes)
    with made.engine.connect() as connection:
        found = connection.scalars(sa.select(column).select_from(sa.table("Things %")).order_by(sa.column("id"))).all()
    assert found == [there, None]


@on_postgresql
@pytest.mark.parametrize("change", TYPES)
def test_a_script_changes_a_type_in_the_same_way(made: Database, change: str) -> None:
    run_script(made, "\n".join(script("postgresql", TYPES[change][0])))
    assert undeclared(made, TYPES[change][0]) == {}


def rebuilt() -> None:
    with ddl.alter_table("Things %") as batch:
        batch.alter_column("words", type_=sa.String(99))


# Computed columns

THRICE = sa.Computed("width * 3 % 1000", persisted=True)
COMPUTED: dict[str, tuple[Callable[[], None], list[Any]]] = {
    "another expression": (
        lambda: ddl.recompute_column("Things %", sa.Column("twice", sa.Integer(), THRICE._copy())),
        [6, 9],
    ),
    "a plain column": (lambda: ddl.recompute_column("Things %", sa.Column("twice", sa.Integer())), [4, 6]),
}


@pytest.mark.parametrize("change", COMPUTED)
def test_a_computed_column_changes_and_its_indexes_stay(made: Database, change: str) -> None:
    run, values = COMPUTED[change]
    with operations(made):
        run()
    assert undeclared(made, run) == {}
    assert [row[0] for row in made.rows('SELECT twice FROM "Things %" ORDER BY id')] == values


def test_a_rebuild_leaves_a_computed_column_as_it_is(made: Database) -> None:
    with operations(made):
        rebuilt()
    assert undeclared(made, rebuilt) == {}
    assert [row[0] for row in made.rows('SELECT twice FROM "Things %" ORDER BY id')] == [4, 6]


@pytest.mark.parametrize("persisted", [True, None])
def test_a_computed_column_comes_goes_and_comes_again(made: Database, persisted: bool | None) -> None:
    def add() -> None:
        area = sa.Column("area", sa.Integer(), sa.Computed('width * "order"', persisted=persisted))
        ddl.add_columns("901", "Things %", area, ddl.string("note"))

    before = made.snapshot()
    for _ in range(2):
        with operations(made):
            add()
        assert made.rows('SELECT area FROM "Things %" ORDER BY id') == [(2,), (0,)]
        assert undeclared(made, add) == {}
        made.execute("""UPDATE "Things %" SET note = 'mine' WHERE id = 1""")
        with operations(made):
            ddl.drop_columns("901", "Things %", "area", "note")
    made.execute('DROP TABLE "cts_kept_901_Things %"')
    assert made.snapshot() == before


# Keys, defaults, values


def test_a_key_of_two_columns_comes_with_its_columns(made: Database) -> None:
    def add() -> None:
        ddl.add_columns(
            "901",
            "Things %",
            ddl.each(ddl.integer, "box_a", "box_b"),
            sa.ForeignKeyConstraint(["box_a", "box_b"], ["boxes.a", "boxes.b"], onupdate="CASCADE"),
            ddl.uniques("box_a, box_b"),
        )

    def add_online() -> None:
        ddl.add_foreign_key_online("Things %", ["width", "order"], "boxes", ["a", "b"], ondelete="SET NULL")

    made.execute('DELETE FROM "Things %" WHERE id = 2')
    with operations(made):
        add()
        add_online()
    assert undeclared(made, add, add_online) == {}
    keys = {key["name"]: key for key in sa.inspect(made.engine).get_foreign_keys("Things %")}
    assert keys["fk_Things %_box_a_box_b"]["options"] == {"onupdate": "CASCADE"}
    with operations(made):
        rebuilt()
    assert undeclared(made, add, add_online, rebuilt) == {}
    with pytest.raises(sa.exc.IntegrityError):
        made.execute('UPDATE "Things %" SET box_a = 7, box_b = 7')


def test_a_deferrable_unique_comes_with_its_table_and_holds(database: Database) -> None:
    def places() -> None:
        ddl.create_table(
            "900",
            "places",
            ddl.log_id(),
            sa.Column("place %", sa.Integer()),
            sa.UniqueConstraint("place %", deferrable=True, initially="DEFERRED", postgresql_nulls_not_distinct=True),
        )

    with operations(database):
        places()
    shape, there = dialects.named(database.kind).shape, database.snapshot()
    assert differences(shape.expected(replay([places])), there) == {}
    database.execute('INSERT INTO places ("place %") VALUES (1)')
    with pytest.raises(sa.exc.IntegrityError):
        database.execute('INSERT INTO places ("place %") VALUES (1)')


def test_rows_are_filled_in_the_transaction_of_the_revision(made: Database) -> None:
    with operations(made):
        ddl.fill("Things %", {"words": sa.text("code")}, where="words IS NULL")
    assert made.rows('SELECT words FROM "Things %" WHERE id = 2') == [("b",)]


@on_postgresql
def test_a_column_with_a_key_comes_without_a_scan_of_the_rows(made: Database) -> None:
    made.execute("CREATE TABLE parents (id text PRIMARY KEY)")
    lines = script("postgresql", lambda: ddl.add_columns("901", "Things %", ddl.reference("p", "parents", "CASCADE")))
    assert lines[0] == (
        'ALTER TABLE "Things %" ADD COLUMN p TEXT CONSTRAINT "fk_Things %_p" REFERENCES parents (id) ON DELETE CASCADE;'
    )
