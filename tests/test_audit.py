"""What docs/audit.md says can be run as it stands."""

from __future__ import annotations

import re

from cts_schema.models import Base
from tests.support.databases import Database
from tests.support.program import ROOT

AUDIT = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
COUNTED = len(Base.metadata.tables) + 1  # the version table
BLOCKS = re.findall(r"```sql\n-- (.*?)\n(.*?)```", AUDIT, re.DOTALL)


def queries(kind: str) -> list[str]:
    """Return the queries of the page that are for a kind of database."""
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]
    return [
        query.strip() for engines, block in BLOCKS if name in engines for query in block.split(";") if query.strip()
    ]


def test_the_validation_queries_run_as_they_stand(head: Database) -> None:
    asked = queries(head.kind)
    assert len(asked) == 3
    with head.engine.connect() as connection:
        cursor = connection.connection.cursor()  # no parameters, so that a percent sign is one
        answers = []
        for query in asked:
            cursor.execute(query)
            answers.append([tuple(row) for row in cursor.fetchall()])
    assert answers == [[(COUNTED,)], [], []]
    assert f"at head has {COUNTED}" in AUDIT


def test_the_tables_of_the_audit_are_in_the_schema() -> None:
    listed = re.search(r"## The tables\n(.*?)The ids of entities", AUDIT, re.DOTALL)
    assert listed is not None
    names = re.findall(r"`(\w+)`", listed[1])
    assert len(names) == 17
    assert set(names) <= Base.metadata.tables.keys()


def test_every_recommendation_has_its_line() -> None:
    recommendations = AUDIT[AUDIT.index("## Recommendations") :]
    assert re.findall(r"^- \[x\] \*\*(\d)\.", recommendations, re.MULTILINE) == ["1", "2", "3", "4", "5"]
