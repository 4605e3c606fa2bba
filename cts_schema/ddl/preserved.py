"""Preserves what a downgrade drops, and restores it.

A table is moved away as a whole (:mod:`cts_schema.ddl.moved`). Columns with values are copied to
``cts_kept_036_<table>``; the upgrade of revision 036 restores them and removes that table. A value leaves it only after
it was found in its place. What cannot be restored stays in it: the columns of a deleted row,
and a reference to a deleted row. The next downgrade renames such a table to ``cts_kept_036_<table>_2``.

An offline script cannot inspect the database, so it always preserves and always restores, but only what the
revision knows. For SQLite it copies tables, because sqlite3 refuses to change the text of one. A row that cannot
be restored makes PostgreSQL refuse the script; SQLite, which checks no foreign keys in a script, restores the row
without its parent.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex

from cts_schema.ddl import moved, moved_postgresql, moved_sqlite, preview, sql
from cts_schema.ddl.arrival import arrived, nothing_else, references, refers_to_rows, same_key, value_or_null
from cts_schema.ddl.comments import comment_as_made
from cts_schema.ddl.free_names import require_free
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.scripted_copy import copy_rows, drop_arrived
from cts_schema.ddl.silence import quiet
from cts_schema.ddl.tables import columns_of, indexes_of, written_columns
from cts_schema.ddl.text import literal, names, quote


def preserved_name(revision: str, table: str) -> str:
    """Return the name of the table that preserves what ``revision`` drops of ``table``."""
    return shorten(f"cts_kept_{revision}_{table}")


def preserve_table(
    revision: str, name: str, key: Sequence[str], own: str | None, *, written_again: bool = True
) -> None:
    """Move table ``name`` away, or drop it if nothing would be lost.

    Args:
        revision: the revision of this downgrade.
        name: the table's name.
        key: its primary key, if ids must not be reused.
        own: the condition of rows that the package itself wrote.
        written_again: whether the next upgrade writes them again, so that they need not be preserved.
    """
    if preview.note(revision, name, own=own):
        return
    if sql.empty():
        op.drop_table(name)
        return
    preserved = preserved_name(revision, name)
    if sql.offline() and not sql.on_postgresql():
        copy_rows(preserved, f"SELECT * FROM {quote(name)}")
        op.drop_table(name)
        return
    if not sql.offline():
        _lock(name)
        if moved.is_needless(revision, name, key, own if written_again else None):
            moved.rename_existing(preserved)
            op.drop_table(name)
            return
    moved.move_away(name, preserved)


def restore_table(revision: str, table: sa.Table, *, private: bool = False, again: bool = False) -> None:
    """Create ``table``, or restore the one that a downgrade moved away.

    Args:
        revision: the id of the calling revision.
        table: the table of the revision.
        private: whether only the owner may read it.
        again: whether a script is for a database in which an earlier one may have created it.
    """
    if preview.note_table(table):
        return
    if sql.empty():
        _create(table, private=private)
        return
    preserved = preserved_name(revision, table.name)
    scripted = sql.offline()
    if scripted and sql.on_postgresql():
        moved.move_back(table, preserved, again=again)
        op.execute(CreateTable(table, if_not_exists=True))
        for index in indexes_of(table):
            op.execute(CreateIndex(index, if_not_exists=True))
        comment_as_made(table)
        return
    own: Sequence[tuple[str, str]] = ()
    if not scripted:
        require_free(table.name)
    there = not scripted and sql.exists(preserved)
    if there:
        stripped = moved.move_back(table, preserved)
        if stripped is None:
            return
        own = stripped
    _create(table, private=private, anew=scripted)
    if scripted or there:
        restore_rows(table, preserved)
    _create_absent(table.name, own)


def _create_absent(table: str, own: Sequence[tuple[str, str]]) -> None:
    """Create the indexes and triggers of others on a table, as far as the revision has not created them."""
    made = {name for name, _ in moved_sqlite.definitions(table)} if own else set()
    for name, definition in own:
        if name not in made:
            sql.execute(definition)


def _create(table: sa.Table, *, private: bool, anew: bool = False) -> None:
    op.execute(CreateTable(table))
    if private and sql.on_postgresql():
        moved_postgresql.close(table.name)
    for index in indexes_of(table):
        if anew:  # a run has moved the table away, with its indexes
            op.execute(DropIndex(index, if_exists=True))
        op.execute(CreateIndex(index))
    comment_as_made(table)


def preserve_columns(revision: str, name: str, columns: Sequence[str], key: Sequence[str]) -> None:
    """Copy the key and the given columns of table ``name`` to its preserved table, unless all are NULL."""
    if preview.note(revision, name, columns) or sql.empty():
        return
    preserved = preserved_name(revision, name)
    defaults = False
    if not sql.offline():
        present = {one["name"]: one for one in sa.inspect(op.get_bind()).get_columns(name)}
        columns = [column for column in columns if "computed" not in present[column]]
        if not columns:
            moved.rename_existing(preserved)
            return
        defaults = any(present[column]["default"] is not None and present[column]["nullable"] for column in columns)
    # Where a column comes back with a default, NULL is a value, too.
    kept = "1 = 1" if defaults else " OR ".join(f"{quote(column)} IS NOT NULL" for column in columns)
    rows = f"SELECT {names([*key, *columns])} FROM {quote(name)} WHERE {kept}"
    _lock(name)
    if sql.offline():
        copy_rows(preserved, rows)
        return
    moved.rename_existing(preserved)
    if sql.scalar(f"SELECT EXISTS ({rows})"):
        moved.preserve(preserved, rows)


def restore_columns(revision: str, new: sa.Table, key: Sequence[str]) -> None:
    """Restore the preserved values of the columns of ``new`` to their rows."""
    if sql.empty():
        return
    preserved = preserved_name(revision, new.name)
    columns = written_columns(new)
    if sql.offline():
        rows = f"SELECT {names([*key, *columns])} FROM {quote(new.name)} WHERE false"
        sql.execute(f"CREATE TABLE IF NOT EXISTS {quote(preserved)} AS {rows}")
        _update_values(new, columns, key, preserved, "1 = 1")
        drop_arrived(new, columns, key, preserved)
    elif sql.exists(preserved):
        restore_values(new, key, preserved)


def restore_values(new: sa.Table, key: Sequence[str], preserved: str) -> None:
    """Restore the values of the columns of ``new`` from ``preserved``, and drop it if all have arrived."""
    present = _columns(preserved)
    whole = refers_to_rows(new, "k")
    known = [column for column in written_columns(new) if column in present]
    _update_values(new, known, key, preserved, whole)
    restored = f"{arrived(new, known, key)} AND {whole}"
    restored += f" AND {refers_to_rows(new, 'k', nulled=True)}"
    restored += nothing_else(present, [*key, *(column.name for column in columns_of(new))])
    sql.execute(f"DELETE FROM {quote(preserved)} AS k WHERE {restored}")
    _drop_if_empty(preserved)


def restore_rows(table: sa.Table, preserved: str) -> None:
    """Restore preserved rows whose parents exist to ``table``, which was just created."""
    columns = written_columns(table)
    key = [column.name for column in table.primary_key]
    if sql.offline():
        rows = f"SELECT {names(columns)} FROM {quote(table.name)}"
        sql.execute(f"CREATE TABLE IF NOT EXISTS {quote(preserved)} AS {rows}")
        _insert_rows(table, columns, key, preserved, "1 = 1")
        drop_arrived(table, columns, key, preserved)
        return
    last = None
    if len(key) == 1:
        last = moved_postgresql.last_id(preserved, key[0]) if sql.on_postgresql() else moved_sqlite.last_id(preserved)
    present = _columns(preserved)
    known = [column for column in columns if column in present]
    there = f"EXISTS (SELECT 1 FROM {quote(table.name)} t WHERE {same_key(key, 't', 'k')})"
    restorable = f"{refers_to_rows(table, 'k')} AND NOT {there}"
    # Repeat, because a row may refer to another row of its own table.
    while sql.scalar(f"SELECT EXISTS (SELECT 1 FROM {quote(preserved)} k WHERE {restorable})"):
        _insert_rows(table, known, key, preserved, restorable)
    whole = f"{arrived(table, known, key)} AND {refers_to_rows(table, 'k', nulled=True)}"
    rest = nothing_else(present, table.columns.keys())
    sql.execute(f"DELETE FROM {quote(preserved)} AS k WHERE {whole}{rest}")
    _continue_counter(table, preserved, last)
    _drop_if_empty(preserved)


def _lock(table: str) -> None:
    if sql.on_postgresql():
        moved_postgresql.lock(table)


def _drop_if_empty(preserved: str) -> None:
    if not sql.scalar(f"SELECT EXISTS (SELECT 1 FROM {quote(preserved)})"):
        sql.execute(f"DROP TABLE {quote(preserved)}")


def _insert_rows(table: sa.Table, columns: Sequence[str], key: Sequence[str], preserved: str, condition: str) -> None:
    values = {column: value_or_null(table, column) for column in columns}
    # A row may refer to one that is restored later, so set nullable references within the table afterwards.
    later = [column.name for column, parent, _, nulled in references(table) if parent == table.name and nulled]
    selected = ", ".join("NULL" if column in later else value for column, value in values.items())
    name = quote(table.name)
    sql.execute(f"INSERT INTO {name} ({names(columns)}) SELECT {selected} FROM {quote(preserved)} k WHERE {condition}")
    if later:
        assigned = ", ".join(f"{quote(column)} = {values[column]}" for column in later)
        filled = " OR ".join(f"k.{quote(column)} IS NOT NULL" for column in later)
        sql.execute(
            f"UPDATE {name} SET {assigned} FROM {quote(preserved)} AS k WHERE {same_key(key, 'k', name)} AND ({filled})"
        )
    _check_now(table)


def _check_now(table: sa.Table) -> None:
    """Check what a transaction may check at its end: until then PostgreSQL alters no table with such rows."""
    if sql.on_postgresql() and any(getattr(one, "deferrable", None) for one in table.constraints):
        sql.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _update_values(new: sa.Table, columns: Sequence[str], key: Sequence[str], preserved: str, condition: str) -> None:
    values = ", ".join(f"{quote(column)} = {value_or_null(new, column)}" for column in columns)
    table = quote(new.name)
    if not columns:
        return
    with quiet(new.name):
        same = same_key(key, "k", table)
        sql.execute(f"UPDATE {table} SET {values} FROM {quote(preserved)} AS k WHERE {same} AND {condition}")
        _check_now(new)


def _columns(preserved: str) -> list[str]:
    return [column["name"] for column in sa.inspect(op.get_bind()).get_columns(preserved)]


def _continue_counter(table: sa.Table, preserved: str, last: int | None) -> None:
    """Continue the ids after every id that was ever generated: restored, still preserved or deleted."""
    for column in table.columns:
        if column.identity is None:
            continue
        id_column = quote(column.name)
        given = [f"SELECT max({id_column}) AS n FROM {quote(name)}" for name in (table.name, preserved)]
        ids = " UNION ALL ".join([*given, f"SELECT {last or 0}"])
        name, newest = literal(table.name), f"(SELECT max(n) AS n FROM ({ids}) ids) last"
        if sql.on_postgresql():
            moved_postgresql.count_on(table.name, column.name, newest)
            continue
        sql.execute(f"DELETE FROM sqlite_sequence WHERE name = {name}")
        sql.execute(f"INSERT INTO sqlite_sequence (name, seq) SELECT {name}, n FROM {newest} WHERE n > 0")
