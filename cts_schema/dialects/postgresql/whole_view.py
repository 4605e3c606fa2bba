"""Checks that a session of PostgreSQL sees every row that a run depends on."""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.exceptions import RowsHidden, mask_url
from cts_schema.managed import managed_tables

# The tables of a run, and those that a foreign key ties to them, because a check of the key reads both.
_HIDDEN = sa.text(
    r"""
    WITH ours AS (
      SELECT c.oid FROM pg_catalog.pg_class c
       WHERE c.relkind IN ('r', 'p')
         AND (c.relname::text = ANY (CAST(:names AS text[])) AND pg_catalog.pg_table_is_visible(c.oid)
              OR c.relname LIKE 'cts\_kept\_%' AND c.relnamespace::regnamespace::text
                 = pg_catalog.quote_ident(pg_catalog.current_schema())))
    SELECT c.oid::regclass::text FROM pg_catalog.pg_class c
     WHERE pg_catalog.row_security_active(c.oid)
       AND (c.oid IN (SELECT oid FROM ours)
            OR EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.contype = 'f'
                        AND (k.conrelid = c.oid AND k.confrelid IN (SELECT oid FROM ours)
                             OR k.confrelid = c.oid AND k.conrelid IN (SELECT oid FROM ours)))
            OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i
                        WHERE i.inhrelid = c.oid AND i.inhparent IN (SELECT oid FROM ours)))
     ORDER BY 1
    """
)


def require_whole_view(connection: sa.Connection) -> None:
    """Check that no policy of row security applies to the role, on any table that a run depends on.

    Args:
        connection: on PostgreSQL, with the search path set.

    Raises:
        RowsHidden: one applies; names the tables.
    """
    hidden = connection.execute(_HIDDEN, {"names": list(managed_tables())}).scalars().all()
    if hidden:
        raise RowsHidden(
            database=mask_url(connection.engine.url),
            role=connection.exec_driver_sql("SELECT current_user").scalar_one(),
            tables="\n".join(hidden),
        )
