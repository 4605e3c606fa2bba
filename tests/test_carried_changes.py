"""Every change of a model is carried over: generated without a database, up, down and up again, over rows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from cts_schema import ddl, downgrade, status
from cts_schema.authoring.generate import generate
from cts_schema.authoring.renames import requested
from cts_schema.exceptions import CannotCarry, RowsRefused, WrongUsage
from tests.conftest import Makes
from tests.support.changing import BASE, Changing, Spec, changing, metadata, spec, text_of
from tests.support.lines import Scripts
from tests.support.program import ROOT, run
from tools.lint import not_allowed, read


@pytest.fixture
def changed(short: Makes, tmp_path: Path) -> Iterator[Changing]:
    with short() as database, changing(database, tmp_path / "copy") as made:
        yield made


def put(table: str, **items: Callable[[], object]) -> Callable[[Spec], object]:
    """Add items to a table, or replace them."""
    return lambda to: to.setdefault(table, {}).update(items)


def same(value: Any) -> Any:
    return value


def column(name: str, *arguments: Callable[[], Any], **options: Any) -> Callable[[Spec], object]:
    """Add a column to the things, or replace it."""
    return lambda to: to["things"].update({name: lambda: sa.Column(name, *[a() for a in arguments], **options)})


def without(table: str, *names: str) -> Callable[[Spec], object]:
    return lambda to: [to[table].pop(name) for name in names]


def both(*changes: Callable[[Spec], object]) -> Callable[[Spec], object]:
    return lambda to: [change(to) for change in changes]


NOW = sa.text("CURRENT_TIMESTAMP")
CHANGES: dict[str, Callable[[Spec], object]] = {
    # Columns
    "a column": column("note", sa.Text),
    "a column with a comment": column("note", sa.Text, comment="it's 100% :free"),
    "a column of each type of ddl": both(
        column("n", ddl.BigInt),
        column("m", lambda: ddl.FiniteNumeric(20, 8)),
        column("e", lambda: ddl.ExactNumeric(10, 2)),
        column("j", ddl.Json),
        column("t", ddl.Timestamp),
        column("w", lambda: ddl.TextEnum("it's", "100%")),
    ),
    "a column of each type of SQLAlchemy": both(
        *(
            column(f"c{number}", partial(same, type_))
            for number, type_ in enumerate(
                (
                    sa.SmallInteger(),
                    sa.BigInteger(),
                    sa.Float(),
                    sa.Double(),
                    sa.Numeric(10, 2),
                    sa.String(9),
                    sa.String(9, collation="C"),
                    sa.Text(),
                    sa.Unicode(4),
                    sa.Boolean(),
                    sa.Date(),
                    sa.Time(),
                    sa.DateTime(),
                    sa.DateTime(timezone=True),
                    sa.Interval(),
                    sa.LargeBinary(),
                    sa.Uuid(),
                    sa.JSON(),
                    sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                    sa.Enum("a", "b", native_enum=False, name="letters"),
                )
            )
            if number != 6
        )
    ),
    "a column with a constant default": column("n", sa.Integer, server_default=sa.text("7"), nullable=False),
    "a column with a default in quotes": column("n", sa.Text, server_default="it's 5:30", nullable=False),
    "a column with a default that is no constant": column("at", ddl.Timestamp, server_default=NOW, nullable=False),
    "a flag with a default of SQLAlchemy": column("odd", sa.Boolean, server_default=sa.false(), nullable=False),
    "a column with a random default": column("token", sa.Text, server_default=ddl.uuid_text(), nullable=False),
    "a column with a default by a function": column("at", ddl.Timestamp, server_default=sa.func.now()),
    "a required column": column("owner", sa.Text, nullable=False),
    "a required key to another table": column(
        "owner", sa.Text, lambda: sa.ForeignKey("boxes.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    "a key to its own table": column("next_id", sa.Text, lambda: sa.ForeignKey("things.id"), index=True),
    "a column with a CHECK": column("n", sa.Integer, lambda: sa.CheckConstraint("n > 0", name="n_is_much")),
    "a column with everything": column(
        "code",
        sa.String,
        lambda: sa.ForeignKey("boxes.code"),
        lambda: sa.CheckConstraint("code <> ''", name="full"),
        unique=True,
        index=True,
        comment="which",
    ),
    "columns with odd names": both(
        column("order", sa.Integer, index=True),
        column("Mixed Case", sa.Integer, nullable=False),
        column("100%", sa.Integer, server_default=sa.text("1")),
        column("index", sa.Text, lambda: sa.CheckConstraint("\"index\" <> ''", name="index")),
        column('a "quoted" one', sa.Text),
    ),
    "a column removed": without("things", "count"),
    "a required column removed": without("boxes", "size"),
    "a required column without default removed": without("things", "name", "one name"),
    "a column with a key and an index removed": without("things", "box_id", "by box", "one name"),
    "a column with a trigger removed": without("things", "updated_at"),
    "a column with a default that is no constant removed": without("things", "made_at"),
    "an enumeration removed": without("things", "state", "sold", "more"),
    "a column in place of another": both(without("things", "count"), column("number", sa.Integer)),
    # What a column is
    "a column that may be NULL": column("name", sa.Text),
    "a column that becomes required": column("count", sa.Integer, nullable=False),
    "a column that becomes required with a default": column(
        "count", sa.Integer, nullable=False, server_default=sa.text("3")
    ),
    "a default changed": put("things", state=lambda: ddl.enum("state", "new", "used", "broken", default="used")),
    "a default added": column("count", sa.Integer, server_default=sa.text("3")),
    "a default removed": put("things", made_at=lambda: ddl.timestamp("made_at")),
    "a comment": column("count", sa.Integer, comment="how many"),
    "a wider number": column("count", ddl.BigInt),
    "a longer text": put("boxes", code=lambda: sa.Column("code", sa.String(40), nullable=False, unique=True)),
    "an enumeration with more words": put(
        "things", state=lambda: ddl.enum("state", "new", "used", "broken", "sold", default="new")
    ),
    "an enumeration with fewer words": put("things", state=lambda: ddl.enum("state", "new", "used", default="new")),
    "a computed column": column("double", sa.Integer, lambda: sa.Computed("count * 2")),
    "a column and one that is computed from it": both(
        column("width", sa.Integer), column("area", sa.Integer, lambda: sa.Computed("width * 2"))
    ),
    "a stored computed column": column("double", sa.Integer, lambda: sa.Computed("count * 2", persisted=True)),
    "a number that becomes text": column("count", sa.Text),
    "a boolean that becomes a number": column("sold", ddl.BigInt),
    "a boolean that becomes a text": column("sold", sa.Text),
    "a moment that becomes a text": column("made_at", sa.Text),
    "a number that becomes a float": column("count", sa.Float),
    "a text that becomes a number": put("boxes", label=lambda: sa.Column("label", sa.Numeric(10, 1))),
    "a text that becomes a number with a CHECK and an index": both(
        put(
            "boxes",
            label=lambda: sa.Column("label", sa.Numeric(10, 1)),
            c=lambda: sa.CheckConstraint("label % 2 <> 0", name="odd"),
            i=lambda: sa.Index("ix_label", sa.text("abs(label)")),
        ),
    ),
    "a text that becomes JSON": put("boxes", label=lambda: sa.Column("label", ddl.Json())),
    "a text that becomes an enumeration": put("boxes", label=lambda: ddl.enum("label", "1.5", "2.5")),
    "an enumeration that becomes a text": put("things", state=lambda: ddl.string("state", default="new")),
    "a table with a name that is a word of SQL": put(
        "order",
        id=ddl.text_id,
        at=lambda: ddl.timestamp("updated_at", now=True),
        box=lambda: ddl.reference("box_id", "boxes", "CASCADE"),
    ),
    "a table with quotes in its name": put(
        'it\'s "one"',
        id=ddl.text_id,
        at=lambda: ddl.timestamp("updated_at", now=True),
        box=lambda: ddl.reference("box_id", "boxes", "CASCADE"),
        c=lambda: sa.CheckConstraint("box_id <> 'a'", name="c"),
    ),
    "a key of two columns and the unique constraint it needs": both(
        put("boxes", pair=lambda: sa.UniqueConstraint("id", "code")),
        column("box_code", sa.String),
        put("things", pair=lambda: sa.ForeignKeyConstraint(["box_id", "box_code"], ["boxes.id", "boxes.code"])),
    ),
    "a key of two columns to its own table and the unique constraint it needs": both(
        put("things", pair=lambda: sa.UniqueConstraint("id", "count")),
        column("next_id", sa.Text),
        column("next_count", sa.Integer),
        put("things", k=lambda: sa.ForeignKeyConstraint(["next_id", "next_count"], ["things.id", "things.count"])),
    ),
    "a key with its actions in a table that SQLite copies": both(
        column(
            "lid_id",
            sa.Text,
            lambda: sa.ForeignKey("boxes.id", onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
        ),
        put("things", u=lambda: sa.UniqueConstraint("name")),
    ),
    "an index of some rows on one database": put(
        "things", i=lambda: sa.Index("ix_i", "name", postgresql_where=sa.text("count > 0"))
    ),
    "an index with operators": put(
        "things", i=lambda: sa.Index("ix_i", "name", postgresql_ops={"name": "text_pattern_ops"})
    ),
    "a table that needs a new unique constraint": both(
        put("boxes", pair=lambda: sa.UniqueConstraint("code", "size")),
        put(
            "lids",
            id=ddl.text_id,
            code=lambda: sa.Column("code", sa.String(20)),
            size=lambda: sa.Column("size", sa.Integer()),
            k=lambda: sa.ForeignKeyConstraint(["code", "size"], ["boxes.code", "boxes.size"]),
        ),
    ),
    # Constraints
    "a CHECK": put("things", cheap=lambda: sa.CheckConstraint("price < 1000 AND name <> 'a:b'", name="cheap")),
    "a CHECK changed": put("things", sensible=lambda: sa.CheckConstraint("price >= -1", name="sensible")),
    "a CHECK removed": without("things", "sensible"),
    "a unique constraint": put("things", u=lambda: sa.UniqueConstraint("name")),
    "a unique constraint that knows one NULL": put(
        "things", u=lambda: sa.UniqueConstraint("count", postgresql_nulls_not_distinct=True)
    ),
    "a unique constraint that may be late": put(
        "things", u=lambda: sa.UniqueConstraint("name", deferrable=True, initially="DEFERRED")
    ),
    "a unique constraint removed": without("things", "one name"),
    "a foreign key": put(
        "boxes", k=lambda: sa.ForeignKeyConstraint(["label"], ["boxes.code"], name="fk_boxes_label", onupdate="CASCADE")
    ),
    "a foreign key removed": column("box_id", sa.Text),
    "another action of a foreign key": lambda to: to["things"].update(
        box_id=lambda: ddl.reference("box_id", "boxes", "SET NULL")
    ),
    "a foreign key that may be late": lambda to: to["things"].update(
        box_id=lambda: sa.Column(
            "box_id", sa.Text(), sa.ForeignKey("boxes.id", onupdate="CASCADE", deferrable=True, initially="DEFERRED")
        )
    ),
    # Indexes
    "an index": put("things", i=lambda: sa.Index("ix_things_name", "name")),
    "an index in descending order": put("things", i=lambda: sa.Index("ix_i", sa.desc("made_at"), "name")),
    "an index by the text of an order": put("things", i=lambda: sa.Index("ix_i", sa.text("made_at DESC"))),
    "an index that puts NULL last": put(
        "things",
        i=lambda: sa.Index(
            "ix_i",
            sa.text("made_at DESC NULLS LAST"),
            sa.text("count asc nulls first"),
            sa.text("name desc nulls first"),
            sa.column("price").asc().nulls_last(),
            sa.column("state").desc().nulls_last(),
        ),
    ),
    "an index of an expression": put("things", i=lambda: sa.Index("ix_i", sa.text("lower(name)"), "count")),
    "an index of an expression of a text with a limit": put(
        "boxes", i=lambda: sa.Index("ix_i", sa.text("lower(code)"), sa.text("upper(code) DESC"), "size")
    ),
    "an index of some rows": put(
        "things",
        i=lambda: sa.Index(
            "ix_i", "name", unique=True, postgresql_where=sa.text("count > 0"), sqlite_where=sa.text("count > 0")
        ),
    ),
    "an index with further columns": put("things", i=lambda: sa.Index("ix_i", "name", postgresql_include=["count"])),
    "a unique index that knows one NULL": put(
        "things", i=lambda: sa.Index("ix_i", "count", unique=True, postgresql_nulls_not_distinct=True)
    ),
    "an index of another kind": put("things", i=lambda: sa.Index("ix_i", "more", postgresql_using="gin")),
    "an index changed": put("things", **{"by box": lambda: sa.Index("ix_things_box_id", "box_id", "count")}),
    "an index removed": without("things", "by box"),
    # Tables
    "a table": put(
        "parts",
        id=ddl.log_id,
        thing=lambda: ddl.reference("thing_id", "things", "CASCADE", required=True),
        at=lambda: ddl.timestamp("updated_at", now=True),
        kind=lambda: ddl.enum("kind", "a", "b"),
        c=lambda: {"comment": "what's in it"},
        note=lambda: sa.Column("note", sa.Text(), comment="why"),
        u=lambda: sa.UniqueConstraint("kind", "note"),
        k=lambda: sa.CheckConstraint("note <> ''", name="note"),
        i=lambda: sa.Index("ix_parts_note", sa.desc("note")),
    ),
    "a table with a key of two columns": put(
        "pairs",
        a=lambda: sa.Column("a", sa.Text(), primary_key=True),
        b=lambda: sa.Column("b", sa.Integer(), primary_key=True),
        c=lambda: sa.Column("c", sa.Text(), nullable=False),
    ),
    "a table with a name of mixed case, numbered by itself": put(
        "Zed", id=lambda: sa.Column("id", sa.Integer(), primary_key=True), n=lambda: sa.Column("Note", sa.Text())
    ),
    "a table numbered by itself": put(
        "zed", id=lambda: sa.Column("id", sa.Integer(), primary_key=True), n=lambda: sa.Column("Note", sa.Text())
    ),
    "two tables that refer to each other": both(
        put(
            "hens", id=ddl.text_id, egg=lambda: sa.Column("egg_id", sa.Text(), sa.ForeignKey("eggs.id", use_alter=True))
        ),
        put("eggs", id=ddl.text_id, hen=lambda: ddl.reference("hen_id", "hens", "SET NULL")),
    ),
    "a key to a table that refers back": both(
        column("zid", sa.Text, lambda: sa.ForeignKey("zz.id")),
        put("zz", id=ddl.text_id, t=lambda: sa.Column("t", sa.Text(), sa.ForeignKey("things.id"))),
    ),
    "a table and a key to it": both(
        put("owners", id=ddl.text_id, name=lambda: ddl.string("name", required=True)),
        column("owner_id", sa.Text, lambda: sa.ForeignKey("owners.id", ondelete="SET NULL"), index=True),
    ),
    "a table with a trigger and a key to it": both(
        put("owners", id=ddl.text_id, at=lambda: ddl.timestamp("updated_at", now=True)),
        column("owner_id", sa.Text, lambda: sa.ForeignKey("owners.id"), index=True),
    ),
    "a table with a unique constraint that may be late": put(
        "owners",
        id=ddl.text_id,
        name=lambda: ddl.string("name"),
        u=lambda: sa.UniqueConstraint("name", deferrable=True, initially="DEFERRED"),
    ),
    "the comment of a table": put("things", c=lambda: {"comment": "it's all"}),
    "the trigger of a table": put("boxes", updated_at=lambda: ddl.timestamp("updated_at", now=True)),
    "several at once": both(
        without("things", "count", "by box", "sensible"),
        column("weight", sa.Integer, nullable=False, server_default=sa.text("1")),
        column("owner", sa.Text, nullable=False),
        put("things", state=lambda: ddl.enum("state", "new", "used", "broken", "sold", default="used")),
        put("things", i=lambda: sa.Index("ix_things_owner", "owner", sa.desc("weight"))),
        put("owners", id=ddl.text_id, thing=lambda: ddl.reference("thing_id", "things", "CASCADE", required=True)),
        put("boxes", code=lambda: sa.Column("code", sa.String(40), nullable=False)),
    ),
}
COMPLETED = {
    "owner": "sa.text(\"'b1'\")",
    "Mixed Case": "5",
    "count": "9",
    "state": "sa.text(\"'used'\")",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_carried_over(changed: Changing, change: str) -> None:
    to = spec()
    CHANGES[change](to)
    made = changed.generate(to, completed=COMPLETED)
    assert made.undropped == []
    changed.leads_both_ways(BASE, to, filled=COMPLETED)


def test_a_column_that_comes_back_has_null_where_it_had_not_its_default(changed: Changing) -> None:
    first, second = spec(), spec()
    first["boxes"]["label"] = lambda: sa.Column("label", sa.Text(), server_default="none")
    del second["boxes"]["label"]
    changed.generate(first)
    changed.upgrade()
    before = changed.rows(first)
    assert [row["label"] for row in before["boxes"]] == ["1.5", None]
    changed.generate(second)
    changed.upgrade()
    changed.downgrade()
    assert changed.rows(first) == before


def test_what_is_checked_at_the_end_hinders_no_downgrade(changed: Changing) -> None:
    first, second = spec(), spec()
    first["things"]["box_id"] = lambda: sa.Column(
        "box_id", sa.Text(), sa.ForeignKey("boxes.id", deferrable=True, initially="DEFERRED")
    )
    del second["things"]["box_id"], second["things"]["by box"], second["things"]["one name"]
    column("note", sa.Text)(second)
    changed.generate(first)
    changed.generate(second)
    changed.upgrade()
    before = changed.rows(second)
    changed.downgrade()
    changed.upgrade()
    assert changed.rows(second) == before


def test_a_computed_column_that_postgresql_15_lacks_is_refused() -> None:
    to = spec()
    column("double", sa.Integer, lambda: sa.Computed("count * 2", persisted=False))(to)
    with pytest.raises(CannotCarry, match="leave persisted=False out"):
        generate(metadata(BASE), metadata(to), "062")


def under_another_name(to: Spec, **options: Any) -> None:
    items = to["things"]
    del items["count"], items["by box"], items["one name"], items["box_id"]
    items["number"] = lambda: sa.Column(
        "number", sa.Integer(), sa.CheckConstraint("number > 0", name="much"), **options
    )
    items["crate_id"] = lambda: sa.Column("crate_id", sa.Text(), sa.ForeignKey("boxes.id", ondelete="CASCADE"))
    items["by crate"] = lambda: sa.Index("ix_things_crate_id", "crate_id")
    items["one name"] = lambda: sa.UniqueConstraint("crate_id", "name")


def test_a_renamed_column_keeps_its_values_and_what_is_named_after_it_follows(changed: Changing) -> None:
    to = spec()
    under_another_name(to, info={"renamed_from": "count"})
    made = changed.generate(to, renames=["things.box_id:crate_id"])
    assert made.found[:2] == ["renamed things.count:number", "renamed things.box_id:crate_id"]
    assert len(made.found) == 3  # and the CHECK
    rows = changed.leads_both_ways(BASE, to)
    assert [row["number"] for row in rows["things"]] == [1, 2, None]
    assert changed.generate(to).upgrade == []  # the model may say on what it was renamed from


def with_another_table(to: Spec) -> None:
    to["crates"] = {**to.pop("boxes"), "info": lambda: {"info": {"renamed_from": "boxes"}}}
    to["crates"]["title"] = lambda: sa.Column("title", sa.Text(), info={"renamed_from": "label"})
    del to["crates"]["label"]
    to["things"]["box_id"] = lambda: ddl.reference("box_id", "crates", "CASCADE")


def test_a_renamed_table_keeps_its_rows_and_what_is_named_after_it_follows(changed: Changing) -> None:
    to = spec()
    with_another_table(to)
    before = changed.rows(BASE)
    made = changed.generate(to)
    assert made.found == ["renamed boxes:crates", "renamed crates.label:title"]
    rows = changed.leads_both_ways(BASE, to)
    assert [row["title"] for row in rows["crates"]] == [row["label"] for row in before["boxes"]]


def test_all_that_mentions_a_renamed_column_follows(changed: Changing) -> None:
    def items(name: str, **options: Any) -> dict[str, Callable[[], Any]]:
        return {
            "count": lambda: sa.Column(name, sa.Integer(), **options),
            "k": lambda: sa.CheckConstraint(f"{name} > 0 AND name <> 'count'", name="much"),
            "e": lambda: sa.Index("ix_e", sa.text(f"abs({name})"), sa.text(f"{name} DESC")),
            "p": lambda: sa.Index(
                "ix_p", "name", postgresql_where=sa.text(f"{name} > 1"), sqlite_where=sa.text(f"{name} > 1")
            ),
            "i": lambda: sa.Index("ix_i", "name", postgresql_include=[name]),
            "c": lambda: sa.Column("double", sa.Integer(), sa.Computed(f"{name} * 2")),
        }

    first, second = spec(), spec()
    first["things"].update(items("count"))
    second["things"].update(items("number", info={"renamed_from": "count"}))
    changed.generate(first)
    changed.upgrade()
    assert changed.generate(second).found == ["renamed things.count:number"]
    changed.leads_both_ways(first, second)


@pytest.mark.parametrize(
    "change", [without("things", "name", "one name"), column("name", sa.Text)], ids=["removed", "that may be NULL"]
)
def test_the_way_down_counts_the_rows_without_a_value_of_a_required_column(
    changed: Changing, change: Callable[[Spec], object]
) -> None:
    to = spec()
    change(to)
    changed.generate(to)
    changed.upgrade()
    changed.database.execute("INSERT INTO things (id) VALUES ('t4')")
    rows = changed.rows(to)
    with pytest.raises(RowsRefused, match="1 row") as refused:
        changed.downgrade()
    assert 'ddl.fill("things", {"name": VALUE}, where="name IS NULL")' in str(refused.value)
    assert changed.differences(to) == {}
    assert changed.rows(to) == rows


def test_a_type_changes_of_a_column_that_others_are_computed_from(changed: Changing) -> None:
    first, second = spec(), spec()
    first["things"]["double"] = lambda: sa.Column("double", sa.Integer(), sa.Computed("count * 2"))
    first["things"]["half"] = lambda: sa.Column("half", sa.Integer(), sa.Computed("count / 2"))
    first["things"]["i"] = lambda: sa.Index("ix_things_double", "double")
    second["things"] |= {name: first["things"][name] for name in ("double", "i")}
    second["things"]["count"] = lambda: sa.Column("count", ddl.BigInt())
    second["things"]["triple"] = lambda: sa.Column("triple", sa.Integer(), sa.Computed("count * 3"))
    changed.generate(first)
    changed.upgrade()
    changed.generate(second)
    rows = changed.leads_both_ways(first, second)
    assert [row["triple"] for row in rows["things"]] == [3, 6, None]


def test_rows_get_a_default_with_a_colon(changed: Changing) -> None:
    to = spec()
    default = "it's 100% :odd, 5:30"
    to["boxes"]["label"] = lambda: sa.Column("label", sa.Text(), nullable=False, server_default=default)
    changed.generate(to)
    changed.upgrade()
    assert [row["label"] for row in changed.rows(to)["boxes"]] == ["1.5", default]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(sa.Numeric(10, 2), sa.Float()), (sa.Numeric(10, 2), sa.Integer()), (sa.Integer(), sa.BigInteger())],
)
def test_a_type_leaves_nothing_in_what_mentions_the_column(
    changed: Changing, was: TypeEngine[Any], becomes: TypeEngine[Any]
) -> None:
    first, second = spec(), spec()
    for to, type_ in ((first, was), (second, becomes)):
        to["things"] |= {
            "count": partial(sa.Column, "count", type_),
            "k": lambda: sa.CheckConstraint("count >= 0", name="much"),
            "i": lambda: sa.Index(
                "ix_i", "name", postgresql_where=sa.text("count > 1"), sqlite_where=sa.text("count > 1")
            ),
        }
    changed.generate(first)
    changed.upgrade()
    changed.generate(second)
    changed.leads_both_ways(first, second)


def test_the_types_of_a_key_and_of_what_refers_to_it_change_together(changed: Changing) -> None:
    def size(type_: type[sa.Integer | sa.Text]) -> sa.Column[Any]:
        return sa.Column("size", type_(), sa.ForeignKey("boxes.size", ondelete="CASCADE"))

    first, second = spec(), spec()
    for to, type_ in ((first, sa.Integer), (second, sa.Text)):
        to["boxes"]["size"] = partial(sa.Column, "size", type_(), nullable=False, unique=True)
        to["things"]["size"] = partial(size, type_)
    changed.generate(first)
    changed.upgrade()
    changed.database.execute("UPDATE things SET size = 1 WHERE id = 't1'")
    changed.generate(second)
    rows = changed.leads_both_ways(first, second)
    assert [row["size"] for row in rows["things"]] == ["1", None, None]


def test_a_name_that_a_rename_frees_can_be_taken(changed: Changing) -> None:
    to = spec()
    to["things"]["count"] = lambda: sa.Column("count", sa.Integer(), info={"renamed_from": "number"})
    to["things"]["label"] = lambda: sa.Column("label", sa.Integer(), info={"renamed_from": "count"})
    first = spec()
    first["things"]["number"] = lambda: sa.Column("number", sa.Integer())
    changed.generate(first)
    changed.upgrade()
    changed.database.execute("UPDATE things SET number = 100 + count")
    made = changed.generate(to)
    assert made.found == ["renamed things.count:label", "renamed things.number:count"]
    rows = changed.leads_both_ways(first, to)
    assert [(row["label"], row["count"]) for row in rows["things"]] == [(1, 101), (2, 102), (None, None)]


def test_a_table_that_comes_again_has_the_rows_that_were_preserved(changed: Changing) -> None:
    without_things = spec()
    del without_things["things"]
    rows = changed.rows(BASE)
    changed.generate(without_things, dropped=["things"])
    changed.upgrade()
    assert status(changed.database.engine).stranded == ()
    made = changed.generate(spec())
    assert "# Revision 062 dropped this table: the rows that it preserved come back." in made.upgrade
    changed.upgrade()
    assert changed.rows(BASE) == rows
    assert changed.differences(BASE) == {}
    changed.downgrade()
    assert "things" not in changed.database.tables()
    changed.upgrade()
    assert changed.rows(BASE) == rows
    downgrade(changed.database.engine, "061")
    assert changed.rows(BASE) == rows
    changed.upgrade()
    assert changed.rows(BASE) == rows
    assert changed.differences(BASE) == {}


def test_a_table_that_comes_again_in_another_shape_is_refused(changed: Changing) -> None:
    gone, to = spec(), spec()
    del gone["things"]
    changed.generate(gone, dropped=["things"])
    without("things", "sensible")(to)
    with pytest.raises(CannotCarry, match=r"removed check things\.ck_things_sensible"):
        changed.generate(to)


def test_a_table_that_another_one_without_a_model_refers_to_is_not_dropped() -> None:
    with pytest.raises(CannotCarry, match="-x drop=things"):
        generate(metadata(BASE), metadata({}), "062", dropped=["boxes"])


def test_a_default_is_there_before_the_rows_that_lack_a_value_are_filled() -> None:
    to = spec()
    to["things"]["count"] = lambda: sa.Column("count", sa.Integer(), nullable=False, server_default=sa.text("3"))
    made = generate(metadata(BASE), metadata(to), "062")
    assert [line.partition("(")[0] for line in made.upgrade] == [
        "ddl.set_default_online",
        "ddl.backfill",
        "ddl.set_not_null_online",
    ]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (sa.Integer(), ddl.Timestamp()),
        (sa.Date(), sa.Numeric()),
        (ddl.Json(), sa.Integer()),
        (sa.DateTime(), sa.Time()),
        (sa.LargeBinary(), sa.Text()),
    ],
)
def test_a_type_that_no_database_makes_of_the_other_is_refused(was: TypeEngine[Any], becomes: TypeEngine[Any]) -> None:
    before, after = spec(), spec()
    for of, type_ in ((before, was), (after, becomes)):
        of["things"]["it"] = partial(sa.Column, "it", type_)
    with pytest.raises(CannotCarry, match="no database makes values"):
        generate(metadata(before), metadata(after), "062")


def test_swapped_names_are_refused() -> None:
    columns, tables = spec(), spec()
    for one, other in (("name", "state"), ("state", "name")):
        columns["things"][one] = partial(sa.Column, one, sa.Text(), info={"renamed_from": other})
    for one, other in (("boxes", "things"), ("things", "boxes")):
        tables[one] = {**BASE[other], "info": partial(dict, info={"renamed_from": other})}
    for to in (columns, tables):
        with pytest.raises(CannotCarry, match="swapped"):
            requested(metadata(BASE), metadata(to), [])


@pytest.mark.parametrize("of", ["things", "count"])
def test_a_name_before_that_nothing_has_is_refused(of: str) -> None:
    to, info = spec(), {"renamed_from": "nothing"}
    if of == "things":
        to["goods"] = {**to.pop("things"), "info": lambda: {"info": info}}
    else:
        to["things"]["number"] = lambda: sa.Column("number", sa.Integer(), info=info)
    with pytest.raises(WrongUsage, match="a name before that is in the revisions"):
        requested(metadata(BASE), metadata(to), [])


def test_a_pair_that_may_be_a_rename_is_written_with_a_warning() -> None:
    to = spec()
    under_another_name(to)
    made = generate(metadata(BASE), metadata(to), "062")
    assert "# Was count renamed to number? Then remove this file, and write one that keeps the values:" in made.upgrade
    assert "# alembic -x rename=things.count:number revision --autogenerate -m NAME" in made.upgrade


def test_a_warning_stands_above_its_own_table() -> None:
    to = spec()
    under_another_name(to)
    column("double", sa.Integer, lambda: sa.Computed("number * 2"))(to)
    to["boxes"]["double"] = lambda: sa.Column("double", sa.Integer(), sa.Computed("size * 2"))
    for _ in range(2):
        made = generate(metadata(BASE), metadata(to), "062")
        assert sum(line.startswith("# Was count renamed") for line in made.upgrade) == 1


def test_a_new_table_that_needs_the_name_of_an_index_that_stays_is_refused() -> None:
    to = spec()
    to["goods"] = to.pop("things")
    with pytest.raises(CannotCarry, match="-x rename=things:goods"):
        generate(metadata(BASE), metadata(to), "062")


@pytest.mark.parametrize("text", ["things.count", "things.count:state", "things.nothing:number", "a:b", ":", "x.:y"])
def test_a_rename_that_fits_nothing_is_refused(text: str) -> None:
    to = spec()
    under_another_name(to)
    with pytest.raises(WrongUsage):
        requested(metadata(BASE), metadata(to), [text])


LONG = "a_name_that_is_about_as_long_as_the_names_of_"


def with_long_names(to: Spec, *, before: bool = False) -> None:
    number = sa.Integer() if before else sa.BigInteger()
    words = [f"{LONG}{word}" for word in ("one", "two", "three", *["four"] * before)]
    to[f"{LONG}tables"] = {
        "id": ddl.text_id,
        "number": lambda: sa.Column(f"{LONG}numbers", number, nullable=before, server_default="1" if before else None),
        "words": lambda: ddl.enum(f"{LONG}words", *words, default=words[0], required=before),
        "other": lambda: ddl.reference(f"{LONG}others", "boxes", "CASCADE" if before else "SET NULL"),
        "gone": lambda: sa.Column(f"{LONG}texts", sa.Text(), comment=f"{LONG}comments " * 4 * before),
        "alike": lambda: sa.Column(f"{LONG}{'dates' if before else 'moments'}", sa.Date()),
        "made": lambda: sa.Column(f"{LONG}made", sa.Integer(), sa.Computed(f"{LONG}numbers * {2 - before}")),
        "index": lambda: sa.Index(f"{LONG}indexes", f"{LONG}numbers", *[f"{LONG}texts"] * before),
        "unique": lambda: sa.UniqueConstraint(f"{LONG}texts", *[f"{LONG}others"] * before, name=f"{LONG}keys"),
        "check": lambda: sa.CheckConstraint(f"{LONG}numbers > 0 OR {LONG}texts = '{words[-1]}'", name="much"),
    }


WRITTEN = CHANGES | {
    "long names": with_long_names,
    "another name": partial(under_another_name, info={"renamed_from": "count"}),
    "a column in place of another that is like it": under_another_name,
    "another table": with_another_table,
}


@cache
def generated(change: str) -> list[str]:
    """Return the files of the tables, of a change, and of the change back, with what their author writes."""
    before, to = spec(), spec()
    WRITTEN[change](to)
    if change == "long names":
        with_long_names(before, before=True)
    found = []
    for number, (old, new) in enumerate(pairwise(metadata(of) for of in ({}, before, to, before)), 61):
        gone = old.tables.keys() - new.tables.keys()
        made = generate(old, new, f"{number:03d}", dropped=gone, renames=requested(old, new, []))
        text = text_of(made, f"{number:03d}", f"{number - 1:03d}")
        found.append(text.replace("ddl.TO_COMPLETE", "'b1'"))
    return found


@pytest.mark.parametrize("change", WRITTEN)
def test_lint_accepts_what_is_generated(tmp_path: Path, change: str) -> None:
    line = Scripts(tmp_path / "copy", short=True)
    for number, text in enumerate(generated(change)):
        file = line.write("change", text)
        if number or change in ("a column", "long names"):  # the tables before are the same for all others
            assert not_allowed(file, read(line.folder, file)) == []


def test_ruff_accepts_what_is_generated(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    for number, change in enumerate(WRITTEN):
        for text in generated(change):
            (versions / f"{text[text.index('revision = ') + 12 :][:3]}_{number}.py").write_text(text)
    # As each file is formatted when it is written; then as lint looks.
    for command in ("check --fix --silent --exit-zero", "format --quiet", "check", "format --check"):
        done = run(sys.executable, "-m", "ruff", *command.split(), ".", cwd=tmp_path)
        assert done.code == 0, done.out + done.err
