"""Restores a backup to a PostgreSQL database in one transaction, all or nothing.

It moves the old contents to schemas named ``cts_replaced_*``, so it loses nothing that is
committed before the move. No program gets the script: it sends each statement to the server
separately, so that no statement can hide another one.
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
    """Restore a backup to a database.

    Args:
        database: the database; with a schema the backup has only that schema, with None it may also have ``public``.
        backup: an archive of pg_dump, or a script.
        found: its kind.
        expected: its manifest.
        force: whether to replace the contents of the database.
        owner: the role to restore as, if the role of the URL is a superuser and the backup is not trusted.

    Returns:
        The place of the old contents; None if there were none.

    Raises:
        NotABackup, BackupDamaged: it cannot be restored; nothing has changed.
        RestoreFailed: it failed; nothing has changed.
        TargetNotEmpty: the database is not empty, and ``force`` is false.
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
            # Legacy tables that an adoption has kept belong to the old contents: the next adoption would refuse them.
            made += [held for held in map(legacy_schema_of, made) if held not in made]
            replaced = _existing(connection, made)
            connection.rollback()
            if replaced and not force:
                raise TargetNotEmpty(database=database.name, there=_some(replaced))
            # Settings of the script stay in a separate session, whose driver passes COPY data unchanged.
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
    """Return the schemas that a backup creates, and the lines of its script."""
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


def _existing(connection: sa.Connection, schemas: Sequence[str]) -> list[str]:
    """Return the tables, views and sequences of schemas."""
    with setting(connection, "search_path", "pg_catalog"):  # no planted objects
        found = connection.exec_driver_sql(RELATIONS).all()
    return sorted(f"{schema}.{name}" for schema, name, *_ in found if schema in schemas)


def _failure(error: psycopg.Error | DBAPIError, url: sa.URL, backup: Path, line: int | None) -> SchemaError:
    known = classify(error, url)
    if isinstance(known, DatabaseLocked | DatabaseUnreachable | DiskFull | ReadOnlyDatabase):
        return known
    reported = first_line(error.orig if isinstance(error, DBAPIError) else error)
    new = "restore it into a new, empty database: a restore can move only tables, types and functions aside"
    taken = "already exists" in reported or "duplicate key" in reported
    return RestoreFailed(
        backup=backup, line=line, database=mask_url(url), reported=reported, next_step=new if taken else None
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
