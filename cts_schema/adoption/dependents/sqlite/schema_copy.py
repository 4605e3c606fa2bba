"""Tables of a SQLite file in memory, whatever functions and collations of some application they ask for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress

_MISSING = re.compile(r"(?:unknown|no such) (function): (.+?)(?:\(\))?$|no such (collation) sequence: (.+)$")


def create(copy: sqlite3.Connection, definitions: Iterable[str]) -> None:
    """Create tables and indexes; what they lack of an application is there from then on, and means nothing.

    A table whose module is not there is left out.
    """
    for sql in definitions:
        with suppress(sqlite3.Error):
            _create(copy, sql)


@contextmanager
def opened(definitions: Iterable[str]) -> Iterator[sqlite3.Connection]:
    """Yield a database of such tables that has nothing of an application, as this package opens a file."""
    with closing(sqlite3.connect(":memory:")) as made, closing(sqlite3.connect(":memory:")) as copy:
        create(made, definitions)
        made.commit()
        made.backup(copy)
        copy.isolation_level = None
        yield copy


def _create(copy: sqlite3.Connection, sql: str) -> None:
    made: set[str] = set()
    while True:
        try:
            copy.execute(sql)
            return
        except sqlite3.OperationalError as error:
            found = _MISSING.search(str(error))
            if found is None or found[0] in made:
                raise
            made.add(found[0])
            if found[1]:
                copy.create_function(found[2], -1, lambda *_: None, deterministic=True)
            else:
                copy.create_collation(found[4], lambda *_: 0)
