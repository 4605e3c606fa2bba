"""Parabolic SAR of indication states, and the common indicators of preset positions.

Legacy      056 add_parabolic_sar_and_common_indicators. The old inline SQL altered a table that nothing creates
            (indicators).
PostgreSQL  columns that are nullable or have constant defaults, no rewrite.
SQLite      ADD COLUMN, no rebuild.
Stopped     an interruption leaves nothing.
Down        preserves the columns as cts_kept_056_*, and an upgrade restores them.
"""

from cts_schema import ddl

revision = "056"
down_revision = "055"


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "indication_states",
        ddl.money("parabolic_sar_value"),  # price level
        ddl.string("parabolic_sar_trend"),
    )
    ddl.add_columns(
        revision,
        "preset_pseudo_positions",
        ddl.json("common_indicators_used", default="[]"),
        ddl.json("indicator_signals", default="{}"),
    )


def downgrade() -> None:
    ddl.drop_columns(revision, "preset_pseudo_positions", "common_indicators_used", "indicator_signals")
    ddl.drop_columns(revision, "indication_states", "parabolic_sar_value", "parabolic_sar_trend")
