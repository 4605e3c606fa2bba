"""What old names and values mean, as data.

The old application had several installers, which gave the same table different columns. Nothing here knows the
installers: each rule holds for a name wherever it turns up, so that a mixture nobody has seen is handled like any
other.

- A column of the same name is converted by type.
- An alias is another name of a column. Where a row has several, the first that has a value counts.
- A word that was renamed is replaced.
- What a row does not say may follow from other columns of it.
- Any other column has no counterpart: its values are leftovers.
- An absorbed table holds rows of a managed one under another name. It stays as it is, and its rows are copied.
- Any other table is unmanaged and untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cts_schema.schema.scripts import ADOPTION_REVISION, revisions

#: Other names of columns: table -> column -> aliases, the better source first. An alias that is itself a column of
#: ours only fills in: its own value stays where it is.
ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "exchanges": {"api_endpoint": ("api_url",), "websocket_endpoint": ("websocket_url",)},
    "schema_migrations": {"migration_name": ("name",), "executed_at": ("applied_at", "executedAt", "executedat")},
    "preset_types": {
        "max_positions_per_indication": ("max_positions_per_config",),
        "timeout_per_indication": ("position_timeout",),
        "timeout_after_position": ("coordination_timeout",),
        "evaluation_interval_hours": ("evaluation_update_interval",),
    },
    "exchange_connections": {
        "connection_library": ("library_package",),
        "api_passphrase": ("passphrase",),
        "margin_type": ("margin_mode",),
        "position_mode": ("position_type",),
        "is_testnet": ("testnet",),
        "indication_auto": ("indication_active_advanced",),
        "connection_settings": ("settings",),
        "last_test_timestamp": ("last_test_at",),
        "last_test_status": ("last_test_result",),
        "last_test_error": ("last_test_message",),
    },
    "volume_configuration": {
        "connection_id": ("connection_id_new",),
        "base_volume_factor": ("volume_factor",),
        "positions_average": ("target_average_positions",),
    },
    "trade_engine_state": {
        "connection_id": ("connection_id_new",),
        "status": ("is_running",),
        "error_message": ("last_error",),
        "started_at": ("last_started_at",),
        "stopped_at": ("last_stopped_at",),
    },
    "orders": {
        "order_type": ("type",),
        "quantity": ("amount",),
        "filled_quantity": ("filled",),
        "remaining_quantity": ("remaining",),
    },
    "base_pseudo_positions": {"direction": ("side",)},
    "pseudo_positions": {
        "quantity": ("volume",),
        "side": ("direction",),
        "direction": ("side",),
        "created_at": ("opened_at",),
    },
    "real_pseudo_positions": {
        "takeprofit": ("takeprofit_price",),
        "stoploss": ("stoploss_price",),
        "avg_drawdown_time": ("validation_drawdown_hours",),
    },
    "real_positions": {"created_at": ("opened_at",), "updated_at": ("closed_at", "opened_at")},
    "active_exchange_positions": {"profit_loss": ("realized_pnl",)},
    "optimal_indications": {"indication_range": ("range_value",)},
    "indication_history": {
        "indication_range": ("range_value",),
        "price": ("current_price",),
        "market_change": ("overall_change", "price_change_ratio"),
        "recorded_at": ("calculated_at",),
    },
    "presets": {
        "main_positions_count": ("partial_positions_counts",),
        "block_adjustment_enabled": ("block_enabled",),
        "dca_adjustment_enabled": ("dca_enabled",),
    },
    "preset_configurations": {"indication_params": ("config_data",)},
    "preset_type_sets": {"is_active": ("is_enabled",), "added_at": ("created_at",)},
    "preset_real_trades": {"direction": ("side",), "profit_loss": ("pnl",)},
}

_AUTO = {"active_advanced": "auto"}

#: Renamed values: (table, column) -> old value -> new value.
RENAMED_VALUES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("base_pseudo_positions", "indication_type"): _AUTO,
    ("pseudo_positions", "indication_type"): _AUTO,
    ("indications", "indication_type"): _AUTO,
    ("indication_states", "indication_type"): _AUTO,
    ("preset_configuration_sets", "indication_type"): _AUTO,
    ("base_pseudo_positions", "status"): {"open": "evaluating", "closed": "paused"},
    ("orders", "side"): {"long": "buy", "short": "sell"},
    ("trade_engine_state", "status"): {"1": "running", "0": "stopped", "true": "running", "false": "stopped"},
    ("optimal_indications", "status"): {"closed": "paused", "cancelled": "failed"},
}

#: Parts of texts that were renamed: (table, column) -> (old part, new part).
REWRITES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("indication_states", "state_key"): ("active_advanced", "auto"),
    ("pseudo_positions", "state_key"): ("active_advanced", "auto"),
    ("system_settings", "key"): ("activeAdvanced", "auto"),
}

#: Aliases in another unit: (table, alias) -> how many of its units make one of the column's.
UNITS: Mapping[tuple[str, str], int] = {("preset_types", "evaluation_update_interval"): 3600}


@dataclass(frozen=True)
class Fill:
    """What a column that a row leaves empty must be, going by the rest.

    Attributes:
        sql: an expression that both databases understand. ``{column}`` is the text of an old column,
            ``{table:name}`` a legacy table, ``{new:name}`` one of ours.
        columns: the old columns it needs.
        table: the legacy table it needs.
        of_table: the columns of that table it needs.
    """

    sql: str
    columns: tuple[str, ...] = ()
    table: str | None = None
    of_table: tuple[str, ...] = ()


#: (table, column) -> what fills it in, the better one first.
FILLS: Mapping[tuple[str, str], tuple[Fill, ...]] = {
    ("exchange_connections", "exchange"): (
        Fill(
            "(SELECT min(CAST(x.name AS TEXT)) FROM {table:exchanges} x WHERE CAST(x.id AS TEXT) = {exchange_id})",
            ("exchange_id",),
            "exchanges",
            ("id", "name"),
        ),
    ),
    ("schema_migrations", "source"): (Fill("CASE WHEN {version} IS NOT NULL THEN 'route' END", ("version",)),),
    # Its shape without a connection can only mean the one that there is.
    ("base_pseudo_positions", "connection_id"): (
        Fill("(SELECT min(x.id) FROM {new:exchange_connections} x HAVING count(*) = 1)"),
    ),
    ("indication_states", "state_key"): (
        Fill(
            "replace({connection_id} || ':' || {symbol} || '-' || {indication_type} || '-' || "
            "coalesce({direction}, '') "
            "|| '-' || coalesce({position_range}, ''), 'active_advanced', 'auto')",
            ("connection_id", "symbol", "indication_type", "direction", "position_range"),
        ),
    ),
}

#: Columns whose repeated values get longer until they are unique: (table, column) -> what to use instead.
LONGER_KEYS: Mapping[tuple[str, str], tuple[Fill, ...]] = {
    ("system_settings", "key"): (
        Fill("{category} || '.' || {subcategory} || '.' || {key}", ("category", "subcategory", "key")),
        Fill("{category} || '.' || {key}", ("category", "key")),
    ),
    ("indication_states", "state_key"): (
        Fill("{connection_id} || ':' || {state_key}", ("connection_id", "state_key")),
    ),
}

#: Columns that are rows of ours: (table, old column) -> the key of the row that its value makes.
ROWS: Mapping[tuple[str, str], str] = {("system_settings", "minimum_connect_interval"): "minimum_connect_interval"}

# The old migrations array, whose numbers mean the same here. Elsewhere such a number only counts.
_ARRAY = (
    "36 create_optimal_indication_tables",
    "37 create_exchange_positions_table",
    "38 fix_pseudo_positions_schema",
    "51 add_performance_indexes",
    "53 add_market_data_optimization",
    "54 rename_active_advanced_to_auto",
    "55 create_preset_trade_engine_tables",
    "56 add_parabolic_sar_and_common_indicators",
)
# A ledger may be ours, of a database that has lost its version.
_OURS = tuple(f"{int(number)} {name}" for number, name in revisions().items() if number <= ADOPTION_REVISION)
_KNOWN = "IN (" + ", ".join(f"'{known}'" for known in dict.fromkeys(_ARRAY + _OURS)) + ")"

#: When a value means what our column means: (legacy table, our column) -> a condition. Where it does not, it is a
#: leftover.
GUARDS: Mapping[tuple[str, str], Fill] = {
    ("schema_migrations", "migration_id"): Fill(
        f"{{migration_id}} || ' ' || {{migration_name}} {_KNOWN}", ("migration_id", "migration_name")
    ),
    ("migrations", "migration_id"): Fill(f"{{id}} || ' ' || {{name}} {_KNOWN}", ("id", "name")),
    ("migrations", "version"): Fill("trim({id}, '0123456789') <> ''", ("id",)),
}


@dataclass(frozen=True)
class Absorbed:
    """A table whose rows are copied into a managed one, by the rules of that one and these.

    Attributes:
        into: the managed table.
        aliases: our column -> old columns that fill it, as in :data:`ALIASES`.
        constants: values that every copied row gets, by column.
        needs: it is so only where the legacy table has these columns.
    """

    into: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


#: Absorbed tables by their old names; of several meanings the first that fits the columns.
ABSORBED: Mapping[str, tuple[Absorbed, ...]] = {
    "migrations": (
        Absorbed("schema_migrations", {"migration_id": ("id",), "version": ("id",)}, {"source": "migrations_table"}),
    ),
    "logs": (Absorbed("site_logs"),),
    "errors": (Absorbed("site_logs", {"category": ("type",), "error_message": ("message",)}, {"level": "error"}),),
    "historical_data": (Absorbed("market_data", {"price": ("close",)}),),
    "configuration_sets": (Absorbed("preset_configuration_sets"),),
    "indications_optimal": (
        Absorbed(
            "optimal_indications",
            needs=("range_value", "direction", "drawdown_ratio", "market_change_range", "last_part_ratio"),
        ),
        Absorbed("indication_history", constants={"indication_type": "optimal"}),
    ),
    # What script 048 leaves where it stops half way.
    "exchange_connections_new": (Absorbed("exchange_connections"),),
}
