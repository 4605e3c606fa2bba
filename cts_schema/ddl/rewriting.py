"""The text of a SQLite table changed alone, by the procedure of sqlite.org/lang_altertable (section 7)."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


def rewrite(connection: sa.Connection, table: str, definition: str) -> None:
    """Give a table another definition of the same columns; its rows and indexes stay as they are.

    Args:
        connection: of SQLite, in a transaction.
        table: its name.
        definition: the statement that would create it.
    """
    with _writable(connection):
        connection.execute(
            sa.text("UPDATE sqlite_master SET sql = :definition WHERE type = 'table' AND name = :name"),
            {"definition": definition, "name": table},
        )


@contextmanager
def _writable(connection: sa.Connection) -> Iterator[None]:
    """Let a connection write to its schema for the time of the block, and read it anew afterwards."""
    driver = connection.connection.dbapi_connection
    defensive = False
    if sys.version_info >= (3, 12) and isinstance(driver, sqlite3.Connection):
        # Else SQLite takes no notice of the pragma.
        defensive = driver.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
        if sys.version_info >= (3, 12) and defensive and isinstance(driver, sqlite3.Connection):
            driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
