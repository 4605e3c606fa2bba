"""``alembic revision --autogenerate``: the revision that carries the declared state over into the models.

It needs no database: the file is the same wherever it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import renderers
from alembic.operations import MigrateOperation
from alembic.script import ScriptDirectory

from cts_schema import ddl
from cts_schema.authoring.code import Code
from cts_schema.authoring.difference import Difference, differences
from cts_schema.authoring.planning import plan
from cts_schema.authoring.steps import downgrade_lines, upgrade_lines
from cts_schema.exceptions import CannotCarry
from cts_schema.schema.declared import replay


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
        found: what differs between the declared state and the models.
        undropped: the tables that no model has, and that stay.
        upgrade: the lines of upgrade().
        downgrade: the lines of downgrade().
        imports: the imports that they need, beside those of every revision.
    """

    found: list[Difference]
    undropped: list[str]
    upgrade: list[str]
    downgrade: list[str]
    imports: set[str]


def state_of(script: ScriptDirectory) -> sa.MetaData:
    """Return the declared state: the tables that the revisions make."""
    return replay(revision.module.upgrade for revision in reversed(list(script.walk_revisions())))


def generate(old: sa.MetaData, new: sa.MetaData, revision: str, *, dropped: Collection[str] = ()) -> Generated:
    """Return the revision that carries one metadata over into another.

    Args:
        old: the declared state.
        new: the metadata of the models.
        revision: the id of the new revision.
        dropped: the tables that may be dropped, although no model has them.

    Raises:
        CannotCarry: a difference cannot be carried over.
    """
    code = Code()
    every = differences(old, new)
    undropped = [one.table for one in every if _is_gone(one) and one.table not in dropped]
    found = [one for one in every if one.table not in undropped]
    steps = plan(found, code, dropped=dropped)
    made = Generated(found, undropped, upgrade_lines(steps), downgrade_lines(steps), code.imports)
    _require_complete(made, old, new, revision)
    return made


def _is_gone(one: Difference) -> bool:
    return one.kind == "table" and one.new is None


def _require_complete(made: Generated, old: sa.MetaData, new: sa.MetaData, revision: str) -> None:
    """Check that the revision makes what the models describe, and back: it is replayed before it is written."""
    up, down = (_function(lines, made.imports, revision) for lines in (made.upgrade, made.downgrade))
    after = replay([up], onto=old)
    missed = [one for one in differences(after, new) if one.table not in made.undropped]
    missed += differences(replay([down], onto=after), old)
    if missed:
        raise CannotCarry(
            cause="a change of the models cannot be written as operations; no file was written",
            change="\n".join(map(str, missed)),
        )


def _function(lines: Iterable[str], imports: Iterable[str], revision: str) -> Callable[[], None]:
    """Return the function of a revision that has these lines."""
    code = compile("\n".join([*imports, *lines]), "<generated revision>", "exec")
    return lambda: exec(code, {"sa": sa, "op": op, "ddl": ddl, "revision": revision})  # noqa: S102  our own lines
