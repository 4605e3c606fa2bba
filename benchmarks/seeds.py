"""Seed the example month, beside a plain copy of the same rows: python -m benchmarks.seeds [ROWS ...].

The copy is INSERT ... SELECT of each table into an empty one with the same indexes, constraints and triggers, in the
same database server or into a file beside it, in one transaction. On SQLite it checks no foreign keys; the seed does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.databases import fresh
from benchmarks.postgres import server_url
from cts_schema import upgrade
from cts_schema.database.engines import migration_engine
from cts_schema.ddl.text import run
from cts_schema.models import Base

ROWS = (100_000, 1_000_000)

_ALREADY_THERE = ("schema_migrations", "system_settings")
_CHILD = """
import pathlib, re, sys, time
from cts_schema import seed
import cts_schema.seeds.apply
def peak():  # not getrusage, which begins with the peak of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
started = time.perf_counter()
done = seed(sys.argv[1], "demo", rows=int(sys.argv[2]))
print(time.perf_counter() - started, (peak() - before) / 1024, sum(done.rows.values()))
"""


def seeded(url: sa.URL, rows: int) -> tuple[float, float, int]:
    """Seed in a process of its own; return seconds, the megabytes it grew by, and the rows it added."""
    text = url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, text, str(rows)], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(done[0]), float(done[1]), int(done[2])


def copied(url: sa.URL, folder: Path) -> float:
    """Copy every row into empty tables of the same shape; return the seconds."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in _ALREADY_THERE]
    if url.get_backend_name() == "sqlite":
        copy = sa.make_url(f"sqlite:///{folder / 'copy.db'}")
        schema = None
        prepare, here, there = f"ATTACH '{url.database}' AS seeded", "main", "seeded"
    else:
        copy, prepare, here, there = url, "SELECT 1", "copy", "public"
        with migration_engine(url).begin() as connection:
            run(connection, "CREATE SCHEMA copy")
        schema = "copy"
    with migration_engine(copy).connect() as connection:
        upgrade(connection, schema=schema)  # through a connection, which leaves no row in site_logs
        run(connection, prepare)
        connection.commit()
        started = time.perf_counter()
        for table in tables:
            # With its columns named: of SELECT * SQLite copies the pages of indexes, without sorting anything in.
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            run(connection, f"INSERT INTO {here}.{table} ({names}) SELECT {names} FROM {there}.{table}")
        connection.commit()
        return time.perf_counter() - started


def measure(kind: str, admin: str, rows: int) -> None:
    """Print one comparison."""
    with tempfile.TemporaryDirectory() as name, fresh(kind, admin, Path(name)) as url:
        upgrade(url)
        seconds, grown, added = seeded(url, rows)
        plain = copied(url, Path(name))
    print(
        f"{kind:10}  {added:>9,} rows   seed {seconds:6.2f} s   plain copy {plain:6.2f} s   {seconds / plain:4.2f}x   "
        f"{added / seconds:>8,.0f} rows/s   client +{grown:.1f} MiB"
    )


def main() -> None:
    """Measure both databases."""
    sizes = [int(argument) for argument in sys.argv[1:]] or list(ROWS)
    with server_url() as admin:
        for kind in ("sqlite", "postgresql"):
            for rows in sizes:
                measure(kind, admin, rows)


if __name__ == "__main__":
    main()
