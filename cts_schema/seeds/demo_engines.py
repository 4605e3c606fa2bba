"""The results of the engines in the sample month: indications, their history and states, logs."""

from __future__ import annotations

from cts_schema.seeds.demo_market import DRAWN, END, INSTRUMENTS, MONTH, amount
from cts_schema.seeds.demo_trades import INDICATIONS
from cts_schema.seeds.writer import Writer

_STEPS = "(3 + h / 3 % 4 * 3)"
_INDICATION = f"CASE {_STEPS} {' '.join(f'WHEN {steps} THEN {name!r}' for steps, name in INDICATIONS.items())} END"
_SIDE = "CASE h % 2 WHEN 0 THEN 'long' ELSE 'short' END"
_CONFIDENCE = "(5000 + h / 17 % 4500) / 10000.0"

_CALCULATED, _REMEMBERED, _LOGGED = 11, 12, 13
"""Each kind of row has its own random numbers."""

# Cumulative percentage, level, category and message of a line.
_LINES = (
    (40, "info", "engine", "cycle finished"),
    (65, "debug", "indication", "indication calculated"),
    (80, "info", "market", "prices received"),
    (90, "success", "position", "position synchronised"),
    (97, "warning", "exchange", "rate limit is near"),
    (100, "error", "exchange", "request timed out, tried again"),
)


def indications(writer: Writer, count: int) -> None:
    """Add the indications that were calculated from the prices."""
    writer.derive(
        "indications",
        {
            "connection_id": "connection_id",
            "symbol": "symbol",
            "indication_type": _INDICATION,
            "timeframe": "'1h'",
            "value": amount("price"),
            "profit_factor": "(8000 + h / 19 % 9000) / 10000.0",
            "confidence": _CONFIDENCE,
            "calculated_at": writer.moment("opened"),
            "created_at": writer.moment("opened"),
        },
        DRAWN,
        count=count,
        salt=_CALCULATED,
    )


def history(writer: Writer, count: int) -> None:
    """Add the history of indications."""
    writer.derive(
        "indication_history",
        {
            "connection_id": "connection_id",
            "symbol": "symbol",
            "indication_type": _INDICATION,
            "event": "CASE h / 23 % 4 WHEN 0 THEN 'signal' WHEN 1 THEN 'validated' ELSE 'calculated' END",
            "state_key": f"connection_id || ':' || symbol || '-' || {_INDICATION} || '-' || {_SIDE} || '-' || {_STEPS}",
            "optimal_indication_id": f"CASE {_STEPS} WHEN 12 THEN 'demo-optimal-' || symbol || '-' || {_SIDE} END",
            "indication_range": _STEPS,
            "direction": _SIDE,
            "timeframe": "'1h'",
            "price": amount("price"),
            "confidence": _CONFIDENCE,
            "recorded_at": writer.moment("opened"),
        },
        DRAWN,
        count=count,
        salt=_REMEMBERED,
    )


def states(writer: Writer) -> None:
    """Add the state of each signal at the end of the month."""
    writer.add(
        "indication_states",
        [
            {
                "id": f"demo-state-{one.symbol}-{name}-{side}",
                "state_key": f"{one.connection}:{one.symbol}-{name}-{side}-{steps}",
                "connection_id": one.connection,
                "symbol": one.symbol,
                "indication_type": name,
                "direction": side,
                "position_range": str(steps),
                "validated_at": END,
                "created_at": MONTH,
                "updated_at": END,
            }
            for one in INSTRUMENTS
            for steps, name in INDICATIONS.items()
            for side in ("long", "short")
        ],
    )


def logs(writer: Writer, count: int) -> None:
    """Add the log of the application; a few percent are warnings and errors."""

    def one_of(column: int) -> str:
        return f"CASE {' '.join(f'WHEN h / 29 % 100 < {line[0]} THEN {line[column]!r}' for line in _LINES)} END"

    writer.derive(
        "site_logs",
        {
            "timestamp": writer.moment("opened"),
            "level": one_of(1),
            "category": one_of(2),
            "message": one_of(3) + " || ': ' || symbol",
            "error_message": "CASE WHEN h / 29 % 100 >= 97 THEN 'timeout of 5000 ms' END",
            "connection_id": "connection_id",
            "metadata": writer.object("'duration_ms', 10 + h % 240"),
            "created_at": writer.moment("opened"),
        },
        DRAWN,
        count=count,
        salt=_LOGGED,
    )
