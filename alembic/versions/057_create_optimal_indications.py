"""Optimal indications: one row per configuration, with the thresholds it is judged by.

Legacy      none. Number 57 was an example (new_migration_example): it is taken here, so that no old runner runs it.
PostgreSQL  one new table.
SQLite      one new table.
Stopped     an interruption leaves nothing.
Down        preserves the table as cts_kept_057_optimal_indications, and an upgrade restores it.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "057"
down_revision = "056"


def upgrade() -> None:
    ddl.create_table(
        revision,
        "optimal_indications",
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.string("symbol", required=True),
        ddl.reference("base_position_id", "base_pseudo_positions", "SET NULL"),
        ddl.ratio("indication_range", required=True),  # steps
        ddl.enum("direction", "long", "short", required=True),
        ddl.ratio("drawdown_ratio", required=True),  # 0.1 to 0.5 in steps of 0.1
        ddl.integer("market_change_range", required=True),  # 1 to 9 in steps of 2
        ddl.ratio("last_part_ratio", required=True),  # 1.0 to 2.5 in steps of 0.5
        ddl.ratio("last_part_percent", default=20),
        ddl.integer("min_calculation_seconds", default=3),
        ddl.integer("positions_limit", default=250),
        # Rates and drawdowns are shares, 0 to 1.
        ddl.ratio("initial_min_win_rate", default=0.4),
        ddl.ratio("expanded_min_win_rate", default=0.45),
        ddl.ratio("expanded_min_profit_ratio", default=1.2),
        ddl.ratio("production_min_win_rate", default=0.42),
        ddl.ratio("production_max_drawdown", default=0.3),
        ddl.ratio("pause_threshold_win_rate", default=0.38),
        ddl.ratio("resume_threshold_win_rate", default=0.43),
        ddl.each(ddl.money, "entry_price", "current_price"),
        ddl.each(ddl.ratio, "profit_factor", "confidence"),
        ddl.each(ddl.ratio, "win_rate", "max_drawdown", default=0),
        ddl.each(ddl.count, "total_positions", "winning_positions", "losing_positions", "evaluation_count"),
        sa.Column(
            "phase",
            sa.Integer(),
            sa.CheckConstraint("phase IN (1, 2, 3)", name="phase"),
            server_default=sa.text("1"),
            nullable=False,
        ),
        ddl.enum("status", "evaluating", "active", "paused", "failed", default="evaluating"),
        ddl.timestamp("calculated_at", now=True),
        ddl.timestamp("closed_at"),
        ddl.timestamps(),
        ddl.uniques(
            "connection_id, symbol, indication_range, direction, drawdown_ratio, market_change_range, last_part_ratio"
        ),
        ddl.indexes("status, win_rate", "base_position_id"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "optimal_indications")
