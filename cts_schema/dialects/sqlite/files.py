"""Paths of SQLite files, and what is there."""

import errno
import os
import stat
from pathlib import Path

from sqlalchemy import URL


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL; None for a database in memory, a `file:` URI, and PostgreSQL.

    SQLAlchemy opens ``link/../cts.db`` as ``cts.db``, wherever the link leads to.
    """
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(os.path.normpath(name) if ".." in Path(name).parts else name)


def is_folder(path: Path) -> bool | None:
    """Whether there is a folder at the path; None when the system does not let this user look."""
    try:
        return path.is_dir()
    except OSError:
        return None


def is_ordinary(path: Path) -> bool | None:
    """Whether what is at the path is an ordinary file; None when nothing is there, or nobody lets this user look."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return False if error.errno == errno.ELOOP else None
