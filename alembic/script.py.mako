<%!
def plain(body):
    """Return the body of a function without the remarks of Alembic about itself."""
    return "\n".join(line for line in body.splitlines() if not line.strip().startswith("# ###")).strip()
%>\
% if "\nPostgreSQL" in message:
"""${message}"""
% else:
"""${message}.

Why         write here why the schema changes.
PostgreSQL  which locks it takes, and for how long.
SQLite      by ALTER TABLE, or which table it rebuilds.
Stopped     what an interruption leaves, and how the next run continues.
Down        what it preserves, and what it cannot restore.

Complete the lines above and remove these rules. Never edit a released revision. It imports nothing of the models. The
ddl operations preserve what they drop. A new column is nullable or has a constant default. For a table with traffic use
the online operations: they come first in a revision. docs/revisions.md explains them, make lint checks them.
"""
% endif

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${plain(upgrades or "pass")}


def downgrade() -> None:
    ${plain(downgrades or "pass")}
