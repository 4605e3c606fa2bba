"""The copy of a SQLite file that is made before an adoption touches it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from cts_schema.adoption.sql import run
from cts_schema.exceptions import BackupFailed, DiskFull

_PAGES = 2048  # copied at a time


def file_of(connection: sa.Connection) -> Path | None:
    """Return the file of a SQLite database; None of one in memory, and of PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return None
    name = run(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'").scalar()
    return Path(name) if name else None


def folder_of(file: Path) -> Path:
    """Return where the backups of a database go."""
    return file.parent / "backups"


def newest_of_adoption(file: Path) -> Path | None:
    """Return the newest backup of a database that an adoption has made, and that nobody has brought back."""
    if not folder_of(file).is_dir():
        return None
    pattern = re.compile(re.escape(file.stem) + r"-\d{8}T\d{6}(-\d+)?\.json")
    for told in sorted(folder_of(file).iterdir(), reverse=True):
        copy = told.with_suffix(".db")
        if pattern.fullmatch(told.name) and copy.exists() and json.loads(told.read_text("utf-8"))["file"] == file.name:
            return copy
    return None


def next_name(file: Path) -> Path:
    """Return the name of a backup made now."""
    stem = f"{file.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (folder_of(file) / f"{stem}{'' if number == 1 else f'-{number}'}.db" for number in range(1, 1000))
    return next(name for name in names if not name.exists())


def free_bytes(file: Path) -> int:
    """Return how much the disk of a database has left."""
    return shutil.disk_usage(file.parent).free


def make(file: Path, backup: Path) -> None:
    """Copy what is committed in a SQLite file, and check the copy. A connection that writes may go on meanwhile.

    Args:
        file: the database.
        backup: the copy, which does not exist yet; its folder is made where it is missing.

    Raises:
        DiskFull: there is no room for it.
        BackupFailed: it could not be written, or is not what it should be. Nothing is left of it.
    """
    try:
        backup.parent.mkdir(parents=True, exist_ok=True)
        unfinished = backup.with_suffix(".unfinished")
        _copy(file, unfinished)
        shutil.copymode(file, unfinished)  # it holds the same secrets
        unfinished.replace(backup)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            backup.with_suffix(".unfinished").unlink()
        if "disk is full" in str(error) or getattr(error, "errno", None) == 28:
            raise DiskFull(file=backup, folder=backup.parent) from error
        raise BackupFailed(file=backup, reason=str(error)) from error


def _copy(file: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target, pages=_PAGES)
        target.execute("PRAGMA journal_mode = DELETE")
        # Not by integrity_check: it reports rows that break a NOT NULL, which an old database may have.
        if _counts(source) != _counts(target):
            raise sqlite3.DatabaseError("the copy has not the same rows")
    with copy.open("rb") as written:
        os.fsync(written.fileno())


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    quoted = {name: '"' + name.replace('"', '""') + '"' for (name,) in tables}
    return {name: connection.execute(f"SELECT count(*) FROM {sql}").fetchone()[0] for name, sql in quoted.items()}
