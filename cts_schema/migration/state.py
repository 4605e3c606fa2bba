"""Where a database stands, read without Alembic: what a start-up asks each time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.exceptions import SeveralHeads, mask_url
from cts_schema.migration.options import Options
from cts_schema.migration.report import Status
from cts_schema.migration.scripts import head, revisions

_NO_SUCH_TABLE = ("42P01", "3F000", "42703")  # undefined table, schema, column


def at_head(connection: sa.Connection, options: Options) -> bool:
    """Tell by one query whether version and ledger both say that nothing is left to do."""
    version, ledger = _names(connection, options)
    numbers = ", ".join(str(int(revision)) for revision in revisions())
    rows = _rows(
        connection,
        f"SELECT v.version_num, (SELECT count(*) FROM {ledger} WHERE migration_id IN ({numbers})) FROM {version} v",
    )
    return rows == [(head(), len(revisions()))]


def read_status(connection: sa.Connection, options: Options) -> Status:
    """Read where the database stands.

    Raises:
        SeveralHeads: the version table has more than one row.
    """
    version, ledger = _names(connection, options)
    database = mask_url(connection.engine.url)
    found = [str(row[0]) for row in _rows(connection, f"SELECT version_num FROM {version}") or []]
    if len(found) > 1:
        raise SeveralHeads(database=database, table=options.version_table, rows=", ".join(sorted(found)))
    revision = found[0] if found else None
    line = list(revisions())
    applied = line[: line.index(revision) + 1] if revision in line else []
    pending = () if revision is not None and not applied else tuple(line[len(applied) :])
    numbers = {row[0] for row in _rows(connection, f"SELECT migration_id FROM {ledger}") or []}
    return Status(
        database=database,
        revision=revision,
        head=head(),
        pending=pending,
        missing_in_ledger=tuple(one for one in applied if int(one) not in numbers),
        unmanaged=_unmanaged(connection, options),
    )


def _unmanaged(connection: sa.Connection, options: Options) -> tuple[str, ...]:
    from cts_schema.models import Base

    ours = {*Base.metadata.tables, options.version_table}
    return tuple(sorted(set(sa.inspect(connection).get_table_names(schema=options.schema)) - ours))


def _names(connection: sa.Connection, options: Options) -> tuple[str, str]:
    quote = connection.dialect.identifier_preparer.quote
    prefix = "" if options.schema is None else f"{quote(options.schema)}."
    return f"{prefix}{quote(options.version_table)}", f"{prefix}schema_migrations"


def _rows(connection: sa.Connection, query: str) -> list[tuple[object, ...]] | None:
    """Return the rows of ``query``, or None where a table of it does not exist; leave no transaction behind."""
    within = connection.in_transaction()
    try:
        if within and connection.dialect.name == "postgresql":
            with connection.begin_nested():  # an error would end the caller's transaction
                return [tuple(row) for row in connection.exec_driver_sql(query)]
        return [tuple(row) for row in connection.exec_driver_sql(query)]
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _NO_SUCH_TABLE or "no such " in str(error.orig):
            return None
        raise
    finally:
        if not within and not connection.closed and not connection.invalidated:
            connection.rollback()
