"""Translates errors of SQLite and its driver into errors of this package."""

import re
import shlex
import sqlite3
from typing import Any

from sqlalchemy import URL

from cts_schema.dialects.kinds import Kind, make
from cts_schema.dialects.sqlite.files import is_folder, is_ordinary, sqlite_file
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseUnusable,
    DiskFull,
    MissingFolder,
    NotADatabase,
    ReadOnlyDatabase,
    SchemaError,
)

_NO_TEXT = Kind(
    DatabaseUnusable,
    "a text in the SQLite file is not UTF-8",
    "correct it with the program that wrote it; to see the names: SELECT hex(name), type FROM sqlite_master",
)
NAME_TAKEN = re.compile(
    r"^(?:table|view|index|trigger) .* already exists|^there is already \w+ (?:table|index)", re.DOTALL
)

# Name and text of the result code; an error that was made by hand or pickled has no name.
_CODES = (
    ("SQLITE_BUSY", "database is locked", Kind(DatabaseLocked)),
    ("SQLITE_LOCKED", "table is locked", Kind(DatabaseLocked)),
    ("SQLITE_FULL", "database or disk is full", Kind(DiskFull)),
    ("SQLITE_READONLY", "readonly database", Kind(ReadOnlyDatabase)),
    ("SQLITE_NOTADB", "file is not a database", Kind(NotADatabase)),
    ("SQLITE_CORRUPT", "malformed", Kind(NotADatabase)),
    ("SQLITE_IOERR", "disk I/O error", Kind(DatabaseUnusable)),
    ("SQLITE_PERM", "access permission denied", Kind(ReadOnlyDatabase)),
)


def place(url: URL) -> dict[str, Any]:
    """Return the facts about a database for its errors."""
    return {"path": sqlite_file(url)}


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another program has locked the file."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file is not a database, or is damaged."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


def classify(error: BaseException, place: dict[str, Any]) -> SchemaError | None:
    """Return the error that explains an error of SQLite; None for any other."""
    if isinstance(error, UnicodeDecodeError) and "path" in place:  # of a message of SQLite
        return make(_NO_TEXT, place, str(error))
    return _classified(error, place) if isinstance(error, sqlite3.Error) else None


def _classified(error: sqlite3.Error, place: dict[str, Any]) -> SchemaError | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    text = str(error)
    if name.startswith("SQLITE_CANTOPEN") or (not name and "unable to open database file" in text):
        return _cannot_open(place, text)
    if text.startswith("no such module: "):
        step = "use a SQLite that has the module, or drop the table with the program that made it"
        return make(Kind(DatabaseUnusable, "a virtual table needs a module that this SQLite lacks", step), place, text)
    if text.startswith("Could not decode to UTF-8"):
        return make(_NO_TEXT, place, ascii(text))
    path = place.get("path")
    if path is not None and name.startswith("SQLITE_IOERR") and is_ordinary(path) is False:
        return _cannot_open(place, text)
    for prefix, part, kind in _CODES:
        if name.startswith(prefix) or (not name and part in text):
            return make(kind, place, text)
    return None


def _cannot_open(place: dict[str, Any], text: str) -> SchemaError:
    """Find out from the path why SQLite cannot open a file, for which it has one message only."""
    path = place.get("path")
    if path is None:
        return make(Kind(DatabaseUnusable), place, text)
    if is_folder(path.parent) is False:
        folder = shlex.quote(str(path.parent))
        return MissingFolder(database=place["database"], folder=path.parent, next_step=f"mkdir -p {folder}")
    if is_folder(path):
        step = f"point the URL to a file in it: sqlite:///{path}/cts.db"
        return make(Kind(DatabaseUnusable, "the path of the SQLite file is a folder", step), place, text)
    if is_ordinary(path) is False:
        step = "point the URL to a file, or to an unused name"
        return make(Kind(DatabaseUnusable, "the path is not an ordinary file", step), place, text)
    return make(Kind(ReadOnlyDatabase, "this user may not open or create the SQLite file"), place, text)
