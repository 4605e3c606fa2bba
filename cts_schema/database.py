"""Which database is meant, and engines that treat it well.

`resolve_url` reads the options and the environment; `create_engine` and `create_async_engine` make the engine
that an application should use; `migration_engine` makes the one a migration runs on. Errors of the drivers are
raised as errors of this package, see `translate_errors`. Nothing is connected to before the first use.
"""

import os
import re
import shlex
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, NullPool, event, make_url
from sqlalchemy.exc import ArgumentError

from cts_schema.ddl.text import quote
from cts_schema.driver_errors import classify as classify
from cts_schema.driver_errors import is_folder, sqlite_file
from cts_schema.driver_errors import translate_errors as translate_errors
from cts_schema.exceptions import DatabaseUnusable, MissingFolder, UnknownScheme, WrongUrl, WrongUsage
from cts_schema.exceptions import mask_url as mask_url
from cts_schema.pinned import START_UP, pinned
from cts_schema.row_values import hide_row_values
from cts_schema.untrusted import distrust_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

DEFAULT_URL = "sqlite:///data/cts.db"
_URL_VARIABLES = ("DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL")
_BACKENDS = {"sqlite": "sqlite", "sqlite3": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}
_OLDEST_SQLITE = (3, 35)  # the first with DROP COLUMN and RETURNING

_CONNECT_TIMEOUT = 10  # seconds; the drivers' own defaults wait for minutes on a host that does not answer
_BUSY_TIMEOUT = 30  # seconds to wait for another writer of the file, instead of failing at once
_LIBPQ = {"psycopg", "psycopg_async", "psycopg2"}
# Parameters of asyncpg and its dialect that libpq does not know and would refuse.
_ONLY_ASYNCPG = re.compile(r"command_timeout|prepared_statement_.*|statement_cache_size|max_cache.*")


def resolve_url(
    url: str | URL | None = None, *, configured: str | None = None, environ: Mapping[str, str] | None = None
) -> URL:
    """The database that is meant: the first of these that is given.

    `url`, DATABASE_URL, POSTGRES_URL, REMOTE_POSTGRES_URL, SQLITE_DB_PATH, `configured`, DEFAULT_URL. A blank
    variable counts as absent. DATABASE_TYPE=sqlite skips PostgreSQL in the three URL variables.

    Args:
        url: given explicitly; nothing in the environment overrides it.
        configured: from the configuration file.
        environ: instead of the environment of the process.

    Raises:
        WrongUrl: what was found is not a URL.
        UnknownScheme: it is neither SQLite nor PostgreSQL.
        WrongUsage: DATABASE_TYPE is not known, or contradicts what was found.
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
    """The URL with the driver this package uses: `postgres://` and `postgresql://` mean psycopg.

    Args:
        url: special characters in user and password are percent-encoded, as RFC 3986 has it.
        source: where it was given, for the text of an error.

    Raises:
        WrongUrl: it is not a URL; the text of the error shows no password.
        UnknownScheme: it is neither SQLite nor PostgreSQL.
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
            raise WrongUrl(url=shown, given_by=source) from None  # the original may repeat a part of the password
        _require_text(url, source)
    backend, _, driver = url.drivername.partition("+")
    if backend not in ("sqlite", "postgres", "postgresql"):
        raise UnknownScheme(url=shown, given_by=source)
    if backend == "sqlite":
        if url.host or url.username:
            path = "PATH" if url.username else f"{url.host}/{url.database}"
            step = f"write three slashes before a relative path, four before an absolute one: sqlite:///{path}"
            raise WrongUrl(url=shown, given_by=source, next_step=step)
        return url
    if url.host and "@" in url.host:
        step = "write @ in the password as %40, : as %3A, / as %2F, ? as %3F and % as %25"
        raise WrongUrl(cause="the password in the database URL holds an @", url=shown, given_by=source, next_step=step)
    return url.set(drivername=f"postgresql+{driver or 'psycopg'}")


def _require_text(url: URL, source: str) -> None:
    """Refuse what is no text: at a NUL libpq would stop reading, and connect to a database of the shorter name."""
    text = "".join(filter(None, (url.username, url.host, url.database)))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongUrl(cause="the database URL holds bytes that are not UTF-8", given_by=source) from None
    if "\0" in text:
        raise WrongUrl(cause="the database URL holds a NUL", given_by=source)


def sync_url(url: URL) -> URL:
    """The same database through a driver that is not asynchronous; parameters of asyncpg become those of libpq."""
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
    """The same database through a driver that is asynchronous. psycopg stays: it is both."""
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url.set(drivername="sqlite+aiosqlite")
    if url.drivername == "postgresql+psycopg2":
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+asyncpg":
        return url.set(query={"ssl" if name == "sslmode" else name: value for name, value in url.query.items()})
    return url


def prepare_folder(url: URL) -> URL:
    """Create the folder of the default database; any other SQLite file must have its folder already. Returns the URL.

    A mistyped path is more likely than a wish for new folders, so only the place we chose ourselves is made.

    Raises:
        MissingFolder: it does not exist, or cannot be created.
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


def look_only(url: URL) -> URL:
    """The database to be looked at: the same, or an empty one in memory instead of a file that is not there.

    SQLite would create the file, which nobody expects of a look.

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
    """Whether there is something at the path, or may be: a symbolic link whose target is missing is nothing yet."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # SQLite will tell what it is
    return True


def check_sqlite_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Refuse a SQLite library without DROP COLUMN and RETURNING.

    Raises:
        DatabaseUnusable: the library is older than 3.35.
    """
    if version < _OLDEST_SQLITE:
        library, needed = (".".join(map(str, parts)) for parts in (version, _OLDEST_SQLITE))
        step = "use a newer Python or system: python -c 'import sqlite3; print(sqlite3.sqlite_version)'"
        raise DatabaseUnusable(cause="the SQLite library is too old", library=library, needed=needed, next_step=step)


def create_engine(url: str | URL | None = None, *, schema: str | None = None, **kw: Any) -> Engine:
    """The engine an application should use.

    Args:
        url: the database; by default that of the environment, see `resolve_url`.
        schema: the PostgreSQL schema that holds the tables, instead of the search path of the user.
        kw: arguments of `sqlalchemy.create_engine`; they come before the settings made here.

    Raises:
        WrongUrl, UnknownScheme, WrongUsage: the URL, or `schema` with SQLite.
        MissingFolder, DatabaseUnusable: the place of the SQLite file, the SQLite library.
        DriverMissing: the driver is not installed.
    """
    target = sync_url(resolve_url(url))
    with translate_errors(target):
        engine = sqlalchemy.create_engine(target, **_settings(target, schema, kw))
    return _with_sqlite_transactions(hide_row_values(pinned(engine)), kw)


def create_async_engine(url: str | URL | None = None, *, schema: str | None = None, **kw: Any) -> "AsyncEngine":
    """The same as `create_engine` for asyncio: aiosqlite for SQLite, psycopg or asyncpg for PostgreSQL."""
    target = async_url(resolve_url(url))
    with translate_errors(target):
        from sqlalchemy.ext import asyncio  # needs greenlet, which a synchronous installation has not

        engine = asyncio.create_async_engine(target, **_settings(target, schema, kw))
    _with_sqlite_transactions(hide_row_values(pinned(engine.sync_engine)), kw)
    return engine


def migration_engine(url: URL, *, wait: float = _BUSY_TIMEOUT) -> Engine:
    """The engine for a migration run: one connection, closed after use, and no settings beyond the connection's.

    Foreign keys and transactions on SQLite are left to the migration, which needs them its own way. Raises the
    errors of `create_engine`.

    Args:
        url: the database.
        wait: seconds to wait for another program that has a SQLite file locked.
    """
    target = sync_url(normalize(url))
    connect_args = _connect_args(target, None, {})
    if target.get_backend_name() == "sqlite":
        connect_args["timeout"] = wait
    if target.get_driver_name() == "psycopg":
        connect_args["prepare_threshold"] = None  # behind a proxy another client may have prepared one of that name
    with translate_errors(target):
        # A connection that is used once needs no pool.
        engine = sqlalchemy.create_engine(
            target, poolclass=NullPool, hide_parameters=True, connect_args=connect_args, **_no_hstore(target)
        )
    return distrust_engine(hide_row_values(pinned(engine)))


def _no_hstore(url: URL) -> dict[str, Any]:
    """To look for hstore, SQLAlchemy would call what the search path finds, with the power of the role."""
    return {"use_native_hstore": False} if url.get_driver_name() in _LIBPQ else {}


def _settings(url: URL, schema: str | None, kw: dict[str, Any]) -> dict[str, Any]:
    # Bound values may be the keys of an exchange account: they belong in no log line and no error.
    settings: dict[str, Any] = {"hide_parameters": True} | _no_hstore(url)
    if url.get_backend_name() == "postgresql":
        settings |= {
            "pool_pre_ping": True,  # a restarted server or a proxy leaves dead connections in the pool
            "pool_recycle": 1800,  # seconds; firewalls and proxies forget idle connections, often after an hour
        }
        if not {"poolclass", "pool"} & kw.keys():  # not every pool takes these
            settings |= {
                "pool_size": 5,  # a server has about 100 connections for all its clients together
                "max_overflow": 10,  # for bursts; closed again afterwards
                "pool_timeout": 10,  # seconds; then an error, instead of requests that pile up
            }
    return settings | kw | {"connect_args": _connect_args(url, schema, dict(kw.get("connect_args") or {}))}


def _connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        if schema is not None:
            step = "leave the schema out, or use a PostgreSQL URL"
            raise WrongUsage(cause="SQLite has no schemas", database=mask_url(url), schema=schema, next_step=step)
        check_sqlite_version()
        prepare_folder(url)
        ours: dict[str, Any] = {"timeout": _BUSY_TIMEOUT}
    else:
        ours = _postgres_connect_args(url, schema, given)
    # What the URL or the caller says comes first; a parameter given here would override that of the URL.
    merged = {name: value for name, value in ours.items() if name not in url.query} | given
    if options := _libpq_options(url, schema, given):
        merged["options"] = options
    if url.get_driver_name() in _LIBPQ:
        merged["client_encoding"] = "utf8"  # before the first text, which says the version
    return merged


def _postgres_connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    driver = url.get_driver_name()
    if driver == "asyncpg":
        server = {"application_name": "cts"} | ({"search_path": quote(schema)} if schema else {})
        given["server_settings"] = server | given.get("server_settings", {}) | START_UP
        return {"timeout": _CONNECT_TIMEOUT}
    if driver not in _LIBPQ:
        step = "leave the driver out of the URL: postgresql://..."
        raise UnknownScheme(cause="this package does not know the driver", database=mask_url(url), next_step=step)
    return {
        "connect_timeout": _CONNECT_TIMEOUT,
        "application_name": "cts",  # who holds a lock is then readable in pg_stat_activity
        # A peer that vanished without a word is noticed after a minute, not after the system's two hours.
        "keepalives": 1,
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 10,  # seconds
        "keepalives_count": 3,
    }


def _libpq_options(url: URL, schema: str | None, given: dict[str, Any]) -> str | None:
    """The start-up options with the search path added to those of the URL and the caller."""
    if schema is None or url.get_driver_name() not in _LIBPQ:
        return None
    # This schema alone: with "public" behind it, a table of another application could be taken for ours.
    path = re.sub(r"([\\\s])", r"\\\1", quote(schema))
    in_url = url.query.get("options") or ()
    others = (in_url,) if isinstance(in_url, str) else in_url
    return " ".join(filter(None, [*others, given.get("options"), f"-csearch_path={path}"]))


def _with_sqlite_transactions(engine: Engine, kw: dict[str, Any]) -> Engine:
    """Give every connection of a SQLite engine foreign keys and transactions that deserve the name.

    The journal mode stays as the file has it: it is a property of the file that outlives the connection and that
    other programs share, and processes that start together would race to change it.
    """
    if engine.dialect.name != "sqlite":
        return engine

    def connect(connection: Any, _record: object) -> None:
        # The sqlite3 module begins a transaction before INSERT but not before DDL, SELECT or SAVEPOINT, so a failed
        # migration would leave tables behind. None switches that off, for the event below to do it properly.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")  # off by default, and for each connection anew
        cursor.close()

    def begin(connection: Connection) -> None:
        level = connection.get_execution_options().get("isolation_level") or kw.get("isolation_level")
        if level != "AUTOCOMMIT":  # asked for by VACUUM and the like, which refuse a transaction
            connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine
