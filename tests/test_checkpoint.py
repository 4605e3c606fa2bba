"""A new database gets by the checkpoint what the line of revisions makes, and walks the line where it must."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from cts_schema import downgrade, upgrade
from cts_schema.exceptions import DatabaseUnusable, NameTaken
from cts_schema.models import Base
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.program import alembic, cts_schema
from tests.support.project import Project

# A run's own times and ids.
_VOLATILE = {"id", "created_at", "updated_at", "executed_at", "execution_time_ms", "duration_ms"}


def content(database: Database) -> dict[str, list[str]]:
    """Return the rows that the revisions wrote, without what is another each time."""
    found = {}
    for name, table in Base.metadata.tables.items():
        columns = [column for column in table.columns if column.name not in _VOLATILE]
        with database.engine.connect() as connection:
            found[name] = sorted(map(repr, connection.execute(sa.select(*columns))))
    del found["site_logs"]  # which tells of the run
    return found


def test_it_makes_what_the_line_makes_with_less_work(database: Database) -> None:
    quick = upgrade(database.engine)
    by_script, rows = database.snapshot(), content(database)
    downgrade(database.engine, "base")
    walked = upgrade(database.engine, checkpoint=False)
    assert differences(by_script, database.snapshot()) == {}
    assert rows == content(database)
    assert [one.revision for one in quick.applied] == [one.revision for one in walked.applied]
    assert sum(one.statements for one in quick.applied) < sum(one.statements for one in walked.applied)


@pytest.mark.parametrize("target", ["head", "054", "035"])
def test_a_later_file_of_a_process_gets_the_final_shape_of_its_tables_at_once(tmp_path: Path, target: str) -> None:
    files = [sa.make_url(f"sqlite:///{tmp_path / name}.db") for name in ("first", "later", "walked")]
    reports = [upgrade(file, target, checkpoint=file is not files[-1]) for file in files]
    with Database(files[1]) as later, Database(files[2]) as walked:
        assert differences(walked.snapshot(), later.snapshot()) == {}
        if target == "head":
            assert content(later) == content(walked)
        settings = "SELECT key, value, value_type, category, description FROM system_settings ORDER BY key"
        assert later.rows(settings) == walked.rows(settings)
    assert [one.revision for one in reports[1].applied] == [one.revision for one in reports[2].applied]
    assert sum(one.statements for one in reports[1].applied) < sum(one.statements for one in reports[2].applied)
    assert all(one.statements <= 3 for one in reports[1].applied[1:]) or target == "035"


def test_a_person_can_ask_for_the_line(database: Database) -> None:
    done = cts_schema("upgrade", "--no-checkpoint", url=database.url)
    assert done.code == 0, done.err
    downgrade(database.engine, "base")
    done = alembic("-x", "checkpoint=no", "upgrade", "head", url=database.url)
    assert done.code == 0, done.err
    refused = alembic("-x", "checkpoint=never", "upgrade", "head", url=database.url)
    assert refused.code == 2
    assert "checkpoint=never" in refused.err


def test_what_is_preserved_is_restored(head: Database) -> None:
    head.execute("INSERT INTO users (id, username, password_hash) VALUES ('1', 'ann', 'x')")
    downgrade(head.engine, "base")
    upgrade(head.engine)
    assert head.rows("SELECT username FROM users") == [("ann",)]
    assert not [name for name in head.tables() if name.startswith("cts_kept_")]


def test_a_view_with_the_name_of_a_table_is_named(database: Database) -> None:
    database.execute("CREATE VIEW orders AS SELECT 1 AS n")
    with pytest.raises(NameTaken, match="view orders"):
        upgrade(database.engine)
    assert database.tables() <= {"alembic_version"}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_view_that_waits_for_a_table_does_not_keep_it_from_coming(database: Database) -> None:
    database.execute("CREATE VIEW mine AS SELECT indication_auto FROM exchange_connections")
    upgrade(database.engine)
    assert database.rows("SELECT * FROM mine") == []


def test_a_revision_that_asks_the_database_runs_as_always(database: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    file = project.versions / "059_create_adoption_leftovers.py"
    asked = 'def upgrade() -> None:\n    assert op.get_bind().exec_driver_sql("SELECT 1").scalar() == 1\n'
    text = file.read_text().replace("def upgrade() -> None:\n", asked)
    file.write_text(text if "from alembic import op" in text else f"from alembic import op\n{text}")
    project.alembic("upgrade head", url=database.url)
    assert "adoption_leftovers" in database.tables()
    shutil.rmtree(project.root)


def test_a_revision_that_fails_is_named_and_leaves_nothing(database: Database) -> None:
    database.execute("CREATE TABLE mine (id integer)")
    database.execute("CREATE INDEX ix_orders_portfolio_id ON mine (id)")
    with pytest.raises(NameTaken, match="035, upgrade") as caught:
        upgrade(database.engine)
    assert "ix_orders_portfolio_id" in str(caught.value)
    assert caught.value.exit_code == 3
    assert database.tables() <= {"alembic_version", "mine"}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("own", ["TYPE orders AS ENUM ('a')", "DOMAIN orders AS integer"])
def test_a_type_with_the_name_of_a_table_is_named(database: Database, own: str) -> None:
    database.execute(f"CREATE {own}")
    with pytest.raises(NameTaken, match=f"{own.split()[0].lower()} orders") as caught:
        upgrade(database.engine)
    database.execute(str(caught.value.place["rename"]))
    upgrade(database.engine)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_temporary_table_of_the_caller_with_the_name_of_one_is_named(database: Database, checkpoint: bool) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE orders (id integer)")
        connection.commit()
        with pytest.raises(NameTaken, match="table orders"):
            upgrade(connection, checkpoint=checkpoint)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_view_with_the_name_of_a_preserved_table_is_none(database: Database, checkpoint: bool) -> None:
    database.execute("CREATE VIEW cts_kept_035_users AS SELECT 1 AS n")
    upgrade(database.engine, checkpoint=checkpoint)
    assert database.rows("SELECT * FROM cts_kept_035_users") == [(1,)]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_database_that_refuses_the_version_table_is_told_in_words(database: Database) -> None:
    body = "BEGIN RAISE EXCEPTION 'no tables here'; END"
    database.execute(f"CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$ {body} $$")
    database.execute("CREATE EVENT TRIGGER no ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no()")
    with pytest.raises(DatabaseUnusable, match="no tables here"):
        upgrade(database.engine)
