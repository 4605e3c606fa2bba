"""Roles of the PostgreSQL server that own a database of a test, or may do something in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tests.support.databases import Database

if TYPE_CHECKING:
    from tests.conftest import Server

_GIVE_AWAY = """DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, oid\\:\\:regclass) FROM pg_class
              WHERE relnamespace = 'public'\\:\\:regnamespace AND relkind IN ('r', 'p', 'v')
          UNION ALL SELECT 'FUNCTION ' || oid\\:\\:regprocedure FROM pg_proc
              WHERE pronamespace = 'public'\\:\\:regnamespace
  LOOP EXECUTE format('ALTER %s OWNER TO {role}', one); END LOOP;
  EXECUTE format('ALTER DATABASE %I OWNER TO {role}', current_database());
END $$"""


@contextmanager
def roles(database: Database, server: Server, *names: str) -> Iterator[list[str]]:
    """Yield roles that may log in; the database is dropped with them at the end."""
    made = [f"{name}_{database.location.database}" for name in names]
    for role in made:
        server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'geheim'")
    try:
        yield made
    finally:
        database.engine.dispose()
        server.drop(database.location)
        for role in made:
            server.execute(f"DROP ROLE {role}")


def give_to(database: Database, role: str) -> None:
    """Let a role own the database, with all that is in its schema ``public``."""
    database.execute(_GIVE_AWAY.format(role=role))


def as_role(database: Database, role: str) -> str:
    """The URL with which a role logs in."""
    url: sa.URL = database.location.set(username=role, password="geheim")
    return url.render_as_string(hide_password=False)
