"""``alembic revision --autogenerate``: the revision that carries the declared state over into the models.

It needs no database: the file is the same wherever it is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import MigrateOperation
from alembic.script import ScriptDirectory

from cts_schema.authoring.broken import told_as
from cts_schema.authoring.code import Code
from cts_schema.authoring.difference import Difference, differences
from cts_schema.authoring.planning import plan
from cts_schema.authoring.renames import Rename, alike, renamed, steps
from cts_schema.authoring.replaying import function
from cts_schema.authoring.steps import Stage, Step, downgrade_lines, upgrade_lines
from cts_schema.exceptions import BrokenRevision, CannotCarry
from cts_schema.schema import scripts
from cts_schema.schema.declared import declared, replay
from cts_schema.schema.scripts import script_location


class Body(MigrateOperation):
    """The body of a function of a revision, as it stands in the file."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the lines, for those who look at what was generated."""
        return tuple(self.lines)


@renderers.dispatch_for(Body)
def _body(context: object, body: Body) -> str:
    return "\n".join(body.lines)


@dataclass(frozen=True)
class Generated:
    """A revision that was generated.

    Attributes:
        found: what differs between the declared state and the models, a line each.
        undropped: the tables that no model has, and that stay.
        upgrade: the lines of upgrade().
        downgrade: the lines of downgrade().
        imports: the imports that they need, beside those of every revision.
    """

    found: list[str]
    undropped: list[str]
    upgrade: list[str]
    downgrade: list[str]
    imports: set[str]


def state_of(script: ScriptDirectory) -> sa.MetaData:
    """Return the declared state: the tables that the revisions make.

    Raises:
        BrokenRevision: a revision cannot be loaded or replayed.
    """
    with told_as(BrokenRevision, Path(script.versions)):
        if Path(script.dir) == script_location():
            return declared(script.get_current_head() or "")
        return replay(revision.module.upgrade for revision in reversed(list(script.walk_revisions())))


def dropped_by(script: ScriptDirectory, old: sa.MetaData, new: sa.MetaData) -> dict[str, str]:
    """Return the last revision that dropped a table which comes again, by the name of the table.

    Args:
        script: the revisions.
        old: the declared state.
        new: the metadata of the models.

    Raises:
        CannotCarry: such a table has another shape: the preserved one has the names of its indexes and constraints.
    """
    added = new.tables.keys() - old.tables.keys()
    if not added:
        return {}
    revisions = list(reversed(list(script.walk_revisions())))
    found = {
        table: number
        for number, one in enumerate(revisions)
        for operation, table in scripts.dropped(Path(one.path))
        if operation == "drop_table" and table in added
    }
    for table, number in found.items():
        before = replay(one.module.upgrade for one in revisions[:number])
        if changes := [str(one) for one in differences(before, new) if one.table == table]:
            raise CannotCarry(
                cause="a table of this name was dropped, and comes again in another shape; no file was written",
                table=table,
                dropped_by=revisions[number].revision,
                change="\n".join(changes),
                next_step="give the new table another name; or make it as it was, and change it in the next revision",
            )
    return {table: revisions[number].revision for table, number in found.items()}


def generate(
    old: sa.MetaData,
    new: sa.MetaData,
    revision: str,
    *,
    dropped: Collection[str] = (),
    dropped_by: Mapping[str, str] = {},
    renames: Collection[Rename] = (),
) -> Generated:
    """Return the revision that carries one metadata over into another.

    Args:
        old: the declared state.
        new: the metadata of the models.
        revision: the id of the new revision.
        dropped: the tables that may be dropped, although no model has them.
        dropped_by: the revisions that have dropped tables, by the names of those.
        renames: the tables and columns that have another name.

    Raises:
        CannotCarry: a difference cannot be carried over.
    """
    code = Code()
    every = differences(renamed(old, renames), new)
    undropped = [one.table for one in every if _is_gone(one) and one.table not in dropped]
    found = [one for one in every if one.table not in undropped]
    _require_free_names(found, undropped, old)
    _require_unreferred(dropped, undropped, old)
    planned = plan(found, code, dropped=dropped, dropped_by=dropped_by)
    for pair in alike(every):
        _warn(planned, pair)
    first = list(steps(old, renames, code, online=any(step.online for step in planned)))
    planned = first + planned
    made = Generated(
        [*(f"renamed {one}" for one in renames), *map(str, found)],
        undropped,
        upgrade_lines(planned),
        downgrade_lines(planned),
        code.imports,
    )
    _require_complete(made, old, new, revision)
    return made


def _warn(planned: Collection[Step], pair: Rename) -> None:
    """Say above a new table or column that it may be a removed one under another name."""
    made = (Stage.CREATE_TABLE, Stage.CREATE_TABLE_ONLINE) if pair.table is None else (Stage.ADD_COLUMNS,)
    for step in planned:
        if step.stage in made and step.table == (pair.table or pair.new):
            step.warning[:0] = [
                f"Was {pair.old} renamed to {pair.new}? Then remove this file, and write one that keeps the values:",
                f"alembic -x rename={pair} revision --autogenerate -m NAME",
            ]


def _require_free_names(found: Collection[Difference], undropped: Collection[str], old: sa.MetaData) -> None:
    """Check that no new table has the name of an index that stays with a table without a model."""
    taken = {str(index.name): table for table in undropped for index in old.tables[table].indexes}
    for one in found:
        for index in one.new.indexes if one.kind == "table" and one.old is None else ():
            if index.name in taken:
                raise CannotCarry(
                    cause="a new table has an index with the name of one that stays; no file was written",
                    index=index.name,
                    table=taken[index.name],
                    next_step=f"if the table was renamed: -x rename={taken[index.name]}:{one.table}\n"
                    f"to drop it: -x drop={taken[index.name]}; otherwise give the index another name",
                )


def _require_unreferred(dropped: Collection[str], undropped: Collection[str], old: sa.MetaData) -> None:
    """Check that no table without a model, which stays, refers to one that is dropped."""
    for table in undropped:
        for key in old.tables[table].foreign_key_constraints:
            if key.referred_table.name in dropped:
                raise CannotCarry(
                    cause="a table without a model stays, and refers to one that would be dropped; no file was written",
                    table=table,
                    foreign_key=key.name,
                    next_step=f"drop it, too: -x drop={table}",
                )


def _is_gone(one: Difference) -> bool:
    return one.kind == "table" and one.new is None


def _require_complete(made: Generated, old: sa.MetaData, new: sa.MetaData, revision: str) -> None:
    """Check that the revision makes what the models describe, and back: it is replayed before it is written."""
    up, down = (function(lines, made.imports, revision) for lines in (made.upgrade, made.downgrade))
    after = replay([up], onto=old)
    missed = [one for one in differences(after, new) if one.table not in made.undropped]
    missed += differences(replay([down], onto=after), old)
    if missed:
        raise CannotCarry(
            cause="a change of the models cannot be written as operations; no file was written",
            change="\n".join(map(str, missed)),
        )
