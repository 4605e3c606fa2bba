"""Indication history: every calculation, validation and signal, append-only.

Legacy      none.
PostgreSQL  one new table.
SQLite      one new table.
Stopped     nothing of it remains.
Down        keeps the table as cts_kept_058_indication_history, and up again pours it back.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "058"
down_revision = "057"

NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    ddl.create_table(
        revision,
        "indication_history",
        sa.Column("id", ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("indication_type", sa.Text(), nullable=False),
        sa.Column(
            "event",
            ddl.Word("calculated", "validated", "market_change", "signal", "expired", "closed"),
            server_default="calculated",
            nullable=False,
        ),
        sa.Column("state_key", sa.Text()),
        sa.Column("optimal_indication_id", sa.Text(), sa.ForeignKey("optimal_indications.id", ondelete="SET NULL")),
        sa.Column("indication_range", ddl.FiniteNumeric(10, 4)),
        sa.Column("direction", ddl.Word("long", "short", "neutral")),
        sa.Column("timeframe", sa.Text()),
        sa.Column("price", ddl.FiniteNumeric(20, 8)),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("value", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("confidence", ddl.FiniteNumeric(10, 4)),
        sa.Column("signal_strength", ddl.FiniteNumeric(10, 4)),
        sa.Column("market_change", ddl.FiniteNumeric(10, 4)),
        sa.Column("last_part_change", ddl.FiniteNumeric(10, 4)),
        sa.Column("drawdown_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("activity_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("time_window", sa.Integer()),
        sa.Column("volatility", ddl.FiniteNumeric(10, 4)),
        sa.Column("momentum", ddl.FiniteNumeric(12, 6)),
        sa.Column("continuation_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("metadata", ddl.Json()),
        sa.Column("recorded_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Index(None, "connection_id", "symbol", "indication_type", "recorded_at"),
        sa.Index(None, "optimal_indication_id"),
        sa.Index(None, "recorded_at"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "indication_history")
