"""Keep what a downgrade drops, and pour it back.

A table or columns that revision 036 drops with values in them go to ``cts_kept_036_<table>``. The matching upgrade pours
them back and removes that table. A row that can no longer go back, because the row it needs has been deleted meanwhile,
stays in the kept table: nothing is lost.

In an offline script nobody can look whether a table has rows, so it always keeps and always pours; there a row that can
no longer go back makes the script fail instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl.naming import shorten
from cts_schema.ddl.triggers import CreateUpdatedAtTrigger, DropUpdatedAtTrigger, has_updated_at_trigger


def kept_name(revision: str, table: str) -> str:
    """Return the name of the table that keeps what ``revision`` drops of ``table``."""
    return shorten(f"cts_kept_{revision}_{table}")


def keep_table(revision: str, name: str, key: Sequence[str]) -> None:
    """Copy all rows of table ``name`` into its kept table."""
    _keep(revision, name, f"SELECT * FROM {_quote(name)}", key)


def keep_columns(revision: str, name: str, columns: Sequence[str], key: Sequence[str]) -> None:
    """Copy the key and the given columns of table ``name`` into its kept table, where any of them has a value."""
    filled = " OR ".join(f"{_quote(column)} IS NOT NULL" for column in columns)
    names = ", ".join(map(_quote, [*key, *columns]))
    _keep(revision, name, f"SELECT {names} FROM {_quote(name)} WHERE {filled}", key)


def pour_table(revision: str, table: sa.Table) -> None:
    """Pour the kept rows of ``table`` back into it, each with the rows it refers to still there."""
    kept = kept_name(revision, table.name)
    columns = [column.name for column in table.columns]
    names = ", ".join(map(_quote, columns))
    if _offline():
        op.execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT {names} FROM {_quote(table.name)} WHERE false")
        op.execute(f"INSERT INTO {_quote(table.name)} ({names}) SELECT {names} FROM {_quote(kept)}")
        op.execute(f"DROP TABLE {_quote(kept)}")
    elif _exists(kept):
        whole = _refers_to_rows(table, "k")
        values = ", ".join(_value_or_null(table, column, kept) for column in columns)
        pourable = f"SELECT {names} FROM {_quote(kept)} k WHERE {whole}"
        op.execute(f"INSERT INTO {_quote(table.name)} ({names}) SELECT {values} FROM ({pourable}) k")
        op.execute(f"DELETE FROM {_quote(kept)} AS k WHERE {whole}")
        _drop_if_empty(kept)
    else:
        return
    _advance_identity(table)


def pour_columns(revision: str, new: sa.Table, key: Sequence[str]) -> None:
    """Pour the kept values of the columns of ``new`` back into the rows they were taken from."""
    kept = kept_name(revision, new.name)
    columns = [column.name for column in new.columns]
    table = _quote(new.name)
    if _offline():
        names = ", ".join(map(_quote, [*key, *columns]))
        op.execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT {names} FROM {table} WHERE false")
    elif not _exists(kept):
        return
    values = ", ".join(f"{_quote(column)} = {_value_or_null(new, column, kept)}" for column in columns)
    with _updated_at_untouched(new.name):
        op.execute(f"UPDATE {table} SET {values} FROM {_quote(kept)} AS k WHERE {_same_key(key, 'k', table)}")
    if _offline():
        op.execute(f"DROP TABLE {_quote(kept)}")
        return
    op.execute(
        f"DELETE FROM {_quote(kept)} AS k WHERE EXISTS (SELECT 1 FROM {table} t WHERE {_same_key(key, 't', 'k')})"
    )
    _drop_if_empty(kept)


def _keep(revision: str, name: str, rows: str, key: Sequence[str]) -> None:
    kept = kept_name(revision, name)
    if _offline():
        op.execute(f"CREATE TABLE IF NOT EXISTS {_quote(kept)} AS SELECT * FROM ({rows}) r WHERE false")
        op.execute(f"INSERT INTO {_quote(kept)} {rows}")
    elif not _scalar(f"SELECT EXISTS ({rows})"):
        return
    elif _exists(kept):
        # Left from an earlier downgrade for rows that could not go back; where there is such a row again, it is newer.
        same = _same_key(key, "t", _quote(kept))
        op.execute(f"DELETE FROM {_quote(kept)} WHERE EXISTS (SELECT 1 FROM {_quote(name)} t WHERE {same})")
        op.execute(f"INSERT INTO {_quote(kept)} {rows}")
    else:
        op.execute(f"CREATE TABLE {_quote(kept)} AS {rows}")


def _drop_if_empty(kept: str) -> None:
    if not _scalar(f"SELECT EXISTS (SELECT 1 FROM {_quote(kept)})"):
        op.execute(f"DROP TABLE {_quote(kept)}")


def _references(table: sa.Table) -> Iterator[tuple[sa.Column[Any], str, str, bool]]:
    """Yield (column, parent table, parent column, whether a lost parent sets it NULL) of each foreign key."""
    for column in table.columns:
        for foreign_key in column.foreign_keys:
            parent, _, parent_column = foreign_key.target_fullname.rpartition(".")
            yield column, parent, parent_column, foreign_key.ondelete == "SET NULL"


def _refers_to_rows(table: sa.Table, alias: str) -> str:
    """Return the condition that everything a row must refer to is still there."""
    conditions = ["1 = 1"]
    for column, parent, parent_column, nulled in _references(table):
        if not nulled:
            value = f"{alias}.{_quote(column.name)}"
            found = f"SELECT 1 FROM {_quote(parent)} q WHERE q.{_quote(parent_column)} = {value}"
            conditions.append(f"({value} IS NULL OR EXISTS ({found}))")
    return " AND ".join(conditions)


def _value_or_null(table: sa.Table, name: str, kept: str) -> str:
    """Return the kept value, or what ON DELETE SET NULL would have made of it had the table been there."""
    value = f"k.{_quote(name)}"
    for column, parent, parent_column, nulled in _references(table):
        if column.name == name and nulled and not _offline():
            if parent == table.name:  # the rows it may refer to are poured by the same statement
                found = f"{_quote(kept)} p WHERE {_refers_to_rows(table, 'p')} AND p.{_quote(parent_column)} = {value}"
            else:
                found = f"{_quote(parent)} p WHERE p.{_quote(parent_column)} = {value}"
            return f"CASE WHEN EXISTS (SELECT 1 FROM {found}) THEN {value} END"
    return value


def _same_key(key: Sequence[str], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{_quote(column)} = {other}.{_quote(column)}" for column in key)


def _advance_identity(table: sa.Table) -> None:
    """Let PostgreSQL's sequence go on after the poured ids; SQLite's AUTOINCREMENT does so by itself."""
    if op.get_context().dialect.name != "postgresql":
        return
    for column in table.columns:
        if column.identity is not None:
            name = _quote(column.name)
            sequence = f"pg_get_serial_sequence('{_quote(table.name)}', '{column.name}')"
            last = f"coalesce(max({name}), 1), max({name}) IS NOT NULL"
            op.execute(f"SELECT setval({sequence}, {last}) FROM {_quote(table.name)}")


@contextmanager
def _updated_at_untouched(table: str) -> Iterator[None]:
    """Pouring is no change that anybody made: keep the trigger from stamping it."""
    if _offline() or not has_updated_at_trigger(op.get_bind(), table):
        yield
        return
    op.execute(DropUpdatedAtTrigger(table))
    yield
    op.execute(CreateUpdatedAtTrigger(table))


def _offline() -> bool:
    return op.get_context().as_sql


def _exists(table: str) -> bool:
    return sa.inspect(op.get_bind()).has_table(table)


def _scalar(query: str) -> Any:
    return op.get_bind().exec_driver_sql(query).scalar()


def _quote(name: str) -> str:
    return op.get_context().dialect.identifier_preparer.quote(name)
