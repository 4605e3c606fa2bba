"""A copy of a SQLite schema without the functions and collations of the application that made the tables."""

from __future__ import annotations

import re
import sqlite3

_MISSING = re.compile(r"(?:unknown|no such) (function): (.+?)(?:\(\))?$|no such (collation) sequence: (.+)$")


def create(copy: sqlite3.Connection, sql: str) -> None:
    """Create a table, an index or a view, whatever functions and collations it asks for: SQLite opens such a file too.

    They are there for the time of the statement alone: what calls one afterwards does not compile, and says so.

    Args:
        copy: a database in memory.
        sql: the statement.

    Raises:
        sqlite3.Error: it lacks something else.
    """
    missing: set[tuple[str, str]] = set()
    try:
        while True:
            try:
                copy.execute(sql)
                return
            except sqlite3.OperationalError as error:
                found = _MISSING.search(str(error))
                one = (found[1] or found[3], found[2] or found[4]) if found else ("", "")
                if found is None or one in missing:
                    raise
                missing.add(one)
                if one[0] == "function":
                    copy.create_function(one[1], -1, lambda *_: None, deterministic=True)
                else:
                    copy.create_collation(one[1], lambda *_: 0)
    finally:
        for kind, name in missing:
            if kind == "function":
                copy.create_function(name, -1, None)
            else:
                copy.create_collation(name, None)
