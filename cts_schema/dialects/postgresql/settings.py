"""Changes settings of a PostgreSQL session for a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

_IN_FAILED_TRANSACTION = "25P02"

# They may run before the run acts as the owner of the schema, so they call nothing that the owner may have planted.
_CURRENT = sa.text(
    "SELECT s, pg_catalog.current_setting(s, true) FROM pg_catalog.unnest(CAST(:names AS pg_catalog.text[])) AS s"
)
_CHANGE = sa.text(
    "SELECT pg_catalog.set_config(s, v, CAST(:local AS pg_catalog.bool)) FROM ROWS FROM ("
    "pg_catalog.unnest(CAST(:names AS pg_catalog.text[])), pg_catalog.unnest(CAST(:values AS pg_catalog.text[]))"
    ") AS pairs (s, v)"
)


@contextmanager
def setting(connection: sa.Connection, name: str, value: str) -> Iterator[None]:
    """Change a setting of the session, or of the caller's transaction, for the time of the block."""
    with settings(connection, {name: value}):
        yield


@contextmanager
def settings(connection: sa.Connection, wanted: Mapping[str, str]) -> Iterator[None]:
    """Change settings of the session, or of the caller's transaction, for the time of the block.

    An old server that does not know a setting ignores it.
    """
    within = connection.in_transaction()
    found = connection.execute(_CURRENT, {"names": list(wanted)}).all()
    before = {name: value for name, value in found if value is not None}
    _set(connection, {name: wanted[name] for name in before}, within)
    try:
        yield
    finally:
        if usable(connection):
            if not within:
                connection.rollback()
            try:
                _set(connection, before, within)
            except DBAPIError as error:
                # A failed transaction of the caller accepts no statements; the setting ends with it.
                if not within or getattr(error.orig, "sqlstate", None) != _IN_FAILED_TRANSACTION:
                    raise


def _set(connection: sa.Connection, values: Mapping[str, str], within: bool) -> None:
    connection.execute(_CHANGE, {"names": list(values), "values": list(values.values()), "local": within})
    if not within:
        connection.commit()


def usable(connection: sa.Connection) -> bool:
    """Return whether a connection still has its session."""
    return not connection.closed and not connection.invalidated
