"""What every session of PostgreSQL begins with: texts in UTF-8, values in the one form that is read, pg_catalog first.

A role, a database, a server or the environment may set all of these otherwise.
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
"""The forms in which values and definitions come, and how an error does."""
_PINNED = {"client_encoding": "UTF8"} | FORMS
START_UP = {name: FORMS[name] for name in ("DateStyle", "TimeZone", "standard_conforming_strings")}
"""What a driver that reads values in binary sends as it connects. Proxies take these, and may refuse the others."""

# Whoever owns a database may put its schema before pg_catalog, and a function of his in the place of one of the server:
# drivers call some as they connect.
_PATH = (
    "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace("
    """pg_catalog.current_setting('search_path'), ', *"?pg_catalog"?(?=,|$)', '', 'g'), false)"""
)

# A proxy that pools transactions answers from another process: there the setting would stay with strangers.
_SET = ", ".join([_PATH, *(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in _PINNED.items())])
_SET_IN_BINARY = f"{_PATH}, pg_catalog.set_config('exit_on_error', 'off', false)"
_HERE = " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) {}"


def pinned(engine: Engine) -> Engine:
    """Let every new session of an engine begin so, with one query each.

    Raises, as a session begins:
        DatabaseUnusable: the server does not know which characters its bytes are.
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
    """Return what the server has told a driver of a setting, which costs no query.

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
    """Return the process of the server that a driver was told of as it connected."""
    return int(driver.get_server_pid() if hasattr(driver, "get_server_pid") else driver.info.backend_pid)


def require_encoding(encoding: str | None, url: object) -> None:
    """Check that the server can give its texts in UTF-8.

    Raises:
        DatabaseUnusable: it is in SQL_ASCII.
    """
    if encoding == "SQL_ASCII":
        raise sql_ascii(url)
