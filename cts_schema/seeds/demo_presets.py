"""The presets of the sample month: configuration, tests and trades."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cts_schema.seeds.demo_market import END, INSTRUMENTS, MONTH, amount, money, number, quantity
from cts_schema.seeds.demo_trades import CLOSED, FEES, TRADES, WON, exact, share
from cts_schema.seeds.writer import Writer

PRESET, PRESET_TYPE, SET = "demo-preset", "demo-preset-type", "demo-set"
_INDICATOR = {"indicator_type": "rsi", "indicator_params": {"period": 14, "low": 30, "high": 70}}
_TIMES = {"created_at": MONTH, "updated_at": MONTH}
_FACTORS = {"takeprofit_factor": 3, "stoploss_ratio": Decimal("0.6")}

_TRADED, _TRIED, _REAL = 21, 22, 23
"""Each kind of trade has its own random numbers."""


def preset_types(writer: Writer) -> None:
    """Add the preset type of connections, before the connections."""
    writer.add("preset_types", [{"id": PRESET_TYPE, "name": "Calm (demo)", "block_enabled": True, **_TIMES}])
    writer.add(
        "preset_configuration_sets",
        [{"id": SET, "name": "Calm direction", "indication_type": "direction", "symbols": ["BTCUSDT"], **_TIMES}],
    )
    writer.add(
        "preset_type_sets",
        [{"id": "demo-type-set", "preset_type_id": PRESET_TYPE, "configuration_set_id": SET, "added_at": MONTH}],
    )


def presets(writer: Writer) -> None:
    """Add a preset with its configurations, and the state of its engine."""
    writer.add("presets", [{"id": PRESET, "name": "Calm trend", "is_predefined": True, **_TIMES}])
    writer.add(
        "preset_configurations",
        [
            {
                "id": f"demo-configuration-{one.symbol}",
                "preset_id": PRESET,
                "preset_type_id": PRESET_TYPE,
                "connection_id": one.connection,
                "symbol": one.symbol,
                "take_profit": 6,
                "stop_loss": 3,
                "indication_type": "direction",
                **_TIMES,
            }
            for one in INSTRUMENTS
        ],
    )
    writer.add(
        "preset_trade_engine_state",
        [
            {"connection_id": connection, "preset_id": PRESET, "status": "running", "started_at": MONTH, **_TIMES}
            for connection in sorted({one.connection for one in INSTRUMENTS})
        ],
    )


def traded(writer: Writer, count: int) -> None:
    """Add the tests, the resulting configurations, a backtest, and the trades, with consistent sums."""
    results = {row.symbol: row for row in writer.sums(CLOSED, "symbol", WON, count=count, salt=_TRADED)}
    tests = [_test(one.symbol, results.get(one.symbol)) for one in INSTRUMENTS]
    writer.add("preset_test_results", tests)
    writer.add(
        "preset_active_configs",
        [
            {
                "id": f"demo-config-{one.symbol}",
                "preset_id": PRESET,
                "connection_id": one.connection,
                "config_id": test["config_id"],
                "test_result_id": test["id"],
                "symbol": one.symbol,
                "timeframe": "1h",
                "profit_factor": test["profit_factor"],
                "win_rate": test["win_rate"],
                "total_trades": test["total_trades"],
                "activated_at": MONTH,
                "created_at": MONTH,
                **_INDICATOR,
                **_FACTORS,
            }
            for one, test in zip(INSTRUMENTS, tests, strict=True)
        ],
    )
    writer.add("backtest_results", [_backtest([*results.values()])])
    writer.derive(
        "preset_trades",
        {"id": number("preset-trade"), "preset_id": f"'{PRESET}'", "connection_id": "connection_id", "symbol": "symbol"}
        | {"active_config_id": "'demo-config-' || symbol", "side": "side", "indicator_type": "'rsi'"}
        | _prices_and_times(writer, "CASE WHEN is_closed THEN 'closed' ELSE 'open' END"),
        TRADES,
        count=count,
        salt=_TRADED,
    )


def tried(writer: Writer, count: int) -> None:
    """Add the simulated positions of the preset."""
    writer.derive(
        "preset_pseudo_positions",
        {"id": number("preset-pseudo"), "connection_id": "connection_id", "preset_id": f"'{PRESET}'"}
        | {"symbol": "symbol", "direction": "side", "indication_type": "indication", "indication_range": "steps"}
        | {"takeprofit_factor": "3", "stoploss_ratio": "0.6", "entry_price": amount("price")}
        | {"current_price": amount("last_price"), "exit_price": amount("CASE WHEN is_closed THEN last_price END")}
        | {"quantity": quantity("size"), "position_cost": money("price * size"), "profit_loss": money("result")}
        | {"unrealized_pnl": money("unrealized"), "realized_pnl": money("realized"), "close_reason": "reason"}
        | {"status": "CASE WHEN is_closed THEN 'closed' ELSE 'active' END"}
        | {"opened_at": writer.moment("opened"), "closed_at": writer.moment("closed_at")}
        | {"created_at": writer.moment("opened"), "updated_at": writer.moment("coalesce(closed_at, opened)")},
        TRADES,
        count=count,
        salt=_TRIED,
    )


def real(writer: Writer, count: int) -> None:
    """Add the real trades of the preset type."""
    writer.derive(
        "preset_real_trades",
        {"id": number("preset-real"), "connection_id": "connection_id", "preset_type_id": f"'{PRESET_TYPE}'"}
        | {"configuration_set_id": f"'{SET}'", "symbol": "symbol", "direction": "side", "indication_type": "indication"}
        | _prices_and_times(writer, "CASE WHEN is_closed THEN 'closed' ELSE 'open' END"),
        TRADES,
        count=count,
        salt=_REAL,
    )


def _prices_and_times(writer: Writer, status: str) -> dict[str, str]:
    return {
        "entry_price": amount("price"),
        "exit_price": amount("CASE WHEN is_closed THEN last_price END"),
        "quantity": quantity("size"),
        "takeprofit_factor": "3",
        "stoploss_ratio": "0.6",
        "profit_loss": money("realized"),
        "fees_paid": FEES,
        "status": status,
        "close_reason": "reason",
        "opened_at": writer.moment("opened"),
        "closed_at": writer.moment("closed_at"),
        "created_at": writer.moment("opened"),
    }


def _test(symbol: str, result: Any) -> dict[str, Any]:
    total, won, lost, brought, gains, losses = map(int, result[1:] if result else [0] * 6)
    return {
        "id": f"demo-test-{symbol}",
        "preset_id": PRESET,
        "config_id": f"rsi-14-30-70-{symbol}",
        "symbol": symbol,
        "timeframe": "1h",
        "profit_factor": share(gains, -losses),
        "win_rate": share(won, total),
        "total_trades": total,
        "winning_trades": won,
        "losing_trades": lost,
        "avg_profit": exact(gains, won),
        "avg_loss": exact(losses, lost),
        "is_validated": brought > 0,
        "tested_at": MONTH,
        "created_at": MONTH,
        **_INDICATOR,
        **_FACTORS,
    }


def _backtest(results: Sequence[Any]) -> dict[str, Any]:
    total, won, lost, brought, gains, losses = (sum(int(row[place]) for row in results) for place in range(1, 7))
    return {
        "id": "demo-backtest",
        "preset_id": PRESET,
        "connection_id": INSTRUMENTS[0].connection,
        "start_date": MONTH,
        "end_date": END,
        "symbols": [one.symbol for one in INSTRUMENTS],
        "total_trades": total,
        "winning_trades": won,
        "losing_trades": lost,
        "win_rate": share(won, total),
        "total_profit": exact(gains),
        "total_loss": exact(-losses),
        "net_profit": exact(brought),
        "profit_factor": share(gains, -losses),
        "avg_win": exact(gains, won),
        "avg_loss": exact(losses, lost),
        "status": "completed",
        "created_at": END,
        "completed_at": END,
    }
