"""The data set ``demo``: a month of invented trading, in any size, for screens, exercises and measurements.

It is the same in every database. Every id begins with ``demo-``. It has no credentials, and nobody can log in.
"""

from __future__ import annotations

from datetime import timedelta

from cts_schema.seeds import demo_engines, demo_market, demo_presets, demo_results, demo_trades
from cts_schema.seeds.demo_market import END, HOURS, INSTRUMENTS, MONTH, PATH
from cts_schema.seeds.writer import Writer

LEAST = 10_000
"""The minimum number of rows: the hourly bars alone are 3,720."""

_NO_PASSWORD = "!"  # noqa: S105  no password has this hash
_TIMES = {"created_at": MONTH, "updated_at": MONTH}
_CONNECTIONS = sorted({(one.connection, one.exchange) for one in INSTRUMENTS})


def month(writer: Writer) -> None:
    """Version 1: January 2026."""
    rows = writer.size
    writer.temporary(PATH, list(demo_market.path()))
    accounts(writer)
    per_hour = max(each for each in (1, 4, 12, 60) if each == 1 or each * HOURS * len(INSTRUMENTS) <= rows // 6)
    demo_market.bars(writer, per_hour)
    demo_engines.states(writer)
    demo_results.base_positions(writer, rows // 10)
    demo_trades.simulated(writer, rows // 10)
    demo_trades.live(writer, rows // 60)
    demo_results.statistics(writer, rows // 60)
    demo_trades.by_hand(writer, rows // 200)
    demo_presets.presets(writer)
    demo_presets.traded(writer, rows // 100)
    demo_presets.tried(writer, rows // 50)
    demo_presets.real(writer, rows // 200)
    demo_engines.indications(writer, rows // 10)
    demo_engines.history(writer, rows // 20)
    demo_engines.logs(writer, rows // 20)
    engines(writer)
    demo_market.ticks(writer, max(rows - sum(writer.rows.values()), 0))
    writer.drop(PATH)


def accounts(writer: Writer) -> None:
    """Add users, trading pairs and connections; the exchanges exist already."""
    writer.add(
        "users",
        [
            {"id": f"demo-{name}", "username": f"demo-{name}", "password_hash": _NO_PASSWORD, "role": role, **_TIMES}
            for name, role in (("trader", "user"), ("admin", "admin"))
        ],
    )
    exchanges = dict(tuple(row) for row in writer.ask("SELECT lower(name), id FROM exchanges"))
    writer.add(
        "trading_pairs",
        [
            {
                "id": one.pair,
                "exchange_id": exchanges.get(one.exchange),
                "symbol": one.symbol,
                "base_currency": one.base,
                "quote_currency": "USDT",
                "price_precision": one.price_places,
                "quantity_precision": 4 - one.price_places,
                **_TIMES,
            }
            for one in INSTRUMENTS
        ],
    )
    demo_presets.preset_types(writer)
    writer.add(
        "exchange_connections",
        [
            {
                "id": connection,
                "user_id": "demo-trader",
                "name": f"Demo {exchange}",
                "exchange_id": exchanges.get(exchange),
                "exchange": exchange,
                "api_type": "perpetual_futures",
                "is_testnet": True,
                "preset_type_id": demo_presets.PRESET_TYPE,
                **_TIMES,
            }
            for connection, exchange in _CONNECTIONS
        ],
    )
    writer.add(
        "volume_configuration",
        [
            {"id": f"demo-volume-{exchange}", "connection_id": connection, "max_leverage": 5, **_TIMES}
            for connection, exchange in _CONNECTIONS
        ],
    )


def engines(writer: Writer) -> None:
    """Add the state of the engines at the end of the month, their fetches, and the nightly retention runs."""
    open_ones = dict(
        tuple(row)
        for row in writer.ask(
            "SELECT connection_id, count(*) FROM active_exchange_positions "
            "WHERE status = 'open' AND id LIKE 'demo-%' GROUP BY connection_id"
        )
    )
    writer.add(
        "trade_engine_state",
        [
            {
                "id": f"demo-engine-{exchange}",
                "connection_id": connection,
                "status": "stopped",
                "state": "stopped",
                "started_at": MONTH,
                "stopped_at": END,
                "main_cycle_count": HOURS * 60,
                "main_avg_duration_ms": 85.5,
                "active_real_positions_count": open_ones.get(connection, 0),
                "health_status": "healthy",
                "last_updated": END,
                "created_at": MONTH,
                "updated_at": END,
            }
            for connection, exchange in _CONNECTIONS
        ],
    )
    days = [MONTH + timedelta(days=day) for day in range(31)]
    writer.add(
        "data_sync_log",
        [
            {
                "connection_id": one.connection,
                "symbol": one.symbol,
                "data_type": "ohlcv",
                "sync_start": day,
                "sync_end": day + timedelta(days=1),
                "records_synced": 24,
                "status": "success",
                "created_at": day + timedelta(days=1),
            }
            for day in days
            for one in INSTRUMENTS
        ],
    )
    writer.add(
        "data_cleanup_log",
        [
            {
                "cleanup_type": "indication_states",
                "cleanup_started_at": day + timedelta(hours=3),
                "cleanup_completed_at": day + timedelta(hours=3, seconds=2),
                "status": "completed",
            }
            for day in days
        ],
    )


STEPS = (month,)
"""The steps from each version to the next; a released step never changes."""
