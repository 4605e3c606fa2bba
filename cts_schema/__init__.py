"""The one authority for the database schema of CTS, on SQLite and PostgreSQL.

    from cts_schema import initialize

    report = initialize(engine)

Names are loaded when first used: importing the package costs nothing, and a database at head never imports Alembic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cts_schema.adoption.plan import Plan
    from cts_schema.adoption.sync import adopt, finalize_adoption, plan_adoption, undo_adoption
    from cts_schema.database.engines import create_async_engine, create_engine
    from cts_schema.exceptions import SchemaError
    from cts_schema.health.check import check
    from cts_schema.health.repair.report import Repair
    from cts_schema.health.repair.run import repair
    from cts_schema.health.report import Finding, Health
    from cts_schema.maintenance.backup import Backup, backup
    from cts_schema.maintenance.rehearsal import Rehearsal, rehearse
    from cts_schema.maintenance.restore import Restored, restore
    from cts_schema.migration.asynchronous import downgrade_async, initialize_async, status_async, upgrade_async
    from cts_schema.migration.report import Adopted, AppliedRevision, Report, Status
    from cts_schema.migration.sync import downgrade, initialize, status, upgrade
    from cts_schema.migration.waiting import wait_for_head
    from cts_schema.seeds.apply import Seeded, seed

__version__ = "0.1.0"

_HOMES = {
    "Plan": "adoption.plan",
    "adopt": "adoption.sync",
    "finalize_adoption": "adoption.sync",
    "plan_adoption": "adoption.sync",
    "undo_adoption": "adoption.sync",
    "Adopted": "migration.report",
    "create_async_engine": "database.engines",
    "create_engine": "database.engines",
    "SchemaError": "exceptions",
    "check": "health.check",
    "Finding": "health.report",
    "Health": "health.report",
    "Repair": "health.repair.report",
    "repair": "health.repair.run",
    "Backup": "maintenance.backup",
    "backup": "maintenance.backup",
    "Rehearsal": "maintenance.rehearsal",
    "rehearse": "maintenance.rehearsal",
    "Restored": "maintenance.restore",
    "restore": "maintenance.restore",
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
    "wait_for_head": "migration.waiting",
    "Seeded": "seeds.apply",
    "seed": "seeds.apply",
}

__all__ = [
    "Adopted",
    "AppliedRevision",
    "Backup",
    "Finding",
    "Health",
    "Plan",
    "Rehearsal",
    "Repair",
    "Report",
    "Restored",
    "SchemaError",
    "Seeded",
    "Status",
    "adopt",
    "backup",
    "check",
    "create_async_engine",
    "create_engine",
    "downgrade",
    "downgrade_async",
    "finalize_adoption",
    "initialize",
    "initialize_async",
    "plan_adoption",
    "rehearse",
    "repair",
    "restore",
    "seed",
    "status",
    "status_async",
    "undo_adoption",
    "upgrade",
    "upgrade_async",
    "wait_for_head",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"cts_schema.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
