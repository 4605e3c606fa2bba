"""Pseudo positions: the columns the application writes and no old shape had together.

Legacy      038 fix_pseudo_positions_schema. The old script repeated columns of 036 by ADD COLUMN IF NOT EXISTS, a
            syntax error on SQLite, and left the layer of a position (type, position_level) to files without a ledger
            number.
PostgreSQL  columns with constant defaults, no rewrite; one foreign key on an empty column.
SQLite      ADD COLUMN, no rebuild.
Stopped     an interruption leaves nothing.
Down        preserves the columns as cts_kept_038_pseudo_positions, and an upgrade restores them.
"""

from alembic import op

from cts_schema import ddl

revision = "038"
down_revision = "037"


def upgrade() -> None:
    ddl.add_columns(
        revision,
        "pseudo_positions",
        ddl.enum("type", "base", "main", "real", "active", default="base"),
        ddl.enum("position_level", "base", "main", "real", default="base"),
        ddl.reference("configuration_set_id", "preset_configuration_sets", "SET NULL"),
        ddl.each(ddl.money, "take_profit", "stop_loss", "trailing_stop_price"),  # price levels
        ddl.money("profit_loss"),
        ddl.ratio("profit_loss_percent"),
        ddl.string("close_reason"),
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
