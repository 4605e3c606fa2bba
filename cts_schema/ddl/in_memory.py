"""A SQLite database in memory, to see what SQLite makes of a statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def in_memory() -> Iterator[sa.Connection]:
    """Yield a connection to an empty SQLite database, which is gone after the block."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
