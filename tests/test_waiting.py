"""Processes that leave the migration to another one wait until the database is at head."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from cts_schema import upgrade, wait_for_head
from cts_schema.exceptions import DatabaseNewer, DatabaseUnreachable, ForeignRevision, NotAtHead
from tests.support.databases import Database
from tests.support.program import cts_schema, python


def test_a_database_at_head_is_not_waited_for(head: Database) -> None:
    assert wait_for_head(head.url, timeout=0) < 60
    assert wait_for_head(head.engine, timeout=0) < 60
    done = cts_schema("wait", "--timeout", "0", url=head.url)
    assert (done.code, done.out, done.err) == (0, "at head, revision 060\n", "")
    assert json.loads(cts_schema("wait", "--json", url=head.url).out)["revision"] == "060"


def test_what_another_process_brings_to_head_is_waited_for(database: Database) -> None:
    timer = threading.Timer(0.5, upgrade, [database.url])
    timer.start()
    wait_for_head(database.url, timeout=120)
    timer.join()


def test_in_the_end_it_is_told_where_the_database_stands(database: Database) -> None:
    with pytest.raises(NotAtHead) as caught:
        wait_for_head(database.url, timeout=0.2)
    assert caught.value.exit_code == 1
    assert database.tables() == set()
    upgrade(database.url, "055")
    outcome = cts_schema("wait", "--timeout", "0", url=database.url)
    assert outcome.code == 1
    assert "revision   055" in outcome.err


def test_what_does_not_pass_is_told_at_once(database: Database) -> None:
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('abc')")
    with pytest.raises(ForeignRevision):
        wait_for_head(database.url, timeout=600)
    database.execute("UPDATE alembic_version SET version_num = '999'")
    with pytest.raises(DatabaseNewer):
        wait_for_head(database.url, timeout=600)
    with pytest.raises(DatabaseUnreachable):
        wait_for_head("postgresql://cts@127.0.0.1:1/cts", timeout=0.3)


def test_a_probe_does_not_import_alembic(head: Database) -> None:
    code = "import sys, cts_schema; cts_schema.wait_for_head(timeout=0); print('alembic' in sys.modules)"
    assert python(code, url=head.url).out == "False\n"


def test_looking_at_a_file_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    with pytest.raises(NotAtHead) as caught:
        wait_for_head(url, timeout=0)
    assert caught.value.place["database"] == url
    assert list(tmp_path.iterdir()) == []


def test_the_program_asks_without_the_parser_of_the_other_commands(head: Database) -> None:
    code = (
        "import sys; from cts_schema.cli import main; code = main(['wait', '--timeout', '0', '--json']); "
        "print(code, {'typer', 'alembic'} & set(sys.modules))"
    )
    assert python(code, url=head.url).out.endswith("0 set()\n")


def test_what_is_not_plain_is_understood_all_the_same(head: Database) -> None:
    for arguments in (["--timeout=0"], ["--timeout", "0", "--version-table", "alembic_version"], ["--json", "--debug"]):
        assert cts_schema("wait", *arguments, url=head.url).code == 0
    for arguments in (
        ["--timeout", "-1"],
        ["--timeout", "nan"],
        ["--timeout"],
        ["--url"],
        ["now"],
    ):
        refused = cts_schema("wait", *arguments, url=head.url)
        assert (refused.code, refused.out) == (2, "")
        assert "--help" in refused.err
    assert "--timeout SECONDS" in cts_schema("wait", "--help", url=head.url).out
