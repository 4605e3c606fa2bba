"""Current revision and connectivity."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from cts_schema.exceptions import SchemaError
from cts_schema.health.ledger import LEDGER
from cts_schema.managed import managed_tables
from cts_schema.migration.state import read_status
from cts_schema.schema.scripts import revisions
from cts_schema.web.place import Place
from cts_schema.web.schemas import DatabaseStatus, Migration, Problem, StatusSchema, Table, moment


def status(place: Place) -> StatusSchema:
    """Read the status of the database.

    Raises:
        SchemaError: it cannot be read.
    """
    with place.read() as connection:
        found = read_status(connection, place.database.options)
        there = set(sa.inspect(connection).get_table_names(schema=place.database.schema))
        took = _durations(connection, place) if found.executed_at else {}
    tables = [Table(name=name, exists=name in there) for name in sorted(managed_tables())]
    return StatusSchema(
        initialized=found.revision is not None and all(table.exists for table in tables),
        tables=tables,
        migrations=[
            Migration(
                id=int(revision),
                name=name,
                executed=revision in found.executed_at,
                executed_at=_shown(found.executed_at.get(revision)),
                duration_ms=took.get(int(revision)),
            )
            for revision, name in revisions().items()
        ],
        revision=found.revision,
        head=found.head,
        at_head=found.at_head,
        pending=list(found.pending),
        missing_in_ledger=list(found.missing_in_ledger),
        unmanaged=[table for table in found.unmanaged if table not in found.preserved],
        preserved=list(found.preserved),
        stranded=list(found.stranded),
        unadopted=list(found.unadopted),
    )


def database_status(place: Place) -> DatabaseStatus:
    """Return which database is configured, and try to connect to it."""
    tables, error = 0, None
    connected = False
    try:
        if place.is_there():
            with place.read() as connection:
                tables = len(sa.inspect(connection).get_table_names(schema=place.database.schema))
            connected = True
    except SchemaError as reported:
        error = Problem.of(reported)
    return DatabaseStatus(
        type=place.kind,
        isConfigured=place.configured,
        isConnected=connected,
        url=place.database.name,
        tableCount=tables,
        error=error,
    )


def _durations(connection: sa.Connection, place: Place) -> dict[int, int | None]:
    """Read the duration of each revision from the ledger, in milliseconds; None if it was not measured."""
    columns = {column["name"] for column in sa.inspect(connection).get_columns(LEDGER, schema=place.database.schema)}
    if "execution_time_ms" not in columns:
        return {}  # somebody dropped it; `check` reports that
    took = "CAST(execution_time_ms AS INTEGER)"  # SQLite holds anything there
    query = f"SELECT migration_id, {took} FROM {LEDGER} WHERE migration_id IS NOT NULL"  # noqa: S608
    return {row[0]: row[1] for row in connection.exec_driver_sql(query)}


def _shown(time: str | None) -> str | None:
    try:
        return None if time is None else moment(datetime.fromisoformat(time).replace(tzinfo=UTC))
    except ValueError:
        return time  # SQLite takes any text
