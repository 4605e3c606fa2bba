"""What is broken: each operation, from its prepared database to where it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cts_schema import adopt, backup, downgrade, restore, seed, upgrade
from tests.faults import dependents
from tests.faults.places import Place
from tests.faults.states import Cells
from tests.legacy.catalogue import build
from tests.support import rows

# Tables of one's own: one refers to a table of ours, another one to it.
NOTES = (
    "CREATE TABLE my_notes (id INTEGER PRIMARY KEY, about TEXT REFERENCES exchange_connections (id), note TEXT)",
    "CREATE TABLE my_answers (id INTEGER PRIMARY KEY, note_id INTEGER REFERENCES my_notes (id), answer TEXT)",
)


@dataclass(frozen=True)
class Operation:
    """One thing that changes a whole database, or nothing.

    Attributes:
        name: as in the table.
        prepare: makes the old state in an empty place.
        run: takes it to the new state; what is broken.
        finish: what a user does after an interruption, plainly: succeeds from the old state and from the new one.
        volatile: the columns that the clock of a run fills, or chance: two runs leave them different.
        engines: where it is a matter of calls that can be struck. PostgreSQL restores in one transaction.
    """

    name: str
    prepare: Callable[[Place], None]
    run: Callable[[Place], Any]
    finish: Callable[[Place], Any]
    volatile: Cells = frozenset()
    engines: tuple[str, ...] = ("sqlite", "postgresql")


def _upgrade(place: Place) -> None:
    upgrade(place.url, wait=0)


def _downgrade(place: Place) -> None:
    downgrade(place.url, "035", wait=0)


def _down_and_up(place: Place) -> None:
    _downgrade(place)
    _upgrade(place)


def _adopt(place: Place) -> None:
    adopt(place.url, yes=True, wait=0)


def _behind(place: Place) -> None:
    upgrade(place.url, "035")
    _fill(place)


def _at_head(place: Place) -> None:
    upgrade(place.url)
    _fill(place)


def _fill(place: Place) -> None:
    with place.opened() as database:
        rows.fill(database.engine)
        dependents.prepare(database)
        dependents.hang_all(database)
        for statement in (*NOTES, *_NOTED):
            database.execute(statement)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")  # no page is left free, so that a full disk is felt


def _old(place: Place) -> None:
    with place.opened() as database, database.engine.connect() as connection:
        build(connection, "initializer", "dirty")


def _saved_and_gone_on(place: Place) -> None:
    """Another database than the one that was saved: at head, and with other rows."""
    _behind(place)
    backup(place.url, place.folder / "saved")
    _upgrade(place)
    with place.opened() as database:
        database.execute("DELETE FROM site_logs")


def _restore(place: Place) -> None:
    restore(place.folder / "saved", place.url, force=True, wait=0)


def _seed(place: Place) -> None:
    seed(place.url, "test", wait=0)


def _cells(**columns: str) -> Cells:
    return frozenset((table, name) for table, names in columns.items() for name in names.split())


_LEDGER = _cells(schema_migrations="executed_at execution_time_ms")
_SETTINGS = _cells(system_settings="created_at updated_at")
# What the old rows leave open, the defaults fill while they are loaded.
_LOADED = _cells(
    adoption_leftovers="created_at",
    cts_adoption_state="backup sha256 state",
    exchange_connections="id created_at updated_at",
    market_data="created_at timestamp",
    preset_trade_engine_state="created_at",
    pseudo_positions="opened_at updated_at",
    site_logs="created_at timestamp",
) | {("cts_legacy.cts_adoption_state", "state")}
_SEEDED = _cells(
    active_exchange_positions="last_sync_at", archived_market_data="created_at", trade_engine_state="last_updated"
)

_NOTED = (
    "INSERT INTO my_notes SELECT 1, min(id), 'a note' FROM exchange_connections",
    "INSERT INTO my_answers VALUES (1, 1, 'an answer')",
)

OPERATIONS = (
    Operation("install", lambda place: None, _upgrade, _upgrade, _LEDGER | _SETTINGS),
    Operation("upgrade", _behind, _upgrade, _upgrade, _LEDGER | _SETTINGS),
    Operation("downgrade", _at_head, _downgrade, _down_and_up, _LEDGER),
    Operation("adoption", _old, _adopt, _adopt, _LEDGER | _SETTINGS | _LOADED),
    Operation("restore", _saved_and_gone_on, _restore, _restore, engines=("sqlite",)),
    Operation("seed", _upgrade, _seed, _seed, _SETTINGS | _SEEDED),
)
"""From nothing to head; from 035, with dirty rows, to head; from there to 035; from an old database to head; back to a
backup; from no rows to those of the data set test."""
