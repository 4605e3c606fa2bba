"""``rehearse``: the upgrade that is due, on a copy, with what it would cost; the database itself is not touched.

A SQLite file is copied into a folder beside it, ``cts-rehearsal-*``, and a PostgreSQL database into another one of the
server, ``cts_rehearsal_*``. Both are removed at the end; a process that is killed leaves them, and they may be deleted.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.database.engines import migration_engine
from cts_schema.database.options import VERSION_TABLE, Options, orphans_of
from cts_schema.ddl import text
from cts_schema.driver_errors import translate_errors
from cts_schema.exceptions import NotPermitted, SchemaError, as_sql, mask_url
from cts_schema.maintenance import sqlite
from cts_schema.maintenance.backup import backup, file_of
from cts_schema.maintenance.postgresql import require_direct
from cts_schema.maintenance.restore import restore
from cts_schema.migration.command import Command, process_lock, quiet_config
from cts_schema.migration.report import Adopted, AppliedRevision
from cts_schema.migration.sync import Target, connected, run, url_of

if TYPE_CHECKING:
    from cts_schema.migration.terminal import Terminal

_OWN_PATH = sa.text(
    "SELECT substr(s, length('search_path=') + 1) FROM pg_db_role_setting, unnest(setconfig) s "
    "WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND setrole = 0 "
    "AND s LIKE 'search\\_path=%'"
)
_OWNER = sa.text(
    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = CAST(:name AS text) "
    "AND pg_has_role(datdba, 'USAGE') AND pg_has_role(datdba, 'MEMBER')"
)
_NOTHING_PLANTED = "SET search_path TO pg_catalog"
_IN_USE, _FORBIDDEN = "55006", "42501"


@dataclass(frozen=True)
class Rehearsal:
    """What an upgrade did to a copy.

    Attributes:
        database: the URL, with credentials masked.
        before: its revision, None where it has none.
        after: that of the copy in the end.
        applied: the steps, with the milliseconds that each took.
        adopted: what came in, where it is an old database.
        locks: the longest time in milliseconds that a table was locked against everybody, by its name. On SQLite it is
            the whole file, against writers only.
        bytes_before: the size of the copy.
        bytes_after: its size after the upgrade, a backup of an adoption included.
        differences: how the copy differs from the models in the end; empty where all is well.
        copy_ms: milliseconds that copying took.
        duration_ms: milliseconds that the upgrade took. About as long the real one will take.
    """

    database: str
    before: str | None
    after: str | None
    applied: tuple[AppliedRevision, ...]
    adopted: Adopted | None
    locks: dict[str, float]
    bytes_before: int
    bytes_after: int
    differences: tuple[str, ...]
    copy_ms: float
    duration_ms: float


def rehearse(
    target: Target = None,
    revision: str = "head",
    *,
    yes: bool = False,
    orphans: str = "quarantine",
    version_table: str = VERSION_TABLE,
    schema: str | None = None,
    wait: float = 60.0,
    terminal: Terminal | None = None,
) -> Rehearsal:
    """Upgrade a copy of a database, and say what it took. Others may use the database meanwhile.

    Args:
        target: the database: a URL, an Engine, a Connection, or None for what the environment says.
        revision: the revision to reach, ``head``, or ``+N``.
        yes: agree to the decisions of an adoption, as the real run would have to.
        orphans: what an adoption does with rows whose parent is gone.
        version_table: the table that holds the revision.
        schema: the PostgreSQL schema to work in.
        wait: seconds to wait for locks.
        terminal: prints each step.

    Raises:
        NotPermitted: the user may not create a database for the copy.
        SchemaError: what the real run would raise, or why there is no copy.
    """
    url = url_of(target)
    options = Options(version_table, schema, wait, yes=yes, orphans=orphans_of(orphans))
    options.require_fit(url)
    began = time.perf_counter()
    copied, measured = (
        (_sqlite_copy, _sqlite_locks) if url.get_backend_name() == "sqlite" else (_postgresql_copy, _table_locks)
    )
    with copied(url, options) as (copy, size):
        copy_ms = (time.perf_counter() - began) * 1000
        engine = migration_engine(copy, wait=wait)
        try:
            bytes_before = size()
            with measured(engine) as locks:
                report = run(engine, Command("upgrade", revision, options, terminal))
            at_head = revision == "head"
            return Rehearsal(
                database=mask_url(url),
                before=report.before,
                after=report.after,
                applied=report.applied,
                adopted=report.adopted,
                locks=locks,
                bytes_before=bytes_before,
                bytes_after=size(),
                differences=tuple(_differences(engine, options)) if at_head else (),
                copy_ms=copy_ms,
                duration_ms=report.duration_ms,
            )
        except SchemaError as error:
            error.place |= {"database": mask_url(url), "rehearsed on": "a copy; the database itself was not touched"}
            raise
        finally:
            engine.dispose()


@contextmanager
def _sqlite_copy(url: sa.URL, options: Options) -> Iterator[tuple[sa.URL, Callable[[], int]]]:
    file = file_of(url)
    try:
        folder = Path(tempfile.mkdtemp(prefix="cts-rehearsal-", dir=file.parent))
    except OSError as error:
        raise NotPermitted(
            cause="the copy cannot be written", folder=file.parent, reported=error.strerror, next_step="see who may"
        ) from error
    try:
        copy = folder / "copy.db"
        sqlite.back_up(file, copy, options.version_table, options.wait)
        yield (
            sa.URL.create("sqlite", database=str(copy)),
            lambda: sum(part.stat().st_size for part in folder.rglob("*.db")),
        )
    finally:
        shutil.rmtree(folder)


@contextmanager
def _sqlite_locks(engine: sa.Engine) -> Iterator[dict[str, float]]:
    began = time.perf_counter()
    locks: dict[str, float] = {}
    yield locks
    locks["the whole file"] = (time.perf_counter() - began) * 1000


@contextmanager
def _postgresql_copy(url: sa.URL, options: Options) -> Iterator[tuple[sa.URL, Callable[[], int]]]:
    with translate_errors(url), migration_engine(url).connect() as connection:
        require_direct(connection)
        connection.exec_driver_sql(_NOTHING_PLANTED)
        path = connection.execute(_OWN_PATH).scalar()
    copy = url.set(database=f"cts_rehearsal_{uuid.uuid4().hex[:12]}")
    with translate_errors(url), _elsewhere(url) as server:
        whole = _create(server, copy, url)
        try:
            if path is not None:  # no template brings it along, nor a dump
                # Bound, for the owner may have written a statement into it.
                server.execute(sa.text("SELECT pg_catalog.set_config('search_path', :path, false)"), {"path": path})
                server.exec_driver_sql(f"ALTER DATABASE {copy.database} SET search_path FROM CURRENT")
                server.exec_driver_sql(_NOTHING_PLANTED)
            if not whole:
                given: Any = {"version_table": options.version_table, "wait": options.wait}
                with tempfile.TemporaryDirectory(prefix="cts-rehearsal-") as folder:
                    restore(backup(url, Path(folder), **given).path, copy, **given)

            def size() -> int:
                query = sa.text("SELECT pg_database_size(:name)")
                return int(server.execute(query, {"name": copy.database}).scalar_one())

            yield copy, size
        finally:
            server.exec_driver_sql(f"DROP DATABASE IF EXISTS {copy.database} WITH (FORCE)")


@contextmanager
def _elsewhere(url: sa.URL) -> Iterator[sa.Connection]:
    """Connect to another database of the server: a session in the database itself keeps it from being a template."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(_autocommitting(url.set(database="postgres")))
        except DBAPIError:  # the user may not go there, or there is none; then it is copied by a dump
            connection = stack.enter_context(_autocommitting(url))
        yield connection


@contextmanager
def _autocommitting(url: sa.URL) -> Iterator[sa.Connection]:
    engine = migration_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_NOTHING_PLANTED)
            yield connection
    finally:
        engine.dispose()


def _create(server: sa.Connection, copy: sa.URL, url: sa.URL) -> bool:
    """Create the database of the copy; return whether it has everything, as nobody else was connected."""
    # So that whoever may create something in the database may do so in its copy.
    owner = server.execute(_OWNER, {"name": url.database}).scalar()
    owned = "" if owner is None else f" OWNER {text.quote(owner)}"
    for template in (f" TEMPLATE {text.quote(str(url.database))}", " TEMPLATE template0"):
        try:
            text.run(server, f"CREATE DATABASE {copy.database}{owned}{template}")
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if template.endswith("template0") and state == _FORBIDDEN:
                role = as_sql(str(url.username))
                raise NotPermitted(
                    cause="the user may not create a database for the copy",
                    database=mask_url(url),
                    next_step=f"as a superuser: ALTER ROLE {role} CREATEDB, for the time of the rehearsal",
                ) from error
            if template.endswith("template0") or state not in (_IN_USE, _FORBIDDEN):
                raise
        else:
            return not template.endswith("template0")
    raise AssertionError("neither a copy nor an error")


@contextmanager
def _table_locks(engine: sa.Engine) -> Iterator[dict[str, float]]:
    """Ask after each statement which tables are locked against everybody; those that the run makes are not seen."""
    locks: dict[str, float] = {}
    held: dict[str, float] = {}
    query = sa.text(
        "SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END "
        "FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.granted "
        "AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%'"
    )
    with _autocommitting(engine.url) as watcher:

        def look(*_: Any) -> None:
            now, there = time.perf_counter(), set(watcher.execute(query).scalars())
            for name in there:
                held.setdefault(name, now)
            for name in held.keys() - there:
                locks[name] = max(locks.get(name, 0.0), (now - held.pop(name)) * 1000)

        sa.event.listen(engine, "after_cursor_execute", look)
        try:
            yield locks
        finally:
            sa.event.remove(engine, "after_cursor_execute", look)
        look()


def _differences(engine: sa.Engine, options: Options) -> list[str]:
    """Return what ``alembic check`` finds, and what the ledger lacks."""
    from alembic import command
    from alembic.util.exc import AutogenerateDiffsDetected

    from cts_schema.migration.state import read_status

    with connected(engine, lambda url: url, options) as connection, process_lock(options.wait):
        found = [f"{one} is not in the ledger" for one in read_status(connection, options).missing_in_ledger]
        try:
            command.check(quiet_config(connection=connection, options=options))
        except AutogenerateDiffsDetected as error:
            found += [str(difference) for difference in error.diffs]
    return found
