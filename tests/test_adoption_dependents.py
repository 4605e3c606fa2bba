"""What a user has beside the old tables works with the new ones, or is refused beforehand with the reason."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from cts_schema.adoption.engine import Dependents, Engine
from cts_schema.models import Base
from tests.legacy.catalogue import VARIANTS, build
from tests.support.carrying import carry_over, execute, names, old_tables, prepare, run_of, tried
from tests.support.databases import Database

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
on_every_legacy_database = pytest.mark.parametrize(
    ("kind", "variant"), [(kind, variant) for variant, kinds in VARIANTS.items() for kind in kinds], indirect=["kind"]
)

VIEW = "CREATE VIEW mine AS SELECT id, name FROM exchange_connections"
FUNCTION = (
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN INSERT INTO notes (id, note) SELECT count(*) + 1, 'seen ' || NEW.name FROM notes; RETURN NEW; END $$"
)
TRIGGER = {
    "sqlite": "CREATE TRIGGER {name} AFTER INSERT ON exchange_connections BEGIN "
    "INSERT INTO notes (note) VALUES ('seen ' || NEW.name); END",
    "postgresql": "CREATE TRIGGER {name} AFTER INSERT ON exchange_connections FOR EACH ROW EXECUTE FUNCTION note()",
}
ADD = "INSERT INTO exchange_connections (id, name) VALUES ('3', 'three')"


def trigger(database: Database, name: str = "mine") -> list[str]:
    """The statements that make a trigger which writes a note."""
    made = TRIGGER[database.kind].format(name=name)
    return [FUNCTION, made] if database.kind == "postgresql" else [made]


# Every old database


@on_every_legacy_database
def test_what_a_user_has_in_a_legacy_database_works_on_the_new_tables(database: Database, variant: str) -> None:
    with database.engine.connect() as connection:
        build(connection, variant, "dirty")
    outcome = carry_over(database, load=())
    assert (outcome.refused, outcome.failed) == ([], [])
    database.execute("INSERT INTO exchange_connections (id, name, exchange) VALUES ('new', 'mine', 'bybit')")
    assert database.rows('SELECT * FROM "my connections"') == [("new", "mine", "bybit")]
    assert database.rows("SELECT what FROM what_happened") == [("new connection mine",)]


# Views


def test_a_view_reads_the_new_tables(database: Database) -> None:
    prepare(database, VIEW, "CREATE VIEW over_it AS SELECT name FROM mine WHERE name <> ''")
    assert carry_over(database).refused == []
    database.execute(ADD)
    assert database.rows("SELECT name FROM over_it ORDER BY name") == [("one",), ("three",)]


def test_a_view_over_a_column_that_is_gone_is_refused_and_so_is_what_reads_it(database: Database) -> None:
    prepare(
        database,
        "CREATE VIEW nicknames AS SELECT nickname AS n FROM users",
        "CREATE VIEW over_it AS SELECT n FROM nicknames",
        VIEW,
    )
    refused = tried(database)
    assert names(refused) == {("view", "nicknames"), ("view", "over_it")}
    assert all("nickname" in refusal.reason for refusal in refused)


def test_a_view_of_all_columns_is_refused_when_one_of_them_is_gone(database: Database) -> None:
    prepare(database, "CREATE VIEW everything AS SELECT * FROM users")
    assert names(tried(database)) == {("view", "everything")}


def test_a_view_that_a_person_gave_up_hinders_nothing(database: Database) -> None:
    prepare(database, "CREATE VIEW nicknames AS SELECT nickname FROM users", VIEW)
    outcome = carry_over(database)
    assert (outcome.kinds, outcome.failed) == ([("view", "nicknames")], [])
    assert database.rows("SELECT name FROM mine") == [("one",)]


@on_sqlite
def test_a_column_in_double_quotes_that_is_gone_is_not_taken_for_a_text(database: Database) -> None:
    prepare(database, 'CREATE VIEW nicknames AS SELECT "nickname" FROM users')
    assert names(tried(database)) == {("view", "nicknames")}


@on_sqlite
def test_what_was_broken_before_stays_as_it_is(database: Database) -> None:
    broken = [
        "CREATE VIEW broken AS SELECT nobody_has_this FROM users",
        "CREATE TRIGGER stale AFTER INSERT ON notes BEGIN UPDATE users SET nobody_has_this = 1; END",
    ]
    prepare(database, *broken, VIEW)
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])
    kept = database.rows("SELECT sql FROM sqlite_master WHERE name IN ('broken', 'stale') ORDER BY type DESC")
    assert [sql for (sql,) in kept] == broken


@on_sqlite
def test_an_index_on_a_moving_expression_hinders_nobody(database: Database) -> None:
    moving = "CREATE INDEX {0}_i ON {0} (id) WHERE {1} > datetime('now')"
    empty = ["DELETE FROM users", "DELETE FROM notes"]  # where there are rows, SQLite would have noticed
    indexes = [moving.format("users", "username"), moving.format("notes", "note")]
    prepare(database, *empty, *indexes, VIEW, *trigger(database))
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])


# Triggers


def test_a_trigger_fires_on_the_new_table_and_not_during_the_load(database: Database) -> None:
    prepare(database, *trigger(database))
    carry_over(database)
    assert database.value("SELECT count(*) FROM notes") == 3
    database.execute(ADD)
    assert database.rows("SELECT note FROM notes WHERE note LIKE 'seen%'") == [("seen three",)]


def test_a_trigger_on_a_column_that_is_gone_is_refused(database: Database) -> None:
    prepare(database, *(one.replace("AFTER INSERT", "AFTER UPDATE OF name, testnet") for one in trigger(database)))
    [refusal] = tried(database)
    assert refusal.kind == "trigger"
    assert "testnet" in refusal.reason


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [
        "INSERT INTO notes (note) VALUES (NEW.testnet)",
        "UPDATE users SET nickname = 'x' WHERE id = 1",
        "INSERT INTO users SELECT * FROM users WHERE 0",
        'INSERT INTO notes (note) SELECT "nickname" FROM users',
    ],
)
@pytest.mark.parametrize("table", ["exchange_connections", "notes"])
def test_a_trigger_that_no_longer_compiles_is_refused(database: Database, body: str, table: str) -> None:
    if table == "notes" and "NEW." in body:
        body = "DELETE FROM exchange_connections WHERE testnet = 1"
    prepare(database, f"CREATE TRIGGER t AFTER UPDATE ON {table} BEGIN {body}; END")
    assert names(tried(database)) == {("trigger", "t")}


@on_sqlite
def test_a_trigger_that_never_worked_would_keep_everybody_from_writing_and_is_refused(database: Database) -> None:
    prepare(database, "CREATE TRIGGER t AFTER UPDATE ON users BEGIN SELECT NEW.nobody_has_this; END")
    [refusal] = carry_over(database).refused
    assert "never worked" in refusal.reason
    database.engine.dispose()  # SQLite compiles with the schema that a connection has read, and fails before it looks
    database.execute("UPDATE users SET username = 'x' WHERE id = '1'")


@pytest.mark.parametrize("name", ["stamp", "trg_exchange_connections_updated_at"])
def test_a_trigger_that_only_kept_updated_at_gives_way_to_ours(database: Database, name: str) -> None:
    made = {
        "sqlite": [
            f"CREATE TRIGGER {name} AFTER UPDATE ON exchange_connections BEGIN UPDATE exchange_connections "
            "SET updated_at = datetime('now') WHERE id = NEW.id AND testnet = 0; END"
        ],
        "postgresql": [
            FUNCTION.replace("note()", "update_updated_at_column()"),
            f"CREATE TRIGGER {name} BEFORE UPDATE ON exchange_connections "
            "FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()",
        ],
    }
    prepare(database, *made[database.kind])
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'exchange_connections'",
        "postgresql": "SELECT tgname FROM pg_trigger "
        "WHERE tgrelid = 'exchange_connections'::regclass AND NOT tgisinternal",
    }
    assert database.rows(query[database.kind].replace(":", r"\:")) == [("trg_exchange_connections_updated_at",)]


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [
        "UPDATE users SET is_active = 0",
        "UPDATE exchange_connections SET updated_at = 1, name = 'x' WHERE id = 0",
        "UPDATE exchange_connections SET updated_at = 1; SELECT RAISE(IGNORE)",
    ],
)
def test_a_trigger_that_does_more_than_keep_updated_at_is_carried_over(database: Database, body: str) -> None:
    prepare(
        database,
        "ALTER TABLE users ADD COLUMN is_active INTEGER",
        f"CREATE TRIGGER t AFTER UPDATE ON exchange_connections BEGIN {body}; END",
    )
    carry_over(database)
    assert database.value("SELECT count(*) FROM sqlite_master WHERE name = 't'") == 1


@on_sqlite
@pytest.mark.parametrize(
    "header",
    [
        'CREATE TRIGGER t BEFORE UPDATE OF id, "name" ON exchange_connections',
        "CREATE TRIGGER [t] /* UPDATE OF testnet */ AFTER -- of testnet\n DELETE ON exchange_connections WHEN 1",
        "CREATE TRIGGER IF NOT EXISTS 't' INSERT ON \"exchange_connections\"",
        "CREATE TRIGGER`t`AFTER UPDATE OF[name],`id`ON exchange_connections",
        "CREATE TRIGGER t INSTEAD OF DELETE ON seen",
        "CREATE TRIGGER t INSTEAD OF INSERT ON seen",
        "CREATE TRIGGER t INSTEAD OF UPDATE OF n ON seen",
    ],
)
def test_a_trigger_is_understood_however_it_is_written(database: Database, header: str) -> None:
    prepare(database, "CREATE VIEW seen AS SELECT name AS n FROM exchange_connections", f"{header} BEGIN SELECT 1; END")
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])
    assert database.value("SELECT count(*) FROM sqlite_master WHERE name = 't'") == 1


@on_sqlite
def test_a_trigger_of_another_table_is_compiled_with_the_new_ones(database: Database) -> None:
    prepare(
        database,
        "CREATE TRIGGER good AFTER INSERT ON notes BEGIN UPDATE exchange_connections SET name = name; END",
        "CREATE TRIGGER bad AFTER INSERT ON notes BEGIN UPDATE exchange_connections SET testnet = 1; END",
    )
    assert names(tried(database)) == {("trigger", "bad")}


# Foreign keys


def test_a_foreign_key_of_another_table_holds_on_the_new_one(database: Database) -> None:
    prepare(
        database,
        "CREATE TABLE mine (id INTEGER PRIMARY KEY, connection_id INTEGER DEFAULT 1 REFERENCES exchange_connections "
        "ON DELETE CASCADE, username TEXT)",
        "INSERT INTO mine VALUES (1, 1, 'x'), (2, 2, 'of one that does not come over')",
    )
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])
    database.execute(ADD)
    database.execute("INSERT INTO mine (id, connection_id) VALUES (3, '3')")
    database.execute("DELETE FROM exchange_connections WHERE id IN ('1', '3')")
    assert database.rows("SELECT id FROM mine") == [(2,)]
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("INSERT INTO mine (id, connection_id) VALUES (4, '4')")


def test_a_foreign_key_onto_a_column_that_is_no_key_any_more_is_refused(database: Database) -> None:
    prepare(
        database,
        "CREATE UNIQUE INDEX names ON exchange_connections (name)",
        "CREATE TABLE mine (name TEXT CONSTRAINT fk REFERENCES exchange_connections (name))",
    )
    assert names(tried(database)) == {
        ("foreign key", {"sqlite": "of mine", "postgresql": "fk of mine"}[database.kind]),
    }


# Names


def test_names_that_need_quotes_are_carried_over(database: Database) -> None:
    long = "ü" * 31 + "x"  # 63 bytes
    odd = ['"order"', '"a ""b"" 100% :c"', f'"{long}"', '"my.view"']
    prepare(
        database,
        *(f"CREATE VIEW {name} AS SELECT name AS {name} FROM exchange_connections" for name in odd),
        *trigger(database, '"it s 5%"'),
        'CREATE TABLE "select" ("from" INTEGER CONSTRAINT "where" REFERENCES users (id))',
    )
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])
    database.execute(ADD)
    assert [database.value(f"SELECT count({name}) FROM {name}".replace(":", r"\:")) for name in odd] == [2] * 4
    assert database.value("SELECT count(*) FROM notes") == 4


TAKEN = {
    "sqlite": {
        "CREATE INDEX {index} ON notes (note)": ("index", "{index}"),
        "CREATE VIEW Portfolios AS SELECT 1 AS one": ("view", "Portfolios"),
        "CREATE TRIGGER trg_users_updated_at AFTER INSERT ON notes BEGIN SELECT 1; END": (
            "trigger",
            "trg_users_updated_at",
        ),
    },
    "postgresql": {
        "CREATE INDEX {index} ON notes (note)": ("index", "{index}"),
        "CREATE VIEW portfolios AS SELECT id FROM users": ("view", "portfolios"),
        "CREATE MATERIALIZED VIEW pk_users AS SELECT 1 AS one": ("materialized view", "pk_users"),
        "CREATE SEQUENCE orders": ("sequence", "orders"),
        "CREATE TYPE positions AS ENUM ('a')": ("type", "positions"),
        "ALTER TABLE notes ADD CONSTRAINT uq_users_email UNIQUE (note)": ("index", "uq_users_email"),
        "CREATE TRIGGER trg_users_updated_at BEFORE UPDATE ON users "
        "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()": (
            "trigger",
            "trg_users_updated_at on users",
        ),
    },
}


def test_a_name_that_the_new_schema_needs_is_refused(database: Database) -> None:
    index = index_of_head()
    prepare(database, *(made.format(index=index) for made in TAKEN[database.kind]))
    expected = {(kind, name.format(index=index)) for kind, name in TAKEN[database.kind].values()}
    assert names(tried(database)) == expected


def index_of_head() -> str:
    return min(str(index.name) for index in Base.metadata.tables["orders"].indexes)


def test_the_names_of_the_legacy_tables_and_their_indexes_are_free(database: Database) -> None:
    prepare(database, f"CREATE INDEX {index_of_head()} ON users (username)")
    outcome = carry_over(database)
    assert (outcome.refused, outcome.failed) == ([], [])


# The trial


def test_the_trial_neither_changes_nor_locks_anything(database: Database) -> None:
    prepare(database, VIEW, *trigger(database), "CREATE VIEW nicknames AS SELECT nickname FROM users")
    before = database.snapshot()
    with run_of(database) as connection:
        found = Engine(connection).dependents.read(connection, old_tables(connection))
        assert len(found.refused(connection)) == 1
        if database.kind == "postgresql":
            held = connection.exec_driver_sql(
                "SELECT DISTINCT mode FROM pg_locks WHERE relation IN ('users'::regclass, 'notes'::regclass)"
            )
            assert set(held.scalars()) <= {"AccessShareLock"}
            assert connection.exec_driver_sql("SELECT current_schema()").scalar() == "public"
    assert database.snapshot() == before


def test_a_failure_takes_everything_back(database: Database) -> None:
    prepare(database, VIEW, *trigger(database))
    before = database.snapshot()

    def fail(connection: sa.Connection, found: Dependents) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        carry_over(database, during=fail)
    assert database.snapshot() == before
    assert database.rows("SELECT id, name FROM mine") == [(1, "one"), (2, "two")]


def test_what_fails_in_earnest_is_reported(database: Database) -> None:
    prepare(database, VIEW, *trigger(database))
    hinder = {
        "sqlite": "CREATE TRIGGER mine AFTER INSERT ON notes BEGIN SELECT 1; END",
        "postgresql": "ALTER TABLE exchange_connections RENAME COLUMN name TO another",
    }
    outcome = carry_over(database, during=lambda connection, found: execute(connection, hinder[database.kind]))
    assert outcome.refused == []
    expected = {"sqlite": {("trigger", "mine")}, "postgresql": {("view", "mine")}}
    assert names(outcome.failed) == expected[database.kind]


# Moving aside on SQLite


@on_sqlite
def test_a_legacy_name_that_is_taken_is_passed_over(database: Database) -> None:
    prepare(database, "CREATE TABLE CTS_legacy_users (kept TEXT)", "CREATE TABLE cts_legacy_users_2 (kept TEXT)")
    assert carry_over(database).moved["users"] == '"cts_legacy_users_3"'
    assert "CTS_legacy_users" in database.tables()


@on_sqlite
@pytest.mark.parametrize("setting", [0, 1])
def test_a_rename_touches_nothing_else_and_leaves_the_setting_as_it_was(database: Database, setting: int) -> None:
    child = "CREATE TABLE child (id INTEGER REFERENCES users (id))"
    prepare(database, child, VIEW, "CREATE VIEW broken AS SELECT nobody_has_this FROM users")
    with run_of(database) as connection:
        execute(connection, f"PRAGMA legacy_alter_table = {setting}")
        moved = Engine(connection).legacy.move(connection, ["users", "exchange_connections"])
        assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == setting
        Engine(connection).legacy.drop_moved(connection, moved)
    kept = database.rows("SELECT sql FROM sqlite_master WHERE name IN ('child', 'mine') ORDER BY name")
    assert kept == [(child,), (VIEW,)]
    assert database.tables() == {"child", "notes"}
