"""The one authority for the database schema of CTS, on SQLite and PostgreSQL.

    from cts_schema import initialize

    report = initialize(engine)

Names are loaded when first used: importing the package costs nothing, and a database at head never imports Alembic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cts_schema.database import create_async_engine, create_engine
    from cts_schema.exceptions import SchemaError
    from cts_schema.migration.asynchronous import downgrade_async, initialize_async, status_async, upgrade_async
    from cts_schema.migration.report import AppliedRevision, Report, Status
    from cts_schema.migration.sync import downgrade, initialize, status, upgrade

__version__ = "0.1.0"

_HOMES = {
    "create_async_engine": "database",
    "create_engine": "database",
    "SchemaError": "exceptions",
    "downgrade_async": "migration.asynchronous",
    "initialize_async": "migration.asynchronous",
    "status_async": "migration.asynchronous",
    "upgrade_async": "migration.asynchronous",
    "AppliedRevision": "migration.report",
    "Report": "migration.report",
    "Status": "migration.report",
    "downgrade": "migration.sync",
    "initialize": "migration.sync",
    "status": "migration.sync",
    "upgrade": "migration.sync",
}

__all__ = [
    "AppliedRevision",
    "Report",
    "SchemaError",
    "Status",
    "create_async_engine",
    "create_engine",
    "downgrade",
    "downgrade_async",
    "initialize",
    "initialize_async",
    "status",
    "status_async",
    "upgrade",
    "upgrade_async",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"cts_schema.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
