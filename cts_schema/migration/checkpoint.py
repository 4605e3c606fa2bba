"""The checkpoint: a new database gets the schema of the adoption revision by scripts, a revision each.

A revision asks the database at every turn what is there. Where nothing is, it always executes the same statements. So
it writes them once a process, as for an offline script. A revision that can write none runs as always, and so do those
after the adoption revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep, StampStep

from cts_schema import dialects
from cts_schema.ddl.scripting import script
from cts_schema.ddl.taken import require_free
from cts_schema.ddl.text import run, token_texts, unquote
from cts_schema.migration.scripts import ADOPTION_REVISION
from cts_schema.migration.state import preserved_of


def by_script(
    connection: sa.Connection, steps: Iterable[RevisionStep | StampStep]
) -> Iterator[RevisionStep | StampStep]:
    """Yield the steps of a run, by their scripts where it begins with nothing."""
    new: bool | None = None
    for step in steps:
        if new is None:
            new = _begins(step) and _nothing_is_there(connection)
        scripted = new and (step.info.up_revision_id or "") <= ADOPTION_REVISION
        statements = _statements(step, connection.dialect.name) if scripted else None
        yield step if statements is None else _Scripted(step, connection, statements)


class _Scripted(RevisionStep):
    """The upgrade of a revision, by its script."""

    def __init__(self, step: Any, connection: sa.Connection, statements: tuple[str, ...]) -> None:
        super().__init__(step.revision_map, step.revision, is_upgrade=True)
        self._connection = connection
        self._statements = statements
        self.migration_fn = self._execute

    def _execute(self) -> None:
        if tables := _tables(self._statements):
            require_free(*tables)
        for statement in self._statements:
            run(self._connection, statement)


def _nothing_is_there(connection: sa.Connection) -> bool:
    """Whether a revision would find nothing to restore, and nothing of others that waits for its tables."""
    preserved = preserved_of(sa.inspect(connection).get_table_names())
    return not preserved and not dialects.of(connection).relations.by_name(connection)


def _begins(step: RevisionStep | StampStep) -> bool:
    return isinstance(step, RevisionStep) and step.is_upgrade and not step.from_revisions


def _statements(step: Any, dialect: str) -> tuple[str, ...] | None:
    path = Path(step.revision.path)
    found = path.stat()
    return _written(_Revision(step.revision.module.upgrade, (str(path), found.st_mtime_ns, found.st_size)), dialect)


class _Revision:
    """The upgrade() of a revision: the same as long as its file is, however often Alembic loads that."""

    def __init__(self, upgrade: Callable[[], None], file: tuple[str, int, int]) -> None:
        self.upgrade = upgrade
        self._file = file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Revision) and self._file == other._file

    def __hash__(self) -> int:
        return hash(self._file)


@lru_cache(maxsize=256)
def _written(revision: _Revision, dialect: str) -> tuple[str, ...] | None:
    try:
        return tuple(script(dialect, revision.upgrade, empty=True))
    except Exception:  # it asks the database, or is wrong: then it fails again where it runs, and says where
        return None


def _tables(statements: Iterable[str]) -> list[str]:
    words = (islice(token_texts(statement), 3) for statement in statements if statement.startswith("CREATE TABLE "))
    return [unquote(name) for _, _, name in words]
