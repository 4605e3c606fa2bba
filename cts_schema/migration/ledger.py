"""The ledger: ``schema_migrations``, which the old application still reads.

Every applied revision has a row, whose ``migration_id`` is the revision's number. Rows come and go in the transaction
that moves ``alembic_version``, in offline scripts too, so that the two never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from cts_schema.models import SchemaMigration

LEDGER: sa.Table = sa.inspect(SchemaMigration).local_table  # type: ignore[assignment]  # a model's table is a Table
SOURCE = "alembic"


def record(context: MigrationContext, step: MigrationInfo, duration_ms: float | None) -> None:
    """Write or delete the rows of the revisions that ``step`` covers.

    Args:
        context: the running migration context, online or offline.
        step: the step that has just been done; a stamp may cover many revisions.
        duration_ms: milliseconds the step took, None where it is only scripted or stamped.
    """
    covered = _covered(context, step)
    if step.is_upgrade:
        if step.is_stamp:
            context.execute(CreateTable(LEDGER, if_not_exists=True))
        for script in covered:
            _insert(context, script, duration_ms)
    elif step.is_stamp or step.destination_revision_ids:
        context.execute(LEDGER.delete().where(LEDGER.c.migration_id.in_([int(script.revision) for script in covered])))
    # Else the downgrade has reached the base, and dropped the ledger with the rest.


def heal(context: MigrationContext, revision: str | None) -> tuple[str, ...]:
    """Make the ledger say what is applied, and nothing else; return the revisions whose rows were missing.

    The old guide told people to delete rows by hand to have migrations run again. And ``alembic stamp --purge`` moves
    the version without a step that could tell from where.

    Args:
        context: the running migration context, online.
        revision: the revision of the database.
    """
    connection = context.connection
    if connection is None or context.script is None:
        return ()
    if not sa.inspect(connection).has_table(LEDGER.name):
        if revision is None:
            return ()
        connection.execute(CreateTable(LEDGER))
    applied = [] if revision is None else list(_scripts(context.script.iterate_revisions(revision, "base")))
    ours = {int(script.revision) for script in _scripts(context.script.walk_revisions())}
    present = set(connection.execute(sa.select(LEDGER.c.migration_id)).scalars())
    surplus = present & ours - {int(script.revision) for script in applied}
    if surplus:
        connection.execute(LEDGER.delete().where(LEDGER.c.migration_id.in_(surplus), LEDGER.c.source == SOURCE))
    missing = [script for script in reversed(applied) if int(script.revision) not in present]
    for script in missing:
        _insert(context, script, None)
    return tuple(script.revision for script in missing)


def is_incomplete(context: MigrationContext, revision: str) -> bool:
    """Tell whether the ledger lacks a row that a database at ``revision`` has, or is not ours at all."""
    connection = context.connection
    if connection is None or context.script is None:
        return False
    inspector = sa.inspect(connection)
    if not inspector.has_table(LEDGER.name):
        return True
    if not {column["name"] for column in inspector.get_columns(LEDGER.name)} >= set(LEDGER.columns.keys()):
        return True
    applied = {int(script.revision) for script in _scripts(context.script.iterate_revisions(revision, "base"))}
    return not applied <= set(connection.execute(sa.select(LEDGER.c.migration_id)).scalars())


def name_of(script: Script) -> str:
    """Return the legacy name: what the file is called behind its number."""
    return Path(script.path).stem.partition("_")[2]


def _covered(context: MigrationContext, step: MigrationInfo) -> list[Script]:
    """Return the scripts a step adds or removes, oldest first. A stamp names only its target, and may jump."""
    script = context.script
    if script is None:
        raise AssertionError("a migration context without scripts")
    if not step.is_stamp:
        return list(_scripts(step.up_revisions))
    above, below = step.destination_revision_ids, step.source_revision_ids
    if not step.is_upgrade:
        above, below = below, above
    kept = {found.revision for head in below for found in script.iterate_revisions(head, "base")}
    found = (one for head in above for one in script.iterate_revisions(head, "base"))
    return sorted((one for one in _scripts(found) if one.revision not in kept), key=lambda one: one.revision)


def _scripts(found: Iterable[Any]) -> Iterable[Script]:
    return (one for one in found if isinstance(one, Script))


def _insert(context: MigrationContext, script: Script, duration_ms: float | None) -> None:
    values = {
        "migration_name": name_of(script),
        "version": script.revision,
        "execution_time_ms": None if duration_ms is None else round(duration_ms),
        "source": SOURCE,
    }
    dialect = postgresql if context.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(LEDGER).inline()  # no id to be returned: an offline script would print it
    context.execute(
        insert.values(migration_id=int(script.revision), **values).on_conflict_do_update(
            index_elements=[LEDGER.c.migration_id], set_={**values, "executed_at": sa.text("CURRENT_TIMESTAMP")}
        )
    )
    for version in getattr(script.module, "legacy_versions", ()):
        context.execute(
            insert.values(version=version, migration_name=version, source=SOURCE).on_conflict_do_nothing(
                index_elements=[LEDGER.c.version]
            )
        )
