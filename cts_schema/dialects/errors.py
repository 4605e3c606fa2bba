"""Translates errors of the drivers into errors of this package.

`classify` recognizes errors of the environment: the server, the file, the disk, the credentials. A
mistake in the program (wrong SQL, a violated constraint) is not one of them, and passes through unchanged.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, StatementError

from cts_schema.dialects.kinds import Kind, make
from cts_schema.dialects.postgresql import errors as postgresql
from cts_schema.dialects.sqlite import errors as sqlite
from cts_schema.exceptions import (
    DiskFull,
    DriverMissing,
    SchemaError,
    UnknownScheme,
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


@contextmanager
def translate_errors(url: URL | str | None = None) -> Iterator[None]:
    """Within the block raise an error of a driver as the error of this package that explains it.

    Args:
        url: the database, for the text of the error, which never shows the password.

    Raises:
        SchemaError: a translated error, see `classify`. Any other error passes through unchanged.
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
    """Return the error of this package that explains an error of SQLAlchemy or a driver; None if there is none.

    Args:
        error: an error of SQLAlchemy, psycopg, asyncpg, sqlite3 or the network.
        url: the database.
    """
    place = _place(url)
    database = place.get("database")
    text = str(error)
    if isinstance(error, NoSuchModuleError):
        return UnknownScheme(cause="SQLAlchemy does not know this driver", database=database, reported=text)
    if isinstance(error, ArgumentError):
        return WrongUrl(database=database) if "URL" in text else None
    if isinstance(error, TypeError):
        if "bytes-like object" in text and "host" in place:  # an engine without our settings, asking for the version
            return postgresql.sql_ascii(url)
        found = re.search(r"connect\(\) got an unexpected keyword argument ('.*')", text)
        return (
            WrongUrl(cause="the driver does not know this parameter", database=database, parameter=found[1])
            if found
            else None
        )
    if isinstance(error, ImportError):
        module = next((name for name in _PACKAGES if name == error.name or name in text), None)
        return DriverMissing(database=database, module=module, package=_PACKAGES[module]) if module else None
    original = error.orig if isinstance(error, StatementError) and error.orig else error
    if isinstance(original, OSError) and original.errno == errno.ENOSPC:
        return make(Kind(DiskFull), place, str(original))
    return sqlite.classify(original, place) or postgresql.classify(original, place)


def name_taken(error: BaseException) -> bool:
    """Return whether an error says that a name is already in use."""
    original = error.orig if isinstance(error, StatementError) and error.orig else error
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return state in postgresql.NAME_TAKEN if state else sqlite.NAME_TAKEN.search(str(original)) is not None


def _place(url: URL | str | None) -> dict[str, Any]:
    """Return the facts about a database: `database` is the masked URL, the others are for the next steps."""
    if url is None:
        return {}
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return {"database": mask_url(url)}
    place = (sqlite if parsed.get_backend_name() == "sqlite" else postgresql).place
    return {"database": mask_url(parsed), **place(parsed)}
