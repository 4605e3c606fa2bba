"""A chain of random commands over one populated database, killed in every fourth, with a census after each.

python -m tests.faults.chain                                  200 commands on each engine; prints the seed
python -m tests.faults.chain --engine sqlite --seed 7         the same chain again, command by command

What a database *holds* is what a copy of it holds at head, to the last value: rows that a downgrade has preserved are
restored there, and a legacy database is adopted. What others have hung on its tables counts like rows. A command leaves
what was held, or says why not; one that is killed leaves what was held before it, or what it would have left.
"""

# ruff: noqa: T201  it prints what it does

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import cts_schema.adoption.adopt
import cts_schema.migration.environment  # noqa: F401  loaded once, for all forks
from cts_schema import status
from cts_schema.models import Base
from tests.faults import dependents, states
from tests.faults.commands import Command, adopted, commands
from tests.faults.faults import FAULTS
from tests.faults.operations import NOTES, OPERATIONS, Operation
from tests.faults.places import Place
from tests.faults.processes import broken, plainly
from tests.legacy.catalogue import build
from tests.support import client, rows
from tests.support.databases import Database

Held = dict[str, Counter[str]]
"""The rows of each table, counted: a row is the text of its columns and values; and what hangs on the tables."""

_KILL = {engine: next(fault for fault in faults if fault.name == "kill") for engine, faults in FAULTS.items()}
_HUNG = "what hangs on tables"
_VOLATILE = frozenset({("schema_migrations", "id")}).union(*(operation.volatile for operation in OPERATIONS))
# With these a command says that a person is to do something first; any other error is a fault.
_REFUSALS = frozenset({"DecisionNeeded", "NotAtHead", "UnadoptedDatabase", "WrongUsage"})


@dataclass
class Chain:
    """One database, and all that has been done to it.

    Attributes:
        place: where it is.
        engine: of which kind.
        chance: draws everything; of one seed it draws the same.
        held: what was held at each moment that a command may come back to.
        legacy: the names of those to which an undo may bring it; more than one after a restore that was killed.
        backups: their names, the newest one last; each with what ``legacy`` was then.
    """

    place: Place
    engine: str
    chance: random.Random
    held: dict[str, Held] = field(default_factory=dict)
    legacy: set[str] = field(default_factory=lambda: {"legacy"})
    backups: dict[str, set[str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Make a legacy database with dirty rows and tables of one's own, adopt it, and fill it."""
        with self.place.opened() as database:
            with database.engine.connect() as connection:
                build(connection, "initializer", "dirty")
            dependents.prepare(database, self.chance.choice(["delete", "wal"]))
            for statement in NOTES:
                database.execute(statement)
            self._note(database, 1)
            for number in range(1000, 1004):
                dependents.hang(database, self.chance, number)
        self.held["legacy"] = self.held["now"] = self.holds()
        self._plainly(Command("adopt", adopted))
        with self.place.opened() as database:
            rows.fill(database.engine, "first", 2)
        self.held["now"] = self.holds()

    def step(self, number: int) -> tuple[str, list[str]]:
        """Do the command of a number; return it, with what became of it, and all that is wrong."""
        if number % 4 != 3 and self.chance.random() < 0.25:
            return self._write(number)
        unadopted = bool(status(self.place.url).unadopted)
        command = self.chance.choice(list(commands(self.place, self.chance, self.backups, number)))
        kind = command.words.split()[0]
        if number % 4 == 3:
            point = self.chance.randint(1, self._calls(command))
            outcome = broken(Operation(kind, _nothing, command.run, _nothing), self.place, _KILL[self.engine], point)
        else:
            outcome = plainly(command.run, self.place)
        wrong = [*outcome.left, *self.place.settle()]
        ended = "done"
        if outcome.struck is not None:
            ended = f"killed at call {point}, {' '.join(outcome.struck.split())[:60]}"
        elif outcome.error is not None:
            ended = f"refused: {outcome.error}: {' '.join(outcome.text.split())[:150]}"
            if outcome.error not in _REFUSALS and not (unadopted and outcome.error == "NoAdoption"):
                wrong.append(f"no refusal: {outcome.error} {outcome.text}")
        elif outcome.status != 0:
            wrong.append(f"it ended with status {outcome.status}: {outcome.printed}")
        aims = self.legacy if command.holds == "legacy" else {command.holds}
        found = self.holds()
        wrong += self._judge(
            command, found, {"now"} if outcome.error else aims if outcome.struck is None else {"now", *aims}
        )
        if kind == "backup" and ended == "done":
            self.backups[command.holds] = self.legacy
            self.held[command.holds] = found
        if kind == "restore" and outcome.error is None:
            self.legacy = self.backups[command.holds] | (self.legacy if outcome.struck else set())
        if unadopted and kind in ("adopt", "upgrade") and not status(self.place.url).unadopted:
            self.legacy = {f"legacy {number}"}
            self.held[f"legacy {number}"] = self.held["now"]
        self.held["now"] = found
        return f"{command.words}: {ended}", wrong

    def _calls(self, command: Command) -> int:
        """Return how many calls of the driver a command takes here and now."""
        copy = self.place.copied("trial")
        count = len(plainly(command.run, copy).calls)
        copy.remove()
        return max(count, 1)

    def _judge(self, command: Command, found: Held, allowed: set[str]) -> list[str]:
        """Return what is wrong with what is held now."""
        wrongs = []
        for name in sorted(allowed):
            before, after = self.held.get(name, self.held["now"]), found
            if name.startswith("legacy") and self.engine == "postgresql":
                # An undo leaves tables of one's own as they are by now; what they refer to is written down anew.
                kept = {table for table in before | found if table in (*Base.metadata.tables, _HUNG)}
                before, after = ({table: of[table] for table in kept & of.keys()} for of in (before, found))
            gone, come = sum(_missing(before, after).values()), sum(_missing(after, before).values())
            if (gone <= come) if command.repairs else not gone and (command.grows or not come):
                return []
            wrongs.append(f"against {name}: gone {_shown(before, after)}; come {_shown(after, before)}")
        return wrongs

    def _write(self, number: int) -> tuple[str, list[str]]:
        """Write as an application does; nothing goes but what is changed."""
        what = self.chance.choice(["fill", "note", "change", "remove", "hang", "hang"])
        with self.place.opened() as database:
            if what == "note":
                self._note(database, number + 2)
            elif what == "change":
                database.execute(
                    "UPDATE my_notes SET note = note || ' changed' WHERE id = (SELECT min(id) FROM my_notes)"
                )
            elif what == "remove":
                database.execute("DELETE FROM my_answers WHERE id = (SELECT max(id) FROM my_answers)")
            elif what == "hang":
                what = dependents.hang(database, self.chance, number)
            elif "alembic_version" in database.tables():  # the rows are those of our own columns
                rows.fill(database.engine, f"row {number}", 1)
        found = self.holds()
        gone = _missing(self.held["now"], found)
        allowed = 0 if what in ("fill", "note") else 2 if what.startswith(("revocation", "comment", "grant")) else 1
        wrong = [] if sum(gone.values()) <= allowed else [f"gone: {_shown(self.held['now'], found)}"]
        self.held["now"] = found
        return f"write: {what}", wrong

    def _note(self, database: Database, number: int) -> None:
        about = "(SELECT min(id) FROM exchange_connections)" if "exchange_connections" in database.tables() else "NULL"
        database.execute(f"INSERT INTO my_notes VALUES ({number}, {about}, 'a note')")
        database.execute(f"INSERT INTO my_answers VALUES ({number}, {number}, 'an answer')")

    def holds(self) -> Held:
        """Return what the database holds."""
        copy = self.place.copied("look")
        try:
            self._plainly(Command("upgrade", adopted), copy)
            state = states.read(copy)
            cells = _VOLATILE | states.counted(state)
            held = {
                table: Counter(repr(sorted(row.items())) for row in found)
                for table, found in state.without(cells).rows.items()
                # What a restore has replaced stays in a schema beside; notes are of the copy's adoption.
                if found and not table.startswith(("sqlite_sequence", "cts_replaced_", "cts_legacy.cts_adoption"))
            }
            return held | {_HUNG: dependents.remaining(state)}
        finally:
            copy.remove()

    def _plainly(self, command: Command, place: Place | None = None) -> None:
        outcome = plainly(command.run, place or self.place)
        if outcome.error is not None or outcome.status != 0:
            raise AssertionError(f"{command.words} fails: {outcome.error} {outcome.text} {outcome.printed}")


def _missing(one: Held, other: Held) -> dict[str, int]:
    """Return how many rows of each table of one are not in the other."""
    counts = {table: (found - other.get(table, Counter())).total() for table, found in one.items()}
    return {table: count for table, count in counts.items() if count}


def _shown(one: Held, other: Held) -> str:
    shown = [f"{table} {next(iter(one[table] - other.get(table, Counter())))[:1500]}" for table in _missing(one, other)]
    return f"{_missing(one, other)} {shown[:1]}"


def _nothing(place: Place) -> None:
    """Nothing is prepared, and nothing finished: the chain goes on."""


def chained(engine: str, place: Place, number: int, commands: int) -> list[str]:
    """Run a chain; return what is wrong, with the way to repeat it."""
    again = f"--engine {engine} --seed {number} --commands {commands}"
    print(f"python -m tests.faults.chain {again}", flush=True)
    chain = Chain(place, engine, random.Random(number))
    chain.begin()
    failures = []
    for step in range(commands):
        did, wrong = chain.step(step)
        print(f"{step:4} {did}", flush=True)
        failures += [f"{again}: {step} {did}: {one}" for one in wrong]
        for one in wrong:
            print(f"     WRONG {one}", flush=True)
    return failures


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; return 1 if anything is wrong."""
    from tests.faults.__main__ import places

    parser = argparse.ArgumentParser(prog="python -m tests.faults.chain", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", action="append", choices=list(FAULTS))
    parser.add_argument("--seed", type=int, help="draw the commands of a seed again")
    parser.add_argument("--commands", type=int, default=200, help="how many; 200 by default")
    asked = parser.parse_args(arguments)
    os.environ["PATH"] = os.pathsep.join((str(client.folder()), os.environ["PATH"]))
    number = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    failures: list[str] = []
    for engine in asked.engine or FAULTS:
        with places(engine) as place:
            failures += chained(engine, place("chain"), number, asked.commands)
    print("\n".join(["", *failures]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
