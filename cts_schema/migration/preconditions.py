"""What must hold before a run: whose database it is, and whether what it says of itself is true."""

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
from cts_schema.migration import ledger, preview
from cts_schema.migration.state import not_ours
from cts_schema.models import Base


def require_known(context: MigrationContext, heads: Sequence[str]) -> None:
    """Check that what the version table says is one revision of ours.

    Raises:
        WrongUsage: it is called like a table of ours.
        SeveralHeads: it has more than one row.
        DatabaseNewer: it has a number above all of ours.
        ForeignRevision: it has anything else, as the table of another application would.
    """
    script = script_of(context)
    table = context.version_table
    database = url_of(context)
    if table in Base.metadata.tables:
        raise WrongUsage(
            option=f"version_table={table}", database=database, reason="that is a table with something else in it"
        )
    if len(heads) > 1:
        raise SeveralHeads(database=database, table=table, rows=", ".join(sorted(heads)))
    ours = {found.revision for found in script.walk_revisions()}
    for revision in heads:
        if revision not in ours:
            raise not_ours(revision, newest=max(ours), table=table, database=database)


def require_ours(context: MigrationContext, *, stamped: bool = False) -> None:
    """Check that a database without a version has none of our tables: whoever made them knows more than we do.

    Args:
        context: the running migration context.
        stamped: somebody says what the database is; that is believed where it has our ledger, as after
            ``metadata.create_all``, and of no database that the old application made.

    Raises:
        UnadoptedDatabase: it has tables of another origin.
    """
    if context.connection is None:
        return
    inspector = sa.inspect(context.connection)
    there = sorted(set(inspector.get_table_names()) & set(Base.metadata.tables))
    if stamped and ledger.LEDGER.name in there:
        columns = {column["name"] for column in inspector.get_columns(ledger.LEDGER.name)}
        if columns >= set(ledger.LEDGER.columns.keys()):
            return
    if there:
        names = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise UnadoptedDatabase(database=url_of(context), tables=f"{len(there)}: {names}")


def require_true(context: MigrationContext, connection: sa.Connection, revision: str) -> None:
    """Check that a database whose ledger is not what its version says has at least the tables.

    Raises:
        FalseVersion: it lacks some.
    """
    if not ledger.is_incomplete(context, revision):
        return
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    missing = preview.tables_at(script_of(context), revision, connection.dialect.name) - there - {ledger.LEDGER.name}
    if missing:
        names = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
        raise FalseVersion(
            database=url_of(context), revision=revision, missing=f"{len(missing)}: {names}", table=context.version_table
        )


def require_nothing_to_drop(
    context: MigrationContext, connection: sa.Connection, steps: Sequence[RevisionStep | StampStep]
) -> None:
    """Check that no step drops what has values.

    Raises:
        DataWouldBeDropped: one does; says what.
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
    """Return the URL of a run's database, with credentials masked."""
    return "" if context.connection is None else mask_url(context.connection.engine.url)
