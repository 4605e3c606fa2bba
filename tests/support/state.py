"""All that is in the catalogue of a database, to be compared before and after."""

from __future__ import annotations

from tests.support.databases import Database


def _grants(acl: str) -> str:
    """Return grants in one order; a restore makes them in another."""
    return f"ARRAY(SELECT item::text FROM unnest({acl}) item ORDER BY 1)::text"


_QUERIES = {
    "sqlite": ["SELECT type, name, tbl_name, sql FROM sqlite_master"],
    "postgresql": [
        "SELECT n.nspname, c.relname, c.relkind::text, c.relowner, "
        f"c.relacl IS NULL, {_grants('c.relacl')}, obj_description(c.oid, 'pg_class') "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'",
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
        f"{_grants('a.attacl')}, "
        "pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
        "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace",
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger "
        "WHERE NOT tgisinternal",
        "SELECT c.oid::regclass::text, c.relrowsecurity, c.relforcerowsecurity, polname, polcmd::text, polpermissive, "
        "array(SELECT CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END FROM unnest(polroles) role)::text, "
        "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_class c "
        "LEFT JOIN pg_policy ON polrelid = c.oid WHERE relrowsecurity OR relforcerowsecurity OR polname IS NOT NULL",
        "SELECT tablename, rulename, definition FROM pg_rules WHERE schemaname NOT IN ('pg_catalog', "
        "'information_schema')",
        "SELECT objoid::regclass::text, attname, description FROM pg_description JOIN pg_attribute "
        "ON attrelid = objoid AND attnum = objsubid WHERE classoid = 'pg_class'::regclass AND objsubid > 0 "
        "AND objoid >= 16384",
        "SELECT defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclobjtype::text, "
        f"{_grants('defaclacl')} FROM pg_default_acl",
        "SELECT viewname, definition FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ],
}


def catalogue_of(database: Database) -> list[list[str]]:
    """Return all that is in the catalogue; of PostgreSQL without the numbers of objects.

    A foreign key that PostgreSQL calls valid although its rows lack their parents is not told from one that is NOT
    VALID: the dirty databases were filled with the triggers off, and no statement can make such a key again.
    """
    with database.engine.connect() as connection:
        found = [
            sorted(repr(tuple(row)) for row in connection.exec_driver_sql(query)) for query in _QUERIES[database.kind]
        ]
    return [[line.replace(" NOT VALID", "") for line in lines] for lines in found]
