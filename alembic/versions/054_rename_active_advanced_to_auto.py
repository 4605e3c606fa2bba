"""The indication active_advanced becomes auto, and gets the columns it measures with.

Legacy      054 rename_active_advanced_to_auto. The old script updated a column that does not exist
            (real_pseudo_positions.indication_type) and needed the columns of 052, which has no ledger number.
            Code of that time still writes active_advanced, so both words stay allowed.
PostgreSQL  one column renamed; columns with constant defaults, no rewrite; rows that say active_advanced are updated.
SQLite      ADD COLUMN and DROP COLUMN, no rebuild; the same updates.
Stopped     an interruption leaves nothing.
Down        preserves the columns as cts_kept_054_*, and an upgrade restores them. Renamed values stay auto: no record
            says which of them were active_advanced, and older code knows both. A state key or a setting whose new name
            is taken keeps its old one.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "054"
down_revision = "053"

FALSE = sa.text("false")

RENAMED = ("pseudo_positions", "base_pseudo_positions", "indications", "indication_states", "preset_configuration_sets")

STATE_KEYS_OF_POSITIONS = """
UPDATE pseudo_positions SET state_key = replace(state_key, 'active_advanced', 'auto')
 WHERE state_key <> replace(state_key, 'active_advanced', 'auto')
"""
# A state key is unique: of those that would become the same, the one that has the new name already goes first.
STATE_KEYS = """
UPDATE indication_states SET state_key = replace(state_key, 'active_advanced', 'auto')
 WHERE state_key <> replace(state_key, 'active_advanced', 'auto')
   AND id IN (SELECT id FROM (
         SELECT id, row_number() OVER (
                  PARTITION BY replace(state_key, 'active_advanced', 'auto')
                  ORDER BY length(state_key), state_key) AS place
           FROM indication_states) ranked
        WHERE place = 1)
"""
SETTINGS = """
UPDATE system_settings SET key = 'auto' || substr(key, 15)
 WHERE substr(key, 1, 14) = 'activeAdvanced'
   AND NOT EXISTS (SELECT 1 FROM system_settings taken WHERE taken.key = 'auto' || substr(system_settings.key, 15))
"""


def connection_flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=FALSE, nullable=False)


def upgrade() -> None:
    ddl.rename_column("exchange_connections", "indication_active_advanced", connection_flag("indication_auto"))
    ddl.add_columns(
        revision,
        "base_pseudo_positions",
        ddl.ratio("activity_ratio"),
        ddl.integer("time_window"),  # in the unit of the indication's settings
    )
    ddl.add_columns(
        revision,
        "pseudo_positions",
        ddl.string("strategy_type"),
        ddl.ratio("activity_ratio"),
        ddl.integer("time_window"),  # in the unit of the indication's settings
        ddl.each(ddl.ratio, "overall_change", "last_part_change"),  # percent
        ddl.ratio("volatility"),
        sa.Column("momentum", ddl.FiniteNumeric(12, 6)),
        ddl.ratio("continuation_ratio"),
        ddl.enum("eight_hour_trend", "bullish", "bearish", "neutral"),
        ddl.enum("market_direction_short", "up", "down", "sideways"),
        ddl.enum("market_direction_long", "up", "down", "sideways"),
        ddl.ratio("progressive_activity"),
        ddl.count("block_neutral_count"),
        ddl.ratio("level_volume_ratio"),
        ddl.integer("dca_step", default=1),
        ddl.integer("dca_total_steps", default=4),
    )
    op.create_index(
        "ix_pseudo_positions_strategy_type_status_created_at",
        "pseudo_positions",
        ["strategy_type", "status", "created_at"],
    )
    for table in RENAMED:
        indication = sa.table(table, sa.column("indication_type"))
        with ddl.quiet(table):
            op.execute(
                indication.update()
                .where(indication.c.indication_type == sa.literal("active_advanced", sa.Text()))
                .values(indication_type=sa.literal("auto", sa.Text()))
            )
    with ddl.quiet("pseudo_positions"), ddl.quiet("indication_states"), ddl.quiet("system_settings"):
        op.execute(STATE_KEYS_OF_POSITIONS)
        op.execute(STATE_KEYS)
        op.execute(SETTINGS)


def downgrade() -> None:
    op.drop_index("ix_pseudo_positions_strategy_type_status_created_at", table_name="pseudo_positions")
    ddl.drop_columns(
        revision,
        "pseudo_positions",
        "strategy_type",
        "activity_ratio",
        "time_window",
        "overall_change",
        "last_part_change",
        "volatility",
        "momentum",
        "continuation_ratio",
        "eight_hour_trend",
        "market_direction_short",
        "market_direction_long",
        "progressive_activity",
        "block_neutral_count",
        "level_volume_ratio",
        "dca_step",
        "dca_total_steps",
    )
    ddl.drop_columns(revision, "base_pseudo_positions", "activity_ratio", "time_window")
    ddl.rename_column("exchange_connections", "indication_auto", connection_flag("indication_active_advanced"))
