"""Translates errors of PostgreSQL, its drivers and the network into errors of this package."""

import re
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import StatementError

from cts_schema.dialects.kinds import Kind, make
from cts_schema.exceptions import (
    DatabaseLocked,
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnusable,
    DiskFull,
    NotPermitted,
    ReadOnlyDatabase,
    RowsHidden,
    SchemaError,
    SchemaMissing,
    WrongCredentials,
    WrongUrl,
    mask_url,
)

_WAIT = "wait until it has ended, then repeat; to see it: SELECT pid, state, query FROM pg_stat_activity"
_ASK_OWNER = "repeat as the owner of the reported object, or let the owner grant the privilege"
_TO_PRIMARY = (
    "point the URL to the primary server; where it is that one, default_transaction_read_only is on for the role,\n"
    "the database or the server: ALTER ROLE name RESET default_transaction_read_only, or ALTER DATABASE likewise"
)
_TO_TIMEOUTS = (
    "repeat as a role that has the time: ALTER ROLE name SET transaction_timeout = 0, and likewise\n"
    "idle_in_transaction_session_timeout"
)
_LOST = Kind(DatabaseUnreachable, "the server ended the connection, or accepts none at present")
_SQLSTATES = {
    "08": Kind(DatabaseUnreachable),
    "08P01": Kind(DatabaseUnusable),  # a proxy that refuses a start-up parameter says this
    "25P03": Kind(DatabaseUnusable, "the server ended the session: it was idle in its transaction", _TO_TIMEOUTS),
    "25P04": Kind(
        DatabaseUnusable, "the server ended the session: its transaction took longer than allowed", _TO_TIMEOUTS
    ),
    "25006": Kind(ReadOnlyDatabase, None, _TO_PRIMARY),
    "28000": Kind(WrongCredentials),
    "28P01": Kind(WrongCredentials),
    "3D000": Kind(DatabaseMissing),
    "3F000": Kind(SchemaMissing),
    "40P01": Kind(DatabaseLocked, "this session and another one waited for each other", _WAIT),
    "42501": Kind(NotPermitted),
    "53": Kind(DatabaseUnusable, "the server has run out of a resource"),
    "53100": Kind(DiskFull),
    "55P03": Kind(DatabaseLocked, "another session holds a lock that this step needs", _WAIT),
    "57014": Kind(DatabaseUnusable, "the server cancelled the statement"),
    "57P": _LOST,
    "58": Kind(DatabaseUnusable),
    "F0": Kind(DatabaseUnusable),
    "XX": Kind(DatabaseUnusable),
}

# duplicate_table, of an index or a view too, duplicate_object, of a type or a constraint, and duplicate_function; a
# function that returns something else is an invalid_function_definition.
NAME_TAKEN = ("42P07", "42710", "42723", "42P13")

# libpq gives a failed connection no SQLSTATE, only text.
_CONNECTION_TEXTS = (
    (re.compile(r'FATAL:  database ".*" does not exist'), Kind(DatabaseMissing)),
    (re.compile(r"authentication failed|no password supplied|pg_hba\.conf|FATAL:  role "), Kind(WrongCredentials)),
    (re.compile(r"FATAL:  permission denied"), Kind(NotPermitted)),
    (re.compile(r"FATAL:  the database system is"), _LOST),
    (re.compile(r"FATAL"), Kind(DatabaseUnusable)),  # it responded, so it was reached
)


def sql_ascii(url: object) -> DatabaseUnusable:
    """Return the error for a database in SQL_ASCII."""
    return DatabaseUnusable(
        cause="the database is in SQL_ASCII, so it does not know the encoding of its text",
        database=mask_url(url),
        next_step="load a dump of it into a database that does, saying what its bytes are:\n"
        "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0; pg_dump --encoding; psql",
    )


def place(url: URL) -> dict[str, Any]:
    """Return the facts about a database for its errors."""
    hosts = url.query.get("host", "localhost")
    return {
        "host": url.host or (hosts if isinstance(hosts, str) else hosts[0]),
        "port": url.port or 5432,
        "user": url.username,
        "name": url.database or url.username,
    }


def classify(error: BaseException, place: dict[str, Any]) -> SchemaError | None:
    """Return the error that explains an error of PostgreSQL or the network; None for any other."""
    if not isinstance(error, OSError):
        return _classified(error, place)
    # An error with a file name comes from files, not from the network. Only drivers of PostgreSQL use the network.
    if "host" not in place or error.filename is not None:
        return None
    return make(Kind(DatabaseUnreachable), place, str(error) or "no response in time")


def dependents(error: BaseException) -> str | None:
    """Return the dependents that PostgreSQL lists when it refuses a DROP; None for any other error."""
    original = error.orig if isinstance(error, StatementError) else error
    if getattr(original, "sqlstate", None) != "2BP01" and getattr(original, "pgcode", None) != "2BP01":
        return None
    for one in (original, getattr(original, "__cause__", None)):
        detail = getattr(getattr(one, "diag", None), "message_detail", None) or getattr(one, "detail", None)
        if isinstance(detail, str):
            return detail
    return str(original)


def _classified(error: BaseException, place: dict[str, Any]) -> SchemaError | None:
    text = str(error)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        kind = next((_SQLSTATES[state[:n]] for n in (5, 3, 2) if state[:n] in _SQLSTATES), None)
    elif not type(error).__module__.startswith("psycopg"):
        return None
    elif "invalid connection option" in text:
        kind = Kind(WrongUrl, "the driver does not know this parameter")
    elif any(base.__name__ == "OperationalError" for base in type(error).__mro__):
        kind = next((kind for pattern, kind in _CONNECTION_TEXTS if pattern.search(text)), Kind(DatabaseUnreachable))
    else:
        return None
    if kind is None:
        return None
    if kind.error is NotPermitted and "affected by row-level security" in text:
        kind = Kind(RowsHidden, "row security hides rows from the role; what was not committed was rolled back")
    # Several attempts give several lines; the one of a server that responded is the most useful.
    lines = text.strip().splitlines() or [type(error).__name__]
    reported = next((line for line in lines if "FATAL" in line), lines[0])
    named = re.search(r'schema "([^"]+)"|for schema (.+)', reported)
    if kind.error is NotPermitted and named is None:
        kind = kind._replace(next_step=_ASK_OWNER)
    return make(kind, place | {"schema": named and (named[1] or named[2])}, reported)
