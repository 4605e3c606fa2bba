"""Restores a backup to a SQLite file: an existing, a damaged or a missing one."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from cts_schema.database.handle import Database
from cts_schema.database.options import Options
from cts_schema.database.urls import prepare_folder
from cts_schema.dialects.sqlite.files import is_ordinary, sqlite_file
from cts_schema.exceptions import (
    BackupDamaged,
    NextCommand,
    NextStep,
    NotABackup,
    NotADatabase,
    RestoreFailed,
    TargetNotEmpty,
    WrongUsage,
)
from cts_schema.maintenance import files, sqlite
from cts_schema.maintenance.contents import Contents
from cts_schema.maintenance.manifest import Manifest

_OF_THE_PROCESS = {"data_store_directory", "hard_heap_limit", "soft_heap_limit", "temp_store_directory"}


def into_sqlite(
    database: Database, backup: Path, found: Contents, expected: Manifest | None, *, force: bool
) -> str | None:
    """Replace the contents of a SQLite file.

    Args:
        database: the database.
        backup: a SQLite file or a script.
        found: its kind.
        expected: its manifest.
        force: whether to replace the contents of the file.

    Returns:
        The path of the copy of the old contents; None if there were none.
    """
    file = sqlite_file(prepare_folder(database.url))
    if file is None or is_ordinary(file) is False:
        raise WrongUsage(
            cause="there is no file to restore into",
            database=database.name,
            next_step="write its URL as sqlite:///PATH",
        )
    file, options = file.resolve(), database.options
    with files.write_errors(file), _as_database(backup, found, file) as source:
        _require_same(source, backup, expected, options)
        is_new = _make(file, files.mode_of(backup))
        keeping = _Keeping(file, options, force=force)
        try:
            try:
                sqlite.replace(source, file, options.wait, keeping.keep)
            except NotADatabase:
                keeping.keep_damaged()
                sqlite.replace_damaged(source, file, options.wait)
        except BaseException:
            if is_new and not file.stat().st_size:
                file.unlink()
            raise
    return None if keeping.kept is None else str(keeping.kept)


class _Keeping:
    """Keeps a copy of the contents that will be replaced, if there are any and the caller allows it."""

    def __init__(self, file: Path, options: Options, *, force: bool) -> None:
        self.file = file
        self.options = options
        self.force = force
        self.kept: Path | None = None

    def keep(self) -> None:
        if sqlite.is_empty(self.file, self.options.wait):
            return
        place = self._place()
        try:
            sqlite.back_up(self.file, place, self.options)
        except NotADatabase:
            sqlite.keep_as_it_is(self.file, place)
        self.kept = place

    def keep_damaged(self) -> None:
        if self.kept is None:
            place = self._place()
            sqlite.keep_as_it_is(self.file, place)
            self.kept = place

    def _place(self) -> Path:
        if not self.force:
            raise TargetNotEmpty(database=self.file)
        return files.next_name(files.folder_beside(self.file), self.file.stem, ".db")


@contextmanager
def _as_database(backup: Path, found: Contents, file: Path) -> Iterator[Path]:
    """Yield the backup as a SQLite file; run a script into a new file beside the live one."""
    if found.kind == "sqlite":
        _require_alone(backup)
        yield backup
        return
    with tempfile.TemporaryDirectory(prefix=f"{file.name}.", suffix=".unfinished", dir=file.parent) as folder:
        made = Path(folder, "restored.db")
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            refused: list[str] = []
            connection.set_authorizer(partial(_may, refused))
            try:
                connection.executescript(backup.read_text(encoding="utf-8"))
            except (sqlite3.Error, ValueError) as error:
                if refused:
                    raise NotABackup(cause="the script leaves its database", path=backup, found=refused[0]) from error
                raise RestoreFailed(backup=backup, database=file, reported=str(error)) from error
            if connection.in_transaction:
                raise BackupDamaged(cause="the script ends before its COMMIT: a part is missing", file=backup)
        yield made


def _may(refused: list[str], action: int, name: str | None, value: str | None, *_: object) -> int:
    """Allow a script everything except other files, and settings that are global to this process."""
    if action == sqlite3.SQLITE_ATTACH and name not in ("", ":memory:"):  # VACUUM attaches one without a name
        refused.append("ATTACH or VACUUM INTO")
    elif action == sqlite3.SQLITE_PRAGMA and value is not None and str(name).lower() in _OF_THE_PROCESS:
        refused.append(f"PRAGMA {name}")
    else:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _require_alone(backup: Path) -> None:
    """Check that no file beside a SQLite file has its latest writes.

    Raises:
        NotABackup: there is such a file.
    """
    for suffix in ("-wal", "-journal"):
        part = backup.with_name(backup.name + suffix)
        if part.exists() and part.stat().st_size:
            raise NotABackup(
                cause="a file beside the backup has a part of it, as for a database in use or after a crash",
                path=backup,
                beside=part.name,
                next_step=NextStep(
                    "merge both into one file, then restore that: {}",
                    NextCommand("backup", "COPY", url=f"sqlite:///{backup}"),
                ),
            )


def _require_same(source: Path, backup: Path, expected: Manifest | None, options: Options) -> None:
    """Check a backup before any change.

    Raises:
        BackupDamaged: it is incomplete, or its rows or revision differ from its manifest.
        NotABackup: it is empty.
    """
    with closing(sqlite.opened(source, options.wait)) as connection:
        try:
            sqlite.require_sound(connection)
            rows, revision = sqlite.contents(connection, options.version_table)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise BackupDamaged(cause="the backup is damaged", file=backup, reported=str(error)) from error
    if not rows:
        raise NotABackup(cause="the backup is empty", path=backup)
    if expected is not None and expected.rows != rows:
        raise BackupDamaged(cause="the backup does not have the rows of its manifest", file=backup)
    if expected is not None and expected.revision != revision:
        raise BackupDamaged(
            cause="the backup does not have the revision of its manifest",
            file=backup,
            version_table=options.version_table,
            revision=revision or "none",
            expected=expected.revision or "none",
        )


def _make(file: Path, mode: int) -> bool:
    """Create an empty file if there is none; return whether it did."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except FileExistsError:
        return False
    return True
