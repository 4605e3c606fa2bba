"""Counts what a process asks of its drivers and does to files, and lets something happen before one of these calls.

It works below SQLAlchemy, in the classes of the drivers, so that no statement passes by.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

connect_sqlite: Callable[..., sqlite3.Connection] = sqlite3.connect
"""Connects without being counted, also after :func:`watch`."""
connect_postgresql: Callable[..., psycopg.Connection[Any]] = psycopg.connect
"""Connects without being counted, also after :func:`watch`."""

_FILE_EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.chmod", "open")


class Call(NamedTuple):
    """One call: its statement, or what is done to a file, and the connection it is made on; None for a file."""

    what: str
    connection: Any


def watch(folder: Path, before: Callable[[Call], None]) -> None:
    """Call ``before`` with every call of a driver and every change of a file in ``folder``, until the process ends."""
    _watch_psycopg(before)
    _watch_sqlite(folder, before)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _FILE_EVENTS or not str(arguments[0]).startswith(str(folder)):
            return
        if event != "open" or set(str(arguments[1])) & set("wax+"):
            before(Call(f"{event} {Path(str(arguments[0])).suffix}", None))

    sys.addaudithook(audit)


def _watch_psycopg(before: Callable[[Call], None]) -> None:
    for method in ("execute", "executemany"):
        plain = getattr(psycopg.Cursor, method)

        def execute(self: Any, query: Any, *rest: Any, _plain: Any = plain, **options: Any) -> Any:
            before(Call(str(query), self.connection))
            return _plain(self, query, *rest, **options)

        setattr(psycopg.Cursor, method, wraps(plain)(execute))
    for method in ("commit", "rollback"):
        plain = getattr(psycopg.Connection, method)

        def end(self: Any, _plain: Any = plain) -> None:
            if self.info.transaction_status != TransactionStatus.IDLE:
                before(Call(_plain.__name__.upper(), self))
            _plain(self)

        setattr(psycopg.Connection, method, wraps(plain)(end))


def _watch_sqlite(folder: Path, before: Callable[[Call], None]) -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            before(Call(sql, self.connection))
            return super().execute(sql, *rest)

        def executemany(self, sql: str, rows: Any) -> Any:
            before(Call(sql, self.connection))
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, *arguments: Any) -> Any:
            return self.cursor().execute(*arguments)

        def commit(self) -> None:
            if self.in_transaction:
                before(Call("COMMIT", self))
            super().commit()

        def rollback(self) -> None:
            if self.in_transaction:
                before(Call("ROLLBACK", self))
            super().rollback()

        def backup(self, target: sqlite3.Connection, **options: Any) -> None:
            before(Call("copy of all pages", target))
            super().backup(target, **options)

    def connect(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        if str(folder) in str(database):  # one in memory fails as Python does, and takes nothing with it
            options["factory"] = Connection
        return connect_sqlite(database, *arguments, **options)

    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
