"""Resolves the URL of the database from an argument, the environment or the configuration, and finds its file."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from cts_schema.dialects.sqlite.files import is_folder, sqlite_file
from cts_schema.exceptions import MissingFolder, UnknownScheme, WrongUrl, WrongUsage, mask_url

DEFAULT_URL = "sqlite:///data/cts.db"
_URL_VARIABLES = ("DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL")
_BACKENDS = {"sqlite": "sqlite", "sqlite3": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}
# Parameters of asyncpg and its dialect that libpq would refuse.
_ONLY_ASYNCPG = re.compile(r"command_timeout|prepared_statement_.*|statement_cache_size|max_cache.*")


def resolve_url(
    url: str | URL | None = None, *, configured: str | None = None, environ: Mapping[str, str] | None = None
) -> URL:
    """Return the URL of the database, the first of these that is set.

    `url`, DATABASE_URL, POSTGRES_URL, REMOTE_POSTGRES_URL, SQLITE_DB_PATH, `configured`, DEFAULT_URL. A blank
    variable counts as absent. DATABASE_TYPE=sqlite skips PostgreSQL in the three URL variables.

    Args:
        url: an explicit URL; nothing in the environment overrides it.
        configured: the URL in the configuration file.
        environ: replaces the environment of the process.

    Raises:
        WrongUrl: the text is not a URL.
        UnknownScheme: the URL is neither of SQLite nor of PostgreSQL.
        WrongUsage: DATABASE_TYPE is unknown, or contradicts the URL.
    """
    if url is not None:
        return normalize(url, source="url")
    variables = os.environ if environ is None else environ
    given_type = variables.get("DATABASE_TYPE", "").strip()
    backend = _BACKENDS.get(given_type.lower())
    if given_type and backend is None:
        step = "set DATABASE_TYPE to sqlite or postgresql, or unset it"
        cause = "DATABASE_TYPE is neither sqlite nor postgresql"
        raise WrongUsage(cause=cause, DATABASE_TYPE=given_type, next_step=step)
    found, source = _first_given(variables, configured, skip_postgres=backend == "sqlite")
    if backend not in (None, found.get_backend_name()):
        raise WrongUsage(
            cause="DATABASE_TYPE contradicts the database URL",
            DATABASE_TYPE=given_type,
            database=mask_url(found),
            given_by=source,
            next_step=f"unset DATABASE_TYPE, or set DATABASE_URL to a {backend} database",
        )
    return found


_OF_SQLITE = ("", "pysqlite", "aiosqlite")  # another one may be of an encrypted file, which nothing here could read


def _first_given(variables: Mapping[str, str], configured: str | None, *, skip_postgres: bool) -> tuple[URL, str]:
    for name in _URL_VARIABLES:
        value = variables.get(name, "").strip()
        if value and not (skip_postgres and value.lower().startswith("postgres")):
            return normalize(value, source=name), name
    path = variables.get("SQLITE_DB_PATH", "").strip()
    if "://" in path:
        step = "set DATABASE_URL to the URL instead, or SQLITE_DB_PATH to the path alone"
        cause = "SQLITE_DB_PATH is the path of a file, not a URL"
        raise WrongUrl(cause=cause, SQLITE_DB_PATH=mask_url(path), next_step=step)
    if path:
        return URL.create("sqlite", database=path), "SQLITE_DB_PATH"
    if configured and configured.strip():
        return normalize(configured, source="configuration"), "configuration"
    return make_url(DEFAULT_URL), "default"


def normalize(url: str | URL, *, source: str = "url") -> URL:
    """Return the URL with the driver of this package: `postgres://` and `postgresql://` mean psycopg.

    Args:
        url: special characters in user and password are percent-encoded (RFC 3986).
        source: where it comes from, for the text of an error.

    Raises:
        WrongUrl: it is not a URL; the text of the error shows no password.
        UnknownScheme: it is neither of SQLite nor of PostgreSQL.
    """
    if not isinstance(url, str):
        _require_text(url, source)
    shown = mask_url(url)
    if isinstance(url, str):
        scheme, separator, rest = url.strip().partition("://")
        if not separator:
            path = "PATH" if shown in ("", "***") else scheme
            raise WrongUrl(url=shown, given_by=source, next_step=f"for a file write sqlite:///{path}")
        try:
            url = make_url(f"{scheme.lower()}://{rest}")
        except (ArgumentError, ValueError):
            raise WrongUrl(url=shown, given_by=source) from None  # the original may contain a part of the password
        _require_text(url, source)
    backend, _, driver = url.drivername.partition("+")
    if backend not in ("sqlite", "postgres", "postgresql"):
        raise UnknownScheme(url=shown, given_by=source)
    if backend == "sqlite":
        if driver not in _OF_SQLITE:
            step = "leave the driver out of the URL: sqlite:///PATH"
            raise UnknownScheme(
                cause="this package does not know the driver", url=shown, given_by=source, next_step=step
            )
        if url.host or url.username:
            path = "PATH" if url.username else "/".join(filter(None, (url.host, url.database)))
            step = f"write three slashes before a relative path, four before an absolute one: sqlite:///{path}"
            raise WrongUrl(url=shown, given_by=source, next_step=step)
        return url
    if url.host and "@" in url.host:
        step = "write @ in the password as %40, : as %3A, / as %2F, ? as %3F and % as %25"
        raise WrongUrl(cause="the password in the database URL holds an @", url=shown, given_by=source, next_step=step)
    return url.set(drivername=f"postgresql+{driver or 'psycopg'}")


def _require_text(url: URL, source: str) -> None:
    """Refuse text with a NUL, where libpq would stop reading and connect to a database with the shorter name."""
    text = "".join(filter(None, (url.username, url.host, url.database)))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongUrl(cause="the database URL holds bytes that are not UTF-8", given_by=source) from None
    if "\0" in text:
        raise WrongUrl(cause="the database URL holds a NUL", given_by=source)


def sync_url(url: URL) -> URL:
    """Return the URL with a synchronous driver; parameters of asyncpg become those of libpq."""
    if url.drivername == "sqlite+aiosqlite":
        return url.set(drivername="sqlite")
    if url.drivername == "postgresql+psycopg_async":
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "postgresql+asyncpg":
        return url
    names = {"ssl": "sslmode", "timeout": "connect_timeout"}
    query = {names.get(name, name): value for name, value in url.query.items() if not _ONLY_ASYNCPG.fullmatch(name)}
    return url.set(drivername="postgresql+psycopg", query=query)


def async_url(url: URL) -> URL:
    """Return the URL with an asynchronous driver. psycopg stays, because it is both."""
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url.set(drivername="sqlite+aiosqlite")
    if url.drivername == "postgresql+psycopg2":
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+asyncpg":
        return url.set(query={"ssl" if name == "sslmode" else name: value for name, value in url.query.items()})
    return url


def prepare_folder(url: URL) -> URL:
    """Create the folder of the default database, and return the URL.

    The folder of any other SQLite file must exist, because its path may be mistyped.

    Raises:
        MissingFolder: the folder does not exist, or cannot be created.
    """
    file = sqlite_file(url)
    if file is None or is_folder(file.parent) is not False:
        return url
    facts: dict[str, Any] = {"database": mask_url(url), "folder": file.parent.absolute()}
    if file != Path(make_url(DEFAULT_URL).database or ""):
        raise MissingFolder(**facts, next_step=f"mkdir -p {shlex.quote(str(file.parent))}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)  # several processes may start at once
    except OSError as error:
        raise MissingFolder(cause="the folder data/ cannot be created", **facts, reported=error.strerror) from error
    return url


def reading_url(url: URL) -> URL:
    """Return the URL for reading: the same, or an empty database in memory instead of a missing file.

    SQLite would create the missing file.

    Raises:
        MissingFolder: the folder of the file does not exist, and the path was given.
    """
    file = sqlite_file(url)
    if file is None or is_folder(file.parent) is None or _is_there(file):
        return url
    if file != Path(make_url(DEFAULT_URL).database or ""):
        prepare_folder(url)
    return url.set(database=":memory:")


def _is_there(file: Path) -> bool:
    """Whether something exists, or may exist, at the path; a symbolic link to a missing target does not count."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # SQLite will report what it is
    return True
