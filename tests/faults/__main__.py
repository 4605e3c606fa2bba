"""``make torture``: strike every operation with every fault at every point, and print what has come of it.

python -m tests.faults                                              everything; takes hours
python -m tests.faults --sample                                     a few points of each
python -m tests.faults --engine sqlite --operation upgrade --fault kill --point 17
"""

# ruff: noqa: T201  it prints a table

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cts_schema.adoption.adopt
import cts_schema.migration.environment  # noqa: F401  loaded once, for all forks
from tests.faults.faults import FAULTS, Fault
from tests.faults.operations import OPERATIONS
from tests.faults.places import Place, PostgresqlPlace, SqlitePlace
from tests.faults.server import Server
from tests.faults.sweep import Subject, Tally

_COLUMNS = "{:11} {:10} {:8} {:>7} {:>10} {:>10} {:>6} {:>6}"
_STOPS = 8  # points at which the server is stopped: a second each


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; return 1 if anything is wrong."""
    asked = _asked(arguments)
    print(_COLUMNS.format("engine", "operation", "fault", "points", "old state", "new state", "lost", "wrong"))
    failures: list[str] = []
    tried = {}
    for engine in asked.engine or FAULTS:
        with places(engine) as place:
            tallies = list(_swept(engine, asked, place))
        for tally in tallies:
            again = f"--engine {engine} --operation {tally.operation} --fault {tally.fault}"
            failures += [f"{again} {failure}" for failure in tally.failures]
        tried[engine] = sum(tally.points for tally in tallies)
    print("\n".join(["", *(f"{count:,} points on {engine}" for engine, count in tried.items()), *failures]))
    return 1 if failures else 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").splitlines()[0])
    names = sorted({fault.name for faults in FAULTS.values() for fault in faults})
    parser.add_argument("--engine", action="append", choices=list(FAULTS))
    parser.add_argument("--operation", action="append", choices=[operation.name for operation in OPERATIONS])
    parser.add_argument("--fault", action="append", choices=names)
    parser.add_argument("--point", type=int, help="this point alone")
    parser.add_argument("--every", type=int, default=1, help="every so many-th point, and the last one")
    parser.add_argument("--sample", action="store_true", help="the first point, the last one, and one between")
    return parser.parse_args(arguments)


def _swept(engine: str, asked: argparse.Namespace, place: Callable[[str], Place]) -> Iterator[Tally]:
    for operation in OPERATIONS:
        if engine not in operation.engines or (asked.operation and operation.name not in asked.operation):
            continue
        subject = Subject.of(operation, place("prepared"))
        for number, fault in enumerate(FAULTS[engine]):
            if asked.fault and fault.name not in asked.fault:
                continue
            points = _points(asked, fault, number, len(subject.calls))
            if isinstance(subject.prepared, PostgresqlPlace):
                subject.prepared.server.wait_for_disk(fault.name == "stop")
            tally = Tally(operation.name, fault.name)
            for tally in subject.sweep(fault, points):
                if sys.stderr.isatty():
                    print(f"\r{operation.name} {fault.name} {tally.points} of {len(points)}", end="", file=sys.stderr)
            if sys.stderr.isatty():
                print("\r\x1b[K", end="", file=sys.stderr)
            ended = (tally.ended[state] for state in ("old", "new", "lost"))
            row = _COLUMNS.format(engine, operation.name, fault.name, tally.points, *ended, len(tally.failures))
            print(row, flush=True)
            yield tally
        subject.close()


def _points(asked: argparse.Namespace, fault: Fault, number: int, last: int) -> list[int]:
    """Return the points to be tried; a sample has others between for each fault."""
    if asked.point is not None:
        return [asked.point]
    if asked.sample:
        return sorted({1, last * ((3 * number + 3) % 7 + 1) // 8, last})
    step = max(asked.every, last // _STOPS) if fault.name == "stop" else asked.every
    return sorted({*range(1, last + 1, step), last})


@contextmanager
def places(engine: str) -> Iterator[Callable[[str], Place]]:
    """Yield what makes an empty place of a name."""
    with tempfile.TemporaryDirectory(prefix="cts_faults_") as folder:
        if engine == "sqlite":
            yield lambda name: SqlitePlace.made(Path(folder), name)
            return
        server = Server()
        try:
            yield lambda name: PostgresqlPlace.made(Path(folder), name, server)
        finally:
            server.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
