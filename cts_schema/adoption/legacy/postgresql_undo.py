"""The ways on and back from an adoption on PostgreSQL: the legacy tables dropped for good, or in their places again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.adoption import target
from cts_schema.adoption.legacy import schema as legacy
from cts_schema.adoption.legacy.record import State, require_unchanged
from cts_schema.adoption.legacy.schema import JOURNAL, legacy_schema_name
from cts_schema.adoption.refusal import is_refusal, reason, state
from cts_schema.adoption.unmanaged import preserved
from cts_schema.database.options import Options
from cts_schema.ddl.text import literal, quote, run
from cts_schema.exceptions import NextCommand, NoAdoption, StillInUse, mask_url
from cts_schema.migration import run_log
from cts_schema.migration.executor import Executor

_DEPENDENTS_STILL_EXIST = "2BP01"
_STATE = "cts_adoption_state"


def remember(connection: sa.Connection, version_table: str, copy: Path | None) -> None:
    """Write down what the tables are now, beside the legacy ones."""
    place = f"{quote(legacy_schema_name(connection))}.{_STATE}"
    run(connection, f"CREATE TABLE {place} (state jsonb NOT NULL)")
    run(connection, f"INSERT INTO {place} VALUES ({literal(json.dumps(_state(connection)))}::jsonb)")
    legacy.record(connection, "after", [f"DROP TABLE {place}"], content=("table", place))


def undo(connection: sa.Connection, options: Options, *, discard_new: bool) -> str:
    """Bring the legacy tables back.

    Raises:
        NoAdoption: there are none.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
        StillInUse: something depends on the new tables.
    """
    work = partial(_undo, connection, options.version_table, discard_new)
    Executor(connection, options, NextCommand("adopt", undo=True, wait=600)).in_one_transaction(work)
    return "the legacy tables are back, with all that depended on them; the new ones are dropped"


def _undo(connection: sa.Connection, version_table: str, discard_new: bool) -> None:
    place = f"{quote(legacy_schema_name(connection))}.{_STATE}"
    if not legacy.exists(connection, place):
        raise NoAdoption(database=mask_url(connection.engine.url))
    there = set(sa.inspect(connection).get_table_names())
    tables = [name for name in (*target.tables(), version_table) if name in there]
    legacy.lock(connection, list(map(quote, tables)))
    remembered: Any = run(connection, f"SELECT state::text FROM {place}").scalar_one()
    require_unchanged(connection, json.loads(remembered), lambda: _state(connection), discard_new)
    bring_back(connection, tables)


def bring_back(connection: sa.Connection, new_tables: Sequence[str]) -> None:
    """Bring the legacy database back on PostgreSQL as it was before the adoption, within the caller's transaction.

    Args:
        connection: with the schema of the adoption first in its search path.
        new_tables: the tables to be dropped: the managed ones that are there, and the version table.

    Raises:
        NoAdoption: there are no legacy tables to bring back.
        StillInUse: something that was made since depends on the new tables, or has a name that comes back; nothing was
            changed.
    """
    if not legacy.has_journal(connection):
        raise NoAdoption(database=mask_url(connection.engine.url))
    schema, beside = quote(legacy.current_schema(connection)), quote(legacy_schema_name(connection))
    with _all_or_nothing(connection):
        legacy.take_back(connection, "after")
        there = set(sa.inspect(connection).get_table_names())  # preserved tables are away again
        if new := [table for table in new_tables if table in there]:
            run(connection, f"DROP TABLE {', '.join(f'{schema}.{quote(table)}' for table in new)}")
        preserved.restore(connection)
        legacy.take_back(connection, "before")
        run(connection, f"DROP TABLE {beside}.{JOURNAL}")
        run(connection, f"DROP SCHEMA {beside}")


def finalize(connection: sa.Connection, options: Options) -> Sequence[str]:
    """Drop the legacy tables, and return their names."""
    dropped: list[str] = []
    executor = Executor(connection, options, NextCommand("adopt", finalize=True, wait=600))
    executor.in_one_transaction(lambda: dropped.extend(drop(connection)))
    return dropped


def drop(connection: sa.Connection) -> list[str]:
    """Drop the legacy tables that PostgreSQL has kept, and the old views over them, within the caller's transaction.

    Returns:
        What was dropped; nothing where no legacy table is kept.

    Raises:
        StillInUse: something that is not of the adoption depends on them; nothing was dropped.
    """
    if not legacy.has_journal(connection):
        return []
    schema = quote(legacy_schema_name(connection))
    contents = legacy.contents(connection)
    with _all_or_nothing(connection):
        for kind, name in contents:
            if kind != "table":
                run(connection, f"DROP {kind.upper()} {name}")
        # Together, since they refer to each other.
        tables = [name for kind, name in contents if kind == "table"]
        run(connection, f"DROP TABLE {', '.join([*tables, f'{schema}.{JOURNAL}'])}")
        run(connection, f"DROP SCHEMA {schema}")
    return [f"{kind} {name}" for kind, name in contents]


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


def _state(connection: sa.Connection) -> State:
    """Return what shows whether our tables have changed since: how many rows, and who has written them.

    The ledger and the run log are left out: every run writes them.
    """
    found: State = {}
    for name in target.tables():
        if name != "schema_migrations" and sa.inspect(connection).has_table(name):
            of = f"{quote(name)} AS t" + (f" WHERE {run_log.OTHER_ROWS}" if name == run_log.TABLE else "")
            writers = f"array_to_string(ARRAY(SELECT DISTINCT t.xmin::text FROM {of} ORDER BY 1), ' ')"
            rows, last = run(connection, f"SELECT count(*), {writers} FROM {of}").one()
            found[name] = {"rows": str(rows), "writers": str(last)}
    return found
