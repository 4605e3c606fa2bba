"""What models and revisions build on: types, server defaults, triggers, and the operations of revisions.

The meaning of every name here is frozen, because released revisions rely on it.
The operations need Alembic, and are loaded at first use, so that importing the models does not import it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import cts_schema.ddl.null_order  # noqa: F401 - from here on SQLite takes indexes that say where NULL is
from cts_schema.ddl.checks import ImpliedCheck, sqlite_checks
from cts_schema.ddl.columns import (
    count,
    each,
    enum,
    flag,
    indexes,
    integer,
    json,
    log_id,
    money,
    ratio,
    reference,
    string,
    text_id,
    timestamp,
    timestamps,
    uniques,
)
from cts_schema.ddl.defaults import DEFAULTS, uuid_text
from cts_schema.ddl.naming import MAX_IDENTIFIER, NAMING_CONVENTION, shorten
from cts_schema.ddl.numbers import ExactNumeric, FiniteNumeric
from cts_schema.ddl.tables import Item, Tables, complete_table, frozen_table
from cts_schema.ddl.to_complete import TO_COMPLETE
from cts_schema.ddl.triggers import CreateUpdatedAtFunction, CreateUpdatedAtTrigger, DropUpdatedAtTrigger, trigger_name
from cts_schema.ddl.types import TYPES, BigInt, Json, TextEnum, Timestamp

if TYPE_CHECKING:
    from cts_schema.ddl.batches import backfill, fill
    from cts_schema.ddl.comments import comment_column, comment_table
    from cts_schema.ddl.online_constraints import (
        add_check_online,
        add_foreign_key_online,
        set_default_online,
        set_not_null,
        set_not_null_online,
    )
    from cts_schema.ddl.online_indexes import add_unique_online, create_index_online, drop_index_online
    from cts_schema.ddl.online_tables import add_columns_online, create_table_online
    from cts_schema.ddl.operations import (
        add_columns,
        create_table,
        create_updated_at_trigger,
        drop_columns,
        drop_table,
        drop_updated_at_trigger,
        insert_absent,
        replace_checks,
    )
    from cts_schema.ddl.preserved import preserved_name
    from cts_schema.ddl.rebuild import alter_table
    from cts_schema.ddl.renames import rename_column, rename_column_online, rename_table, rename_table_online
    from cts_schema.ddl.silence import quiet
    from cts_schema.ddl.sql import execute_declared, on_postgresql
    from cts_schema.ddl.type_changes import change_type, recompute_column

_OPERATIONS = {
    "preserved_name": "preserved",
    "alter_table": "rebuild",
    "backfill": "batches",
    "fill": "batches",
    "execute_declared": "sql",
    "add_check_online": "online_constraints",
    "add_unique_online": "online_indexes",
    "add_foreign_key_online": "online_constraints",
    "create_index_online": "online_indexes",
    "drop_index_online": "online_indexes",
    "set_default_online": "online_constraints",
    "set_not_null": "online_constraints",
    "set_not_null_online": "online_constraints",
    "change_type": "type_changes",
    "recompute_column": "type_changes",
    "comment_column": "comments",
    "comment_table": "comments",
    "add_columns_online": "online_tables",
    "create_table_online": "online_tables",
    "add_columns": "operations",
    "create_table": "operations",
    "create_updated_at_trigger": "operations",
    "drop_columns": "operations",
    "drop_table": "operations",
    "drop_updated_at_trigger": "operations",
    "insert_absent": "operations",
    "on_postgresql": "sql",
    "quiet": "silence",
    "rename_column": "renames",
    "rename_column_online": "renames",
    "rename_table": "renames",
    "rename_table_online": "renames",
    "replace_checks": "operations",
}

__all__ = [
    "DEFAULTS",
    "MAX_IDENTIFIER",
    "NAMING_CONVENTION",
    "TO_COMPLETE",
    "TYPES",
    "BigInt",
    "CreateUpdatedAtFunction",
    "CreateUpdatedAtTrigger",
    "DropUpdatedAtTrigger",
    "ExactNumeric",
    "FiniteNumeric",
    "ImpliedCheck",
    "Item",
    "Json",
    "Tables",
    "TextEnum",
    "Timestamp",
    "add_check_online",
    "add_columns",
    "add_columns_online",
    "add_foreign_key_online",
    "add_unique_online",
    "alter_table",
    "backfill",
    "change_type",
    "comment_column",
    "comment_table",
    "complete_table",
    "count",
    "create_index_online",
    "create_table",
    "create_table_online",
    "create_updated_at_trigger",
    "drop_columns",
    "drop_index_online",
    "drop_table",
    "drop_updated_at_trigger",
    "each",
    "enum",
    "execute_declared",
    "fill",
    "flag",
    "frozen_table",
    "indexes",
    "insert_absent",
    "integer",
    "json",
    "log_id",
    "money",
    "on_postgresql",
    "preserved_name",
    "quiet",
    "ratio",
    "recompute_column",
    "reference",
    "rename_column",
    "rename_column_online",
    "rename_table",
    "rename_table_online",
    "replace_checks",
    "set_default_online",
    "set_not_null",
    "set_not_null_online",
    "shorten",
    "sqlite_checks",
    "string",
    "text_id",
    "timestamp",
    "timestamps",
    "trigger_name",
    "uniques",
    "uuid_text",
]


def __getattr__(name: str) -> Any:
    if name in _OPERATIONS:
        return getattr(import_module(f"cts_schema.ddl.{_OPERATIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
