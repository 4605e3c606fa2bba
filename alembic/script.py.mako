"""${message}.

Legacy      what the old application knew of this, or: none.
PostgreSQL  what is changed, which locks it takes and for how long. Building an index, adding a foreign key to a full
            table, or filling a column belongs into its own revision, outside of a transaction.
SQLite      what is changed; whether a table is rebuilt.
Stopped     what remains when it is interrupted, and how it is resumed.
Down        what the downgrade keeps, and what it cannot bring back.

The rules: this file is history once it is released, and is never edited then. It imports nothing of the models. Use the
operations of ddl, which keep what they drop. A column on a table with rows comes with a constant default, or nullable.
"""

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
