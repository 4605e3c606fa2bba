"""What is not ours but hangs on the old tables: views, triggers, grants, foreign keys of other tables.

It is read while the old tables are in place, tried on an empty copy of the new schema, taken off before the old tables
are moved, and put on the new tables once they have their rows. What cannot be carried over is refused beforehand, with
the reason that the database gave. Nothing here locks an old table before :func:`detach`.

PostgreSQL binds by object id: everything must be made again. SQLite binds by name: only the triggers of the old tables
must be made again, but what no longer compiles is noticed by nobody unless it is compiled here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from cts_schema.adoption.dependents import by_size
from cts_schema.adoption.dependents.postgresql import dependents as on_postgresql
from cts_schema.adoption.dependents.postgresql import facts as found_
from cts_schema.adoption.dependents.postgresql import read as catalogue
from cts_schema.adoption.dependents.postgresql.recreate import add_key
from cts_schema.adoption.dependents.sqlite import dependents as on_sqlite
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.ddl.text import unquote

Dependents = found_.Dependents | on_sqlite.Dependents

__all__ = ["Dependents", "Refusal", "attach", "definition_of", "detach", "read", "refused"]


def read(connection: sa.Connection, tables: Sequence[str]) -> Dependents:
    """Return all that hangs on ``tables``; nothing is changed or locked.

    Args:
        connection: on PostgreSQL with the schema of the tables first in its search path.
        tables: the old tables, by the names that the database has for them.
    """
    if connection.dialect.name == "sqlite":
        return on_sqlite.read(connection, tables)
    return catalogue.read(connection, tables)


def refused(connection: sa.Connection, found: Dependents, old: Collection[LegacyTable] = ()) -> list[Refusal]:
    """Try everything on an empty copy of the new schema; return what cannot be carried over.

    What was broken before stays as it is and is no refusal; neither is a trigger that only kept ``updated_at``, since
    ours do. On PostgreSQL the copy is made in a savepoint, which is rolled back; on SQLite it is in memory.

    Args:
        connection: what it was read with.
        found: what :func:`read` returned.
        old: the old tables, to look for what orders by size what was a number.
    """
    numbers = by_size.numbers_to_text(old)
    if isinstance(found, on_sqlite.Dependents):
        definitions = {one.key: one.sql for one in found.hanging}
    else:
        definitions = {(view.kind, view.title): view.definition for view in found.views}
        for column in found.retyped:
            table = next(one.own_name for one in found.others if one.name == column.table)
            numbers.setdefault(unquote(table).lower(), set()).add(unquote(column.column).lower())
    ordering = by_size.refused(definitions, numbers)
    left_out = {(one.kind, one.name) for one in ordering}
    if isinstance(found, on_sqlite.Dependents):
        return [*ordering, *on_sqlite.refused(found, left_out)]
    return [*ordering, *on_postgresql.refused(connection, found, left_out)]


def detach(connection: sa.Connection, found: Dependents) -> None:
    """Take off what would hinder the move of the old tables, within the caller's transaction.

    Raises:
        LegacySchemaTaken: PostgreSQL: the schema for the old tables is there already.
    """
    if isinstance(found, on_sqlite.Dependents):
        on_sqlite.detach(connection, found)
    else:
        on_postgresql.detach(connection, found)


def attach(connection: sa.Connection, found: Dependents, without: Collection[Refusal] = ()) -> list[Refusal]:
    """Put on the new tables what hung on the old ones, within the caller's transaction.

    Args:
        connection: the one that the old tables were moved with.
        found: what :func:`read` returned.
        without: refusals that a person has accepted; they are left out.

    Returns:
        What could not be carried over although the trial said it could: the caller rolls back.
    """
    left_out = {(refusal.kind, refusal.name) for refusal in without}
    if isinstance(found, on_sqlite.Dependents):
        return on_sqlite.attach(connection, found, left_out)
    return on_postgresql.attach(connection, found, left_out)


def definition_of(found: Dependents, refusal: Refusal) -> str:
    """Return how something that is left out was made, as far as the database knows."""
    if isinstance(found, on_sqlite.Dependents):
        made = {one.key: one.sql for one in found.objects}
        for table, lost in found.lost_keys.items():
            made[on_sqlite.KEY, f"of {table}"] = "; ".join(key.title for key, _ in lost)
    else:
        made = {(view.kind, view.title): view.definition for view in found.views}
        for hanging in found.hanging:
            made[hanging.kind, f"{hanging.name} on {found.title(hanging.table)}"] = "; ".join(hanging.make)
        made |= {
            ("column", f"{found.title(one.table)}.{one.column}"): f"{one.column} {one.type}"
            + (f" DEFAULT {one.default}" if one.default is not None else "")
            for one in found.retyped
        }
        made |= {
            ("foreign key", f"{one.name} of {found.title(one.table)}"): add_key(one)[0] for one in found.foreign_keys
        }
    return made.get((refusal.kind, refusal.name), "")
