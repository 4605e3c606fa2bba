"""Copies a PostgreSQL database to another database of the same server, for a rehearsal."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.database.engines import migration_engine
from cts_schema.database.handle import Database
from cts_schema.ddl import text
from cts_schema.dialects.errors import translate_errors
from cts_schema.dialects.postgresql.owner import has_power, role_of_a_run
from cts_schema.exceptions import NotPermitted, as_sql, mask_url
from cts_schema.maintenance import contents
from cts_schema.maintenance.backup import backup
from cts_schema.maintenance.into_postgresql import into_postgresql
from cts_schema.maintenance.postgresql import require_direct

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


@contextmanager
def postgresql_copy(database: Database) -> Iterator[tuple[sa.URL, Callable[[], int]]]:
    """Yield the URL of a copy and a function that returns its size; drop the copy at the end of the block.

    Raises:
        NotPermitted: the user may not create a database.
    """
    url = database.url
    with translate_errors(url), migration_engine(url).connect() as connection:
        require_direct(connection)
        owner = role_of_a_run(connection, database.options) if has_power(connection) else None
        connection.exec_driver_sql(_NOTHING_PLANTED)
        path = connection.execute(_OWN_PATH).scalar()
    copy = url.set(database=f"cts_rehearsal_{uuid.uuid4().hex[:12]}")
    with translate_errors(url), _elsewhere(url) as server:
        whole = _create(server, copy, url)
        try:
            if path is not None:  # neither a template nor a dump includes it
                # As a parameter, because the owner may have put a statement into it.
                server.execute(sa.text("SELECT pg_catalog.set_config('search_path', :path, false)"), {"path": path})
                server.exec_driver_sql(f"ALTER DATABASE {copy.database} SET search_path FROM CURRENT")
                server.exec_driver_sql(_NOTHING_PLANTED)
            if not whole:
                whole_database = replace(database, target=url, schema=None)
                with _owned_by(owner, copy, server), tempfile.TemporaryDirectory(prefix="cts-rehearsal-") as folder:
                    dump = Path(backup(whole_database, Path(folder)).path)
                    into = replace(whole_database, target=copy)
                    into_postgresql(into, dump, contents.recognize(dump), None, force=False, owner=owner)

            def size() -> int:
                query = sa.text("SELECT pg_database_size(:name)")
                return int(server.execute(query, {"name": copy.database}).scalar_one())

            yield copy, size
        finally:
            server.exec_driver_sql(f"DROP DATABASE IF EXISTS {copy.database} WITH (FORCE)")


@contextmanager
def _owned_by(owner: str | None, copy: sa.URL, server: sa.Connection) -> Iterator[None]:
    """Make a role the owner of the copy for the time of the block, so that it may create everything there."""
    if owner is None:
        yield
        return
    give = f"ALTER DATABASE {copy.database} OWNER TO {{}}"
    before = server.execute(_OWNER, {"name": copy.database}).scalar_one()
    text.run(server, give.format(text.quote(owner)))
    yield
    text.run(server, give.format(text.quote(before)))


@contextmanager
def _elsewhere(url: sa.URL) -> Iterator[sa.Connection]:
    """Connect to another database of the server: a session in the database itself prevents its use as a template."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(autocommitting(url.set(database="postgres")))
        except DBAPIError:  # the user may not connect there, or there is none; then a dump copies it
            connection = stack.enter_context(autocommitting(url))
        yield connection


@contextmanager
def autocommitting(url: sa.URL) -> Iterator[sa.Connection]:
    """Connect to a database in autocommit, for statements that cannot run in a transaction."""
    engine = migration_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_NOTHING_PLANTED)
            yield connection
    finally:
        engine.dispose()


def _create(server: sa.Connection, copy: sa.URL, url: sa.URL) -> bool:
    """Create the database of the copy; return whether it has all contents, because no one else was connected."""
    # The same owner, so that roles have the same privileges in the copy.
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
