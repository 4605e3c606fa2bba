"""A backup brought into a PostgreSQL database in one transaction: it becomes what the backup has, or stays as it is.

What would be replaced is moved aside, into schemas named ``cts_replaced_*``. So nothing is lost that anybody has
committed, up to the moment that it moves. No program is given the script: each of its statements is sent to the server
by itself, so that none can hide another one.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.database.engines import migration_engine
from cts_schema.database.handle import Database
from cts_schema.ddl.naming import legacy_schema_of
from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.errors import classify, translate_errors
from cts_schema.dialects.postgresql.lock import advisory_lock, search_path, setting
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseUnreachable,
    DiskFull,
    ReadOnlyDatabase,
    RestoreFailed,
    SchemaError,
    TargetNotEmpty,
    first_line,
    mask_url,
)
from cts_schema.maintenance import archive, programs, script
from cts_schema.maintenance.contents import Contents
from cts_schema.maintenance.manifest import Manifest
from cts_schema.maintenance.postgresql import RELATIONS, require_direct, server_version
from cts_schema.maintenance.restoring import Restoring


def into_postgresql(
    database: Database,
    backup: Path,
    found: Contents,
    expected: Manifest | None,
    *,
    force: bool,
    owner: str | None = None,
) -> str | None:
    """Bring a backup into a database.

    Args:
        database: the database; its schema alone is in the backup, None means that it may have something in ``public``.
        backup: an archive of pg_dump, or a script.
        found: which of them it is.
        expected: its manifest.
        force: whether what is there may be replaced.
        owner: the role that brings it in, where the one of the URL is a superuser and distrusts the backup.

    Returns:
        Where that is what was replaced; None where there was nothing.

    Raises:
        NotABackup, BackupDamaged: it is not what can be restored; all is as it was.
        RestoreFailed: it failed; all is as it was.
        TargetNotEmpty: something is there, and ``force`` was not said.
    """
    url, schema = database.url, database.schema
    engine = migration_engine(url)
    with translate_errors(url), engine.connect() as connection:
        require_direct(connection)
        schemas, source = _script_of(backup, found, server_version(connection)[0])
        there = schema is not None and _is_there(connection, schema)
        connection.rollback()
        with search_path(connection, schema if there else None), advisory_lock(connection, Deadline(database.wait)):
            made = [*schemas, *(["public"] if schema is None and "public" not in schemas else [])]
            # Old tables that an adoption has kept belong to what is replaced: the next one would refuse them.
            made += [held for held in map(legacy_schema_of, made) if held not in made]
            replaced = _taken(connection, made)
            connection.rollback()
            if replaced and not force:
                raise TargetNotEmpty(database=database.name, there=_some(replaced))
            # What the script sets stays in a session of its own, whose driver takes COPY data as they are.
            own = migration_engine(url.set(drivername="postgresql+psycopg"))
            with closing(source), own.connect() as session:
                restoring = Restoring(session, backup, owner)
                try:
                    aside = restoring.move_aside(made, database.options, whole_public="public" in schemas)
                    restoring.run(source, of_pg_restore=found.kind == "custom")
                    if expected is not None:
                        restoring.verify(expected, database.version_table, schema)
                    session.commit()
                except (psycopg.Error, DBAPIError) as error:
                    raise _failure(error, url, backup, restoring.line) from error
        return f"schema {aside}" if replaced else None


def _script_of(backup: Path, found: Contents, server: int) -> tuple[list[str], Generator[bytes]]:
    """Return the schemas that a backup makes, and the lines of its script."""
    if found.kind == "custom":
        pg_restore = programs.program("pg_restore", server)
        return archive.schemas_of(backup, pg_restore), archive.script_of(backup, pg_restore)
    with closing(_lines_of(backup)) as lines:
        return script.schemas_of(lines, backup), _lines_of(backup)


def _lines_of(file: Path) -> Generator[bytes]:
    with file.open("rb") as stream:
        yield from stream


def _is_there(connection: sa.Connection, schema: str) -> bool:
    query = sa.text("SELECT pg_catalog.to_regnamespace(pg_catalog.quote_ident(CAST(:name AS pg_catalog.text)))")
    return connection.execute(query, {"name": schema}).scalar() is not None


def _taken(connection: sa.Connection, schemas: Sequence[str]) -> list[str]:
    """Return the tables, views and sequences that are in some schemas."""
    with setting(connection, "search_path", "pg_catalog"):  # and nothing that somebody has planted
        found = connection.exec_driver_sql(RELATIONS).all()
    return sorted(f"{schema}.{name}" for schema, name, *_ in found if schema in schemas)


def _failure(error: psycopg.Error | DBAPIError, url: sa.URL, backup: Path, line: int | None) -> SchemaError:
    known = classify(error, url)
    if isinstance(known, DatabaseLocked | DatabaseUnreachable | DiskFull | ReadOnlyDatabase):
        return known
    reported = first_line(error.orig if isinstance(error, DBAPIError) else error)
    new = "restore it into a new, empty database: what is outside of tables, types and functions cannot be moved aside"
    taken = "already exists" in reported or "duplicate key" in reported
    return RestoreFailed(
        backup=backup, line=line, database=mask_url(url), reported=reported, next_step=new if taken else None
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
