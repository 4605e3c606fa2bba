"""The role of a run on PostgreSQL: the owner of its tables, so that it has only the rights of the owner.

The owner of a schema can plant functions, operators and triggers in it that our statements would call. Run by a
superuser, they would have its rights. And a superuser would own the new objects: the application could not use them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from cts_schema.dialects.postgresql.pinned import reported_parameter
from cts_schema.dialects.postgresql.settings import settings
from cts_schema.dialects.running import Place
from cts_schema.exceptions import MixedOwners, NotPermitted, as_sql, mask_url
from cts_schema.managed import managed_tables

# These run before anything else, and call nothing that somebody may have planted: they look up no function and no
# operator in the search path, and all arguments have exact types.
_PLACE = """
SELECT n.nspname::pg_catalog.text, CURRENT_USER::pg_catalog.text,
       pg_catalog.pg_get_userbyid(CASE WHEN n.nspowner OPERATOR(pg_catalog.=) 6171::pg_catalog.oid
                                       THEN d.datdba ELSE n.nspowner END)::pg_catalog.text,
       pg_catalog.quote_ident(n.nspname::pg_catalog.text)
  FROM pg_catalog.pg_namespace n, pg_catalog.pg_database d
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=)
       COALESCE(CAST(:schema AS pg_catalog.text),
                (SELECT s.nspname::pg_catalog.text FROM pg_catalog.pg_class c
                   JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
                  WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(
                        pg_catalog.quote_ident(CAST(:table AS pg_catalog.text)))::pg_catalog.oid),
                pg_catalog.current_schema()::pg_catalog.text)
"""  # 6171 is pg_database_owner (postgresql.org/docs/current/predefined-roles)
_OWNERS = """
SELECT pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
       pg_catalog.array_agg(c.relname::pg_catalog.text ORDER BY c.relname::pg_catalog.text USING OPERATOR(pg_catalog.<))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) CAST(:schema AS pg_catalog.text)
   AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog."char"[])
   AND pg_catalog.lower(c.relname::pg_catalog.text) OPERATOR(pg_catalog.=) ANY (CAST(:names AS pg_catalog.text[]))
 GROUP BY c.relowner
"""
_READER = "pg_read_all_data"
_MAY_BE = "SELECT pg_catalog.pg_has_role(CAST(:role AS pg_catalog.name), CAST(:how AS pg_catalog.text))"
_MAY_CREATE = (
    "SELECT pg_catalog.has_schema_privilege(CAST(:role AS pg_catalog.name), CAST(:schema AS pg_catalog.text), "
    "CAST('USAGE' AS pg_catalog.text)) AND pg_catalog.has_schema_privilege(CAST(:role AS pg_catalog.name), "
    "CAST(:schema AS pg_catalog.text), CAST('CREATE' AS pg_catalog.text))"
)


def has_power(connection: sa.Connection) -> bool:
    """Return, without a query, whether a connection is or may be one of a superuser."""
    return reported_parameter(connection.connection.driver_connection, "is_superuser") != "off"


@contextmanager
def as_owner(connection: sa.Connection, place: Place, *, reading: bool = False) -> Iterator[None]:
    """Act as the owner of our tables for the time of the block, if the role is a superuser or a member of the owner.

    Without tables it acts as the owner of the schema. Any other role stays as it is, with its own rights. The
    search path is this schema only, so objects of other schemas are not found.

    Args:
        connection: on PostgreSQL, before any other use.
        place: names the schema to work in, and the version table.
        reading: writes nothing. If the tables have several owners, it acts as ``pg_read_all_data`` if the role may.

    Raises:
        MixedOwners: the tables belong to several roles, and none may act for the others.
        NotPermitted: the owner may not create objects in the schema.
    """
    within = connection.in_transaction()
    wanted = _wanted(connection, place, reading=reading)
    if not within:
        connection.rollback()  # the transaction that SQLAlchemy began for reading
    if wanted is None:
        yield
        return
    role, path = wanted
    with settings(connection, {"search_path": path} | ({"role": role} if role else {})):
        yield
        if within and role:  # a deferred trigger would run at the end of the transaction, as the other role
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


def role_of_a_run(connection: sa.Connection, place: Place) -> str | None:
    """Return the role that a run would act as, None if it is the role of the connection.

    Raises:
        MixedOwners, NotPermitted: no run can begin.
    """
    wanted = _wanted(connection, place, reading=False)
    return wanted and wanted[0]


def _wanted(connection: sa.Connection, place: Place, *, reading: bool) -> tuple[str | None, str] | None:
    """Return the role to act as (None for the current one) and the search path; None if there is no schema."""
    # Reading finds the tables in any schema of the path; a run creates them in the first one.
    asked = {"schema": place.schema, "table": place.version_table if reading else None}
    found = connection.execute(sa.text(_PLACE), asked).first()
    if found is None:
        return None
    schema, current, of_schema, path = found
    names = {"schema": schema, "names": [*managed_tables(), place.version_table.lower()]}
    owners: dict[str, list[str]] = {row[0]: row[1] for row in connection.execute(sa.text(_OWNERS), names)}
    others = [owner for owner in owners or [of_schema] if owner != current]
    version = connection.dialect.server_version_info or (0,)
    how = "SET" if version >= (16,) else "MEMBER"

    def may_be(role: str) -> bool:
        return bool(connection.execute(sa.text(_MAY_BE), {"role": role, "how": how}).scalar_one())

    # For legacy tables the plan of the adoption reports their owners.
    is_ours = any(place.version_table in tables for tables in owners.values())
    if not others or (not all(map(may_be, others)) and (reading or not is_ours)):
        return None, path
    if len(owners) > 1:
        if reading and may_be(_READER):
            return _READER, path
        listed = (f"{owner}: {', '.join(tables)}" for owner, tables in sorted(owners.items()))
        raise MixedOwners(database=mask_url(connection.engine.url), tables="\n".join(listed))
    (owner,) = others
    if not may_be(owner):
        raise NotPermitted(
            cause="a run acts as the owner of the tables, but the role of the URL may not; nothing was touched",
            database=mask_url(connection.engine.url),
            role=current,
            owner=owner,
            next_step=f"give the URL of the owner; or, as a superuser: GRANT {as_sql(owner)} TO {as_sql(current)}",
        )
    if not connection.execute(sa.text(_MAY_CREATE), {"role": owner, "schema": schema}).scalar_one():
        if reading:
            return (_READER if may_be(_READER) else owner), path
        raise NotPermitted(
            cause="the owner of the tables, whom this run acts as, may not create objects in their schema",
            database=mask_url(connection.engine.url),
            owner=owner,
            next_step=f"as the owner of the schema: GRANT USAGE, CREATE ON SCHEMA {as_sql(schema)} TO {as_sql(owner)}",
        )
    return owner, path
