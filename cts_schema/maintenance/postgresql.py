"""Backs up a PostgreSQL database with pg_dump, without what an earlier restore moved aside."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cts_schema.database.handle import Database
from cts_schema.database.options import Options
from cts_schema.ddl.text import quote, run
from cts_schema.dialects.postgresql.lock import behind_proxy
from cts_schema.dialects.postgresql.owner import as_owner, has_power
from cts_schema.dialects.postgresql.settings import settings
from cts_schema.exceptions import BackupFailed, DatabaseLocked, DiskFull, ProxyBetween, ReadOnlyDatabase, mask_url
from cts_schema.maintenance import files, manifest, programs
from cts_schema.maintenance.manifest import Manifest

ASIDE = "cts_replaced_"
"""The prefix of schemas with contents that a restore has replaced."""

RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                      AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
"""
"""Tables, views and sequences that neither a column nor an extension owns; needs the search path pg_catalog."""

_GONE = ("42P01", "3F000", "0A000")  # undefined table or schema; a view instead of a table

# Only a table can be sampled. A view would run code of others with the rights of the caller.
_WHOLE = "TABLESAMPLE pg_catalog.system (100)"

_TABLE = sa.text(
    """
    SELECT c.oid::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_class c
     WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(CAST(:table AS pg_catalog.text))::pg_catalog.oid
       AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog."char"[])
    """
)

_COUNTED = rf"""
SELECT format('%I.%I', nspname, r.relname) AS name,
       CASE WHEN c.relrowsecurity AND c.relforcerowsecurity OR NOT has_schema_privilege(c.relowner, nspname, 'USAGE')
                 OR NOT has_table_privilege(c.relowner, c.oid, 'SELECT') THEN NULL
            ELSE pg_get_userbyid(c.relowner) END AS reader,
       (SELECT quote_ident(a.attname) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         ORDER BY a.attlen < 0, a.attnum LIMIT 1) AS column
  FROM ({RELATIONS}) r JOIN pg_class c ON c.oid = r.oid
 WHERE r.relkind = 'r' AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
   AND nspname NOT LIKE 'cts\_replaced\_%' AND (CAST(:schema AS text) IS NULL OR nspname = :schema)
 ORDER BY 1
"""  # noqa: S608  names are quoted
"""Tables, the owner that may read each, if any, and the column that is read fastest."""


def back_up(connection: sa.Connection, database: Database, backup: Path) -> Manifest:
    """Dump a database in the custom format, and return the manifest of the same snapshot.

    Args:
        connection: to the database, not in a transaction.
        database: the same database, for the program; with a schema it dumps only that, with None the whole database.
        backup: the file, which does not exist yet.

    Raises:
        ProxyBetween: a proxy is in front of the server.
        ProgramMissing, ProgramTooOld: pg_dump is missing or too old.
        DatabaseLocked: a table was locked for too long.
        DiskFull: the disk is full.
        BackupFailed: it failed, and left nothing behind.
    """
    require_direct(connection)
    url, schema = database.url, database.schema
    major = server_version(connection)[0]
    dump = programs.program("pg_dump", major)
    with files.written(backup, 0o600) as unfinished:
        with _snapshot(connection, database.options) as snapshot:
            by_owner = has_power(connection)
            with as_owner(connection, database.options, reading=True) if by_owner else nullcontext():
                revision = revision_of(connection, database.version_table, schema)
            connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")  # no planted objects
            tables = connection.execute(sa.text(_COUNTED), {"schema": schema}).all()
            try:
                rows = {table.name: _count(connection, table, by_owner=by_owner) for table in tables}
            except sa.exc.ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) not in _GONE:
                    raise
                raise BackupFailed(
                    cause="a table was dropped or moved while it was counted; the backup was removed",
                    database=mask_url(url),
                    next_step="repeat it",
                ) from error
            what = f"--exclude-schema={ASIDE}*" if schema is None else f"--schema={quote(schema)}"
            # Not to its output, where a truncated dump would go unnoticed, because it appends its table of contents
            # twice.
            done = subprocess.run(
                [
                    *(dump, "--format=custom", "--no-password", f"--snapshot={snapshot}", what),
                    *(f"--lock-wait-timeout={database.options.milliseconds}", f"--dbname={programs.conninfo(url)}"),
                    f"--file={unfinished}",
                ],
                capture_output=True,
                env=programs.environment(url),
                check=False,
            )
        if done.returncode != 0:
            output = done.stderr.decode(errors="replace")
            raise_known(output, url, backup)
            raise BackupFailed(
                database=mask_url(url),
                program=dump,
                reported=programs.error_line(output),
                next_step="fix the reported problem, then repeat",
            )
        made = manifest.now(
            unfinished,
            database="postgresql",
            server_version=".".join(map(str, server_version(connection))),
            revision=revision,
            rows=rows,
            schema=schema,
        )
    manifest.write(backup, made, 0o600)
    return made


def require_direct(connection: sa.Connection) -> None:
    """Check that the programs of PostgreSQL get their own sessions: otherwise their settings would leak.

    Raises:
        ProxyBetween: a proxy, which may pool transactions, is in front of the server.
    """
    if behind_proxy(connection):
        raise ProxyBetween(database=mask_url(connection.engine.url))


def server_version(connection: sa.Connection) -> tuple[int, ...]:
    """Return the version of the server."""
    version = connection.dialect.server_version_info or ()
    return tuple(map(int, version))


def revision_of(connection: sa.Connection, version: str, schema: str | None) -> str | None:
    """Return the revision of a database; it looks up only a table in the search path."""
    table = quote(version) if schema is None else f"{quote(schema)}.{quote(version)}"
    there = connection.execute(_TABLE, {"table": table}).scalar()
    if there is None:
        return None
    found = run(connection, f"SELECT version_num FROM {there} {_WHOLE}").scalar()  # noqa: S608  names are quoted
    return None if found is None else str(found)


@contextmanager
def _snapshot(connection: sa.Connection, options: Options) -> Iterator[str]:
    """Work in a snapshot, and yield its name, for a program to use the same snapshot."""
    connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        connection.exec_driver_sql("SET LOCAL row_security = off")  # a hidden row must be an error, not a loss
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {options.milliseconds}")
        yield connection.exec_driver_sql("SELECT pg_catalog.pg_export_snapshot()").scalar_one()


def raise_known(output: str, url: sa.URL, backup: Path) -> None:
    """Raise the error of ours that explains the output of a program, if there is one.

    Raises:
        DatabaseLocked: it waited too long.
        ReadOnlyDatabase: it may not write.
        DiskFull: the disk is full.
    """
    if "lock timeout" in output:
        raise DatabaseLocked(
            cause="another session has locked a table",
            database=mask_url(url),
            reported=programs.error_line(output),
            next_step="end it or wait for it, then repeat; to see it: SELECT pid, state, query FROM pg_stat_activity",
        )
    if "in a read-only transaction" in output:
        raise ReadOnlyDatabase(
            database=mask_url(url),
            reported=programs.error_line(output),
            next_step="point the URL to the primary server",
        )
    if "No space left on device" in output:
        raise DiskFull(database=mask_url(url), reported=programs.error_line(output), folder=backup.parent)


def _count(connection: sa.Connection, table: sa.Row[Any], *, by_owner: bool) -> int:
    """Return the number of rows of a table, without inherited tables.

    To plan a query PostgreSQL calls functions of indexes. So a superuser counts as the owner of the table;
    if that role may not read it, COPY counts the rows, which needs no plan.
    """
    if by_owner and table.reader is None:
        columns = f"({table.column})" if table.column else ""
        with connection.connection.cursor().copy(f"COPY {table.name} {columns} TO STDOUT".encode()) as rows:
            return sum(1 for _ in rows)
    with settings(connection, {"role": table.reader} if by_owner else {}):
        return int(run(connection, f"SELECT count(*) FROM ONLY {table.name} {_WHOLE}").scalar_one())  # noqa: S608  names are quoted
