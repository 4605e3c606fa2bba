"""Dependents on SQLite: views, triggers and foreign keys, which bind by name and are compiled only when they are used.

They are compiled here beside the legacy tables and beside the new ones, and what they read is compared too: a column
that is gone and was written in double quotes compiles all the same, as the text of its name (sqlite.org/quirks.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.dependents import by_size
from cts_schema.adoption.dependents.sqlite.foreign_keys import Key, drop, lost
from cts_schema.adoption.dependents.sqlite.foreign_keys import without as without_keys
from cts_schema.adoption.dependents.sqlite.in_memory import Compiled, Known, Object, compiled, objects_of
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.sqlite import OF_APPLICATION
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.text import quote, run, token_texts

#: What a refusal calls the foreign keys of a table.
KEY = "foreign key"
Found = Mapping[Known, Compiled]


def read(connection: sa.Connection, tables: Sequence[str]) -> Dependents:
    """Return all that is in the file, and which tables of it are the legacy ones."""
    return Dependents(frozenset(table.lower() for table in tables), objects_of(connection))


@dataclass(frozen=True)
class Dependents:
    """All that is in a file.

    Attributes:
        tables: the legacy tables, in small letters.
        objects: all of it.
    """

    tables: frozenset[str]
    objects: tuple[Object, ...]

    @property
    def triggers(self) -> tuple[Object, ...]:
        """The triggers of the legacy tables."""
        return tuple(one for one in self.objects if one.kind == "trigger" and self.on_old_table(one))

    @property
    def compiled(self) -> tuple[Object, ...]:
        """All views and triggers, views first: a trigger may be of one."""
        found = [one for one in self.objects if one.kind in ("view", "trigger")]
        return tuple(sorted(found, key=lambda one: one.kind == "trigger"))

    @property
    def others(self) -> tuple[Object, ...]:
        """What stays when legacy tables and their indexes are gone, and the triggers that are put on the new ones."""
        return tuple(one for one in self.objects if one.kind == "trigger" or not self.on_old_table(one))

    @cached_property
    def lost_keys(self) -> dict[str, list[tuple[Key, str]]]:
        """The foreign keys of other tables that mean nothing beside the new tables, and why, by table."""
        definitions = [
            [(one.name, one.sql) for one in objects if one.kind in ("table", "index")]
            for objects in (self.objects, (*_new(), *self.others))
        ]
        tables = [one.name for one in self.others if one.kind == "table"]
        return lost(definitions[0], definitions[1], tables)

    def refused(self, connection: sa.Connection, old: Collection[LegacyTable] = ()) -> list[Refusal]:
        """Compile everything beside the new tables; return what does not, or whose name they take."""
        definitions = {one.key: one.sql for one in self.compiled}
        ordering = by_size.refused(definitions, by_size.numbers_to_text(old))
        left_out = {(one.kind, one.name) for one in ordering}
        # The indexes of preserved tables give way.
        staying = [
            one
            for one in self.others
            if one.key not in left_out and not (one.kind == "index" and one.table.startswith("cts_kept_"))
        ]
        before, after = compiled(self.objects), compiled((*_new(), *staying))
        gone = {*left_out, *self._superseded(before, after)}
        taken = [
            Refusal(one.kind, one.name, f"the new schema has {kind} of this name", True)
            for one in staying
            if one.key not in gone and (kind := _new_names().get((one.kind == "trigger", one.name.lower())))
        ]
        keys = [
            Refusal(KEY, f"of {table}", "; ".join(reason for _, reason in keys))
            for table, keys in self.lost_keys.items()
        ]
        broken = self._broken(before, after, {*gone, *((one.kind, one.name) for one in taken)})
        return [*ordering, *taken, *keys, *broken]

    def detach(self, connection: sa.Connection) -> None:
        """Drop all views and triggers of the file: nothing may fire while rows are moved.

        And DROP COLUMN, which the revisions use, fails over a view that does not compile, whatever legacy_alter_table
        says.
        """
        for one in self.compiled:
            run(connection, f"DROP {one.kind.upper()} IF EXISTS {quote(one.name)}")

    def attach(self, connection: sa.Connection, without: Collection[Refusal] = ()) -> list[Refusal]:
        """Create views and triggers again; then compile each of them."""
        left_out = {(refusal.kind, refusal.name) for refusal in without}
        before = compiled(self.objects)
        gone = {*left_out, *self._superseded(before, compiled((*_new(), *self.others)))}
        for table, keys in self.lost_keys.items():
            if (KEY, f"of {table}") in left_out:
                [made] = [one.sql for one in self.objects if one.key == ("table", table)]
                drop(connection, table, without_keys(made, [key for key, _ in keys]))
        failed = []
        for one in self.compiled:
            if one.key not in gone:
                try:
                    run(connection, one.sql)
                except sa.exc.DBAPIError as error:
                    if getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
                        raise  # a full disk says nothing of what was to be created
                    failed.append(Refusal(one.kind, one.name, str(error.orig)))
                    gone.add(one.key)
        return [*failed, *self._broken(before, compiled(objects_of(connection)), gone)]

    def definition_of(self, refusal: Refusal) -> str:
        """Return how something that is left out was made."""
        made = {one.key: one.sql for one in self.objects}
        for table, keys in self.lost_keys.items():
            made[KEY, f"of {table}"] = "; ".join(key.title for key, _ in keys)
        return made.get((refusal.kind, refusal.name), "")

    def on_old_table(self, one: Object) -> bool:
        """Whether something is, or is of, a legacy table."""
        return one.table.lower() in self.tables

    def _superseded(self, before: Found, after: Found) -> set[Known]:
        """Return the triggers of legacy tables that do nothing but set updated_at of their table, as ours do."""
        return {
            trigger.key
            for trigger in self.triggers
            if trigger.key in after
            and {(sqlite3.SQLITE_UPDATE, trigger.table.lower(), "updated_at")}
            in (before[trigger.key].writes, after[trigger.key].writes)
            and not any(token.lower() == "raise" for token in token_texts(trigger.sql))
        }

    def _broken(self, before: Found, after: Found, gone: Collection[Known]) -> list[Refusal]:
        """Return what no longer works as it did; what was broken before may stay so."""
        refusals = []
        ours_to_make = {trigger.key for trigger in self.triggers}
        for key in sorted((before.keys() & after.keys()) - set(gone)):
            was, now = before[key], after[key]
            if was.error is None and now.error is None:
                lost = sorted(
                    ".".join(column) for column in was.reads - now.reads if column[0] in self.tables and column[1]
                )
                reason = f"no such column: {', '.join(lost)}" if lost else None
            elif now.error is not None and key in ours_to_make:
                # Where it was broken before, the legacy table could not be written to. Ours shall be.
                reason = now.error if was.error is None else f"{now.error} ({_why(now.error)})"
            else:
                reason = now.error if was.error is None else None
            if reason is not None:
                refusals.append(Refusal(*key, reason))
        return refusals


@cache
def _new() -> tuple[Object, ...]:
    """Return the new schema."""
    with in_memory() as connection:
        target.create(connection)
        return objects_of(connection)


@cache
def _new_names() -> dict[tuple[bool, str], str]:
    """Return what the new schema calls so, by whether it is a trigger: tables, views and indexes share their names."""
    articles = {"table": "a table", "index": "an index", "trigger": "a trigger"}
    return {(one.kind == "trigger", one.name.lower()): articles[one.kind] for one in _new()}


def _why(error: str) -> str:
    return "only an application has it" if OF_APPLICATION.search(error) else "it has never worked"
