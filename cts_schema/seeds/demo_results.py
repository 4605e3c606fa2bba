"""The results of the trades of the sample month, by configuration and by day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from cts_schema.seeds.demo_market import INSTRUMENTS, MONTH, UNIT, Instrument
from cts_schema.seeds.demo_trades import CLOSED, INDICATIONS, LIVE, SIMULATED, WON, exact, moment, share
from cts_schema.seeds.writer import Row, Writer

_SHARED = (
    "connection_id",
    "symbol",
    "indication_range",
    "direction",
    "drawdown_ratio",
    "market_change_range",
    "last_part_ratio",
    "status",
    "phase",
    "win_rate",
    "total_positions",
    "winning_positions",
    "losing_positions",
    "created_at",
    "updated_at",
)
"""The columns that an optimal indication shares with its base position."""


def base_positions(writer: Writer, count: int) -> None:
    """Add the tested configurations with the results of their simulated trades, and the optimal ones."""
    sums = WON | {"newest": "max(closed_at)"}
    found = writer.sums(CLOSED, "symbol, side, steps", sums, count=count, salt=SIMULATED)
    results = {tuple(row[:3]): row for row in found}
    rows = [
        _base_position(one, side, steps, results.get((one.symbol, side, steps)))
        for one in INSTRUMENTS
        for side in ("long", "short")
        for steps in INDICATIONS
    ]
    writer.add("base_pseudo_positions", rows)
    writer.add(
        "optimal_indications",
        [
            {name: row[name] for name in _SHARED}
            | {
                "id": f"demo-optimal-{row['symbol']}-{row['direction']}",
                "base_position_id": row["id"],
                "calculated_at": MONTH,
            }
            for row in rows
            if row["indication_type"] == "optimal"
        ],
    )


def _base_position(instrument: Instrument, side: str, steps: int, result: Any) -> dict[str, Any]:
    # A sum is a Decimal on PostgreSQL.
    total, won, lost, brought, gains, losses, newest = map(int, result[3:] if result else [0] * 7)
    rate = share(won, total)
    optimal = INDICATIONS[steps] == "optimal"
    return {
        "id": f"demo-base-{instrument.symbol}-{side}-{steps}",
        "connection_id": instrument.connection,
        "symbol": instrument.symbol,
        "indication_type": INDICATIONS[steps],
        "indication_range": steps,
        "direction": side,
        "takeprofit_factor": 2 + steps // 3,
        "stoploss_ratio": Decimal("0.6"),
        "drawdown_ratio": Decimal("0.2") if optimal else None,
        "market_change_range": 3 if optimal else None,
        "last_part_ratio": Decimal("1.5") if optimal else None,
        "total_positions": total,
        "winning_positions": won,
        "losing_positions": lost,
        "total_profit_loss": exact(brought),
        "win_rate": rate,
        "avg_profit": exact(gains, won),
        "avg_loss": exact(losses, lost),
        "status": "evaluating" if total < 10 else "active" if rate >= Decimal("0.42") else "paused",
        "evaluation_count": total // 10,
        "phase": 1 if total < 10 else 2 if total < 50 else 3,
        "last_position_at": moment(newest) if total else None,
        "created_at": MONTH,
        "updated_at": moment(newest) if total else MONTH,
    }


def statistics(writer: Writer, count: int) -> None:
    """Add the results of the live trades that closed on each day."""
    sums = WON | {
        "turnover": "sum(turnover)",
        "volume": "sum(price * size)",
        "held": "sum(closed_at - opened)",
        "best": "max(result)",
        "worst": "min(result)",
    }
    keys = "closed_at / 86400, connection_id, symbol, indication"
    found = writer.sums(CLOSED, keys, sums, count=count, salt=LIVE)
    writer.add("exchange_position_statistics", [_day(row) for row in found])


def _day(row: Any) -> Row:
    day, connection, symbol, indication = row[:4]
    total, won, lost, brought, gains, losses, turnover, volume, held, best, worst = map(int, row[4:])
    begin = moment(day * 86400)
    end = begin + timedelta(days=1)
    fees = Decimal(turnover * 5) / (10_000 * UNIT)
    return {
        "id": f"demo-day-{begin:%d}-{symbol}-{indication}",
        "connection_id": connection,
        "symbol": symbol,
        "indication_type": indication,
        "trade_mode": "main",
        "period_start": begin,
        "period_end": end,
        "period_hours": 24,
        "total_positions": total,
        "winning_positions": won,
        "losing_positions": lost,
        "total_pnl": exact(brought),
        "total_fees": fees,
        "net_pnl": exact(brought) - fees,
        "win_rate": share(won, total),
        "profit_factor": share(gains, -losses),
        "avg_winning_pnl": exact(gains, won),
        "avg_losing_pnl": exact(losses, lost),
        "avg_hold_duration_seconds": held // total,
        "best_trade_pnl": exact(best),
        "worst_trade_pnl": exact(worst),
        "total_volume_usd": exact(volume),
        "avg_position_size_usd": exact(volume, total),
        "last_calculated_at": end,
        "position_count_at_calc": total,
        "created_at": end,
    }
