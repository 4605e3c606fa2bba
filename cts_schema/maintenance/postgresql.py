"""A PostgreSQL database dumped by its own program. What a restore has once moved aside is not in a later dump."""

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
"""How the schemas begin that hold what a restore has replaced."""

RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                      AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
"""
"""Tables, views and sequences that neither a column nor an extension owns; for a search path of pg_catalog alone."""

_GONE = ("42P01", "3F000", "0A000")  # undefined table, schema; a view in the place of a table

# Only a table can be sampled. A view would run what somebody has written with the power of whoever makes the backup.
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
"""
"""Tables, the role that may read each as its owner, where there is one, and the column that is read most quickly."""


def back_up(connection: sa.Connection, database: Database, backup: Path) -> Manifest:
    """Dump a database in the custom format, and write the manifest: both are of one moment.

    Args:
        connection: to the database, in no transaction.
        database: the same database, for the program; its schema alone is dumped, None means the whole database.
        backup: the file, which does not exist yet.

    Raises:
        ProxyBetween: a proxy stands before the server.
        ProgramMissing, ProgramTooOld: of pg_dump.
        DatabaseLocked: a table was locked for too long.
        DiskFull: there is no room for it.
        BackupFailed: it failed. Nothing is left of it.
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
            connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")  # and nothing that somebody has planted
            tables = connection.execute(sa.text(_COUNTED), {"schema": schema}).all()
            try:
                rows = {table.name: _count(connection, table, by_owner=by_owner) for table in tables}
            except sa.exc.ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) not in _GONE:
                    raise
                raise BackupFailed(
                    cause="a table was dropped or moved while it was counted; nothing is left of the backup",
                    database=mask_url(url),
                    next_step="repeat it",
                ) from error
            what = f"--exclude-schema={ASIDE}*" if schema is None else f"--schema={quote(schema)}"
            # Not to its output: it would append the table of contents a second time, and a missing end go unnoticed.
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
            said = done.stderr.decode(errors="replace")
            raise_known(said, url, backup)
            raise BackupFailed(
                database=mask_url(url),
                program=dump,
                reported=programs.complaint(said),
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
    """Check that the programs of PostgreSQL get sessions of their own: what they set would stay with strangers.

    Raises:
        ProxyBetween: a proxy, which may pool transactions, stands before the server.
    """
    if behind_proxy(connection):
        raise ProxyBetween(database=mask_url(connection.engine.url))


def server_version(connection: sa.Connection) -> tuple[int, ...]:
    """Return the version of the server."""
    version = connection.dialect.server_version_info or ()
    return tuple(map(int, version))


def revision_of(connection: sa.Connection, version: str, schema: str | None) -> str | None:
    """Return the revision of a database; nothing but a table is looked for in the search path."""
    table = quote(version) if schema is None else f"{quote(schema)}.{quote(version)}"
    there = connection.execute(_TABLE, {"table": table}).scalar()
    if there is None:
        return None
    found = run(connection, f"SELECT version_num FROM {there} {_WHOLE}").scalar()
    return None if found is None else str(found)


@contextmanager
def _snapshot(connection: sa.Connection, options: Options) -> Iterator[str]:
    """Work in a transaction that sees one moment, and give it the name by which a program sees the same."""
    connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        connection.exec_driver_sql("SET LOCAL row_security = off")  # a hidden row must be an error, and not a loss
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {options.milliseconds}")
        yield connection.exec_driver_sql("SELECT pg_catalog.pg_export_snapshot()").scalar_one()


def raise_known(said: str, url: sa.URL, backup: Path) -> None:
    """Raise what a program has said as the error of ours that explains it, if there is one.

    Raises:
        DatabaseLocked: it has waited for too long.
        ReadOnlyDatabase: it may not write.
        DiskFull: there was no room.
    """
    if "lock timeout" in said:
        raise DatabaseLocked(
            cause="another session holds a table locked",
            database=mask_url(url),
            reported=programs.complaint(said),
            next_step="end it or wait for it, then repeat; to see it: SELECT pid, state, query FROM pg_stat_activity",
        )
    if "in a read-only transaction" in said:
        raise ReadOnlyDatabase(
            database=mask_url(url),
            reported=programs.complaint(said),
            next_step="point the URL to the primary server",
        )
    if "No space left on device" in said:
        raise DiskFull(database=mask_url(url), reported=programs.complaint(said), folder=backup.parent)


def _count(connection: sa.Connection, table: sa.Row[Any], *, by_owner: bool) -> int:
    """Return the number of rows of a table, children not included.

    To plan a query PostgreSQL calls functions that stand in an index. So a superuser lets the owner of the table count;
    where that one may not, the rows are copied, for which nothing is planned.
    """
    if by_owner and table.reader is None:
        columns = f"({table.column})" if table.column else ""
        with connection.connection.cursor().copy(f"COPY {table.name} {columns} TO STDOUT".encode()) as rows:
            return sum(1 for _ in rows)
    with settings(connection, {"role": table.reader} if by_owner else {}):
        return int(run(connection, f"SELECT count(*) FROM ONLY {table.name} {_WHOLE}").scalar_one())
