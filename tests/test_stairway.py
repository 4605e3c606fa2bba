"""Down and up again: the same schema and the same rows, from every revision, with rows in every table.

One revision changes values on purpose: 054 renames the indication active_advanced to auto, and a downgrade does not
turn it back. The rows here say auto; what 054 does to active_advanced is tested in test_revisions.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from cts_schema import check, downgrade, seed, status, upgrade
from cts_schema.schema.scripts import head as head_revision
from cts_schema.schema.scripts import revisions
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.rows import ROWS, fill, managed, snapshot

REVISIONS = list(revisions())


def kept_tables(database: Database) -> set[str]:
    return {table for table in database.tables() if table.startswith("cts_kept_")}


def ledger_numbers(database: Database) -> list[int]:
    query = (
        "SELECT migration_id FROM schema_migrations WHERE source = 'alembic' AND migration_id IS NOT NULL ORDER BY 1"
    )
    return [row[0] for row in database.rows(query)]


@pytest.mark.parametrize("revision", ["base", *REVISIONS[:-1]])
def test_down_to_any_revision_and_up_again_returns_the_same_schema_and_rows(head: Database, revision: str) -> None:
    fill(head.engine)
    schema, rows = head.snapshot(), snapshot(head.engine)
    assert all(len(found) >= ROWS for found in rows.values())
    downgrade(head.engine, revision)
    upgrade(head.engine)
    assert differences(head.snapshot(), schema) == {}
    assert snapshot(head.engine) == rows
    assert kept_tables(head) == set()


def test_rows_written_at_each_revision_survive_the_way_up_down_and_up_again(database: Database) -> None:
    for revision in REVISIONS:
        upgrade(database.engine, revision)
        fill(database.engine, revision, rows=2)
    rows = snapshot(database.engine)
    assert len(rows["users"]) == 2 * len(REVISIONS)
    downgrade(database.engine, "base")
    assert managed(database.engine) == {}
    upgrade(database.engine)
    assert snapshot(database.engine) == rows
    assert kept_tables(database) == set()


def test_each_step_down_and_up_returns_the_rows_that_were_there(database: Database) -> None:
    upgrade(database.engine, REVISIONS[0])
    for lower, upper in pairwise(REVISIONS):
        upgrade(database.engine, upper)
        fill(database.engine, upper, rows=1)
        schema, rows = database.snapshot(), snapshot(database.engine)
        downgrade(database.engine, lower)
        upgrade(database.engine, upper)
        assert differences(database.snapshot(), schema) == {}, upper
        assert snapshot(database.engine) == rows, upper


def test_a_month_of_trading_survives_the_way_down_and_up_again(head: Database) -> None:
    seed(head.engine, "demo", rows=10_000)
    rows = snapshot(head.engine)
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert snapshot(head.engine) == rows
    assert check(head.engine, deep=True).findings == ()
    assert seed(head.engine, "demo").rows == {}


def test_version_and_ledger_agree_after_each_step_up_and_down(database: Database) -> None:
    for place, revision in enumerate(REVISIONS):
        upgrade(database.engine, revision)
        assert status(database.engine).revision == revision
        assert ledger_numbers(database) == [int(one) for one in REVISIONS[: place + 1]]
    for place in range(len(REVISIONS) - 2, -1, -1):
        downgrade(database.engine, REVISIONS[place])
        assert status(database.engine).revision == REVISIONS[place]
        assert ledger_numbers(database) == [int(one) for one in REVISIONS[: place + 1]]
    assert status(upgrade_to_head(database)).missing_in_ledger == ()


def upgrade_to_head(database: Database) -> Any:
    upgrade(database.engine)
    return database.engine


def test_ledger_rows_of_the_old_runners_survive_byte_for_byte(head: Database) -> None:
    head.execute(
        "INSERT INTO schema_migrations (migration_id, migration_name, executed_at, source) "
        "VALUES (57001, 'by the array', '2026-01-03 01:02:03.456', 'array')"
    )
    head.execute("INSERT INTO schema_migrations (version) VALUES ('099_by_the_route')")
    head.execute("INSERT INTO schema_migrations (migration_name, source) VALUES ('by name', 'migrations_table')")
    query = "SELECT * FROM schema_migrations WHERE source <> 'alembic' ORDER BY id"
    before = head.rows(query)
    assert len(before) == 3
    for revision in (REVISIONS[-2], REVISIONS[0], "base"):
        downgrade(head.engine, revision)
        upgrade(head.engine)
        assert head.rows(query) == before
    assert status(head.engine).revision == head_revision()
