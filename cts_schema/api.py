"""The functions of the package. Each makes a database handle of its target.

``target`` is a URL, an Engine, a Connection, or None for the database that the environment names, or ``data/cts.db``. A
Connection in a transaction is used as it is: the caller commits or rolls back. All functions accept ``version_table``,
``schema`` and ``wait``: see :class:`cts_schema.database.handle.Settings`.

All raise subclasses of SchemaError, which say what is wrong, where, and what to do next. They leave nothing half done.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from cts_schema.database.handle import Database, Settings, Target
from cts_schema.database.options import orphans_of

if TYPE_CHECKING:
    from cts_schema.adoption.plan.plan import Plan
    from cts_schema.health.repair.report import OrphanPolicy, Repair
    from cts_schema.health.report import Health
    from cts_schema.maintenance.backup import Backup
    from cts_schema.maintenance.rehearsal import Rehearsal
    from cts_schema.maintenance.restore import Restored
    from cts_schema.migration.report import Report, Status
    from cts_schema.seeds.apply import Seeded


def initialize(target: Target = None, *, deadline: float = 30.0, **settings: Unpack[Settings]) -> Report:
    """Connect to a database and upgrade it to head. Call it at every start of an application.

    At head it costs one query (more for a superuser) and does not import Alembic.

    Args:
        target: the database.
        deadline: seconds to retry while the server cannot be reached.

    Returns:
        The report; ``applied`` is empty if there was nothing to do.
    """
    from cts_schema.migration import run

    return run.initialize(Database(target, **settings), deadline)


def upgrade(
    target: Target = None, revision: str = "head", *, checkpoint: bool = True, **settings: Unpack[Settings]
) -> Report:
    """Upgrade a database to ``revision``. Adopts a legacy database if that needs no decision.

    In a transaction of the caller SQLite must have foreign keys off: otherwise the rebuild of a table would delete the
    rows that refer to it.

    Args:
        target: the database.
        revision: the revision to reach, ``head``, or ``+N``.
        checkpoint: create the schema of a new database by a script; otherwise run each revision, with the same result.
    """
    from cts_schema.migration import run

    return run.upgrade(Database(target, **settings), revision, checkpoint=checkpoint)


def downgrade(target: Target, revision: str, *, yes: bool = True, **settings: Unpack[Settings]) -> Report:
    """Downgrade a database to ``revision``, and preserve the rows and values that it drops; see docs/revisions.md.

    Args:
        target: the database.
        revision: the revision to reach, ``base``, or ``-N``.
        yes: agree to drop values; otherwise it raises an error before it drops any.

    Raises:
        DataWouldBeDropped: it would drop tables or columns with values, and ``yes`` is false.
    """
    from cts_schema.migration import run

    return run.downgrade(Database(target, **settings), revision, yes=yes)


def status(target: Target = None, **settings: Unpack[Settings]) -> Status:
    """Return the current revision, what is pending, and what the ledger lacks. Writes nothing."""
    from cts_schema.migration import run

    return run.status(Database(target, **settings))


def wait_for_head(target: Target = None, *, timeout: float = 60.0, **settings: Unpack[Settings]) -> float:
    """Wait until a database is at head. It does not import Alembic, writes nothing, and holds no connection meanwhile.

    Args:
        target: the database.
        timeout: seconds to keep asking; 0 asks once. A query waits for a lock at most that long, whatever ``wait``
            says.

    Returns:
        The seconds that it took.

    Raises:
        NotAtHead: the time is over; has the status of the database.
        DatabaseUnreachable, DatabaseMissing, DatabaseLocked: the time is over, and the database did not respond.
    """
    from cts_schema.migration import waiting

    return waiting.wait_for_head(Database(target, **settings), timeout)


def check(target: Target = None, *, deep: bool = False, **settings: Unpack[Settings]) -> Health:
    """Return the findings of a database. Writes nothing, and works on a hot standby.

    An empty database, a legacy database and one below head are findings, and are not compared with the models.

    Args:
        target: the database.
        deep: read every row, however long that takes; otherwise sample large tables, and estimate row counts.
    """
    from cts_schema.health import check as health

    return health.check(Database(target, **settings), deep=deep)


def repair(
    target: Target = None,
    codes: Sequence[str] = (),
    *,
    plan: bool = False,
    orphans: OrphanPolicy = "leave",
    deep: bool = False,
    backup: str | os.PathLike[str] | bool | None = None,
    **settings: Unpack[Settings],
) -> Repair:
    """Repair the findings of a database that need no decision, without losing anything.

    Args:
        target: the database.
        codes: the codes of the findings to repair; all by default.
        plan: only return the plan.
        orphans: what to do with orphans, and with rows that require an unreadable value: leave them, or move them to
            ``adoption_leftovers``.
        deep: read every row to find problems, as ``check`` does; a repair always covers all rows.
        backup: a file or folder for a backup before the repair; False for none. The default copies a SQLite file to
            ``backups`` beside it, and makes no backup of PostgreSQL, where one transaction holds all changes of rows.

    Raises:
        RepairFailed: a step failed. What was not committed is rolled back.
    """
    from cts_schema.health.repair import run

    database = Database(target, **settings)
    return run.repair(database, codes, plan=plan, orphans=orphans, deep=deep, backup=backup)


def seed(target: Target, name: str, *, rows: int | None = None, **settings: Unpack[Settings]) -> Seeded:
    """Add a data set to a database at head: ``production``, ``demo`` or ``test``; see docs/seeds.md.

    It applies each version once, and records that in ``system_settings``; a newer version adds only what is new in it.
    It never changes existing rows. It is one transaction, with the lock of a migration.

    Args:
        target: the database.
        name: the data set.
        rows: about how many rows ``demo`` gets.

    Raises:
        NotInProduction: CTS_ENV is production, and this is sample data.
        RowsOfOthers: the database has rows of your own, and this is sample data.
        NotAtHead: the database is not at head.
    """
    from cts_schema.seeds import apply

    return apply.seed(Database(target, **settings), name, rows=rows)


def plan_adoption(target: Target = None, *, orphans: str = "quarantine", **settings: Unpack[Settings]) -> Plan | None:
    """Return what an adoption would do, and change nothing. It reads all rows, so it may take a while.

    Args:
        target: the database.
        orphans: what to do with orphans: ``quarantine`` or ``fail``.

    Returns:
        The plan, or None if there is nothing to adopt: the database is empty, or already has a revision.
    """
    from cts_schema.adoption import run

    return run.plan_adoption(Database(target, **settings), orphans_of(orphans))


def adopt(
    target: Target = None, *, yes: bool = False, orphans: str = "quarantine", **settings: Unpack[Settings]
) -> Report:
    """Adopt a legacy database, and upgrade it to head.

    Args:
        target: the database.
        yes: agree to the decisions of the plan.
        orphans: what to do with orphans: ``quarantine`` moves them to ``adoption_leftovers``, ``fail`` stops.

    Raises:
        DecisionNeeded: the plan has decisions, and ``yes`` is false; nothing was touched.
    """
    from cts_schema.adoption import run

    return run.adopt(Database(target, **settings), yes=yes, orphans=orphans_of(orphans))


def undo_adoption(target: Target = None, *, discard_new: bool = False, **settings: Unpack[Settings]) -> str:
    """Bring the legacy database back as it was before its adoption, ledger included.

    Args:
        target: the database; on SQLite not in a transaction, because the undo replaces the whole file.
        discard_new: discard what was written since the adoption.

    Returns:
        What was done, in a sentence.

    Raises:
        NoAdoption: there is nothing to undo.
        ChangedSince: the new tables have changed, and ``discard_new`` is false; nothing was touched.
    """
    from cts_schema.adoption import run

    return run.undo_adoption(Database(target, **settings), discard_new=discard_new)


def finalize_adoption(target: Target = None, **settings: Unpack[Settings]) -> tuple[str, ...]:
    """Drop the legacy tables that PostgreSQL has kept beside the new ones. No undo is possible afterwards.

    Returns:
        The dropped tables; none on SQLite, whose backup is an ordinary file.

    Raises:
        StillInUse: something else depends on the legacy tables; nothing was dropped.
    """
    from cts_schema.adoption import run

    return run.finalize_adoption(Database(target, **settings))


def backup(target: Target = None, path: str | os.PathLike[str] | None = None, **settings: Unpack[Settings]) -> Backup:
    """Copy a database into a file. Others may read and write it meanwhile.

    It opens its own connection, so it sees only what is committed.

    Args:
        target: the database.
        path: the file, or a folder in which the backup gets a name; by default ``backups`` beside the SQLite file, or
            in the working directory for PostgreSQL.
        settings: see above; with ``schema`` it copies only that schema, by default the whole database.

    Raises:
        BackupPlaceTaken: a file with this name exists; a backup never overwrites a file.
        BackupFailed: the backup failed, and left nothing behind.
    """
    from cts_schema.maintenance import backup as copies

    return copies.backup(Database(target, **settings), path)


def restore(
    path: str | os.PathLike[str], target: Target = None, *, force: bool = False, **settings: Unpack[Settings]
) -> Restored:
    """Restore a database from a backup. It opens its own connection; close a connection of yours first.

    Args:
        path: a file of ``backup``, of pg_dump or of ``sqlite3 .dump``, or a copy of a SQLite file. The content decides
            which.
        target: the database.
        force: replace the contents of the database, and keep a copy of them.
        settings: see above; ``schema`` is the schema of the backup, by default the one in its manifest.

    Raises:
        TargetNotEmpty: the database is not empty, and ``force`` is false; nothing was touched.
        NotABackup, BackupDamaged, WrongBackup: the file is not suitable; nothing was touched.
        RestoreFailed: the restore failed; the database is as it was.
    """
    from cts_schema.maintenance import restore as copies

    return copies.restore(Database(target, **settings), path, force=force)


def rehearse(
    target: Target = None,
    revision: str = "head",
    *,
    yes: bool = False,
    orphans: str = "quarantine",
    **settings: Unpack[Settings],
) -> Rehearsal:
    """Upgrade a copy of a database, and report times and locks. Others may use the database meanwhile.

    Args:
        target: the database.
        revision: the revision to reach, ``head``, or ``+N``.
        yes: agree to the decisions of an adoption, as the real run would have to.
        orphans: what an adoption does with orphans.

    Raises:
        NotPermitted: the user may not create a database for the copy.
        SchemaError: the real run would raise the same error, or the copy failed.
    """
    from cts_schema.maintenance import rehearsal

    return rehearsal.rehearse(Database(target, **settings), revision, yes=yes, orphans=orphans_of(orphans))
