"""Recognizes the kind of a backup from its content."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cts_schema.exceptions import BackupDamaged, NotABackup
from cts_schema.maintenance import script

_HEAD, _TAIL = 1 << 16, 1 << 10
_READ_VERSION = 19  # the byte of a SQLite file that is 2 with a write-ahead log


@dataclass(frozen=True)
class Contents:
    """The kind of a backup.

    Attributes:
        kind: a SQLite file, an archive of pg_dump, or a script.
        database: ``sqlite`` or ``postgresql``; None for a script that does not show it.
        logged: whether it is of a SQLite database with a write-ahead log, which is a separate file.
    """

    kind: Literal["sqlite", "custom", "sql"]
    database: str | None
    logged: bool = False


def recognize(backup: Path) -> Contents:
    """Recognize the kind of a backup.

    Raises:
        NotABackup: there is no file, or it is not a backup.
        BackupDamaged: it is truncated.
    """
    try:
        if backup.is_dir():
            raise NotABackup(cause="the path of the backup is a folder", path=backup)
        if backup.exists() and not backup.is_file():  # a pipe would block, and can be read only once
            raise NotABackup(cause="the path of the backup is not an ordinary file", path=backup)
        with backup.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(-min(_TAIL, stream.seek(0, os.SEEK_END)), os.SEEK_END)
            tail = stream.read()
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        reported = getattr(error, "strerror", None) or str(error)
        raise NotABackup(cause="the backup cannot be read", path=backup, reported=reported) from error
    if head.startswith(b"SQLite format 3\0"):
        return Contents("sqlite", "sqlite", logged=head[_READ_VERSION : _READ_VERSION + 1] == b"\2")
    if head.startswith(b"PGDMP"):
        return Contents("custom", "postgresql")
    if b"\0" in head or not script.begins_as_script(head):
        raise NotABackup(cause="the file is not a backup", path=backup)
    if b"PostgreSQL database dump" in head:
        if b"PostgreSQL database dump complete" not in tail:
            raise BackupDamaged(cause="the script lacks the end that pg_dump writes: a part is missing", file=backup)
        return Contents("sql", "postgresql")
    return Contents("sql", "sqlite" if head.lstrip().startswith(b"PRAGMA") else None)
