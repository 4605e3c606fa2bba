"""Withholds default privileges of PostgreSQL, which would add grants to restored objects."""

from __future__ import annotations

from typing import Any

import psycopg

# For each entry, its difference from the built-in grants of PostgreSQL; in a schema an entry only adds grants.
_DIFFERENCES = b"""
WITH entry AS (
    SELECT pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_catalog.pg_get_userbyid(d.defaclrole))
           || CASE WHEN n.nspname IS NULL THEN '' ELSE pg_catalog.format(' IN SCHEMA %I', n.nspname) END AS start,
           CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS kind,
           d.defaclacl AS found,
           CASE WHEN n.nspname IS NULL
                THEN pg_catalog.acldefault(
                    CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)
                ELSE NULL::pg_catalog.aclitem[] END AS plain
      FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
     WHERE pg_catalog.pg_has_role(d.defaclrole, 'USAGE')
), difference AS (
    SELECT start, kind, more, item.grantee, item.privilege_type, item.is_grantable
      FROM entry, LATERAL (
        (SELECT true AS more, x.* FROM pg_catalog.aclexplode(found) x
         EXCEPT SELECT true, x.* FROM pg_catalog.aclexplode(plain) x)
        UNION ALL
        (SELECT false, x.* FROM pg_catalog.aclexplode(plain) x
         EXCEPT SELECT false, x.* FROM pg_catalog.aclexplode(found) x)) item
), change AS (
    SELECT more, start, pg_catalog.format('%s ON %s', privilege_type, kind) AS what,
           CASE grantee WHEN 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END AS who,
           CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option
      FROM difference
)
SELECT more, pg_catalog.format('%s REVOKE %s FROM %s', start, what, who),
       pg_catalog.format('%s GRANT %s TO %s%s', start, what, who, option) FROM change
"""


def withhold(connection: psycopg.Connection[Any]) -> list[str]:
    """Give objects created from now on only the built-in grants of PostgreSQL.

    Args:
        connection: in the transaction of the restore.

    Returns:
        The statements that restore the default privileges, in order.
    """
    differences = connection.execute(_DIFFERENCES).fetchall()
    more = [(revoke, grant) for added, revoke, grant in differences if added]
    less = [(revoke, grant) for added, revoke, grant in differences if not added]
    for statement in [*(revoke for revoke, _ in more), *(grant for _, grant in less)]:
        connection.execute(statement.encode())
    return [*(revoke for revoke, _ in less), *(grant for _, grant in more)]
