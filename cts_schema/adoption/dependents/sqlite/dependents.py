"""Dependents on SQLite: views, triggers and foreign keys, which bind by name and are compiled only when they are used.

They are compiled here in copies of the schema in memory, of before and of after, without a row. SQLite tells by its
authorizer which columns a statement reads. That is compared too: a column that is gone and was written in double
quotes compiles all the same, as the text of its name (sqlite.org/quirks.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import takewhile

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.dependents.sqlite import foreign_keys as keys_on_sqlite
from cts_schema.adoption.dependents.sqlite import schema_copy
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import OF_APPLICATION
from cts_schema.ddl.text import quote, run, token_texts, unquote

Key = tuple[str, str]
#: What a refusal calls the foreign keys of a table.
KEY = "foreign key"


@dataclass(frozen=True)
class Object:
    """A row of sqlite_master: a table, an index, a view or a trigger, the table it is of, and its SQL."""

    kind: str
    name: str
    table: str
    sql: str

    @property
    def key(self) -> Key:
        """By what it is known: triggers have names of their own."""
        return self.kind, self.name


@dataclass(frozen=True)
class Dependents:
    """The old tables, in small letters, and all that is in the file."""

    tables: frozenset[str]
    objects: tuple[Object, ...]

    @property
    def triggers(self) -> tuple[Object, ...]:
        """The triggers of the old tables."""
        return tuple(one for one in self.objects if one.kind == "trigger" and self.on_old_table(one))

    @property
    def hanging(self) -> tuple[Object, ...]:
        """All views and triggers, views first: a trigger may be of one."""
        found = [one for one in self.objects if one.kind in ("view", "trigger")]
        return tuple(sorted(found, key=lambda one: one.kind == "trigger"))

    @property
    def others(self) -> tuple[Object, ...]:
        """What stays when the old tables with their indexes are gone, and the triggers that are put on the new ones."""
        return tuple(one for one in self.objects if one.kind == "trigger" or not self.on_old_table(one))

    @cached_property
    def lost_keys(self) -> dict[str, list[tuple[keys_on_sqlite.Key, str]]]:
        """The foreign keys of other tables that mean nothing beside the new tables, and why, by table."""
        definitions = [
            [(one.name, one.sql) for one in objects if one.kind in ("table", "index")]
            for objects in (self.objects, (*_new(), *self.others))
        ]
        tables = [one.name for one in self.others if one.kind == "table"]
        return keys_on_sqlite.lost(definitions[0], definitions[1], tables)

    def on_old_table(self, one: Object) -> bool:
        """Whether something is, or is of, an old table."""
        return one.table.lower() in self.tables


@dataclass(frozen=True)
class _Compiled:
    """What SQLite says of a view or a trigger: an error, or the columns it reads and what it writes."""

    error: str | None
    reads: frozenset[tuple[str, str]] = frozenset()
    writes: frozenset[tuple[int, str, str]] = frozenset()


def read(connection: sa.Connection, tables: Sequence[str]) -> Dependents:
    """Return all that is in the file, and which tables of it are the old ones."""
    return Dependents(frozenset(table.lower() for table in tables), _objects(connection))


def refused(found: Dependents, left_out: Collection[Key]) -> list[Refusal]:
    """Return what else would not compile beside the new tables, or whose name they take."""
    # The indexes of preserved tables give way.
    staying = [
        one
        for one in found.others
        if one.key not in left_out and not (one.kind == "index" and one.table.startswith("cts_kept_"))
    ]
    before, after = _compile(found.objects), _compile((*_new(), *staying))
    gone = {*left_out, *_superseded(found, before, after)}
    taken = [
        Refusal(one.kind, one.name, f"the new schema has {kind} of this name", True)
        for one in staying
        if one.key not in gone and (kind := _new_names().get((one.kind == "trigger", one.name.lower())))
    ]
    refusals = _refusals(found, before, after, {*gone, *((one.kind, one.name) for one in taken)})
    keys = [
        Refusal(KEY, f"of {table}", "; ".join(reason for _, reason in lost)) for table, lost in found.lost_keys.items()
    ]
    return [*taken, *keys, *refusals]


def detach(connection: sa.Connection, found: Dependents) -> None:
    """Drop all views and triggers of the file: nothing may fire while rows are moved.

    And DROP COLUMN, which the revisions use, fails over a view that does not compile, whatever legacy_alter_table says.
    """
    for one in found.hanging:
        run(connection, f"DROP {one.kind.upper()} IF EXISTS {quote(one.name)}")


def attach(connection: sa.Connection, found: Dependents, left_out: Collection[Key]) -> list[Refusal]:
    """Create views and triggers again; then compile each of them."""
    before = _compile(found.objects)
    gone = {*left_out, *_superseded(found, before, _compile((*_new(), *found.others)))}
    for table, lost in found.lost_keys.items():
        if (KEY, f"of {table}") in left_out:
            [made] = [one.sql for one in found.objects if (one.kind, one.name) == ("table", table)]
            keys_on_sqlite.drop(connection, table, keys_on_sqlite.without(made, [key for key, _ in lost]))
    failed = []
    for one in found.hanging:
        if one.key not in gone:
            try:
                run(connection, one.sql)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
                    raise  # a full disk says nothing of what was to be created
                failed.append(Refusal(one.kind, one.name, str(error.orig)))
                gone.add(one.key)
    return [*failed, *_refusals(found, before, _compile(_objects(connection)), gone)]


def _objects(connection: sa.Connection) -> tuple[Object, ...]:
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master "
        "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    )
    return tuple(Object(*row) for row in rows)


@cache
def _new() -> tuple[Object, ...]:
    """Return the new schema."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            target.create(connection)
            return _objects(connection)
    finally:
        engine.dispose()


@cache
def _new_names() -> dict[tuple[bool, str], str]:
    """Return what the new schema calls so, by whether it is a trigger: tables, views and indexes share their names."""
    articles = {"table": "a table", "index": "an index", "trigger": "a trigger"}
    return {(one.kind == "trigger", one.name.lower()): articles[one.kind] for one in _new()}


def _superseded(found: Dependents, before: dict[Key, _Compiled], after: dict[Key, _Compiled]) -> set[Key]:
    """Return the triggers of old tables that do nothing but set updated_at of their table, as ours do."""
    return {
        trigger.key
        for trigger in found.triggers
        if trigger.key in after
        and {(sqlite3.SQLITE_UPDATE, trigger.table.lower(), "updated_at")}
        in (before[trigger.key].writes, after[trigger.key].writes)
        and not any(token.lower() == "raise" for token in token_texts(trigger.sql))
    }


def _refusals(
    found: Dependents, before: dict[Key, _Compiled], after: dict[Key, _Compiled], gone: Collection[Key]
) -> list[Refusal]:
    """Return what no longer works as it did; what was broken before may stay so."""
    refusals = []
    ours_to_make = {trigger.key for trigger in found.triggers}
    for key in sorted((before.keys() & after.keys()) - set(gone)):
        was, now = before[key], after[key]
        if was.error is None and now.error is None:
            lost = sorted(
                ".".join(column) for column in was.reads - now.reads if column[0] in found.tables and column[1]
            )
            reason = f"no such column: {', '.join(lost)}" if lost else None
        elif now.error is not None and key in ours_to_make:
            # Where it was broken before, the old table could not be written to. Ours shall be.
            reason = now.error if was.error is None else f"{now.error} ({_why(now.error)})"
        else:
            reason = now.error if was.error is None else None
        if reason is not None:
            refusals.append(Refusal(*key, reason))
    return refusals


def _why(error: str) -> str:
    return "only an application has it" if OF_APPLICATION.search(error) else "it has never worked"


def _compile(objects: Sequence[Object]) -> dict[Key, _Compiled]:
    """Compile all views and triggers of a schema, in a copy of it in memory."""
    found: dict[Key, _Compiled] = {}
    # Without indexes: one on a moving expression lets no write compile.
    with schema_copy.opened(one.sql for one in objects if one.kind == "table") as copy:
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


def _compiled_trigger(copy: sqlite3.Connection, trigger: Object) -> _Compiled:
    """Compile the statement that fires a trigger, while it is the only one."""
    event, columns = _event(trigger.sql)
    try:
        names = [row[1] for row in copy.execute(f"PRAGMA table_xinfo({quote(trigger.table)})") if row[6] == 0]
    except sqlite3.Error as error:  # it is of a view that does not compile
        return _Compiled(str(error))
    known = {name.lower() for name in names}
    for column in columns:
        if column.lower() not in known:  # SQLite would let it be, and never fire
            return _Compiled(f"no such column: {trigger.table}.{column}")
    table, column = quote(trigger.table), quote((columns or names or [""])[0])
    statement = {
        "INSERT": f"INSERT INTO {table} DEFAULT VALUES",
        "UPDATE": f"UPDATE {table} SET {column} = {column}",
        "DELETE": f"DELETE FROM {table}",
    }[event]
    try:
        copy.execute(trigger.sql)
    except sqlite3.Error as error:
        return _Compiled(str(error))
    try:
        return _compiled(copy, f"EXPLAIN {statement}", trigger.name)
    finally:
        copy.execute(f"DROP TRIGGER {quote(trigger.name)}")


def _compiled(copy: sqlite3.Connection, statement: str, trigger: str | None = None) -> _Compiled:
    """Compile a statement; of what it does, tell all or what ``trigger`` does."""
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
        return _Compiled(str(error))
    finally:
        copy.set_authorizer(None)
    return _Compiled(None, frozenset(reads), frozenset(writes))


def _event(sql: str) -> tuple[str, list[str]]:
    """Return what fires a trigger: INSERT, UPDATE or DELETE, and the columns of UPDATE OF."""
    rest = token_texts(sql)
    event = next(token.upper() for token in rest if token.upper() in ("INSERT", "UPDATE", "DELETE"))
    if next(rest).upper() != "OF":
        return event, []
    columns = takewhile(lambda token: token.upper() != "ON", rest)
    return event, [unquote(column) for column in columns if column != ","]
