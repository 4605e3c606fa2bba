"""Print what the package costs, side by side with what it is measured against: ``make benchmark``.

Ratios within one run; the milliseconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from benchmarks.databases import fresh
from benchmarks.postgres import server_url
from cts_schema import create_engine, initialize, upgrade
from cts_schema.models import Base
from cts_schema.schema.scripts import script_location

FRESH_ROUNDS = 9
NOOP_ROUNDS = 300


def milliseconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def create_all(url: sa.URL) -> None:
    """The peer of a fresh upgrade: the same schema from the models, in one transaction, with no question asked."""
    with create_engine(url).begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)


def measure_fresh(kind: str, admin: str, folder: Path) -> None:
    """Compare a fresh upgrade with create_all."""
    times: dict[str, list[float]] = {"upgrade": [], "create_all": []}
    actions: dict[str, Callable[[sa.URL], object]] = {"upgrade": upgrade, "create_all": create_all}
    for _ in range(FRESH_ROUNDS):
        for name, action in actions.items():
            with fresh(kind, admin, folder) as url:
                times[name].append(milliseconds(lambda: action(url)))  # noqa: B023  called at once
    line, peer = (statistics.median(times[name]) for name in ("upgrade", "create_all"))
    row(kind, "fresh upgrade", line, "create_all, one transaction", peer)


def measure_noop(kind: str, admin: str, folder: Path) -> None:
    """Compare initialize() at head with SELECT 1 and with Alembic finding nothing to do."""
    with fresh(kind, admin, folder) as url:
        upgrade(url)
        engine = create_engine(url)
        config = Config()
        config.set_main_option("script_location", str(script_location()))
        with engine.connect() as connection:
            config.attributes["connection"] = connection

            def select() -> None:
                connection.exec_driver_sql("SELECT 1").scalar()
                connection.rollback()

            times: dict[str, list[float]] = {"initialize": [], "select": [], "alembic": []}
            for turn in range(NOOP_ROUNDS):
                times["initialize"].append(milliseconds(lambda: initialize(connection)))
                times["select"].append(milliseconds(select))
                if turn % 10 == 0:
                    times["alembic"].append(milliseconds(lambda: command.upgrade(config, "head")))
        engine.dispose()
    initial, one, alembic = (statistics.median(times[name]) for name in ("initialize", "select", "alembic"))
    row(kind, "initialize() at head", initial, "SELECT 1", one)
    row(kind, "alembic.command.upgrade at head", alembic, "initialize() at head", initial)


def profile_fresh(kind: str, admin: str, folder: Path) -> None:
    """Print where the time of a fresh upgrade goes, by package; profiling slows Python code more than the driver."""
    with fresh(kind, admin, folder) as url:
        profile = cProfile.Profile()
        profile.runcall(upgrade, url)
    own: Counter[str] = Counter()
    for (filename, _, function), (_, _, time_in_it, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        own[where(filename, function)] += time_in_it
    total = sum(own.values())
    parts = ", ".join(f"{name} {100 * spent / total:.0f} %" for name, spent in own.most_common(6))
    print(f"{kind:<11} where a fresh upgrade spends its time: {parts}")


def where(filename: str, function: str) -> str:
    """Name the part of the stack a function belongs to."""
    if "psycopg" in filename or ("sqlite3" in function or "sqlite3" in filename):
        return "driver and database"
    if "/sqlalchemy/sql/" in filename:
        return "SQLAlchemy building and compiling DDL"
    for part in ("sqlalchemy", "alembic", "cts_schema"):
        if f"/{part}/" in filename:
            return part
    return "Python (built-ins, imports, waiting)"


MEMORY = """
import sys
from cts_schema import upgrade
import cts_schema.models, alembic.command, cts_schema.migration.run, cts_schema.migration.environment
def peak():
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
upgrade(sys.argv[1])
print(before, peak())
"""


def measure_memory(kind: str, admin: str, folder: Path) -> None:
    """Print the peak of resident memory, before and after a fresh upgrade, in a process of its own."""
    with fresh(kind, admin, folder) as url:
        text = url.render_as_string(hide_password=False)
        out = subprocess.run([sys.executable, "-c", MEMORY, text], check=True, capture_output=True, text=True).stdout
    before, after = map(float, out.split())
    print(f"{kind:<11} client memory: {before:.0f} MiB with all imported, {after:.0f} MiB at the peak of an upgrade")


def row(kind: str, what: str, cost: float, against: str, peer: float) -> None:
    """Print one comparison."""
    print(f"{kind:<11} {what:<32} {cost:9.2f} ms   {against:<28} {peer:9.2f} ms   {cost / peer:6.1f} x")


def main() -> None:
    """Run everything on both databases."""
    with server_url() as admin, tempfile.TemporaryDirectory() as name:
        for kind in ("sqlite", "postgresql"):
            for measure in (measure_fresh, measure_noop, profile_fresh, measure_memory):
                measure(kind, admin, Path(name))


if __name__ == "__main__":
    main()
