"""Chains of random changes of models are carried over, with rows in the tables: up, down and up again.

CTS_TEST_EXAMPLES draws that many on either database, other ones each time; CTS_TEST_SEED draws those of a time again.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from cts_schema.authoring.generate import generate
from tests.conftest import Makes
from tests.support.changing import BASE, Changing, changing, metadata
from tests.support.random_changes import Schema, chains, first, spec_of
from tests.support.random_rows import Replaced, completions, insert, lost, rows_of

EXAMPLES = int(os.environ.get("CTS_TEST_EXAMPLES", "0"))
SEED = int(os.environ.get("CTS_TEST_SEED", "0"))


def merged(filled: list[Replaced]) -> Replaced:
    found: Replaced = defaultdict(list)
    for one in filled:
        for column, values in one.items():
            found[column] += values
    return found


def require_agreed(changed: Changing, schema: Schema) -> None:
    found = changed.differences(spec_of(schema))
    assert found == {}, found


def require_kept(gone: list[str]) -> None:
    assert gone == [], "\n".join(gone)


def is_carried_over(changed: Changing, chain: list[Schema]) -> None:
    """Follow a chain up, down and up again; compare each schema, and the rows of it."""
    filled: list[Replaced] = []
    rows = [rows_of(changed, chain[0])]
    for before, after in pairwise(chain):
        completed, replaced = completions(before, after)
        gone = {table.name for place, table in before.items() if place not in after}
        made = changed.generate(spec_of(after), completed=completed, dropped=gone)
        note("\n".join(["", f"== {changed.line.head}", *made.upgrade, "-- downgrade", *made.downgrade]))
        assert made.undropped == [], made.undropped
        changed.upgrade()
        require_agreed(changed, after)
        require_kept(lost(rows[-1], rows_of(changed, after), replaced))
        insert(changed, after, len(rows))
        rows.append(rows_of(changed, after))
        filled.append(replaced)
    for number in range(len(chain) - 2, -1, -1):
        changed.downgrade(len(chain) - 1 - number)
        require_agreed(changed, chain[number])
        replaced = merged(filled[number:])
        require_kept(lost(rows[number], rows_of(changed, chain[number]), replaced))
    changed.upgrade()
    require_agreed(changed, chain[-1])
    require_kept(lost(rows[-1], rows_of(changed, chain[-1]), {}))


def test_each_chain_begins_with_the_tables_that_are_there() -> None:
    assert generate(metadata(BASE), metadata(spec_of(first())), "062").found == []


@pytest.mark.parametrize(("kind", "chosen"), [("sqlite", 263), ("postgresql", 340)], indirect=["kind"])
def test_whatever_changes_the_rows_stay(kind: str, chosen: int, short: Makes, tmp_path: Path) -> None:
    """The chosen seeds draw every kind of change in a few chains."""
    number = SEED or (random.SystemRandom().randrange(10**6) if EXAMPLES else chosen)

    @seed(number)
    @settings(
        max_examples=EXAMPLES or 6,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(chain=chains())
    def check(chain: list[Schema]) -> None:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)  # of the example before
        with short() as database, changing(database, tmp_path / "copy") as changed:
            is_carried_over(changed, chain)

    print(f"CTS_TEST_EXAMPLES={EXAMPLES} CTS_TEST_SEED={number}")  # noqa: T201  for a failure
    check()
