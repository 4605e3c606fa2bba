"""Migrate PostgreSQL under load, and print how long the load waited: python -m benchmarks.traffic [ROWS].

An upgrade adds a column, fills it, makes it a foreign key and NOT NULL, and builds an index, by the online operations;
then one step goes down. Exits with 1 when a statement of the load failed, or waited longer than ``lock_timeout`` and
its own work.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.databases import fresh
from benchmarks.postgres import server_url
from cts_schema import create_engine, downgrade, upgrade
from cts_schema.dialects.postgresql.lock import LOCK_TIMEOUT
from cts_schema.models import ExchangeConnection, Order
from tests.support.lines import Scripts, scripts_in_use

ROWS = 200_000
BEFORE = 8.0  # seconds of load alone
SLACK = 1.0  # seconds that a busy machine may add

ADD = """
ddl.add_columns("061", "orders", sa.Column("venue_id", sa.Text()))
op.alter_column("orders", "venue_id", server_default="c0")
"""
FILL = """
ddl.backfill("orders", {"venue_id": sa.text("connection_id")}, where="venue_id IS NULL")
ddl.add_foreign_key_online("orders", ["venue_id"], "exchange_connections", ondelete="CASCADE")
ddl.set_not_null_online("orders", "venue_id")
ddl.create_index_online("ix_orders_venue_id", "orders", ["venue_id", "created_at"])
"""
EMPTY = """
ddl.drop_index_online("ix_orders_venue_id", "orders")
with ddl.alter_table("orders") as batch:
    batch.drop_constraint("fk_orders_venue_id", type_="foreignkey")
    batch.alter_column("venue_id", nullable=True)
"""


def add_revisions(scripts: Scripts) -> None:
    """Add the revisions that are measured."""
    scripts.add("add_venue", ADD, 'ddl.drop_columns("061", "orders", "venue_id")')
    scripts.add("fill_venue", FILL, EMPTY)


def seed(url: sa.URL, rows: int) -> None:
    """Fill the database with orders of ten connections."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO exchange_connections (id, name) SELECT 'c' || n, 'n' FROM generate_series(0, 9) n"
        )
        connection.exec_driver_sql(
            "INSERT INTO orders (id, connection_id, symbol, quantity, price) "
            f"SELECT 'o' || n, 'c' || mod(n, 10), 'BTCUSDT', 1, n FROM generate_series(1, {rows}) n"
        )
    engine.dispose()


@dataclass
class Load:
    """Clients that trade: most in short transactions, one reads for long."""

    url: sa.URL
    rows: int
    clients: int = 4
    waits: list[tuple[float, float]] = field(default_factory=list)  # when a statement began, and its seconds
    failures: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the load up for the time of the block."""
        actions = [self._trade] * (self.clients - 1) + [self._report]
        threads = [threading.Thread(target=self._client, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def between(self, begin: float, end: float) -> list[float]:
        """Return the seconds of the statements that ran at some time between the two, in order."""
        return sorted(seconds for began, seconds in self.waits if began < end and began + seconds > begin)

    def _client(self, action: Callable[[sa.Connection], None]) -> None:
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                while not self._stop.is_set():
                    with connection.begin():
                        action(connection)
                    time.sleep(random.uniform(0, 0.01))
        except sa.exc.SQLAlchemyError as error:
            self.failures.append(error)
        finally:
            engine.dispose()

    def _trade(self, connection: sa.Connection) -> None:
        row, owner = f"o{random.randint(1, self.rows)}", f"c{random.randint(0, 9)}"
        self._timed(connection, sa.select(Order.id, Order.price, Order.status).where(Order.id == row))
        self._timed(connection, sa.insert(Order).values(connection_id=owner, symbol="BTCUSDT", quantity=1, price=2))
        self._timed(connection, sa.update(Order).where(Order.id == row).values(status="filled", filled_quantity=1))
        self._timed(
            connection,
            sa.update(ExchangeConnection).where(ExchangeConnection.id == owner).values(name=row),
        )

    def _report(self, connection: sa.Connection) -> None:
        last = sa.select(Order.id, Order.price, ExchangeConnection.name).join(
            ExchangeConnection, ExchangeConnection.id == Order.connection_id
        )
        for _ in range(3):
            self._timed(connection, last.where(Order.id == f"o{random.randint(1, self.rows)}"))
            time.sleep(0.2)

    def _timed(self, connection: sa.Connection, statement: Any) -> None:
        began = time.perf_counter()
        connection.execute(statement)
        self.waits.append((began, time.perf_counter() - began))


def describe(name: str, seconds: list[float], lasted: float) -> None:
    """Print one line of the result."""
    p99 = seconds[int(len(seconds) * 0.99)]
    print(
        f"{name:<16} {lasted:6.1f} s   {len(seconds):>7,} statements   p99 {p99 * 1000:8.1f} ms   "
        f"longest {seconds[-1] * 1000:8.1f} ms"
    )


def measure(url: sa.URL, rows: int) -> bool:
    """Print one measurement; return whether nobody failed or waited too long."""
    upgrade(url, "060")
    seed(url, rows)
    load = Load(url, rows)
    with load.running():
        began = time.perf_counter()
        time.sleep(BEFORE)
        times = [began, time.perf_counter()]
        done = upgrade(url, wait=300).applied
        times.append(time.perf_counter())
        done += downgrade(url, "061", wait=300).applied
        times.append(time.perf_counter())
    names = ("before", "during upgrade", "during downgrade")
    before, up, down = (load.between(*span) for span in pairwise(times))
    for name, seconds, (begin, end) in zip(names, (before, up, down), pairwise(times), strict=True):
        describe(name, seconds, end - begin)
    print("   ".join(f"{step.revision} {step.direction} {step.duration_ms / 1000:.1f} s" for step in done))
    limit = float(LOCK_TIMEOUT.rstrip("s")) + before[-1] + SLACK
    longest = max(up[-1], down[-1])
    print(f"lock_timeout {LOCK_TIMEOUT}   longest {longest:.3f} s   limit {limit:.3f} s   failed {len(load.failures)}")
    for failure in load.failures:
        print(f"  {failure}")
    return longest <= limit and not load.failures


def main() -> int:
    """Measure, with the given number of rows; return the exit code."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with server_url() as admin, tempfile.TemporaryDirectory() as folder, scripts_in_use(Path(folder)) as scripts:
        add_revisions(scripts)
        with fresh("postgresql", admin, Path(folder)) as url:
            return 0 if measure(url, rows) else 1


if __name__ == "__main__":
    sys.exit(main())
