"""One operation on one engine: undisturbed, and then struck at one point after the other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import states
from tests.faults.faults import Fault
from tests.faults.operations import Operation
from tests.faults.places import Place, SqlitePlace
from tests.faults.processes import Outcome, broken, plainly
from tests.faults.states import Cells, State

_BARE = ("Traceback (most recent call last)", "(psycopg.", "(sqlite3.", "sqlalche.me", "[SQL:")
_USES = 10  # points for which a database that stays as it was is used: what is rolled back fills the disk all the same


@dataclass
class Tally:
    """What the points of one fault have come to."""

    operation: str
    fault: str
    ended: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def points(self) -> int:
        """How many were tried."""
        return self.ended.total()


@dataclass
class Subject:
    """An operation, and the states between which it goes.

    Attributes:
        operation: what is broken.
        prepared: the place that is copied for each point.
        calls: those of a run that nothing strikes.
        old, new: before and after such a run.
        end: after the next one.
        volatile: the columns that two such runs leave different, and those that the database counts.
    """

    operation: Operation
    prepared: Place
    calls: list[str]
    old: State
    new: State
    end: State
    files: dict[str, set[str]]
    volatile: Cells
    _struck: Place | None = None
    _finished: dict[str, list[str]] = field(default_factory=dict)
    _copies: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, operation: Operation, prepared: Place) -> Subject:
        """Prepare an operation in an empty place, and see what it does undisturbed."""
        operation.prepare(prepared)
        old = states.read(prepared).without(())
        warm = prepared.copied("warm")
        operation.run(warm)  # what a process does only once is done, for all forks
        warm.remove()
        calls, new, end, files = _undisturbed(operation, prepared)
        volatile = operation.volatile | states.counted(new) | states.counted(end)
        files["old"] = prepared.files()
        return cls(operation, prepared, calls, old, new.without(volatile), end.without(volatile), files, volatile)

    def close(self) -> None:
        """Take the places away."""
        for place in (self._struck, self.prepared):
            if place is not None:
                place.remove()

    def sweep(self, fault: Fault, points: Iterable[int]) -> Iterator[Tally]:
        """Strike at each of the points; yields after each what there is so far."""
        tally = Tally(self.operation.name, fault.name)
        for number, point in enumerate(points):
            if number % _USES == 0:
                self._struck = None
            outcome, ended, wrong = self._strike(fault, point)
            tally.ended[ended] += 1
            said = (outcome.struck or "").strip().splitlines() or ["nothing"]
            tally.failures += [f"--point {point} of {len(self.calls)}, {said[0][:100]}: {one}" for one in wrong]
            yield tally

    def _strike(self, fault: Fault, point: int) -> tuple[Outcome, str, list[str]]:
        """Return how the run ended, in which state the database is, and all that is wrong."""
        place = self._struck = self._struck or self.prepared.copied("struck")
        outcome = broken(self.operation, place, fault, point)
        wrong = [*_wrong_end(outcome, fault), *outcome.left, *place.settle()]
        state = states.read(place)
        if state.without(()) == self.old:
            ended = "old"
        elif state.without(self.volatile) == self.new:
            ended = "new"
        else:
            ended = "lost"
            wrong.append(f"neither the old state ({states.difference(self.old, state.without(()))})")
            wrong.append(f"nor the new one ({states.difference(self.new, state.without(self.volatile))})")
        if outcome.error is None and not (fault.kills and outcome.status < 0) and ended != "new":
            wrong.append("it said that it had succeeded")
        wrong += [f"left: {name}" for name in state.passing()]
        wrong += self._strays(place, ended, killed=fault.kills)
        key = f"{state.without(self.volatile).digest()} {sorted(place.files())}"
        if key not in self._finished or ended == "lost":
            self._finished[key] = self._finish(place)
            wrong += self._finished[key]
            self._struck = None
        elif ended == "new" or place.files() != self.prepared.files():
            self._struck = None
        return outcome, ended, wrong

    def _finish(self, place: Place) -> list[str]:
        """Return what is wrong after the next plain run."""
        outcome = plainly(self.operation.finish, place)
        if outcome.error is not None or outcome.status != 0:
            return [f"the next run failed: {outcome.error} {outcome.text} {outcome.printed}"]
        state = states.read(place).without(self.volatile)
        wrong = [*outcome.left, *place.settle(), *(f"the next run left: {name}" for name in state.passing())]
        if state != self.end:
            wrong.append(f"the next run ended elsewhere: {states.difference(self.end, state)}")
        return wrong + [f"after the next run: {stray}" for stray in self._strays(place, "end", killed=False)]

    def _strays(self, place: Place, ended: str, *, killed: bool) -> list[str]:
        """Return the files that should not be there; who is killed cannot take away what it was about to write."""
        allowed = self.files.get(ended, set()) | self.files["old"]
        if killed:
            copy = "backups/cts-TIME.db"
            ends = ("", ".unfinished", ".unfinished-journal", ".json.unfinished")
            allowed |= {"cts.db-journal", *(copy + end for end in ends)} | self.files["new"]
        if self.operation.name == "restore":  # the copy of what was there is never taken away again
            allowed |= self.files["new"]
        if ended == "new" and not self.files["new"] <= place.files():
            return ["there is no copy of what was there"]
        strays = [f"a stray file: {name}" for name in place.files() if name not in allowed]
        return strays + [f"a false copy: {file.name}" for file in place.copies() if not self._is_true(file)]

    def _is_true(self, copy: Path) -> bool:
        """Whether a copy of the database is what the database was; looked at once, for they are all alike."""
        checksum = hashlib.sha256(copy.read_bytes()).hexdigest()
        if checksum not in self._copies:
            found = states.read(SqlitePlace(copy.parent, f"sqlite:///{copy}"))
            # A second restore keeps what the first one has brought.
            again = self.operation.name == "restore" and found.without(self.volatile) == self.new
            self._copies[checksum] = again or found.without(()) == self.old
        return self._copies[checksum]


def _undisturbed(operation: Operation, prepared: Place) -> tuple[list[str], State, State, dict[str, set[str]]]:
    place = prepared.copied("undisturbed")
    first = plainly(operation.run, place)
    new, files = states.read(place), {"new": place.files()}
    second = plainly(operation.finish, place)
    files["end"] = place.files()
    for outcome in (first, second):
        if outcome.error is not None or outcome.status != 0 or outcome.left or outcome.printed:
            raise AssertionError(f"{operation.name} fails although nothing strikes: {outcome}")
    end = states.read(place)
    place.remove()
    return first.calls, new, end, files


def _wrong_end(outcome: Outcome, fault: Fault) -> Iterator[str]:
    """Yield what is wrong with how a struck run ended, whatever it has done."""
    if outcome.struck is None:
        yield "it ended before this point"
    if outcome.printed:
        yield f"it printed {outcome.printed}"
    if outcome.status != 0:
        if not fault.kills:
            yield f"it ended with status {outcome.status}"
        return
    if outcome.error is None:
        return
    known = {error.__name__: error for error in fault.errors}
    if outcome.error not in known or outcome.code != known[outcome.error].exit_code:
        yield f"it raised {outcome.error}, exit code {outcome.code}: {outcome.text}"
    elif not any(words in outcome.text for words in fault.says):
        yield f"its message does not name the cause: {outcome.text}"
    elif any(bare in outcome.text for bare in _BARE):
        yield f"its message is that of the driver: {outcome.text}"
