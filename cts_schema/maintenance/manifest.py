"""The manifest: a small file beside a backup that describes it, without secrets and addresses."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from cts_schema import __version__
from cts_schema.exceptions import BackupDamaged
from cts_schema.maintenance import files

_LARGEST = 1 << 26  # bytes; a hundred thousand tables need a tenth of it


@dataclass(frozen=True)
class Manifest:
    """The contents of a backup.

    Attributes:
        database: ``sqlite`` or ``postgresql``.
        server_version: the version of the server, or of the SQLite library.
        schema: the only PostgreSQL schema in it; None means the whole database.
        revision: the revision of the database, None if it has none.
        rows: the number of rows by table; names of PostgreSQL as SQL, ``schema.table``.
        sha256: the checksum of the backup.
        created_at: its time, in UTC.
        package_version: the version of this package.
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
    """Return the manifest of a new backup."""
    created_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return Manifest(database, server_version, schema, revision, rows, files.sha256(backup), created_at, __version__)


def remove(backup: Path) -> None:
    """Remove a backup, and its manifest."""
    backup.unlink(missing_ok=True)
    files.manifest_of(backup).unlink(missing_ok=True)


def write(backup: Path, manifest: Manifest, mode: int) -> None:
    """Write the manifest of a backup with these permissions; an error removes both.

    It never exists without its backup, because it would block the next one with that name.
    """
    try:
        with files.written(files.manifest_of(backup), mode) as unfinished:
            unfinished.write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")
    except BaseException:
        backup.unlink(missing_ok=True)
        raise


def read(backup: Path) -> Manifest | None:
    """Return the manifest of a backup, None if it has none.

    Raises:
        BackupDamaged: it cannot be read, or no backup has written it.
    """
    place = files.manifest_of(backup)
    if not os.path.lexists(place):
        return None
    try:
        if not place.is_file():  # a pipe would block
            raise ValueError("it is not an ordinary file")
        if place.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reported = getattr(error, "strerror", None) or str(error)
        raise BackupDamaged(
            cause="the manifest beside the backup cannot be read", manifest=place, reported=reported
        ) from error
    if not isinstance(found, dict):
        raise BackupDamaged(cause="the file beside the backup is not a manifest", manifest=place)
    wrong = [field.name for field in fields(Manifest) if not _is_sound(field.name, found.get(field.name, ...))]
    if wrong:
        raise BackupDamaged(
            cause="the manifest beside the backup is incomplete, or has values of the wrong type",
            manifest=place,
            wrong=", ".join(wrong),
        )
    return Manifest(**{field.name: found[field.name] for field in fields(Manifest)})


def _is_sound(name: str, value: object) -> bool:
    """Return whether `write` may have written a value."""
    if name == "rows":
        return isinstance(value, dict) and all(
            _is_text(table) and type(number) is int and number >= 0 for table, number in value.items()
        )
    if name in ("schema", "revision") and value is None:
        return True
    if not _is_text(value):
        return False
    if name == "database":
        return value in ("sqlite", "postgresql")
    return name != "sha256" or re.fullmatch("[0-9a-f]{64}", str(value)) is not None


def _is_text(value: object) -> bool:
    """Return whether a database accepts a value as text: it refuses a lone surrogate or a NUL."""
    return isinstance(value, str) and "\0" not in value and not re.search("[\ud800-\udfff]", value)
