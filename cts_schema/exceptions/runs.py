"""Errors of a run: of its revisions, its lock, its ledger, its data."""

# ruff: noqa: N818 - an error is named after what happened: `DiskFull`, not `DiskFullError`

from cts_schema.exceptions.error import (
    EXIT_DATABASE,
    EXIT_DECISION,
    EXIT_FAULT,
    EXIT_FINDINGS,
    EXIT_INTERRUPTED,
    EXIT_LOCK,
    EXIT_USAGE,
    SchemaError,
)
from cts_schema.exceptions.next_step import NextCommand, NextStep


class UnknownRevision(SchemaError):
    """there is no such revision"""

    exit_code = EXIT_USAGE
    next_step = NextStep("choose one of: {}", NextCommand("history"))


class CannotCarry(SchemaError):
    """a change of the models cannot be written as a revision; no file was written"""

    exit_code = EXIT_USAGE
    next_step = NextStep("write the revision by hand; docs/revisions.md has the operations")


class BrokenModels(SchemaError):
    """the models cannot be loaded; nothing was compared or written"""

    exit_code = EXIT_USAGE
    next_step = NextStep("correct the models, then repeat")


class BrokenRevision(SchemaError):
    """a revision cannot be loaded; nothing was done"""

    exit_code = EXIT_USAGE
    next_step = NextStep("correct the revision, then repeat")


class NeedsTheTable(SchemaError):
    """a script for SQLite cannot do this, because it cannot read the table; no script was written"""

    exit_code = EXIT_USAGE
    next_step = NextStep("run it on the database itself: {}", NextCommand("upgrade"))


class LockTimeout(SchemaError):
    """another migration held the lock for too long"""

    exit_code = EXIT_LOCK
    next_step = NextStep("wait until it has ended, then repeat; to see how far it came: {}", NextCommand("status"))


class DataWouldBeDropped(SchemaError):
    """a downgrade would drop what is listed, and needs a yes; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = NextStep(
        "to go on: {}\nthe tables cts_kept_<revision>_<table> preserve what it drops, and an upgrade restores it",
        NextCommand("downgrade", "{revision}", yes=True),
    )


class StillNeeded(SchemaError):
    """unmanaged objects depend on what would be dropped; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = NextStep(
        "keep the definition of what is listed, drop it, repeat; create it again after the next upgrade"
    )


class DatabaseNewer(SchemaError):
    """the database is newer than this package"""

    exit_code = EXIT_DATABASE
    unlisted = ("known",)
    next_step = NextStep(
        "install the version that made it, or roll back with that version: {}", NextCommand("downgrade", "{known}")
    )


class NotAtHead(SchemaError):
    """the database did not reach head in time"""

    exit_code = EXIT_FINDINGS
    next_step = NextStep(
        "see whether another program migrates it: {}; to migrate it yourself: {}",
        NextCommand("status"),
        NextCommand("upgrade"),
    )


class FalseVersion(SchemaError):
    """the version table names a revision that the database has never been at; nothing was touched"""

    exit_code = EXIT_DATABASE
    unlisted = ("table",)
    next_step = NextStep(
        "if tables were dropped: {}; to create them again, empty: {}\n"
        "if the old application made the database, and something else stamped it: DROP TABLE {table!n}, then\n"
        "{}, which adopts it",
        NextCommand("restore", "BACKUP"),
        NextCommand("repair", "missing-table"),
        NextCommand("upgrade"),
    )


class LedgerNotWritten(SchemaError):
    """the database skipped a row that records what is applied, and reported no error; everything was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("find out what keeps the database from writing these rows, then repeat")


class ForeignRevision(SchemaError):
    """the version table belongs to another application"""

    exit_code = EXIT_DATABASE
    next_step = NextStep(
        "give this package a version table of its own: {}", NextCommand("upgrade", version_table="cts_alembic_version")
    )


class SeveralHeads(SchemaError):
    """the version table has more than one current revision"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("find out which one is correct, then: alembic stamp --purge REVISION")


class RevisionFailed(SchemaError):
    """a revision failed; its whole transaction was rolled back"""

    exit_code = EXIT_FAULT
    next_step = NextStep(
        "to see the current revision: {};\nto see where the error comes from: {}",
        NextCommand("status"),
        NextCommand("upgrade", debug=True),
    )


class RevisionIncomplete(SchemaError):
    """a revision does not say yet what existing rows get; it was not run"""

    exit_code = EXIT_DECISION
    unlisted = ("file",)
    next_step = NextStep(
        "in {file} write the value in place of ddl.TO_COMPLETE: a plain value, or SQL of the row such as\n"
        'sa.text("connection_id"); then repeat'
    )


class NotDeclared(SchemaError):
    """a revision changes the schema in a way that the declared state cannot follow"""

    exit_code = EXIT_FAULT
    next_step = NextStep(
        "use an operation of ddl; or let ddl.execute_declared say what the SQL changes:\n"
        'ddl.execute_declared("ALTER TABLE ...", declares=lambda: op.add_column("orders", sa.Column("n", sa.Text())))'
    )


class RowsRefused(RevisionFailed):
    """rows have values that a new CHECK refuses; it was not added"""

    exit_code = EXIT_DECISION
    unlisted = ("code",)
    next_step = NextStep(
        "change these rows, then repeat; or let a revision that is not released yet do it, before this:\n{code}"
    )


class NameTaken(RevisionFailed):
    """something of yours has the name of a table that an upgrade makes or restores; everything was rolled back"""

    exit_code = EXIT_DATABASE
    unlisted = ("rename",)
    next_step = NextStep(
        "keep it under another name, then repeat the upgrade: {rename}\n"
        "its rows can be copied into the table of the package afterwards"
    )


class ForeignKeyViolations(SchemaError):
    """rows would have lost the row that they refer to; everything was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("correct or delete these rows, then repeat: {}", NextCommand("upgrade"))


class RepairFailed(SchemaError):
    """a repair failed; what it had not committed was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = NextStep(
        "see the planned steps: {}; to repair all but this: {}",
        NextCommand("repair", plan=True),
        NextCommand("repair", "CODE..."),
    )


class NotInProduction(SchemaError):
    """sample data does not belong in a production database; nothing was done"""

    exit_code = EXIT_USAGE
    next_step = NextStep(
        "seed another environment, or only what every installation needs: {}", NextCommand("seed", "production")
    )


class RowsOfOthers(SchemaError):
    """the database has rows of your own, and sample rows would look like real ones; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = NextStep("seed a separate database: {}", NextCommand("seed", "{data_set}", url="URL"))


class Interrupted(SchemaError):
    """interrupted; what was not committed was rolled back"""

    exit_code = EXIT_INTERRUPTED
    next_step = NextStep("to see the current revision: {}", NextCommand("status"))
