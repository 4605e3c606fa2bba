"""An option that names something else than the version table of a database is an error, and touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cts_schema import check, downgrade, repair, status, undo_adoption, upgrade
from cts_schema.exceptions import SchemaError, WrongUsage
from tests.support.databases import Database
from tests.support.program import alembic

OTHERS = {
    "of_other_columns": ("CREATE TABLE of_other_columns (a INTEGER, b TEXT)", "its columns: a, b"),
    "with_one_more": ("CREATE TABLE with_one_more (version_num TEXT, note TEXT)", "its columns: version_num, note"),
    "of_numbers": ("CREATE TABLE of_numbers (version_num INTEGER)", "its columns: version_num"),
    "a_view": ("CREATE VIEW a_view AS SELECT version_num FROM alembic_version", "a view"),
    "of_the_same_shape": ("CREATE TABLE of_the_same_shape (version_num VARCHAR(32) NOT NULL)", "is in alembic_version"),
    "an_index": ("CREATE INDEX an_index ON users (email)", "an index"),
    "schema_migrations": (None, "its columns: "),
}
ACTIONS: dict[str, Callable[..., Any]] = {
    "upgrade": partial(upgrade, revision="+0"),
    "downgrade": lambda url, **place: downgrade(url, "base", **place),
    "status": status,
    "check": check,
    "repair": repair,
    "undo": partial(undo_adoption, discard_new=True),
}


@pytest.mark.parametrize("table", OTHERS)
def test_another_table_than_the_version_table_is_named_and_nothing_is_touched(head: Database, table: str) -> None:
    statement, reason = OTHERS[table]
    if statement is not None:
        head.execute(statement)
    before = head.snapshot()
    for name, action in ACTIONS.items():
        with pytest.raises(WrongUsage) as caught:
            action(head.url, version_table=table)
        assert reason in str(caught.value.place["reason"]), name
        assert caught.value.place["option"] == f"version_table={table}"
    assert head.snapshot() == before
    done = alembic("-x", f"version_table={table}", "upgrade", "head", url=head.url)
    assert (done.code, "Traceback" in done.err) == (2, False)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("name", "statement", "reason"),
    [
        ("a_type", "CREATE TYPE a_type AS (version_num varchar)", "a type"),
        ("a_sequence", "CREATE SEQUENCE a_sequence", "a sequence"),
        ("seen", "CREATE MATERIALIZED VIEW seen AS SELECT version_num FROM alembic_version", "a materialized view"),
        ("pk_users", None, "an index"),
        ("pg_class", None, "begin with pg_"),
    ],
)
def test_what_is_no_table_is_no_version_table(head: Database, name: str, statement: str | None, reason: str) -> None:
    if statement is not None:
        head.execute(statement)
    for action in ACTIONS.values():
        with pytest.raises(WrongUsage) as caught:
            action(head.url, version_table=name)
        assert reason in str(caught.value.place["reason"])


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_version_table_is_named_as_it_is_written(head: Database) -> None:
    for action in ACTIONS.values():
        with pytest.raises(WrongUsage) as caught:
            action(head.url, version_table="Alembic_Version")
        assert caught.value.place["reason"] == "the table is spelled alembic_version"


def test_a_new_database_has_room_for_its_version_table_or_gets_nothing(database: Database) -> None:
    database.execute("CREATE TABLE mine (a INTEGER)")
    database.execute("CREATE INDEX taken ON mine (a)")
    with pytest.raises(WrongUsage) as caught:
        upgrade(database.url, version_table="taken")
    assert caught.value.place["reason"] == "it is an index"
    assert database.tables() == {"mine"}


@pytest.mark.parametrize("row", ["'055'", "'hello'", "NULL"])
def test_a_row_of_somebody_else_is_no_revision_of_this_database(head: Database, row: str) -> None:
    head.execute("CREATE TABLE mine (version_num VARCHAR(32))")
    head.execute(f"INSERT INTO mine VALUES ({row})")
    before = head.snapshot()
    for action in ACTIONS.values():
        with pytest.raises(WrongUsage):
            action(head.url, version_table="mine")
    assert head.snapshot() == before


def test_a_database_with_an_alembic_of_its_own_has_two_version_tables(database: Database) -> None:
    database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('055')")
    upgrade(database.url, version_table="cts_version")
    downgrade(database.url, "059", version_table="cts_version")
    upgrade(database.url, version_table="cts_version")
    assert status(database.url, version_table="cts_version").at_head
    assert database.rows("SELECT version_num FROM alembic_version") == [("055",)]
    with pytest.raises(SchemaError):
        upgrade(database.url, "+0", version_table="users")
