"""Checks that the search path finds existing tables in the schema where it would create new ones."""

from __future__ import annotations

import textwrap

import sqlalchemy as sa

from cts_schema.dialects.running import Place
from cts_schema.exceptions import OtherSchema, mask_url
from cts_schema.managed import managed_tables

# The query runs before the run acts as the owner of the tables, so it calls nothing that the owner may have planted.
_ELSEWHERE = sa.text(
    r"""
    SELECT n.nspname, pg_catalog.current_schema(),
           pg_catalog.string_agg(c.relname::pg_catalog.text, ', ' ORDER BY c.relname)
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (CAST(:names AS pg_catalog.text[]))
       AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog."char"[])
       AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog', pg_catalog.current_schema()]::pg_catalog.name[])
       AND n.oid OPERATOR(pg_catalog.<>) pg_catalog.pg_my_temp_schema() AND pg_catalog.pg_table_is_visible(c.oid)
     GROUP BY n.nspname
    """
)


def require_one_schema(connection: sa.Connection, place: Place) -> None:
    """Check that none of our tables is in a later schema of the search path.

    Args:
        connection: on PostgreSQL, with its original search path.
        place: names the version table, and the schema to work in, which is then the only one.

    Raises:
        OtherSchema: some are, so a run would spread the tables over both.
    """
    if place.schema is not None:
        return
    within = connection.in_transaction()
    found = connection.execute(_ELSEWHERE, {"names": [*managed_tables(), place.version_table]}).first()
    if not within:
        connection.rollback()
    if found is not None:
        schema, first, tables = found
        raise OtherSchema(
            database=mask_url(connection.engine.url),
            schema=schema,
            new_tables_in=first,
            tables=textwrap.shorten(tables, 100),
        )
