"""The checkpoint: one script per revision creates the schema of the adoption revision in a new database.

A revision queries the database at every step. In an empty database the answers are always the same, and so are the
statements that follow. So each revision writes them once per process, as for an offline script. This takes as long as
to run the revision; every later database of the process gains. A revision that cannot write a script runs directly, and
so does every revision after the adoption revision.

From the second database of a process on, SQLite gets the final shape of all tables at the first revision, because its
ALTER TABLE takes most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep, StampStep
from alembic.script import Script

from cts_schema import dialects
from cts_schema.ddl.free_names import require_free
from cts_schema.ddl.scripting import script
from cts_schema.ddl.text import run, token_texts, unquote
from cts_schema.migration.state import preserved_of
from cts_schema.schema.scripts import ADOPTION_REVISION

Step = RevisionStep | StampStep
Statements = tuple[str, ...]

_Key = tuple[str, int, int, str]  # a file, its time and size, and the database
_WRITTEN: dict[_Key, Statements | None] = {}
_CONDENSED: dict[tuple[_Key, ...], Statements | None] = {}


def by_script(connection: sa.Connection, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps of a run, by their scripts where it begins with nothing."""
    new = bool(steps) and _begins(steps[0]) and _nothing_is_there(connection)
    scripted = [step for step in steps if new and (step.info.up_revision_id or "") <= ADOPTION_REVISION]
    whole = _whole(scripted, connection.dialect)
    for number, step in enumerate(steps):
        if number >= len(scripted):
            yield step
        elif whole is None:
            yield _Scripted(step, connection, None)
        else:
            yield _Scripted(step, connection, () if number else whole)


def _whole(steps: Sequence[Any], dialect: sa.Dialect) -> Statements | None:
    """Return what makes the same as the scripts of the steps; None for the first database of a process."""
    written = tuple(_key(step.revision, dialect.name) for step in steps)
    if not steps or not _WRITTEN.keys() >= set(written):
        return None
    if written not in _CONDENSED:
        scripts = [_statements(step.revision, dialect.name) for step in steps]
        known = None if None in scripts else [one for statements in scripts for one in statements or ()]
        made = None if known is None else dialects.of(dialect).shape.condensed(known)
        _CONDENSED[written] = None if made is None else tuple(made)
    return _CONDENSED[written]


class _Scripted(RevisionStep):
    """The upgrade of a revision, by its script if it can write one, or by other statements."""

    def __init__(self, step: Any, connection: sa.Connection, statements: Statements | None) -> None:
        super().__init__(step.revision_map, step.revision, is_upgrade=True)
        self._connection, self._given = connection, statements
        self.migration_fn = self._execute

    def _execute(self) -> None:
        statements = self._given
        if statements is None:
            statements = _statements(self.revision, self._connection.dialect.name)
        if statements is None:
            self.revision.module.upgrade()
            return
        if tables := _tables(statements):
            require_free(*tables)
        for statement in statements:
            run(self._connection, statement)


def _nothing_is_there(connection: sa.Connection) -> bool:
    """Whether a revision would find nothing to restore, and nothing of others that waits for its tables."""
    preserved = preserved_of(sa.inspect(connection).get_table_names())
    return not preserved and not dialects.of(connection).relations.by_name(connection)


def _begins(step: Step) -> bool:
    return isinstance(step, RevisionStep) and step.is_upgrade and not step.from_revisions


def _statements(revision: Script, dialect: str) -> Statements | None:
    """Return what the upgrade() of a revision executes, which stays the same as long as its file does."""
    written = _key(revision, dialect)
    if written not in _WRITTEN:
        _WRITTEN[written] = _write(revision.module.upgrade, dialect)
    return _WRITTEN[written]


def _key(revision: Script, dialect: str) -> _Key:
    found = Path(revision.path).stat()
    return revision.path, found.st_mtime_ns, found.st_size, dialect


def _write(upgrade: Callable[[], None], dialect: str) -> Statements | None:
    try:
        return tuple(script(dialect, upgrade, empty=True))
    except Exception:  # it asks the database, or is wrong: then it fails again where it runs, and says where
        return None


def _tables(statements: Statements) -> list[str]:
    words = (islice(token_texts(statement), 3) for statement in statements if statement.startswith("CREATE TABLE "))
    return [unquote(name) for _, _, name in words]
