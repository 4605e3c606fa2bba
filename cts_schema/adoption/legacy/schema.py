"""The schema that holds the legacy tables on PostgreSQL, and the journal in it: how each change is taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cts_schema.adoption.refusal import run_first_of
from cts_schema.ddl.naming import legacy_schema_of
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.postgresql.lock import setting
from cts_schema.exceptions import LegacySchemaTaken, mask_url

JOURNAL = "cts_adoption"

#: When a change was made: before the new tables came, or after. Undo drops the new tables between the two.
Phase = Literal["before", "after"]


def legacy_schema_name(connection: sa.Connection) -> str:
    """Return the name of the schema that holds the legacy tables of the current one; each has its own."""
    return legacy_schema_of(current_schema(connection))


def open_legacy_schema(connection: sa.Connection) -> str:
    """Create the schema for the legacy tables, with its journal, unless this run has done so; return it as SQL.

    Raises:
        LegacySchemaTaken: it is there, and not of this run.
    """
    legacy = quote(legacy_schema_name(connection))
    if is_taken(connection):
        raise LegacySchemaTaken(database=mask_url(connection.engine.url), schema=legacy)
    if not has_journal(connection):
        run(connection, f"CREATE SCHEMA {legacy}")
        run(
            connection,
            f"CREATE TABLE {legacy}.{JOURNAL} (number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            "phase text NOT NULL, path text NOT NULL, needs text, statements jsonb NOT NULL, "
            "alternatives jsonb NOT NULL, held_kind text, held_name text)",
        )
    return legacy


def is_taken(connection: sa.Connection) -> bool:
    """Tell whether the schema for the legacy tables is there although this run has moved none."""
    legacy = quote(legacy_schema_name(connection))
    if not has_journal(connection):
        return bool(run(connection, f"SELECT to_regnamespace({literal(legacy)}) IS NOT NULL").scalar_one())
    return any(kind == "table" for kind, _ in contents(connection))


def has_journal(connection: sa.Connection) -> bool:
    """Tell whether the schema for the legacy tables is there with its journal."""
    return exists(connection, _journal(connection))


def exists(connection: sa.Connection, relation: str) -> bool:
    """Tell whether a relation, given as SQL, is there."""
    return bool(run(connection, f"SELECT to_regclass({literal(relation)}) IS NOT NULL").scalar_one())


def _journal(connection: sa.Connection) -> str:
    return f"{quote(legacy_schema_name(connection))}.{JOURNAL}"


def record(
    connection: sa.Connection,
    phase: Phase,
    statements: Sequence[str] = (),
    *,
    alternatives: Sequence[str] = (),
    needs: str | None = None,
    content: tuple[str, str] | None = None,
) -> None:
    """Write into the journal how a change is taken back.

    Args:
        connection: with the search path under which the statements mean what they should.
        phase: when the change was made.
        statements: in their order.
        alternatives: of which the first that works is run afterwards.
        needs: a relation, as SQL, without which there is nothing to take back: somebody has dropped it since.
        content: kind and name, as SQL, of what is in the schema now.
    """
    kind, name = content or (None, None)
    facts = {
        "phase": phase,
        "path": sa.func.current_setting("search_path"),
        "needs": needs,
        "statements": sa.literal(list(statements), JSONB),
        "alternatives": sa.literal(list(alternatives), JSONB),
        "held_kind": kind,
        "held_name": name,
    }
    journal = sa.table(JOURNAL, *map(sa.column, facts), schema=legacy_schema_name(connection))
    connection.execute(sa.insert(journal).values(facts))


def contents(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return kind and name, as SQL, of what is in the schema, each before what it depends on."""
    query = f"SELECT held_kind, held_name FROM {_journal(connection)} WHERE held_kind IS NOT NULL ORDER BY number DESC"
    return [(row[0], row[1]) for row in run(connection, query)]


def release(connection: sa.Connection, name: str) -> None:
    """Write into the journal that ``name``, as SQL, is not in the schema any more."""
    change = f"UPDATE {_journal(connection)} SET held_kind = NULL, held_name = NULL"
    run(connection, f"{change} WHERE held_name = {literal(name)}")


def take_back(connection: sa.Connection, phase: Phase) -> None:
    """Do what the journal says about a phase, the last first."""
    columns = "path, needs, statements::text, alternatives::text"
    entries = f"SELECT {columns} FROM {_journal(connection)} WHERE phase = {literal(phase)} ORDER BY number DESC"
    for path, needs, statements, alternatives in run(connection, entries).all():
        with setting(connection, "search_path", path):
            if needs is None or exists(connection, needs):
                for statement in json.loads(statements):
                    run(connection, statement)
                run_first_of(connection, json.loads(alternatives))


def current_schema(connection: sa.Connection) -> str:
    """Return the name of the schema that is worked in."""
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())


def lock(connection: sa.Connection, relations: Sequence[str]) -> None:
    """Lock tables and views, given as SQL, in one statement: one by one invites deadlocks."""
    if relations:
        run(connection, f"LOCK TABLE {', '.join(relations)} IN ACCESS EXCLUSIVE MODE")
