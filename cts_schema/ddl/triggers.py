"""updated_at: maintained by a trigger on both databases.

An UPDATE that does not set ``updated_at`` itself sets it to the current time. The trigger of a table names no column
but ``updated_at``, so that adding or dropping other columns never makes it stale.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from cts_schema.ddl.naming import shorten

FUNCTION = "cts_set_updated_at"
LEGACY_FUNCTION = "update_updated_at_column"


def trigger_name(table: str) -> str:
    """Return the name of the updated_at trigger of ``table``."""
    return shorten(f"trg_{table}_updated_at")


class CreateUpdatedAtTrigger(ExecutableDDLElement):
    """CREATE TRIGGER for the updated_at column of ``table``."""

    inherit_cache = False

    def __init__(self, table: str) -> None:
        self.table = table


class DropUpdatedAtTrigger(ExecutableDDLElement):
    """DROP TRIGGER for the updated_at column of ``table``."""

    inherit_cache = False

    def __init__(self, table: str) -> None:
        self.table = table


class CreateUpdatedAtFunction(ExecutableDDLElement):
    """The trigger function on PostgreSQL. It cannot be rendered for SQLite, which has no functions."""

    inherit_cache = False


# Six digits of a second or none, as Timestamp binds it, so that a time that was read finds its row again.
_SQLITE_NOW = "replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '')"


@compiles(CreateUpdatedAtTrigger, "sqlite")
def _create_sqlite(element: CreateUpdatedAtTrigger, compiler: DDLCompiler, **kw: Any) -> str:
    # With recursive_triggers ON the UPDATE below fires the trigger again. That one stops, because it has changed
    # updated_at; and if the row already has the same millisecond, the second condition prevents it.
    # 'now' is constant within one statement (sqlite.org/lang_datefunc).
    quote = compiler.preparer.quote
    return (
        f"CREATE TRIGGER {quote(trigger_name(element.table))} AFTER UPDATE ON {quote(element.table)} FOR EACH ROW "
        f"WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_at IS NOT {_SQLITE_NOW} "
        f"BEGIN UPDATE {quote(element.table)} SET updated_at = {_SQLITE_NOW} WHERE rowid = NEW.rowid; END"
    )


@compiles(CreateUpdatedAtTrigger, "postgresql")
def _create_postgresql(element: CreateUpdatedAtTrigger, compiler: DDLCompiler, **kw: Any) -> str:
    quote = compiler.preparer.quote
    return (
        f"CREATE TRIGGER {quote(trigger_name(element.table))} BEFORE UPDATE ON {quote(element.table)} FOR EACH ROW "
        f"EXECUTE FUNCTION {FUNCTION}()"
    )


@compiles(DropUpdatedAtTrigger, "sqlite")
def _drop_sqlite(element: DropUpdatedAtTrigger, compiler: DDLCompiler, **kw: Any) -> str:
    return f"DROP TRIGGER IF EXISTS {compiler.preparer.quote(trigger_name(element.table))}"


@compiles(DropUpdatedAtTrigger, "postgresql")
def _drop_postgresql(element: DropUpdatedAtTrigger, compiler: DDLCompiler, **kw: Any) -> str:
    quote = compiler.preparer.quote
    return f"DROP TRIGGER IF EXISTS {quote(trigger_name(element.table))} ON {quote(element.table)}"


@compiles(CreateUpdatedAtFunction, "postgresql")
def _function_postgresql(element: CreateUpdatedAtFunction, compiler: DDLCompiler, **kw: Any) -> str:
    # clock_timestamp(), not now(): a row that one transaction inserts and changes was changed later.
    return (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN NEW.updated_at := clock_timestamp(); END IF; "
        "RETURN NEW; END $$"
    )


def has_updated_at_trigger(connection: sa.Connection, table: str) -> bool:
    """Return whether the updated_at trigger of ``table`` exists."""
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = :name AND tbl_name = :table COLLATE NOCASE"
        )
    else:
        query = (
            "SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE t.tgname = :name AND c.relname = :table AND pg_table_is_visible(c.oid) AND NOT t.tgisinternal"
        )
    found = connection.execute(sa.text(query), {"name": trigger_name(table), "table": table})
    return found.scalar() is not None


def keep_updated_at(table: sa.Table) -> None:
    """Make ``metadata.create_all`` also create the trigger of ``table``, as the revisions do."""
    table.info["updated_at_trigger"] = True
    sa.event.listen(
        table,
        "after_create",
        CreateUpdatedAtFunction().execute_if(dialect="postgresql"),
    )
    sa.event.listen(table, "after_create", CreateUpdatedAtTrigger(table.name))
