"""Views and triggers over an id that becomes text: what orders it by size is named before anything is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import plan_adoption, upgrade
from cts_schema.adoption.dependents import by_size
from cts_schema.exceptions import DecisionNeeded
from tests.support.databases import Database
from tests.support.program import alembic

NUMBERS = {"users": {"id"}}


@pytest.mark.parametrize(
    "condition",
    [
        "id > 5",
        "u.id>=5",
        "5 < u.id",
        'main."users"."id" <= 5',
        "9 >= [id]",
        "id BETWEEN 1 AND 5",
        "id not between 1 and 5",
        "5 BETWEEN id AND 9",
        "id < other.id",
        "name = (SELECT max(id) FROM users)",
        "1 ORDER BY name, ID LIMIT 3",
        "1 ORDER BY id",
        "coalesce(id, 0) > 5",
        "name = 'x' ORDER BY coalesce(u.id, 0) DESC",
        "5 <> 6 AND 7 < greatest(id, 1)",
        "name IN (SELECT first_value(x.name) OVER (PARTITION BY x.name ORDER BY x.id) FROM users x)",
        "1 IN (SELECT x.i FROM (SELECT id AS i FROM users) x WHERE x.i > 5)",
        "1 IN (SELECT max(i) FROM (SELECT id i FROM users) x)",
        "1 IN (WITH w(n) AS (SELECT id FROM users) SELECT n FROM w ORDER BY n)",
    ],
)
def test_what_orders_a_number_that_becomes_text_is_found(condition: str) -> None:
    definition = {("view", "v"): f"CREATE VIEW v AS SELECT name FROM Users u WHERE {condition}"}
    assert [(one.kind, one.name, one.blocking) for one in by_size.refused(definition, NUMBERS)] == [
        ("view", "v", False)
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "id = 5",
        "id <> 5 AND 7 <> id",
        "id IN (1, 2)",
        "name > 'id'",
        "age > 5 AND id = 7",
        "CAST(id AS INTEGER) > 5",
        "1 -- id > 5",
        "name > (SELECT min(name) FROM users WHERE id = u.id)",
        "(SELECT count(id) FROM users) > 5",
        "id::integer > 5",
        "name ->> 'a' = 'b' AND id = 3",
        "1 ORDER BY 'id', name",
        "name IN (SELECT id FROM users ORDER BY name LIMIT 1)",
    ],
)
def test_what_means_the_same_as_before_is_not(condition: str) -> None:
    definition = {("view", "v"): f"CREATE VIEW v AS SELECT name FROM users WHERE {condition}"}
    assert by_size.refused(definition, NUMBERS) == []
    assert by_size.refused({("view", "v"): "CREATE VIEW v AS SELECT 1 FROM mine WHERE id > 5"}, NUMBERS) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT id, name FROM users ORDER BY 1",
        "CREATE VIEW v AS SELECT DISTINCT ON (name) name, id FROM users ORDER BY name, id DESC",
        "CREATE VIEW v (a, b) AS SELECT id, name FROM users WHERE name < 'x' ORDER BY a",
        "CREATE VIEW v AS SELECT name, row_number() OVER (PARTITION BY name ORDER BY id DESC) AS place FROM users",
        "CREATE TRIGGER v AFTER INSERT ON users WHEN NEW.id > 5 BEGIN SELECT 1; END",
    ],
)
def test_other_forms_are_found_too(sql: str) -> None:
    assert len(by_size.refused({("view", "v"): sql}, NUMBERS)) == 1


def test_such_a_view_is_for_a_person_to_decide_and_what_reads_it_goes_with_it(database: Database) -> None:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (9, 'nine', 'x'), (10, 'ten', 'x')")
    database.execute("CREATE VIEW newest AS SELECT max(id) AS id FROM users")
    database.execute("CREATE VIEW newest_name AS SELECT username FROM users WHERE id IN (SELECT id FROM newest)")
    database.execute("CREATE VIEW names AS SELECT username FROM users WHERE id IN (SELECT id FROM users)")
    with pytest.raises(DecisionNeeded, match="orders id by size") as caught:
        upgrade(database.url)
    assert "view newest_name" in str(caught.value)
    assert "view names:" not in str(caught.value)
    assert database.value("SELECT id FROM newest") == 10
    plan = plan_adoption(database.url)
    assert plan is not None
    assert len(plan.decisions) == 2
    assert alembic("-x", "yes", "upgrade", "head", url=database.url).code == 0
    kept = database.rows("SELECT row_key, payload FROM adoption_leftovers WHERE table_name = 'view' ORDER BY row_key")
    assert [row[0] for row in kept] == ["newest", "newest_name"]
    payload = kept[0][1] if isinstance(kept[0][1], dict) else json.loads(kept[0][1])
    assert "max(" in payload["definition"]
    assert database.rows("SELECT username FROM names ORDER BY username") == [("nine",), ("ten",)]


def test_such_a_trigger_is_for_a_person_to_decide(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
        database.execute("CREATE TABLE seen (name TEXT)")
        database.execute(
            "CREATE TRIGGER newest AFTER UPDATE ON users BEGIN INSERT INTO seen "
            "SELECT username FROM (SELECT id AS i, username FROM users) x ORDER BY i DESC LIMIT 1; END"
        )
        with pytest.raises(DecisionNeeded, match="trigger newest: it orders i by size"):
            upgrade(database.url)
