"""Legacy databases of random shapes with random rows are adopted, nothing is lost, and all can be brought back.

CTS_TEST_EXAMPLES draws that many on either database, other ones each time; CTS_TEST_SEED draws those of a time again.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from cts_schema import adopt, plan_adoption, status, undo_adoption, upgrade
from tests.conftest import Makes, new_database
from tests.legacy.catalogue import build
from tests.legacy.census import Values, census, records
from tests.legacy.lost import lost, torn
from tests.support.databases import Database
from tests.support.old_shapes import OldDatabase, databases
from tests.support.state import catalogue_of

EXAMPLES = int(os.environ.get("CTS_TEST_EXAMPLES", "0"))
SEED = int(os.environ.get("CTS_TEST_SEED", "0"))
PARTS = 6


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Makes:
    """Makes an empty database for each example."""

    @contextmanager
    def made() -> Iterator[Database]:
        folder = tmp_path / "example"
        folder.mkdir()
        try:
            with new_database(kind, request, folder) as database:
                yield database
        finally:
            shutil.rmtree(folder)

    return made


def counted(database: Database) -> dict[str, Values]:
    with database.engine.connect() as connection:
        return census(connection)


def comes_in(database: Database, old: OldDatabase) -> None:
    with database.engine.connect() as connection:
        old.build(connection)
    before = counted(database), catalogue_of(database)
    with database.engine.connect() as connection:
        rows = records(connection)
    plan = plan_adoption(database.url)
    assert plan is not None
    assert (counted(database), catalogue_of(database)) == before
    assert adopt(database.url, yes=True).adopted is not None
    orphans = database.rows("SELECT DISTINCT table_name FROM adoption_leftovers WHERE reason = 'orphan'")
    unmanaged = {table for (table,) in orphans if table.startswith("my ")}
    assert unmanaged <= {decision.name for decision in plan.decisions}
    with database.engine.connect() as connection:
        missing = lost(before[0], connection) + torn(old.marks, rows, connection)
    assert missing == [], "\n".join(missing)
    assert status(database.url).at_head
    assert upgrade(database.url).applied == ()
    undo_adoption(database.url)
    assert (counted(database), catalogue_of(database)) == before


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 3), ("postgresql", 2)], indirect=["kind"])
def test_whatever_a_legacy_database_looks_like_it_is_adopted_and_nothing_is_lost(
    kind: str, examples: int, part: int, empty: Makes
) -> None:
    """A part of the examples, so that the workers share them; the first of each is the smallest database."""
    number = PARTS * (SEED or (random.SystemRandom().randrange(10**6) if EXAMPLES else 0)) + part

    @seed(number)
    @settings(
        max_examples=-(-EXAMPLES // PARTS) or examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(old=databases(kind, most_tables=6, most_rows=8, around=EXAMPLES > 0))
    def check(old: OldDatabase) -> None:
        with empty() as database:
            comes_in(database, old)

    print(f"CTS_TEST_EXAMPLES={EXAMPLES} CTS_TEST_SEED={number // PARTS}, part {part}")  # noqa: T201  for a failure
    check()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "setting",
    [
        "extra_float_digits = -10",
        "DateStyle = 'German, DMY'",
        "TimeZone = 'Asia/Kolkata'",
        "standard_conforming_strings = off",
    ],
)
def test_how_a_database_writes_values_changes_none(database: Database, setting: str) -> None:
    """A number with fewer digits, a day before its month: what is read as text would not be the same any more."""
    with database.engine.connect() as connection:
        build(connection, "all_ledgers", "dirty")
    database.execute(ODD)
    before = counted(database)
    name = database.location.database
    database.execute(f'ALTER DATABASE "{name}" SET {setting}')
    adopt(database.url, yes=True)
    database.execute(f'ALTER DATABASE "{name}" RESET ALL')
    database.engine.dispose()
    with database.engine.connect() as connection:
        assert lost(before, connection) == []


ODD = """
CREATE TABLE data_cleanup_log (
  id integer PRIMARY KEY, cleanup_type double precision, error_message timestamp, "back\\slash" text,
  status text, records_cleaned text, cleanup_started_at text
);
INSERT INTO data_cleanup_log VALUES
  (1, 0.1 + 0.2, '2026-02-03 04:05:06', 'a\\b', 'running', '5', '2026-01-03 01:00:00'),
  (2, 64000.123456789, '2026-12-31 23:59:59.123456', '\\', 'odd', '{"a": "\\"", "b": 1}', '03.01.2026 01:00:00')
"""
