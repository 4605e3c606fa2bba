"""``seed``: adds a data set to a database, each version once, all or nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.database.handle import Database
from cts_schema.database.options import Options
from cts_schema.exceptions import (
    DatabaseNewer,
    DatabaseUnusable,
    NextCommand,
    NextStep,
    NotAtHead,
    NotInProduction,
    RowsOfOthers,
    WrongUsage,
)
from cts_schema.migration.executor import Executor
from cts_schema.migration.progress import Progress
from cts_schema.migration.state import at_head, read_status
from cts_schema.models import Base, SystemSetting
from cts_schema.schema.scripts import head
from cts_schema.seeds import demo, fixed, production
from cts_schema.seeds.writer import Writer

ENVIRONMENT = "CTS_ENV"
"""The variable with the environment of the application; ``production`` refuses sample data."""

# A row in one of these tables means real use of the application; all other rows of a user belong to such a row.
_OWNED = ("users", "exchange_connections", "portfolios", "orders", "positions", "trading_pairs")
_OF_SEEDS = ("demo-%", "test-%")


@dataclass(frozen=True)
class DataSet:
    """A data set.

    Attributes:
        steps: the steps from each version to the next.
        needs: the sets to apply first.
        example: whether it is sample data, which looks like rows of a user.
        least: the minimum and default number of rows, if its size is adjustable.
    """

    steps: tuple[Callable[[Writer], None], ...]
    needs: tuple[str, ...] = ()
    example: bool = False
    least: int | None = None


SETS: dict[str, DataSet] = {
    "production": DataSet(production.STEPS),
    "demo": DataSet(demo.STEPS, ("production",), example=True, least=demo.LEAST),
    "test": DataSet(fixed.STEPS, example=True),
}


@dataclass(frozen=True)
class Seeded:
    """The result of a seed.

    Attributes:
        database: its URL, with credentials masked.
        name: the data set.
        before: the version that was applied before; 0 for none.
        version: the version that is applied now.
        rows: the number of added rows by table; empty if there was nothing to do.
        duration_ms: how long it took.
    """

    database: str
    name: str
    before: int
    version: int
    rows: Mapping[str, int]
    duration_ms: float


def seed(database: Database, name: str, *, rows: int | None = None, progress: Progress | None = None) -> Seeded:
    """Add a data set of about ``rows`` rows to a database at head, and show the progress."""
    began = time.perf_counter()
    chosen = _named(name, rows)
    if chosen.example and os.environ.get(ENVIRONMENT, "").strip().lower() == "production":
        raise NotInProduction(data_set=name, environment=f"{ENVIRONMENT}={os.environ[ENVIRONMENT]}")
    options, shown = database.options, database.name
    progress = progress or Progress()
    seeded = Seeded(shown, name, 0, len(chosen.steps), {}, 0)

    def work() -> None:
        nonlocal seeded
        _require_head(connection, options, shown)
        before = _version(connection, name)
        if chosen.example and not before:
            _refuse_rows_of_others(connection, name, shown)
        size = _size(connection, name, rows)
        writer = Writer(connection, size, progress)
        progress.start(size)
        keys_are_compared = chosen.example and before < len(chosen.steps)
        with dialects.of(connection).session.comparing_keys(connection) if keys_are_compared else nullcontext():
            for one in (*chosen.needs, name):
                _apply(connection, one, writer, shown)
        added = {table: count for table, count in writer.rows.items() if count}
        seeded = replace(seeded, before=before, rows=added)

    try:
        with database.connected(reading=True) as connection:
            Executor(connection, options, NextCommand("seed", name, wait=600)).in_one_transaction(work, rebuilds=False)
    finally:
        progress.end()
    return replace(seeded, duration_ms=(time.perf_counter() - began) * 1000)


def _named(name: str, rows: int | None) -> DataSet:
    if name not in SETS:
        raise WrongUsage(
            cause="there is no such data set", name=name, known=", ".join(SETS), next_step="choose one of these"
        )
    chosen = SETS[name]
    if rows is not None and (chosen.least is None or rows < chosen.least):
        fewest = None if chosen.least is None else f"at least {chosen.least:,} rows"
        raise WrongUsage(
            cause="the data set cannot have this size",
            data_set=name,
            rows=rows,
            expected=fewest or "no size: it has a fixed size",
            next_step="omit the number of rows, or correct it",
        )
    return chosen


def _require_head(connection: sa.Connection, options: Options, database: str) -> None:
    if not at_head(connection, options):
        found = read_status(connection, options)
        raise NotAtHead(
            cause="the database is not at head, but the rows are for the schema of head; nothing was done",
            database=database,
            revision=found.revision or "none",
            head=head(),
            missing_in_ledger=", ".join(found.missing_in_ledger) or None,
            next_step=NextStep("upgrade it, then repeat: {}", NextCommand("upgrade")),
        )


def _refuse_rows_of_others(connection: sa.Connection, name: str, database: str) -> None:
    for table in _OWNED:
        key = Base.metadata.tables[table].columns["id"]
        strange = connection.scalar(sa.select(key).where(*(key.not_like(form) for form in _OF_SEEDS)).limit(1))
        if strange is not None:
            raise RowsOfOthers(data_set=name, database=database, table=table, row=strange)


def _apply(connection: sa.Connection, name: str, writer: Writer, database: str) -> None:
    """Apply the steps that a database lacks, and record them."""
    steps = SETS[name].steps
    before = _version(connection, name)
    if before > len(steps):
        raise DatabaseNewer(
            cause="the database has a newer version of the data set than this package",
            database=database,
            data_set=f"{name}, version {before}",
            package=f"knows it up to version {len(steps)}",
            next_step="install the version of this package that seeded it",
        )
    for step in steps[before:]:
        step(writer)
    if before < len(steps):
        _record(connection, f"seed.{name}", len(steps), f"Version of the data set {name} that is in this database")
        if SETS[name].least is not None:
            _record(connection, f"seed.{name}.rows", writer.size, f"Rows that the data set {name} was asked for")


def _version(connection: sa.Connection, name: str) -> int:
    return _number(connection, f"seed.{name}") or 0


def _size(connection: sa.Connection, name: str, rows: int | None) -> int:
    """Return the size of a set, which is fixed by the first seed: sums and shares of its rows depend on it."""
    there = _number(connection, f"seed.{name}.rows")
    if there is not None and rows not in (None, there):
        raise WrongUsage(
            cause="the database has the data set in another size",
            data_set=name,
            rows=f"{there:,}",
            asked_for=f"{rows:,}",
            next_step="omit the number of rows, or seed another database",
        )
    return there or rows or SETS[name].least or 0


def _number(connection: sa.Connection, key: str) -> int | None:
    value = connection.scalar(sa.select(SystemSetting.value).where(SystemSetting.key == key))
    if value is not None and not value.isdecimal():
        raise DatabaseUnusable(
            cause="the setting of a data set is not a number",
            table="system_settings",
            key=key,
            value=value,
            next_step="correct the value, then repeat",
        )
    return None if value is None else int(value)


def _record(connection: sa.Connection, key: str, number: int, description: str) -> None:
    change = sa.update(SystemSetting).where(SystemSetting.key == key).values(value=str(number))
    if not connection.execute(change).rowcount:
        connection.execute(
            sa.insert(SystemSetting).values(
                key=key,
                value=str(number),
                value_type="number",
                category="seed",
                description=description,
                is_editable=False,
            )
        )
