"""The data set ``production``: settings and exchanges that every installation needs."""

from __future__ import annotations

from cts_schema.seeds.writer import Writer

_SETTINGS = (
    ("marketDataRetentionDays", "7", "number", "Days that market data is kept before it is archived"),
    ("indicationStateRetentionHours", "48", "number", "Hours that an indication state is kept"),
    ("marketDataQueryMaxMinutes", "60", "number", "Longest window of market data one query may read, in minutes"),
    ("enableAutoCleanup", "true", "boolean", "Whether retention runs by itself"),
    ("cleanupIntervalHours", "24", "number", "Hours between two runs of retention"),
)
"""Revision 053 adds them to a new database; a seed adds missing ones to any other."""

# Without endpoints: the client library of a connection knows them, and follows their changes.
_EXCHANGES = (
    ("binance", "Binance", True),
    ("bingx", "BingX", False),
    ("bybit", "Bybit", True),
    ("okx", "OKX", True),
)


def settings_and_exchanges(writer: Writer) -> None:
    """Version 1."""
    writer.add_absent(
        "system_settings",
        [
            {"key": key, "value": value, "value_type": kind, "category": "performance", "description": description}
            for key, value, kind, description in _SETTINGS
        ],
        key="key",
    )
    writer.add_absent(
        "exchanges",
        [
            {"name": name, "display_name": shown, "supports_futures": True, "supports_margin": margin}
            for name, shown, margin in _EXCHANGES
        ],
        key="name",
    )


STEPS = (settings_and_exchanges,)
"""The steps from each version to the next; a released step never changes."""
