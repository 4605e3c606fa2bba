"""The functions of the package. Each takes a database as it comes, and hands it on as a handle.

``target`` is a URL, an Engine, a Connection, or None for what the environment says, or else ``data/cts.db``. A
Connection in a transaction is used as it is: the caller commits or rolls back. The keyword arguments that all have are
``version_table``, ``schema`` and ``wait``: see :class:`cts_schema.database.handle.Settings`.

All raise SchemaError: a subclass says what is wrong, where, and what to do next; nothing is half done.
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
    """Make a database ready for the application: connect, bring the schema to head, report. For every start-up.

    At head it costs one query, a superuser some more, and does not import Alembic.

    Args:
        target: the database.
        deadline: seconds to go on trying to connect while the server cannot be reached.

    Returns:
        What was done; ``applied`` is empty when there was nothing to do.
    """
    from cts_schema.migration import run

    return run.initialize(Database(target, **settings), deadline)


def upgrade(
    target: Target = None, revision: str = "head", *, checkpoint: bool = True, **settings: Unpack[Settings]
) -> Report:
    """Bring a database up to ``revision``. A legacy database is adopted, where that needs no decision.

    In a transaction of the caller SQLite must have foreign keys off, for a rebuild of a table would delete the rows
    that refer to it.

    Args:
        target: the database.
        revision: the revision to reach, ``head``, or ``+N``.
        checkpoint: let a new database get its schema by a script; else it walks the line of revisions to the same.
    """
    from cts_schema.migration import run

    return run.upgrade(Database(target, **settings), revision, checkpoint=checkpoint)


def downgrade(target: Target, revision: str, *, yes: bool = True, **settings: Unpack[Settings]) -> Report:
    """Take a database down to ``revision``. Rows and values that would be dropped are kept, see docs/revisions.md.

    Args:
        target: the database.
        revision: the revision to reach, ``base``, or ``-N``.
        yes: agree to what is dropped; else any value that would be is an error, and nothing is done.

    Raises:
        DataWouldBeDropped: tables or columns with values in them would be, and ``yes`` is false.
    """
    from cts_schema.migration import run

    return run.downgrade(Database(target, **settings), revision, yes=yes)


def status(target: Target = None, **settings: Unpack[Settings]) -> Status:
    """Tell where a database stands: its revision, what is pending, what the ledger lacks. Writes nothing."""
    from cts_schema.migration import run

    return run.status(Database(target, **settings))


def wait_for_head(target: Target = None, *, timeout: float = 60.0, **settings: Unpack[Settings]) -> float:
    """Return once a database is at head. Alembic is not imported, nothing is written, and nothing waits in the server.

    Args:
        target: the database.
        timeout: seconds to go on asking; 0 asks once. One question waits for a lock no longer than that, whatever
            ``wait`` says.

    Returns:
        The seconds that it took.

    Raises:
        NotAtHead: the time is over; says where the database stands.
        DatabaseUnreachable, DatabaseMissing, DatabaseLocked: the time is over, and it could not be asked.
    """
    from cts_schema.migration import waiting

    return waiting.wait_for_head(Database(target, **settings), timeout)


def check(target: Target = None, *, deep: bool = False, **settings: Unpack[Settings]) -> Health:
    """Say what is wrong with a database. Nothing is written, and a hot standby will do.

    Where it is empty, of the old application, or not at head, that is found, and it is not compared with the models.

    Args:
        target: the database.
        deep: look at every row, however long that takes; else what is large is probed, and rows are estimated.
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
    """Mend what is wrong with a database, as far as that needs nobody's decision and loses nothing.

    Args:
        target: the database.
        codes: the codes of the findings to mend; all by default.
        plan: only say what would be done.
        orphans: what is done with rows whose parent is gone, or that cannot be without an unreadable value: nothing, or
            they go to ``adoption_leftovers``.
        deep: find by looking at every row, as ``check`` does; what is found is always mended as a whole.
        backup: a file or folder for a copy that is made before; False for none. By default a SQLite file is copied
            into ``backups`` beside it, and PostgreSQL is not: all that loses nothing is in one transaction.

    Raises:
        RepairFailed: a step did not do what it should. What was not committed is rolled back.
    """
    from cts_schema.health.repair import run

    database = Database(target, **settings)
    return run.repair(database, codes, plan=plan, orphans=orphans, deep=deep, backup=backup)


def seed(target: Target, name: str, *, rows: int | None = None, **settings: Unpack[Settings]) -> Seeded:
    """Put a data set into a database at head: ``production``, ``demo`` or ``test``; see docs/seeds.md.

    Each version is applied once, and recorded in ``system_settings``; a newer one adds what it has beyond. Rows that
    are there are never changed. All of it is one transaction, under the lock of a migration.

    Args:
        target: the database.
        name: the data set.
        rows: about how many rows ``demo`` is to have.

    Raises:
        NotInProduction: an example, where CTS_ENV says production.
        RowsOfOthers: an example, where somebody's own rows are.
        NotAtHead: the database has not the schema that the rows are for.
    """
    from cts_schema.seeds import apply

    return apply.seed(Database(target, **settings), name, rows=rows)


def plan_adoption(target: Target = None, *, orphans: str = "quarantine", **settings: Unpack[Settings]) -> Plan | None:
    """Say what an adoption would do; nothing is touched. With many rows it takes a while, for they are looked at.

    Args:
        target: the database.
        orphans: what is to become of rows whose parent is gone: ``quarantine`` or ``fail``.

    Returns:
        The plan, or None where there is nothing to adopt: the database is empty, or has a revision already.
    """
    from cts_schema.adoption import run

    return run.plan_adoption(Database(target, **settings), orphans_of(orphans))


def adopt(
    target: Target = None, *, yes: bool = False, orphans: str = "quarantine", **settings: Unpack[Settings]
) -> Report:
    """Bring a legacy database in, and on to head.

    Args:
        target: the database.
        yes: agree to the decisions that the plan names.
        orphans: rows whose parent is gone: ``quarantine`` keeps them in ``adoption_leftovers``, ``fail`` stops.

    Raises:
        DecisionNeeded: the plan has decisions, and ``yes`` was not said; nothing was touched.
    """
    from cts_schema.adoption import run

    return run.adopt(Database(target, **settings), yes=yes, orphans=orphans_of(orphans))


def undo_adoption(target: Target = None, *, discard_new: bool = False, **settings: Unpack[Settings]) -> str:
    """Bring the legacy database back as it was before its adoption, ledger included.

    Args:
        target: the database; of SQLite in no transaction, since the whole file is brought back.
        discard_new: whether what was written since the adoption may go.

    Returns:
        What was done, in a sentence.

    Raises:
        NoAdoption: there is nothing to undo.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said; nothing was touched.
    """
    from cts_schema.adoption import run

    return run.undo_adoption(Database(target, **settings), discard_new=discard_new)


def finalize_adoption(target: Target = None, **settings: Unpack[Settings]) -> tuple[str, ...]:
    """Drop the legacy tables that PostgreSQL has kept beside the new ones. There is no undo after it.

    Returns:
        What was dropped; nothing on SQLite, whose backup is a file like any other.

    Raises:
        StillInUse: something else depends on the old tables; nothing was dropped.
    """
    from cts_schema.adoption import run

    return run.finalize_adoption(Database(target, **settings))


def backup(target: Target = None, path: str | os.PathLike[str] | None = None, **settings: Unpack[Settings]) -> Backup:
    """Copy a database into a file. Others may go on reading and writing it meanwhile.

    It connects by itself, so it sees what is committed, whatever transaction the target is in.

    Args:
        target: the database.
        path: the file, or a folder in which it gets a name; by default ``backups`` beside the SQLite file, or in the
            working directory for PostgreSQL.
        settings: see above; a ``schema`` alone is copied, by default the whole database is.

    Raises:
        BackupPlaceTaken: there is something of this name; nothing is ever overwritten.
        BackupFailed: it could not be made. Nothing is left of it.
    """
    from cts_schema.maintenance import backup as copies

    return copies.backup(Database(target, **settings), path)


def restore(
    path: str | os.PathLike[str], target: Target = None, *, force: bool = False, **settings: Unpack[Settings]
) -> Restored:
    """Bring a database back from a backup. It connects by itself; a connection of the caller is best closed.

    Args:
        path: a file that ``backup`` has made, or one of pg_dump, of ``sqlite3 .dump``, or a copy of a SQLite file. What
            it is, its content tells.
        target: the database.
        force: whether what is in the database may be replaced. It is kept aside.
        settings: see above; a ``schema`` is the one that the backup is of, by default its manifest says so.

    Raises:
        TargetNotEmpty: something is in the database, and ``force`` was not said; nothing was touched.
        NotABackup, BackupDamaged, WrongBackup: the file is not what is needed; nothing was touched.
        RestoreFailed: the database is as it was.
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
    """Upgrade a copy of a database, and say what it took. Others may use the database meanwhile.

    Args:
        target: the database.
        revision: the revision to reach, ``head``, or ``+N``.
        yes: agree to the decisions of an adoption, as the real run would have to.
        orphans: what an adoption does with rows whose parent is gone.

    Raises:
        NotPermitted: the user may not create a database for the copy.
        SchemaError: another subclass is what the real run would raise, or says why there is no copy.
    """
    from cts_schema.maintenance import rehearsal

    return rehearsal.rehearse(Database(target, **settings), revision, yes=yes, orphans=orphans_of(orphans))
