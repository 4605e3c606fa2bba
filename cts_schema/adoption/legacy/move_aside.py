"""The old tables, out of the way: renamed on SQLite, in a schema of their own on PostgreSQL.

PostgreSQL keeps them until a person says that nobody needs them (:func:`finalize`). Until then :func:`undo` brings the
old database back as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.adoption.legacy import schema as legacy_schema
from cts_schema.adoption.legacy.schema import JOURNAL, legacy_schema_name
from cts_schema.adoption.refusal import is_refusal, reason, state
from cts_schema.adoption.unmanaged import preserved
from cts_schema.ddl import moved
from cts_schema.ddl.naming import LEGACY
from cts_schema.ddl.text import quote, run
from cts_schema.ddl.triggers import FUNCTION, LEGACY_FUNCTION
from cts_schema.exceptions import NoAdoption, StillInUse, mask_url

_DEPENDENTS_STILL_EXIST = "2BP01"


def move(connection: sa.Connection, tables: Sequence[str]) -> dict[str, str]:
    """Move tables out of the way, within the caller's transaction.

    On SQLite foreign keys must be off. Indexes of the tables are dropped there, since their names are those of the
    whole file. The whole run needs :func:`renames_without_checks`.

    Args:
        connection: on PostgreSQL with the schema of the tables first in its search path.
        tables: their names, as the database has them.

    Returns:
        Where each table is now, as SQL.

    Raises:
        LegacySchemaTaken: PostgreSQL: the schema for them is there already.
    """
    if connection.dialect.name == "sqlite":
        with renames_without_checks(connection):
            return {table: _rename(connection, table) for table in tables}
    return _set_schema(connection, tables)


@contextmanager
def renames_without_checks(connection: sa.Connection) -> Iterator[None]:
    """Let SQLite rename a table without looking at others, for the time of the block; PostgreSQL always does.

    Else any view that does not compile makes it fail, and views and foreign keys would follow the renamed table.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            connection.exec_driver_sql(f"PRAGMA legacy_alter_table = {before}")


def drop_moved(connection: sa.Connection, moved: Mapping[str, str]) -> None:
    """Drop moved tables on SQLite, which has a backup instead. PostgreSQL keeps them."""
    if connection.dialect.name == "sqlite":
        for place in moved.values():
            run(connection, f"DROP TABLE {place}")


def finalize(connection: sa.Connection) -> list[str]:
    """Drop the old tables that PostgreSQL has kept, and the old views over them, within the caller's transaction.

    Returns:
        What was dropped; nothing on SQLite, or where no old table is kept.

    Raises:
        StillInUse: something that is not of the adoption depends on them; nothing was dropped.
    """
    if connection.dialect.name == "sqlite" or not legacy_schema.has_journal(connection):
        return []
    schema = quote(legacy_schema_name(connection))
    held = legacy_schema.held(connection)
    with _all_or_nothing(connection):
        for kind, name in held:
            if kind != "table":
                run(connection, f"DROP {kind.upper()} {name}")
        # Together, since they refer to each other.
        tables = [name for kind, name in held if kind == "table"]
        run(connection, f"DROP TABLE {', '.join([*tables, f'{schema}.{JOURNAL}'])}")
        run(connection, f"DROP SCHEMA {schema}")
    return [f"{kind} {name}" for kind, name in held]


def undo(connection: sa.Connection, new_tables: Sequence[str]) -> None:
    """Bring the old database back on PostgreSQL as it was before the adoption, within the caller's transaction.

    Args:
        connection: with the schema of the adoption first in its search path.
        new_tables: the tables to be dropped: the managed ones that are there, and the version table.

    Raises:
        NoAdoption: there are no old tables to bring back.
        StillInUse: something that was made since depends on the new tables, or has a name that comes back; nothing was
            changed.
    """
    if not legacy_schema.has_journal(connection):
        raise NoAdoption(database=mask_url(connection.engine.url))
    schema, held = quote(legacy_schema.current_schema(connection)), quote(legacy_schema_name(connection))
    entries = legacy_schema.journal(connection)
    with _all_or_nothing(connection):
        legacy_schema.take_back(connection, [entry for entry in entries if entry.phase == "after"])
        there = set(sa.inspect(connection).get_table_names())  # preserved tables are away again
        if new := [table for table in new_tables if table in there]:
            run(connection, f"DROP TABLE {', '.join(f'{schema}.{quote(table)}' for table in new)}")
        preserved.restore(connection)
        legacy_schema.take_back(connection, [entry for entry in entries if entry.phase == "before"])
        run(connection, f"DROP TABLE {held}.{JOURNAL}")
        run(connection, f"DROP SCHEMA {held}")


def lock(connection: sa.Connection, relations: Sequence[str]) -> None:
    """Lock tables and views, given as SQL, in one statement: one by one invites deadlocks."""
    if relations:
        run(connection, f"LOCK TABLE {', '.join(relations)} IN ACCESS EXCLUSIVE MODE")


def _rename(connection: sa.Connection, table: str) -> str:
    indexes = connection.execute(
        sa.text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"),
        {"table": table},
    )
    for index in indexes.scalars().all():
        run(connection, f"DROP INDEX {quote(index)}")
    place = quote(_free_name(connection, f"{LEGACY}_{table}"))
    run(connection, f"ALTER TABLE {quote(table)} RENAME TO {place}")
    return place


def _free_name(connection: sa.Connection, wanted: str) -> str:
    taken = {name.lower() for name in connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars()}
    name, number = wanted, 2
    while name.lower() in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _set_schema(connection: sa.Connection, tables: Sequence[str]) -> dict[str, str]:
    schema = quote(legacy_schema.current_schema(connection))
    lock(connection, [f"{schema}.{quote(table)}" for table in tables])
    held = legacy_schema.open_legacy_schema(connection)
    for function in (FUNCTION, LEGACY_FUNCTION):  # the revisions make them where they are absent
        there = sa.text("SELECT to_regprocedure(:name) IS NOT NULL")
        if not connection.execute(there, {"name": f"{schema}.{function}()"}).scalar_one():
            legacy_schema.record(connection, "before", [f"DROP FUNCTION IF EXISTS {schema}.{function}()"])
    moved = {table: f"{held}.{quote(table)}" for table in tables}
    for place in moved.values():
        name = place.removeprefix(f"{held}.")
        run(connection, f"ALTER TABLE {schema}.{name} SET SCHEMA {held}")
        legacy_schema.record(connection, "before", [f"ALTER TABLE {place} SET SCHEMA {schema}"], held=("table", place))
    return moved


def move_preserved(connection: sa.Connection, tables: Collection[str]) -> None:
    """Move tables that a downgrade preserved to the old ones of PostgreSQL: undo brings them back as they were."""
    schema, held = quote(legacy_schema.current_schema(connection)), quote(legacy_schema_name(connection))
    for table in map(quote, tables):
        run(connection, f"ALTER TABLE {schema}.{table} SET SCHEMA {held}")
        back_again = [f"DROP TABLE IF EXISTS {schema}.{table}", f"ALTER TABLE {held}.{table} SET SCHEMA {schema}"]
        legacy_schema.record(connection, "before", back_again, held=("table", f"{held}.{table}"))


def note_return(connection: sa.Connection, table: str, kept: str, triggers: Sequence[str]) -> None:
    """Note that a preserved table, which had moved to the old ones, is in the place of ``table`` again.

    Args:
        connection: the database.
        table: whose place it has taken.
        kept: the name that it had.
        triggers: those that it has got of the new one: their function may go.
    """
    schema, held = quote(legacy_schema.current_schema(connection)), quote(legacy_schema_name(connection))
    place = f"{held}.{quote(kept)}"
    legacy_schema.release(connection, place)
    drops = [f"DROP TRIGGER IF EXISTS {quote(trigger)} ON {schema}.{quote(table)}" for trigger in triggers]
    away = [*drops, moved.away_on_postgresql(table, kept), f"ALTER TABLE {schema}.{quote(kept)} SET SCHEMA {held}"]
    legacy_schema.record(connection, "after", away, needs=f"{schema}.{quote(table)}")


@contextmanager
def _all_or_nothing(connection: sa.Connection) -> Iterator[None]:
    """Run the block in a savepoint; where PostgreSQL refuses something, nothing is changed.

    Raises:
        StillInUse: it refused something.
    """
    try:
        with connection.begin_nested():
            yield
    except DBAPIError as error:
        if not is_refusal(error):
            raise
        depends = state(error) == _DEPENDENTS_STILL_EXIST
        raise StillInUse(
            cause=None if depends else "something that was made since is in the way; nothing was changed",
            database=mask_url(connection.engine.url),
            reported=reason(error),
            # What is tried is DDL of ours, which names the table and the column, and no value.
            statement=None if depends else error.statement,
            # Errors do not print their details, which may hold values of rows. Here it is the names of what depends.
            depends=getattr(getattr(error.orig, "diag", None), "message_detail", None) if depends else None,
        ) from error
