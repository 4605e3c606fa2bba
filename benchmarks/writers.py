"""Eight processes write one SQLite file and eight read it: an engine of ours beside the bare driver set up alike.

    python -m benchmarks.writers [SECONDS]

The driver uses WAL, synchronous NORMAL and BEGIN IMMEDIATE. Each writer adds a row to site_logs; each reader reads the
newest hundred. Threads of one process would measure how they share its interpreter.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from cts_schema import create_engine, upgrade, writing

EACH = 8  # writers, and readers
INSERT = "INSERT INTO site_logs (level, category, message) VALUES ('info', 'benchmark', 'a line of the log')"
NEWEST = "SELECT id, level, message FROM site_logs ORDER BY id DESC LIMIT 100"


class Client(Protocol):
    """A program that uses the file."""

    def write(self) -> None:
        """Add a row in a transaction."""

    def read(self) -> None:
        """Read the newest rows."""


class Driver:
    """The bare driver."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, timeout=30, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def write(self) -> None:
        """Add a row."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(INSERT)
        self._connection.execute("COMMIT")

    def read(self) -> None:
        """Read the newest rows."""
        self._connection.execute(NEWEST).fetchall()


class Engine:
    """An engine of create_engine."""

    def __init__(self, file: Path) -> None:
        self._reading = create_engine(f"sqlite:///{file}")
        self._writing = writing(self._reading)

    def write(self) -> None:
        """Add a row."""
        with self._writing.begin() as connection:
            connection.execute(sa.text(INSERT))

    def read(self) -> None:
        """Read the newest rows."""
        with self._reading.connect() as connection:
            connection.execute(sa.text(NEWEST)).all()


def work(made: type[Driver | Engine], file: Path, writes: bool, seconds: float) -> list[float]:
    """Write or read for some seconds; return how long each time took, in milliseconds."""
    client: Client = made(file)
    action, times = client.write if writes else client.read, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return times


def main(seconds: float = 20) -> None:
    """Print writes and reads a second, and the waits of the slowest writes."""
    per_second = {}
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(2 * EACH) as pool:
        for made in (Driver, Engine):
            name, file = made.__name__, Path(folder) / f"{made.__name__}.db"
            upgrade(f"sqlite:///{file}")
            made(file).read()  # which gives it the write-ahead log
            jobs = [(made, file, writes, seconds) for writes in [True] * EACH + [False] * EACH]
            found = pool.starmap(work, jobs, chunksize=1)
            times = sorted(one for mine in found[:EACH] for one in mine)
            per_second[name] = len(times) / seconds
            reads = sum(map(len, found[EACH:])) / seconds
            half, most = (f"{times[int(len(times) * part)]:.1f} ms" for part in (0.5, 0.99))
            print(f"{name:7} {per_second[name]:7,.0f} writes/s  {reads:7,.0f} reads/s", end="  ")
            print(f"a write: p50 {half}, p99 {most}, longest {times[-1]:.0f} ms")
    print(f"writes of the engine: {per_second['Engine'] / per_second['Driver']:.2f} of the driver's")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
