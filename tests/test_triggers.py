"""updated_at is kept by triggers: on both databases, in any mode of the database, through every change of a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import downgrade, upgrade
from cts_schema.ddl import Timestamp
from cts_schema.models import Base
from tests.support.databases import Database
from tests.support.operations import operations
from tests.support.program import alembic
from tests.support.rows import fill

OLD = "2020-01-01 00:00:00"
STAMPED = sorted(table.name for table in Base.metadata.tables.values() if "updated_at" in table.columns)
OWN_FUNCTION = (
    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note = {value}; RETURN NEW; END'"
)


def updated_at(database: Database, table: str, where: str = "true") -> datetime:
    found = sa.select(sa.column("updated_at", Timestamp())).select_from(sa.table(table)).where(sa.text(where))
    with database.engine.connect() as connection:
        moment = connection.execute(found).scalars().first()
    assert isinstance(moment, datetime)
    return moment


def is_now(moment: datetime) -> bool:
    return abs(datetime.now(UTC) - moment) < timedelta(seconds=30)


def add_setting(database: Database, key: str = "k") -> None:
    database.execute(
        f"INSERT INTO system_settings (key, value, created_at, updated_at) VALUES ('{key}', '', '{OLD}', '{OLD}')"
    )


# What the trigger does


def test_there_are_22_tables_with_updated_at_and_each_is_stamped_by_an_update(head: Database) -> None:
    assert len(STAMPED) == 22
    fill(head.engine, rows=1)
    for table in STAMPED:
        head.execute(f"UPDATE {table} SET created_at = '{OLD}', updated_at = '{OLD}'")
        assert updated_at(head, table).year == 2020, table
        head.execute(f"UPDATE {table} SET created_at = '2021-01-01 00:00:00'")
        assert is_now(updated_at(head, table)), table


def test_an_update_that_sets_updated_at_itself_keeps_its_value(head: Database) -> None:
    add_setting(head)
    head.execute("UPDATE system_settings SET value = 'new', updated_at = '2024-05-06 07:08:09.5' WHERE key = 'k'")
    assert updated_at(head, "system_settings", "key = 'k'") == datetime(2024, 5, 6, 7, 8, 9, 500000, tzinfo=UTC)


def test_the_stamp_has_the_form_of_every_other_time_so_that_a_row_is_found_by_it(head: Database) -> None:
    add_setting(head)
    settings = Base.metadata.tables["system_settings"]
    for number in range(20):
        head.execute(f"UPDATE system_settings SET value = '{number}' WHERE key = 'k'")
        moment = updated_at(head, "system_settings", "key = 'k'")
        with head.engine.connect() as connection:
            found = connection.execute(sa.select(settings.c.key).where(settings.c.updated_at == moment)).scalars().all()
        assert "k" in found


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_20000_quick_updates_never_recurse_too_deep(head: Database, recursive: str) -> None:
    add_setting(head)
    with head.engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA recursive_triggers = {recursive}")
        assert connection.exec_driver_sql("PRAGMA recursive_triggers").scalar() == (recursive == "ON")
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.executemany("UPDATE system_settings SET value = ? WHERE key = 'k'", ((str(n),) for n in range(20000)))
    assert head.value("SELECT value FROM system_settings WHERE key = 'k'") == "19999"
    assert is_now(updated_at(head, "system_settings", "key = 'k'"))


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_20000_quick_updates_are_each_stamped_later_than_the_last(head: Database) -> None:
    add_setting(head)
    head.execute(
        "DO $$ DECLARE last timestamptz = '2020-01-01'; found timestamptz; BEGIN FOR n IN 1..20000 LOOP "
        "UPDATE system_settings SET value = n WHERE key = 'k' RETURNING updated_at INTO found; "
        "IF found < last THEN RAISE EXCEPTION 'it went back'; END IF; last := found; END LOOP; END $$"
    )
    assert head.value("SELECT value FROM system_settings WHERE key = 'k'") == "20000"


def test_an_upsert_stamps_the_row_that_was_there(head: Database) -> None:
    add_setting(head)
    head.execute(
        "INSERT INTO system_settings (key, value) VALUES ('k', 'new') ON CONFLICT (key) DO UPDATE SET value = 'new'"
    )
    assert is_now(updated_at(head, "system_settings", "key = 'k'"))


def test_a_reference_set_to_null_by_a_delete_stamps_the_row(head: Database) -> None:
    head.execute("INSERT INTO preset_types (id, name) VALUES ('p', 'p')")
    head.execute(
        f"INSERT INTO exchange_connections (id, name, preset_type_id, updated_at) VALUES ('c', 'c', 'p', '{OLD}')"
    )
    head.execute("DELETE FROM preset_types")
    assert head.value("SELECT preset_type_id FROM exchange_connections") is None
    assert is_now(updated_at(head, "exchange_connections"))


# The trigger survives


def test_the_trigger_survives_every_change_of_its_table(head: Database) -> None:
    add_setting(head)
    changes: list[Any] = [
        lambda ddl: ddl.add_columns("901", "system_settings", sa.Column("a", sa.Text()), key=("key",)),
        lambda ddl: ddl.add_columns(
            "902", "system_settings", sa.Column("b", sa.Text(), server_default=ddl.uuid_text()), key=("key",)
        ),
        lambda ddl: ddl.drop_columns("902", "system_settings", "b", key=("key",)),
        lambda ddl: ddl.replace_checks("system_settings", add=[("ck_system_settings_a", "a <> 'no'")]),
        lambda ddl: ddl.replace_checks("system_settings", drop=["ck_system_settings_a"]),
        lambda ddl: ddl.rename_column("system_settings", "a", sa.Column("c", sa.Text())),
        alter,
    ]
    for number, change in enumerate(changes):
        head.execute(f"UPDATE system_settings SET updated_at = '{2010 + number}-01-01 00:00:00'")
        with operations(head) as ddl:
            change(ddl)
        assert updated_at(head, "system_settings", "key = 'k'").year == 2010 + number
        head.execute(f"UPDATE system_settings SET value = '{number}' WHERE key = 'k'")
        assert is_now(updated_at(head, "system_settings", "key = 'k'")), number


def alter(ddl: Any) -> None:
    with ddl.alter_table("system_settings") as batch:
        batch.alter_column("category", existing_type=sa.Text(), existing_nullable=False, server_default="other")


def test_pouring_back_columns_of_a_table_with_a_trigger_stamps_nothing(head: Database) -> None:
    add_setting(head)
    column = sa.Column("a", sa.Text(), server_default="x")
    with operations(head) as ddl:
        ddl.add_columns("901", "system_settings", column._copy(), key=("key",))
    with operations(head) as ddl:
        ddl.drop_columns("901", "system_settings", "a", key=("key",))
    with operations(head) as ddl:
        ddl.add_columns("901", "system_settings", column._copy(), key=("key",))
    assert updated_at(head, "system_settings", "key = 'k'").year == 2020
    head.execute("UPDATE system_settings SET value = 'new' WHERE key = 'k'")
    assert is_now(updated_at(head, "system_settings", "key = 'k'"))


# What alembic check sees

TAMPERING = {
    "sqlite": {
        "dropped": ["DROP TRIGGER trg_users_updated_at"],
        "changed": [
            "DROP TRIGGER trg_users_updated_at",
            "CREATE TRIGGER trg_users_updated_at AFTER UPDATE ON users BEGIN SELECT 1; END",
        ],
    },
    "postgresql": {
        "dropped": ["DROP TRIGGER trg_users_updated_at ON users"],
        "disabled": ["ALTER TABLE users DISABLE TRIGGER trg_users_updated_at"],
        "changed": [
            "DROP TRIGGER trg_users_updated_at ON users",
            "CREATE TRIGGER trg_users_updated_at BEFORE UPDATE ON users "
            "FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()",
        ],
        "changed to fire seldom": [
            "DROP TRIGGER trg_users_updated_at ON users",
            "CREATE TRIGGER trg_users_updated_at BEFORE UPDATE OF email ON users "
            "FOR EACH ROW EXECUTE FUNCTION cts_set_updated_at()",
        ],
    },
}


@pytest.mark.parametrize(
    ("kind", "how"), [(kind, how) for kind, found in TAMPERING.items() for how in found], indirect=["kind"]
)
def test_a_trigger_that_is_not_as_it_should_be_shows_in_alembic_check(head: Database, how: str) -> None:
    for statement in TAMPERING[head.kind][how]:
        head.execute(statement)
    checked = alembic("check", url=head.url)
    assert checked.code != 0
    assert "trg_users_updated_at" in checked.out + checked.err
    assert "Traceback" not in checked.err


def test_a_trigger_of_the_users_own_is_no_difference(head: Database) -> None:
    if head.kind == "sqlite":
        head.execute("CREATE TRIGGER own AFTER UPDATE ON users BEGIN SELECT 1; END")
    else:
        head.execute(OWN_FUNCTION.format(name="own", value="1"))
        head.execute("CREATE TRIGGER own BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION own()")
    checked = alembic("check", url=head.url)
    assert checked.code == 0, checked.err


# The function that old triggers call


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_an_old_trigger_finds_the_function_it_calls(head: Database) -> None:
    head.execute(f"CREATE TABLE own (id int, updated_at timestamptz DEFAULT '{OLD}')")
    head.execute("CREATE TRIGGER own BEFORE UPDATE ON own FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()")
    head.execute("INSERT INTO own (id) VALUES (1)")
    head.execute("UPDATE own SET id = 2")
    assert is_now(updated_at(head, "own"))
    downgrade(head.engine, "base")
    head.execute(f"UPDATE own SET updated_at = '{OLD}'")
    assert is_now(updated_at(head, "own"))


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_function_of_that_name_is_neither_replaced_nor_dropped(database: Database) -> None:
    database.execute(OWN_FUNCTION.format(name="update_updated_at_column", value="77"))
    upgrade(database.engine)
    query = "SELECT prosrc FROM pg_proc WHERE proname = 'update_updated_at_column'"
    assert "77" in database.value(query)
    downgrade(database.engine, "base")
    assert "77" in database.value(query)
    assert database.rows("SELECT 1 FROM pg_proc WHERE proname = 'cts_set_updated_at'") == []
