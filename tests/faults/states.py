"""What a database is at one moment: its schema, its rows, and the files beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.dialects.facts import Snapshot
from cts_schema.migration import run_log
from cts_schema.schema.snapshot import differences, snapshot
from tests.faults.places import Place
from tests.support.state import catalogue_of

Rows = dict[str, list[dict[str, Any]]]
Cells = frozenset[tuple[str, str]]
"""Columns, as (table, column)."""

#: Names that things have only while a run goes on.
PASSING = re.compile(r"_alembic_tmp_|cts_hidden_|cts_trial_|cts_adoption_(?!state)")


@dataclass(frozen=True)
class State:
    """A database as it is; the ledger and the version are rows like all others."""

    schema: Snapshot
    catalogue: list[list[str]]
    rows: Rows

    def without(self, cells: Collection[tuple[str, str]]) -> State:
        """Return it without the values of some columns, and with the rows of each table in an order of their own."""
        rows = {
            table: sorted(
                ({name: None if (table, name) in cells else value for name, value in row.items()} for row in found),
                key=repr,
            )
            for table, found in self.rows.items()
        }
        return State(self.schema, self.catalogue, rows)

    def digest(self) -> str:
        """Return a checksum of it."""
        return hashlib.sha256(repr(self.without(())).encode()).hexdigest()

    def passing(self) -> list[str]:
        """Return what has a name that only a run in progress uses."""
        tables = self.schema.tables
        names = {*tables, *self.schema.views, *self.schema.functions, *self.rows}
        names |= {name for table in tables.values() for name in (*table.columns, *(part.name for part in table.parts))}
        return sorted(name for name in names if PASSING.search(name))


def read(place: Place) -> State:
    """Read all of a database."""
    with place.opened() as database:
        with database.engine.connect() as connection:
            schema, rows = snapshot(connection), _rows(connection)
        return State(schema, catalogue_of(database), rows)


def differing(one: State, other: State) -> Cells:
    """Return the columns that do not have the same values in two databases of the same schema."""
    cells = set()
    for table, mine in one.rows.items():
        theirs = other.rows.get(table, [])
        for name in mine[0] if mine else ():
            if sorted(repr(row[name]) for row in mine) != sorted(repr(row.get(name)) for row in theirs):
                cells.add((table, name))
    return frozenset(cells)


def counted(state: State) -> Cells:
    """Return the columns that PostgreSQL counts by itself: what a rolled back run has drawn does not come back."""
    return frozenset(
        (name, column)
        for name, table in state.schema.tables.items()
        for column, facts in table.columns.items()
        if facts.identity
    )


def difference(one: State, other: State) -> str:
    """Say where two databases differ first."""
    for item, found in differences(one.schema, other.schema).items():
        return f"{item}: {found}"
    for mine, theirs in zip(one.catalogue, other.catalogue, strict=True):
        if mine != theirs:
            return f"the catalogue has another {min(set(mine) ^ set(theirs))[:200]}"
    for table in sorted(one.rows.keys() | other.rows.keys()):
        mine_, theirs_ = one.rows.get(table), other.rows.get(table)
        if mine_ != theirs_:
            columns = differing(
                State(Snapshot({}), [], {table: mine_ or []}), State(Snapshot({}), [], {table: theirs_ or []})
            )
            counts = f"{len(mine_ or [])} rows and {len(theirs_ or [])}"
            return f"{table} has other rows: {counts}, in {sorted(name for _, name in columns)}"
    return "nowhere"


def _rows(connection: sa.Connection) -> Rows:
    """Return the exact value of every row of every table."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    if connection.dialect.name == "sqlite":
        query, form = (
            "SELECT '', t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
            # As bytes, because a text of SQLite need not be UTF-8.
            "typeof({0}) || ' ' || iif(typeof({0}) IN ('text', 'blob'), hex({0}), quote({0}))",
        )
    else:
        query, form = (
            "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND NOT a.attisdropped "
            "AND c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY a.attnum",
            "CAST({0} AS text)",
        )
    columns: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in connection.exec_driver_sql(query):
        columns.setdefault((schema, table), []).append(column)
    found: Rows = {}
    for (schema, table), names in columns.items():
        asked = ", ".join(form.format(quote(name)) for name in names)
        whole = quote(table) if not schema else f"{quote(schema)}.{quote(table)}"
        # The log of the runs tells of each that ended, failed ones too: it is no state to come back to.
        where = f" WHERE {run_log.OTHER_ROWS}" if table == run_log.TABLE and "metadata" in names else ""
        where = f" WHERE name <> '{run_log.TABLE}'" if table == "sqlite_sequence" else where
        selected = connection.exec_driver_sql(f"SELECT {asked} FROM {whole}{where}")
        name = table if schema in ("", "public") else f"{schema}.{table}"
        found[name] = [dict(zip(names, row, strict=True)) for row in selected]
    return found
