"""Writes a generated revision, and tells what it found."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring.difference import differences
from cts_schema.authoring.docstring import docstring
from cts_schema.authoring.files import require_free
from cts_schema.authoring.generate import Body, Generated, dropped_by, generate
from cts_schema.authoring.renames import Rename, alike, renamed, requested
from cts_schema.exceptions import WrongUsage


def write(
    context: Any,
    revision_context: Any,
    metadata: sa.MetaData,
    old: sa.MetaData,
    *,
    dropped: Collection[str],
    renames: Collection[str],
    asks: bool,
) -> None:
    """Write the revision that carries a state over into the models; nothing if they agree.

    Args:
        context: the module ``alembic.context``, or an EnvironmentContext.
        revision_context: the revision that the command creates, with its number.
        metadata: the metadata of the models.
        old: the declared state, or that of a database.
        dropped: the tables to drop, of which no model is left.
        renames: the values of ``-x rename=``.
        asks: whether there is somebody at a terminal who can answer a question.

    Raises:
        CannotCarry: a difference cannot be carried over; no file was written.
        WrongUsage: a table to drop has a model, or is in no revision.
    """
    generated = revision_context.generated_revisions[-1]
    _require_gone(dropped, old, metadata)
    known = requested(old, metadata, renames)
    if asks:
        known += alike(differences(renamed(old, known), metadata), lambda pair: pair.table is None and _confirmed(pair))
        known += alike(
            differences(renamed(old, known), metadata), lambda pair: pair.table is not None and _confirmed(pair)
        )
    before = dropped_by(context.script, old, metadata)
    made = generate(old, metadata, generated.rev_id, dropped=dropped, dropped_by=before, renames=known)
    generated.upgrade_ops.ops = [Body(made.upgrade)] if made.upgrade else []
    generated.downgrade_ops.ops = [Body(made.downgrade)] if made.downgrade else []
    generated.imports = made.imports
    generated.message = docstring(generated.message, made.upgrade, made.downgrade)
    context.configure(dialect_name="postgresql")
    revision_context.run_no_autogenerate("head", context.get_context())
    say = context.config.print_stdout
    for line in _found(made):
        say(line)
    if not made.upgrade:
        revision_context.generated_revisions.clear()
        return
    require_free(context.script, generated.rev_id)
    scripts = list(revision_context.generate_scripts())
    revision_context.generate_scripts = lambda: iter(scripts)  # they are written, and the command returns them
    for script in scripts:
        say(f"next: {_next(made, script.path)}")


def _confirmed(pair: Rename) -> bool:
    """Ask at the terminal whether a pair is one table or column; no answer is a no."""
    what = (
        f"the table {pair.old} renamed to {pair.new}, and keeps its rows"
        if pair.table is None
        else f"the column {pair.old} of {pair.table} renamed to {pair.new}, and keeps its values"
    )
    while True:
        try:
            answer = input(f"Was {what}? [y/N] ").strip().lower()
        except EOFError:
            return False
        if answer in ("", "y", "yes", "n", "no"):
            return answer.startswith("y")


def _require_gone(dropped: Collection[str], old: sa.MetaData, new: sa.MetaData) -> None:
    for table in dropped:
        if table in new.tables:
            raise WrongUsage(option=f"-x drop={table}", reason="a model has this table: remove the model first")
        if table not in old.tables:
            raise WrongUsage(option=f"-x drop={table}", reason="no revision creates such a table")


def _found(made: Generated) -> list[str]:
    lines = list(made.found)
    lines += [
        f"no model has the table {table}, which stays; to drop it, and preserve its rows: -x drop={table}"
        for table in made.undropped
    ]
    return lines if made.upgrade else [*lines, "nothing to write: the revisions make what the models describe"]


def _next(made: Generated, path: str) -> str:
    if any("ddl.TO_COMPLETE" in line for line in made.upgrade):
        return f"write the values in place of ddl.TO_COMPLETE in {path}, then: alembic upgrade head"
    return f"read {path}, then: alembic upgrade head"
