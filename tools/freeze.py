"""``python -m tools.freeze URL``: write the schema of a PostgreSQL database at head into the package.

To be run after a revision, and never to make a test of the schema pass.
"""

from __future__ import annotations

import json
import sys

import sqlalchemy as sa

from cts_schema.fingerprint import fingerprint
from cts_schema.health.drift import FROZEN

if __name__ == "__main__":
    with sa.create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg://")).connect() as connection:
        found = fingerprint(connection)
    del found["table alembic_version"]
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name], sort_keys=True)}" for name in sorted(found))
    FROZEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
