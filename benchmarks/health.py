"""Measure what looking costs: python -m benchmarks.health [ROWS].

``check`` of a database with a month of demo trading, against counting the rows of the same tables; ``cts-schema wait``
at head, against ``alembic current``, as processes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from benchmarks.databases import fresh
from benchmarks.postgres import server_url
from cts_schema import check, create_engine, seed, upgrade
from cts_schema.models import Base

ROWS = 1_000_000
ROUNDS = 5
PROCESSES = 9
PROGRAMS = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent


def median(action: Callable[[], object], rounds: int) -> float:
    """Return the seconds that ``action`` takes, the middle of several times."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def measure_check(kind: str, url: sa.URL, rows: int) -> None:
    """Compare check with count(*) over the same tables."""
    upgrade(url)
    seed(url, "demo", rows=rows)
    engine = create_engine(url)
    with engine.connect() as connection:

        def count() -> int:
            return sum(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in tables)

        tables = sorted(Base.metadata.tables)
        there = count()
        took = median(lambda: check(url), ROUNDS)
        peer = median(count, ROUNDS)
        deep = median(lambda: check(url, deep=True), 1)
    engine.dispose()
    codes = sorted({finding.code for finding in check(url).findings if finding.severity != "info"})
    print(
        f"{kind:<11} check of {there:,} rows {took:6.2f} s   count(*) of all tables {peer:6.2f} s   "
        f"{took / peer:5.1f} x   --deep {deep:6.2f} s   found: {', '.join(codes) or 'nothing'}"
    )


def measure_wait(kind: str, url: sa.URL) -> None:
    """Compare the processes of a probe: the program, and Alembic's."""
    environment = {**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False)}

    def process(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)

    wait = median(process(str(PROGRAMS / "cts-schema"), "wait", "--timeout", "0"), PROCESSES)
    current = median(process(str(PROGRAMS / "alembic"), "current"), PROCESSES)
    print(
        f"{kind:<11} cts-schema wait at head {wait * 1000:5.0f} ms   alembic current {current * 1000:5.0f} ms   "
        f"{wait / current:5.2f} x"
    )


def main() -> None:
    """Measure both databases."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with server_url() as admin, tempfile.TemporaryDirectory() as folder:
        for kind in ("sqlite", "postgresql"):
            with fresh(kind, admin, Path(folder)) as url:
                measure_check(kind, url, rows)
                measure_wait(kind, url)


if __name__ == "__main__":
    main()
