"""The data set ``test``: a few fixed rows in every table, for the tests of an application.

    from cts_schema.seeds.fixed import AT, CONNECTION, ENTRY

Every id begins with ``test-``, and every time is :data:`AT` unless a row has another. It has no credentials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cts_schema.ddl import Timestamp
from cts_schema.models import Base
from cts_schema.seeds.writer import Row, Writer

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CLOSED_AT = AT + timedelta(hours=2)
SYMBOL = "BTCUSDT"
ENTRY = Decimal("67890.12345678")
EXIT = Decimal("68450.5")
QUANTITY = Decimal("0.015")
PROFIT = Decimal("8.40564815")
"""(EXIT - ENTRY) * QUANTITY, to eight places."""
FEES = Decimal("1.12481014")

USER, ADMIN = "test-user", "test-admin"
EXCHANGE, PAIR, CONNECTION = "test-exchange", "test-pair", "test-connection"
PORTFOLIO, POSITION, ORDER = "test-portfolio", "test-position", "test-order"
BASE, PSEUDO, REAL, LIVE = "test-base", "test-pseudo", "test-real", "test-live"
OPTIMAL, STATE, STATE_KEY = "test-optimal", "test-state", f"{CONNECTION}:{SYMBOL}-optimal-long-5"
PRESET, PRESET_TYPE, SET = "test-preset", "test-preset-type", "test-set"
TEST_RESULT, CONFIG, CONFIG_ID = "test-result", "test-config", "rsi-14-30-70"
SETTING = "test.setting"

_OF_SYMBOL = {"connection_id": CONNECTION, "symbol": SYMBOL}
_TRADE = {"entry_price": ENTRY, "quantity": QUANTITY}
_CLOSED = {"status": "closed", "closed_at": CLOSED_AT}
_FACTORS = {"takeprofit_factor": 2, "stoploss_ratio": Decimal("0.4")}
_INDICATOR = {"indicator_type": "rsi", "indicator_params": {"period": 14, "low": 30, "high": 70}}
_TESTED = {"profit_factor": Decimal("1.37"), "win_rate": Decimal("0.58")}
_NO_PASSWORD = "!"  # noqa: S105  no password has this hash
_BAR = {"open": ENTRY, "high": EXIT, "low": ENTRY, "close": EXIT, "volume": QUANTITY}

# Parents first. The ledger already has rows in every database at head.
ROWS: Mapping[str, Sequence[Row]] = {
    "users": [
        {"id": USER, "username": "test-user", "email": "user@example.com", "password_hash": _NO_PASSWORD},
        {"id": ADMIN, "username": "test-admin", "email": None, "password_hash": _NO_PASSWORD, "role": "admin"},
    ],
    "exchanges": [{"id": EXCHANGE, "name": "test", "display_name": "Test", "supports_futures": True}],
    "trading_pairs": [
        {"id": PAIR, "exchange_id": EXCHANGE, "symbol": SYMBOL, "base_currency": "BTC", "quote_currency": "USDT"}
    ],
    "system_settings": [{"key": SETTING, "value": "1000", "value_type": "number", "category": "test"}],
    "preset_types": [{"id": PRESET_TYPE, "name": "Test type"}],
    "preset_configuration_sets": [{"id": SET, "name": "Test set", "indication_type": "direction"}],
    "preset_type_sets": [{"id": "test-type-set", "preset_type_id": PRESET_TYPE, "configuration_set_id": SET}],
    "exchange_connections": [
        {
            "id": CONNECTION,
            "user_id": USER,
            "name": "Test connection",
            "exchange_id": EXCHANGE,
            "exchange": "test",
            "api_type": "perpetual_futures",
            "is_testnet": True,
            "preset_type_id": PRESET_TYPE,
            "connection_settings": {"leverage": {"default": 10, "max": 25}},
        }
    ],
    "site_logs": [
        {"level": "info", "category": "engine", "message": "engine started", "connection_id": CONNECTION},
        {"level": "error", "category": "exchange", "message": "request timed out", "connection_id": CONNECTION},
    ],
    "volume_configuration": [{"id": "test-volume", "connection_id": CONNECTION, "max_leverage": 25}],
    "trade_engine_state": [{"id": "test-engine", "connection_id": CONNECTION, "status": "running", "started_at": AT}],
    "data_sync_log": [
        {**_OF_SYMBOL, "data_type": "ohlcv", "sync_start": AT, "sync_end": CLOSED_AT, "status": "success"}
    ],
    "position_volume_calculations": [
        {**_OF_SYMBOL, "base_volume_factor": 1, "leverage": 10, "calculated_volume": QUANTITY, "final_volume": QUANTITY}
    ],
    "data_cleanup_log": [{"cleanup_type": "market_data", "status": "completed", "cleanup_completed_at": CLOSED_AT}],
    "adoption_leftovers": [
        {"table_name": "orders", "row_key": "1", "reason": "no_column", "payload": {"note": "of an old column"}}
    ],
    "portfolios": [
        {"id": PORTFOLIO, "user_id": USER, "name": "Test", "initial_value": 1000, "total_value": 1000 + PROFIT}
    ],
    "positions": [
        {"id": POSITION, "portfolio_id": PORTFOLIO, "trading_pair_id": PAIR, "position_type": "long", **_TRADE}
        | {"current_price": EXIT, "realized_pnl": PROFIT, **_CLOSED}
    ],
    "orders": [
        {"id": ORDER, "user_id": USER, "portfolio_id": PORTFOLIO, "trading_pair_id": PAIR, **_OF_SYMBOL}
        | {"exchange_order_id": "test-1", "order_type": "market", "side": "buy", "quantity": QUANTITY}
        | {"filled_quantity": QUANTITY, "remaining_quantity": 0, "average_fill_price": ENTRY, "status": "filled"}
        | {"executed_at": AT}
    ],
    "base_pseudo_positions": [
        {"id": BASE, **_OF_SYMBOL, "indication_type": "optimal", "indication_range": 5, "direction": "long"}
        | {"total_positions": 1, "winning_positions": 1, "total_profit_loss": PROFIT, "win_rate": 1, **_FACTORS}
    ],
    "pseudo_positions": [
        {"id": PSEUDO, **_OF_SYMBOL, **_TRADE, "base_position_id": BASE, "side": "long", "direction": "long"}
        | {"indication_type": "optimal", "state_key": STATE_KEY, "profit_loss": PROFIT, **_CLOSED}
    ],
    "real_pseudo_positions": [
        {"id": REAL, **_OF_SYMBOL, **_TRADE, "main_config_id": PSEUDO, "base_config_id": BASE, "side": "long"}
        | {"realized_pnl": PROFIT, "is_validated": True, "validated_at": AT, **_CLOSED}
    ],
    "active_exchange_positions": [
        {"id": LIVE, **_OF_SYMBOL, **_TRADE, "real_pseudo_position_id": REAL, "main_pseudo_position_id": PSEUDO}
        | {"base_pseudo_position_id": BASE, "exchange_id": "test-1", "exchange_order_id": "test-1", "side": "long"}
        | {"current_price": EXIT, "volume_usd": Decimal("1018.35185185"), "trade_mode": "main"}
        | {"indication_type": "optimal", "realized_pnl": PROFIT, "fees_paid": FEES, "hold_duration_seconds": 7200}
        | _CLOSED
    ],
    "real_positions": [
        {"id": "test-real-position", **_OF_SYMBOL, "strategy_type": "main", "volume": QUANTITY, "entry_price": ENTRY}
        | {"current_price": EXIT, "profit_loss": PROFIT, **_CLOSED}
    ],
    "exchange_position_coordination_log": [
        {"connection_id": CONNECTION, "exchange_position_id": LIVE, "event_type": event, "event_timestamp": at}
        for event, at in (("position_opened", AT), ("position_closed", CLOSED_AT))
    ],
    "exchange_position_statistics": [
        {"id": "test-statistics", **_OF_SYMBOL, "indication_type": "optimal", "trade_mode": "main"}
        | {"period_start": AT, "period_end": AT + timedelta(days=1), "period_hours": 24, "total_positions": 1}
        | {"winning_positions": 1, "total_pnl": PROFIT, "total_fees": FEES, "net_pnl": PROFIT - FEES, "win_rate": 1}
    ],
    "indications": [{**_OF_SYMBOL, "indication_type": "optimal", "value": Decimal("0.00825431")}],
    "indication_states": [
        {"id": STATE, "state_key": STATE_KEY, **_OF_SYMBOL, "indication_type": "optimal", "direction": "long"}
    ],
    "optimal_indications": [
        {"id": OPTIMAL, **_OF_SYMBOL, "base_position_id": BASE, "indication_range": 5, "direction": "long"}
        | {"drawdown_ratio": Decimal("0.2"), "market_change_range": 3, "last_part_ratio": Decimal("1.5")}
    ],
    "indication_history": [
        {**_OF_SYMBOL, "indication_type": "optimal", "event": "signal", "state_key": STATE_KEY, "price": ENTRY}
        | {"optimal_indication_id": OPTIMAL}
    ],
    "market_data": [
        {"connection_id": CONNECTION, "trading_pair_id": None, "symbol": SYMBOL, "price": ENTRY, "timestamp": AT},
        {"connection_id": CONNECTION, "trading_pair_id": None, "symbol": SYMBOL, "price": EXIT, "timestamp": CLOSED_AT},
    ],
    # Retention copies rows with their ids; this id is below all of those.
    "archived_market_data": [{"id": -1, "trading_pair_id": PAIR, "symbol": SYMBOL, "interval": "1h", **_BAR}],
    "presets": [{"id": PRESET, "name": "Test preset"}],
    "preset_configurations": [
        {"id": "test-configuration", "preset_id": PRESET, "preset_type_id": PRESET_TYPE, **_OF_SYMBOL}
    ],
    "preset_trade_engine_state": [{"connection_id": CONNECTION, "preset_id": PRESET, "status": "running"}],
    "preset_test_results": [
        {"id": TEST_RESULT, "preset_id": PRESET, "config_id": CONFIG_ID, "is_validated": True, **_INDICATOR, **_TESTED}
    ],
    "preset_active_configs": [
        {"id": CONFIG, "preset_id": PRESET, **_OF_SYMBOL, "config_id": CONFIG_ID, "test_result_id": TEST_RESULT}
        | {"timeframe": "15m", **_INDICATOR, **_TESTED, **_FACTORS}
    ],
    "preset_pseudo_positions": [
        {"id": "test-preset-pseudo", **_OF_SYMBOL, **_TRADE, "preset_id": PRESET, "direction": "long"}
    ],
    "preset_trades": [
        {"id": "test-preset-trade", "preset_id": PRESET, **_OF_SYMBOL, **_TRADE, "active_config_id": CONFIG}
        | {"side": "long", "exit_price": EXIT, "profit_loss": PROFIT, **_INDICATOR, **_CLOSED}
    ],
    "preset_real_trades": [
        {"id": "test-preset-real", "preset_type_id": PRESET_TYPE, "configuration_set_id": SET, **_OF_SYMBOL, **_TRADE}
        | {"direction": "long", "exit_price": EXIT, "profit_loss": PROFIT, **_CLOSED}
    ],
    "backtest_results": [
        {"id": "test-backtest", "preset_id": PRESET, "connection_id": CONNECTION, "symbols": [SYMBOL]}
        | {"start_date": AT, "end_date": CLOSED_AT, "status": "completed", "completed_at": CLOSED_AT}
    ],
}
"""By table, the rows of version 1."""


def rows(writer: Writer) -> None:
    """Version 1."""
    for table, given in ROWS.items():
        for row in given:
            writer.add(table, [{**_times(table), **row}])


def _times(table: str) -> dict[str, Any]:
    columns = Base.metadata.tables[table].columns
    return {one.name: AT for one in columns if isinstance(one.type, Timestamp) and not one.nullable}


STEPS = (rows,)
"""The steps from each version to the next; a released step never changes."""
