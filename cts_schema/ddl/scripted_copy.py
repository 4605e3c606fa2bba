"""Copies preserved rows in an offline script, which cannot inspect the database."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl import moved, moved_postgresql, sql
from cts_schema.ddl.arrival import arrived
from cts_schema.ddl.text import literal, quote


def copy_rows(preserved: str, rows: str) -> None:
    """Copy rows in a script.

    They must not mix with rows that an earlier upgrade left there. SQLite cannot rename a table that may or may not
    exist, so it stops the script.
    """
    if sql.on_postgresql():
        moved.rename_existing(preserved)
    sql.execute(f"CREATE TABLE {quote(preserved)} AS SELECT * FROM ({rows}) r WHERE false")
    if sql.on_postgresql():
        moved_postgresql.close(preserved)
    sql.execute(f"INSERT INTO {quote(preserved)} {rows}")


def drop_arrived(table: sa.Table, columns: Sequence[str], key: Sequence[str], preserved: str) -> None:
    """In a script, stop unless all values have arrived, then drop the copy."""
    missing = f"FROM {quote(preserved)} AS k WHERE NOT {arrived(table, columns, key)}"
    if sql.on_postgresql():
        message = literal(f"not all values of {preserved} arrived in {table.name}")
        sql.execute(
            f"DO $cts_kept_$ BEGIN IF EXISTS (SELECT 1 {missing}) THEN RAISE EXCEPTION USING MESSAGE = {message}; "
            f"END IF; END $cts_kept_$"
        )
    else:
        check = quote(f"not all values of {preserved} arrived in {table.name}")
        sql.execute(f"CREATE TEMP TABLE cts_arrived (missing INTEGER CONSTRAINT {check} CHECK (missing = 0))")
        sql.execute(f"INSERT INTO cts_arrived SELECT count(*) {missing}")
        sql.execute("DROP TABLE cts_arrived")
    sql.execute(f"DROP TABLE {quote(preserved)}")
