"""Adoption leftovers: every old value that has no column, and every old row that a constraint refuses.

Legacy      none.
PostgreSQL  one new table, which default privileges open to nobody.
SQLite      one new table.
Stopped     an interruption leaves nothing.
Down        preserves the table as cts_kept_059_adoption_leftovers, and an upgrade restores it.
"""

from cts_schema import ddl

revision = "059"
down_revision = "058"


def upgrade() -> None:
    ddl.create_table(
        revision,
        "adoption_leftovers",
        ddl.log_id(),
        ddl.string("table_name", required=True),
        ddl.string("row_key"),
        ddl.enum("reason", "no_column", "orphan", "duplicate", "check", "type", "null", "precision", required=True),
        ddl.json("payload", required=True),
        ddl.timestamp("created_at", now=True),
        ddl.indexes("table_name, row_key"),
        private=True,  # it gets values of tables that others may not read
    )


def downgrade() -> None:
    ddl.drop_table(revision, "adoption_leftovers")
