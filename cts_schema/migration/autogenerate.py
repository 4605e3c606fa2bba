"""``alembic check``: what to compare of a database with the models."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.ddl.foreign_keys import foreign_keys_of, sqlite_foreign_keys
from cts_schema.migration.compare import PLUGIN
from cts_schema.migration.directives import Rewriter
from cts_schema.schema.declared import declared
from cts_schema.schema.scripts import head

_log = logging.getLogger(__name__)


def settings(metadata: sa.MetaData, connection: sa.Connection) -> dict[str, Any]:
    """Return the options of ``context.configure`` for comparing ``metadata`` with a database at head.

    Args:
        metadata: the metadata of the models.
        connection: a connection to the database, for reading only.
    """

    def include_name(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or name in metadata.tables

    def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ == "index" and reflected and compare_to is None and not item.unique:
            return _is_ours(item, name)
        if type_ == "foreign_key_constraint" and not dialects.of(connection).alters_tables:
            return _differs_on_sqlite(item, metadata, connection)
        return True

    def rewrite(context: Any, revision: Any, directives: list[Any]) -> None:
        for made in directives:
            made.upgrade_ops.ops = list(Rewriter(metadata).upgrade(made.upgrade_ops.ops))

    return {
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": True,
        "compare_server_default": True,
        "process_revision_directives": rewrite,
        "autogenerate_plugins": ["alembic.autogenerate.*", PLUGIN],
    }


def _is_ours(index: sa.Index, name: str | None) -> bool:
    """Return whether a revision created an index that no model has. Other indexes only speed up queries."""
    table = index.table
    made = None if table is None else declared(head()).tables.get(table.name)
    if table is None or (made is not None and name in {one.name for one in made.indexes}):
        return True
    _log.warning("index %s of %s is in no revision, and is ignored", name, table.name)
    return False


def _differs_on_sqlite(item: sa.ForeignKeyConstraint, metadata: sa.MetaData, connection: sa.Connection) -> bool:
    # Reflection does not show ON DELETE of a key that ADD COLUMN created: ask SQLite itself.
    columns = tuple(item.column_keys)
    live = [key for key in sqlite_foreign_keys(connection, item.table.name) if key.columns == columns]
    return live != [key for key in foreign_keys_of(metadata.tables[item.table.name]) if key.columns == columns]
