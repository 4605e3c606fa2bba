"""Paths of SQLite files."""

import errno
import os
import stat
from pathlib import Path

from sqlalchemy import URL


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite URL; None for a database in memory, a `file:` URI, and PostgreSQL.

    SQLAlchemy opens ``link/../cts.db`` as ``cts.db``, wherever the link points.
    """
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(os.path.normpath(name) if ".." in Path(name).parts else name)


def is_folder(path: Path) -> bool | None:
    """Return whether the path is a folder; None if this user may not check it."""
    try:
        return path.is_dir()
    except OSError:
        return None


def is_ordinary(path: Path) -> bool | None:
    """Return whether the path is an ordinary file; None if it does not exist, or this user may not check it."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return False if error.errno == errno.ELOOP else None
