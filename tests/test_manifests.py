"""A manifest that no backup has written is one clear error, and what it says is compared before anything changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cts_schema import backup, restore
from cts_schema.exceptions import BackupDamaged, RestoreFailed, SchemaError
from cts_schema.maintenance import programs
from tests.support import client
from tests.support.databases import Database
from tests.support.program import cts_schema


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


def changed(file: Path, **values: object) -> str:
    """Return a manifest with other values; ... takes one away."""
    told = {**json.loads(file.read_text()), **values}
    return json.dumps({name: value for name, value in told.items() if value is not ...})


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def loop(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def large(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(1 << 27)


WRITTEN = [
    "",
    "{",
    "[]",
    "null",
    "7",
    '"text"',
    "[" * 100_000,
    "{" + '"a":{' * 50_000,
    '{"rows": NaN}',
    "\ufeff{}",
    "9" * 5000,
]
VALUES: list[dict[str, object]] = [
    {"rows": []},
    {"rows": {"users": "3"}},
    {"rows": {"users": 1.5}},
    {"rows": {"users": True}},
    {"rows": {"users": -1}},
    {"rows": {"\ud800": 1}},
    {"rows": ...},
    {"sha256": None},
    {"sha256": 7},
    {"sha256": "none"},
    {"sha256": ["0" * 64]},
    {"sha256": ...},
    {"revision": 60},
    {"revision": {}},
    {"schema": 1},
    {"schema": "a\0b"},
    {"database": "oracle"},
    {"database": ["sqlite"]},
    {"created_at": 1},
    {"package_version": ...},
    {"server_version": None},
]
PLACES = [folder, pipe, loop, large]


def test_a_manifest_that_no_backup_has_written_is_one_error(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    file = Path(made.manifest)
    sound = file.read_text()
    before = head.snapshot()
    odd: list[str | Callable[[Path], None]] = [*WRITTEN, *(changed(file, **values) for values in VALUES), *PLACES]
    for one in odd:
        if callable(one):
            one(file)
        else:
            file.write_text(one)
        with pytest.raises(BackupDamaged, match="manifest") as caught:
            restore(made.path, head.url, force=True)
        assert caught.value.place["manifest"] == str(file), str(one)[:50]
        assert len(str(caught.value)) < 1000
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        file.write_text(sound)
    assert head.snapshot() == before
    restore(made.path, head.url, force=True)


def test_an_odd_manifest_leaves_the_program_with_an_exit_code(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    Path(made.manifest).write_text('{"rows": 1}')
    done = cts_schema("restore", "copy", "--force", url=head.url, cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "manifest" in done.err
    assert "Traceback" not in done.err


def test_what_a_later_version_adds_to_a_manifest_is_no_fault(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    Path(made.manifest).write_text(changed(Path(made.manifest), package_version="99.0", more={"a": [1]}))
    assert restore(made.path, head.url, force=True).rows == made.rows


def test_a_manifest_of_the_other_database_is_refused(head: Database, tmp_path: Path) -> None:
    made = backup(head.url, tmp_path / "copy")
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[head.kind]
    Path(made.manifest).write_text(changed(Path(made.manifest), database=other))
    with pytest.raises(BackupDamaged, match="other database engine"):
        restore(made.path, head.url, force=True)


@pytest.mark.parametrize("revision", ["055", None])
def test_another_revision_than_the_manifest_has_changes_nothing(
    head: Database, revision: str | None, tmp_path: Path
) -> None:
    made = backup(head.url, tmp_path / "copy")
    Path(made.manifest).write_text(changed(Path(made.manifest), revision=revision))
    head.execute("CREATE TABLE mine (a integer)")
    before = head.snapshot(), sorted(tmp_path.rglob("*"))
    with pytest.raises((BackupDamaged, RestoreFailed), match="revision"):
        restore(made.path, head.url, force=True)
    assert (head.snapshot(), sorted(tmp_path.rglob("*"))) == before
    if head.kind == "postgresql":
        assert head.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cts\\_replaced\\_%'") == 0


@pytest.mark.parametrize("rows", [{"users": 10**30}, {"no_such_table": 0}, {"users": None}])
def test_other_rows_than_the_manifest_has_change_nothing(
    head: Database, rows: dict[str, int | None], tmp_path: Path
) -> None:
    made = backup(head.url, tmp_path / "copy")
    prefix = "" if head.kind == "sqlite" else "public."
    told = json.loads(Path(made.manifest).read_text())["rows"] | {f"{prefix}{name}": n for name, n in rows.items()}
    told = {name: number for name, number in told.items() if number is not None}
    Path(made.manifest).write_text(changed(Path(made.manifest), rows=told))
    head.execute("CREATE TABLE mine (a integer)")
    before = head.snapshot()
    with pytest.raises((BackupDamaged, RestoreFailed), match="rows"):
        restore(made.path, head.url, force=True)
    assert head.snapshot() == before


def test_a_path_that_no_system_takes_is_no_backup(head: Database) -> None:
    for path in ("a\0b", "x" * 5000, "x/" * 3000):
        with pytest.raises(SchemaError) as caught:
            restore(path, head.url)
        assert caught.value.exit_code == 2
