"""Base pseudo positions: the layer under the optimal indication.

Legacy      036 create_optimal_indication_tables. The old script pointed an integer key at a text id, was made for
            pseudo_positions that might not exist, and had a trigger whose function nobody had created.
PostgreSQL  one new table; nullable columns on pseudo_positions and real_pseudo_positions, no rewrite.
SQLite      the same by ADD COLUMN, no rebuild.
Stopped     an interruption leaves nothing.
Down        preserves the table and the columns as cts_kept_036_*, and an upgrade restores them.
"""

from alembic import op

from cts_schema import ddl

revision = "036"
down_revision = "035"


def upgrade() -> None:
    ddl.create_table(
        revision,
        "base_pseudo_positions",
        ddl.text_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE"),
        ddl.string("symbol", required=True),
        ddl.enum("indication_type", "direction", "move", "active", "optimal", "auto", "active_advanced"),
        ddl.ratio("indication_range"),  # steps
        ddl.enum("direction", "long", "short"),
        ddl.each(ddl.ratio, "takeprofit_factor", "stoploss_ratio"),
        ddl.flag("trailing_enabled"),
        ddl.each(ddl.ratio, "trail_start", "trail_stop", "drawdown_ratio"),
        ddl.integer("market_change_range"),  # 1 to 9 in steps of 2
        ddl.ratio("last_part_ratio"),
        ddl.each(ddl.integer, "activity_calculated", "activity_lastpart"),
        ddl.money("entry_price"),
        ddl.each(ddl.count, "total_positions", "winning_positions", "losing_positions"),
        ddl.money("total_profit_loss", default=0),
        ddl.each(ddl.ratio, "max_drawdown", "win_rate", default=0),  # shares, 0 to 1
        ddl.each(ddl.money, "avg_profit", "avg_loss", default=0),
        ddl.enum("status", "evaluating", "active", "paused", "failed", default="evaluating"),
        ddl.count("evaluation_count"),
        ddl.integer("phase", default=1),  # 1 first test, 2 expanded test, 3 production
        ddl.timestamp("last_position_at"),
        ddl.timestamps(),
    )
    ddl.add_columns(
        revision,
        "pseudo_positions",
        ddl.reference("base_position_id", "base_pseudo_positions", "SET NULL"),
        ddl.ratio("drawdown_ratio"),
        ddl.integer("market_change_range"),  # 1 to 9 in steps of 2
        ddl.ratio("last_part_ratio"),
    )
    ddl.add_columns(
        revision,
        "real_pseudo_positions",
        ddl.reference("base_config_id", "base_pseudo_positions", "SET NULL"),
    )
    op.create_index("ix_real_pseudo_positions_base_config_id", "real_pseudo_positions", ["base_config_id"])


def downgrade() -> None:
    op.drop_index("ix_real_pseudo_positions_base_config_id", table_name="real_pseudo_positions")
    ddl.drop_columns(revision, "real_pseudo_positions", "base_config_id")
    ddl.drop_columns(
        revision, "pseudo_positions", "base_position_id", "drawdown_ratio", "market_change_range", "last_part_ratio"
    )
    ddl.drop_table(revision, "base_pseudo_positions")
