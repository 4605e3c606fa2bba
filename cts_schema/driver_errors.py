"""What the drivers report, said as an error of this package.

`classify` knows the errors that come from the environment: the server, the file, the disk, the credentials. A
mistake in the program (wrong SQL, a violated constraint) is not one of these and passes through unchanged.
"""

import errno
import re
import shlex
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, StatementError

from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnusable,
    DiskFull,
    DriverMissing,
    MissingFolder,
    NotADatabase,
    NotPermitted,
    ReadOnlyDatabase,
    RowsHidden,
    SchemaError,
    SchemaMissing,
    UnknownScheme,
    WrongCredentials,
    WrongUrl,
    mask_url,
)

# Longer names first: "psycopg" is also found in a message about psycopg2.
_PACKAGES = {
    "greenlet": "cts-schema[asyncio]",
    "aiosqlite": "cts-schema[asyncio]",
    "asyncpg": "cts-schema[asyncpg]",
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
}


def sql_ascii(url: object) -> DatabaseUnusable:
    """The error for a database in SQL_ASCII."""
    return DatabaseUnusable(
        cause="the database is in SQL_ASCII: it does not know which characters its bytes are",
        database=mask_url(url),
        next_step="load a dump of it into a database that does, saying what its bytes are:\n"
        "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0; pg_dump --encoding; psql",
    )


class _Kind(NamedTuple):
    error: type[SchemaError]
    cause: str | None = None
    next_step: str | None = None


_WAIT = "wait until it has ended, then repeat; to see it: SELECT pid, state, query FROM pg_stat_activity"
_ASK_OWNER = "repeat as the owner of what is reported, or have the owner grant what is missing"
_TO_PRIMARY = (
    "point the URL to the primary server; where it is that one, default_transaction_read_only is on for the role,\n"
    "the database or the server: ALTER ROLE name RESET default_transaction_read_only, or ALTER DATABASE likewise"
)
_NO_TEXT = _Kind(
    DatabaseUnusable,
    "a text in the SQLite file is not in UTF-8",
    "correct it with the program that wrote it; to see the names: SELECT hex(name), type FROM sqlite_master",
)
_LOST = _Kind(DatabaseUnreachable, "the server ended the connection, or takes none at present")
_SQLSTATES = {
    "08": _Kind(DatabaseUnreachable),
    "08P01": _Kind(DatabaseUnusable),  # a proxy that refuses a start-up parameter says this
    "25006": _Kind(ReadOnlyDatabase, None, _TO_PRIMARY),
    "28000": _Kind(WrongCredentials),
    "28P01": _Kind(WrongCredentials),
    "3D000": _Kind(DatabaseMissing),
    "3F000": _Kind(SchemaMissing),
    "40P01": _Kind(DatabaseLocked, "another session and this one waited for each other", _WAIT),
    "42501": _Kind(NotPermitted),
    "53": _Kind(DatabaseUnusable, "the server has run out of a resource"),
    "53100": _Kind(DiskFull),
    "55P03": _Kind(DatabaseLocked, "another session holds a lock that this step needs", _WAIT),
    "57014": _Kind(DatabaseUnusable, "the server cancelled the statement"),
    "57P": _LOST,
    "58": _Kind(DatabaseUnusable),
    "F0": _Kind(DatabaseUnusable),
    "XX": _Kind(DatabaseUnusable),
}

# libpq gives a failed connection no SQLSTATE, only text.
_CONNECTION_TEXTS = (
    (re.compile(r'FATAL:  database ".*" does not exist'), _Kind(DatabaseMissing)),
    (re.compile(r"authentication failed|no password supplied|pg_hba\.conf|FATAL:  role "), _Kind(WrongCredentials)),
    (re.compile(r"FATAL:  permission denied"), _Kind(NotPermitted)),
    (re.compile(r"FATAL:  the database system is"), _LOST),
    (re.compile(r"FATAL"), _Kind(DatabaseUnusable)),  # it answered, so it was reached
)

# Name and text of the result code; the name is absent where the error was made by hand or pickled.
_SQLITE = (
    ("SQLITE_BUSY", "database is locked", _Kind(DatabaseLocked)),
    ("SQLITE_LOCKED", "table is locked", _Kind(DatabaseLocked)),
    ("SQLITE_FULL", "database or disk is full", _Kind(DiskFull)),
    ("SQLITE_READONLY", "readonly database", _Kind(ReadOnlyDatabase)),
    ("SQLITE_NOTADB", "file is not a database", _Kind(NotADatabase)),
    ("SQLITE_CORRUPT", "malformed", _Kind(NotADatabase)),
    ("SQLITE_IOERR", "disk I/O error", _Kind(DatabaseUnusable)),
    ("SQLITE_PERM", "access permission denied", _Kind(ReadOnlyDatabase)),
)


@contextmanager
def translate_errors(url: URL | str | None = None) -> Iterator[None]:
    """Within this context an error of a driver is raised as the error of this package that explains it.

    Args:
        url: the database in question, for the text of the error; its password is never shown.

    Raises:
        SchemaError: from the driver's error, see `classify`. Any other error passes through unchanged.
    """
    try:
        yield
    except SchemaError:
        raise
    except Exception as error:
        known = classify(error, url)
        if known is None:
            raise
        raise known from error


def classify(error: BaseException, url: URL | str | None = None) -> SchemaError | None:
    """The error of this package that explains an error of SQLAlchemy or a driver; None when there is none.

    Args:
        error: what was raised by SQLAlchemy, psycopg, asyncpg, sqlite3, or the network underneath.
        url: the database in question.
    """
    place = _place(url)
    database = place.get("database")
    text = str(error)
    if isinstance(error, NoSuchModuleError):
        return UnknownScheme(cause="SQLAlchemy knows no such driver", database=database, reported=text)
    if isinstance(error, ArgumentError):
        return WrongUrl(database=database) if "URL" in text else None
    if isinstance(error, TypeError):
        if "bytes-like object" in text and "host" in place:  # an engine without our settings, asking for the version
            return sql_ascii(url)
        found = re.search(r"connect\(\) got an unexpected keyword argument ('.*')", text)
        return (
            WrongUrl(cause="the driver knows no such parameter", database=database, parameter=found[1])
            if found
            else None
        )
    if isinstance(error, ImportError):
        module = next((name for name in _PACKAGES if name == error.name or name in text), None)
        return DriverMissing(database=database, module=module, package=_PACKAGES[module]) if module else None
    original = error.orig if isinstance(error, StatementError) and error.orig else error
    if isinstance(original, sqlite3.Error):
        return _classify_sqlite(original, place)
    if isinstance(original, OSError):
        return _classify_os(original, place)
    if isinstance(original, UnicodeDecodeError) and "path" in place:  # of a message of SQLite
        return _make(_NO_TEXT, place, str(original))
    return _classify_postgres(original, place)


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL; None for a database in memory, a `file:` URI, and PostgreSQL."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


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


def _place(url: URL | str | None) -> dict[str, Any]:
    """The facts about the database: `database` is the masked URL, the others serve the next steps."""
    if url is None:
        return {}
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return {"database": mask_url(url)}
    place: dict[str, Any] = {"database": mask_url(parsed)}
    if parsed.get_backend_name() == "sqlite":
        return place | {"path": sqlite_file(parsed)}
    hosts = parsed.query.get("host", "localhost")
    return place | {
        "host": parsed.host or (hosts if isinstance(hosts, str) else hosts[0]),
        "port": parsed.port or 5432,
        "user": parsed.username,
        "name": parsed.database or parsed.username,
    }


def _make(kind: _Kind, place: dict[str, Any], reported: str) -> SchemaError:
    """The error, with those facts which it or its next step mentions."""
    path = place.get("path")
    if path is not None:
        place = place | {"file": shlex.quote(str(path)), "folder": shlex.quote(str(path.parent))}
    names = {"database", *kind.error.unlisted}
    facts = {name: fact for name, fact in place.items() if name in names}
    if kind.error is SchemaMissing:
        facts["schema"] = place.get("schema")
    return kind.error(cause=kind.cause, next_step=kind.next_step, **facts, reported=reported)


def _classify_sqlite(error: sqlite3.Error, place: dict[str, Any]) -> SchemaError | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    text = str(error)
    if name.startswith("SQLITE_CANTOPEN") or (not name and "unable to open database file" in text):
        return _cannot_open(place, text)
    if text.startswith("no such module: "):
        step = "use a SQLite that has the module, or drop the table with the program that made it"
        return _make(
            _Kind(DatabaseUnusable, "a virtual table needs a module that SQLite has not got", step), place, text
        )
    if text.startswith("Could not decode to UTF-8"):
        return _make(_NO_TEXT, place, ascii(text))
    path = place.get("path")
    if path is not None and name.startswith("SQLITE_IOERR") and is_ordinary(path) is False:
        return _cannot_open(place, text)
    for prefix, part, kind in _SQLITE:
        if name.startswith(prefix) or (not name and part in text):
            return _make(kind, place, text)
    return None


def _cannot_open(place: dict[str, Any], text: str) -> SchemaError:
    """SQLite has one message for everything that keeps it from opening a file: the path says which it was."""
    path = place.get("path")
    if path is None:
        return _make(_Kind(DatabaseUnusable), place, text)
    if is_folder(path.parent) is False:
        folder = shlex.quote(str(path.parent))
        return MissingFolder(database=place["database"], folder=path.parent, next_step=f"mkdir -p {folder}")
    if is_folder(path):
        step = f"point the URL to a file in it: sqlite:///{path}/cts.db"
        return _make(_Kind(DatabaseUnusable, "there is a folder where the SQLite file should be", step), place, text)
    if is_ordinary(path) is False:
        step = "point the URL to a file, or to a name that is free"
        return _make(_Kind(DatabaseUnusable, "there is no ordinary file at the path", step), place, text)
    return _make(_Kind(ReadOnlyDatabase, "this user may not open or create the SQLite file"), place, text)


def _classify_os(error: OSError, place: dict[str, Any]) -> SchemaError | None:
    if error.errno == errno.ENOSPC:
        return _make(_Kind(DiskFull), place, str(error))
    # An error with a file name comes from files, not from the network. Only drivers of PostgreSQL use the network.
    if "host" not in place or error.filename is not None:
        return None
    return _make(_Kind(DatabaseUnreachable), place, str(error) or "no answer in time")


def dependents(error: BaseException) -> str | None:
    """Return what PostgreSQL lists as dependent on something that was to be dropped; None for any other error."""
    original = error.orig if isinstance(error, StatementError) else error
    if getattr(original, "sqlstate", None) != "2BP01" and getattr(original, "pgcode", None) != "2BP01":
        return None
    for one in (original, getattr(original, "__cause__", None)):
        detail = getattr(getattr(one, "diag", None), "message_detail", None) or getattr(one, "detail", None)
        if isinstance(detail, str):
            return detail
    return str(original)


def _classify_postgres(error: BaseException, place: dict[str, Any]) -> SchemaError | None:
    text = str(error)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        kind = next((_SQLSTATES[state[:n]] for n in (5, 3, 2) if state[:n] in _SQLSTATES), None)
    elif not type(error).__module__.startswith("psycopg"):
        return None
    elif "invalid connection option" in text:
        kind = _Kind(WrongUrl, "the driver knows no such parameter")
    elif any(base.__name__ == "OperationalError" for base in type(error).__mro__):
        kind = next((kind for pattern, kind in _CONNECTION_TEXTS if pattern.search(text)), _Kind(DatabaseUnreachable))
    else:
        return None
    if kind is None:
        return None
    if kind.error is NotPermitted and "affected by row-level security" in text:
        kind = _Kind(RowsHidden, "row security hides rows from the role; what was not committed is undone")
    # Several attempts give several lines; the one of a server that answered says most.
    lines = text.strip().splitlines() or [type(error).__name__]
    reported = next((line for line in lines if "FATAL" in line), lines[0])
    named = re.search(r'schema "([^"]+)"|for schema (.+)', reported)
    if kind.error is NotPermitted and named is None:
        kind = kind._replace(next_step=_ASK_OWNER)
    return _make(kind, place | {"schema": named and (named[1] or named[2])}, reported)
