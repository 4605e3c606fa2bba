"""Indication history: every calculation, validation and signal, append-only.

Legacy      none.
PostgreSQL  one new table.
SQLite      one new table.
Stopped     an interruption leaves nothing.
Down        preserves the table as cts_kept_058_indication_history, and an upgrade restores it.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "058"
down_revision = "057"


def upgrade() -> None:
    ddl.create_table(
        revision,
        "indication_history",
        ddl.log_id(),
        ddl.reference("connection_id", "exchange_connections", "CASCADE", required=True),
        ddl.each(ddl.string, "symbol", "indication_type", required=True),
        ddl.enum(
            "event", "calculated", "validated", "market_change", "signal", "expired", "closed", default="calculated"
        ),
        ddl.string("state_key"),
        ddl.reference("optimal_indication_id", "optimal_indications", "SET NULL"),
        ddl.ratio("indication_range"),  # steps
        ddl.enum("direction", "long", "short", "neutral"),
        ddl.string("timeframe"),
        ddl.each(ddl.money, "price", "entry_price", "value"),
        ddl.each(ddl.ratio, "profit_factor", "confidence", "signal_strength"),
        ddl.each(ddl.ratio, "market_change", "last_part_change"),  # percent
        ddl.each(ddl.ratio, "drawdown_ratio", "activity_ratio"),
        ddl.integer("time_window"),  # in the unit of the indication's settings
        ddl.ratio("volatility"),
        sa.Column("momentum", ddl.FiniteNumeric(12, 6)),
        ddl.ratio("continuation_ratio"),
        ddl.json("metadata"),
        ddl.timestamp("recorded_at", now=True),
        ddl.indexes("connection_id, symbol, indication_type, recorded_at", "optimal_indication_id", "recorded_at"),
    )


def downgrade() -> None:
    ddl.drop_table(revision, "indication_history")
