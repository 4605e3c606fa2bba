"""``backup``: a copy of a whole database in one file, with a manifest beside it.

    made = backup(url)             # backups/cts-20261123T101500.db, or .dump of PostgreSQL
    restore(made.path, url)

The file is complete, verified and on the disk before it gets its name; only users who may read the database may read
it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.database.engines import migration_engine
from cts_schema.database.handle import Database
from cts_schema.database.urls import prepare_folder
from cts_schema.dialects.errors import translate_errors
from cts_schema.dialects.sqlite.files import sqlite_file
from cts_schema.exceptions import NextCommand, NextStep, WrongUsage, mask_url
from cts_schema.maintenance import files, postgresql, sqlite


@dataclass(frozen=True)
class Backup:
    """The result of a backup.

    Attributes:
        database: the URL, with credentials masked.
        path: the file.
        manifest: the path of its manifest.
        revision: the revision of the database, None if it has none.
        tables: the number of its tables.
        rows: the number of their rows.
        bytes: the size of the file.
        sha256: its checksum.
        duration_ms: how long it took, in milliseconds.
    """

    database: str
    path: str
    manifest: str
    revision: str | None
    tables: int
    rows: int
    bytes: int
    sha256: str
    duration_ms: float


def backup(database: Database, path: str | os.PathLike[str] | None = None) -> Backup:
    """Copy a database into a file, while others read and write it."""
    began = time.perf_counter()
    url = database.url
    if dialects.of(url).in_a_file:
        file = file_of(url)
        place = files.place_for(path, files.folder_beside(file), file.stem, ".db")
        files.require_free(files.manifest_of(place))
        with translate_errors(url):
            made = sqlite.back_up(file, place, database.options)
    else:
        place = files.place_for(path, Path("backups"), url.database or "postgres", ".dump")
        files.require_free(files.manifest_of(place))
        engine = migration_engine(url.set(drivername="postgresql+psycopg"))
        with translate_errors(url), engine.connect() as connection:
            made = postgresql.back_up(connection, database, place)
    return Backup(
        database=database.name,
        path=str(place),
        manifest=str(files.manifest_of(place)),
        revision=made.revision,
        tables=len(made.rows),
        rows=sum(made.rows.values()),
        bytes=place.stat().st_size,
        sha256=made.sha256,
        duration_ms=(time.perf_counter() - began) * 1000,
    )


def file_of(url: sa.URL) -> Path:
    """Return the file of an existing SQLite database.

    Raises:
        WrongUsage: the database has no file.
        MissingFolder: its folder does not exist.
    """
    file = sqlite_file(url)
    if file is None:
        raise WrongUsage(
            cause="the database is not in a file", database=mask_url(url), next_step="write its URL as sqlite:///PATH"
        )
    prepare_folder(url)
    if not file.is_file():
        raise WrongUsage(
            cause="there is no SQLite file with this name",
            database=mask_url(url),
            next_step=NextStep("correct the URL; to make a new database: {}", NextCommand("upgrade")),
        )
    return file.resolve()
