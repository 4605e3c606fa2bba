"""The trades of the sample month: simulated, mirrored on the exchange, and manual in a portfolio.

A trade opens and closes on the path of its price, so that its result follows from the market data. One that would
close after the month is still open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from cts_schema.seeds.demo_market import (
    DRAWN,
    END,
    INSTRUMENTS,
    MONTH,
    UNIT,
    amount,
    money,
    number,
    quantity,
)
from cts_schema.seeds.writer import RowSource, Writer

INDICATIONS = {3: "direction", 6: "move", 9: "active", 12: "optimal"}
"""The indication that opens a trade, by its range."""

_INDICATION = " ".join(f"WHEN {steps} THEN '{name}'" for steps, name in INDICATIONS.items())

TRADES = DRAWN.then(
    f"""
closings AS (
  SELECT d.*, 900 + h / 7200 % 172800 AS lasts, 3 + h / 3 % 4 * 3 AS steps, lots / 2 + h / 1000 % lots AS size,
         CASE h % 2 WHEN 0 THEN 'long' ELSE 'short' END AS side, CASE h % 2 WHEN 0 THEN 1 ELSE -1 END AS sign
    FROM drawn_prices d
), closed AS MATERIALIZED (
  SELECT d.*, CASE WHEN c.id IS NOT NULL THEN opened + lasts END AS closed_at, coalesce(
           c.open + (c.close - c.open) * ((passed + lasts) % 3600) / 3600 + h / 13 % (2 * c.swing + 1) - c.swing,
           d.final) AS last_price
    FROM closings d LEFT JOIN cts_demo_hours c ON c.id = d.id + {len(INSTRUMENTS)} * ((passed + lasts) / 3600)
), results AS (
  SELECT c.*, (last_price - price) * size * sign AS result, CASE steps {_INDICATION} END AS indication,
         (price + CASE WHEN closed_at IS NULL THEN 0 ELSE last_price END) * size AS turnover
    FROM closed c
), trades AS (
  SELECT r.*, closed_at IS NOT NULL AS is_closed, CASE WHEN closed_at IS NULL THEN 0 ELSE result END AS realized,
         CASE WHEN closed_at IS NULL THEN result ELSE 0 END AS unrealized,
         CASE WHEN closed_at IS NULL THEN NULL WHEN result > 0 THEN 'take_profit' WHEN result < 0 THEN 'stop_loss'
              ELSE 'manual' END AS reason,
         CASE WHEN closed_at IS NOT NULL AND result > 0 THEN last_price
              ELSE price + sign * price * 3 / 50 END AS target,
         CASE WHEN closed_at IS NOT NULL AND result < 0 THEN last_price
              ELSE price - sign * price * 3 / 50 END AS stop
    FROM results r
)""",
    "trades",
)
"""A trade for each number: ``result`` in ticks times lots, ``closed_at`` NULL while it is open."""

CLOSED = RowSource(TRADES.chain, "trades WHERE is_closed")
"""The closed trades."""

WON = {
    "total": "count(*)",
    "won": "sum(CASE WHEN result > 0 THEN 1 ELSE 0 END)",
    "lost": "sum(CASE WHEN result < 0 THEN 1 ELSE 0 END)",
    "brought": "sum(result)",
    "gains": "sum(CASE WHEN result > 0 THEN result ELSE 0 END)",
    "losses": "sum(CASE WHEN result < 0 THEN result ELSE 0 END)",
}
"""The SQL of sums of trades."""

FEES = f"turnover * 5.0 / {10_000 * UNIT}"
"""The SQL of the fee: five ten-thousandths, see demo_market.FEE."""

SIMULATED, LIVE, BY_HAND = 2, 3, 4
"""Each kind of trade has its own random numbers."""

_BASE = "'demo-base-' || symbol || '-' || side || '-' || steps"


def simulated(writer: Writer, count: int) -> None:
    """Add the pseudo positions of the base layer."""
    writer.derive("pseudo_positions", _pseudo(writer, "pseudo", "base"), TRADES, count=count, salt=SIMULATED)


def _pseudo(writer: Writer, what: str, layer: str) -> Mapping[str, str]:
    return {
        "id": number(what),
        "connection_id": "connection_id",
        "symbol": "symbol",
        "indication_type": "indication",
        "indication_range": "steps",
        "side": "side",
        "direction": "side",
        "type": f"'{layer}'",
        "position_level": f"'{layer}'",
        "strategy_type": f"'{layer}'",
        "state_key": "connection_id || ':' || symbol || '-' || indication || '-' || side || '-' || steps",
        "base_position_id": _BASE,
        "entry_price": amount("price"),
        "current_price": amount("last_price"),
        "quantity": quantity("size"),
        "position_cost": money("price * size"),
        "takeprofit_factor": "2 + steps / 3",
        "stoploss_ratio": "0.6",
        "take_profit": amount("target"),
        "stop_loss": amount("stop"),
        "profit_loss": money("result"),
        "status": "CASE WHEN is_closed THEN 'closed' ELSE 'active' END",
        "close_reason": "reason",
        "opened_at": writer.moment("opened"),
        "closed_at": writer.moment("closed_at"),
        "created_at": writer.moment("opened"),
        "updated_at": writer.moment("coalesce(closed_at, opened)"),
    }


def live(writer: Writer, count: int) -> None:
    """Add each live trade with its main and real pseudo position, orders, volume and events."""

    def derive(table: str, values: Mapping[str, str], source: RowSource = TRADES) -> None:
        writer.derive(table, values, source, count=count, salt=LIVE)

    opened, closed, changed = (writer.moment(at) for at in ("opened", "closed_at", "coalesce(closed_at, opened)"))
    common = {"connection_id": "connection_id", "symbol": "symbol"}
    prices = {"entry_price": amount("price"), "current_price": amount("last_price")}
    levels = {"takeprofit": amount("target"), "stoploss": amount("stop")}
    results = {"unrealized_pnl": money("unrealized"), "realized_pnl": money("realized")}
    times = {"opened_at": opened, "closed_at": closed}
    changes = {"created_at": opened, "updated_at": changed}
    status = {"status": "CASE WHEN is_closed THEN 'closed' ELSE 'open' END"}
    derive("pseudo_positions", _pseudo(writer, "main", "main"))
    derive(
        "real_pseudo_positions",
        {"id": number("real"), **common, "side": "side", "main_config_id": number("main"), "base_config_id": _BASE}
        | {**prices, **levels, **results, **status, **times, **changes, "quantity": quantity("size")}
        | {"position_cost": money("price * size"), "is_validated": "true", "validated_at": opened}
        | {"close_reason": "reason"},
    )
    derive(
        "active_exchange_positions",
        {"id": number("live"), **common, "side": "side", "real_pseudo_position_id": number("real")}
        | {"main_pseudo_position_id": number("main"), "base_pseudo_position_id": _BASE}
        | {"exchange_id": number("exchange"), "exchange_order_id": number("order", "2 * n")}
        | {**prices, **levels, **results, **status, **times, "quantity": quantity("size"), "leverage": "5"}
        | {"volume_usd": money("price * size"), "fees_paid": FEES}
        | {"max_profit": money("CASE WHEN result > 0 THEN result ELSE 0 END")}
        | {"max_loss": money("CASE WHEN result < 0 THEN result ELSE 0 END")}
        | {"last_updated_at": changed, "last_sync_at": changed, "created_at": opened, "trade_mode": "'main'"}
        | {
            "hold_duration_seconds": "closed_at - opened",
            "indication_type": "indication",
            "profit_loss": money("realized"),
        },
    )
    derive(
        "real_positions",
        {"id": number("position"), **common, **prices, **levels, **status, **times, **changes}
        | {"exchange_position_id": number("exchange"), "strategy_type": "'main'", "volume": quantity("size")}
        | {"profit_loss": money("result"), "indication_type": "indication", "indication_range": "steps"}
        | {"position_duration_seconds": "closed_at - opened"},
    )
    derive(
        "position_volume_calculations",
        {**common, "base_volume_factor": "1", "leverage": "5", "calculated_volume": quantity("size")}
        | {"final_volume": quantity("size"), "created_at": opened},
    )
    derive("orders", {**common, **_order(writer, "order")}, _each("SELECT 0 AS part UNION ALL SELECT 1"))
    derive(
        "exchange_position_coordination_log",
        {"connection_id": "connection_id", "exchange_position_id": number("live"), "exchange_id": number("exchange")}
        | {
            "event_type": "CASE part WHEN 0 THEN 'position_opened' WHEN 2 THEN 'position_closed' "
            "ELSE CASE reason WHEN 'manual' THEN 'manual_close' ELSE reason || '_hit' END END"
        }
        | {"event_data": writer.object("'symbol', symbol, 'steps', steps"), "triggered_by": "'system'"}
        | {"event_timestamp": f"CASE part WHEN 0 THEN {opened} ELSE {closed} END"}
        | {"processing_duration_ms": "20 + h % 180"},
        _each("SELECT 0 AS part UNION ALL SELECT 1 UNION ALL SELECT 2"),
    )


def _each(parts: str) -> RowSource:
    """Return a source with a row for the start of each trade, and others for its end, if it has one."""
    return RowSource(TRADES.chain, f"trades CROSS JOIN ({parts}) p WHERE part = 0 OR is_closed")


def _order(writer: Writer, what: str) -> dict[str, str]:
    at = writer.moment("CASE part WHEN 0 THEN opened ELSE closed_at END")
    price = amount("CASE part WHEN 0 THEN price ELSE last_price END")
    return {
        "id": number(what, "2 * n + part"),
        "exchange_order_id": number(what, "2 * n + part"),
        "order_type": "CASE WHEN part = 0 OR reason = 'manual' THEN 'market' ELSE reason END",
        "side": "CASE (h + part) % 2 WHEN 0 THEN 'buy' ELSE 'sell' END",
        "price": price,
        "quantity": quantity("size"),
        "filled_quantity": quantity("size"),
        "remaining_quantity": "0",
        "average_fill_price": price,
        "status": "'filled'",
        "fees": f"(CASE part WHEN 0 THEN price ELSE last_price END) * size * 5.0 / {10_000 * UNIT}",
        "created_at": at,
        "updated_at": at,
        "executed_at": at,
    }


PORTFOLIOS = ("Long run", "Experiments")
_PORTFOLIO = "'demo-portfolio-' || (n % 2)"


def by_hand(writer: Writer, count: int) -> None:
    """Add two portfolios with the results of their positions, and those positions with their orders."""
    sums = writer.sums(TRADES, "n % 2", {"brought": "sum(result)"}, count=count, salt=BY_HAND)
    brought = {int(row[0]): int(row.brought) for row in sums}
    writer.add(
        "portfolios",
        [
            {
                "id": f"demo-portfolio-{place}",
                "user_id": "demo-trader",
                "name": name,
                "initial_value": 100_000,
                "total_value": 100_000 + exact(brought.get(place, 0)),
                "created_at": MONTH,
                "updated_at": END,
            }
            for place, name in enumerate(PORTFOLIOS)
        ],
    )
    changes = {"created_at": writer.moment("opened"), "updated_at": writer.moment("coalesce(closed_at, opened)")}
    writer.derive(
        "positions",
        {"id": number("holding"), "portfolio_id": _PORTFOLIO, "trading_pair_id": "pair_id", "position_type": "side"}
        | {"entry_price": amount("price"), "current_price": amount("last_price"), "quantity": quantity("size")}
        | {"stop_loss": amount("stop"), "take_profit": amount("target")}
        | {"unrealized_pnl": money("unrealized"), "realized_pnl": money("realized"), **changes}
        | {"status": "CASE WHEN is_closed THEN 'closed' ELSE 'open' END"}
        | {"opened_at": writer.moment("opened"), "closed_at": writer.moment("closed_at")},
        TRADES,
        count=count,
        salt=BY_HAND,
    )
    writer.derive(
        "orders",
        _order(writer, "trade")
        | {"user_id": "'demo-trader'", "portfolio_id": _PORTFOLIO, "trading_pair_id": "pair_id", "symbol": "symbol"},
        _each("SELECT 0 AS part UNION ALL SELECT 1"),
        count=count,
        salt=BY_HAND,
    )


def exact(units: int, of: int = 1) -> Decimal:
    """Return an amount of money, or its mean, to eight places; 0 for none."""
    return (Decimal(units) / (UNIT * of)).quantize(Decimal("0.00000001")) if of else Decimal(0)


def share(part: int, whole: int) -> Decimal:
    """Return a ratio to four places; 0 for none, and at most 9999."""
    return min(Decimal(part) / whole, Decimal(9999)).quantize(Decimal("0.0001")) if whole else Decimal(0)


def moment(seconds: int) -> datetime:
    """Return the time of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
