"""Bring in an old table of many rows, beside what any way of doing it must do: python -m benchmarks.adoption [ROWS
...].

The physical work is a plain INSERT ... SELECT with the casts, the same indexes made afterwards, and the same foreign
keys validated. The old table is in the same database, so that both read and write the same disk.
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
from cts_schema import create_engine, upgrade
from cts_schema.ddl.text import run

ROWS = (100_000, 1_000_000)

_OLD = """
CREATE TABLE exchange_connections (
  id {serial}, name TEXT NOT NULL, exchange TEXT NOT NULL, api_type TEXT, is_enabled INTEGER
);
INSERT INTO exchange_connections (name, exchange, api_type, is_enabled)
  SELECT 'connection ' || n, 'bybit', 'spot', 1 FROM ({numbers_10}) g;
CREATE TABLE pseudo_positions (
  id {serial}, connection_id INTEGER NOT NULL, symbol TEXT NOT NULL, indication_type TEXT NOT NULL,
  side TEXT NOT NULL, entry_price {number} NOT NULL, current_price {number} NOT NULL, quantity {number} NOT NULL,
  position_cost {number}, takeprofit_factor {number}, stoploss_ratio {number}, trailing_enabled INTEGER DEFAULT 0,
  profit_factor {number}, status TEXT NOT NULL DEFAULT 'active', opened_at {time}, created_at {time}, updated_at {time}
);
INSERT INTO pseudo_positions (connection_id, symbol, indication_type, side, entry_price, current_price, quantity,
  position_cost, takeprofit_factor, stoploss_ratio, trailing_enabled, profit_factor, status,
  opened_at, created_at, updated_at)
  SELECT 1 + n % 10, 'SYM' || n % 50 || 'USDT', 'direction', CASE n % 2 WHEN 0 THEN 'long' ELSE 'short' END,
    100 + n % 1000 / 8.0, 101 + n % 1000 / 8.0, 0.5, 10.25, 2.5, 0.75, n % 2, n % 100 / 16.0,
    CASE n % 3 WHEN 0 THEN 'active' ELSE 'closed' END, {moment}, {moment}, {moment}
  FROM ({numbers}) g;
CREATE INDEX idx_pseudo_positions_connection ON pseudo_positions (connection_id);
CREATE INDEX idx_pseudo_positions_symbol ON pseudo_positions (symbol, status);
CREATE INDEX idx_pseudo_positions_created ON pseudo_positions (created_at);
"""
_WORDS = {
    "sqlite": {
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "number": "REAL",
        "time": "TEXT",
        "moment": "datetime('2026-01-01', '+' || n || ' seconds')",
        "numbers": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}) SELECT n FROM c",
    },
    "postgresql": {
        "serial": "SERIAL PRIMARY KEY",
        "number": "NUMERIC(20,8)",
        "time": "TIMESTAMP",
        "moment": "timestamp '2026-01-01' + n * interval '1 second'",
        "numbers": "SELECT generate_series(1, {rows}) AS n",
    },
}
_COLUMNS = [
    "id",
    "connection_id",
    "symbol",
    "indication_type",
    "side",
    "entry_price",
    "current_price",
    "quantity",
    "position_cost",
    "takeprofit_factor",
    "stoploss_ratio",
    "trailing_enabled",
    "profit_factor",
    "status",
    "opened_at",
    "created_at",
    "updated_at",
    "direction",
]


def build(url: sa.URL, rows: int) -> None:
    """Make the old database."""
    words = dict(_WORDS[url.get_backend_name()])
    numbers = words.pop("numbers")
    script = _OLD.format(**words, numbers=numbers.format(rows=rows), numbers_10=numbers.format(rows=10))
    with create_engine(url).begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                run(connection, statement)
    if url.get_backend_name() == "postgresql":
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def physical(url: sa.URL) -> float:
    """Do what must be done, in a database that has the old table as ``old_positions``; return the seconds."""
    postgresql = url.get_backend_name() == "postgresql"
    engine = create_engine(url)
    with engine.begin() as connection:
        if postgresql:
            connection.exec_driver_sql("ALTER TABLE pseudo_positions RENAME TO old_positions")
            connection.exec_driver_sql("ALTER INDEX pseudo_positions_pkey RENAME TO old_positions_pkey")
        else:
            connection.exec_driver_sql("ALTER TABLE pseudo_positions RENAME TO old_positions")
        connection.exec_driver_sql("ALTER TABLE exchange_connections RENAME TO old_connections")
    upgrade(url)
    casts = {
        "id": "CAST(id AS TEXT)",
        "connection_id": "CAST(connection_id AS TEXT)",
        "direction": "side",
        **({"trailing_enabled": "trailing_enabled <> 0"} if postgresql else {}),
        **(
            {name: f"{name} AT TIME ZONE 'UTC'" for name in ("opened_at", "created_at", "updated_at")}
            if postgresql
            else {}
        ),
    }
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO exchange_connections (id, name, exchange) SELECT CAST(id AS TEXT), name, exchange "
            "FROM old_connections"
        )
        if postgresql:
            indexes = connection.exec_driver_sql(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'pseudo_positions' AND indexname "
                "LIKE 'ix%%'"
            ).all()
            keys = connection.exec_driver_sql(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conrelid = 'pseudo_positions'::regclass AND contype = 'f'"
            ).all()
        else:
            connection.exec_driver_sql("PRAGMA foreign_keys")
            indexes = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'pseudo_positions' AND name LIKE 'ix%'"
            ).all()
            keys = []
    started = time.perf_counter()
    if not postgresql:
        with engine.connect() as connection:  # foreign keys are off during an adoption, too
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
            _copy(connection, casts, indexes, keys)
            connection.exec_driver_sql("PRAGMA foreign_key_check(pseudo_positions)").all()
            connection.commit()
    else:
        with engine.begin() as connection:
            _copy(connection, casts, indexes, keys)
    return time.perf_counter() - started


def _copy(connection: sa.Connection, casts: dict[str, str], indexes: object, keys: object) -> None:
    for name, _ in keys:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"ALTER TABLE pseudo_positions DROP CONSTRAINT {name}")
    for name, _ in indexes:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"DROP INDEX {name}")
    values = ", ".join(casts.get(name, name) for name in _COLUMNS)
    connection.exec_driver_sql(
        f"INSERT INTO pseudo_positions ({', '.join(_COLUMNS)}) SELECT {values} FROM old_positions"
    )
    for _, definition in indexes:  # type: ignore[attr-defined]
        connection.exec_driver_sql(definition)
    for name, definition in keys:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"ALTER TABLE pseudo_positions ADD CONSTRAINT {name} {definition}")


_CHILD = """
import pathlib, re, sys, time
from cts_schema import upgrade
import cts_schema.migration.line, cts_schema.adoption.adopt, cts_schema.adoption.verify, alembic.command
import sqlalchemy as sa
def peak():  # not getrusage, which begins with the peak of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
started = time.perf_counter()
report = upgrade(sys.argv[1])
seconds = time.perf_counter() - started
print(seconds, (peak() - before) / 1024, max(report.adopted.exclusive_ms.values(), default=0) / 1000)
"""


def adopt(url: sa.URL) -> tuple[float, float, float]:
    """Adopt in a process of its own; return seconds, the megabytes it grew by, and seconds of exclusive locks."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, url.render_as_string(hide_password=False)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, grown, exclusive = map(float, done.stdout.split())
    return seconds, grown, exclusive


def measure(kind: str, admin: str, folder: Path, rows: int) -> None:
    """Print one comparison."""
    with fresh(kind, admin, folder) as url:
        build(url, rows)
        limit = physical(url)
    with fresh(kind, admin, folder) as url:
        build(url, rows)
        seconds, grown, exclusive = adopt(url)
    print(
        f"{kind:10}  {rows:>9,} rows   adoption {seconds:6.2f} s   physical work {limit:6.2f} s   "
        f"{seconds / limit:4.2f}x   "
        f"client +{grown:.0f} MiB   tables locked {exclusive:.2f} s"
    )


def main() -> None:
    """Measure both databases."""
    sizes = [int(argument) for argument in sys.argv[1:]] or list(ROWS)
    with server_url() as admin, tempfile.TemporaryDirectory() as folder:
        for kind in ("sqlite", "postgresql"):
            for rows in sizes:
                measure(kind, admin, Path(folder), rows)


if __name__ == "__main__":
    main()
