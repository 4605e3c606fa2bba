"""Core: accounts, exchanges and connections to them, settings, logs, engine state, and the ledger of migrations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from cts_schema.models.base import (
    FALSE,
    NOW,
    TRUE,
    Base,
    BigCount,
    Entity,
    JsonObject,
    JsonValue,
    LogId,
    Money,
    Ratio,
    Timestamps,
)
from cts_schema.models.enums import (
    CleanupStatus,
    ConnectionMethod,
    EngineStatus,
    Health,
    LedgerSource,
    LeftoverReason,
    LogLevel,
    MarginType,
    PositionMode,
    SyncResult,
    UserRole,
    ValueType,
)

if TYPE_CHECKING:
    from cts_schema.models.market import TradingPair
    from cts_schema.models.presets import PresetType
    from cts_schema.models.trading import (
        ActiveExchangePosition,
        BasePseudoPosition,
        Portfolio,
        PseudoPosition,
        RealPseudoPosition,
    )


class User(Entity, Timestamps, Base):
    """Operator accounts of the trading console; owners of portfolios and orders."""

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("username"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("api_key"),
    )

    username: Mapped[str] = mapped_column()
    email: Mapped[str | None] = mapped_column()
    password_hash: Mapped[str] = mapped_column(doc="hash of the password; never shown in a repr")
    role: Mapped[UserRole] = mapped_column(server_default="user")
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    api_key: Mapped[str | None] = mapped_column(doc="a credential; never shown in a repr")
    api_secret: Mapped[str | None] = mapped_column(doc="a credential; never shown in a repr")

    portfolios: Mapped[list[Portfolio]] = relationship(back_populates="user", passive_deletes="all")


class Exchange(Entity, Timestamps, Base):
    """Exchanges known to the system and what each supports."""

    __tablename__ = "exchanges"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.Index(None, "is_active", "display_name"),
    )

    name: Mapped[str] = mapped_column()
    display_name: Mapped[str] = mapped_column()
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    supports_spot: Mapped[bool] = mapped_column(server_default=TRUE)
    supports_futures: Mapped[bool] = mapped_column(server_default=FALSE)
    supports_margin: Mapped[bool] = mapped_column(server_default=FALSE)
    api_endpoint: Mapped[str | None] = mapped_column()
    websocket_endpoint: Mapped[str | None] = mapped_column()

    trading_pairs: Mapped[list[TradingPair]] = relationship(back_populates="exchange", passive_deletes="all")


class SchemaMigration(Base):
    """Ledger of applied migrations: the rows of this package, and those of the three runners that came before it."""

    __tablename__ = "schema_migrations"
    __table_args__ = (
        sa.UniqueConstraint("migration_id"),
        sa.UniqueConstraint("version"),
        sa.CheckConstraint(
            "migration_id IS NOT NULL OR version IS NOT NULL OR migration_name IS NOT NULL", name="identity"
        ),
    )

    id: Mapped[LogId] = mapped_column()
    migration_id: Mapped[int | None] = mapped_column(
        doc="number of the migration, such as 36; NULL where a runner recorded names only"
    )
    migration_name: Mapped[str | None] = mapped_column()
    version: Mapped[str | None] = mapped_column(
        doc="what a runner recorded by name, or the revision of a row that this package wrote"
    )
    executed_at: Mapped[datetime] = mapped_column(server_default=NOW)
    execution_time_ms: Mapped[int | None] = mapped_column(doc="NULL where it was not measured")
    checksum: Mapped[str | None] = mapped_column(
        doc="of the script; only runners before this package may have written it"
    )
    source: Mapped[LedgerSource] = mapped_column(server_default="array", doc="the runner that recorded the row")


class SystemSetting(Timestamps, Base):
    """Application configuration as key/value rows, grouped by category."""

    __tablename__ = "system_settings"
    __table_args__ = (sa.Index(None, "category", "subcategory"),)

    key: Mapped[str] = mapped_column(primary_key=True, doc="name of the setting")
    value: Mapped[str | None] = mapped_column(doc="as text; value_type says how to read it")
    value_type: Mapped[ValueType] = mapped_column(server_default="string")
    category: Mapped[str] = mapped_column(
        server_default="general", doc="page of the settings, such as general or performance; open list"
    )
    subcategory: Mapped[str | None] = mapped_column(doc="group within the category; open list")
    description: Mapped[str | None] = mapped_column()
    is_editable: Mapped[bool] = mapped_column(server_default=TRUE)


class ExchangeConnection(Entity, Timestamps, Base):
    """API connections to exchanges: credentials, trading flags, settings and the last test.

    Parent of everything a connection produces: deleting one deletes that too, except log lines.
    """

    __tablename__ = "exchange_connections"
    __table_args__ = (
        sa.Index(None, "exchange", "name"),
        sa.Index(None, "is_active", "created_at"),
        sa.Index(None, "is_enabled"),
        sa.Index(None, "exchange_id"),
        sa.Index(None, "preset_type_id"),
    )

    user_id: Mapped[str | None] = mapped_column(
        doc="who entered it; no foreign key, so that a connection outlives its user"
    )
    name: Mapped[str] = mapped_column()
    exchange_id: Mapped[str | None] = mapped_column(sa.ForeignKey("exchanges.id", ondelete="SET NULL"))
    exchange: Mapped[str] = mapped_column(
        server_default="binance", doc="name of the exchange, such as binance; there also where exchange_id is NULL"
    )
    api_type: Mapped[str] = mapped_column(
        server_default="spot", doc="spot, futures, perpetual, perpetual_futures, unified, ...; open list"
    )
    connection_method: Mapped[ConnectionMethod] = mapped_column(server_default="rest")
    connection_library: Mapped[str | None] = mapped_column(
        server_default="ccxt", doc="client library for the API, such as ccxt; open list"
    )
    api_key: Mapped[str | None] = mapped_column(doc="a credential; never shown in a repr")
    api_secret: Mapped[str | None] = mapped_column(doc="a credential; never shown in a repr")
    api_passphrase: Mapped[str | None] = mapped_column(doc="a credential; never shown in a repr")
    margin_type: Mapped[MarginType] = mapped_column(server_default="cross")
    position_mode: Mapped[PositionMode] = mapped_column(server_default="hedge")
    is_testnet: Mapped[bool] = mapped_column(server_default=FALSE)
    is_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    is_predefined: Mapped[bool] = mapped_column(server_default=FALSE)
    is_dashboard_active: Mapped[bool] = mapped_column(
        server_default=FALSE, doc="switch of the dashboard; is_active is that of the connection"
    )
    is_live_trade: Mapped[bool] = mapped_column(server_default=FALSE)
    is_preset_trade: Mapped[bool] = mapped_column(server_default=FALSE)
    preset_type_id: Mapped[str | None] = mapped_column(sa.ForeignKey("preset_types.id", ondelete="SET NULL"))
    indication_direction: Mapped[bool] = mapped_column(server_default=TRUE)
    indication_move: Mapped[bool] = mapped_column(server_default=TRUE)
    indication_active: Mapped[bool] = mapped_column(server_default=TRUE)
    indication_optimal: Mapped[bool] = mapped_column(server_default=FALSE)
    indication_auto: Mapped[bool] = mapped_column(server_default=FALSE)
    volume_factor: Mapped[Ratio] = mapped_column(server_default=sa.text("1.0"))
    connection_settings: Mapped[JsonObject] = mapped_column(
        server_default="{}", doc="settings of this connection by name"
    )
    api_capabilities: Mapped[JsonValue] = mapped_column(
        server_default="[]", doc="a list of features, or an object of flags"
    )
    rate_limits: Mapped[JsonObject] = mapped_column(server_default="{}", doc="limits of the exchange by name")
    connection_priority: Mapped[JsonValue | None] = mapped_column(
        doc="a rank, or a list of connection methods in order of preference"
    )
    last_test_timestamp: Mapped[datetime | None] = mapped_column()
    last_test_status: Mapped[str | None] = mapped_column(doc="how the last test of the connection ended; open list")
    last_test_balance: Mapped[Money | None] = mapped_column()
    last_test_error: Mapped[str | None] = mapped_column()
    last_test_log: Mapped[JsonValue | None] = mapped_column(doc="steps of the last test; plain text is a JSON string")

    preset_type: Mapped[PresetType | None] = relationship()
    volume_configuration: Mapped[VolumeConfiguration | None] = relationship(
        back_populates="connection", passive_deletes="all"
    )
    engine_state: Mapped[TradeEngineState | None] = relationship(back_populates="connection", passive_deletes="all")
    base_positions: WriteOnlyMapped[BasePseudoPosition] = relationship(
        back_populates="connection", passive_deletes="all"
    )
    pseudo_positions: WriteOnlyMapped[PseudoPosition] = relationship(back_populates="connection", passive_deletes="all")
    real_pseudo_positions: WriteOnlyMapped[RealPseudoPosition] = relationship(
        back_populates="connection", passive_deletes="all"
    )
    exchange_positions: WriteOnlyMapped[ActiveExchangePosition] = relationship(
        back_populates="connection", passive_deletes="all"
    )


class SiteLog(Base):
    """Application log: events of pages, API, engines and database, with error details where there are any."""

    __tablename__ = "site_logs"
    __table_args__ = (
        sa.Index(None, "timestamp"),
        sa.Index(None, "level", "timestamp"),
        sa.Index(None, "category", "timestamp"),
        sa.Index(None, "connection_id", "timestamp"),
    )

    id: Mapped[LogId] = mapped_column()
    timestamp: Mapped[datetime] = mapped_column(server_default=NOW)
    level: Mapped[LogLevel] = mapped_column(server_default="info")
    category: Mapped[str] = mapped_column(
        server_default="general", doc="part of the application that logged, such as migration; open list"
    )
    message: Mapped[str] = mapped_column()
    context: Mapped[str | None] = mapped_column(doc="free text or JSON text, depending on the logger")
    details: Mapped[str | None] = mapped_column()
    stack: Mapped[str | None] = mapped_column()
    user_id: Mapped[str | None] = mapped_column(doc="no foreign key: anonymous and deleted users are logged too")
    connection_id: Mapped[str | None] = mapped_column(
        doc="no foreign key: a log line is never refused, and survives its connection"
    )
    error_message: Mapped[str | None] = mapped_column()
    error_stack: Mapped[str | None] = mapped_column()
    metadata_: Mapped[JsonValue | None] = mapped_column("metadata", doc="whatever the logger added")
    url: Mapped[str | None] = mapped_column()
    user_agent: Mapped[str | None] = mapped_column()
    ip_address: Mapped[str | None] = mapped_column()
    resolved: Mapped[bool] = mapped_column(server_default=FALSE)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class VolumeConfiguration(Entity, Timestamps, Base):
    """Volume and risk parameters of one connection."""

    __tablename__ = "volume_configuration"
    __table_args__ = (sa.UniqueConstraint("connection_id"),)

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    base_volume_factor: Mapped[Ratio] = mapped_column(
        sa.CheckConstraint("base_volume_factor > 0", name="base_volume_factor"), server_default=sa.text("1.0")
    )
    max_leverage: Mapped[Ratio] = mapped_column(server_default=sa.text("125.0"))
    positions_average: Mapped[int] = mapped_column(
        server_default=sa.text("50"), doc="number of open positions the volume is planned for"
    )
    risk_percentage: Mapped[Ratio] = mapped_column(server_default=sa.text("20.0"))
    enforce_min_volume: Mapped[bool] = mapped_column(server_default=TRUE)

    connection: Mapped[ExchangeConnection] = relationship(back_populates="volume_configuration")


class DataSyncLog(Base):
    """What market or trade data was fetched for a connection, for which period, with what result."""

    __tablename__ = "data_sync_log"
    __table_args__ = (sa.Index(None, "connection_id", "symbol", "data_type", "sync_end"),)

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    data_type: Mapped[str] = mapped_column(doc="kind of data that was fetched; open list")
    sync_start: Mapped[datetime] = mapped_column()
    sync_end: Mapped[datetime] = mapped_column()
    records_synced: Mapped[int] = mapped_column(server_default=sa.text("0"))
    status: Mapped[SyncResult] = mapped_column()
    error_message: Mapped[str | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class PositionVolumeCalculation(Base):
    """Log of computed order volumes and why a volume was adjusted."""

    __tablename__ = "position_volume_calculations"
    __table_args__ = (sa.Index(None, "connection_id", "symbol", "created_at"),)

    id: Mapped[LogId] = mapped_column()
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column()
    base_volume_factor: Mapped[Ratio] = mapped_column()
    leverage: Mapped[Ratio] = mapped_column()
    calculated_volume: Mapped[Money] = mapped_column()
    exchange_min_volume: Mapped[Money | None] = mapped_column()
    final_volume: Mapped[Money] = mapped_column()
    volume_adjusted: Mapped[bool] = mapped_column(server_default=FALSE)
    adjustment_reason: Mapped[str | None] = mapped_column(
        doc="why final_volume differs from calculated_volume; free text"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class TradeEngineState(Entity, Timestamps, Base):
    """Run state of the trade engine of one connection: what was asked for, what it reports, cycle counters, health."""

    __tablename__ = "trade_engine_state"
    __table_args__ = (
        sa.UniqueConstraint("connection_id"),
        sa.Index(None, "status", "updated_at"),
    )

    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    status: Mapped[EngineStatus] = mapped_column(server_default="stopped", doc="what the engine reports")
    state: Mapped[EngineStatus] = mapped_column(server_default="stopped", doc="what start or stop asked for last")
    is_enabled: Mapped[bool] = mapped_column(server_default=FALSE)
    error_message: Mapped[str | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    stopped_at: Mapped[datetime | None] = mapped_column()
    last_indication_run: Mapped[datetime | None] = mapped_column()
    last_strategy_run: Mapped[datetime | None] = mapped_column()
    last_realtime_run: Mapped[datetime | None] = mapped_column()
    last_main_run: Mapped[datetime | None] = mapped_column()
    last_preset_run: Mapped[datetime | None] = mapped_column()
    last_real_run: Mapped[datetime | None] = mapped_column()
    indication_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    indication_avg_duration_ms: Mapped[float | None] = mapped_column()
    strategy_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    strategy_avg_duration_ms: Mapped[float | None] = mapped_column()
    realtime_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    realtime_avg_duration_ms: Mapped[float | None] = mapped_column()
    main_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    main_cycle_duration_ms: Mapped[int | None] = mapped_column()
    main_avg_duration_ms: Mapped[float | None] = mapped_column()
    main_symbols_processed: Mapped[int | None] = mapped_column()
    preset_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    preset_cycle_duration_ms: Mapped[int | None] = mapped_column()
    preset_avg_duration_ms: Mapped[float | None] = mapped_column()
    preset_symbols_processed: Mapped[int | None] = mapped_column()
    real_cycle_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    real_cycle_duration_ms: Mapped[int | None] = mapped_column()
    real_avg_duration_ms: Mapped[float | None] = mapped_column()
    active_positions_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    active_real_positions_count: Mapped[int] = mapped_column(server_default=sa.text("0"))
    total_volume: Mapped[Money] = mapped_column(server_default=sa.text("0"))
    prehistoric_data_loaded: Mapped[bool] = mapped_column(server_default=FALSE)
    prehistoric_data_start: Mapped[datetime | None] = mapped_column()
    prehistoric_data_end: Mapped[datetime | None] = mapped_column()
    health_status: Mapped[Health | None] = mapped_column()
    manager_health_status: Mapped[Health | None] = mapped_column()
    indications_health: Mapped[Health | None] = mapped_column()
    strategies_health: Mapped[Health | None] = mapped_column()
    realtime_health: Mapped[Health | None] = mapped_column()
    main_health: Mapped[Health | None] = mapped_column()
    preset_health: Mapped[Health | None] = mapped_column()
    last_health_check: Mapped[datetime | None] = mapped_column()
    last_manager_health_check: Mapped[datetime | None] = mapped_column()
    last_updated: Mapped[datetime | None] = mapped_column(
        server_default=NOW, doc="when the connection was switched on or off last"
    )

    connection: Mapped[ExchangeConnection] = relationship(back_populates="engine_state")


class DataCleanupLog(Base):
    """One row per retention run and table: what was removed or archived, how long it took, how it ended."""

    __tablename__ = "data_cleanup_log"
    __table_args__ = (sa.Index(None, "cleanup_type", "cleanup_started_at"),)

    id: Mapped[LogId] = mapped_column()
    cleanup_type: Mapped[str] = mapped_column(doc="the table or rule that was applied; open list")
    records_cleaned: Mapped[BigCount] = mapped_column(server_default=sa.text("0"))
    records_archived: Mapped[BigCount] = mapped_column(server_default=sa.text("0"))
    cleanup_started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    cleanup_completed_at: Mapped[datetime | None] = mapped_column()
    status: Mapped[CleanupStatus] = mapped_column(server_default="running")
    error_message: Mapped[str | None] = mapped_column()


class AdoptionLeftover(Base):
    """What of an adopted database had no place: values without a column, and rows that a constraint refuses."""

    __tablename__ = "adoption_leftovers"
    __table_args__ = (sa.Index(None, "table_name", "row_key"),)

    id: Mapped[LogId] = mapped_column()
    table_name: Mapped[str] = mapped_column(doc="the old table")
    row_key: Mapped[str | None] = mapped_column(doc="the old primary key as text, parts joined by ':'")
    reason: Mapped[LeftoverReason] = mapped_column()
    payload: Mapped[JsonObject] = mapped_column(doc="old values by old column name")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
