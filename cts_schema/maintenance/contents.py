"""What a file is that somebody calls a backup: its content tells, whatever its name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cts_schema.exceptions import BackupDamaged, NotABackup

_HEAD, _TAIL = 1 << 16, 1 << 10
_BEGINS_SQL = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/|\\(un)?restrict\b[^\n]*\n)*"
    r"(SET|SELECT|CREATE|DROP|ALTER|INSERT|COPY|COMMENT|BEGIN|START|PRAGMA|DO|GRANT|REVOKE)\b",
    re.DOTALL | re.IGNORECASE,
)
# Of a script that is poured into one database, within one transaction that is begun for it.
_OF_ITS_OWN = re.compile(
    rb"\s*(\\connect|\\c\b|CREATE DATABASE|(COMMIT|ROLLBACK|ABORT)( WORK| TRANSACTION)?\s*;)[^\n]*", re.IGNORECASE
)
_MAKES_SCHEMA = re.compile(rb'^CREATE SCHEMA (?:IF NOT EXISTS )?("(?:[^"]|"")+"|\w+)[; ]', re.MULTILINE)


@dataclass(frozen=True)
class Contents:
    """What a backup is.

    Attributes:
        kind: a SQLite file, an archive of pg_dump, or a script.
        database: ``sqlite`` or ``postgresql``; None of a script that does not say.
    """

    kind: Literal["sqlite", "custom", "sql"]
    database: str | None


def look(backup: Path) -> Contents:
    """Tell what a backup is.

    Raises:
        NotABackup: there is no file, or one of another kind.
        BackupDamaged: its end is missing.
    """
    if backup.is_dir():
        raise NotABackup(cause="there is a folder where the backup should be", path=backup)
    if backup.exists() and not backup.is_file():  # a pipe would be waited for, and can be read only once
        raise NotABackup(cause="there is no ordinary file where the backup should be", path=backup)
    try:
        with backup.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(-min(_TAIL, stream.seek(0, os.SEEK_END)), os.SEEK_END)
            tail = stream.read()
    except OSError as error:
        raise NotABackup(cause="the backup cannot be read", path=backup, reported=error.strerror) from error
    if head.startswith(b"SQLite format 3\0"):
        return Contents("sqlite", "sqlite")
    if head.startswith(b"PGDMP"):
        return Contents("custom", "postgresql")
    if b"\0" in head or not _BEGINS_SQL.match(head.decode(errors="replace")):
        raise NotABackup(cause="the file is not a backup", path=backup)
    if b"PostgreSQL database dump" in head:
        if b"PostgreSQL database dump complete" not in tail:
            raise BackupDamaged(cause="the script does not end as pg_dump ends one: a part is missing", file=backup)
        return Contents("sql", "postgresql")
    return Contents("sql", "sqlite" if head.lstrip().startswith(b"PRAGMA") else None)


def schemas_of(script: Path) -> list[str]:
    """Return the schemas that a script for PostgreSQL makes.

    Raises:
        NotABackup: it leaves its database, or the transaction that everything is done in.
    """
    made: dict[str, None] = {}
    with script.open("rb") as stream:
        for line in stream:
            if found := _OF_ITS_OWN.match(line):
                raise NotABackup(
                    cause="the script does not stay in one database and one transaction",
                    path=script,
                    line=found[0].decode(errors="replace"),
                    next_step=f"run it into an empty database, then upgrade that: psql --file={script} DATABASE",
                )
            made |= dict.fromkeys(made_by(line))
    return list(made)


def made_by(sql: bytes) -> list[str]:
    """Return the schemas that are made at the beginning of a line."""
    names = [found.decode(errors="replace") for found in _MAKES_SCHEMA.findall(sql)]
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name.lower() for name in names]
