"""``restore``: brings a database back from a backup, all or nothing.

It keeps the old contents: on SQLite as a copy in ``backups``, on PostgreSQL in schemas ``cts_replaced_*``.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cts_schema import dialects
from cts_schema.database.handle import Database
from cts_schema.exceptions import BackupDamaged, WrongBackup
from cts_schema.maintenance import contents, files, manifest
from cts_schema.maintenance.contents import Contents
from cts_schema.maintenance.into_postgresql import into_postgresql
from cts_schema.maintenance.into_sqlite import into_sqlite
from cts_schema.maintenance.manifest import Manifest
from cts_schema.migration.run import status

_OF_A_LOG = (
    "the file was copied from a database with a write-ahead log: what was only in its -wal is not in the copy; "
    "cts-schema backup copies both"
)


@dataclass(frozen=True)
class Restored:
    """The result of a restore.

    Attributes:
        database: the URL, with credentials masked.
        path: the backup.
        contents: its kind: ``sqlite``, ``custom`` (of pg_dump), or ``sql``.
        revision: the revision of the database now, None if it has none.
        unadopted: whether it is a legacy database, which an upgrade adopts.
        tables: the number of tables compared with the manifest; None without a manifest.
        rows: the number of their rows.
        kept: the place of the old contents; None if there were none.
        note: what the backup may lack; None if nothing is known.
        duration_ms: how long it took, in milliseconds.
    """

    database: str
    path: str
    contents: str
    revision: str | None
    unadopted: bool
    tables: int | None
    rows: int | None
    kept: str | None
    note: str | None
    duration_ms: float


def restore(database: Database, path: str | os.PathLike[str], *, force: bool) -> Restored:
    """Restore a database from a backup; ``force`` allows it to replace the contents, and it keeps a copy of them."""
    began = time.perf_counter()
    backup, dialect = Path(path), dialects.of(database.url)
    found = contents.recognize(backup)
    expected = manifest.read(backup)
    _require_same(backup, found, expected)
    database = replace(database, schema=database.schema or (expected.schema if expected else None))
    if found.database not in (None, dialect.name):
        raise WrongBackup(backup=backup, of=found.database, database=database.name)
    into = into_sqlite if dialect.in_a_file else into_postgresql
    kept = into(database, backup, found, expected, force=force)
    now = status(replace(database, target=database.url))
    return Restored(
        database=now.database,
        path=str(backup),
        contents=found.kind,
        revision=now.revision,
        unadopted=bool(now.unadopted),
        tables=None if expected is None else len(expected.rows),
        rows=None if expected is None else sum(expected.rows.values()),
        kept=kept,
        note=_OF_A_LOG if found.logged and expected is None else None,
        duration_ms=(time.perf_counter() - began) * 1000,
    )


def _require_same(backup: Path, found: Contents, expected: Manifest | None) -> None:
    if expected is None:
        return
    if found.database not in (None, expected.database):
        raise BackupDamaged(
            cause="the manifest beside the backup is of the other database engine", manifest=files.manifest_of(backup)
        )
    if files.sha256(backup) != expected.sha256:
        raise BackupDamaged(file=backup, manifest=files.manifest_of(backup))
