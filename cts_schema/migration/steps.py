"""The steps of a run: which ones, and in which transactions."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from cts_schema.exceptions import UnknownRevision
from cts_schema.migration.checkpoint import Step
from cts_schema.migration.preconditions import url_of
from cts_schema.schema.scripts import ADOPTION_REVISION


def due(context: MigrationContext, heads: tuple[str, ...], command: Any) -> list[Step]:
    """Return the steps that a command asks for.

    Args:
        context: the migration context of the run.
        heads: the current revisions.
        command: the function of the command, which finds its steps.

    Raises:
        UnknownRevision: the requested revision is not known, or not unique.
    """
    asked = context.opts.get("destination_rev")
    if asked == "":
        raise UnknownRevision(revision='""', database=url_of(context), reason="the requested revision is empty")
    try:
        return list(command(heads, context))
    except CommandError as error:
        asked = ", ".join(asked) if isinstance(asked, tuple) else asked
        raise UnknownRevision(revision=asked, database=url_of(context), reason=str(error)) from error


def stretches(steps: list[Step]) -> list[list[Step]]:
    """Divide ``steps`` into transactions on PostgreSQL: one up to the adoption revision, one for each later revision.

    Later revisions may build indexes concurrently, which a transaction cannot do.
    """

    def alone(step: Step) -> str | None:
        revision = step.info.up_revision_id
        return revision if revision and not step.info.is_stamp and revision > ADOPTION_REVISION else None

    return [list(group) for _, group in groupby(steps, alone)] or [[]]
