"""The small file beside a backup that says what is in it. No secret is in there, and no address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cts_schema import __version__
from cts_schema.exceptions import BackupDamaged
from cts_schema.maintenance import files


@dataclass(frozen=True)
class Manifest:
    """What is in a backup.

    Attributes:
        database: ``sqlite`` or ``postgresql``.
        server_version: of the server, or of the library SQLite.
        schema: the PostgreSQL schema that alone is in it; None means the whole database.
        revision: of the database, None where it has none.
        rows: how many, by table; names of PostgreSQL as SQL writes them, ``schema.table``.
        sha256: the checksum of the backup.
        created_at: when it was made, in UTC.
        package_version: of the package that made it.
    """

    database: str
    server_version: str
    schema: str | None
    revision: str | None
    rows: Mapping[str, int]
    sha256: str
    created_at: str
    package_version: str


def now(
    backup: Path,
    *,
    database: str,
    server_version: str,
    revision: str | None,
    rows: Mapping[str, int],
    schema: str | None,
) -> Manifest:
    """Return the manifest of a backup that was made now."""
    created_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return Manifest(database, server_version, schema, revision, rows, files.sha256(backup), created_at, __version__)


def beside(backup: Path) -> Path:
    """Return where the manifest of a backup is."""
    return backup.with_name(f"{backup.name}.json")


def remove(backup: Path) -> None:
    """Remove a backup, and its manifest."""
    backup.unlink(missing_ok=True)
    beside(backup).unlink(missing_ok=True)


def write(backup: Path, manifest: Manifest, mode: int) -> None:
    """Write the manifest of a backup, with these permissions."""
    with files.written(beside(backup), mode) as unfinished:
        unfinished.write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")


def read(backup: Path) -> Manifest | None:
    """Return the manifest of a backup, None where it has none.

    Raises:
        BackupDamaged: there is one that cannot be read.
    """
    told = _told(backup)
    if told is None:
        return None
    names = [field.name for field in fields(Manifest)]
    if not all(name in told for name in names) or not isinstance(told["rows"], dict):
        raise BackupDamaged(cause="the manifest beside the backup is not complete", manifest=beside(backup))
    return Manifest(**{name: told[name] for name in names})


def _told(backup: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(beside(backup).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BackupDamaged(
            cause="the manifest beside the backup cannot be read", manifest=beside(backup), reported=str(error)
        ) from error
    if not isinstance(told, dict):
        raise BackupDamaged(cause="the manifest beside the backup cannot be read", manifest=beside(backup))
    return told
