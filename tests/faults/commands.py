"""The commands of a chain, as they are drawn for a database as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from cts_schema import adopt, backup, downgrade, repair, restore, seed, status, undo_adoption, upgrade
from cts_schema.schema.scripts import revisions
from tests.faults.places import Place


@dataclass(frozen=True)
class Command:
    """One command of a chain.

    Attributes:
        words: it, as it is printed.
        run: does it.
        holds: the names of the states that may be held afterwards; ``now`` is the one from before it.
        grows: whether rows may come that were not there.
        repairs: whether rows may change, or go to ``adoption_leftovers``.
    """

    words: str
    run: Callable[[Place], Any]
    holds: str = "now"
    grows: bool = False
    repairs: bool = False


def commands(place: Place, chance: Random, backups: Collection[str], number: int) -> Iterator[Command]:
    """Yield the commands from which one is drawn, some of them more than once.

    Args:
        place: the database as it is.
        chance: draws the revisions.
        backups: their names, the newest one last.
        number: of the step; names its backup.
    """
    known = ["base", *revisions()]
    found = status(place.url)
    at = known.index(found.revision or "base")
    for revision in chance.choices(known[:at] or ["base"], k=1 if found.unadopted else 3):
        yield Command(f"downgrade {revision}", partial(_downgrade, revision))
    for revision in (chance.choice(known[at + 1 :] or ["head"]), "head", "head"):
        yield Command(f"upgrade {revision}", partial(_upgrade, revision))
    yield Command(f"backup {number}", partial(_backup, f"backup-{number}"), f"backup-{number}")
    for name in list(backups)[-2:]:
        yield Command(f"restore {name}", partial(_restore, name), name)
    yield Command("repair", _repair, repairs=True)
    for _ in range(6 if found.unadopted else 1):  # a legacy database refuses most of the others
        yield Command("adopt", adopted)
    yield Command("undo", _undo, "legacy")
    yield Command("seed", _seed, grows=True)


def _upgrade(revision: str, place: Place) -> None:
    upgrade(place.url, revision, wait=5)


def _downgrade(revision: str, place: Place) -> None:
    downgrade(place.url, revision, wait=5)


def _backup(name: str, place: Place) -> None:
    backup(place.url, place.folder / name, wait=5)


def _restore(name: str, place: Place) -> None:
    restore(place.folder / name, place.url, force=True, wait=5)


def _repair(place: Place) -> None:
    repair(place.url, orphans="quarantine", wait=5)


def adopted(place: Place) -> None:
    """Bring it to head, whatever it is."""
    adopt(place.url, yes=True, wait=5)


def _undo(place: Place) -> None:
    undo_adoption(place.url, discard_new=True, wait=5)


def _seed(place: Place) -> None:
    seed(place.url, "production", wait=5)
