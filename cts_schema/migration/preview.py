"""The preview of a downgrade: what it would drop.

The downgrades of the steps run as for an offline script, which is discarded. This module records what they would
preserve (see :mod:`cts_schema.ddl.preserved`), and then counts it in the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep, StampStep

from cts_schema.ddl import preview
from cts_schema.ddl.moved import somebodys
from cts_schema.ddl.text import quote, run
from cts_schema.migration import dependents
from cts_schema.migration.ledger import LEDGER


def dropped(connection: sa.Connection, steps: Sequence[RevisionStep | StampStep]) -> list[str]:
    """Return tables and columns with values that would be dropped, and affected unmanaged objects. Writes nothing.

    Args:
        connection: on PostgreSQL with the search path set.
        steps: the pending steps; only downgrades drop anything.
    """
    undone = [step for step in steps if isinstance(step, RevisionStep) and step.is_downgrade]
    numbers = ", ".join(step.revision.revision.lstrip("0") for step in undone)
    in_ledger = f"migration_id IN ({numbers})"  # each step removes its own row
    return [one for step in undone for one in _dropped_by(connection, step, in_ledger)]


def _dropped_by(connection: sa.Connection, step: RevisionStep, in_ledger: str) -> Iterator[str]:
    revision = step.revision.revision
    try:
        drops = preview.previewed(connection.dialect.name, step.migration_fn).drops
    except Exception as error:  # a revision may query the database, which no script can
        yield f"{revision}  no preview is possible ({type(error).__name__})"
        return
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for drop in drops:
        columns = (
            {column["name"]: column for column in inspector.get_columns(drop.table)} if drop.table in there else {}
        )
        if not columns.keys() >= set(drop.columns) or not columns:  # an earlier step renames the table or a column
            yield f"{revision}  {drop.table}: the number of rows is unknown"
            continue
        filled = " OR ".join(f"{quote(one)} IS NOT NULL" for one in drop.columns if "computed" not in columns[one])
        filled = filled and f"WHERE {filled}"
        own = f"{drop.own} OR {in_ledger}" if drop.table == LEDGER.name else drop.own
        own = "true" if drop.columns else own
        counted = f"SELECT count(*) FROM {quote(drop.table)} {filled or somebodys(own)}"  # noqa: S608  names are quoted
        rows = run(connection, counted).scalar_one()
        if rows:
            what = f"values of {len(drop.columns)} column{'s' * (len(drop.columns) > 1)} in " if drop.columns else ""
            yield f"{revision}  {drop.table}: {what}{rows:,} row{'s' * (rows > 1)}"
        others = (
            dependents.with_columns(connection, drop.table, drop.columns)
            if drop.columns
            else dependents.on_table(connection, drop.table)
        )
        for one in others:
            yield f"{revision}  {drop.table}: {one}"
