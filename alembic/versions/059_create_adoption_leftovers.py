"""Adoption leftovers: every old value that has no column, and every old row that a constraint refuses.

Legacy      none.
PostgreSQL  one new table, which default privileges open to nobody.
SQLite      one new table.
Stopped     nothing of it remains.
Down        keeps the table as cts_kept_059_adoption_leftovers, and up again pours it back.
"""

import sqlalchemy as sa

from cts_schema import ddl

revision = "059"
down_revision = "058"

NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    ddl.create_table(
        revision,
        "adoption_leftovers",
        sa.Column("id", ddl.BigInt(), sa.Identity(), primary_key=True),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text()),
        sa.Column(
            "reason", ddl.Word("no_column", "orphan", "duplicate", "check", "type", "null", "precision"), nullable=False
        ),
        sa.Column("payload", ddl.Json(), nullable=False),
        sa.Column("created_at", ddl.Timestamp(), server_default=NOW, nullable=False),
        sa.Index(None, "table_name", "row_key"),
        private=True,  # it gets values of tables that others may not read
    )


def downgrade() -> None:
    ddl.drop_table(revision, "adoption_leftovers")
