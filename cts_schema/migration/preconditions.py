"""The preconditions of a run: the database is ours, and its version is true."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, RevisionStep, StampStep
from alembic.script import ScriptDirectory

from cts_schema.exceptions import (
    DataWouldBeDropped,
    FalseVersion,
    SeveralHeads,
    UnadoptedDatabase,
    WrongUsage,
    mask_url,
)
from cts_schema.managed import managed_tables
from cts_schema.migration import ledger, preview
from cts_schema.migration.state import not_ours
from cts_schema.schema.declared import declared
from cts_schema.schema.scripts import ADOPTION_REVISION


def require_known(context: MigrationContext, heads: Sequence[str]) -> None:
    """Check that the version table holds one revision of ours.

    Raises:
        WrongUsage: it has the name of one of our tables.
        SeveralHeads: it has more than one row.
        DatabaseNewer: its number is above all of ours.
        ForeignRevision: it has another value, such as the revision of another application.
    """
    script = script_of(context)
    table = context.version_table
    database = url_of(context)
    if table in managed_tables():
        raise WrongUsage(option=f"version_table={table}", database=database, reason="it is a table with other contents")
    if len(heads) > 1:
        raise SeveralHeads(database=database, table=table, rows=", ".join(sorted(heads)))
    ours = {found.revision for found in script.walk_revisions()}
    for revision in heads:
        if revision not in ours:
            raise not_ours(revision, newest=max(ours), table=table, database=database)


def require_ours(context: MigrationContext, *, stamped: bool = False) -> None:
    """Check that a database without a version has none of our tables.

    Args:
        context: the running migration context.
        stamped: the caller states the revision; that is accepted if the database has our ledger, as after
            ``metadata.create_all``, but not for a legacy database.

    Raises:
        UnadoptedDatabase: it has tables of another origin.
    """
    if context.connection is None:
        return
    inspector = sa.inspect(context.connection)
    there = sorted(managed_tables().intersection(inspector.get_table_names()))
    if stamped and ledger.LEDGER.name in there:
        columns = {column["name"] for column in inspector.get_columns(ledger.LEDGER.name)}
        if columns >= set(ledger.LEDGER.columns.keys()):
            return
    if there:
        names = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise UnadoptedDatabase(database=url_of(context), tables=f"{len(there)}: {names}")


def require_true(context: MigrationContext, connection: sa.Connection, revision: str) -> None:
    """Check that a database whose ledger disagrees with its version has the tables of that version.

    Raises:
        FalseVersion: it lacks some.
    """
    if not ledger.is_incomplete(context, revision):
        return
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    missing = declared(min(revision, ADOPTION_REVISION)).tables.keys() - there - {ledger.LEDGER.name}
    if missing:
        names = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
        raise FalseVersion(
            database=url_of(context), revision=revision, missing=f"{len(missing)}: {names}", table=context.version_table
        )


def require_nothing_to_drop(
    context: MigrationContext, connection: sa.Connection, steps: Sequence[RevisionStep | StampStep]
) -> None:
    """Check that no step drops values.

    Raises:
        DataWouldBeDropped: one does; lists them.
    """
    found = preview.dropped(connection, steps)
    if found:
        asked = context.opts.get("destination_rev")
        raise DataWouldBeDropped(database=url_of(context), revision=asked, dropped="\n".join(found))


def script_of(context: MigrationContext) -> ScriptDirectory:
    """Return the revisions of a run."""
    if context.script is None:
        raise AssertionError("a migration context without scripts")
    return context.script


def url_of(context: MigrationContext) -> str:
    """Return the URL of the database, with credentials masked."""
    return "" if context.connection is None else mask_url(context.connection.engine.url)
