"""A schema of SQLite in memory, without a row: its views and triggers are compiled there.

SQLite reports by its authorizer which columns a statement reads, and what it writes. Functions and collations that only
an application has are stood in for, so that its tables can be created.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile

import sqlalchemy as sa

from cts_schema.ddl.text import quote, token_texts, unquote

#: What is known by kind and name.
Known = tuple[str, str]
_MISSING = re.compile(r"(?:unknown|no such) (function): (.+?)(?:\(\))?$|no such (collation) sequence: (.+)$")


@dataclass(frozen=True)
class Object:
    """A row of sqlite_master: a table, an index, a view or a trigger, the table it is of, and its SQL."""

    kind: str
    name: str
    table: str
    sql: str

    @property
    def key(self) -> Known:
        """By what it is known: triggers have names of their own."""
        return self.kind, self.name


def objects_of(connection: sa.Connection) -> tuple[Object, ...]:
    """Return all that is in a file."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master "
        "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    )
    return tuple(Object(*row) for row in rows)


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


@dataclass(frozen=True)
class Compiled:
    """What SQLite says of a view or a trigger: an error, or the columns it reads and what it writes."""

    error: str | None
    reads: frozenset[tuple[str, str]] = frozenset()
    writes: frozenset[tuple[int, str, str]] = frozenset()


def compiled(objects: Sequence[Object]) -> dict[Known, Compiled]:
    """Compile all views and triggers of a schema, in a copy of it in memory."""
    found: dict[Known, Compiled] = {}
    # Without indexes: one on a moving expression lets no write compile.
    with opened(one.sql for one in objects if one.kind == "table") as copy:
        for one in objects:
            if one.kind == "view":
                with suppress(sqlite3.Error):  # whatever needs it will not compile, and say so
                    copy.execute(one.sql)
        for one in objects:
            if one.kind == "view":
                found[one.key] = _compiled(copy, f"EXPLAIN SELECT * FROM {quote(one.name)}")
            elif one.kind == "trigger":
                found[one.key] = _compiled_trigger(copy, one)
    return found


def _compiled_trigger(copy: sqlite3.Connection, trigger: Object) -> Compiled:
    """Compile the statement that fires a trigger, while it is the only one."""
    event, columns = _event(trigger.sql)
    try:
        names = [row[1] for row in copy.execute(f"PRAGMA table_xinfo({quote(trigger.table)})") if row[6] == 0]
    except sqlite3.Error as error:  # it is of a view that does not compile
        return Compiled(str(error))
    known = {name.lower() for name in names}
    for column in columns:
        if column.lower() not in known:  # SQLite would let it be, and never fire
            return Compiled(f"no such column: {trigger.table}.{column}")
    table, column = quote(trigger.table), quote((columns or names or [""])[0])
    statement = {
        "INSERT": f"INSERT INTO {table} DEFAULT VALUES",
        "UPDATE": f"UPDATE {table} SET {column} = {column}",
        "DELETE": f"DELETE FROM {table}",
    }[event]
    try:
        copy.execute(trigger.sql)
    except sqlite3.Error as error:
        return Compiled(str(error))
    try:
        return _compiled(copy, f"EXPLAIN {statement}", trigger.name)
    finally:
        copy.execute(f"DROP TRIGGER {quote(trigger.name)}")


def _compiled(copy: sqlite3.Connection, statement: str, trigger: str | None = None) -> Compiled:
    """Compile a statement; return all that it does, or what ``trigger`` does."""
    reads: set[tuple[str, str]] = set()
    writes: set[tuple[int, str, str]] = set()

    def authorize(action: int, one: str | None, other: str | None, _: str | None, source: str | None) -> int:
        if trigger is None or source == trigger:
            if action == sqlite3.SQLITE_READ:
                reads.add(((one or "").lower(), (other or "").lower()))
            elif action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
                writes.add((action, (one or "").lower(), (other or "").lower()))
        return sqlite3.SQLITE_OK

    copy.set_authorizer(authorize)
    try:
        copy.execute(statement).close()
    except sqlite3.Error as error:
        return Compiled(str(error))
    finally:
        copy.set_authorizer(None)
    return Compiled(None, frozenset(reads), frozenset(writes))


def _event(sql: str) -> tuple[str, list[str]]:
    """Return what fires a trigger: INSERT, UPDATE or DELETE, and the columns of UPDATE OF."""
    rest = token_texts(sql)
    event = next(token.upper() for token in rest if token.upper() in ("INSERT", "UPDATE", "DELETE"))
    if next(rest).upper() != "OF":
        return event, []
    columns = takewhile(lambda token: token.upper() != "ON", rest)
    return event, [unquote(column) for column in columns if column != ","]
