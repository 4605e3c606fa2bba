"""Settings that every session of PostgreSQL begins with: UTF-8, fixed forms of values, pg_catalog first.

A role, a database, a server or the environment may have other settings.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

from cts_schema.dialects.postgresql.errors import sql_ascii
from cts_schema.exceptions import DatabaseUnusable

FORMS = {
    "DateStyle": "ISO",  # the order of day and month in what is written stays
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",  # in another one the first and the last day of Python's calendar have no year that it knows
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",  # names of types and definitions of the catalogue are compared
    "exit_on_error": "off",  # a question after a table that is not there would end the session
}
"""The forms of values, definitions and errors."""
_PINNED = {"client_encoding": "UTF8"} | FORMS
START_UP = {name: FORMS[name] for name in ("DateStyle", "TimeZone", "standard_conforming_strings")}
"""The settings that a driver with binary values sends at connect. Proxies accept these, and may refuse others."""

# The owner of a database may put a schema before pg_catalog, and a function in the place of one of the server:
# drivers call some at connect.
_PATH = (
    "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace("
    """pg_catalog.current_setting('search_path'), ', *"?pg_catalog"?(?=,|$)', '', 'g'), false)"""
)

# Behind a proxy that pools transactions another process responds, and the setting would leak to other clients.
_SET = ", ".join([_PATH, *(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in _PINNED.items())])
_SET_IN_BINARY = f"{_PATH}, pg_catalog.set_config('exit_on_error', 'off', false)"
_HERE = " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) {}"


def pinned(engine: Engine) -> Engine:
    """Pin these settings in every new session of an engine, with one query each.

    Raises, as a session begins:
        DatabaseUnusable: the server does not know the encoding of its text.
    """

    def connect(connection: Any, _record: object) -> None:
        driver = getattr(connection, "driver_connection", connection)
        binary = hasattr(driver, "get_settings")  # asyncpg
        try:
            require_encoding(reported_parameter(driver, "server_encoding"), engine.url)
        except DatabaseUnusable:
            connection.close()
            raise
        autocommit = connection.autocommit
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute((_SET_IN_BINARY if binary else _SET) + _HERE.format(process_of(driver)))
        cursor.close()
        connection.autocommit = autocommit

    event.listen(engine, "connect", connect, insert=True)  # before SQLAlchemy asks for the version, as text
    return engine


def reported_parameter(driver: Any, name: str) -> str | None:
    """Return a setting that the server has reported to the driver, without a query.

    Args:
        driver: the connection of psycopg, psycopg2 or asyncpg.
        name: one of the settings that a server reports (postgresql.org/docs/current/protocol-flow).
    """
    if hasattr(driver, "get_settings"):  # asyncpg
        value: str | None = getattr(driver.get_settings(), name, None)
    else:
        value = (getattr(driver, "get_parameter_status", None) or driver.info.parameter_status)(name)
    return value


def process_of(driver: Any) -> int:
    """Return the server process that was announced at connect."""
    return int(driver.get_server_pid() if hasattr(driver, "get_server_pid") else driver.info.backend_pid)


def require_encoding(encoding: str | None, url: object) -> None:
    """Check that the server can convert its text to UTF-8.

    Raises:
        DatabaseUnusable: the database is in SQL_ASCII.
    """
    if encoding == "SQL_ASCII":
        raise sql_ascii(url)
