"""Retention of market data: its archive, its log, its indexes and its five settings.

Legacy      053 add_market_data_optimization. The old script used MySQL's inline INDEX clauses, a syntax error on both
            databases, so none of it ever ran.
PostgreSQL  two new tables, three indexes, five settings where they are absent.
SQLite      the same.
Stopped     an interruption leaves nothing.
Down        preserves the tables as cts_kept_053_*, and an upgrade restores them. The five settings stay: the user may
            have changed them, and no older code reads them.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "053"
down_revision = "051"

NOW = sa.text("CURRENT_TIMESTAMP")

SETTINGS = sa.table(
    "system_settings",
    sa.column("key", sa.Text()),
    sa.column("value", sa.Text()),
    sa.column("value_type", sa.Text()),
    sa.column("category", sa.Text()),
    sa.column("description", sa.Text()),
)
RETENTION = (
    ("marketDataRetentionDays", "7", "number", "Days that market data is kept before it is archived"),
    ("indicationStateRetentionHours", "48", "number", "Hours that an indication state is kept"),
    ("marketDataQueryMaxMinutes", "60", "number", "Longest window of market data one query may read, in minutes"),
    ("enableAutoCleanup", "true", "boolean", "Whether retention runs by itself"),
    ("cleanupIntervalHours", "24", "number", "Hours between two runs of retention"),
)


def upgrade() -> None:
    op.create_index("ix_market_data_connection_id_timestamp", "market_data", ["connection_id", "timestamp"])
    op.create_index("ix_market_data_timestamp", "market_data", ["timestamp"])
    ddl.create_table(
        revision,
        "archived_market_data",
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.reference("trading_pair_id", "trading_pairs", "CASCADE"),
        ddl.string("symbol"),
        ddl.timestamp("timestamp", required=True),
        ddl.each(ddl.money, "price", "open", "high", "low", "close", "volume"),
        ddl.each(ddl.string, "interval", "timeframe"),
        ddl.each(ddl.money, "bid", "ask", "high_24h", "low_24h"),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW),
        ddl.timestamp("archived_at", now=True),
        ddl.indexes("connection_id, symbol, timestamp", "trading_pair_id, timestamp", "archived_at"),
    )
    op.create_index("ix_indication_states_validated_at", "indication_states", ["validated_at"])
    ddl.create_table(
        revision,
        "data_cleanup_log",
        ddl.log_id(),
        ddl.string("cleanup_type", required=True),
        sa.Column("records_cleaned", ddl.BigInt(), server_default=sa.text("0"), nullable=False),
        sa.Column("records_archived", ddl.BigInt(), server_default=sa.text("0"), nullable=False),
        ddl.timestamp("cleanup_started_at", now=True),
        ddl.timestamp("cleanup_completed_at"),
        ddl.enum("status", "running", "completed", "success", "failed", "error", default="running"),
        ddl.string("error_message"),
        ddl.indexes("cleanup_type, cleanup_started_at"),
    )
    names = ("key", "value", "value_type", "description")
    rows = [{**dict(zip(names, row, strict=True)), "category": "performance"} for row in RETENTION]
    ddl.insert_absent(SETTINGS, rows, key="key")


def downgrade() -> None:
    ddl.drop_table(revision, "data_cleanup_log")
    op.drop_index("ix_indication_states_validated_at", table_name="indication_states")
    ddl.drop_table(revision, "archived_market_data")
    op.drop_index("ix_market_data_timestamp", table_name="market_data")
    op.drop_index("ix_market_data_connection_id_timestamp", table_name="market_data")
