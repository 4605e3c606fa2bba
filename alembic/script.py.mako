"""${message}.

Legacy      none.
PostgreSQL  what is locked, and for how long.
SQLite      by ALTER TABLE, or which table is rebuilt.
Stopped     what remains of it when it is interrupted, and how it goes on.
Down        what it keeps, and what it cannot bring back.

Complete the lines above and remove these rules. Once released, a revision is never edited. It imports nothing of the
models; what it drops, the operations of ddl keep. A new column is nullable or has a constant default. A table with
traffic takes ddl.create_index_online, drop_index_online, add_foreign_key_online, add_check_online, set_not_null_online
and ddl.backfill: they come first in a revision, or alone in one. docs/revisions.md explains, make lint asks for them.
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
