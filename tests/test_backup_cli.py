"""``cts-schema backup`` and ``cts-schema restore``, run as a user runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cts_schema import status
from cts_schema.maintenance import programs
from tests.support import client
from tests.support.databases import Database
from tests.support.program import cts_schema


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


def test_a_backup_goes_to_its_folder_and_says_how_it_comes_back(head: Database, tmp_path: Path) -> None:
    done = cts_schema("backup", url=head.url, cwd=tmp_path, itself=True)
    assert (done.code, done.err) == (0, "")
    (made,) = [file for file in (tmp_path / "backups").iterdir() if file.suffix != ".json"]
    assert re.search(r"^revision  060$", done.out, re.MULTILINE)
    command = re.search(r"^restore   cts-schema (.+)$", done.out, re.MULTILINE)
    assert command is not None
    assert Path(tmp_path, command[1].split()[1]) == made

    refused = cts_schema(*command[1].split(), url=head.url, cwd=tmp_path, itself=True)
    assert (refused.code, refused.out) == (5, "")
    assert "not empty" in refused.err
    assert "--force" in refused.err

    head.execute("DELETE FROM system_settings")
    restored = cts_schema(*command[1].split(), "--force", url=head.url, cwd=tmp_path, itself=True)
    assert (restored.code, restored.err) == (0, "")
    assert "replaced" in restored.out
    assert head.value("SELECT count(*) FROM system_settings") == 5


def test_both_answer_in_json(head: Database, database: Database, tmp_path: Path) -> None:
    done = cts_schema("backup", "copy", "--json", url=head.url, cwd=tmp_path, itself=True)
    made = json.loads(done.out)
    assert (made["path"], made["manifest"], made["revision"]) == ("copy", "copy.json", "060")
    done = cts_schema("restore", "copy", "--json", "--url", database.url, cwd=tmp_path, itself=True)
    told = json.loads(done.out)
    assert (told["path"], told["revision"], told["kept"], told["unadopted"]) == ("copy", "060", None, False)
    assert (told["tables"], told["rows"]) == (made["tables"], made["rows"])
    assert status(database.url).at_head
    done = cts_schema("restore", "copy", "--json", url=database.url, cwd=tmp_path, itself=True)
    assert (done.code, json.loads(done.err)["exit_code"]) == (5, 5)


def test_an_old_database_is_told_to_be_adopted(tmp_path: Path) -> None:
    (tmp_path / "pre_v3.1_dump.sql").write_text("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT);")
    done = cts_schema("restore", "pre_v3.1_dump.sql", url=f"sqlite:///{tmp_path}/cts.db", cwd=tmp_path)
    assert done.code == 0, done
    assert "cts-schema upgrade (adopts it)" in done.out


def test_the_help_of_both_has_examples_and_what_they_need() -> None:
    for command in ("backup", "restore"):
        shown = cts_schema(command, "--help")
        assert shown.code == 0
        for words in ("--url", "--json", "--schema", "--wait", "Exit codes:", "CTS_PG_BIN", f"$ cts-schema {command} "):
            assert words in shown.out
    assert cts_schema("restore").code == 2
