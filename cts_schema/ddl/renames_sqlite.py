"""Renames a table or a column of SQLite, where everything follows it but names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

from cts_schema.ddl import moved_sqlite, sql
from cts_schema.ddl.foreign_keys import sqlite_foreign_keys
from cts_schema.ddl.naming import renamed_check, shorten
from cts_schema.ddl.rewriting import rewrite, writable
from cts_schema.ddl.text import create_table_of, literal, quote, tokens, unquote
from cts_schema.ddl.triggers import CreateUpdatedAtTrigger, DropUpdatedAtTrigger, has_updated_at_trigger
from cts_schema.exceptions import StillNeeded

_LEFT = re.compile(r"error in ((?:view|trigger) .+) after rename")
_PRESERVED = re.compile(r"cts_kept_\d{3}_")


@dataclass(frozen=True)
class _Names:
    """The names of a table so far and now, and the columns so far by their new names."""

    before: str
    after: str
    columns: Mapping[str, str] = field(default_factory=dict)

    def of(self, prefix: str, columns: list[str]) -> tuple[str, str]:
        """Return the name of a constraint or an index so far, and the new one."""
        before = [self.columns.get(column, column) for column in columns]
        return shorten("_".join([prefix, self.before, *before])), shorten("_".join([prefix, self.after, *columns]))


def rename_table(old: str, new: str) -> None:
    """Rename a table, and what is named after it."""
    with _trigger_anew(old, new):
        for before, after in _steps(old, new):
            _alter(f"ALTER TABLE {quote(before)} RENAME TO {quote(after)}")
    columns = [name for (name,) in sql.rows(f"SELECT name FROM pragma_table_xinfo({literal(new)})")]
    checks = {name: renamed_check(name, columns, old, new) for name in _constraints(new)}
    _rename_parts(new, _Names(old, new), checks)
    for table in sa.inspect(op.get_bind()).get_table_names():
        if found := _PRESERVED.match(table):
            _rename_preserved(table, shorten(f"{found[0]}{old}"), shorten(f"{found[0]}{new}"))


def rename_column(table: str, old: str, new: str, check: str | None) -> None:
    """Rename a column, and what is named after it.

    Args:
        table: the table's name.
        old: the column's name so far.
        new: its new name.
        check: what follows the name of the column in that of the CHECK of its type, None if that has none.
    """
    with _trigger_anew(table, table):  # SQLite would write a renamed key in place of the word rowid
        _alter(f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}")
    before, after = (shorten(f"ck_{table}_{column}{check}") for column in (old, new))
    _rename_parts(table, _Names(table, table, {new: old}), {} if check is None else {before: after})


@contextmanager
def _trigger_anew(before: str, after: str) -> Iterator[None]:
    """Create the updated_at trigger of a table, if it has one, again after a rename."""
    stamped = has_updated_at_trigger(op.get_bind(), before)
    if stamped:
        op.execute(DropUpdatedAtTrigger(before))
    yield
    if stamped:
        op.execute(CreateUpdatedAtTrigger(after))


def _alter(statement: str) -> None:
    """Rename, although a view elsewhere in the file is broken, which SQLite refuses by itself.

    Raises:
        StillNeeded: a view or a trigger of the user cannot follow; names it.
    """
    with moved_sqlite.renaming(alone=False):
        try:
            sql.execute(statement)
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
                raise
            if left := _LEFT.search(str(error.orig)):
                raise StillNeeded(
                    cause="an unmanaged object cannot follow a rename; nothing was done", needed_by=left[1]
                ) from error
            with writable(op.get_bind()):
                sql.execute(statement)


def _rename_parts(table: str, names: _Names, checks: Mapping[str, str]) -> None:
    """Rename the constraints and indexes of a table that has its new name, and its columns theirs."""
    changed = {**checks, **dict(_keys(table, names))}
    before = create_table_of(op.get_bind(), table)
    after, end, word = "", 0, ""
    for token in tokens(before):
        name = changed.get(unquote(token[0])) if word == "CONSTRAINT" else None
        if name is not None:
            after += before[end : token.start()] + _quoted(name)
            end = token.end()
        word = token[0].upper()
    after += before[end:]
    if after != before:
        rewrite(op.get_bind(), table, after)
    for name, definition in _indexes(table, names):
        sql.execute(f"DROP INDEX {quote(name)}")
        sql.execute(definition)


def _keys(table: str, names: _Names) -> Iterator[tuple[str, str]]:
    """Yield the name so far and the new one of the keys of a table by the convention."""
    yield names.of("pk", [])
    for key in sqlite_foreign_keys(op.get_bind(), table):
        yield names.of("fk", list(key.columns))
    for (index,) in sql.rows(f"SELECT name FROM pragma_index_list({literal(table)}) WHERE origin = 'u'"):
        yield names.of("uq", _columns_of(index))


def _indexes(table: str, names: _Names) -> list[tuple[str, str]]:
    """Return name and new definition of the indexes that are named by the convention."""
    found = []
    for name, definition in moved_sqlite.definitions(table):
        parts = list(tokens(definition))
        if not any(part[0].upper() == "INDEX" for part in parts[1:3]):
            continue
        for form in ("", ' AND "desc" = 0'):
            before, after = names.of("ix", _columns_of(name, form))
            if name == before != after:
                place = next(part for part in parts if unquote(part[0]) == name)
                found.append((name, definition[: place.start()] + _quoted(after) + definition[place.end() :]))
                break
    return found


def _columns_of(index: str, form: str = "") -> list[str]:
    return [
        name
        for (name,) in sql.rows(
            f"SELECT name FROM pragma_index_xinfo({literal(index)}) WHERE key = 1 AND cid >= 0{form} ORDER BY seqno"
        )
    ]


def _constraints(table: str) -> list[str]:
    """Return the names of the constraints of a table."""
    words = [token[0] for token in tokens(create_table_of(op.get_bind(), table))]
    return [unquote(name) for word, name in pairwise(words) if word.upper() == "CONSTRAINT"]


def _rename_preserved(table: str, before: str, after: str) -> None:
    for number in ("", *(f"_{number}" for number in range(2, 100))):
        if table == shorten(f"{before}{number}"):
            for one, other in _steps(table, shorten(f"{after}{number}")):
                moved_sqlite.rename(one, other)
            return


def _steps(old: str, new: str) -> list[tuple[str, str]]:
    """Return the renames of a table: SQLite takes another case of its name only by way of another name."""
    between = f"cts_renamed {new}"
    return [(old, between), (between, new)] if old.lower() == new.lower() else [(old, new)]


def _quoted(name: str) -> str:
    return op.get_context().dialect.identifier_preparer.quote(name)
