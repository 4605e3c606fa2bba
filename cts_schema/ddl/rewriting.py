"""Changes only the text of a SQLite table, by the procedure of sqlite.org/lang_altertable (section 7)."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


def rewrite(connection: sa.Connection, table: str, definition: str) -> None:
    """Change the definition of a table with the same columns; rows and indexes stay as they are.

    Args:
        connection: of SQLite, in a transaction.
        table: its name.
        definition: the new CREATE TABLE statement.
    """
    with writable(connection):
        connection.execute(
            sa.text("UPDATE sqlite_master SET sql = :definition WHERE type = 'table' AND name = :name"),
            {"definition": definition, "name": table},
        )


@contextmanager
def writable(connection: sa.Connection) -> Iterator[None]:
    """Allow writes to the schema table for the time of the block, and reload the schema afterwards."""
    driver = connection.connection.dbapi_connection
    defensive = False
    if sys.version_info >= (3, 12) and isinstance(driver, sqlite3.Connection):
        # Otherwise SQLite ignores the pragma.
        defensive = driver.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
        if sys.version_info >= (3, 12) and defensive and isinstance(driver, sqlite3.Connection):
            driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
