"""Keep what a downgrade drops, and pour it back.

A table or columns that revision 036 drops with values in them go to ``cts_kept_036_<table>``. The matching upgrade
pours them back and removes that table. What can no longer go back stays in it, so that nothing is lost: a row whose
parent has been deleted meanwhile, the columns of a row that has been deleted, and values of columns that no revision
knows. The next downgrade puts such a table aside, as ``cts_kept_036_<table>_2``, and begins a new one.

The last id of an append-only table is kept too, so that no id is given twice.

In an offline script nobody can look whether a table has rows, so it always keeps and always pours, only what the
revision knows. There a row that can no longer go back makes PostgreSQL refuse the script; SQLite, which checks no
foreign keys in a script, takes the row back without its parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl import foretold
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.triggers import CreateUpdatedAtTrigger, DropUpdatedAtTrigger, has_updated_at_trigger


def kept_name(revision: str, table: str) -> str:
    """Return the name of the table that keeps what ``revision`` drops of ``table``."""
    return shorten(f"cts_kept_{revision}_{table}")


def keep_table(revision: str, name: str, key: Sequence[str]) -> None:
    """Copy all rows of table ``name`` into its kept table."""
    if foretold.note(revision, name):
        return
    _lock(name)
    _keep(revision, name, f"SELECT * FROM {_quote(name)}")
    if len(key) == 1 and not _offline():
        _keep_last_id(revision, name, key[0])


def keep_columns(revision: str, name: str, columns: Sequence[str], key: Sequence[str]) -> None:
    """Copy the key and the given columns of table ``name`` into its kept table, where any of them has a value."""
    if foretold.note(revision, name, columns):
        return
    _lock(name)
    filled = " OR ".join(f"{_quote(column)} IS NOT NULL" for column in columns)
    names = _names([*key, *columns])
    _keep(revision, name, f"SELECT {names} FROM {_quote(name)} WHERE {filled}")


def pour_table(revision: str, table: sa.Table) -> None:
    """Pour the kept rows into ``table``, which has just been created, each with the rows it refers to still there."""
    kept = kept_name(revision, table.name)
    columns = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key]
    if _offline():
        _execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT {_names(columns)} FROM {_quote(table.name)}")
        _pour_rows(table, columns, key, kept, "1 = 1")
        _execute(f"DROP TABLE {_quote(kept)}")
    elif _exists(kept):
        present = _columns(kept)
        poured = f"EXISTS (SELECT 1 FROM {_quote(table.name)} t WHERE {_same_key(key, 't', 'k')})"
        pourable = f"{_refers_to_rows(table, 'k')} AND NOT {poured}"
        # More than one round where a row must refer to another row of its own table.
        while _scalar(f"SELECT EXISTS (SELECT 1 FROM {_quote(kept)} k WHERE {pourable})"):
            _pour_rows(table, [column for column in columns if column in present], key, kept, pourable)
        whole = f"{poured} AND {_refers_to_rows(table, 'k', nulled=True)}{_nothing_else(present, columns)}"
        _execute(f"DELETE FROM {_quote(kept)} AS k WHERE {whole}")
        _drop_if_empty(kept)
    _go_on_counting(revision, table)


def pour_columns(revision: str, new: sa.Table, key: Sequence[str]) -> None:
    """Pour the kept values of the columns of ``new`` back into the rows they were taken from."""
    kept = kept_name(revision, new.name)
    columns = [column.name for column in new.columns]
    table = _quote(new.name)
    if _offline():
        names = _names([*key, *columns])
        _execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT {names} FROM {table} WHERE false")
        _pour_values(new, columns, key, kept, "1 = 1")
        _execute(f"DROP TABLE {_quote(kept)}")
    elif _exists(kept):
        present = _columns(kept)
        whole = _refers_to_rows(new, "k")
        _pour_values(new, [column for column in columns if column in present], key, kept, whole)
        poured = f"EXISTS (SELECT 1 FROM {table} t WHERE {_same_key(key, 't', 'k')}) AND {whole}"
        poured += f" AND {_refers_to_rows(new, 'k', nulled=True)}{_nothing_else(present, [*key, *columns])}"
        _execute(f"DELETE FROM {_quote(kept)} AS k WHERE {poured}")
        _drop_if_empty(kept)


@contextmanager
def updated_at_untouched(table: str) -> Iterator[None]:
    """Keep the trigger of ``table`` from stamping what is no change that anybody made."""
    if _offline() or not has_updated_at_trigger(op.get_bind(), table):
        yield
        return
    op.execute(DropUpdatedAtTrigger(table))
    yield
    op.execute(CreateUpdatedAtTrigger(table))


def _lock(table: str) -> None:
    """Let nobody write between the copy and the drop: what was committed there would be lost."""
    if _on_postgresql():
        _execute(f"LOCK TABLE {_quote(table)} IN ACCESS EXCLUSIVE MODE")


def _keep(revision: str, name: str, rows: str) -> None:
    kept = kept_name(revision, name)
    if _offline():
        _execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT * FROM ({rows}) r WHERE false")
        _execute(f"INSERT INTO {_quote(kept)} {rows}")
        return
    if _exists(kept):
        _put_aside(kept)
    if _scalar(f"SELECT EXISTS ({rows})"):
        _execute(f"CREATE TABLE {_quote(kept)} AS {rows}")


def _put_aside(kept: str) -> None:
    # Copied and not renamed: on SQLite a rename fails over any broken view in the file.
    number = 2
    while _exists(aside := shorten(f"{kept}_{number}")):
        number += 1
    _execute(f"CREATE TABLE {_quote(aside)} AS SELECT * FROM {_quote(kept)}")
    _execute(f"DROP TABLE {_quote(kept)}")


def _drop_if_empty(kept: str) -> None:
    if not _scalar(f"SELECT EXISTS (SELECT 1 FROM {_quote(kept)})"):
        _execute(f"DROP TABLE {_quote(kept)}")


def _pour_rows(table: sa.Table, columns: Sequence[str], key: Sequence[str], kept: str, condition: str) -> None:
    values = {column: _value_or_null(table, column) for column in columns}
    # A row may refer to one that is poured after it, so references within the table that may be NULL come second.
    later = [column.name for column, parent, _, nulled in _references(table) if parent == table.name and nulled]
    selected = ", ".join("NULL" if column in later else value for column, value in values.items())
    name = _quote(table.name)
    _execute(f"INSERT INTO {name} ({_names(columns)}) SELECT {selected} FROM {_quote(kept)} k WHERE {condition}")
    if later:
        assigned = ", ".join(f"{_quote(column)} = {values[column]}" for column in later)
        filled = " OR ".join(f"k.{_quote(column)} IS NOT NULL" for column in later)
        _execute(
            f"UPDATE {name} SET {assigned} FROM {_quote(kept)} AS k WHERE {_same_key(key, 'k', name)} AND ({filled})"
        )


def _pour_values(new: sa.Table, columns: Sequence[str], key: Sequence[str], kept: str, condition: str) -> None:
    values = ", ".join(f"{_quote(column)} = {_value_or_null(new, column)}" for column in columns)
    table = _quote(new.name)
    if not columns:
        return
    with updated_at_untouched(new.name):
        same = _same_key(key, "k", table)
        _execute(f"UPDATE {table} SET {values} FROM {_quote(kept)} AS k WHERE {same} AND {condition}")


def _columns(kept: str) -> list[str]:
    return [column["name"] for column in sa.inspect(op.get_bind()).get_columns(kept)]


def _nothing_else(present: Sequence[str], poured: Sequence[str]) -> str:
    """Return the condition that a kept row has no value besides those that are poured."""
    return "".join(f" AND k.{_quote(column)} IS NULL" for column in present if column not in poured)


def _references(table: sa.Table) -> Iterator[tuple[sa.Column[Any], str, str, bool]]:
    """Yield (column, parent table, parent column, whether a lost parent sets it NULL) of each foreign key."""
    for column in table.columns:
        for foreign_key in column.foreign_keys:
            parent, _, parent_column = foreign_key.target_fullname.rpartition(".")
            yield column, parent, parent_column, foreign_key.ondelete == "SET NULL"


def _refers_to_rows(table: sa.Table, alias: str, *, nulled: bool = False) -> str:
    """Return the condition that what a row refers to is there.

    Args:
        table: the table, with its foreign keys.
        alias: what the row is called in the query.
        nulled: ask of the references that become NULL without their row, and not of those that a row must have.
    """
    conditions = ["1 = 1"]
    for column, parent, parent_column, becomes_null in _references(table):
        if becomes_null is nulled:
            value = f"{alias}.{_quote(column.name)}"
            found = f"SELECT 1 FROM {_quote(parent)} q WHERE q.{_quote(parent_column)} = {value}"
            conditions.append(f"({value} IS NULL OR EXISTS ({found}))")
    return " AND ".join(conditions)


def _value_or_null(table: sa.Table, name: str) -> str:
    """Return the kept value, or what ON DELETE SET NULL would have made of it had the table been there."""
    value = f"k.{_quote(name)}"
    for column, parent, parent_column, nulled in _references(table):
        if column.name == name and nulled:
            found = f"SELECT 1 FROM {_quote(parent)} p WHERE p.{_quote(parent_column)} = {value}"
            return f"CASE WHEN EXISTS ({found}) THEN {value} END"
    return value


def _same_key(key: Sequence[str], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{_quote(column)} = {other}.{_quote(column)}" for column in key)


def _keep_last_id(revision: str, name: str, key: str) -> None:
    """Keep the last id that was given, where the rows do not tell it: the newest have been deleted."""
    if _on_postgresql():
        last = _scalar(f"SELECT pg_sequence_last_value(CAST({_sequence(name, key)} AS regclass))")
    elif _scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')"):
        last = _scalar(f"SELECT max(seq) FROM sqlite_sequence WHERE name = {_literal(name)}")
    else:
        last = None
    if last is not None and last > (_scalar(f"SELECT max({_quote(key)}) FROM {_quote(name)}") or 0):
        counter = _quote(_counter(revision, name))
        _execute(f"DROP TABLE IF EXISTS {counter}")
        _execute(f"CREATE TABLE {counter} AS SELECT {last} AS last_id")


def _go_on_counting(revision: str, table: sa.Table) -> None:
    """Let the next id come after every id that was ever given: those poured, those left over, those deleted."""
    for column in table.columns:
        if column.identity is None:
            continue
        counter = _counter(revision, table.name)
        given = [(table.name, column.name)]
        if not _offline():
            others = [(kept_name(revision, table.name), column.name), (counter, "last_id")]
            given += [(name, id_column) for name, id_column in others if _exists(name)]
        ids = " UNION ALL ".join(
            f"SELECT max({_quote(id_column)}) AS n FROM {_quote(name)}" for name, id_column in given
        )
        last = f"(SELECT max(n) AS n FROM ({ids}) ids) last WHERE n > 0"
        if _on_postgresql():
            _execute(f"SELECT setval({_sequence(table.name, column.name)}, n) FROM {last}")
        elif len(given) > 1:  # else AUTOINCREMENT has seen every id
            _execute(f"DELETE FROM sqlite_sequence WHERE name = {_literal(table.name)}")
            _execute(f"INSERT INTO sqlite_sequence (name, seq) SELECT {_literal(table.name)}, n FROM {last}")
        if (counter, "last_id") in given:
            _execute(f"DROP TABLE {_quote(counter)}")


def _counter(revision: str, name: str) -> str:
    return kept_name(revision, f"{name}_last_id")


def _sequence(table: str, column: str) -> str:
    return f"pg_get_serial_sequence({_literal(_quote(table))}, {_literal(column)})"


def _offline() -> bool:
    return op.get_context().as_sql


def _on_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _exists(table: str) -> bool:
    return sa.inspect(op.get_bind()).has_table(table)


def _execute(statement: str) -> None:
    op.execute(_text(statement))


def _scalar(query: str) -> Any:
    return op.get_bind().execute(_text(query)).scalar()


def _text(statement: str) -> sa.TextClause:
    return sa.text(statement.replace(":", r"\:"))


def _names(columns: Sequence[str]) -> str:
    return ", ".join(map(_quote, columns))


def _quote(name: str) -> str:
    if "%" in name:  # the preparer would double it, and text() once more
        return '"' + name.replace('"', '""') + '"'
    return op.get_context().dialect.identifier_preparer.quote(name)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
