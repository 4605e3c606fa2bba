"""Optimal indications: one row per configuration, with the thresholds it is judged by.

Legacy      none. Number 57 was an example (new_migration_example): it is taken here, so that no old runner runs it.
PostgreSQL  one new table.
SQLite      one new table.
Stopped     nothing of it remains.
Down        keeps the table as cts_kept_057_optimal_indications, and up again pours it back.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "057"
down_revision = "056"

NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    ddl.create_table(
        revision,
        "optimal_indications",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column(
            "connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("base_position_id", sa.Text(), sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL")),
        sa.Column("indication_range", ddl.FiniteNumeric(10, 4), nullable=False),
        sa.Column("direction", ddl.Word("long", "short"), nullable=False),
        sa.Column("drawdown_ratio", ddl.FiniteNumeric(10, 4), nullable=False),
        sa.Column("market_change_range", sa.Integer(), nullable=False),
        sa.Column("last_part_ratio", ddl.FiniteNumeric(10, 4), nullable=False),
        sa.Column("last_part_percent", ddl.FiniteNumeric(10, 4), server_default=sa.text("20"), nullable=False),
        sa.Column("min_calculation_seconds", sa.Integer(), server_default=sa.text("3"), nullable=False),
        sa.Column("positions_limit", sa.Integer(), server_default=sa.text("250"), nullable=False),
        sa.Column("initial_min_win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.4"), nullable=False),
        sa.Column("expanded_min_win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.45"), nullable=False),
        sa.Column("expanded_min_profit_ratio", ddl.FiniteNumeric(10, 4), server_default=sa.text("1.2"), nullable=False),
        sa.Column("production_min_win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.42"), nullable=False),
        sa.Column("production_max_drawdown", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.3"), nullable=False),
        sa.Column("pause_threshold_win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.38"), nullable=False),
        sa.Column(
            "resume_threshold_win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0.43"), nullable=False
        ),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("current_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("confidence", ddl.FiniteNumeric(10, 4)),
        sa.Column("win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("max_drawdown", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("total_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("winning_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("losing_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("evaluation_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "phase",
            sa.Integer(),
            sa.CheckConstraint("phase IN (1, 2, 3)", name="phase"),
            server_default=sa.text("1"),
            nullable=False,
        ),
        sa.Column(
            "status", ddl.Word("evaluating", "active", "paused", "failed"), server_default="evaluating", nullable=False
        ),
        sa.Column("calculated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("closed_at", ddl.Timestamp()),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("updated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.UniqueConstraint(
            "connection_id",
            "symbol",
            "indication_range",
            "direction",
            "drawdown_ratio",
            "market_change_range",
            "last_part_ratio",
        ),
        sa.Index(None, "status", "win_rate"),
        sa.Index(None, "base_position_id"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "optimal_indications")
