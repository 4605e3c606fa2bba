"""Pseudo positions: the columns the application writes and no old shape had together.

Legacy      038 fix_pseudo_positions_schema. The old script repeated columns of 036 by ADD COLUMN IF NOT EXISTS, a
            syntax error on SQLite, and left the layer of a position (type, position_level) to files without a ledger
            number.
PostgreSQL  columns with constant defaults, no rewrite; one foreign key on an empty column.
SQLite      ADD COLUMN, no rebuild.
Stopped     nothing of it remains.
Down        keeps the columns as cts_kept_038_pseudo_positions, and up again pours them back.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl

revision = "038"
down_revision = "037"


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "pseudo_positions",
        sa.Column("type", ddl.Word("base", "main", "real", "active"), server_default="base", nullable=False),
        sa.Column("position_level", ddl.Word("base", "main", "real"), server_default="base", nullable=False),
        sa.Column(
            "configuration_set_id", sa.Text(), sa.ForeignKey("preset_configuration_sets.id", ondelete="SET NULL")
        ),
        sa.Column("take_profit", ddl.FiniteNumeric(20, 8)),
        sa.Column("stop_loss", ddl.FiniteNumeric(20, 8)),
        sa.Column("trailing_stop_price", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_loss", ddl.FiniteNumeric(20, 8)),
        sa.Column("profit_loss_percent", ddl.FiniteNumeric(10, 4)),
        sa.Column("close_reason", sa.Text()),
    )
    op.create_index("ix_pseudo_positions_configuration_set_id", "pseudo_positions", ["configuration_set_id"])


def downgrade() -> None:
    op.drop_index("ix_pseudo_positions_configuration_set_id", table_name="pseudo_positions")
    ddl.drop_columns(
        revision,
        "pseudo_positions",
        "type",
        "position_level",
        "configuration_set_id",
        "take_profit",
        "stop_loss",
        "trailing_stop_price",
        "profit_loss",
        "profit_loss_percent",
        "close_reason",
    )
