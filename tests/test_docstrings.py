"""The docstring of a generated revision says what its code does; only the reason is left to the author."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from cts_schema import ddl
from cts_schema.authoring.docstring import docstring
from cts_schema.authoring.type_changes import expand_and_contract, rewrites
from tests.support.databases import Database

UP = [
    "ddl.add_columns_online(",
    "    revision, 'orders', ddl.reference('venue_id', 'venues', 'CASCADE'), sa.Column('n', sa.Text())",
    ")",
    "ddl.backfill('orders', {'venue_id': ddl.TO_COMPLETE, 'status': 'filled'}, where='venue_id IS NULL')",
    "ddl.set_not_null_online('orders', 'venue_id')",
    "ddl.add_check_online('orders', 'ck_orders_price', 'price > 0')",
    "with ddl.alter_table('users') as batch:",
    "    batch.alter_column('role', existing_type=sa.Text(), server_default='user')",
    "",
    "ddl.change_type('trades', sa.Column('n', sa.BigInteger()), was=sa.Integer())",
]
DOWN = [
    "ddl.change_type('trades', sa.Column('n', sa.Integer()), was=sa.BigInteger())",
    "ddl.replace_checks('orders', drop=['ck_orders_price'], add=[('ck_orders_price', 'price > 1')])",
    "ddl.drop_columns(revision, 'orders', 'venue_id', 'n')",
    "ddl.drop_table(revision, 'venues')",
]
WHOLE = """Orders have a venue.

Why         write here why the schema changes.
PostgreSQL  adds venue_id, n to orders, and keeps readers and writers out for an instant, and blocks writes to the
            tables that it refers to for an instant. Fills venue_id, status of orders in batches, and locks only the
            rows of one batch. Makes venue_id of orders NOT NULL: reads the rows while others read and write, then keeps
            readers and writers out for an instant. Adds a CHECK to orders: blocks writes for an instant, then reads the
            rows while others read and write. Changes role of users, and keeps readers and writers out for an instant.
            Changes the type of n of trades, and keeps readers and writers out while it rewrites the table.
SQLite      one transaction, which copies orders, users and trades once for each change that SQLite has no ALTER for.
Stopped     on PostgreSQL what is done stays, up to the last online operation (add_check_online); the next run repeats
            the revision, skips that, and completes what is half done. On SQLite nothing stays.
Down        preserves venues as cts_kept_<revision>_<table>, and an upgrade restores it. Preserves the values of
            venue_id and n of orders, and an upgrade restores them. Leaves status of orders as the upgrade has filled
            it. Converts n of trades back, and stops if a value would not be the same. Stops if rows have values that
            the CHECK of before refuses, and names them.
"""


def test_it_says_what_each_operation_does_to_each_database() -> None:
    assert docstring("Orders have a venue", UP, DOWN) == WHOLE


def test_it_tells_of_the_tables_that_a_dropped_key_refers_to_and_of_the_copy_on_sqlite() -> None:
    up = ["ddl.drop_columns(revision, 'orders', 'venue_id')"]
    down = ["ddl.add_columns(revision, 'orders', ddl.reference('venue_id', 'venues', 'CASCADE'))"]
    told = " ".join(docstring("Gone", up, down).split())
    assert (
        "keeps readers and writers out while it copies their values; from the tables that it refers to as well." in told
    )
    assert "SQLite one transaction, which copies orders once" in told
    key = ["with ddl.alter_table('orders') as batch:", "    batch.drop_constraint('k', type_='foreignkey')"]
    back = [key[0], "    batch.create_foreign_key('k', 'venues', ['venue_id'], ['id'])"]
    told = " ".join(docstring("Gone", key, back).split())
    assert "for an instant; from the tables that it refers to as well." in told
    assert "Down stops if rows of orders refer to rows that are gone." in told


def test_a_revision_of_ordinary_operations_leaves_nothing_when_it_stops() -> None:
    up = ["ddl.create_table(revision, 'venues', ddl.text_id(), ddl.reference('user_id', 'users', 'CASCADE'))"]
    text = docstring("Venues", up, ["ddl.drop_table(revision, 'venues')"])
    assert "creates venues, and blocks writes to the tables that it refers to for an instant." in text
    assert "SQLite      one transaction, without a copy of a table." in text
    assert "Stopped     an interruption leaves nothing." in text


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("ddl.add_columns(revision, 't', sa.Column('c', sa.Text(), server_default=ddl.uuid_text()))", "rewrites"),
        ("ddl.add_columns_online(revision, 't', sa.Column('c', sa.Text(), server_default=ddl.uuid_text()))", "instant"),
        ("ddl.add_columns_online(revision, 't', sa.Column('c', sa.Text(), sa.Computed('a')))", "rewrites"),
        ("ddl.change_type('t', ddl.string('c'), was=sa.String(9))", "instant"),
        ("ddl.change_type('t', sa.Column('c', sa.String(4)), was=sa.String(9))", "rewrites"),
    ],
)
def test_it_says_whether_the_table_is_rewritten(call: str, words: str) -> None:
    assert words in docstring("It", [call], ["pass"])


def test_a_revision_that_does_nothing_says_so() -> None:
    assert docstring("Nothing", ["pass"], ["pass"]).count("nothing.") == 4


def test_every_operation_of_ddl_has_its_words() -> None:
    operations = [
        name for name in ddl._OPERATIONS if name not in ("on_postgresql", "preserved_name", "quiet", "alter_table")
    ]
    for name in operations:
        column = "sa.Column('n', sa.Text())" if name in ("change_type", "recompute_column") else "'orders'"
        text = docstring("It", [f"ddl.{name}('orders', {column})"], ["pass"])
        assert f"runs {name}" not in text, name


# What PostgreSQL rewrites is asked of it: the file of a table that is rewritten is another one.

TYPES: list[tuple[TypeEngine[Any], TypeEngine[Any]]] = [
    (sa.Integer(), sa.BigInteger()),
    (sa.BigInteger(), sa.Integer()),
    (sa.String(5), sa.String(9)),
    (sa.String(9), sa.String(5)),
    (sa.String(9), sa.String()),
    (sa.String(), sa.String(9)),
    (sa.String(9), sa.Text()),
    (sa.Text(), sa.String(9)),
    (sa.Numeric(10, 2), sa.Numeric(20, 2)),
    (sa.Numeric(10, 2), sa.Numeric(20, 4)),
    (sa.Numeric(20, 4), sa.Numeric(10, 4)),
    (sa.Numeric(10, 2), sa.Numeric()),
    (sa.Numeric(), sa.Numeric(10, 2)),
    (ddl.FiniteNumeric(10, 4), ddl.FiniteNumeric(20, 4)),
    (sa.Integer(), sa.Numeric(10, 2)),
    (sa.Text(), ddl.Json()),
    (sa.Text(), ddl.TextEnum("a")),
    (postgresql.BIT(5, varying=True), postgresql.BIT(9, varying=True)),
    (sa.Float(), sa.Double()),
]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_what_is_said_of_a_rewrite_is_what_postgresql_does(database: Database) -> None:
    words = database.engine.dialect.type_compiler_instance.process
    wrong = {}
    with database.engine.begin() as connection:
        for was, becomes in TYPES:
            connection.exec_driver_sql("DROP TABLE IF EXISTS t")
            connection.exec_driver_sql(f"CREATE TABLE t (c {words(was)})")
            before = connection.exec_driver_sql("SELECT pg_relation_filenode('t')").scalar()
            connection.exec_driver_sql(f"ALTER TABLE t ALTER c TYPE {words(becomes)} USING c::{words(becomes)}")
            done = connection.exec_driver_sql("SELECT pg_relation_filenode('t')").scalar() != before
            if done != rewrites(was, becomes):
                wrong[f"{words(was)} to {words(becomes)}"] = done
    assert wrong == {}


def test_the_way_without_a_rewrite_names_table_and_column() -> None:
    text = "\n".join(expand_and_contract("trades", "n"))
    assert "trades" in text
    assert "n_new IS NULL AND n IS NOT NULL" in text
    assert all(line.startswith("#") and len(line) < 117 for line in text.splitlines())


def test_lint_asks_for_the_reason(tmp_path: Path) -> None:
    from tools.lint import read_code

    file = tmp_path / "061_venues.py"
    file.write_text(f'"""{WHOLE}"""\n\n\ndef upgrade() -> None:\n    pass\n')
    assert [(found.name, found.line) for found in read_code(file)] == [("no-reason", 3)]
