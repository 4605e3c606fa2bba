"""What is broken: each operation, from its prepared database to where it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cts_schema import adopt, backup, downgrade, restore, seed, upgrade
from tests.faults.places import Place
from tests.legacy.catalogue import build
from tests.support import rows


@dataclass(frozen=True)
class Operation:
    """One thing that changes a whole database, or nothing.

    Attributes:
        name: as in the table.
        prepare: makes the old state in an empty place.
        run: takes it to the new state; what is broken.
        finish: what a user does after an interruption, plainly: succeeds from the old state and from the new one.
        engines: where it is a matter of calls that can be struck. PostgreSQL restores in one transaction of psql.
    """

    name: str
    prepare: Callable[[Place], None]
    run: Callable[[Place], Any]
    finish: Callable[[Place], Any]
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


OPERATIONS = (
    Operation("install", lambda place: None, _upgrade, _upgrade),
    Operation("upgrade", _behind, _upgrade, _upgrade),
    Operation("downgrade", _at_head, _downgrade, _down_and_up),
    Operation("adoption", _old, _adopt, _adopt),
    Operation("restore", _saved_and_gone_on, _restore, _restore, ("sqlite",)),
    Operation("seed", _upgrade, _seed, _seed),
)
"""From nothing to head; from 035, with dirty rows, to head; from there to 035; from an old database to head; back to a
backup; from no rows to those of the data set test."""
