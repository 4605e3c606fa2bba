"""The legacy tables of PostgreSQL, in a schema of their own until a person says that nobody needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.adoption.legacy import preserved_tables
from cts_schema.adoption.legacy import schema as legacy
from cts_schema.adoption.legacy.postgresql_undo import finalize as finalize
from cts_schema.adoption.legacy.postgresql_undo import remember as remember
from cts_schema.adoption.legacy.postgresql_undo import undo as undo
from cts_schema.adoption.legacy.schema import legacy_schema_name
from cts_schema.ddl import moved, returned
from cts_schema.ddl.text import literal, quote, run
from cts_schema.ddl.triggers import FUNCTION, LEGACY_FUNCTION

_DEPENDENTS_STILL_EXIST = "2BP01"
_STATE = "cts_adoption_state"


def lock(connection: sa.Connection) -> Sequence[str]:
    """Lock the legacy tables, all at once; those of another owner only he may lock, and the plan names them."""
    there = run(
        connection,
        "SELECT relname::text FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace "
        "AND relkind = 'r' AND pg_has_role(relowner, 'USAGE')",
    ).scalars()
    names = sorted({*target.tables(), *rules.ABSORBED} & set(there))
    legacy.lock(connection, list(map(quote, names)))
    return names


def renaming(connection: sa.Connection) -> AbstractContextManager[object]:
    """Set nothing: no rename checks others."""
    return nullcontext()


def move(connection: sa.Connection, tables: Sequence[str]) -> dict[str, str]:
    """Move tables to the legacy schema.

    Args:
        connection: with the schema of the tables first in its search path.
        tables: their names, as the database has them.

    Returns:
        Where each table is now, as SQL.

    Raises:
        LegacySchemaTaken: the schema for them is there already.
    """
    schema = quote(legacy.current_schema(connection))
    legacy.lock(connection, [f"{schema}.{quote(table)}" for table in tables])
    beside = legacy.open_legacy_schema(connection)
    for function in (FUNCTION, LEGACY_FUNCTION):  # the revisions make them where they are absent
        there = f"SELECT to_regprocedure({literal(f'{schema}.{function}()')}) IS NOT NULL"
        if not run(connection, there).scalar_one():
            legacy.record(connection, "before", [f"DROP FUNCTION IF EXISTS {schema}.{function}()"])
    moved = {table: f"{beside}.{quote(table)}" for table in tables}
    for place in moved.values():
        name = place.removeprefix(f"{beside}.")
        run(connection, f"ALTER TABLE {schema}.{name} SET SCHEMA {beside}")
        legacy.record(connection, "before", [f"ALTER TABLE {place} SET SCHEMA {schema}"], content=("table", place))
    return moved


def drop_moved(connection: sa.Connection, moved: Mapping[str, str]) -> None:
    """Drop nothing: the tables stay until a person says that nobody needs them."""


class PreservedTables(preserved_tables.PreservedTables):
    """The tables that a downgrade preserved, beside the legacy tables meanwhile: undo brings them back as they were."""

    def hide(self) -> None:
        """Move them to the legacy schema as well."""
        super().hide()
        schema, beside = quote(legacy.current_schema(self.connection)), quote(legacy_schema_name(self.connection))
        for table in map(quote, self.names):
            run(self.connection, f"ALTER TABLE {schema}.{table} SET SCHEMA {beside}")
            back_again = [
                f"DROP TABLE IF EXISTS {schema}.{table}",
                f"ALTER TABLE {beside}.{table} SET SCHEMA {schema}",
            ]
            legacy.record(self.connection, "before", back_again, content=("table", f"{beside}.{table}"))

    def is_hidden(self, name: str) -> bool:
        """Whether a copy has the rows of a table meanwhile, under another name."""
        return name not in self.returning.values()

    def put_back(self) -> list[str]:
        """Put back those that come back themselves; the rows of those that do not fit are restored."""
        beside = quote(legacy_schema_name(self.connection))
        places = {table: f"{beside}.{quote(name)}" for table, name in self.returning.items()}
        fit = {table: name for table, name in self.returning.items() if returned.fits(places[table], table)}
        added = returned.put_in_place(fit, beside)
        for table, name in self.returning.items():
            if table in fit:
                _record_return(self.connection, table, name, added[table])
            else:
                moved.preserve(name, f"SELECT * FROM {places[table]}")
        return []


def _record_return(connection: sa.Connection, table: str, kept: str, triggers: Sequence[str]) -> None:
    """Write into the journal that a preserved table is in the place of ``table`` again.

    Args:
        connection: the database.
        table: whose place it has taken.
        kept: the name that it had.
        triggers: those that it has got of the new one: their function may go.
    """
    schema, beside = quote(legacy.current_schema(connection)), quote(legacy_schema_name(connection))
    place = f"{beside}.{quote(kept)}"
    legacy.release(connection, place)
    drops = [f"DROP TRIGGER IF EXISTS {quote(trigger)} ON {schema}.{quote(table)}" for trigger in triggers]
    away = [
        *drops,
        moved.away_on_postgresql(table, kept),
        f"ALTER TABLE {schema}.{quote(kept)} SET SCHEMA {beside}",
    ]
    legacy.record(connection, "after", away, needs=f"{schema}.{quote(table)}")
