"""The market of the sample month: the path of each price, and its bars and ticks.

All numbers are integers: prices in ticks, quantities in lots, times in seconds since 1970. So both databases
calculate exactly the same, and fractions occur only where a value is stored.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from cts_schema.seeds.writer import RowSource, Writer

MONTH = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 31 * 24
END = MONTH + timedelta(hours=HOURS)

UNIT = 10_000
"""The factor between price times quantity, in ticks and lots, and the amount: four places for each instrument."""
FEE = Decimal("0.0005")
"""The fee of the exchange for each amount."""


class Instrument(NamedTuple):
    """An instrument: its exchange, its price in ticks at the start of the month, and its trade size in lots."""

    symbol: str
    exchange: str
    price: int
    price_places: int
    lots: int

    @property
    def base(self) -> str:
        """The base currency."""
        return self.symbol.removesuffix("USDT")

    @property
    def connection(self) -> str:
        """The connection that trades it."""
        return f"demo-{self.exchange}"

    @property
    def pair(self) -> str:
        """Its row in trading_pairs."""
        return f"demo-pair-{self.symbol}"


INSTRUMENTS = (
    Instrument("BTCUSDT", "bybit", 935_000, 1, 20),
    Instrument("ETHUSDT", "bybit", 315_000, 2, 60),
    Instrument("SOLUSDT", "bybit", 13_800, 2, 1_400),
    Instrument("XRPUSDT", "binance", 21_000, 4, 900),
    Instrument("BNBUSDT", "binance", 89_000, 2, 220),
)

PATH = sa.Table(
    "cts_demo_hours",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # the hour, then the instrument
    sa.Column("began", sa.BigInteger),
    *(sa.Column(name, sa.Text) for name in ("connection_id", "exchange", "pair_id", "symbol")),
    *(sa.Column(name, sa.BigInteger) for name in ("price_scale", "lot_scale", "lots", "swing")),
    *(sa.Column(name, sa.BigInteger) for name in ("open", "high", "low", "close", "final")),
    prefixes=["TEMPORARY"],
)
"""Each hour of each instrument: a straight path from its first price to its last, plus or minus ``swing``."""

_NUMBERS = RowSource(
    """
WITH RECURSIVE numbers(n) AS (
  SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :last
)""",
    "numbers",
)

# A reproducible pseudorandom number: a Lehmer generator applied twice, modulo 2^31 - 1.
# Materialized: otherwise SQLite recalculates it at each use.
DRAWN = _NUMBERS.then(
    f"""
mixed AS (
  SELECT n, (n * 7919 + :salt * 104729 + 1) * 48271 % 2147483647 AS x FROM numbers
), drawn AS MATERIALIZED (
  SELECT n, x * (x % 32749 + 1) % 2147483647 AS h FROM mixed
), moments AS (
  SELECT n, h, o.*, h / 2 % 3600 AS passed, h / 11 % (2 * swing + 1) - swing AS noise
    FROM drawn JOIN cts_demo_hours o ON o.id = n * {HOURS * len(INSTRUMENTS)} / :count
), drawn_prices AS (
  SELECT m.*, began + passed AS opened, open + (close - open) * passed / 3600 + noise AS price FROM moments m
)""",
    "drawn_prices",
)
"""A moment for each number, spread evenly over the hours, with the price of its instrument."""


def path() -> Iterator[dict[str, str | int]]:
    """Yield the rows of :data:`PATH`: reproducible random walks."""
    walks = [_walk(instrument) for instrument in INSTRUMENTS]
    for hour in range(HOURS):
        for place, (instrument, prices) in enumerate(zip(INSTRUMENTS, walks, strict=True)):
            first, last = prices[hour], prices[hour + 1]
            swing = max(1, instrument.price // 800)
            yield {
                "id": hour * len(INSTRUMENTS) + place,
                "began": int((MONTH + timedelta(hours=hour)).timestamp()),
                "connection_id": instrument.connection,
                "exchange": instrument.exchange,
                "pair_id": instrument.pair,
                "symbol": instrument.symbol,
                "price_scale": 10**instrument.price_places,
                "lot_scale": UNIT // 10**instrument.price_places,
                "lots": instrument.lots,
                "swing": swing,
                "open": first,
                "high": max(first, last) + swing,
                "low": min(first, last) - swing,
                "close": last,
                "final": prices[-1],
            }


def _walk(instrument: Instrument) -> list[int]:
    # Python guarantees the same numbers of this generator for ever, if only random() is called (docs: Reproducibility).
    chance = random.Random(instrument.symbol).random  # noqa: S311  no secret depends on it
    prices = [instrument.price]
    for _ in range(HOURS):
        # Mean reversion: a price far from its start is pulled back a little.
        pull = (instrument.price - prices[-1]) // 150
        prices.append(prices[-1] + pull + round((chance() - 0.5) * instrument.price / 60))
    return prices


def amount(ticks: str) -> str:
    """Return the SQL of a price, given in ticks."""
    return f"({ticks}) * 1.0 / price_scale"


def quantity(lots: str) -> str:
    """Return the SQL of a quantity, given in lots."""
    return f"({lots}) * 1.0 / lot_scale"


def money(units: str) -> str:
    """Return the SQL of an amount of money, given in ticks times lots."""
    return f"({units}) * 1.0 / {UNIT}"


def number(what: str, n: str = "n") -> str:
    """Return the SQL of an id. All have the same length, so that they sort as text."""
    return f"'demo-{what}-' || (100000000 + {n})"


def bars(writer: Writer, per_hour: int) -> None:
    """Add the bars of each trading pair, without gaps."""
    interval = {1: "1h", 4: "15m", 12: "5m", 60: "1m"}[per_hour]
    source = _NUMBERS.then(
        f"""
parts AS (
  SELECT o.*, n, began + n % {per_hour} * {3600 // per_hour} AS opened,
         open + (close - open) * (n % {per_hour}) / {per_hour} AS first_price,
         open + (close - open) * (n % {per_hour} + 1) / {per_hour} AS last_price
    FROM numbers JOIN cts_demo_hours o ON o.id = n / {per_hour}
)""",
        "parts",
    )
    higher = "CASE WHEN first_price > last_price THEN first_price ELSE last_price END"
    lower = "CASE WHEN first_price > last_price THEN last_price ELSE first_price END"
    writer.derive(
        "market_data",
        {
            "trading_pair_id": "pair_id",
            "symbol": "symbol",
            "timestamp": writer.moment("opened"),
            "open": amount("first_price"),
            "high": amount(f"{higher} + swing"),
            "low": amount(f"{lower} - swing"),
            "close": amount("last_price"),
            "volume": quantity(f"lots * (40 + (n * 37 + id * 11) % 160) / {per_hour} + 1"),
            "interval": f"'{interval}'",
            "created_at": writer.moment(f"opened + {3600 // per_hour}"),
        },
        source,
        count=HOURS * len(INSTRUMENTS) * per_hour,
    )


def ticks(writer: Writer, count: int) -> None:
    """Add the ticks of a connection, each within the bar of its time."""
    writer.derive(
        "market_data",
        {
            "connection_id": "connection_id",
            "symbol": "symbol",
            "timestamp": writer.moment("opened"),
            "price": amount("price"),
            "volume": quantity("1 + h % lots"),
            "bid": amount("price - 1"),
            "ask": amount("price + 1"),
            "created_at": writer.moment("opened"),
        },
        DRAWN,
        count=count,
        salt=1,
    )
