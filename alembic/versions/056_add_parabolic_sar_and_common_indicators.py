"""Parabolic SAR of indication states, and the common indicators of preset positions.

Legacy      056 add_parabolic_sar_and_common_indicators. The old inline SQL altered a table that nothing creates
            (indicators).
PostgreSQL  columns that are nullable or have constant defaults, no rewrite.
SQLite      ADD COLUMN, no rebuild.
Stopped     nothing of it remains.
Down        keeps the columns as cts_kept_056_*, and up again pours them back.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "056"
down_revision = "055"


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "indication_states",
        sa.Column("parabolic_sar_value", ddl.FiniteNumeric(20, 8)),
        sa.Column("parabolic_sar_trend", sa.Text()),
    )
    ddl.add_columns(
        revision,
        "preset_pseudo_positions",
        sa.Column("common_indicators_used", ddl.Json(), server_default="[]", nullable=False),
        sa.Column("indicator_signals", ddl.Json(), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    ddl.drop_columns(revision, "preset_pseudo_positions", "common_indicators_used", "indicator_signals")
    ddl.drop_columns(revision, "indication_states", "parabolic_sar_value", "parabolic_sar_trend")
