"""The frozen old databases are what they claim to be."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.legacy.catalogue import VARIANTS, Filling, build
from tests.legacy.census import Values, census, meaning, rows
from tests.legacy.dirt import KINDS, POSTGRESQL_KINDS, SQLITE_KINDS, kinds
from tests.support.databases import Database

CLAIMS = tomllib.loads(Path(__file__).with_name("legacy").joinpath("claims.toml").read_text(encoding="utf-8"))
FILLINGS: tuple[Filling, ...] = ("clean", "dirty")
CASES = [(kind, variant, filling) for variant, engines in VARIANTS.items() for kind in engines for filling in FILLINGS]
every_old_database = pytest.mark.parametrize(("kind", "variant", "filling"), CASES, indirect=["kind"])

OWN_KINDS = {"sqlite": SQLITE_KINDS, "postgresql": POSTGRESQL_KINDS}


def made(database: Database, variant: str, filling: Filling) -> dict[str, Values]:
    """Build the old database, and return its census."""
    with database.engine.connect() as connection:
        build(connection, variant, filling)
    return counted(database)


def counted(database: Database) -> dict[str, Values]:
    with database.engine.connect() as connection:
        return census(connection)


@every_old_database
def test_an_old_database_has_the_tables_the_rows_and_the_dirt_that_it_claims(
    database: Database, variant: str, filling: Filling
) -> None:
    claims = CLAIMS[variant][database.kind]
    found = made(database, variant, filling)
    with database.engine.connect() as connection:
        dirt = kinds(connection)
    if filling == "clean":
        assert rows(found) == {table: counts[0] for table, counts in claims["rows"].items() if isinstance(counts, list)}
        assert dirt == set(claims["clean_has"])
    else:
        claimed = claims["rows"].items()
        assert rows(found) == {table: counts[1] if isinstance(counts, list) else counts for table, counts in claimed}
        assert dirt == {*KINDS, *OWN_KINDS[database.kind]} - set(claims["dirty_lacks"])


@pytest.mark.parametrize("engine", OWN_KINDS)
def test_every_kind_of_dirt_is_in_some_old_database(engine: str) -> None:
    lacking = [set(CLAIMS[variant][engine]["dirty_lacks"]) for variant in VARIANTS if engine in VARIANTS[variant]]
    # No shape of PostgreSQL leaves the key of a state open.
    assert set.intersection(*lacking) == ({"duplicate state"} if engine == "postgresql" else set())


@pytest.mark.parametrize(("kind", "variant"), [("sqlite", "unified"), ("sqlite", "master"), ("sqlite", "sqlite_init")])
def test_no_row_can_be_written_under_an_index_on_a_moving_expression(database: Database, variant: str) -> None:
    made(database, variant, "dirty")
    indexes = "SELECT tbl_name FROM sqlite_master WHERE sql LIKE '%datetime(''now''%' AND type = 'index'"
    table = database.value(indexes)
    with database.engine.connect() as connection, pytest.raises(OperationalError, match="non-deterministic"):
        connection.exec_driver_sql(f"UPDATE {table} SET symbol = 'x'")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.50", "1.5"),
        ("-0.0", "0"),
        ("1E+2", "100"),
        ("2026-01-03T01:00:00.000Z", "2026-01-03 01:00:00"),
        ("2026-01-03 01:00:00+02:00", "2026-01-02T23:00:00Z"),
        ("2026-01-03", "2026-01-03 00:00:00"),
        ("true", "1"),
        ('{"b": 1.50, "a": []}', '{"a":[],"b":1.5}'),
    ],
)
def test_values_that_say_the_same_have_one_meaning(one: str, other: str) -> None:
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5", "1.51"),
        ("", None),
        ("", "0"),
        ("2026-01-03 01:00:00.1", "2026-01-03 01:00:00"),
        ("2026-13-45 99:00:00", "2026-13-45"),
        ('{"a": "1"}', '{"a": 1}'),
        ("{broken", "{broken "),
        ("Active", "active"),
    ],
)
def test_values_that_say_something_else_have_another_meaning(one: str, other: str | None) -> None:
    assert meaning(one) != meaning(other)


def test_a_census_tells_values_apart_and_not_their_types(database: Database) -> None:
    database.execute('CREATE TABLE "odd ""t"" 100%" (a NUMERIC, "b c" TEXT, d BOOLEAN)')
    database.execute(
        """INSERT INTO "odd ""t"" 100%" VALUES (1.50, '1.50', true), (1.5, '', NULL), (NULL, NULL, false)"""
    )
    assert counted(database) == {
        'odd "t" 100%': Counter(
            {
                ("a", "1.5"): 2,
                ("a", None): 1,
                ("b c", "1.50"): 1,
                ("b c", ""): 1,
                ("b c", None): 1,
                ("d", "1"): 1,
                ("d", None): 1,
                ("d", "0"): 1,
            }
        )
    }
