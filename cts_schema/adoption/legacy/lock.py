"""What an adoption asks of its session: on PostgreSQL locks and privileges; SQLite has none of them."""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.ddl.text import quote, run


def lock(connection: sa.Connection) -> list[str]:
    """Keep everyone off the old tables, all at once, so that nothing is written between looking and moving.

    Those of another owner only he may lock; the plan will name them and stop.

    Returns:
        The tables, none on SQLite.
    """
    if connection.dialect.name == "sqlite":
        return []
    there = run(
        connection,
        "SELECT relname::text FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace "
        "AND relkind = 'r' AND pg_has_role(relowner, 'USAGE')",
    ).scalars()
    names = sorted({*target.tables(), *rules.ABSORBED} & set(there))
    if names:
        run(connection, f"LOCK TABLE {', '.join(map(quote, names))} IN ACCESS EXCLUSIVE MODE")
    return names
