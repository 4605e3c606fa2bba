"""Databases to measure in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from cts_schema.database.engines import migration_engine


@contextmanager
def fresh(kind: str, admin: str, folder: Path) -> Iterator[sa.URL]:
    """Yield the URL of an empty database."""
    name = f"cts_bench_{uuid.uuid4().hex[:8]}"
    if kind == "sqlite":
        yield sa.make_url(f"sqlite:///{folder / name}.db")
        return
    engine = migration_engine(sa.make_url(admin)).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(admin).set(database=name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
