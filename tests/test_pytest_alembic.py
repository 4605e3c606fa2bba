"""The tests of pytest-alembic, on both databases.

They are imported by name: the plugin's own collection does not work with pytest 9.2.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
from sqlalchemy.pool import NullPool

import cts_schema.models
from cts_schema.models import Base
from cts_schema.schema.scripts import script_location
from tests.support.databases import Database
from tests.support.program import python

__all__ = [
    "test_downgrade_leaves_no_trace",
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config() -> dict[str, Any]:
    return {"script_location": str(script_location()), "path_separator": "os"}


@pytest.fixture
def alembic_engine(database: Database) -> Iterator[sa.Engine]:
    """A plain engine: foreign keys off, so that a run in a caller's transaction is not refused on SQLite."""
    engine = sa.create_engine(database.location, poolclass=NullPool)
    if database.kind == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _no_hidden_transactions(connection: Any, _record: object) -> None:
            connection.isolation_level = None

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    yield engine
    engine.dispose()


def test_every_model_is_registered_by_the_import_that_env_py_makes() -> None:
    """What the plugin tests in a way that cannot take a URL with a percent sign."""
    bare = python("from cts_schema.models import Base; print(*sorted(Base.metadata.tables))")
    assert bare.code == 0, bare.err
    for module in pkgutil.walk_packages(cts_schema.models.__path__, "cts_schema.models."):
        importlib.import_module(module.name)
    assert bare.out.split() == sorted(Base.metadata.tables)
    mapped = {mapper.local_table.name for mapper in Base.registry.mappers if isinstance(mapper.local_table, sa.Table)}
    assert mapped == set(Base.metadata.tables)
