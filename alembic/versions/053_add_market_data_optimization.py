"""Retention of market data: its archive, its log, its indexes and its five settings.

Legacy      053 add_market_data_optimization. The old script used MySQL's inline INDEX clauses, a syntax error on both
            databases, so none of it ever ran.
PostgreSQL  two new tables, three indexes, five settings where they are absent.
SQLite      the same.
Stopped     nothing of it remains.
Down        keeps the tables as cts_kept_053_*, and up again pours them back. The five settings stay: they may be the
            user's own by now, and nothing older reads them.
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
        sa.Column("id", ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column("connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE")),
        sa.Column("trading_pair_id", sa.Text(), sa.ForeignKey("trading_pairs.id", ondelete="CASCADE")),
        sa.Column("symbol", sa.Text()),
        sa.Column("timestamp", ddl.Timestamp(), nullable=False),
        sa.Column("price", ddl.FiniteNumeric(20, 8)),
        sa.Column("open", ddl.FiniteNumeric(20, 8)),
        sa.Column("high", ddl.FiniteNumeric(20, 8)),
        sa.Column("low", ddl.FiniteNumeric(20, 8)),
        sa.Column("close", ddl.FiniteNumeric(20, 8)),
        sa.Column("volume", ddl.FiniteNumeric(20, 8)),
        sa.Column("interval", sa.Text()),
        sa.Column("timeframe", sa.Text()),
        sa.Column("bid", ddl.FiniteNumeric(20, 8)),
        sa.Column("ask", ddl.FiniteNumeric(20, 8)),
        sa.Column("high_24h", ddl.FiniteNumeric(20, 8)),
        sa.Column("low_24h", ddl.FiniteNumeric(20, 8)),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW),
        sa.Column("archived_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Index(None, "connection_id", "symbol", "timestamp"),
        sa.Index(None, "trading_pair_id", "timestamp"),
        sa.Index(None, "archived_at"),
    )
    op.create_index("ix_indication_states_validated_at", "indication_states", ["validated_at"])
    ddl.create_table(
        revision,
        "data_cleanup_log",
        sa.Column("id", ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column("cleanup_type", sa.Text(), nullable=False),
        sa.Column("records_cleaned", ddl.BigInt(), server_default=sa.text("0"), nullable=False),
        sa.Column("records_archived", ddl.BigInt(), server_default=sa.text("0"), nullable=False),
        sa.Column("cleanup_started_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("cleanup_completed_at", ddl.Timestamp()),
        sa.Column(
            "status",
            ddl.Word("running", "completed", "success", "failed", "error"),
            server_default="running",
            nullable=False,
        ),
        sa.Column("error_message", sa.Text()),
        sa.Index(None, "cleanup_type", "cleanup_started_at"),
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
