"""Everything that the owner of a PostgreSQL database can put in the place of what the server brings."""

from __future__ import annotations

import sqlalchemy as sa

from tests.support.databases import Database
from tests.support.roles import as_role

# Every function, type and operator again, and operators that fit texts better than those of the server.
_EVERYTHING = """
DO $do$
DECLARE
  one record;
  steal text := $$BEGIN {steal} $$;
BEGIN
  FOR one IN
    SELECT proname AS name, array_to_string(array(SELECT format_type(t, NULL)
             FROM unnest(proargtypes) WITH ORDINALITY u (t, n) ORDER BY n), ', ') AS taken,
           format_type(prorettype, NULL) AS given,
           (SELECT coalesce(string_agg('$' || n, ', '), '') FROM generate_series(1, pronargs) n) AS passed
      FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset
       AND proallargtypes IS NULL AND prorettype <> 'void'::regtype
       AND NOT EXISTS (SELECT FROM pg_type WHERE oid = ANY (proargtypes || prorettype) AND typtype = 'p')
  LOOP
    EXECUTE format('CREATE FUNCTION public.%%I(%%s) RETURNS %%s LANGUAGE plpgsql AS %%L',
                   one.name, one.taken, one.given,
                   steal || format('RETURN pg_catalog.%%I(%%s); END', one.name, one.passed));
  END LOOP;
  FOR one IN
    SELECT name, a, b, given, row_number() OVER () AS number FROM (
      SELECT oprname AS name, format_type(oprleft, NULL) AS a, format_type(oprright, NULL) AS b,
             format_type(oprresult, NULL) AS given
        FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft <> 0
         AND NOT EXISTS (SELECT FROM pg_type WHERE oid IN (oprleft, oprright, oprresult) AND typtype = 'p')
      UNION
      SELECT name, a, b, CASE name WHEN '||' THEN 'text' ELSE 'boolean' END
        FROM unnest(ARRAY['=', '<>', '||', '~', '~~', '!~~']) name, unnest({texts}) a, unnest({texts}) b) every
  LOOP
    EXECUTE format('CREATE FUNCTION public.operator_%%s(%%s, %%s) RETURNS %%s LANGUAGE plpgsql AS %%L',
                   one.number, one.a, one.b, one.given,
                   steal || format('RETURN $1 OPERATOR(pg_catalog.%%s) $2; END', one.name));
    EXECUTE format('CREATE OPERATOR public.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = public.operator_%%s)',
                   one.name, one.a, one.b, one.number);
  END LOOP;
  EXECUTE format('CREATE FUNCTION public.valid() RETURNS boolean LANGUAGE plpgsql AS %%L', steal || 'RETURN true; END');
  FOR one IN SELECT typname AS name FROM pg_type
              WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typcategory <> 'A' LOOP
    EXECUTE format('CREATE DOMAIN public.%%I AS pg_catalog.%%I CHECK (public.valid())', one.name, one.name);
  END LOOP;
END $do$
"""
STEAL = """IF pg_catalog.current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on'::pg_catalog.text THEN
  PERFORM pg_catalog.nextval('apart.lent'::pg_catalog.regclass); END IF;"""
_TEXTS = """ARRAY['text', 'character varying', 'name', '"char"']"""


def plant_everything(database: Database, role: str) -> None:
    """Let the owner of a database put his own before all that the server brings, and note who lends it his power."""
    itself = database.location.database
    plant(
        database,
        role,
        "SET LOCAL search_path = pg_catalog",
        _EVERYTHING.format(steal=STEAL, texts=_TEXTS),
        f"ALTER DATABASE {itself} SET search_path TO public, pg_catalog",
    )


def plant(database: Database, role: str, *statements: str) -> None:
    """Execute statements as the owner of a database; what is in ``STEAL`` notes that it runs as a superuser."""
    engine = sa.create_engine(as_role(database, role))
    with engine.begin() as connection:
        # No rollback takes it back.
        for statement in ("CREATE SCHEMA apart", "CREATE SEQUENCE apart.lent", *statements):
            connection.exec_driver_sql(statement)
    engine.dispose()
    database.engine.dispose()


def is_power_lent(database: Database) -> bool:
    """Tell whether something planted has run as a superuser; in a transaction that only reads it fails instead."""
    return bool(database.value("SELECT is_called FROM apart.lent"))
