"""Indexes for the queries of the engines and the dashboard.

Legacy      051 add_performance_indexes. 14 of its 15 statements named columns that no table had. These serve the
            statements the application really sends.
PostgreSQL  built inside the transaction: at this point of the line the tables are new, or locked by adoption anyway.
SQLite      the same.
Stopped     an interruption leaves nothing.
Down        drops the indexes.
"""

from alembic import op

revision = "051"
down_revision = "038"


def upgrade() -> None:
    op.create_index(
        "ix_base_pseudo_positions_connection_id_symbol_indication_bfe707",
        "base_pseudo_positions",
        ["connection_id", "symbol", "indication_type", "indication_range", "direction"],
    )
    op.create_index("ix_base_pseudo_positions_status_win_rate", "base_pseudo_positions", ["status", "win_rate"])
    op.create_index(
        "ix_pseudo_positions_connection_id_status_created_at",
        "pseudo_positions",
        ["connection_id", "status", "created_at"],
    )
    op.create_index(
        "ix_pseudo_positions_connection_id_symbol_indication_type_status",
        "pseudo_positions",
        ["connection_id", "symbol", "indication_type", "status"],
    )
    op.create_index(
        "ix_pseudo_positions_base_position_id_position_level_status",
        "pseudo_positions",
        ["base_position_id", "position_level", "status"],
    )
    op.create_index("ix_pseudo_positions_status_closed_at", "pseudo_positions", ["status", "closed_at"])
    op.create_index(
        "ix_real_pseudo_positions_connection_id_status", "real_pseudo_positions", ["connection_id", "status"]
    )
    op.create_index(
        "ix_active_exchange_positions_connection_id_symbol_opened_at",
        "active_exchange_positions",
        ["connection_id", "symbol", "opened_at"],
    )
    op.create_index(
        "ix_active_exchange_positions_connection_id_status", "active_exchange_positions", ["connection_id", "status"]
    )
    op.create_index(
        "ix_indication_states_connection_id_symbol_indication_type",
        "indication_states",
        ["connection_id", "symbol", "indication_type"],
    )


def downgrade() -> None:
    op.drop_index("ix_indication_states_connection_id_symbol_indication_type", table_name="indication_states")
    op.drop_index("ix_active_exchange_positions_connection_id_status", table_name="active_exchange_positions")
    op.drop_index("ix_active_exchange_positions_connection_id_symbol_opened_at", table_name="active_exchange_positions")
    op.drop_index("ix_real_pseudo_positions_connection_id_status", table_name="real_pseudo_positions")
    op.drop_index("ix_pseudo_positions_status_closed_at", table_name="pseudo_positions")
    op.drop_index("ix_pseudo_positions_base_position_id_position_level_status", table_name="pseudo_positions")
    op.drop_index("ix_pseudo_positions_connection_id_symbol_indication_type_status", table_name="pseudo_positions")
    op.drop_index("ix_pseudo_positions_connection_id_status_created_at", table_name="pseudo_positions")
    op.drop_index("ix_base_pseudo_positions_status_win_rate", table_name="base_pseudo_positions")
    op.drop_index("ix_base_pseudo_positions_connection_id_symbol_indication_bfe707", table_name="base_pseudo_positions")
