"""Base pseudo positions: the layer under the optimal indication.

Legacy      036 create_optimal_indication_tables. The old script pointed an integer key at a text id, was made for
            pseudo_positions that might not exist, and had a trigger whose function nobody had created.
PostgreSQL  one new table; nullable columns on pseudo_positions and real_pseudo_positions, no rewrite.
SQLite      the same by ADD COLUMN, no rebuild.
Stopped     nothing of it remains.
Down        keeps the table and the columns as cts_kept_036_*, and up again pours them back.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "036"
down_revision = "035"

NOW = sa.text("CURRENT_TIMESTAMP")
FALSE = sa.text("false")


def upgrade() -> None:
    ddl.create_table(
        revision,
        "base_pseudo_positions",
        sa.Column("id", sa.Text(), primary_key=True, server_default=ddl.uuid_text()),
        sa.Column("connection_id", sa.Text(), sa.ForeignKey("exchange_connections.id", ondelete="CASCADE")),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("indication_type", ddl.Word("direction", "move", "active", "optimal", "auto", "active_advanced")),
        sa.Column("indication_range", ddl.FiniteNumeric(10, 4)),
        sa.Column("direction", ddl.Word("long", "short")),
        sa.Column("takeprofit_factor", ddl.FiniteNumeric(10, 4)),
        sa.Column("stoploss_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("trailing_enabled", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("trail_start", ddl.FiniteNumeric(10, 4)),
        sa.Column("trail_stop", ddl.FiniteNumeric(10, 4)),
        sa.Column("drawdown_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("market_change_range", sa.Integer()),
        sa.Column("last_part_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("activity_calculated", sa.Integer()),
        sa.Column("activity_lastpart", sa.Integer()),
        sa.Column("entry_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("total_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("winning_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("losing_positions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_profit_loss", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("max_drawdown", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("win_rate", ddl.FiniteNumeric(10, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_profit", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("avg_loss", ddl.FiniteNumeric(20, 8), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "status", ddl.Word("evaluating", "active", "paused", "failed"), server_default="evaluating", nullable=False
        ),
        sa.Column("evaluation_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("phase", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("last_position_at", ddl.Timestamp()),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Column("updated_at", ddl.Timestamp(), server_default=NOW, nullable=False),
    )
    ddl.add_columns(
        revision,
        "pseudo_positions",
        sa.Column("base_position_id", sa.Text(), sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL")),
        sa.Column("drawdown_ratio", ddl.FiniteNumeric(10, 4)),
        sa.Column("market_change_range", sa.Integer()),
        sa.Column("last_part_ratio", ddl.FiniteNumeric(10, 4)),
    )
    ddl.add_columns(
        revision,
        "real_pseudo_positions",
        sa.Column("base_config_id", sa.Text(), sa.ForeignKey("base_pseudo_positions.id", ondelete="SET NULL")),
    )
    op.create_index("ix_real_pseudo_positions_base_config_id", "real_pseudo_positions", ["base_config_id"])


def downgrade() -> None:
    op.drop_index("ix_real_pseudo_positions_base_config_id", table_name="real_pseudo_positions")
    ddl.drop_columns(revision, "real_pseudo_positions", "base_config_id")
    ddl.drop_columns(
        revision, "pseudo_positions", "base_position_id", "drawdown_ratio", "market_change_range", "last_part_ratio"
    )
    ddl.drop_table(revision, "base_pseudo_positions")
