"""Turns differences into the steps of a revision: safe beside traffic on the way up, plain on the way down."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, auto

_COMMENT = 110  # characters of a line of a comment in a batch


class Stage(IntEnum):
    """When a step runs. Online steps commit one by one, so they come before the plain ones."""

    RENAME = auto()
    DROP_INDEX = auto()
    CREATE_TABLE_ONLINE = auto()
    ADD_COLUMNS = auto()
    DEFAULT = auto()
    FILL = auto()
    CHECK = auto()
    UNIQUE = auto()
    INDEX = auto()
    FOREIGN_KEY = auto()
    LAST_ONLINE = FOREIGN_KEY
    DROP_TRIGGER = auto()
    DROP_FOREIGN_KEY = auto()
    DROP_CONSTRAINT = auto()
    ALTER = auto()
    AFTER_TYPES = auto()
    CREATE_TABLE = auto()
    LATE_FOREIGN_KEY = auto()
    DROP_COLUMNS = auto()
    DROP_TABLE = auto()
    CREATE_TRIGGER = auto()
    COMMENT = auto()


Token = tuple[str, ...]
"""A part that one step makes and another needs: ("table", name), ("column", table, name), ("key", table, columns)."""


@dataclass
class Step:
    """A change, with the code that makes it and the code that takes it back.

    Attributes:
        stage: when it runs.
        table: its table.
        up: the lines of upgrade().
        down: the lines of downgrade().
        batch: whether the lines stand in a block of ``ddl.alter_table``.
        batch_down: whether those of downgrade() do.
        online_down: the lines of downgrade() beside traffic, where it has no others.
        needs: what must be there before.
        makes: what is there after.
        warning: comments above the lines of upgrade().
    """

    stage: Stage
    table: str
    up: list[str]
    down: list[str]
    batch: bool = False
    batch_down: bool = False
    online_down: list[str] = field(default_factory=list)
    needs: set[Token] = field(default_factory=set)
    makes: set[Token] = field(default_factory=set)
    warning: list[str] = field(default_factory=list)

    @property
    def online(self) -> bool:
        """Whether it commits by itself."""
        return self.stage <= Stage.LAST_ONLINE


def ordered(steps: Iterable[Step]) -> list[Step]:
    """Return steps by stage, each after those that make what it needs."""
    waiting = sorted(enumerate(steps), key=lambda pair: (pair[1].stage, pair[0]))
    found: list[Step] = []
    missing = {token for _, step in waiting for token in step.makes}
    while waiting:
        ready = next((pair for pair in waiting if not (pair[1].needs - pair[1].makes) & missing), waiting[0])
        waiting.remove(ready)
        found.append(ready[1])
        missing -= ready[1].makes
    return found


def upgrade_lines(steps: Iterable[Step]) -> list[str]:
    """Return the body of upgrade()."""
    return _lines((step.table, step.up, step.batch, step.warning) for step in steps)


def downgrade_lines(steps: Iterable[Step]) -> list[str]:
    """Return the body of downgrade(): the steps back, beside traffic if all of them can be."""
    back = list(reversed(list(steps)))
    if all(step.online_down for step in back):
        return _lines((step.table, step.online_down, False, []) for step in back)
    return _lines((step.table, step.down, step.batch or step.batch_down, []) for step in back)


def _lines(parts: Iterable[tuple[str, list[str], bool, list[str]]]) -> list[str]:
    """Return the lines of steps, each with its table, whether it stands in a batch, and the comments above it."""
    found: list[str] = []
    block = ""
    for table, lines, batch, comments in parts:
        if not lines:
            continue
        if batch and block != table:
            found.append(f"with ddl.alter_table({table!r}) as batch:")
        block = table if batch else ""
        found += [f"{'    ' * batch}{line}" for line in [*_commented(comments), *lines]]
    return found


def _commented(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if text.startswith("alembic ") and len(text) > _COMMENT:  # to be copied
            yield f"# {text}  # noqa: E501"
        else:
            yield from (f"# {line}" for line in textwrap.wrap(text, _COMMENT))


def call(name: str, *arguments: str) -> str:
    """Return a call of an operation, without the arguments that are empty."""
    return f"{name}({', '.join(filter(None, arguments))})"
