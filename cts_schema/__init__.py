"""The database schema of CTS, on SQLite and PostgreSQL: models, migrations, health, backups.

    from cts_schema import initialize

    report = initialize(engine)

Names are loaded at first use, so importing the package is cheap, and a database at head never imports Alembic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cts_schema.adoption.plan.plan import Plan
    from cts_schema.api import (
        adopt,
        backup,
        check,
        downgrade,
        finalize_adoption,
        initialize,
        plan_adoption,
        rehearse,
        repair,
        restore,
        seed,
        status,
        undo_adoption,
        upgrade,
        wait_for_head,
    )
    from cts_schema.asynchronous import (
        adopt_async,
        backup_async,
        check_async,
        downgrade_async,
        finalize_adoption_async,
        initialize_async,
        plan_adoption_async,
        rehearse_async,
        repair_async,
        restore_async,
        seed_async,
        status_async,
        undo_adoption_async,
        upgrade_async,
        wait_for_head_async,
    )
    from cts_schema.database.engines import create_async_engine, create_engine, writing
    from cts_schema.exceptions import SchemaError
    from cts_schema.health.repair.report import Repair
    from cts_schema.health.report import Finding, Health
    from cts_schema.maintenance.backup import Backup
    from cts_schema.maintenance.rehearsal import Rehearsal
    from cts_schema.maintenance.restore import Restored
    from cts_schema.migration.report import Adopted, AppliedRevision, Report, Status
    from cts_schema.seeds.apply import Seeded

__version__ = "0.1.0"

_HOMES = {
    "Adopted": "migration.report",
    "AppliedRevision": "migration.report",
    "Backup": "maintenance.backup",
    "Finding": "health.report",
    "Health": "health.report",
    "Plan": "adoption.plan.plan",
    "Rehearsal": "maintenance.rehearsal",
    "Repair": "health.repair.report",
    "Report": "migration.report",
    "Restored": "maintenance.restore",
    "SchemaError": "exceptions",
    "Seeded": "seeds.apply",
    "Status": "migration.report",
    "create_async_engine": "database.engines",
    "create_engine": "database.engines",
    "writing": "database.engines",
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
    "adopt_async",
    "backup",
    "backup_async",
    "check",
    "check_async",
    "create_async_engine",
    "create_engine",
    "downgrade",
    "downgrade_async",
    "finalize_adoption",
    "finalize_adoption_async",
    "initialize",
    "initialize_async",
    "plan_adoption",
    "plan_adoption_async",
    "rehearse",
    "rehearse_async",
    "repair",
    "repair_async",
    "restore",
    "restore_async",
    "seed",
    "seed_async",
    "status",
    "status_async",
    "undo_adoption",
    "undo_adoption_async",
    "upgrade",
    "upgrade_async",
    "wait_for_head",
    "wait_for_head_async",
    "writing",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name) or ("asynchronous" if name.endswith("_async") else "api")
    return getattr(import_module(f"cts_schema.{home}"), name)
