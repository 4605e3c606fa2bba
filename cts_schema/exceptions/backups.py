"""Errors of a backup and a restore."""

# ruff: noqa: N818 - an error is named after what happened: `DiskFull`, not `DiskFullError`

from cts_schema.exceptions.error import EXIT_DATABASE, EXIT_DECISION, EXIT_USAGE, SchemaError
from cts_schema.exceptions.next_step import NextCommand, NextStep


class BackupFailed(SchemaError):
    """the database could not be copied; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("make the folder writable, then repeat")


class BackupPlaceTaken(SchemaError):
    """a file with the name of the backup already exists; nothing was overwritten"""

    exit_code = EXIT_USAGE
    next_step = NextStep("choose another name, or name a folder: the backup gets a new name in it")


class NotABackup(SchemaError):
    """there is no backup at this path"""

    exit_code = EXIT_USAGE
    next_step = NextStep("give a file made by {}, pg_dump --format=custom or sqlite3 .dump", NextCommand("backup"))


class WrongBackup(SchemaError):
    """the backup is of the other database engine; nothing was touched"""

    exit_code = EXIT_USAGE
    next_step = NextStep("give the URL of a database of that engine: {}", NextCommand("restore", "{backup}", url="URL"))


class BackupDamaged(SchemaError):
    """the backup has changed since it was made; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("use another backup; to trust this file all the same, move its manifest away")


class TargetNotEmpty(SchemaError):
    """the database is not empty, and would be replaced; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = NextStep("to replace it, and keep a copy of its contents, repeat with {}", NextCommand("", force=True))


class RestoreFailed(SchemaError):
    """the backup could not be restored; the database is as it was"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("fix the reported problem (for a missing role: CREATE ROLE name), then repeat")


class ProgramMissing(SchemaError):
    """a client program of PostgreSQL is not installed"""

    exit_code = EXIT_USAGE
    unlisted = ("server",)
    next_step = NextStep(
        "install the client of PostgreSQL {server} or newer: apt install postgresql-client-{server}\n"
        "if it is already installed, name its folder: CTS_PG_BIN=FOLDER"
    )


class ProgramTooOld(SchemaError):
    """a client program of PostgreSQL is older than the server"""

    exit_code = EXIT_USAGE
    next_step = NextStep(
        "install the client of PostgreSQL {server} or newer: apt install postgresql-client-{server}\n"
        "if it is already installed, name its folder: CTS_PG_BIN=FOLDER"
    )
