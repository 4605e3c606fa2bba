"""Copies a SQLite file while others write it, and replaces one while others read it.

Both use the backup API of SQLite, which is an ordinary transaction: readers see the old or the new contents, and a
killed process leaves the old ones.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from cts_schema.database.options import Options
from cts_schema.ddl.text import quote
from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.sqlite.errors import is_busy, is_damage
from cts_schema.dialects.sqlite.untrusted import distrust, stand_in_for_collations
from cts_schema.exceptions import DatabaseLocked, NotADatabase, RestoreFailed
from cts_schema.maintenance import files, manifest
from cts_schema.maintenance.manifest import Manifest

SIDE_FILES = ("-wal", "-shm", "-journal")

# Messages of integrity_check about rows, not about the file: old databases may have such rows. Names may have new
# lines.
OF_ROWS = re.compile(r"(?:(?:NULL|NUMERIC|TEXT|non-\w+) value|CHECK constraint failed) in (?P<where>.*)", re.DOTALL)
# An index or a computed column that uses the current time, or a function that only an application has.
_NOT_EVALUATED = re.compile(r"non-deterministic|(unknown|no such) function|unsafe use of")
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND rootpage > 0"  # no virtual table has one: counting its rows would run its module
)


def opened(file: Path, wait: float) -> sqlite3.Connection:
    """Connect to an existing file. Not read-only, because a crash may have left a transaction to roll back."""
    place = f"{file.resolve().as_uri()}?mode=rw"
    return distrust(sqlite3.connect(place, uri=True, timeout=wait, isolation_level=None))


def back_up(file: Path, backup: Path, options: Options, *, quick: bool = False) -> Manifest:
    """Copy what is committed in a SQLite file, verify the copy, and write its manifest.

    Other transactions may continue. Without a write-ahead log their commit waits for the copy.

    Args:
        file: the database.
        backup: the copy, which does not exist yet; a missing folder is created.
        options: the version table, and how long to wait for a commit of another writer.
        quick: do not compare indexes with their tables, which takes the most time.

    Raises:
        DatabaseLocked: that commit took longer.
        NotADatabase: the database itself is damaged.
        DiskFull: the disk is full.
        BackupFailed: it could not be written, and left nothing behind.
    """
    mode = files.mode_of(file)
    with files.written(backup, mode) as unfinished:
        with closing(opened(file, options.wait)) as source, closing(distrust(sqlite3.connect(unfinished))) as target:
            try:
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
                source.backup(target, pages=-1)
                source.execute("COMMIT")
                target.execute("PRAGMA journal_mode = DELETE")
                require_sound(target, quick=quick)
            except sqlite3.DatabaseError as error:
                if is_busy(error):
                    raise DatabaseLocked(file=file) from error
                if is_damage(error):
                    raise NotADatabase(file=file, reported=str(error)) from error
                raise
            rows, revision = contents(target, options.version_table)
        made = manifest.now(
            unfinished,
            database="sqlite",
            server_version=sqlite3.sqlite_version,
            revision=revision,
            rows=rows,
            schema=None,
        )
    manifest.write(backup, made, mode)
    return made


def replace(source: Path, file: Path, wait: float, before: Callable[[], None]) -> None:
    """Replace the contents of a SQLite file, in one transaction of SQLite.

    Args:
        source: the new contents.
        file: the live one, or an empty file.
        wait: seconds to wait for others that use it.
        before: keeps a copy of the old contents; an error of it leaves everything as it is. Others
            can read meanwhile, but not write from then on.

    Raises:
        DatabaseLocked: another connection did not release its lock in time.
        RestoreFailed: it failed; the file is as it was.
    """
    deadline = Deadline(wait)
    with closing(opened(source, wait)) as new, closing(opened(file, wait)) as live:
        try:
            if live.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                _require_equal_pages(new, live, file)
                # The first step takes the write lock, and the last one commits.
                _load(new, live, deadline, before)
            else:
                # The backup API allows no transaction around it. In this mode the lock outlives its transaction.
                live.execute("PRAGMA locking_mode = EXCLUSIVE")
                live.execute("BEGIN IMMEDIATE")
                before()
                live.execute("COMMIT")
                _load(new, live, deadline, lambda: None)
        except sqlite3.Error as error:
            if is_busy(error):
                raise DatabaseLocked(file=file) from error
            if is_damage(error):
                raise NotADatabase(file=file, reported=str(error)) from error
            raise RestoreFailed(backup=source, database=file, reported=str(error)) from error


def _load(new: sqlite3.Connection, live: sqlite3.Connection, deadline: Deadline, locked: Callable[[], None]) -> None:
    held = False

    def step(status: int, _remaining: int, _total: int) -> None:
        nonlocal held
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if deadline.passed:  # it would retry for ever
                busy = sqlite3.OperationalError("database is locked")
                busy.sqlite_errorname = "SQLITE_BUSY"
                raise busy
        elif not held:
            held = True
            locked()

    new.execute("BEGIN")
    new.execute("SELECT count(*) FROM sqlite_master").fetchone()
    new.backup(live, pages=1, progress=step)
    new.execute("COMMIT")


def _require_equal_pages(new: sqlite3.Connection, live: sqlite3.Connection, file: Path) -> None:
    sizes = [connection.execute("PRAGMA page_size").fetchone()[0] for connection in (new, live)]
    if sizes[0] != sizes[1]:
        raise RestoreFailed(
            cause="a file with a write-ahead log cannot change the size of its pages; nothing was touched",
            database=file,
            page_size=sizes[1],
            of_the_backup=sizes[0],
            next_step=f"end the programs that use it, then: sqlite3 {file} 'PRAGMA journal_mode = DELETE', and repeat",
        )


def require_sound(connection: sqlite3.Connection, *, quick: bool = False) -> None:
    """Check the structure of a database, but not whether its rows meet NOT NULL and CHECKs.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """
    connection.execute("PRAGMA ignore_check_constraints = ON")  # they may call functions of an application
    missing = stand_in_for_collations(connection)
    for line in lines_of_check(lambda query: connection.execute(query).fetchall(), quick=quick, ordered=not missing):
        if line != "ok" and not OF_ROWS.fullmatch(line):
            damage = sqlite3.DatabaseError(line.splitlines()[-1])
            damage.sqlite_errorname = "SQLITE_CORRUPT"
            raise damage


def lines_of_check(
    rows: Callable[[str], Sequence[Sequence[Any]]], *, quick: bool, ordered: bool, most: int = 1_000_000
) -> list[str]:
    """Return the messages of SQLite's check of a database that need no functions of an application.

    Args:
        rows: returns the rows of a query.
        quick: do not compare indexes with their tables.
        ordered: whether all collations exist; otherwise ignore the order.
        most: the maximum number of lines.
    """
    if ordered:
        try:
            return [str(row[0]) for row in rows(f"PRAGMA {'quick_check' if quick else 'integrity_check'}({most})")]
        except (sqlite3.OperationalError, OperationalError) as error:
            if not _NOT_EVALUATED.search(str(error)):
                raise
    lines = []
    for (name,) in rows(_TABLES):
        try:
            found = [str(row[0]) for row in rows(f"PRAGMA quick_check({quote(name)})")]
            lines += [line for line in found if ordered or not line.startswith("row not in PRIMARY KEY order")]
        except (sqlite3.OperationalError, OperationalError) as error:
            if not _NOT_EVALUATED.search(str(error)):
                raise
            rows(f"SELECT count(*) FROM {quote(name)} NOT INDEXED")  # which reads its pages  # noqa: S608  names are quoted
    return lines


def contents(connection: sqlite3.Connection, version_table: str) -> tuple[dict[str, int], str | None]:
    """Return the number of rows by table, and the revision."""
    rows = {
        name: connection.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0]  # noqa: S608  names are quoted
        for (name,) in connection.execute(_TABLES).fetchall()
    }
    if version_table not in rows:
        return rows, None
    found = connection.execute(f"SELECT version_num FROM {quote(version_table)}").fetchone()  # noqa: S608  names are quoted
    return rows, found and str(found[0])


def is_empty(file: Path, wait: float) -> bool:
    """Return whether a SQLite file is empty."""
    with closing(opened(file, wait)) as connection:
        return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)


def keep_as_it_is(file: Path, backup: Path) -> None:
    """Copy the bytes of a damaged database, and its files beside it."""
    for suffix in ("", *SIDE_FILES):
        part = file.with_name(file.name + suffix)
        if part.exists():
            with files.written(backup.with_name(backup.name + suffix), files.mode_of(file)) as unfinished:
                shutil.copyfile(part, unfinished)


def replace_damaged(source: Path, file: Path, wait: float) -> None:
    """Replace a file that SQLite cannot open, and remove the files beside it, which would damage the new one."""
    with files.written(file, files.mode_of(file), replace=True) as unfinished:
        with closing(opened(source, wait)) as new, closing(sqlite3.connect(unfinished)) as target:
            new.backup(target, pages=-1)
        for suffix in SIDE_FILES:
            file.with_name(file.name + suffix).unlink(missing_ok=True)
