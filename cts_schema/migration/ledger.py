"""The ledger: ``schema_migrations``, which the old application still reads.

Every applied revision has a row, whose ``migration_id`` is the number of the revision. Rows change in the transaction
that moves ``alembic_version``, also in offline scripts, so that the two never disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script, ScriptDirectory
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.dml import Delete, Insert

from cts_schema import dialects
from cts_schema.ddl import Timestamp
from cts_schema.migration.written import not_written

LEDGER = sa.table(
    "schema_migrations",
    sa.column("id", sa.BigInteger),
    sa.column("migration_id", sa.Integer),
    sa.column("migration_name", sa.Text),
    sa.column("version", sa.Text),
    sa.column("executed_at", Timestamp),
    sa.column("execution_time_ms", sa.Integer),
    sa.column("checksum", sa.Text),
    sa.column("source", sa.Text),
)
SOURCE = "alembic"


def record(context: MigrationContext, step: MigrationInfo, duration_ms: float | None) -> None:
    """Write or delete the rows of the revisions that ``step`` covers.

    Args:
        context: the running migration context, online or offline.
        step: the completed step; a stamp may cover many revisions.
        duration_ms: milliseconds of the step, None if it was only scripted or stamped.
    """
    covered = _covered(context, step)
    if step.is_upgrade:
        if step.is_stamp:
            context.execute(CreateTable(_whole_table(), if_not_exists=True))
        for script in covered:
            for row in _rows(context.dialect, script, duration_ms):
                context.execute(row)
    elif step.is_stamp or step.destination_revision_ids:
        context.execute(LEDGER.delete().where(LEDGER.c.migration_id.in_([int(script.revision) for script in covered])))
    # Otherwise the downgrade has reached the base, and dropped the ledger with the rest.


def heal(context: MigrationContext, revision: str | None, among: Collection[str] | None = None) -> tuple[str, ...]:
    """Correct the ledger to the applied revisions; return the revisions whose rows were missing.

    The old guide advised to delete rows by hand to repeat migrations. And ``alembic stamp --purge`` moves
    the version without a step that knows the previous one.

    Args:
        context: the running migration context, online.
        revision: the current revision.
        among: the revisions whose rows may be wrong, None for all: to look at all after each step of a long upgrade
            would take time that grows with the square of their number.

    Raises:
        LedgerNotWritten: an unmanaged trigger or rule prevented the correction.
    """
    connection = context.connection
    if connection is None or context.script is None:
        return ()
    if not sa.inspect(connection).has_table(LEDGER.name):
        if revision is None:
            return ()
        connection.execute(CreateTable(_whole_table()))
    statements, missing = corrections(connection, context.script, revision, among)
    for statement in statements:
        connection.execute(statement)
    if statements:  # otherwise the rows have just been read
        _require_written(connection, context.script, revision, among)
    return missing


def corrections(
    connection: sa.Connection, script: ScriptDirectory, revision: str | None, among: Collection[str] | None = None
) -> tuple[list[Delete | Insert], tuple[str, ...]]:
    """Return the statements that correct the ledger, and the revisions whose rows are missing.

    Args:
        connection: the database; without a ledger all rows are missing.
        script: the revisions.
        revision: the current revision.
        among: see :func:`heal`.
    """
    applied, ours = _applied(script, revision, among)
    there = sa.inspect(connection).has_table(LEDGER.name)
    rows = sa.select(LEDGER.c.migration_id).where(LEDGER.c.migration_id.in_(sorted(ours)))
    present = set(connection.execute(rows).scalars()) if there else set()
    surplus = present & ours - {int(one.revision) for one in applied}
    found: list[Delete | Insert] = []
    if surplus:
        found.append(LEDGER.delete().where(LEDGER.c.migration_id.in_(sorted(surplus)), LEDGER.c.source == SOURCE))
    missing = [one for one in reversed(applied) if int(one.revision) not in present]
    for one in missing:
        found += _rows(connection.dialect, one, None)
    return found, tuple(one.revision for one in missing)


def _whole_table() -> sa.Table:
    from cts_schema.models import Base  # a run that does not create the table does not need the models

    return Base.metadata.tables[LEDGER.name]


def _require_written(
    connection: sa.Connection, script: ScriptDirectory, revision: str | None, among: Collection[str] | None
) -> None:
    applied, ours = _applied(script, revision, among)
    needed = {int(one.revision) for one in applied}
    source = dict(map(tuple, connection.execute(sa.select(LEDGER.c.migration_id, LEDGER.c.source))))
    stays = {number for number in ours - needed if source.get(number) == SOURCE}
    if wrong := (needed - source.keys()) | stays:
        raise not_written(connection, LEDGER.name, [f"{number:03d}" for number in sorted(wrong)])


def _applied(
    script: ScriptDirectory, revision: str | None, among: Collection[str] | None
) -> tuple[list[Script], set[int]]:
    """Return the applied scripts, the last first, and the numbers of all scripts; or of those ``among`` them."""
    if among is not None:
        found = sorted(_scripts(map(script.get_revision, among)), key=lambda one: one.revision, reverse=True)
        applied = [one for one in found if revision is not None and one.revision <= revision]
        return applied, {int(one.revision) for one in found}
    applied = [] if revision is None else list(_scripts(script.iterate_revisions(revision, "base")))
    return applied, {int(one.revision) for one in _scripts(script.walk_revisions())}


def is_incomplete(context: MigrationContext, revision: str) -> bool:
    """Return whether the ledger lacks a row of an applied revision, or is not ours."""
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
    """Return the legacy name: the name of the file after its number."""
    return Path(script.path).stem.partition("_")[2]


def _covered(context: MigrationContext, step: MigrationInfo) -> list[Script]:
    """Return the scripts that a step adds or removes, oldest first. A stamp names only its target."""
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


def _rows(dialect: sa.Dialect, script: Script, duration_ms: float | None) -> Iterator[Insert]:
    values = {
        "migration_name": name_of(script),
        "version": script.revision,
        "execution_time_ms": None if duration_ms is None else round(duration_ms),
        "source": SOURCE,
    }
    rows = dialects.of(dialect).sql.insert(LEDGER).inline()  # without RETURNING: an offline script would print the id
    # Use the default of the excluded row: distributed servers accept no time function in DO UPDATE.
    yield rows.values(migration_id=int(script.revision), **values).on_conflict_do_update(
        index_elements=[LEDGER.c.migration_id], set_={**values, "executed_at": rows.excluded.executed_at}
    )
    for version in getattr(script.module, "legacy_versions", ()):
        yield rows.values(version=version, migration_name=version, source=SOURCE).on_conflict_do_nothing(
            index_elements=[LEDGER.c.version]
        )
