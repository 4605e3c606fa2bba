"""The status of a database, read without Alembic: the query of each start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema import __version__, dialects
from cts_schema.database.handle import LOCK_TIMEOUT_OPTION
from cts_schema.database.options import VERSION_TABLE, Options
from cts_schema.ddl.text import quote, run
from cts_schema.exceptions import DatabaseNewer, ForeignRevision, SeveralHeads, WrongUsage, mask_url
from cts_schema.managed import managed_tables
from cts_schema.migration.legacy import alike
from cts_schema.migration.report import Status
from cts_schema.schema.scripts import ADOPTION_RECORD, head, revisions

# Undefined table, schema, column; a view, which is not sampled; an index.
_NO_SUCH_TABLE = ("42P01", "3F000", "42703", "0A000", "42809")


def at_head(connection: sa.Connection, options: Options) -> bool:
    """Return, by one query, whether version and ledger both say that nothing is left to do.

    A superuser asks as the owner of the tables, which takes more queries: to plan a query PostgreSQL calls functions
    of the indexes of the table.
    """
    with reading(connection, options) if dialects.of(connection).session.has_power(connection) else nullcontext():
        current_revision, numbers = dialects.of(connection).current_revision, tuple(map(int, revisions()))
        found = _rows(connection, current_revision.query(*_names(connection, options), numbers))
        return bool(found and current_revision.is_at_head(found, head(), numbers))


def read_status(connection: sa.Connection, options: Options) -> Status:
    """Read the status of the database.

    Raises:
        WrongUsage: the version table is not one of Alembic, or not the one of this database.
        SeveralHeads: the version table has more than one row.
    """
    with reading(connection, options):
        _check_version_table(connection, options)
        return _read(connection, options)


def _read(connection: sa.Connection, options: Options) -> Status:
    version, ledger = _names(connection, options)
    database = mask_url(connection.engine.url)
    found = [str(one) for one in _versions(connection, version)]
    if len(found) > 1:
        raise SeveralHeads(database=database, table=options.version_table, rows=", ".join(sorted(found)))
    revision = found[0] if found else None
    line = list(revisions())
    applied = line[: line.index(revision) + 1] if revision in line else []
    pending = () if revision is not None and not applied else tuple(line[len(applied) :])
    # As text: infinity and the year 10000 are valid times for PostgreSQL, but not for Python.
    times = f"SELECT CAST(migration_id AS TEXT), CAST(executed_at AS TEXT) FROM {ledger}"  # noqa: S608  names are quoted
    executed = {int(number): when for number, when in _rows(connection, times) or [] if str(number).isdecimal()}
    unadopted, unmanaged = _tables(connection, options)
    return Status(
        database=database,
        revision=revision,
        head=head(),
        pending=pending,
        missing_in_ledger=tuple(one for one in applied if int(one) not in executed),
        unmanaged=unmanaged,
        preserved=preserved_of(unmanaged),
        unadopted=unadopted if revision is None else (),
        executed_at={one: _shown(executed[int(one)]) for one in applied if int(one) in executed},
        journal=dialects.of(connection).catalogue.journal(connection),
    )


def preserved_of(tables: Iterable[str]) -> tuple[str, ...]:
    """Return the tables that downgrades have preserved."""
    return tuple(sorted(name for name in tables if re.match(r"cts_kept_\d{3}_", name)))


def preserved(connection: sa.Connection, options: Options) -> tuple[str, ...]:
    """Return the tables that downgrades have preserved, and leave no transaction open."""
    with reading(connection, options):
        return preserved_of(sa.inspect(connection).get_table_names(schema=options.schema))


def require_version_table(connection: sa.Connection, options: Options) -> None:
    """Check that the version table does not exist, or is one of Alembic and of this database.

    Raises:
        WrongUsage: the option names another object.
    """
    with reading(connection, options):
        _check_version_table(connection, options)


def _check_version_table(connection: sa.Connection, options: Options) -> None:
    table, schema = options.version_table, options.schema
    with _without_a_trace(connection):
        inspector = sa.inspect(connection)
        reason = dialects.of(connection).relations.no_table(connection, table, _names(connection, options)[0])
        if reason is None and inspector.has_table(table, schema=schema):
            columns = {column["name"]: column["type"] for column in inspector.get_columns(table, schema=schema)}
            if columns.keys() != {"version_num"} or not isinstance(columns["version_num"], sa.String):
                reason = f"it is not a version table of Alembic; its columns: {', '.join(columns)}"
    version, ledger = _names(connection, options)
    if reason is None and None in _versions(connection, version):
        reason = "it has a NULL instead of a revision"
    if reason is None and table != VERSION_TABLE:
        reason = _other_version_table(connection, options, version, ledger)
    if reason is not None:
        raise WrongUsage(
            cause="the named version table is not the one of this database; nothing was touched",
            option=f"version_table={table}",
            database=mask_url(connection.engine.url),
            reason=reason,
            next_step="name the table in which this package keeps the revision, or omit the option",
        )


def _versions(connection: sa.Connection, table: str) -> list[str | None]:
    """Return what a version table holds; nothing if there is none."""
    rows = _rows(connection, f"SELECT version_num FROM {table}")  # noqa: S608  the name is quoted
    return [row[0] for row in rows or []]


def _other_version_table(connection: sa.Connection, options: Options, version: str, ledger: str) -> str | None:
    """Return where the revision is, if the ledger agrees with the default table but not with that of the options."""
    default, _ = _names(connection, replace(options, version_table=VERSION_TABLE))
    newest = _rows(connection, f"SELECT max(migration_id) FROM {ledger} WHERE source = 'alembic'")  # noqa: S608  names are quoted
    if not newest or newest[0][0] is None:
        return None
    revision = f"{newest[0][0]:03}"
    stored, wanted = _versions(connection, default), _versions(connection, version)
    if stored != [revision] or wanted == [revision]:
        return None
    return f"the revision of this database, {revision}, is in {VERSION_TABLE}"


def not_ours(revision: str, *, newest: str, table: str, database: str) -> DatabaseNewer | ForeignRevision:
    """Return the error for a revision that this package does not have.

    Args:
        revision: the revision in the version table.
        newest: the newest revision of this package.
        table: the version table.
        database: the URL, with credentials masked.
    """
    if re.fullmatch(r"\d{3}", revision) and revision > newest:
        return DatabaseNewer(
            database=f"revision {revision}   {database}",
            package=f"cts_schema {__version__} knows up to {newest}",
            known=newest,
        )
    return ForeignRevision(database=database, table=table, revision=revision)


def _shown(moment: str | None) -> str:
    """Return a time of the ledger, in UTC if it has a zone and Python knows its year."""
    stored = str(moment)
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(stored)
        if at.tzinfo is not None:
            return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return stored[:19]


def _tables(connection: sa.Connection, options: Options) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tables with our names, in upper or lower case, and the unmanaged tables."""
    with _without_a_trace(connection):
        there = set(sa.inspect(connection).get_table_names(schema=options.schema))
    ours = {*managed_tables(), options.version_table}
    if dialects.of(connection).in_a_file:  # which has no other schema
        ours.add(ADOPTION_RECORD)
    return tuple(sorted(alike(there))), tuple(sorted(there - ours))


def _names(connection: sa.Connection, options: Options) -> tuple[str, str]:
    prefix = "" if options.schema is None else f"{quote(options.schema)}."
    return f"{prefix}{quote(options.version_table)}", f"{prefix}schema_migrations"


def _rows(connection: sa.Connection, query: str) -> Sequence[Sequence[Any]] | None:
    """Return the rows of ``query``, or None if one of its tables does not exist."""
    try:
        with _without_a_trace(connection):
            return run(connection, query).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _NO_SUCH_TABLE or "no such " in str(error.orig):
            return None
        raise


@contextmanager
def reading(connection: sa.Connection, options: Options) -> Iterator[None]:
    """Change nothing, see every row, and run no code of others with the rights of a superuser."""
    with dialects.of(connection).session.reading(connection, options, milliseconds=_lock_timeout(connection)):
        yield


def _without_a_trace(connection: sa.Connection) -> AbstractContextManager[None]:
    """End a transaction that the block began; within one of the caller, an error does not end it."""
    return dialects.of(connection).session.without_a_trace(connection, milliseconds=_lock_timeout(connection))


def _lock_timeout(connection: sa.Connection) -> int | None:
    found = connection.get_execution_options().get(LOCK_TIMEOUT_OPTION)
    return None if found is None else int(found)
