"""updated_at is kept by triggers.

Legacy      015 and others had triggers that called update_updated_at_column(), which nothing had created.
PostgreSQL  one function of our own, cts_set_updated_at(), and one trigger a table.
SQLite      one trigger a table.
Stopped     an interruption leaves nothing.
Down        drops the triggers and the function.
"""

from alembic import op

from cts_schema import ddl

revision = "060"
down_revision = "059"

TABLES = (
    "base_pseudo_positions",
    "exchange_connections",
    "exchanges",
    "indication_states",
    "optimal_indications",
    "orders",
    "portfolios",
    "positions",
    "preset_configuration_sets",
    "preset_configurations",
    "preset_pseudo_positions",
    "preset_trade_engine_state",
    "preset_types",
    "presets",
    "pseudo_positions",
    "real_positions",
    "real_pseudo_positions",
    "system_settings",
    "trade_engine_state",
    "trading_pairs",
    "users",
    "volume_configuration",
)


def upgrade() -> None:
    if ddl.on_postgresql():
        op.execute(ddl.CreateUpdatedAtFunction())
    for table in TABLES:
        ddl.create_updated_at_trigger(table)


def downgrade() -> None:
    for table in TABLES:
        ddl.drop_updated_at_trigger(table)
    if ddl.on_postgresql():
        op.execute("DROP FUNCTION cts_set_updated_at()")
