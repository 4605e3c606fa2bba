"""``alembic check``: the models, the revisions and the database against each other.

Models and revisions are compared as metadata, the database and the revisions as snapshots. It only reads, and works on
a hot standby. It ignores unmanaged tables, and on managed ones triggers of the user and indexes that refuse no row,
which it logs.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation
from alembic.operations.ops import UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult

from cts_schema import dialects
from cts_schema.authoring.difference import differences
from cts_schema.ddl import trigger_name
from cts_schema.dialects.facts import ColumnSnapshot, Definition, TableSnapshot
from cts_schema.schema.snapshot import PartDifference, snapshot, table_differences

_log = logging.getLogger(__name__)
PLUGIN = "cts_schema.check"
DECLARED = "declared"
"""The option of ``context.configure`` with the declared state."""


class Found(MigrateOperation):
    """A difference, which Alembic lists.

    Args:
        between: which two differ.
        what: how.
    """

    def __init__(self, between: str, what: str) -> None:
        self.between = between
        self.what = what

    def reverse(self) -> Found:
        """Return itself: a check writes no downgrade."""
        return self

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the text for ``alembic check``."""
        return (self.between, self.what)


def compare(context: AutogenContext, upgrade_ops: UpgradeOps) -> PriorityDispatchResult:
    """Find what differs between the models and the revisions, and between the database and the revisions."""
    declared, models = context.opts[DECLARED], context.metadata
    if context.connection is None or not isinstance(models, sa.MetaData):
        raise AssertionError("a check without a connection or models")
    managed = models.tables.keys() & declared.tables.keys()
    unmanaged = declared.tables.keys() - managed
    of_models = [one for one in differences(declared, models) if one.table not in unmanaged]
    upgrade_ops.ops += [Found("models and revisions", f"{one} in the models") for one in of_models]
    upgrade_ops.ops += [
        Found("database and revisions", what) for what in _of_database(context.connection, declared, managed)
    ]
    return PriorityDispatchResult.STOP


def _of_database(connection: sa.Connection, declared: sa.MetaData, managed: set[str]) -> Iterator[str]:
    shape = dialects.of(connection).shape
    there = snapshot(connection).only(managed)
    wanted = shape.worded(connection, shape.expected(declared).only(managed), there)
    if connection.dialect.supports_comments:
        yield from _of_comments(connection, declared, managed & there.tables.keys())
    for name, table in sorted(wanted.tables.items()):
        if name in there.tables:
            yield from _of_table(name, table, there.tables[name])
        else:
            yield f"table {name} is missing in the database"


def _of_comments(connection: sa.Connection, declared: sa.MetaData, managed: Collection[str]) -> Iterator[str]:
    inspector = sa.inspect(connection)
    tables = inspector.get_multi_table_comment(filter_names=sorted(managed))
    columns = inspector.get_multi_columns(filter_names=sorted(managed))
    for name in sorted(managed):
        wanted = declared.tables[name]
        found = {name: (tables[None, name]["text"], wanted.comment)}
        for column in columns[None, name]:
            if column["name"] in wanted.columns:
                found[f"{name}.{column['name']}"] = (column.get("comment"), wanted.columns[column["name"]].comment)
        for place, (there, comment) in found.items():
            if comment is not None and there != comment:  # one without it may have a remark of the user
                yield f"comment of {place} is {there!r} in the database, not {comment!r}"


def _of_table(table: str, wanted: TableSnapshot, there: TableSnapshot) -> Iterator[str]:
    found = [one for one in table_differences(wanted, there) if not is_of_user(table, one)]
    for part, one, other in found:
        what = f"{part.kind.replace('-', ' ')} {table}.{part.name}"
        if other is None:
            yield f"{what} is missing in the database: {_shown(one)}"
        elif one is None:
            yield f"{what} is in no revision: {_shown(other)}"
        else:
            yield f"{what} is {_shown(other)} in the database, not {_shown(one)}"
    if wanted.clauses != there.clauses and not found:
        yield f"table {table} has {', '.join(there.clauses)} in the database, not {', '.join(wanted.clauses)}"


def _shown(one: ColumnSnapshot | Definition | None) -> str:
    incomplete = isinstance(one, Definition) and not one.valid and not one.text.endswith("NOT VALID")
    return f"{one}, not completed" if incomplete else str(one)


def is_of_user(table: str, one: PartDifference) -> bool:
    """Return whether somebody has added a trigger, or an index that only speeds up queries."""
    if one.wanted is not None or one.there is None:
        return False
    if one.part.kind == "trigger":
        return one.part.name != trigger_name(table)
    if one.part.kind == "index" and not re.match(r"(?i)CREATE\s+UNIQUE\b", str(one.there)):
        _log.warning("index %s of %s is in no revision, and is ignored", one.part.name, table)
        return True
    return False


_plugin = Plugin(PLUGIN)
_plugin.add_autogenerate_comparator(compare, "autogenerate")
