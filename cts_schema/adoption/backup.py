"""The copy of a SQLite file that is made before an adoption touches it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.text import run
from cts_schema.dialects.sqlite.files import sqlite_file
from cts_schema.maintenance import files


def file_of(connection: sa.Connection) -> Path | None:
    """Return the file of a SQLite database; None of one in memory, and of PostgreSQL."""
    if not dialects.of(connection).in_a_file:
        return None
    name = run(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'").scalar()
    return Path(name) if name else None


def next_name(file: Path) -> Path:
    """Return the name of a backup made now."""
    return files.next_name(files.folder_beside(file), file.stem, ".db")


def may_be_adopted(connection: sa.Connection, version_table: str) -> bool:
    """Tell whether what is committed in a SQLite file has our version table, or cannot be read."""
    file = sqlite_file(connection.engine.url)  # not by the connection, which may be broken
    if file is None:
        return True
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=0)) as other:
            query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
            return bool(other.execute(query, (version_table,)).fetchone()[0])
    except sqlite3.Error:
        return True


def free_bytes(file: Path) -> int:
    """Return how much the disk of a database has left."""
    return shutil.disk_usage(file.parent).free
